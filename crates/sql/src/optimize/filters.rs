//! Filters down: through projections, unions, keys of aggregates and windows, into joins.
//!
//! A filter never passes a watermark (which must see every row), a rank or an OVER (whose results depend on every row).

use flott_expression::Expression;
use flott_job::spec::JoinKind;

use super::rewrite_inputs;
use crate::bind::query::{always_true, is_deterministic};
use crate::bind::select::filtered;
use crate::relation::{Relation, RelationKind, RelationRef};

/// The relation with its filters as far down as they go.
pub(super) fn push_down(relation: RelationRef) -> RelationRef {
    match &relation.kind {
        RelationKind::Filter { input, condition } => push(input.clone(), condition.clone().conjuncts()),
        RelationKind::Join { .. } => push(relation, Vec::new()),
        _ => rewrite_inputs(&relation, &mut push_down),
    }
}

/// The input filtered by conjuncts, each put as far down as it goes.
fn push(input: RelationRef, conjuncts: Vec<Expression>) -> RelationRef {
    match &input.kind {
        RelationKind::Filter { input, condition } => {
            let mut all = condition.clone().conjuncts();
            all.extend(conjuncts);
            push(input.clone(), all)
        }
        RelationKind::Project { input: below, expressions } => {
            let passes = |conjunct: &Expression| {
                let mut fine = true;
                conjunct.visit_columns(&mut |column| fine &= is_deterministic(&expressions[column]));
                fine
            };
            let (down, stay): (Vec<_>, Vec<_>) = conjuncts.into_iter().partition(passes);
            let down = down.into_iter().map(|conjunct| substitute(conjunct, expressions)).collect();
            let below = push(below.clone(), down);
            filter(input.with_inputs(vec![below]), stay)
        }
        RelationKind::Hinted { input: below, .. } => input.with_inputs(vec![push(below.clone(), conjuncts)]),
        RelationKind::Union { inputs } => {
            let inputs = inputs.iter().map(|input| push(input.clone(), conjuncts.clone())).collect();
            input.with_inputs(inputs)
        }
        RelationKind::Aggregate { input: below, keys, .. } if !keys.is_empty() => {
            let (down, stay) = split(conjuncts, |column| keys.get(column).copied());
            filter(input.with_inputs(vec![push(below.clone(), down)]), stay)
        }
        RelationKind::Window { input: below, .. } => {
            let width = below.columns.len();
            let (down, stay) = split(conjuncts, |column| (column < width).then_some(column));
            filter(input.with_inputs(vec![push(below.clone(), down)]), stay)
        }
        RelationKind::Join { left, right, kind, condition } => {
            push_into_join(left, right, *kind, condition.clone(), conjuncts)
        }
        _ => {
            let below = rewrite_inputs(&input, &mut push_down);
            filter(below, conjuncts)
        }
    }
}

/// Conjuncts of which all columns have a place below, rewritten to it, and the others.
fn split(conjuncts: Vec<Expression>, below: impl Fn(usize) -> Option<usize>) -> (Vec<Expression>, Vec<Expression>) {
    let (down, stay): (Vec<_>, Vec<_>) = conjuncts.into_iter().partition(|conjunct| {
        let mut all = is_deterministic(conjunct);
        conjunct.visit_columns(&mut |column| all &= below(column).is_some());
        all
    });
    let down = down.into_iter().map(|conjunct| conjunct.remap_columns(&|column| below(column).unwrap_or(column)));
    (down.collect(), stay)
}

fn push_into_join(
    left: &RelationRef,
    right: &RelationRef,
    kind: JoinKind,
    condition: Expression,
    above: Vec<Expression>,
) -> RelationRef {
    let width = left.columns.len();
    let left_of = |column: usize| (column < width).then_some(column);
    let right_of = |column: usize| column.checked_sub(width);
    let mut on: Vec<Expression> = condition.conjuncts().into_iter().filter(|part| *part != always_true()).collect();
    let mut above = above;
    let (mut to_left, mut to_right) = (Vec::new(), Vec::new());
    if kind == JoinKind::Inner {
        on.append(&mut above);
    }
    // Rows of a side that is padded or kept as a whole must not be filtered by ON, nor rows of a padded side from above.
    if matches!(kind, JoinKind::Inner | JoinKind::Left | JoinKind::Semi | JoinKind::Anti) {
        let (down, stay) = split(above, left_of);
        to_left.extend(down);
        above = stay;
    }
    if kind == JoinKind::Right {
        let (down, stay) = split(above, right_of);
        to_right.extend(down);
        above = stay;
    }
    if matches!(kind, JoinKind::Inner | JoinKind::Right | JoinKind::Semi) {
        let (down, stay) = split(on, left_of);
        to_left.extend(down);
        on = stay;
    }
    if matches!(kind, JoinKind::Inner | JoinKind::Left | JoinKind::Semi | JoinKind::Anti) {
        let (down, stay) = split(on, right_of);
        to_right.extend(down);
        on = stay;
    }
    let condition = Expression::conjunction(on).unwrap_or_else(always_true);
    let left = push(left.clone(), to_left);
    let right = push(right.clone(), to_right);
    let columns = crate::bind::from::join_columns(&left.columns, &right.columns, kind);
    filter(Relation::new(RelationKind::Join { left, right, kind, condition }, columns), above)
}

fn filter(input: RelationRef, conjuncts: Vec<Expression>) -> RelationRef {
    match Expression::conjunction(conjuncts) {
        Some(condition) => filtered(input, condition),
        None => input,
    }
}

/// The expression with columns replaced by what they are computed from.
pub(crate) fn substitute(expression: Expression, by: &[Expression]) -> Expression {
    expression.transform(&mut |node| match node {
        Expression::Column { index, .. } => by[index].clone(),
        other => other,
    })
}
