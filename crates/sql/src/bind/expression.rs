//! Expressions: from syntax to typed trees, with every cast that SQL leaves implicit.

use flott_expression::Expression;
use flott_syntax::ast;

use crate::bind::scope::Scope;
use crate::error::{Result, SqlError};

/// Sees every syntax node before it is bound, children after parents; what it returns stands for the node. GROUP BY, aggregates, OVER and
/// sub-queries are bound this way.
pub trait Intercept {
    /// The expression for a node, or `None` to bind it as usual.
    ///
    /// # Errors
    /// If the node is not allowed here.
    fn intercept(
        &mut self,
        expression: &ast::Expression,
        binder: &ExpressionBinder<'_>,
    ) -> Result<Option<Expression>>;
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
}

impl ExpressionBinder<'_> {
    /// The typed expression.
    ///
    /// # Errors
    /// Unknown names, wrong types, constructs that are not supported; all with their place.
    pub fn bind(&self, expression: &ast::Expression, intercept: &mut dyn Intercept) -> Result<Expression> {
        if let Some(bound) = intercept.intercept(expression, self)? {
            return Ok(bound);
        }
        Err(SqlError::not_supported(expression.span, "this expression"))
    }
}
