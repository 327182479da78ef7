//! ALTER TABLE: metadata only, checked as Flink checks it.

use std::sync::Arc;

use flott_syntax::Span;
use flott_syntax::ast::{self, AlterTableAction as Action};

use super::definition::{TableBuilder, check_constraint};
use super::namespace::options_map;
use super::store::quoted;
use super::text::expression_text;
use super::{Catalog, CatalogObject, ObjectPath, Partition, ResolvedTable};
use crate::error::{Result, SqlError};

impl Catalog {
    /// `ALTER TABLE`
    ///
    /// # Errors
    /// If the table does not exist, is a view or temporary, or cannot be changed in this way.
    pub fn alter_table(&mut self, alter: &ast::AlterTable, time_zone: &str) -> Result<()> {
        let path = self.qualify(&alter.name)?;
        let span = alter.name.span;
        let table = match self.find_permanent(&path) {
            Some(CatalogObject::Table(table)) if !self.temporary.contains_key(&path) => table.clone(),
            Some(CatalogObject::View(_)) => return Err(SqlError::at(span, "ALTER TABLE for a view is not allowed")),
            _ if alter.if_exists => return Ok(()),
            _ => {
                let message = format!("Table {} doesn't exist or is a temporary table.", quoted(&path));
                return Err(SqlError::at(span, message));
            }
        };
        match &alter.action {
            Action::Rename(name) => {
                let mut target = self.qualify(name)?;
                if name.parts.len() == 1 {
                    target = [path[0].clone(), path[1].clone(), target[2].clone()];
                }
                self.rename(&path, &target, span)
            }
            Action::AddPartitions { if_not_exists, partitions } => {
                self.add_partitions(&path, &table, *if_not_exists, partitions, span)
            }
            Action::DropPartitions { if_exists, partitions } => {
                self.drop_partitions(&path, &table, *if_exists, partitions, span)
            }
            action => {
                let changed = changed(&table, action, time_zone, span)?;
                self.replace(CatalogObject::Table(Arc::new(changed)), span)
            }
        }
    }

    fn add_partitions(
        &mut self,
        path: &ObjectPath,
        table: &ResolvedTable,
        if_not_exists: bool,
        added: &[ast::NewPartition],
        span: Span,
    ) -> Result<()> {
        let [catalog, database, name] = path;
        if table.partition_keys.is_empty() {
            let message = format!("Table {database}.{name} in catalog {catalog} is not partitioned.");
            return Err(SqlError::at(span, message));
        }
        for partition in added {
            let values = partition_values(&partition.entries, table, span)?;
            let partitions = self.database_mut(catalog, database, span)?.partitions.entry(name.clone()).or_default();
            if partitions.iter().any(|known| known.values == values) {
                if if_not_exists {
                    continue;
                }
                let message = format!(
                    "Partition {} of table {database}.{name} in catalog {catalog} already exists.",
                    spec_text(&values)
                );
                return Err(SqlError::at(span, message));
            }
            partitions.push(Partition { values, options: options_map(&partition.options) });
            partitions.sort_by_key(Partition::name);
        }
        Ok(())
    }

    fn drop_partitions(
        &mut self,
        path: &ObjectPath,
        table: &ResolvedTable,
        if_exists: bool,
        dropped: &[Vec<ast::PartitionEntry>],
        span: Span,
    ) -> Result<()> {
        let [catalog, database, name] = path;
        for entries in dropped {
            let values = written_values(entries, span)?;
            let complete = partition_values(entries, table, span);
            let partitions = self.database_mut(catalog, database, span)?.partitions.entry(name.clone()).or_default();
            let position = match &complete {
                Ok(complete) => partitions.iter().position(|known| known.values == *complete),
                Err(_) => None,
            };
            match position {
                Some(position) => drop(partitions.remove(position)),
                None if if_exists => {}
                None => {
                    let message = format!(
                        "Partition {} of table {database}.{name} in catalog {catalog} does not exist.",
                        spec_text(&values)
                    );
                    return Err(SqlError::at(span, message));
                }
            }
        }
        Ok(())
    }
}

