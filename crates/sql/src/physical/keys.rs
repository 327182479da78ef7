//! Which columns identify a row of a relation.
//!
//! A *unique key* identifies at any time at most one row; an *upsert key* is a unique key whose changes stay in order through the shuffles
//! above it (it contains what rows are distributed by). As in Flink's `FlinkRelMdUniqueKeys` and `FlinkRelMdUpsertKeys`.

use std::collections::BTreeSet;

use flott_expression::Expression;
use flott_job::spec::JoinKind;

use crate::physical::join::equi_keys;
use crate::relation::{Relation, RelationKind};

/// A set of columns.
pub type Key = BTreeSet<usize>;

/// Keys that a relation has at the most: more are of no use and would grow exponentially through joins.
const KEYS_MAX: usize = 16;

/// The unique keys of a relation, minimal ones first.
pub fn unique_keys(relation: &Relation) -> Vec<Key> {
    keys(relation, false)
}

/// The upsert keys of a relation.
pub fn upsert_keys(relation: &Relation) -> Vec<Key> {
    keys(relation, true)
}

/// The keys without those that contain others.
fn keys(relation: &Relation, upsert: bool) -> Vec<Key> {
    let mut found = known_keys(relation, upsert);
    found.sort_by_key(Key::len);
    let mut minimal: Vec<Key> = Vec::new();
    for key in found {
        if minimal.len() < KEYS_MAX && !minimal.iter().any(|known| known.is_subset(&key)) {
            minimal.push(key);
        }
    }
    minimal
}

fn known_keys(relation: &Relation, upsert: bool) -> Vec<Key> {
    match &relation.kind {
        RelationKind::Scan { table, projection } => {
            let spec = table.spec(&Default::default());
            let place = |column: &usize| projection.iter().position(|read| read == column);
            let key: Option<Key> = spec.primary_key.iter().map(place).collect();
            key.filter(|key| !key.is_empty()).into_iter().collect()
        }
        RelationKind::Values { rows } if rows.len() <= 1 => vec![Key::new()],
        RelationKind::Values { .. }
        | RelationKind::Union { .. }
        | RelationKind::Unnest { .. }
        | RelationKind::Match { .. }
        | RelationKind::Expand { .. }
        | RelationKind::ToChangelog { .. }
        | RelationKind::FromChangelog { .. } => Vec::new(),
        RelationKind::Project { input, expressions } => through_projection(keys(input, upsert), expressions),
        RelationKind::Filter { input, .. }
        | RelationKind::Watermark { input, .. }
        | RelationKind::Hinted { input, .. }
        | RelationKind::Sort { input, .. } => keys(input, upsert),
        RelationKind::Over { input, window, .. } => {
            let mut found = keys(input, upsert);
            found.retain(|key| !upsert || window.partition.iter().all(|column| key.contains(column)));
            found
        }
        RelationKind::Aggregate { keys, .. } => vec![(0..keys.len()).collect()],
        RelationKind::WindowAggregate { keys, calls, .. } => {
            let group: Key = (0..keys.len()).collect();
            let first = keys.len() + calls.len();
            (0..3).map(|property| with(&group, [first + property])).collect()
        }
        RelationKind::Window { input, .. } => {
            let width = input.columns.len();
            keys(input, upsert).iter().flat_map(|key| (0..3).map(|column| with(key, [width + column]))).collect()
        }
        RelationKind::Join { left, right, kind, condition }
        | RelationKind::TemporalJoin { left, right, kind, condition, .. }
        | RelationKind::LookupJoin { left, right, kind, condition, .. } => {
            let equal = equi_keys(condition, left.columns.len());
            let sides = [left, right].map(|side| keys(side, upsert));
            join_keys(sides, left.columns.len(), *kind, &equal.left, &equal.right, upsert)
        }
        RelationKind::WindowJoin { left, right, kind, condition, left_window, right_window } => {
            let mut equal = equi_keys(condition, left.columns.len());
            equal.left.extend([left_window.0, left_window.1]);
            equal.right.extend([right_window.0, right_window.1]);
            let sides = [left, right].map(|side| keys(side, upsert));
            join_keys(sides, left.columns.len(), *kind, &equal.left, &equal.right, upsert)
        }
        RelationKind::Rank { input, partition, start, end, output_rank, .. } => {
            let group: Key = partition.iter().copied().collect();
            let mut found = keys(input, upsert);
            if upsert {
                found.retain(|key| group.is_subset(key));
            }
            if start == end {
                found.push(group);
            } else if *output_rank {
                found.push(with(&group, [input.columns.len()]));
            }
            found
        }
        RelationKind::Deduplicate { keys, .. } | RelationKind::Normalize { keys, .. } => {
            vec![keys.iter().copied().collect()]
        }
    }
}

fn with(key: &Key, more: impl IntoIterator<Item = usize>) -> Key {
    key.iter().copied().chain(more).collect()
}

/// Keys of which every column is passed on unchanged.
fn through_projection(keys: Vec<Key>, expressions: &[Expression]) -> Vec<Key> {
    let place = |column: usize| {
        expressions.iter().position(|expression| matches!(passed(expression), Some(index) if index == column))
    };
    keys.into_iter().filter_map(|key| key.into_iter().map(place).collect()).collect()
}

/// The column that an expression passes on: itself, or cast without loss of identity.
fn passed(expression: &Expression) -> Option<usize> {
    match expression {
        Expression::Column { index, .. } => Some(*index),
        _ => None,
    }
}

fn join_keys(
    sides: [Vec<Key>; 2],
    width: usize,
    kind: JoinKind,
    left_equal: &[usize],
    right_equal: &[usize],
    upsert: bool,
) -> Vec<Key> {
    let [mut left, mut right] = sides;
    let left_equal: Key = left_equal.iter().copied().collect();
    let right_equal: Key = right_equal.iter().copied().collect();
    if upsert {
        // Rows travel by the join key: only keys that contain it keep their changes in order.
        left.retain(|key| left_equal.is_subset(key));
        right.retain(|key| right_equal.is_subset(key));
    }
    if matches!(kind, JoinKind::Semi | JoinKind::Anti) {
        return left;
    }
    let shifted = |key: &Key| key.iter().map(|column| column + width).collect::<Key>();
    let left_single = left.iter().any(|key| key.is_subset(&left_equal));
    let right_single = right.iter().any(|key| key.is_subset(&right_equal));
    let mut found = Vec::new();
    if right_single && matches!(kind, JoinKind::Inner | JoinKind::Left) {
        found.extend(left.iter().cloned());
    }
    if left_single && matches!(kind, JoinKind::Inner | JoinKind::Right) {
        found.extend(right.iter().map(shifted));
    }
    for a in &left {
        found.extend(right.iter().map(|b| with(a, shifted(b))));
    }
    found
}
