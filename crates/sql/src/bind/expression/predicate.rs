//! Conditions: IS, BETWEEN, LIKE, IN and quantified comparisons.

use flott_expression::{Expression, catalogue};
use flott_record::{DataType, TypeKind};
use flott_syntax::Span;
use flott_syntax::ast::{self, ExpressionKind, InSet, IsTest, JsonItemKind, LikeKind};

use crate::bind::expression::call::{coerce, resolved, sql_type};
use crate::bind::expression::operator::{connective, negation, operator_name, rows_equal};
use crate::bind::expression::{ExpressionBinder, Intercept};
use crate::error::{Result, SqlError};

impl ExpressionBinder<'_> {
    pub(super) fn is_test(
        &self,
        operand: &ast::Expression,
        negated: bool,
        test: IsTest,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let what = match test {
            IsTest::Null => "NULL",
            IsTest::True => "TRUE",
            IsTest::False => "FALSE",
            IsTest::Unknown => "UNKNOWN",
            IsTest::Set => return Err(SqlError::not_supported(span, "IS A SET")),
            IsTest::Empty => return Err(SqlError::not_supported(span, "IS EMPTY")),
            IsTest::Json(JsonItemKind::Value) => "JSON VALUE",
            IsTest::Json(JsonItemKind::Object) => "JSON OBJECT",
            IsTest::Json(JsonItemKind::Array) => "JSON ARRAY",
            IsTest::Json(JsonItemKind::Scalar) => "JSON SCALAR",
        };
        let name = if negated { format!("IS NOT {what}") } else { format!("IS {what}") };
        resolved(&name, vec![self.bind(operand, intercept)?], span)
    }

    pub(super) fn is_distinct_from(
        &self,
        left: &ast::Expression,
        right: &ast::Expression,
        negated: bool,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let name = if negated { "IS NOT DISTINCT FROM" } else { "IS DISTINCT FROM" };
        resolved(name, vec![self.bind(left, intercept)?, self.bind(right, intercept)?], span)
    }

    /// `a BETWEEN low AND high` is `a >= low AND a <= high`.
    pub(super) fn between(&self, expression: &ast::Expression, intercept: &mut dyn Intercept) -> Result<Expression> {
        let span = expression.span;
        let ExpressionKind::Between { operand, low, high, negated, symmetric } = &expression.kind else {
            return Err(SqlError::not_supported(span, "this condition"));
        };
        let operand = self.bind(operand, intercept)?;
        let (low, high) = (self.bind(low, intercept)?, self.bind(high, intercept)?);
        let range = |low: &Expression, high: &Expression| -> Result<Expression> {
            let above = resolved(">=", vec![operand.clone(), low.clone()], span)?;
            let below = resolved("<=", vec![operand.clone(), high.clone()], span)?;
            connective("AND", vec![above, below], span)
        };
        let mut bound = range(&low, &high)?;
        if *symmetric {
            bound = connective("OR", vec![bound, range(&high, &low)?], span)?;
        }
        if *negated { negation(bound, span) } else { Ok(bound) }
    }

    pub(super) fn like(&self, expression: &ast::Expression, intercept: &mut dyn Intercept) -> Result<Expression> {
        let span = expression.span;
        let ExpressionKind::Like { operand, kind, negated, pattern, escape } = &expression.kind else {
            return Err(SqlError::not_supported(span, "this condition"));
        };
        let name = match kind {
            LikeKind::Like => "LIKE",
            LikeKind::SimilarTo => "SIMILAR TO",
            LikeKind::ILike => return Err(SqlError::not_supported(span, "ILIKE")),
            LikeKind::RLike => return Err(SqlError::not_supported(span, "RLIKE; use REGEXP(text, pattern)")),
        };
        let mut arguments = vec![self.bind(operand, intercept)?, self.bind(pattern, intercept)?];
        if let Some(escape) = escape {
            arguments.push(self.bind(escape, intercept)?);
        }
        let bound = resolved(name, arguments, span)?;
        if *negated { negation(bound, span) } else { Ok(bound) }
    }

    pub(super) fn in_set(
        &self,
        operand: &ast::Expression,
        negated: bool,
        set: &InSet,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let InSet::Values(values) = set else {
            return Err(SqlError::not_supported(span, "IN (query) here"));
        };
        let bound = match &operand.kind {
            ExpressionKind::Row(fields) => self.row_in(fields, values, span, intercept)?,
            _ => {
                let mut arguments = vec![self.bind(operand, intercept)?];
                arguments.extend(self.bind_all(values, intercept)?);
                match texts_beside_times(&arguments) {
                    true => any_equal(arguments, span)?,
                    false => resolved("IN", unified(arguments, span)?, span)?,
                }
            }
        };
        if negated { negation(bound, span) } else { Ok(bound) }
    }

    /// `(a, b) IN ((1, 2), (3, 4))`
    fn row_in(
        &self,
        fields: &[ast::Expression],
        values: &[ast::Expression],
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let fields = self.bind_all(fields, intercept)?;
        let mut alternatives = Vec::with_capacity(values.len());
        for value in values {
            let ExpressionKind::Row(cells) = &value.kind else {
                return Err(SqlError::at(value.span, "Values passed to IN operator must have compatible types"));
            };
            alternatives.push(rows_equal(fields.clone(), self.bind_all(cells, intercept)?, span)?);
        }
        match alternatives.len() {
            1 => Ok(alternatives.remove(0)),
            _ => connective("OR", alternatives, span),
        }
    }

    /// `a = ANY (..)` is `a = .. OR a = ..`; ALL likewise with AND.
    pub(super) fn quantified(
        &self,
        left: &ast::Expression,
        operator: ast::BinaryOperator,
        quantifier: ast::ComparisonQuantifier,
        set: &InSet,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let InSet::Values(values) = set else {
            return Err(SqlError::not_supported(span, "a comparison with ANY or ALL of a query"));
        };
        let left = self.bind(left, intercept)?;
        let name = operator_name(operator, span)?;
        let values = self.bind_all(values, intercept)?.into_iter();
        let compared: Result<Vec<Expression>> =
            values.map(|value| resolved(name, vec![left.clone(), value], span)).collect();
        let mut compared = compared?;
        match (compared.len(), quantifier) {
            (1, _) => Ok(compared.remove(0)),
            (_, ast::ComparisonQuantifier::Any) => connective("OR", compared, span),
            (_, ast::ComparisonQuantifier::All) => connective("AND", compared, span),
        }
    }
}

