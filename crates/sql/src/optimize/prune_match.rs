//! Columns that MATCH_RECOGNIZE does not read, and measures that nobody reads.

use std::collections::BTreeSet;

use flott_job::pattern::MatchSpec;

use crate::relation::{Relation, RelationKind, RelationRef};

/// The specification with the wanted columns alone, and which columns these are: what is before the measures stays.
pub(super) fn wanted_measures(
    relation: &Relation,
    spec: &MatchSpec,
    wanted: &BTreeSet<usize>,
) -> (MatchSpec, Vec<usize>) {
    let first = relation.columns.len() - spec.measures.len();
    let kept: Vec<usize> =
        (0..relation.columns.len()).filter(|column| *column < first || wanted.contains(column)).collect();
    let measures = kept.iter().filter_map(|column| column.checked_sub(first)).map(|measure| &spec.measures[measure]);
    let measures = measures.cloned().collect();
    (MatchSpec { measures, ..spec.clone() }, kept)
}

/// The node over an input that has only these of its columns.
pub(super) fn over(input: RelationRef, spec: &MatchSpec, available: &[usize]) -> RelationKind {
    let place = |column: usize| available.iter().position(|kept| *kept == column).unwrap_or(0);
    let spec = Box::new(spec.remap(input.schema(), &place));
    RelationKind::Match { input, spec }
}
