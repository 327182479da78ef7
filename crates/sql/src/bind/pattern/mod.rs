//! MATCH_RECOGNIZE: clauses, columns, time.
//!
//! What Flink has is taken and refused as by Flink; beyond it there are groups, alternatives, ALL ROWS PER MATCH, SUBSET, PREV, CLASSIFIER and
//! MATCH_NUMBER.

mod expression;
mod shape;

use flott_expression::Expression;
use flott_job::pattern::{AfterMatch, MatchSpec, PatternExpression, PatternVariable};
use flott_job::spec::SortColumn;
use flott_record::Value;
use flott_syntax::Span;
use flott_syntax::ast::{self, AfterMatchSkip, MatchRecognize, RowsPerMatch};

use self::expression::{Clause, Formulas};
use self::shape::Shape;
use crate::bind::expression::NoIntercept;
use crate::bind::from::{FromItem, require_boolean};
use crate::bind::query::{QueryBinder, sort_column};
use crate::bind::scope::Scope;
use crate::error::{Result, SqlError};
use crate::relation::{Column, Relation, RelationKind, RelationRef, TimeAttribute};

/// ORDER BY: its columns, which of them is the row time, and the time attribute.
struct Order {
    columns: Vec<SortColumn>,
    rowtime: Option<usize>,
    attribute: Option<TimeAttribute>,
}

