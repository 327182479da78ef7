//! ALTER and DROP statements.

use super::{
    ColumnDefinition, Distribution, FunctionLanguage, Identifier, IntervalLiteral, ObjectKind, ObjectName, Query,
    RefreshMode, StartMode, TableConstraint, TableOption, WatermarkDefinition,
};
use crate::Span;

/// `DROP [TEMPORARY [SYSTEM]] kind [IF EXISTS] name [RESTRICT|CASCADE]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Drop {
    pub kind: ObjectKind,
    pub temporary: bool,
    pub system: bool,
    pub if_exists: bool,
    pub name: ObjectName,
    pub behavior: Option<DropBehavior>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropBehavior {
    Restrict,
    Cascade,
}

/// `ALTER TABLE [IF EXISTS] name action`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterTable {
    pub if_exists: bool,
    pub name: ObjectName,
    pub action: AlterTableAction,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AlterTableAction {
    /// `RENAME TO name`
    Rename(ObjectName),
    /// `RENAME column TO name`
    RenameColumn {
        column: ObjectName,
        name: Identifier,
    },
    /// `SET ('k' = 'v', ..)`
    SetOptions(Vec<TableOption>),
    /// `RESET ('k', ..)`
    ResetOptions(Vec<String>),
    /// `ADD (..)`
    Add(AlterSchema),
    /// `MODIFY (..)`
    Modify(AlterSchema),
    /// `DROP (a, b)`
    DropColumns(Vec<ObjectName>),
    DropPrimaryKey,
    DropConstraint(Identifier),
    DropWatermark,
    AddDistribution(Distribution),
    ModifyDistribution(Distribution),
    DropDistribution,
    /// `ADD [IF NOT EXISTS] PARTITION (..) [WITH (..)] ..`
    AddPartitions {
        if_not_exists: bool,
        partitions: Vec<NewPartition>,
    },
    /// `DROP [IF EXISTS] PARTITION (..), ..`
    DropPartitions {
        if_exists: bool,
        partitions: Vec<Vec<PartitionEntry>>,
    },
}

/// What ADD and MODIFY give: columns with positions, watermarks, constraints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AlterSchema {
    pub columns: Vec<PositionedColumn>,
    pub watermarks: Vec<WatermarkDefinition>,
    pub constraints: Vec<TableConstraint>,
    pub span: Span,
}

/// A column definition with the place it shall have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PositionedColumn {
    pub column: ColumnDefinition,
    pub position: Option<ColumnPosition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ColumnPosition {
    First,
    After(ObjectName),
}

/// `PARTITION (p = 'v') [WITH (..)]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NewPartition {
    pub entries: Vec<PartitionEntry>,
    pub options: Vec<TableOption>,
}

/// `column [= value]` in a PARTITION clause
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionEntry {
    pub column: Identifier,
    /// A literal
    pub value: Option<super::Expression>,
}

/// `ALTER VIEW name action`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterView {
    pub name: ObjectName,
    pub action: AlterViewAction,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AlterViewAction {
    Rename(ObjectName),
    Query(Box<Query>),
}

/// `ALTER DATABASE name SET (..)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterDatabase {
    pub name: ObjectName,
    pub options: Vec<TableOption>,
}

/// `ALTER CATALOG name action`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterCatalog {
    pub name: ObjectName,
    pub action: AlterCatalogAction,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AlterCatalogAction {
    SetOptions(Vec<TableOption>),
    ResetOptions(Vec<String>),
    Comment(String),
}

/// `ALTER [TEMPORARY [SYSTEM]] FUNCTION [IF EXISTS] name AS 'class' [LANGUAGE ..]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterFunction {
    pub temporary: bool,
    pub system: bool,
    pub if_exists: bool,
    pub name: ObjectName,
    pub class: String,
    pub language: Option<FunctionLanguage>,
}

/// `ALTER MODEL|CONNECTION [IF EXISTS] name action`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterObject {
    /// Model or connection
    pub kind: ObjectKind,
    pub if_exists: bool,
    pub name: ObjectName,
    pub action: AlterObjectAction,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AlterObjectAction {
    Rename(ObjectName),
    SetOptions(Vec<TableOption>),
    ResetOptions(Vec<String>),
}

/// `ALTER MATERIALIZED TABLE name action`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterMaterializedTable {
    pub name: ObjectName,
    pub action: AlterMaterializedTableAction,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AlterMaterializedTableAction {
    Suspend,
    /// `RESUME [WITH (..)]`
    Resume(Vec<TableOption>),
    /// `REFRESH [PARTITION (..)]`
    Refresh(Vec<PartitionEntry>),
    SetFreshness(IntervalLiteral),
    SetRefreshMode(RefreshMode),
    /// Any other action that tables have too
    Table(AlterTableAction),
    /// `AS query [START_MODE = ..]`
    Query {
        start_mode: Option<StartMode>,
        query: Box<Query>,
    },
}