/// `CatalogPartitionSpec{{p=1}}`
fn spec_text(values: &[(String, String)]) -> String {
    let parts: Vec<String> = values.iter().map(|(column, value)| format!("{column}={value}")).collect();
    format!("CatalogPartitionSpec{{{{{}}}}}", parts.join(", "))
}

/// The values of a PARTITION clause as written.
pub(crate) fn written_values(entries: &[ast::PartitionEntry], span: Span) -> Result<Vec<(String, String)>> {
    let value = |entry: &ast::PartitionEntry| match entry.value.as_ref().map(|value| &value.kind) {
        Some(ast::ExpressionKind::Literal(ast::Literal::String(text))) => {
            Ok((entry.column.value.clone(), text.clone()))
        }
        Some(ast::ExpressionKind::Literal(literal)) => Ok((entry.column.value.clone(), literal.to_string())),
        _ => Err(SqlError::at(span, format!("PARTITION needs a value for column '{}'", entry.column.value))),
    };
    entries.iter().map(value).collect()
}

/// One value for each partition column, in their order.
fn partition_values(
    entries: &[ast::PartitionEntry],
    table: &ResolvedTable,
    span: Span,
) -> Result<Vec<(String, String)>> {
    let written = written_values(entries, span)?;
    if written.len() != table.partition_keys.len() {
        let message = format!(
            "PartitionSpec {} does not match partition keys [{}] of table {}.",
            spec_text(&written),
            table.partition_keys.join(", "),
            table.full_name()
        );
        return Err(SqlError::at(span, message));
    }
    let value = |key: &String| {
        written
            .iter()
            .find(|(column, _)| column == key)
            .cloned()
            .ok_or_else(|| SqlError::at(span, format!("PARTITION needs a value for column '{key}'")))
    };
    table.partition_keys.iter().map(value).collect()
}

/// Refuses a change.
pub(super) fn failed(span: Span, message: impl std::fmt::Display) -> SqlError {
    SqlError::at(span, format!("Failed to execute ALTER TABLE statement.\n{message}"))
}

/// The table after one action.
fn changed(table: &ResolvedTable, action: &Action, time_zone: &str, span: Span) -> Result<ResolvedTable> {
    let mut changed = table.clone();
    match action {
        Action::SetOptions(options) => changed.options.extend(options_map(options)),
        Action::ResetOptions(keys) => reset_options(&mut changed, keys, span)?,
        Action::DropPrimaryKey => drop_primary_key(&mut changed, None, span)?,
        Action::DropConstraint(name) => drop_primary_key(&mut changed, Some(&name.value), span)?,
        Action::DropWatermark => {
            if changed.watermark.take().is_none() {
                return Err(failed(span, "The current table does not define any watermark strategy."));
            }
        }
        Action::DropDistribution => {
            if changed.distribution.take().is_none() {
                let message = format!("Table {} does not have a distribution to drop.", quoted(&table.path));
                return Err(SqlError::at(span, message));
            }
        }
        Action::AddDistribution(distribution) => {
            if let Some(known) = &changed.distribution {
                let message = format!(
                    "The current table has already defined the distribution '{known}'. You can modify it or drop it before adding a new one."
                );
                return Err(failed(span, message));
            }
            return with_distribution(changed, distribution, time_zone);
        }
        Action::ModifyDistribution(distribution) => {
            if changed.distribution.is_none() {
                let message = "The base table does not define any distribution. You might want to add a new one.";
                return Err(failed(span, message));
            }
            return with_distribution(changed, distribution, time_zone);
        }
        Action::DropColumns(columns) => changed.drop_columns(columns)?,
        Action::RenameColumn { column, name } => changed.rename_column(column, name)?,
        Action::Add(schema) => return altered(changed, schema, true, time_zone),
        Action::Modify(schema) => return altered(changed, schema, false, time_zone),
        Action::Rename(_) | Action::AddPartitions { .. } | Action::DropPartitions { .. } => {
            return Err(SqlError::not_supported(span, "this ALTER TABLE here"));
        }
    }
    Ok(changed)
}

