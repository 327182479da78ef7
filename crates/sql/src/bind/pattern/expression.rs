//! Expressions of MEASURES and DEFINE: references to rows of the match become slots.
//!
//! Variables are tables of the scope, all over the same columns; so names resolve as anywhere, and which variable was written is read from the
//! syntax.

use flott_expression::aggregate::aggregate_of_name;
use flott_expression::{AggregateCall, Expression};
use flott_job::pattern::{PatternExpression, RowPosition, RowSet, Slot};
use flott_job::spec::SortColumn;
use flott_record::{DataType, TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{self, ExpressionKind, FunctionArguments, FunctionCall, ObjectName};

use super::shape::Shape;
use crate::bind::aggregate::{positional, simple_name};
use crate::bind::aggregate_call::{BoundAggregate, bind_aggregate, bind_json_aggregate};
use crate::bind::expression::{ExpressionBinder, Intercept};
use crate::bind::scope::{Scope, ScopeTable};
use crate::error::{Result, SqlError};
use crate::relation::{Column, TimeAttribute};

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    Measures,
    /// The condition of this variable; `None` if the pattern does not have it.
    Define(Option<usize>),
}

/// Binds expressions of one MATCH_RECOGNIZE.
pub(super) struct Formulas<'a> {
    pub(super) shape: &'a Shape,
    /// What names mean: columns alone, or qualified by a variable.
    pub(super) scope: Scope,
    time: Option<(SortColumn, TimeAttribute)>,
    all_rows: bool,
}

impl<'a> Formulas<'a> {
    pub(super) fn new(
        shape: &'a Shape,
        columns: &[Column],
        time: Option<(&SortColumn, TimeAttribute)>,
        all_rows: bool,
    ) -> Self {
        let names = shape.names.iter().chain(shape.subsets.iter().map(|(name, _)| name));
        let table = |name: &String| ScopeTable { alias: Some(name.clone()), start: 0, len: columns.len() };
        let mut scope = Scope::of_table(None, columns.to_vec());
        scope.tables = names.map(table).collect();
        Formulas { shape, scope, time: time.map(|(sort, attribute)| (*sort, attribute)), all_rows }
    }

    /// The expression over the input's columns and slots; whether it is a time attribute.
    pub(super) fn bind(
        &self,
        syntax: &ast::Expression,
        clause: Clause,
        binder: &ExpressionBinder<'_>,
    ) -> Result<(PatternExpression, Option<TimeAttribute>)> {
        let mut slots = Slots { formulas: self, clause, running: true, slots: Vec::new() };
        let expression = binder.bind(syntax, &mut slots)?;
        let width = self.scope.columns.len();
        let time = match &expression {
            Expression::Column { index, .. } => match index.checked_sub(width).and_then(|slot| slots.slots.get(slot)) {
                Some(Slot::MatchTime(_)) => Some(TimeAttribute::Rowtime),
                _ => None,
            },
            Expression::Call { function, .. } if function == "PROCTIME" => Some(TimeAttribute::Proctime),
            _ => None,
        };
        Ok((PatternExpression { expression, slots: slots.slots }, time))
    }

    /// The variables that qualify a name; `None` if none does.
    fn variables_of(&self, name: &ObjectName) -> Option<Vec<usize>> {
        if name.parts.len() < 2 {
            return None;
        }
        self.shape.variables_of(&name.parts[0].value)
    }
}

/// Collects the slots of one expression.
struct Slots<'a> {
    formulas: &'a Formulas<'a>,
    clause: Clause,
    running: bool,
    slots: Vec<Slot>,
}

