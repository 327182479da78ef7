//! Constants: sub-expressions without columns become literals, and what a constantly false filter leaves empty is planned as empty.
//!
//! As in Flink an aggregate without keys over nothing becomes its one constant row, which such a query would otherwise never emit while
//! streaming. What fails when evaluated (a division by zero, say) stays an expression: it may never be reached.

use flott_evaluation::Session;
use flott_evaluation::evaluator::evaluate_constant;
use flott_expression::aggregate::AggregateFunction;
use flott_expression::{AggregateCall, Expression};
use flott_record::Value;

use crate::bind::query::is_deterministic;
use crate::optimize::rewrite_inputs;
use crate::relation::{Relation, RelationKind, RelationRef};

/// The relation with its constants computed.
pub(super) fn fold(relation: RelationRef, session: &Session) -> RelationRef {
    let relation = rewrite_inputs(&relation, &mut |input| fold(input, session));
    match &relation.kind {
        RelationKind::Filter { input, condition } => {
            let condition = fold_expression(condition.clone(), session);
            if is_never_true(&condition) {
                return nothing(&relation);
            }
            let kind = RelationKind::Filter { input: input.clone(), condition };
            pruned(Relation::new(kind, relation.columns.clone()))
        }
        RelationKind::Project { input, expressions } => {
            let expressions = expressions.iter().map(|one| fold_expression(one.clone(), session)).collect();
            let kind = RelationKind::Project { input: input.clone(), expressions };
            pruned(Relation::new(kind, relation.columns.clone()))
        }
        _ => pruned(relation),
    }
}

/// The expression with each constant part computed.
fn fold_expression(expression: Expression, session: &Session) -> Expression {
    expression.transform(&mut |node| {
        let is_leaf = matches!(node, Expression::Literal { .. } | Expression::Column { .. });
        let is_constant = |child: &&Expression| matches!(child, Expression::Literal { .. });
        if is_leaf || !node.children().iter().all(is_constant) || !is_deterministic(&node) {
            return node;
        }
        match evaluate_constant(&node, session) {
            Ok(value) => Expression::literal(value, node.data_type().clone()),
            Err(_) => node,
        }
    })
}

/// Whether no row can pass.
fn is_never_true(condition: &Expression) -> bool {
    match condition {
        Expression::Literal { value, .. } => !matches!(value, Value::Boolean(true)),
        Expression::Call { function, arguments, .. } if function == "AND" => arguments.iter().any(is_never_true),
        _ => false,
    }
}

fn nothing(relation: &RelationRef) -> RelationRef {
    Relation::new(RelationKind::Values { rows: Vec::new() }, relation.columns.clone())
}

fn is_nothing(relation: &RelationRef) -> bool {
    matches!(&relation.kind, RelationKind::Values { rows } if rows.is_empty())
}

/// What is left of a relation where inputs are empty.
fn pruned(relation: RelationRef) -> RelationRef {
    match &relation.kind {
        RelationKind::Filter { input, .. } | RelationKind::Project { input, .. } if is_nothing(input) => {
            nothing(&relation)
        }
        RelationKind::Aggregate { input, keys, calls } if is_nothing(input) => {
            if !keys.is_empty() {
                return nothing(&relation);
            }
            match calls.iter().map(of_no_rows).collect() {
                Some(row) => Relation::new(RelationKind::Values { rows: vec![row] }, relation.columns.clone()),
                None => relation,
            }
        }
        RelationKind::Union { inputs } if inputs.iter().any(is_nothing) => {
            let mut kept: Vec<RelationRef> = inputs.iter().filter(|input| !is_nothing(input)).cloned().collect();
            match kept.len() {
                0 => nothing(&relation),
                1 if kept[0].columns == relation.columns => kept.remove(0),
                1 => {
                    let expressions = kept[0].identity();
                    let kind = RelationKind::Project { input: kept.remove(0), expressions };
                    Relation::new(kind, relation.columns.clone())
                }
                _ => Relation::new(RelationKind::Union { inputs: kept }, relation.columns.clone()),
            }
        }
        _ => relation,
    }
}

/// The result of an aggregate over no rows, of those for which it is 0 or NULL.
fn of_no_rows(call: &AggregateCall) -> Option<Value> {
    use AggregateFunction as F;
    match call.function {
        F::Count => Some(Value::BigInt(0)),
        F::Sum | F::Avg | F::Min | F::Max | F::FirstValue | F::LastValue | F::ListAgg => Some(Value::Null),
        F::StddevPop | F::StddevSamp | F::VarPop | F::VarSamp => Some(Value::Null),
        _ => None,
    }
}
