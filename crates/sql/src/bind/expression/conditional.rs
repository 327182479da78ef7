//! CASE and CAST.

use flott_expression::catalogue;
use flott_expression::{CastMode, Expression, Written};
use flott_record::{DataType, TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{self, CaseBranch};

use crate::bind::data_type::bind_data_type;
use crate::bind::expression::call::{coerce, resolved, sql_type};
use crate::bind::expression::operator::connective;
use crate::bind::expression::{ExpressionBinder, Intercept, interval};
use crate::error::{Result, SqlError};

/// A NULL of a type can be cast to some types to which no other value of its type can.
fn is_castable_null(input: &Expression, target: &TypeKind) -> bool {
    let kind = &input.data_type().kind;
    let is_allowed = kind.is_character() && (target.is_interval() || matches!(target, TypeKind::Array(_)))
        || kind.is_numeric() && target.is_timestamp();
    input.is_null_literal() && is_allowed
}

impl ExpressionBinder<'_> {
    pub(super) fn case(
        &self,
        operand: Option<&ast::Expression>,
        branches: &[CaseBranch],
        otherwise: Option<&ast::Expression>,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let operand = operand.map(|operand| self.bind(operand, intercept)).transpose()?;
        let mut bound = Vec::with_capacity(branches.len());
        for branch in branches {
            let condition = self.case_condition(operand.as_ref(), branch, intercept)?;
            bound.push((condition, self.bind(&branch.result, intercept)?));
        }
        let otherwise = match otherwise {
            Some(otherwise) => self.bind(otherwise, intercept)?,
            None => Expression::literal(Value::Null, TypeKind::Null.nullable()),
        };
        let results: Vec<&DataType> =
            bound.iter().map(|(_, result)| result.data_type()).chain([otherwise.data_type()]).collect();
        let data_type = catalogue::common_type(&results)
            .ok_or_else(|| SqlError::at(span, "Illegal mixing of types in CASE or COALESCE statement"))?;
        if data_type.kind == TypeKind::Null {
            return Err(SqlError::at(span, "ELSE clause or at least one THEN clause must be non-NULL"));
        }
        let branches = bound.into_iter().map(|(when, then)| (when, coerce(then, &data_type))).collect();
        let otherwise = Box::new(coerce(otherwise, &data_type));
        Ok(Expression::Case { branches, otherwise, data_type })
    }

    fn case_condition(
        &self,
        operand: Option<&Expression>,
        branch: &CaseBranch,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let mut conditions = Vec::with_capacity(branch.conditions.len());
        for condition in &branch.conditions {
            let bound = self.bind(condition, intercept)?;
            conditions.push(match operand {
                Some(operand) => resolved("=", vec![operand.clone(), bound], condition.span)?,
                None if matches!(bound.data_type().kind, TypeKind::Boolean | TypeKind::Null) => {
                    coerce(bound, &TypeKind::Boolean.nullable())
                }
                None => {
                    let message = format!("Expected a boolean type in WHEN, not {}", sql_type(&bound.data_type().kind));
                    return Err(SqlError::at(condition.span, message));
                }
            });
        }
        match conditions.len() {
            1 => Ok(conditions.remove(0)),
            _ => connective("OR", conditions, branch.result.span),
        }
    }

    pub(super) fn cast(
        &self,
        operand: &ast::Expression,
        data_type: &ast::DataType,
        null_on_failure: bool,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let input = self.bind(operand, intercept)?;
        let target = bind_data_type(data_type)?;
        if let ast::DataTypeKind::Interval(qualifier) = &data_type.kind
            && let Some(interval) = interval::of_number(&input, qualifier)?
        {
            return Ok(interval);
        }
        if !catalogue::can_cast(input.data_type(), &target) && !is_castable_null(&input, &target.kind) {
            if let Some(advice) = catalogue::cast_advice(input.data_type(), &target) {
                return Err(SqlError::at(span, advice));
            }
            let to = match &data_type.kind {
                ast::DataTypeKind::Interval(qualifier) => format!("INTERVAL {qualifier}"),
                _ => sql_type(&target.kind),
            };
            let from = sql_type(&input.data_type().kind);
            return Err(SqlError::at(span, format!("Cast function cannot convert value of type {from} to type {to}")));
        }
        if input.is_null_literal() {
            return Ok(Expression::literal(Value::Null, target.with_nullable(true)));
        }
        if input.data_type().kind == target.kind && !null_on_failure {
            return Ok(input);
        }
        let nullable = input.data_type().nullable || null_on_failure;
        let mode = if null_on_failure { CastMode::TryCast } else { CastMode::Cast };
        let written = Written::default();
        Ok(Expression::Cast { input: Box::new(input), data_type: target.with_nullable(nullable), mode, written })
    }
}
