//! Which columns a name can mean at one place of a query.

use flott_expression::Expression;
use flott_record::TypeKind;
use flott_syntax::ast::{Identifier, ObjectName};

use crate::error::{Result, SqlError};
use crate::relation::{Column, TimeAttribute};

/// A table of FROM: its alias and where its columns lie.
#[derive(Clone, Debug)]
pub struct ScopeTable {
    /// Alias, or the last part of the table's name; `None` for an unnamed sub-query.
    pub alias: Option<String>,
    /// Position of its first column.
    pub start: usize,
    /// Number of its columns.
    pub len: usize,
}

/// The columns that are visible, with the tables they belong to.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Columns of the input relation, by position.
    pub columns: Vec<Column>,
    /// Tables, in the order of FROM.
    pub tables: Vec<ScopeTable>,
    /// Positions that USING and NATURAL joins hide from unqualified names and from `*`.
    pub hidden: Vec<usize>,
    /// The scope of the query around, for correlated sub-queries.
    pub outer: Option<Box<Scope>>,
}

/// Name of the call by which a column of the enclosing query is written until decorrelation replaces it; its argument is the
/// position as a BIGINT literal.
pub const OUTER_COLUMN: &str = "$OUTER";

impl Scope {
    /// A scope of one table.
    pub fn of_table(alias: Option<String>, columns: Vec<Column>) -> Self {
        let tables = vec![ScopeTable { alias, start: 0, len: columns.len() }];
        Scope { columns, tables, hidden: Vec::new(), outer: None }
    }

    /// The columns of both, those of `right` behind.
    pub fn join(mut self, right: Scope) -> Self {
        let offset = self.columns.len();
        self.columns.extend(right.columns);
        self.tables.extend(right.tables.into_iter().map(|table| ScopeTable { start: table.start + offset, ..table }));
        self.hidden.extend(right.hidden.into_iter().map(|position| position + offset));
        self
    }

    /// The time attribute that an expression stands for: only bare columns keep theirs.
    pub fn time_of(&self, expression: &Expression) -> Option<TimeAttribute> {
        match expression {
            Expression::Column { index, .. } => self.columns[*index].time,
            Expression::Call { function, .. } if function == "PROCTIME" => Some(TimeAttribute::Proctime),
            _ => None,
        }
    }

    fn positions_of(&self, table: Option<&str>, name: &str) -> Vec<usize> {
        let in_table = |position: &usize| match table {
            None => !self.hidden.contains(position),
            Some(alias) => self.tables.iter().any(|candidate| {
                candidate.alias.as_deref() == Some(alias)
                    && (candidate.start..candidate.start + candidate.len).contains(position)
            }),
        };
        (0..self.columns.len()).filter(|position| self.columns[*position].name == name).filter(in_table).collect()
    }

    /// What a dotted name means: a column, possibly qualified by its table, then fields of it.
    ///
    /// # Errors
    /// An unknown or ambiguous name, with the nearest known one.
    pub fn resolve(&self, name: &ObjectName) -> Result<Expression> {
        if let Some((position, used)) = self.find(name)? {
            let column = &self.columns[position];
            let base = Expression::column(position, column.data_type.clone());
            return access_fields(base, &name.parts[used..]);
        }
        if let Some(outer) = &self.outer
            && let Some((position, used)) = outer.find(name)?
        {
            let data_type = outer.columns[position].data_type.clone();
            let index = Expression::literal(flott_record::Value::BigInt(position as i64), TypeKind::BigInt.not_null());
            let base = Expression::call(OUTER_COLUMN, vec![index], data_type);
            return access_fields(base, &name.parts[used..]);
        }
        Err(self.unknown(name))
    }

    /// Position of the column that the beginning of a name means, and how many parts that takes.
    fn find(&self, name: &ObjectName) -> Result<Option<(usize, usize)>> {
        let parts = &name.parts;
        if parts.len() >= 2 {
            // catalog.database.table.column and database.table.column are accepted by their table
            for qualifier in (1..parts.len().min(4)).rev() {
                let found = self.positions_of(Some(&parts[qualifier - 1].value), &parts[qualifier].value);
                if let Some(position) = one(&found, name)? {
                    return Ok(Some((position, qualifier + 1)));
                }
            }
        }
        let found = self.positions_of(None, &parts[0].value);
        Ok(one(&found, name)?.map(|position| (position, 1)))
    }

    fn unknown(&self, name: &ObjectName) -> SqlError {
        let wanted = &name.parts[0];
        if name.parts.len() > 1 && self.tables.iter().any(|table| table.alias.as_deref() == Some(&wanted.value)) {
            let column = &name.parts[1];
            let message = format!("Column '{}' not found in table '{}'", column.value, wanted.value);
            return SqlError::at(column.span, with_nearest(message, &column.value, &self.columns));
        }
        let what = if name.parts.len() > 1 { "Table" } else { "Column" };
        let message = format!("{what} '{}' not found in any table", wanted.value);
        SqlError::at(name.span, with_nearest(message, &wanted.value, &self.columns))
    }
}

fn one(found: &[usize], name: &ObjectName) -> Result<Option<usize>> {
    match found {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        _ => {
            let text = name.last().map_or("", |part| part.value.as_str());
            Err(SqlError::at(name.span, format!("Column '{text}' is ambiguous")))
        }
    }
}

fn with_nearest(message: String, wanted: &str, columns: &[Column]) -> String {
    let names = columns.iter().map(|column| column.name.as_str());
    match flott_configuration::suggestion::nearest(wanted, names) {
        Some(nearest) => format!("{message}; did you mean '{nearest}'?"),
        None => message,
    }
}

/// Access to fields of a row, one after the other.
///
/// # Errors
/// If there is no such field or the operand is no row.
pub fn access_fields(base: Expression, fields: &[Identifier]) -> Result<Expression> {
    let mut expression = base;
    for field in fields {
        let TypeKind::Row(known) = &expression.data_type().kind else {
            let message = format!("cannot access field '{}' of type {}", field.value, expression.data_type());
            return Err(SqlError::at(field.span, message));
        };
        let Some(position) = known.iter().position(|candidate| candidate.name == field.value) else {
            let names: Vec<&str> = known.iter().map(|candidate| candidate.name.as_str()).collect();
            let message = format!("field '{}' does not exist; fields are {}", field.value, names.join(", "));
            return Err(SqlError::at(field.span, message));
        };
        let nullable = expression.data_type().nullable || known[position].data_type.nullable;
        let data_type = known[position].data_type.clone().with_nullable(nullable);
        let index = Expression::literal(flott_record::Value::Int(position as i32), TypeKind::Int.not_null());
        expression = Expression::call("FIELD", vec![expression, index], data_type);
    }
    Ok(expression)
}
