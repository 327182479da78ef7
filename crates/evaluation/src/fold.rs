//! Constant folding.

use flott_expression::Expression;
use flott_expression::catalogue::is_deterministic;

use crate::evaluator::{Session, evaluate_constant};

/// The tree with each part that depends on no column and no moment replaced by its value.
///
/// A part that fails (a division by zero) stays as it is, as in Flink: it fails when a row reaches it.
pub fn fold(expression: Expression, session: &Session) -> Expression {
    expression.transform(&mut |node| fold_node(node, session))
}

fn fold_node(node: Expression, session: &Session) -> Expression {
    let deterministic = match &node {
        Expression::Column { .. } | Expression::Literal { .. } => return node,
        Expression::Call { function, arguments, .. } => is_deterministic(function, arguments.len()),
        Expression::Cast { .. } | Expression::Case { .. } => true,
    };
    let constant = node.children().iter().all(|child| matches!(child, Expression::Literal { .. }));
    if !deterministic || !constant {
        return node;
    }
    match evaluate_constant(&node, session) {
        Ok(value) => Expression::Literal { value, data_type: node.data_type().clone() },
        Err(_fails_when_reached) => node,
    }
}
