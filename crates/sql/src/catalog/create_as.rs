//! CREATE TABLE AS: columns from a query, with what the statement itself defines.

use flott_expression::catalogue::can_cast_implicitly;
use flott_syntax::Span;
use flott_syntax::ast::{self, ColumnKind};

use super::definition::{TableBuilder, check_constraints, column_name};
use super::store::ObjectPath;
use super::{ResolvedTable, TableColumn, TableColumnKind};
use crate::error::{Result, SqlError};
use crate::relation::Column;

/// The table, and the names of its columns in the order of the query's.
///
/// Bare names only order the query's columns. Otherwise defined columns that the query lacks stand first, then the query's, of which a
/// definition of the same name changes the type.
///
/// # Errors
/// Whatever is wrong with the definition, with its place.
pub(crate) fn define_table_as(
    create: &ast::CreateTable,
    path: ObjectPath,
    query: &[Column],
    time_zone: &str,
) -> Result<(ResolvedTable, Vec<String>)> {
    check_constraints(&create.schema)?;
    let mut builder = TableBuilder::new(path, None, time_zone);
    builder.table.comment.clone_from(&create.comment);
    builder.table.temporary = create.temporary;
    builder.table.columns = if create.schema.column_names.is_empty() {
        merged(&builder, &create.schema.columns, query)?
    } else {
        ordered(&create.schema.column_names, query, create.schema.span)?
    };
    builder.finish(create)?;
    Ok((builder.table, query.iter().map(|column| column.name.clone()).collect()))
}

fn of_query(column: &Column) -> TableColumn {
    let (name, data_type) = (column.name.clone(), column.data_type.clone());
    TableColumn { name, data_type, kind: TableColumnKind::Physical, comment: None }
}

/// The defined columns and those of the query.
fn merged(
    builder: &TableBuilder<'_>,
    definitions: &[ast::ColumnDefinition],
    query: &[Column],
) -> Result<Vec<TableColumn>> {
    // Computed columns see the query's columns.
    let mut known = builder.visible_columns(definitions)?;
    let defined: Vec<String> = known.iter().map(|column| column.name.clone()).collect();
    known.extend(query.iter().filter(|column| !defined.contains(&column.name)).cloned());
    let mut columns: Vec<TableColumn> = Vec::with_capacity(definitions.len() + query.len());
    let mut of_source: Vec<TableColumn> = query.iter().map(of_query).collect();
    for (number, definition) in definitions.iter().enumerate() {
        let column = builder.column(definition, &known)?;
        let name = column_name(definition)?;
        if columns.iter().any(|earlier| earlier.name == name) {
            let message = format!("A regular Column named '{name}' already exists in the table.");
            return Err(SqlError::at(definition.span, message));
        }
        match of_source.iter().position(|source| source.name == name) {
            None => columns.push(column),
            Some(position) => {
                check_override(definition, &column, &of_source[position], number + 1)?;
                of_source[position] = column;
            }
        }
    }
    columns.extend(of_source);
    Ok(columns)
}

/// The `number`th definition may change a query column's type to one that takes its values, and may not compute it.
fn check_override(
    definition: &ast::ColumnDefinition,
    column: &TableColumn,
    source: &TableColumn,
    number: usize,
) -> Result<()> {
    if matches!(definition.kind, ColumnKind::Computed { .. }) {
        let message = format!(
            "A column named '{}' already exists in the source schema. Computed columns cannot overwrite columns from source.",
            column.name
        );
        return Err(SqlError::at(definition.span, message));
    }
    if can_cast_implicitly(&source.data_type, &column.data_type) {
        return Ok(());
    }
    let message = format!(
        "Incompatible types for sink column '{}' at position {number}. The source column has type '{}', while the target column has \
         type '{}'.",
        column.name, source.data_type, column.data_type
    );
    Err(SqlError::at(definition.span, message))
}

/// The query's columns in the order of their names.
fn ordered(names: &[ast::Identifier], query: &[Column], span: Span) -> Result<Vec<TableColumn>> {
    if names.len() != query.len() {
        let message = "The number of columns in the column list must match the number of columns in the source schema.";
        return Err(SqlError::at(span, message));
    }
    let column =
        |name: &ast::Identifier| {
            query.iter().find(|column| column.name == name.value).map(of_query).ok_or_else(|| {
                SqlError::at(name.span, format!("Column '{}' not found in the source schema.", name.value))
            })
        };
    names.iter().map(column).collect()
}