impl Intercept for Slots<'_> {
    fn intercept(&mut self, syntax: &ast::Expression, binder: &ExpressionBinder<'_>) -> Result<Option<Expression>> {
        match &syntax.kind {
            ExpressionKind::Name(name) => {
                let position = self.position(self.formulas.variables_of(name), false, 0);
                let value = binder.scope.resolve(name)?;
                Ok(Some(self.at(position, value)))
            }
            ExpressionKind::MatchSemantics { running, operand } => {
                let around = std::mem::replace(&mut self.running, *running);
                let bound = binder.bind(operand, self);
                self.running = around;
                bound.map(Some)
            }
            ExpressionKind::Json(function) => {
                let bound = bind_json_aggregate(function, syntax.span, binder)?;
                bound.map(|bound| self.aggregate(bound, std::slice::from_ref(syntax), syntax, binder)).transpose()
            }
            ExpressionKind::Function(call) if call.over.is_none() => self.call(call, syntax, binder),
            _ => Ok(None),
        }
    }
}

impl Slots<'_> {
    fn call(
        &mut self,
        call: &FunctionCall,
        syntax: &ast::Expression,
        binder: &ExpressionBinder<'_>,
    ) -> Result<Option<Expression>> {
        let name = simple_name(call);
        match name.as_str() {
            "FIRST" | "LAST" => {
                let (position, value) = self.logical(&name, call, syntax, binder)?;
                Ok(Some(self.at(position, value)))
            }
            "PREV" | "NEXT" => self.physical(&name, call, binder).map(Some),
            "CLASSIFIER" => {
                no_arguments(&name, call)?;
                let position = self.position(None, false, 0);
                Ok(Some(self.slot(Slot::Classifier(position))))
            }
            "MATCH_NUMBER" | "MATCH_ROWTIME" | "MATCH_PROCTIME" => self.of_match(&name, call, binder).map(Some),
            _ => {
                let Some(function) = aggregate_of_name(&name) else { return Ok(None) };
                let bound = bind_aggregate(function, call, binder, false)?;
                let mut written = match &call.arguments {
                    FunctionArguments::Star => Vec::new(),
                    _ => positional(call)?,
                };
                written.extend(call.filter.clone());
                self.aggregate(bound, &written, syntax, binder).map(Some)
            }
        }
    }

    fn position(&self, variables: Option<Vec<usize>>, from_first: bool, offset: u32) -> RowPosition {
        let rows = RowSet { variables, running: self.running };
        RowPosition { rows, from_first, offset, rows_before: 0 }
    }

    /// An expression over one row: over the current row itself, or over a slot.
    fn at(&mut self, position: RowPosition, value: Expression) -> Expression {
        if self.is_current(&position) {
            return value;
        }
        let is_certain = self.is_certain(&position);
        let nullable = value.data_type().nullable || !is_certain;
        let data_type = value.data_type().clone().with_nullable(nullable);
        self.slot(Slot::Row { position, value, data_type })
    }

    fn is_current(&self, position: &RowPosition) -> bool {
        let Clause::Define(current) = self.clause else { return false };
        let is_last = !position.from_first && position.offset == 0 && position.rows_before == 0;
        let is_own = match (&position.rows.variables, current) {
            (Some(variables), Some(current)) => variables.contains(&current),
            _ => true,
        };
        is_last && is_own
    }

    /// Whether each match has the row.
    fn is_certain(&self, position: &RowPosition) -> bool {
        let is_there = match &position.rows.variables {
            None => true,
            Some(variables) => {
                (!self.formulas.all_rows || !position.rows.running)
                    && variables.iter().any(|variable| self.formulas.shape.pattern.requires(*variable))
            }
        };
        self.clause == Clause::Measures && is_there && position.offset == 0 && position.rows_before == 0
    }

    fn slot(&mut self, slot: Slot) -> Expression {
        let data_type = slot.data_type();
        let number = self.slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
            self.slots.push(slot);
            self.slots.len() - 1
        });
        Expression::column(self.formulas.scope.columns.len() + number, data_type)
    }

    /// `FIRST(e [, n])`, `LAST(e [, n])`
    fn logical(
        &self,
        name: &str,
        call: &FunctionCall,
        syntax: &ast::Expression,
        binder: &ExpressionBinder<'_>,
    ) -> Result<(RowPosition, Expression)> {
        let (operand, offset) = operand_and_offset(name, call, 0, binder)?;
        let mut recorder = Recorder::new(self.formulas);
        let value = binder.bind(&operand, &mut recorder)?;
        Ok((self.position(recorder.variables(syntax)?, name == "FIRST", offset), value))
    }

    /// `PREV(e [, n])`: so many rows of the partition before the one that `e` is about.
    fn physical(&mut self, name: &str, call: &FunctionCall, binder: &ExpressionBinder<'_>) -> Result<Expression> {
        let (operand, offset) = operand_and_offset(name, call, 1, binder)?;
        if name == "NEXT" && offset > 0 {
            return Err(SqlError::not_supported(call.span, "NEXT, since rows are matched before later ones are known"));
        }
        let (mut position, value) = match &operand.kind {
            ExpressionKind::Function(inner) if matches!(simple_name(inner).as_str(), "FIRST" | "LAST") => {
                self.logical(&simple_name(inner), inner, &operand, binder)?
            }
            _ => {
                let mut recorder = Recorder::new(self.formulas);
                let value = binder.bind(&operand, &mut recorder)?;
                (self.position(recorder.variables(&operand)?, false, 0), value)
            }
        };
        position.rows_before = offset;
        Ok(self.at(position, value))
    }

    fn of_match(&mut self, name: &str, call: &FunctionCall, binder: &ExpressionBinder<'_>) -> Result<Expression> {
        if self.clause != Clause::Measures {
            return Err(SqlError::at(call.span, format!("{name} can only be used in MEASURES")));
        }
        match name {
            "MATCH_NUMBER" => {
                no_arguments(name, call)?;
                Ok(self.slot(Slot::MatchNumber))
            }
            "MATCH_PROCTIME" => {
                no_arguments(name, call)?;
                crate::bind::expression::call::resolved("PROCTIME", Vec::new(), call.span)
            }
            _ => self.match_rowtime(call, binder),
        }
    }

    /// `MATCH_ROWTIME([column])`
    fn match_rowtime(&mut self, call: &FunctionCall, binder: &ExpressionBinder<'_>) -> Result<Expression> {
        if !matches!(self.formulas.time, Some((_, TimeAttribute::Rowtime))) {
            return Err(SqlError::at(call.span, "MATCH_ROWTIME needs rows that are ordered by a rowtime attribute"));
        }
        let arguments = positional(call)?;
        let data_type = match arguments.as_slice() {
            [] => TypeKind::Timestamp(3).not_null(),
            [argument] => {
                let bound = binder.bind(argument, &mut Recorder::new(self.formulas))?;
                let is_rowtime = self.formulas.scope.time_of(&bound) == Some(TimeAttribute::Rowtime);
                if !is_rowtime {
                    let message = format!(
                        "The function MATCH_ROWTIME requires argument to be a row time attribute type, but is '{}'.",
                        bound.data_type()
                    );
                    return Err(SqlError::at(argument.span, message));
                }
                rowtime_type(bound.data_type())
            }
            _ => return Err(SqlError::at(call.span, "MATCH_ROWTIME takes one column or none")),
        };
        Ok(self.slot(Slot::MatchTime(data_type)))
    }

    fn aggregate(
        &mut self,
        bound: BoundAggregate,
        written: &[ast::Expression],
        syntax: &ast::Expression,
        binder: &ExpressionBinder<'_>,
    ) -> Result<Expression> {
        let mut recorder = Recorder::new(self.formulas);
        for argument in written {
            recorder.record(argument, binder)?;
        }
        let variables = recorder.variables(syntax)?;
        let mut arguments = bound.arguments;
        let count = arguments.len();
        let filter = bound.filter.map(|filter| {
            arguments.push(filter);
            count
        });
        let call = AggregateCall {
            function: bound.function,
            arguments: (0..count).collect(),
            argument_types: arguments[..count].iter().map(|argument| argument.data_type().clone()).collect(),
            distinct: bound.distinct,
            filter,
            data_type: bound.data_type,
            name: bound.function.sql_name().to_string(),
        };
        let rows = RowSet { variables, running: self.running };
        Ok(self.slot(Slot::Aggregate { rows, arguments, call }))
    }
}

