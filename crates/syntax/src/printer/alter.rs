//! ALTER and DROP.

use super::{Text, write_clause, write_if, write_list, write_optional};
use crate::ast::{
    AlterCatalog, AlterCatalogAction, AlterDatabase, AlterFunction, AlterMaterializedTable,
    AlterMaterializedTableAction, AlterObject, AlterObjectAction, AlterSchema, AlterTable, AlterTableAction, AlterView,
    AlterViewAction, ColumnPosition, Drop, DropBehavior, NewPartition, PartitionEntry, PositionedColumn, TableOption,
};
use std::fmt::{Display, Formatter, Result};

fn write_if_exists<T: Display>(f: &mut Formatter<'_>, if_exists: bool, name: &T) -> Result {
    write_if(f, if_exists, " IF EXISTS")?;
    write!(f, " {name}")
}

/// `('k' = 'v', ..)`, also if empty
fn write_options(f: &mut Formatter<'_>, prefix: &str, options: &[TableOption]) -> Result {
    write!(f, "{prefix}(")?;
    write_list(f, options)?;
    f.write_str(")")
}

fn write_keys(f: &mut Formatter<'_>, keys: &[String]) -> Result {
    let keys: Vec<Text<'_>> = keys.iter().map(|key| Text(key)).collect();
    f.write_str("RESET (")?;
    write_list(f, &keys)?;
    f.write_str(")")
}

impl Display for Drop {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("DROP")?;
        write_if(f, self.temporary, " TEMPORARY")?;
        write_if(f, self.system, " SYSTEM")?;
        write!(f, " {}", self.kind)?;
        write_if_exists(f, self.if_exists, &self.name)?;
        f.write_str(match self.behavior {
            Some(DropBehavior::Restrict) => " RESTRICT",
            Some(DropBehavior::Cascade) => " CASCADE",
            None => "",
        })
    }
}

impl Display for AlterTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("ALTER TABLE")?;
        write_if_exists(f, self.if_exists, &self.name)?;
        write!(f, " {}", self.action)
    }
}

impl Display for AlterTableAction {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            AlterTableAction::Rename(name) => write!(f, "RENAME TO {name}"),
            AlterTableAction::RenameColumn { column, name } => {
                write!(f, "RENAME {column} TO {name}")
            }
            AlterTableAction::SetOptions(options) => write_options(f, "SET ", options),
            AlterTableAction::ResetOptions(keys) => write_keys(f, keys),
            AlterTableAction::Add(schema) => write!(f, "ADD {schema}"),
            AlterTableAction::Modify(schema) => write!(f, "MODIFY {schema}"),
            AlterTableAction::DropColumns(columns) => write_clause(f, "DROP (", columns, ")"),
            AlterTableAction::DropPrimaryKey => f.write_str("DROP PRIMARY KEY"),
            AlterTableAction::DropConstraint(name) => write!(f, "DROP CONSTRAINT {name}"),
            AlterTableAction::DropWatermark => f.write_str("DROP WATERMARK"),
            AlterTableAction::AddDistribution(to) => write!(f, "ADD DISTRIBUTION {to}"),
            AlterTableAction::ModifyDistribution(to) => write!(f, "MODIFY DISTRIBUTION {to}"),
            AlterTableAction::DropDistribution => f.write_str("DROP DISTRIBUTION"),
            AlterTableAction::AddPartitions { if_not_exists, partitions } => {
                f.write_str("ADD")?;
                write_if(f, *if_not_exists, " IF NOT EXISTS")?;
                let mut partitions = partitions.iter();
                partitions.try_for_each(|partition| write!(f, " {partition}"))
            }
            AlterTableAction::DropPartitions { if_exists, partitions } => {
                f.write_str("DROP")?;
                write_if(f, *if_exists, " IF EXISTS")?;
                for (index, entries) in partitions.iter().enumerate() {
                    write_if(f, index > 0, ",")?;
                    write_clause(f, " PARTITION (", entries, ")")?;
                }
                Ok(())
            }
        }
    }
}

