//! ROW, ARRAY, MAP and MULTISET constructors.

use flott_expression::Expression;
use flott_record::{Field, TypeKind};
use flott_syntax::Span;
use flott_syntax::ast::{self, ExpressionKind, ObjectName};

use crate::bind::expression::call::resolved;
use crate::bind::expression::{ExpressionBinder, Intercept};
use crate::error::{Result, SqlError};

impl ExpressionBinder<'_> {
    pub(super) fn constructor(
        &self,
        expression: &ast::Expression,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Row(items) => self.row(items, span, intercept),
            ExpressionKind::Array(items) if items.is_empty() => Err(SqlError::at(span, "Require at least 1 argument")),
            ExpressionKind::Array(items) => resolved("ARRAY", self.bind_all(items, intercept)?, span),
            ExpressionKind::Map(entries) if entries.is_empty() => {
                Err(SqlError::at(span, "Map requires at least 2 arguments"))
            }
            ExpressionKind::Map(entries) => {
                let mut arguments = Vec::with_capacity(entries.len() * 2);
                for entry in entries {
                    arguments.push(self.bind(&entry.key, intercept)?);
                    arguments.push(self.bind(&entry.value, intercept)?);
                }
                resolved("MAP", arguments, span)
            }
            _ => Err(SqlError::not_supported(span, "MULTISET constructors")),
        }
    }

    /// A row; its fields are called `EXPR$n`, but those of `t.*` keep their names.
    fn row(&self, items: &[ast::Expression], span: Span, intercept: &mut dyn Intercept) -> Result<Expression> {
        let mut arguments = Vec::with_capacity(items.len());
        let mut fields = Vec::with_capacity(items.len());
        for item in items {
            if let ExpressionKind::QualifiedWildcard(table) = &item.kind {
                for (name, column) in self.columns_of(table)? {
                    fields.push(Field::new(name, column.data_type().clone()));
                    arguments.push(column);
                }
                continue;
            }
            let bound = self.bind(item, intercept)?;
            fields.push(Field::new(format!("EXPR${}", fields.len()), bound.data_type().clone()));
            arguments.push(bound);
        }
        if arguments.is_empty() {
            return Err(SqlError::not_supported(span, "an empty ROW()"));
        }
        Ok(Expression::call("ROW", arguments, TypeKind::Row(fields).not_null()))
    }

    /// The columns of a table of FROM.
    fn columns_of(&self, table: &ObjectName) -> Result<Vec<(String, Expression)>> {
        let wanted = table.last().map_or("", |part| part.value.as_str());
        let found = self.scope.tables.iter().find(|candidate| candidate.alias.as_deref() == Some(wanted));
        let Some(found) = found else {
            return Err(SqlError::at(table.span, format!("Table '{wanted}' not found")));
        };
        let column = |position: usize| {
            let column = &self.scope.columns[position];
            (column.name.clone(), Expression::column(position, column.data_type.clone()))
        };
        Ok((found.start..found.start + found.len).map(column).collect())
    }
}