/// Times of matches have milliseconds.
fn rowtime_type(data_type: &DataType) -> DataType {
    let kind = match data_type.kind {
        TypeKind::TimestampLtz(_) => TypeKind::TimestampLtz(3),
        _ => TypeKind::Timestamp(3),
    };
    kind.nullable().with_nullable(data_type.nullable)
}

fn no_arguments(name: &str, call: &FunctionCall) -> Result<()> {
    if positional(call)?.is_empty() {
        Ok(())
    } else {
        Err(SqlError::at(call.span, format!("{name} takes no argument")))
    }
}

fn operand_and_offset(
    name: &str,
    call: &FunctionCall,
    default: u32,
    binder: &ExpressionBinder<'_>,
) -> Result<(ast::Expression, u32)> {
    let mut arguments = positional(call)?.into_iter();
    let (Some(operand), offset, None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err(SqlError::at(call.span, format!("{name} takes an expression and a number of rows")));
    };
    let Some(offset) = offset else { return Ok((operand, default)) };
    match binder.bind(&offset, &mut crate::bind::expression::NoIntercept)? {
        Expression::Literal { value: Value::Int(rows), .. } if rows >= 0 => Ok((operand, rows as u32)),
        _ => Err(SqlError::at(offset.span, format!("the offset of {name} is a constant number of rows, 0 or more"))),
    }
}

