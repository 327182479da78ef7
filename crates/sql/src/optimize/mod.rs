//! Rewrites of relations, in phases: constants folded, filters down, projections merged, windows, ranks and window joins recognised, columns pruned.
//!
//! Each phase is a function from a relation to an equal one with the same columns.

mod constants;
mod filters;
mod moments;
mod projections;
mod prune;
mod prune_match;
mod ranks;
mod windows;

use flott_evaluation::Session;

pub(crate) use self::filters::substitute;
use crate::relation::RelationRef;

/// The relation as it is planned: equal to the given one, with the same columns.
pub fn optimize(relation: RelationRef, batch_mode: bool, session: &Session) -> RelationRef {
    let relation = constants::fold(relation, session);
    let relation = filters::push_down(relation);
    let relation = projections::merge(relation);
    let relation = ranks::recognise(relation);
    let relation = windows::recognise(relation, batch_mode);
    let relation = filters::push_down(relation);
    let relation = projections::merge(relation);
    let relation = prune::prune(relation);
    let relation = if batch_mode { relation } else { moments::count_arguments(relation) };
    projections::merge(relation)
}

/// The relation with ranks recognised, by which its keys are known.
pub(crate) fn ranked(relation: &RelationRef) -> RelationRef {
    ranks::recognise(projections::merge(filters::push_down(relation.clone())))
}

/// The relation with each input rewritten.
fn rewrite_inputs(relation: &RelationRef, rewrite: &mut impl FnMut(RelationRef) -> RelationRef) -> RelationRef {
    let inputs = relation.inputs();
    if inputs.is_empty() {
        return relation.clone();
    }
    let rewritten = inputs.into_iter().map(|input| rewrite(input.clone())).collect();
    relation.with_inputs(rewritten)
}
