//! Unary and binary operators.

use flott_expression::{Expression, catalogue};
use flott_record::{TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{self, BinaryOperator as Op, ExpressionKind, UnaryOperator};

use crate::bind::expression::call::{coerce, resolved, wrong_arguments};
use crate::bind::expression::{ExpressionBinder, Intercept, interval};
use crate::error::{Result, SqlError};

impl ExpressionBinder<'_> {
    pub(super) fn unary(
        &self,
        operator: UnaryOperator,
        operand: &ast::Expression,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let operand = self.bind(operand, intercept)?;
        match operator {
            UnaryOperator::Not => negation(operand, span),
            UnaryOperator::Plus if operand.data_type().kind.is_numeric() || operand.data_type().kind.is_interval() => {
                Ok(operand)
            }
            UnaryOperator::Plus => Err(SqlError::at(span, wrong_arguments("+", "+<NUMERIC>", &[operand]))),
            UnaryOperator::Minus => match negated_literal(&operand) {
                Some(literal) => Ok(literal),
                None => resolved("-", vec![operand], span),
            },
        }
    }

    pub(super) fn binary(
        &self,
        left: &ast::Expression,
        operator: Op,
        right: &ast::Expression,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        if let (ExpressionKind::Row(left), ExpressionKind::Row(right)) = (&left.kind, &right.kind) {
            return self.binary_of_rows(left, operator, right, span, intercept);
        }
        let operands = vec![self.bind(left, intercept)?, self.bind(right, intercept)?];
        match operator {
            Op::And => connective("AND", operands, span),
            Op::Or => connective("OR", operands, span),
            _ => resolved(operator_name(operator, span)?, operands, span),
        }
    }

    /// `(a, b) = (c, d)` compares pair by pair; `OVERLAPS` takes two periods.
    fn binary_of_rows(
        &self,
        left: &[ast::Expression],
        operator: Op,
        right: &[ast::Expression],
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let left = self.bind_all(left, intercept)?;
        let right = self.bind_all(right, intercept)?;
        match operator {
            Op::Equal => rows_equal(left, right, span),
            Op::NotEqual => negation(rows_equal(left, right, span)?, span),
            Op::Overlaps => resolved("OVERLAPS", left.into_iter().chain(right).collect(), span),
            _ => Err(SqlError::not_supported(span, "this operator between rows")),
        }
    }

    /// Each expression, bound.
    pub(super) fn bind_all(
        &self,
        expressions: &[ast::Expression],
        intercept: &mut dyn Intercept,
    ) -> Result<Vec<Expression>> {
        expressions.iter().map(|expression| self.bind(expression, intercept)).collect()
    }

    /// `INTERVAL amount unit` with an amount that is no literal: so many times one unit.
    pub(super) fn interval_of(
        &self,
        amount: &ast::Expression,
        qualifier: &ast::IntervalQualifier,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        if qualifier.end.is_some() {
            return Err(SqlError::not_supported(qualifier.span, "INTERVAL of an expression with TO"));
        }
        let (size, _) = interval::unit_size(qualifier.start).ok_or_else(|| {
            let unit = interval::unit_name(qualifier.start);
            SqlError::not_supported(qualifier.span, format!("intervals of {unit}"))
        })?;
        let unit = interval::of_total(size, qualifier)?;
        resolved("*", vec![unit, self.bind(amount, intercept)?], span)
    }

    /// `(a - b) DAY TO SECOND`: months for years and months, else milliseconds.
    pub(super) fn elapsed(
        &self,
        difference: &ast::Expression,
        qualifier: &ast::IntervalQualifier,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let ast::ExpressionKind::Binary { left, right, .. } = &difference.kind else {
            return Err(SqlError::not_supported(span, "an interval qualifier behind anything but a difference"));
        };
        let (to, from) = (self.bind(left, intercept)?, self.bind(right, intercept)?);
        let kind = match interval::unit_size(qualifier.start) {
            Some((_, true)) => TypeKind::IntervalYearMonth,
            Some((_, false)) => TypeKind::IntervalDayTime,
            None => {
                let unit = interval::unit_name(qualifier.start);
                return Err(SqlError::not_supported(qualifier.span, format!("intervals of {unit}")));
            }
        };
        let common = catalogue::common_type(&[to.data_type(), from.data_type()]);
        match common.filter(|common| common.kind.is_datetime()) {
            Some(common) => {
                let result = kind.nullable().with_nullable(common.nullable);
                Ok(Expression::call("-", vec![coerce(to, &common), coerce(from, &common)], result))
            }
            None => Err(SqlError::at(span, wrong_arguments("-", "<DATETIME> - <DATETIME>", &[to, from]))),
        }
    }
}

