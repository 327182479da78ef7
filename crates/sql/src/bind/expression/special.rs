//! Functions with a syntax of their own: EXTRACT, FLOOR TO, TIMESTAMPADD, TIMESTAMPDIFF, TRIM.
//!
//! Units and flags become STRING literals, the canonical call forms of the catalogue.

use flott_expression::Expression;
use flott_record::{TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{self, RoundDirection, TimeUnit, TrimSide};

use crate::bind::expression::call::resolved;
use crate::bind::expression::interval::unit_name;
use crate::bind::expression::{ExpressionBinder, Intercept};
use crate::error::Result;

impl ExpressionBinder<'_> {
    pub(super) fn extract(
        &self,
        unit: TimeUnit,
        operand: &ast::Expression,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        resolved("EXTRACT", vec![flag(unit_name(unit)), self.bind(operand, intercept)?], span)
    }

    pub(super) fn round_to_unit(
        &self,
        direction: RoundDirection,
        operand: &ast::Expression,
        unit: TimeUnit,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let name = match direction {
            RoundDirection::Floor => "FLOOR",
            RoundDirection::Ceil => "CEIL",
        };
        resolved(name, vec![self.bind(operand, intercept)?, flag(unit_name(unit))], span)
    }

    pub(super) fn timestamp_add(
        &self,
        unit: TimeUnit,
        count: &ast::Expression,
        timestamp: &ast::Expression,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let arguments = vec![flag(unit_name(unit)), self.bind(count, intercept)?, self.bind(timestamp, intercept)?];
        resolved("TIMESTAMPADD", arguments, span)
    }

    pub(super) fn timestamp_diff(
        &self,
        unit: TimeUnit,
        from: &ast::Expression,
        to: &ast::Expression,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let arguments = vec![flag(unit_name(unit)), self.bind(from, intercept)?, self.bind(to, intercept)?];
        resolved("TIMESTAMPDIFF", arguments, span)
    }

    pub(super) fn trim(
        &self,
        side: TrimSide,
        characters: Option<&ast::Expression>,
        operand: &ast::Expression,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let side = match side {
            TrimSide::Both => "BOTH",
            TrimSide::Leading => "LEADING",
            TrimSide::Trailing => "TRAILING",
        };
        let characters = match characters {
            Some(characters) => self.bind(characters, intercept)?,
            None => Expression::literal(Value::String(" ".to_string()), TypeKind::Char(1).not_null()),
        };
        resolved("TRIM", vec![flag(side), characters, self.bind(operand, intercept)?], span)
    }
}

/// A word of the syntax as an argument.
pub(super) fn flag(word: &str) -> Expression {
    Expression::literal(Value::String(word.to_string()), TypeKind::string().not_null())
}
