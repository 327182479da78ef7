//! Which columns a name can mean at one place of a query.

use flott_expression::Expression;
use flott_record::{DataType, TypeKind};
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
        if let Some(field) = self.peek(name)? {
            return Ok(field);
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

    /// A field of a row column that is named without its column, as Flink allows where no column has the name; the least nested one.
    fn peek(&self, name: &ObjectName) -> Result<Option<Expression>> {
        let qualified = name.parts.len() > 1
            && self.tables.iter().any(|table| table.alias.as_deref() == Some(name.parts[0].value.as_str()));
        let used = usize::from(qualified);
        let in_table = |position: &usize| {
            !qualified
                || self.tables.iter().any(|table| {
                    table.alias.as_deref() == Some(name.parts[0].value.as_str())
                        && (table.start..table.start + table.len).contains(position)
                })
        };
        let visible = (0..self.columns.len()).filter(|position| !self.hidden.contains(position)).filter(in_table);
        let mut level: Vec<Expression> =
            visible.map(|position| Expression::column(position, self.columns[position].data_type.clone())).collect();
        while !level.is_empty() {
            let rows = level.iter().filter_map(|base| match &base.data_type().kind {
                TypeKind::Row(fields) | TypeKind::Structured(_, fields) => Some((base, fields)),
                _ => None,
            });
            let rows: Vec<_> = rows.collect();
            let wanted = &name.parts[used..];
            let found: Vec<&Expression> = rows
                .iter()
                .filter(|(_, fields)| fields.iter().any(|field| field.name == wanted[0].value))
                .map(|(base, _)| *base)
                .collect();
            match found.as_slice() {
                [] => {}
                [only] => return access_fields((*only).clone(), wanted).map(Some),
                _ => return Err(SqlError::at(name.span, format!("Column '{}' is ambiguous", wanted[0].value))),
            }
            let below = rows.iter().flat_map(|(base, fields)| {
                fields.iter().enumerate().map(|(position, field)| field_at(base, position, &field.data_type))
            });
            level = below.collect();
        }
        Ok(None)
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
        let Some(known) = expression.data_type().kind.fields() else {
            let message = format!("cannot access field '{}' of type {}", field.value, expression.data_type());
            return Err(SqlError::at(field.span, message));
        };
        let Some(position) = known.iter().position(|candidate| candidate.name == field.value) else {
            let names: Vec<&str> = known.iter().map(|candidate| candidate.name.as_str()).collect();
            let message = format!("field '{}' does not exist; fields are {}", field.value, names.join(", "));
            return Err(SqlError::at(field.span, message));
        };
        expression = field_at(&expression, position, &known[position].data_type);
    }
    Ok(expression)
}

fn field_at(base: &Expression, position: usize, data_type: &DataType) -> Expression {
    let nullable = base.data_type().nullable || data_type.nullable;
    let index = Expression::literal(flott_record::Value::Int(position as i32), TypeKind::Int.not_null());
    Expression::call("FIELD", vec![base.clone(), index], data_type.clone().with_nullable(nullable))
}
