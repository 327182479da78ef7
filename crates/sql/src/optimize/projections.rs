//! Projections of projections become one, unless an expression that is costly or not deterministic would be computed twice.

use flott_expression::Expression;

use super::filters::substitute;
use super::rewrite_inputs;
use crate::bind::query::is_deterministic;
use crate::relation::{Relation, RelationKind, RelationRef};

/// The relation with its projections merged.
pub(super) fn merge(relation: RelationRef) -> RelationRef {
    let relation = rewrite_inputs(&relation, &mut merge);
    let RelationKind::Project { input, expressions } = &relation.kind else { return relation };
    if *expressions == input.identity() {
        // Only names differ: the input takes them.
        return Relation::new(input.kind.clone(), relation.columns.clone());
    }
    let RelationKind::Project { input: below, expressions: inner } = &input.kind else { return relation };
    if !can_merge(expressions, inner) {
        return relation;
    }
    let merged: Vec<Expression> = expressions.iter().map(|outer| substitute(outer.clone(), inner)).collect();
    Relation::new(RelationKind::Project { input: below.clone(), expressions: merged }, relation.columns.clone())
}

/// Whether no computed inner column is used more than once and all are deterministic.
fn can_merge(outer: &[Expression], inner: &[Expression]) -> bool {
    let mut uses = vec![0usize; inner.len()];
    outer.iter().for_each(|expression| expression.visit_columns(&mut |column| uses[column] += 1));
    inner.iter().zip(uses).all(|(expression, uses)| uses <= 1 || is_cheap(expression))
        && inner.iter().all(is_deterministic)
}

/// A column, a constant, or a field of a row.
fn is_cheap(expression: &Expression) -> bool {
    match expression {
        Expression::Column { .. } | Expression::Literal { .. } => true,
        Expression::Call { function, arguments, .. } => function == "FIELD" && arguments.iter().all(is_cheap),
        _ => false,
    }
}
