//! CREATE statements and the parts of definitions which ALTER shares with them.

use super::{DataType, Expression, Identifier, IntervalLiteral, ObjectName, Query};
use crate::Span;

/// `CREATE [OR REPLACE] [TEMPORARY] TABLE ..`, also `REPLACE TABLE ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateTable {
    pub mode: CreateMode,
    pub temporary: bool,
    pub if_not_exists: bool,
    pub name: ObjectName,
    pub schema: TableSchema,
    pub comment: Option<String>,
    pub distribution: Option<Distribution>,
    pub partitioned_by: Vec<Identifier>,
    pub options: Vec<TableOption>,
    pub source: TableSource,
}

/// Whether an existing object is an error or is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreateMode {
    /// `CREATE`
    Create,
    /// `CREATE OR REPLACE`
    CreateOrReplace,
    /// `REPLACE`: the object must exist
    Replace,
    /// `CREATE OR ALTER` (materialized tables)
    CreateOrAlter,
}

/// From what a table takes its definition besides its own text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TableSource {
    None,
    /// `LIKE t (..)`
    Like(TableLike),
    /// `AS SELECT ..`
    Query(Box<Query>),
}

/// What stands between the parentheses of CREATE TABLE: either definitions or (before AS SELECT) bare names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TableSchema {
    pub columns: Vec<ColumnDefinition>,
    /// More than one is an error that is left to the planner.
    pub watermarks: Vec<WatermarkDefinition>,
    pub constraints: Vec<TableConstraint>,
    /// `(a, b)` without types: only the order of the columns of the query. Then all else is empty.
    pub column_names: Vec<Identifier>,
    pub span: Span,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnDefinition {
    /// Qualified only in ALTER TABLE MODIFY of nested fields.
    pub name: ObjectName,
    pub kind: ColumnKind,
    pub comment: Option<String>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// `name type [constraint]`
    Physical { data_type: DataType, constraint: Option<ColumnConstraint> },
    /// `name type METADATA [FROM 'key'] [VIRTUAL]`
    Metadata { data_type: DataType, key: Option<String>, is_virtual: bool },
    /// `name AS expression`
    Computed { expression: Expression },
}

/// `[CONSTRAINT name] PRIMARY KEY [NOT ENFORCED]` after a column
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnConstraint {
    pub name: Option<Identifier>,
    pub kind: ConstraintKind,
    /// `None` if neither ENFORCED nor NOT ENFORCED is written.
    pub enforced: Option<bool>,
    pub span: Span,
}

/// `[CONSTRAINT name] PRIMARY KEY (columns) [NOT ENFORCED]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableConstraint {
    pub name: Option<Identifier>,
    pub kind: ConstraintKind,
    pub columns: Vec<Identifier>,
    /// `None` if neither ENFORCED nor NOT ENFORCED is written.
    pub enforced: Option<bool>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConstraintKind {
    PrimaryKey,
    Unique,
}

/// `WATERMARK FOR column AS expression`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WatermarkDefinition {
    pub column: ObjectName,
    pub expression: Expression,
    pub span: Span,
}

/// `DISTRIBUTED BY [HASH|RANGE](columns) [INTO n BUCKETS]`, `DISTRIBUTED INTO n BUCKETS`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Distribution {
    pub kind: Option<DistributionKind>,
    pub columns: Vec<Identifier>,
    /// The number as written.
    pub bucket_count: Option<String>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DistributionKind {
    Hash,
    Range,
}

/// `'key' = 'value'`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableOption {
    pub key: String,
    pub value: String,
    pub span: Span,
}

/// `LIKE table (INCLUDING ALL ..)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableLike {
    pub table: ObjectName,
    pub options: Vec<LikeOption>,
    pub span: Span,
}

/// `INCLUDING CONSTRAINTS`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LikeOption {
    pub strategy: MergingStrategy,
    pub feature: LikeFeature,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MergingStrategy {
    Including,
    Excluding,
    Overwriting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LikeFeature {
    All,
    Constraints,
    Distribution,
    Generated,
    Metadata,
    Options,
    Partitions,
    Watermarks,
}

/// `CREATE [TEMPORARY] VIEW ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateView {
    pub mode: CreateMode,
    pub temporary: bool,
    pub if_not_exists: bool,
    pub name: ObjectName,
    pub columns: Vec<Identifier>,
    pub comment: Option<String>,
    /// Its span gives the text that a catalog stores.
    pub query: Box<Query>,
}

/// `CREATE CATALOG ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateCatalog {
    pub if_not_exists: bool,
    pub name: ObjectName,
    pub comment: Option<String>,
    pub options: Vec<TableOption>,
}

/// `CREATE DATABASE ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateDatabase {
    pub if_not_exists: bool,
    pub name: ObjectName,
    pub comment: Option<String>,
    pub options: Vec<TableOption>,
}

/// `CREATE [TEMPORARY [SYSTEM]] FUNCTION ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateFunction {
    pub temporary: bool,
    pub system: bool,
    pub if_not_exists: bool,
    pub name: ObjectName,
    pub class: String,
    pub language: Option<FunctionLanguage>,
    pub resources: Vec<FunctionResource>,
    pub options: Vec<TableOption>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionLanguage {
    Java,
    Scala,
    Python,
    Sql,
}

/// `JAR 'path'` after USING
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionResource {
    pub kind: FunctionResourceKind,
    pub path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionResourceKind {
    Jar,
    Artifact,
}

/// `CREATE [TEMPORARY] MODEL ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateModel {
    pub temporary: bool,
    pub if_not_exists: bool,
    pub name: ObjectName,
    pub input: Vec<ColumnDefinition>,
    pub output: Vec<ColumnDefinition>,
    pub comment: Option<String>,
    pub options: Vec<TableOption>,
    pub query: Option<Box<Query>>,
}

/// `CREATE [TEMPORARY [SYSTEM]] CONNECTION ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateConnection {
    pub temporary: bool,
    pub system: bool,
    pub if_not_exists: bool,
    pub name: ObjectName,
    pub comment: Option<String>,
    pub options: Vec<TableOption>,
}

/// `CREATE [OR ALTER] MATERIALIZED TABLE ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateMaterializedTable {
    pub mode: CreateMode,
    pub if_not_exists: bool,
    pub name: ObjectName,
    pub schema: TableSchema,
    pub comment: Option<String>,
    pub distribution: Option<Distribution>,
    pub partitioned_by: Vec<Identifier>,
    pub options: Vec<TableOption>,
    pub freshness: Option<IntervalLiteral>,
    pub refresh_mode: Option<RefreshMode>,
    pub start_mode: Option<StartMode>,
    pub query: Box<Query>,
}

/// `REFRESH_MODE = ..`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefreshMode {
    Continuous,
    Full,
}

/// `START_MODE = ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StartMode {
    pub kind: StartModeKind,
    /// The argument in parentheses: an interval literal for `.._NOW`, a timestamp literal for `.._TIMESTAMP`.
    pub argument: Option<Expression>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StartModeKind {
    FromBeginning,
    FromNow,
    FromTimestamp,
    ResumeOrFromBeginning,
    ResumeOrFromNow,
    ResumeOrFromTimestamp,
}