/// Whether IN compares dates or times with texts, which are read as such.
fn texts_beside_times(operands: &[Expression]) -> bool {
    let is = |test: fn(&TypeKind) -> bool| move |operand: &&Expression| test(&operand.data_type().kind);
    let times = operands.iter().filter(is(TypeKind::is_datetime)).count();
    let texts = operands.iter().filter(is(TypeKind::is_character)).count();
    times > 0 && texts > 0 && times + texts == operands.len()
}

/// `a = b OR a = c …` of the first operand.
fn any_equal(operands: Vec<Expression>, span: Span) -> Result<Expression> {
    let mut operands = operands.into_iter();
    let Some(first) = operands.next() else { return Err(SqlError::at(span, "IN compares nothing")) };
    let equal = operands.map(|operand| resolved("=", vec![first.clone(), operand], span));
    let mut equal = equal.collect::<Result<Vec<Expression>>>()?;
    if equal.len() == 1 { Ok(equal.remove(0)) } else { connective("OR", equal, span) }
}

/// The operands of IN in their common type.
fn unified(arguments: Vec<Expression>, span: Span) -> Result<Vec<Expression>> {
    let types: Vec<&DataType> = arguments.iter().map(Expression::data_type).collect();
    let Some(common) = catalogue::common_type(&types) else {
        let types: Vec<String> = types.iter().map(|data_type| sql_type(&data_type.kind)).collect();
        let message = format!("Values passed to IN operator must have compatible types: {}", types.join(", "));
        return Err(SqlError::at(span, message));
    };
    if common.kind == TypeKind::Null {
        return Ok(arguments);
    }
    Ok(arguments.into_iter().map(|argument| coerce(argument, &common)).collect())
}