fn reset_options(table: &mut ResolvedTable, keys: &[String], span: Span) -> Result<()> {
    if keys.is_empty() {
        return Err(SqlError::at(span, "ALTER TABLE RESET does not support empty key"));
    }
    if keys.iter().any(|key| key == "connector") {
        return Err(SqlError::at(span, "ALTER TABLE RESET does not support changing 'connector'"));
    }
    table.options.retain(|key, _| !keys.contains(key));
    Ok(())
}

fn drop_primary_key(table: &mut ResolvedTable, name: Option<&str>, span: Span) -> Result<()> {
    let Some(known) = table.primary_key_name.take() else {
        return Err(failed(span, "The current table does not define any primary key."));
    };
    if let Some(name) = name
        && name != known
    {
        let message = format!(
            "The current table does not define a primary key constraint named '{name}'. Available constraint name: ['{known}']."
        );
        return Err(failed(span, message));
    }
    table.primary_key.clear();
    Ok(())
}

fn with_distribution(table: ResolvedTable, distribution: &ast::Distribution, time_zone: &str) -> Result<ResolvedTable> {
    let mut builder = TableBuilder::of_table(table, time_zone);
    builder.distribution(Some(distribution))?;
    Ok(builder.table)
}

/// ADD (`adds`) or MODIFY of columns, watermark and primary key.
fn altered(table: ResolvedTable, schema: &ast::AlterSchema, adds: bool, time_zone: &str) -> Result<ResolvedTable> {
    let mut builder = TableBuilder::of_table(table, time_zone);
    builder.alter_columns(&schema.columns, adds)?;
    if let Some(watermark) = schema.watermarks.first() {
        match (&builder.table.watermark, adds) {
            (Some((column, expression)), true) => {
                let message = format!(
                    "The current table has already defined the watermark strategy `{column}` AS {}. You might want to drop it before adding a new one.",
                    expression_text(expression)
                );
                return Err(failed(watermark.span, message));
            }
            (None, false) => {
                let message = "The current table does not define any watermark. You might want to add a new one.";
                return Err(failed(watermark.span, message));
            }
            _ => builder.set_watermark(watermark)?,
        }
    }
    if let Some(constraint) = schema.constraints.first() {
        check_constraint(constraint.kind, constraint.enforced, constraint.span)?;
        alter_primary_key(&mut builder, constraint, adds)?;
    }
    Ok(builder.table)
}

fn alter_primary_key(builder: &mut TableBuilder<'_>, constraint: &ast::TableConstraint, adds: bool) -> Result<()> {
    let known = &builder.table.primary_key;
    if adds && !known.is_empty() {
        let columns: Vec<String> = known.iter().map(|column| format!("`{column}`")).collect();
        let message = format!(
            "The current table has already defined the primary key constraint [{}]. You might want to drop it before adding a new one.",
            columns.join(", ")
        );
        return Err(failed(constraint.span, message));
    }
    if !adds && known.is_empty() {
        let message = "The current table does not define any primary key constraint. You might want to add a new one.";
        return Err(failed(constraint.span, message));
    }
    for column in &constraint.columns {
        if !builder.table.columns.iter().any(|known| known.name == column.value) {
            let names: Vec<&str> = constraint.columns.iter().map(|column| column.value.as_str()).collect();
            let name =
                constraint.name.as_ref().map_or_else(|| format!("PK_{}", names.join("_")), |name| name.value.clone());
            let message = format!("Invalid primary key '{name}'. Column '{}' does not exist.", column.value);
            return Err(failed(column.span, message));
        }
    }
    builder.set_primary_key(constraint.name.as_ref(), &constraint.columns)
}