impl Display for AlterSchema {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("(")?;
        write_list(f, &self.columns)?;
        let mut separator = if self.columns.is_empty() { "" } else { ", " };
        for watermark in &self.watermarks {
            write!(f, "{separator}{watermark}")?;
            separator = ", ";
        }
        for constraint in &self.constraints {
            write!(f, "{separator}{constraint}")?;
            separator = ", ";
        }
        f.write_str(")")
    }
}

impl Display for PositionedColumn {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.column)?;
        match &self.position {
            Some(ColumnPosition::First) => f.write_str(" FIRST"),
            Some(ColumnPosition::After(column)) => write!(f, " AFTER {column}"),
            None => Ok(()),
        }
    }
}

impl Display for NewPartition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write_clause(f, "PARTITION (", &self.entries, ")")?;
        write_clause(f, " WITH (", &self.options, ")")
    }
}

impl Display for PartitionEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.column)?;
        write_optional(f, " = ", self.value.as_ref())
    }
}

impl Display for AlterView {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "ALTER VIEW {} ", self.name)?;
        match &self.action {
            AlterViewAction::Rename(name) => write!(f, "RENAME TO {name}"),
            AlterViewAction::Query(query) => write!(f, "AS {query}"),
        }
    }
}

impl Display for AlterDatabase {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "ALTER DATABASE {} ", self.name)?;
        write_options(f, "SET ", &self.options)
    }
}

impl Display for AlterCatalog {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "ALTER CATALOG {} ", self.name)?;
        match &self.action {
            AlterCatalogAction::SetOptions(options) => write_options(f, "SET ", options),
            AlterCatalogAction::ResetOptions(keys) => write_keys(f, keys),
            AlterCatalogAction::Comment(comment) => write!(f, "COMMENT {}", Text(comment)),
        }
    }
}

impl Display for AlterFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("ALTER")?;
        write_if(f, self.temporary, " TEMPORARY")?;
        write_if(f, self.system, " SYSTEM")?;
        f.write_str(" FUNCTION")?;
        write_if_exists(f, self.if_exists, &self.name)?;
        write!(f, " AS {}", Text(&self.class))?;
        write_optional(f, " LANGUAGE ", self.language.as_ref())
    }
}

impl Display for AlterObject {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "ALTER {}", self.kind)?;
        write_if_exists(f, self.if_exists, &self.name)?;
        f.write_str(" ")?;
        match &self.action {
            AlterObjectAction::Rename(name) => write!(f, "RENAME TO {name}"),
            AlterObjectAction::SetOptions(options) => write_options(f, "SET ", options),
            AlterObjectAction::ResetOptions(keys) => write_keys(f, keys),
        }
    }
}

impl Display for AlterMaterializedTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "ALTER MATERIALIZED TABLE {} {}", self.name, self.action)
    }
}

impl Display for AlterMaterializedTableAction {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            AlterMaterializedTableAction::Suspend => f.write_str("SUSPEND"),
            AlterMaterializedTableAction::Resume(options) => {
                f.write_str("RESUME")?;
                write_clause(f, " WITH (", options, ")")
            }
            AlterMaterializedTableAction::Refresh(partition) => {
                f.write_str("REFRESH")?;
                write_clause(f, " PARTITION (", partition, ")")
            }
            AlterMaterializedTableAction::SetFreshness(interval) => {
                write!(f, "SET FRESHNESS = {interval}")
            }
            AlterMaterializedTableAction::SetRefreshMode(mode) => {
                write!(f, "SET REFRESH_MODE = {mode}")
            }
            AlterMaterializedTableAction::Table(action) => write!(f, "{action}"),
            AlterMaterializedTableAction::Query { start_mode, query } => {
                if let Some(start_mode) = start_mode {
                    write!(f, "{start_mode} ")?;
                }
                write!(f, "AS {query}")
            }
        }
    }
}