/// Lets expressions over one row through and notes the variables that qualify its names.
struct Recorder<'a> {
    formulas: &'a Formulas<'a>,
    seen: Vec<Option<Vec<usize>>>,
}

impl<'a> Recorder<'a> {
    fn new(formulas: &'a Formulas<'a>) -> Self {
        Recorder { formulas, seen: Vec::new() }
    }

    /// Notes the variables of an expression; a JSON aggregate's key and value are no expression of their own.
    fn record(&mut self, syntax: &ast::Expression, binder: &ExpressionBinder<'_>) -> Result<()> {
        if let ExpressionKind::Json(function) = &syntax.kind {
            use flott_syntax::ast::JsonFunction as J;
            match &**function {
                J::ObjectAggregate { entry, .. } => {
                    binder.bind(&entry.key, self)?;
                    binder.bind(&entry.value.value, self)?;
                    return Ok(());
                }
                J::ArrayAggregate { value, .. } => return binder.bind(&value.value, self).map(drop),
                _ => {}
            }
        }
        binder.bind(syntax, self).map(drop)
    }

    /// The variable that all names have; `None` for all rows.
    fn variables(self, syntax: &ast::Expression) -> Result<Option<Vec<usize>>> {
        let mut seen = self.seen.into_iter();
        let Some(first) = seen.next() else { return Ok(None) };
        if seen.any(|other| other != first) {
            return Err(SqlError::at(syntax.span, format!("Multiple pattern variables in '{syntax}'")));
        }
        Ok(first)
    }
}

impl Intercept for Recorder<'_> {
    fn intercept(&mut self, syntax: &ast::Expression, _: &ExpressionBinder<'_>) -> Result<Option<Expression>> {
        match &syntax.kind {
            ExpressionKind::Name(name) => self.seen.push(self.formulas.variables_of(name)),
            ExpressionKind::Function(call) if call.over.is_none() => refuse_nested(call, syntax, syntax.span)?,
            _ => {}
        }
        Ok(None)
    }
}

fn refuse_nested(call: &FunctionCall, syntax: &ast::Expression, span: Span) -> Result<()> {
    let name = simple_name(call);
    if aggregate_of_name(&name).is_some() {
        return Err(SqlError::at(span, format!("Cannot use aggregation in navigation '{syntax}'")));
    }
    let is_navigation =
        ["FIRST", "LAST", "PREV", "NEXT", "CLASSIFIER", "MATCH_NUMBER", "MATCH_ROWTIME", "MATCH_PROCTIME"];
    if is_navigation.contains(&name.as_str()) {
        return Err(SqlError::not_supported(span, format!("{name} within another navigation or an aggregate")));
    }
    Ok(())
}
