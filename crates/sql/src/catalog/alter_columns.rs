//! ALTER TABLE on columns: ADD, MODIFY, DROP, RENAME, with what refers to them.

use flott_syntax::ast::{self, ColumnPosition, Identifier, ObjectName, PositionedColumn};

use super::alter::failed;
use super::definition::TableBuilder;
use super::store::quote;
use super::{ResolvedTable, TableColumnKind};
use crate::error::Result;
use crate::relation::Column;

impl TableBuilder<'_> {
    /// Adds columns, or replaces columns of the same names.
    pub(super) fn alter_columns(&mut self, columns: &[PositionedColumn], adds: bool) -> Result<()> {
        let mut known = self.stored_columns();
        for positioned in columns {
            let definition = &positioned.column;
            let name = single(&definition.name)?;
            if let ast::ColumnKind::Physical { data_type, .. } | ast::ColumnKind::Metadata { data_type, .. } =
                &definition.kind
            {
                known.retain(|column| column.name != name);
                known.push(Column::new(name, crate::bind::data_type::bind_data_type(data_type)?));
            }
        }
        for positioned in columns {
            self.alter_column(positioned, adds, &known)?;
        }
        Ok(())
    }

    fn alter_column(&mut self, positioned: &PositionedColumn, adds: bool, known: &[Column]) -> Result<()> {
        let definition = &positioned.column;
        let span = definition.name.span;
        let name = single(&definition.name)?;
        let existing = self.table.columns.iter().position(|column| column.name == name);
        let mut column = self.column(definition, known)?;
        let place = match (existing, adds) {
            (Some(_), true) => {
                return Err(failed(span, format!("Column {} already exists in the table.", quote(name))));
            }
            (None, false) => return Err(failed(span, format!("Column {} does not exist in the table.", quote(name)))),
            (None, true) => self.table.columns.len(),
            (Some(position), false) => {
                let old = self.table.columns.remove(position);
                column.comment = column.comment.or(old.comment);
                if self.table.primary_key.contains(&column.name) {
                    column.data_type.nullable = false;
                }
                position
            }
        };
        let place = match &positioned.position {
            None => place,
            Some(ColumnPosition::First) => 0,
            Some(ColumnPosition::After(other)) => {
                let other_name = single(other)?;
                let Some(position) = self.table.columns.iter().position(|column| column.name == other_name) else {
                    let message =
                        format!("Referenced column {} by 'AFTER' does not exist in the table.", quote(other_name));
                    return Err(failed(other.span, message));
                };
                position + 1
            }
        };
        self.table.columns.insert(place, column);
        Ok(())
    }
}

impl ResolvedTable {
    /// Drops columns that nothing refers to.
    pub(super) fn drop_columns(&mut self, columns: &[ObjectName]) -> Result<()> {
        for (position, column) in columns.iter().enumerate() {
            let name = single(column)?;
            if columns[..position].contains(column) {
                return Err(failed(column.span, format!("Duplicate column {}.", quote(name))));
            }
        }
        let dropped: Vec<&str> = columns.iter().filter_map(ObjectName::last).map(|part| part.value.as_str()).collect();
        for column in columns {
            self.check_unused(column, &dropped)?;
        }
        self.columns.retain(|column| !dropped.contains(&column.name.as_str()));
        Ok(())
    }

    /// Gives a column another name; the keys follow.
    pub(super) fn rename_column(&mut self, column: &ObjectName, name: &Identifier) -> Result<()> {
        let old = single(column)?;
        if !self.columns.iter().any(|known| known.name == old) {
            return Err(failed(column.span, format!("The column {} does not exist in the base table.", quote(old))));
        }
        if self.columns.iter().any(|known| known.name == name.value) {
            let message = format!("The column {} already existed in table schema.", quote(&name.value));
            return Err(failed(name.span, message));
        }
        self.check_expressions(column, &[])?;
        if self.partition_keys.iter().any(|key| key == old) {
            return Err(failed(column.span, format!("The column {} is used as the partition keys.", quote(old))));
        }
        let renamed = |known: &mut String| {
            if known == old {
                known.clone_from(&name.value);
            }
        };
        self.primary_key.iter_mut().for_each(renamed);
        self.columns.iter_mut().map(|column| &mut column.name).for_each(renamed);
        Ok(())
    }

    fn check_unused(&self, column: &ObjectName, dropped: &[&str]) -> Result<()> {
        let name = single(column)?;
        if !self.columns.iter().any(|known| known.name == name) {
            return Err(failed(column.span, format!("The column {} does not exist in the base table.", quote(name))));
        }
        self.check_expressions(column, dropped)?;
        if self.primary_key.iter().any(|key| key == name) {
            return Err(failed(column.span, format!("The column {} is used as the primary key.", quote(name))));
        }
        if self.partition_keys.iter().any(|key| key == name) {
            return Err(failed(column.span, format!("The column {} is used as the partition keys.", quote(name))));
        }
        Ok(())
    }

    /// Refuses a column that a computed column (which stays) or the watermark uses.
    fn check_expressions(&self, column: &ObjectName, dropped: &[&str]) -> Result<()> {
        let name = single(column)?;
        let users = self.columns.iter().filter(|known| !dropped.contains(&known.name.as_str())).filter(|known| {
            matches!(&known.kind, TableColumnKind::Computed(expression) if super::walk::mentions(expression, name))
        });
        let users: Vec<String> = users.map(|known| quote(&known.name)).collect();
        if !users.is_empty() {
            let message = format!("The column {} is referenced by computed column {}.", quote(name), users.join(", "));
            return Err(failed(column.span, message));
        }
        match &self.watermark {
            Some((rowtime, expression)) if rowtime == name || super::walk::mentions(expression, name) => {
                Err(failed(column.span, format!("The column {} is referenced by watermark expression.", quote(name))))
            }
            _ => Ok(()),
        }
    }
}

/// The only part of a column's name.
fn single(name: &ObjectName) -> Result<&str> {
    match name.parts.as_slice() {
        [only] => Ok(&only.value),
        parts => {
            let path: Vec<String> = parts.iter().map(|part| quote(&part.value)).collect();
            let message = format!("Altering the nested row type {} is not supported yet.", path.join("."));
            Err(failed(name.span, message))
        }
    }
}