impl QueryBinder<'_> {
    /// The relation of `input MATCH_RECOGNIZE (..)`.
    pub(crate) fn match_recognize(
        &mut self,
        recognize: &MatchRecognize,
        left: Option<&FromItem>,
        outer: Option<&Scope>,
    ) -> Result<RelationRef> {
        let (input, _) = self.table_reference(&recognize.input, left, outer)?;
        let scope = Scope::of_table(None, input.columns.clone());
        if recognize.strict_start || recognize.strict_end {
            return Err(SqlError::not_supported(recognize.span, "the anchors ^ and $ in PATTERN"));
        }
        let mut partition = Vec::new();
        for key in &recognize.partition_by {
            partition.push(self.pattern_column(&scope, key, "PARTITION BY")?);
        }
        let order = self.pattern_order(recognize, &scope)?;
        let shape = Shape::new(&recognize.pattern, &recognize.subsets)?;
        let all_rows = recognize.rows_per_match == Some(RowsPerMatch::All);
        let formulas = Formulas::new(&shape, &input.columns, order.columns.first().zip(order.attribute), all_rows);
        let (measures, measured) = self.measures(recognize, &formulas)?;
        let definitions = self.definitions(recognize, &formulas)?;
        let within_ms = recognize.within.as_ref().map(|within| self.within_ms(within, &order)).transpose()?;
        let variables = shape.names.iter().zip(definitions);
        let spec = MatchSpec {
            partition: partition.clone(),
            order: order.columns,
            rowtime: order.rowtime,
            variables: variables.map(|(name, definition)| PatternVariable { name: name.clone(), definition }).collect(),
            skip: after_match(recognize.after_match.as_ref(), &shape)?,
            pattern: shape.pattern,
            preference: shape.preference,
            within_ms,
            measures,
            all_rows,
            input: input.schema(),
        };
        // Rows come later than their own time attributes say.
        let plain = |column: usize| input.columns[column].clone().with_time(None);
        let mut columns: Vec<Column> = match all_rows {
            true => (0..input.columns.len()).map(plain).collect(),
            false => partition.into_iter().map(plain).collect(),
        };
        columns.extend(measured);
        Ok(Relation::new(RelationKind::Match { input, spec: Box::new(spec) }, columns))
    }

    fn pattern_column(&self, scope: &Scope, syntax: &ast::Expression, clause: &str) -> Result<usize> {
        match self.expressions(scope).bind(syntax, &mut NoIntercept)? {
            Expression::Column { index, .. } => Ok(index),
            _ => Err(SqlError::not_supported(syntax.span, format!("{clause} of an expression in MATCH_RECOGNIZE"))),
        }
    }

    fn pattern_order(&self, recognize: &MatchRecognize, scope: &Scope) -> Result<Order> {
        let mut columns = Vec::new();
        for item in &recognize.order_by {
            columns.push(sort_column(self.pattern_column(scope, &item.expression, "ORDER BY")?, item));
        }
        let first = columns.first().map(|sort| (sort.column, sort.descending));
        let attribute = first.and_then(|(column, _)| scope.columns[column].time);
        if self.session.batch_mode {
            let ascending_time = first
                .filter(|(column, descending)| !descending && scope.columns[*column].data_type.kind.is_timestamp());
            let is_proctime = attribute == Some(TimeAttribute::Proctime);
            let rowtime = ascending_time.map(|(column, _)| column).filter(|_| !is_proctime);
            return Ok(Order { columns, rowtime, attribute });
        }
        let span = recognize.order_by.first().map_or(recognize.span, |item| item.expression.span);
        match (first, attribute) {
            (None, _) => Err(SqlError::at(span, "You must specify either rowtime or proctime for order by.")),
            (Some(_), None) => {
                Err(SqlError::at(span, "You must specify either rowtime or proctime for order by as the first one."))
            }
            (Some((_, true)), _) => {
                Err(SqlError::at(span, "Primary sort order of a streaming table must be ascending on time."))
            }
            (Some((column, false)), Some(attribute)) => {
                let rowtime = (attribute == TimeAttribute::Rowtime).then_some(column);
                Ok(Order { columns, rowtime, attribute: Some(attribute) })
            }
        }
    }

    fn within_ms(&self, syntax: &ast::Expression, order: &Order) -> Result<i64> {
        let bound = self.expressions(&Scope::default()).bind(syntax, &mut NoIntercept)?;
        match self.constant(&bound, syntax.span)? {
            Value::IntervalDayTime(_) if self.session.batch_mode && order.rowtime.is_none() => {
                Err(SqlError::at(syntax.span, "WITHIN needs rows that are ordered by an ascending time"))
            }
            Value::IntervalDayTime(within_ms) if within_ms > 0 => Ok(within_ms),
            Value::IntervalDayTime(_) => Err(SqlError::at(syntax.span, "WITHIN takes an interval greater than 0")),
            _ => Err(SqlError::at(
                syntax.span,
                "Only constant intervals with millisecond resolution are supported as time constraints of patterns.",
            )),
        }
    }

    /// The measures with their columns.
    fn measures(
        &self,
        recognize: &MatchRecognize,
        formulas: &Formulas<'_>,
    ) -> Result<(Vec<PatternExpression>, Vec<Column>)> {
        let (mut measures, mut columns) = (Vec::new(), Vec::<Column>::new());
        for measure in &recognize.measures {
            let name = &measure.alias.value;
            if columns.iter().any(|column| column.name == *name) {
                return Err(SqlError::at(measure.alias.span, format!("Measure '{name}' has already been defined")));
            }
            let binder = self.expressions(&formulas.scope);
            let (formula, time) = formulas.bind(&measure.expression, Clause::Measures, &binder)?;
            columns.push(Column::new(name, formula.expression.data_type().clone()).with_time(time));
            measures.push(formula);
        }
        Ok((measures, columns))
    }

    /// The condition of each variable.
    fn definitions(
        &self,
        recognize: &MatchRecognize,
        formulas: &Formulas<'_>,
    ) -> Result<Vec<Option<PatternExpression>>> {
        let names = &formulas.shape.names;
        let mut definitions = vec![None; names.len()];
        let mut seen: Vec<&str> = Vec::new();
        for definition in &recognize.definitions {
            let (name, span) = (definition.variable.value.as_str(), definition.variable.span);
            if seen.contains(&name) {
                return Err(SqlError::at(span, format!("Pattern variable '{name}' has already been defined")));
            }
            seen.push(name);
            let variable = names.iter().position(|known| known == name);
            let binder = self.expressions(&formulas.scope);
            let (formula, _) = formulas.bind(&definition.condition, Clause::Define(variable), &binder)?;
            require_boolean(&formula.expression, definition.condition.span, "DEFINE")?;
            // What is defined but not in the pattern is checked and not used, as in Flink.
            if let Some(variable) = variable {
                definitions[variable] = Some(formula);
            }
        }
        Ok(definitions)
    }
}

fn after_match(written: Option<&AfterMatchSkip>, shape: &Shape) -> Result<AfterMatch> {
    let target = |name: &ast::Identifier| {
        let found = shape.names.iter().position(|known| *known == name.value);
        found.ok_or_else(|| unknown_pattern(&name.value, name.span))
    };
    Ok(match written {
        None | Some(AfterMatchSkip::ToNextRow) => AfterMatch::ToNextRow,
        Some(AfterMatchSkip::PastLastRow) => AfterMatch::PastLastRow,
        Some(AfterMatchSkip::ToFirst(name)) => AfterMatch::ToFirst(target(name)?),
        Some(AfterMatchSkip::ToLast(name)) => AfterMatch::ToLast(target(name)?),
    })
}

fn unknown_pattern(name: &str, span: Span) -> SqlError {
    SqlError::at(span, format!("Unknown pattern '{name}'"))
}
