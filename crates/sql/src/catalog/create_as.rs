//! CREATE TABLE AS: columns from a query, with what the statement itself defines.

use flott_syntax::ast;

use super::definition::{TableBuilder, check_constraints};
use super::store::ObjectPath;
use super::{ResolvedTable, TableColumn, TableColumnKind};
use crate::error::{Result, SqlError};
use crate::relation::Column;

/// The table, and the names of its columns in the order of the query's.
///
/// Bare names only order the query's columns. A defined column of a query column's name gives it its type; other defined columns stand first.
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
    let of_query = |column: &Column| TableColumn {
        name: column.name.clone(),
        data_type: column.data_type.clone(),
        kind: TableColumnKind::Physical,
        comment: None,
    };
    if create.schema.column_names.is_empty() {
        builder.columns(&create.schema.columns)?;
        for column in query {
            if !builder.table.columns.iter().any(|known| known.name == column.name) {
                builder.table.columns.push(of_query(column));
            }
        }
    } else {
        builder.table.columns = ordered(&create.schema.column_names, query, create.schema.span)?;
    }
    for column in query {
        let known = builder.table.columns.iter().find(|known| known.name == column.name);
        if known.is_some_and(|known| matches!(known.kind, TableColumnKind::Computed(_))) {
            let message = format!(
                "A column named '{}' already exists in the table. Duplicate columns exist in the compute column and regular column. ",
                column.name
            );
            return Err(SqlError::at(create.schema.span, message));
        }
    }
    builder.finish(create)?;
    Ok((builder.table, query.iter().map(|column| column.name.clone()).collect()))
}

/// The query's columns in the order of their names.
fn ordered(names: &[ast::Identifier], query: &[Column], span: flott_syntax::Span) -> Result<Vec<TableColumn>> {
    if names.len() != query.len() {
        let message = format!(
            "The number of columns in the column list must match the number of columns in the source schema: {} and {}.",
            names.len(),
            query.len()
        );
        return Err(SqlError::at(span, message));
    }
    let column = |name: &ast::Identifier| {
        let found = query.iter().find(|column| column.name == name.value).ok_or_else(|| {
            SqlError::at(name.span, format!("Column '{}' not found in the source schema.", name.value))
        })?;
        let (data_type, kind) = (found.data_type.clone(), TableColumnKind::Physical);
        Ok(TableColumn { name: found.name.clone(), data_type, kind, comment: None })
    };
    names.iter().map(column).collect()
}
