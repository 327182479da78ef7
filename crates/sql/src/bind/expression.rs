//! Expressions: from syntax to typed trees, with every cast that SQL leaves implicit.
//!
//! One file a topic: literals, intervals, operators, conditions, calls, functions with a syntax of their own, JSON, constructors.

pub(crate) mod call;
mod conditional;
mod constructor;
mod interval;
pub(crate) mod json;
mod literal;
mod operator;
mod predicate;
mod refusal;
mod special;

use flott_expression::Expression;
use flott_syntax::ast::{self, ExpressionKind as Kind};

use crate::bind::scope::{Scope, access_fields};
use crate::catalog::ObjectLookup;
use crate::error::{Result, SqlError};

/// Characters of an expression's text that an error at run time shows: a line of a terminal.
const EXPRESSION_TEXT_CHARS_MAX: usize = 100;

/// Sees every syntax node before it is bound, children after parents; what it returns stands for the node. GROUP BY, aggregates, OVER and
/// sub-queries are bound this way.
pub trait Intercept {
    /// The expression for a node, or `None` to bind it as usual.
    ///
    /// # Errors
    /// If the node is not allowed here.
    fn intercept(&mut self, expression: &ast::Expression, binder: &ExpressionBinder<'_>) -> Result<Option<Expression>>;
}

/// Intercepts nothing; aggregates, OVER and sub-queries are then errors.
pub struct NoIntercept;

impl Intercept for NoIntercept {
    fn intercept(&mut self, _: &ast::Expression, _: &ExpressionBinder<'_>) -> Result<Option<Expression>> {
        Ok(None)
    }
}

/// Binds expressions of one scope.
pub struct ExpressionBinder<'a> {
    /// What names mean.
    pub scope: &'a Scope,
    /// `table.local-time-zone`.
    pub time_zone: &'a str,
    /// What functions users named, and which database is current; `None` where there is no catalog.
    pub objects: Option<&'a dyn ObjectLookup>,
}

impl ExpressionBinder<'_> {
    /// The typed expression.
    ///
    /// # Errors
    /// Unknown names, wrong types, constructs that are not supported; all with their place.
    pub fn bind(&self, expression: &ast::Expression, intercept: &mut dyn Intercept) -> Result<Expression> {
        if let Some(function) = json::of_plain_call(expression) {
            return self.bind(&function, intercept);
        }
        if let Some(bound) = intercept.intercept(expression, self)? {
            return Ok(bound);
        }
        let bound = self.bind_kind(expression, intercept).map_err(|error| error.or_at(expression.span))?;
        Ok(bound.with_text(|| shortened(expression)))
    }

    fn bind_kind(&self, expression: &ast::Expression, intercept: &mut dyn Intercept) -> Result<Expression> {
        let span = expression.span;
        match &expression.kind {
            Kind::Literal(literal) => literal::bind(literal),
            Kind::Name(name) => self.scope.resolve(name),
            Kind::Unary { operator, operand } => self.unary(*operator, operand, span, intercept),
            Kind::Binary { left, operator, right } => self.binary(left, *operator, right, span, intercept),
            Kind::Is { operand, negated, test } => self.is_test(operand, *negated, *test, span, intercept),
            Kind::IsDistinctFrom { left, right, negated } => {
                self.is_distinct_from(left, right, *negated, span, intercept)
            }
            Kind::Between { .. } => self.between(expression, intercept),
            Kind::Like { .. } => self.like(expression, intercept),
            Kind::In { operand, negated, set } => self.in_set(operand, *negated, set, span, intercept),
            Kind::Quantified { left, operator, quantifier, set } => {
                self.quantified(left, *operator, *quantifier, set, span, intercept)
            }
            Kind::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref(), span, intercept)
            }
            Kind::Cast { operand, data_type, null_on_failure } => {
                self.cast(operand, data_type, *null_on_failure, span, intercept)
            }
            Kind::Function(call) => self.function(call, intercept),
            Kind::Json(function) => self.json(function, span, intercept),
            Kind::Field { operand, field } => {
                access_fields(self.bind(operand, intercept)?, std::slice::from_ref(field))
            }
            Kind::Item { container, index } => {
                let arguments = vec![self.bind(container, intercept)?, self.bind(index, intercept)?];
                call::resolved("ITEM", arguments, span)
            }
            Kind::Row(_) | Kind::Array(_) | Kind::Map(_) | Kind::Multiset(_) => self.constructor(expression, intercept),
            _ => self.bind_special(expression, intercept),
        }
    }

    /// Functions with a syntax of their own.
    fn bind_special(&self, expression: &ast::Expression, intercept: &mut dyn Intercept) -> Result<Expression> {
        let span = expression.span;
        match &expression.kind {
            Kind::Extract { unit, operand } => self.extract(*unit, operand, span, intercept),
            Kind::RoundToUnit { direction, operand, unit } => {
                self.round_to_unit(*direction, operand, *unit, span, intercept)
            }
            Kind::TimestampAdd { unit, count, timestamp } => {
                self.timestamp_add(*unit, count, timestamp, span, intercept)
            }
            Kind::TimestampDiff { unit, from, to } => self.timestamp_diff(*unit, from, to, span, intercept),
            Kind::Trim { side, characters, operand } => {
                self.trim(*side, characters.as_deref(), operand, span, intercept)
            }
            Kind::Interval { amount, qualifier } => self.interval_of(amount, qualifier, span, intercept),
            Kind::Elapsed { difference, qualifier } => self.elapsed(difference, qualifier, span, intercept),
            other => Err(SqlError::not_supported(span, construct_name(other))),
        }
    }
}

/// An expression's text for errors at run time, cut where it is long.
fn shortened(expression: &ast::Expression) -> String {
    let text = expression.to_string();
    match text.char_indices().nth(EXPRESSION_TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What a construct that is not supported here is called.
fn construct_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Exists(_) => "EXISTS here",
        Kind::Unique(_) => "UNIQUE (query)",
        Kind::Subquery(_) => "a sub-query here",
        Kind::ArrayQuery(_) => "ARRAY(query)",
        Kind::MapQuery(_) => "MAP(query)",
        Kind::MultisetQuery(_) => "MULTISET(query)",
        Kind::Default => "DEFAULT here",
        Kind::Parameter(_) => "dynamic parameters (?)",
        Kind::Descriptor(_) => "DESCRIPTOR outside of a table function",
        Kind::Table(_) => "a table as an argument here",
        Kind::Model(_) => "MODEL",
        Kind::MatchSemantics { .. } => "FINAL and RUNNING",
        Kind::QualifiedWildcard(_) => "t.* here",
        Kind::SequenceValue { .. } => "sequences (NEXT VALUE FOR)",
        _ => "this expression",
    }
}

/// The name that an expression of SELECT has without AS: a column keeps the last part of its name, a field access the field's;
/// `None` for all others, which the planner then names `EXPR$n`.
pub fn output_name(expression: &ast::Expression) -> Option<String> {
    match &expression.kind {
        Kind::Name(name) => name.last().map(|part| part.value.clone()),
        Kind::Field { field, .. } => Some(field.value.clone()),
        _ => None,
    }
}

/// `a = b`, with the casts that SQL leaves implicit.
///
/// # Errors
/// If the types cannot be compared.
pub fn equality(a: Expression, b: Expression) -> Result<Expression> {
    call::resolved_anywhere("=", vec![a, b])
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