/// Rows are equal where all their fields are.
pub(super) fn rows_equal(left: Vec<Expression>, right: Vec<Expression>, span: Span) -> Result<Expression> {
    if left.len() != right.len() {
        return Err(SqlError::at(span, "Unequal number of entries in ROW expressions"));
    }
    let pairs = left.into_iter().zip(right).map(|(left, right)| resolved("=", vec![left, right], span));
    let pairs: Result<Vec<Expression>> = pairs.collect();
    Expression::conjunction(pairs?).ok_or_else(|| SqlError::at(span, "an empty row cannot be compared"))
}

/// `NOT operand`
pub(super) fn negation(operand: Expression, span: Span) -> Result<Expression> {
    let [operand] = booleans("NOT", vec![operand], span)?.try_into().map_err(|_| SqlError::at(span, "NOT"))?;
    let data_type = operand.data_type().clone();
    Ok(Expression::call("NOT", vec![operand], data_type))
}

/// AND or OR of all operands; nested ones of the same kind are taken apart.
pub(super) fn connective(name: &str, operands: Vec<Expression>, span: Span) -> Result<Expression> {
    let operands = booleans(name, operands, span)?;
    let mut flat = Vec::with_capacity(operands.len());
    for operand in operands {
        match operand {
            Expression::Call { function, arguments, .. } if function == name => flat.extend(arguments),
            other => flat.push(other),
        }
    }
    let nullable = flat.iter().any(|operand| operand.data_type().nullable);
    Ok(Expression::call(name, flat, TypeKind::Boolean.nullable().with_nullable(nullable)))
}

fn booleans(name: &str, operands: Vec<Expression>, span: Span) -> Result<Vec<Expression>> {
    let fits = |operand: &Expression| matches!(operand.data_type().kind, TypeKind::Boolean | TypeKind::Null);
    if !operands.iter().all(fits) {
        let expected =
            if operands.len() == 1 { "NOT<BOOLEAN>".to_string() } else { format!("<BOOLEAN> {name} <BOOLEAN>") };
        return Err(SqlError::at(span, wrong_arguments(name, &expected, &operands)));
    }
    Ok(operands.into_iter().map(|operand| coerce(operand, &TypeKind::Boolean.nullable())).collect())
}

/// The constant with the opposite sign; `None` if there is none in its type.
fn negated_literal(operand: &Expression) -> Option<Expression> {
    let Expression::Literal { value, data_type } = operand else { return None };
    let negated = match value {
        Value::Int(value) => Value::Int(value.checked_neg()?),
        Value::BigInt(value) => Value::BigInt(value.checked_neg()?),
        Value::Decimal(unscaled, scale) => Value::Decimal(-unscaled, *scale),
        Value::Double(value) => Value::Double(-value),
        Value::IntervalDayTime(millis) => Value::IntervalDayTime(millis.checked_neg()?),
        Value::IntervalYearMonth(months) => Value::IntervalYearMonth(months.checked_neg()?),
        _ => return None,
    };
    Some(Expression::literal(negated, data_type.clone()))
}

/// Catalogue name of an operator between two values.
pub(super) fn operator_name(operator: Op, span: Span) -> Result<&'static str> {
    Ok(match operator {
        Op::Multiply => "*",
        Op::Divide => "/",
        Op::Remainder => "%",
        Op::Plus => "+",
        Op::Minus => "-",
        Op::Concatenate => "||",
        Op::Equal => "=",
        Op::NotEqual => "<>",
        Op::Less => "<",
        Op::LessOrEqual => "<=",
        Op::Greater => ">",
        Op::GreaterOrEqual => ">=",
        Op::And => "AND",
        Op::Or => "OR",
        Op::Overlaps => "OVERLAPS",
        Op::Contains
        | Op::PeriodEquals
        | Op::Precedes
        | Op::Succeeds
        | Op::ImmediatelyPrecedes
        | Op::ImmediatelySucceeds => {
            return Err(SqlError::not_supported(span, "period predicates other than OVERLAPS"));
        }
        Op::MultisetUnion
        | Op::MultisetUnionDistinct
        | Op::MultisetIntersect
        | Op::MultisetIntersectDistinct
        | Op::MultisetExcept
        | Op::MultisetExceptDistinct
        | Op::MemberOf
        | Op::SubmultisetOf => return Err(SqlError::not_supported(span, "multiset operators")),
    })
}
