//! In which direction updates change a column: what a Top-N that only ever moves rows up relies on.
//!
//! As in Flink's `FlinkRelMdModifiedMonotonicity`, as far as it is known here.

use flott_expression::{AggregateCall, AggregateFunction, Expression};
use flott_job::spec::SortColumn;

use crate::physical::keys::Key;
use crate::relation::{Relation, RelationKind};

/// How the values of a row's column follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// Always the same.
    Constant,
    /// Never less than before.
    Rising,
    /// Never more than before.
    Falling,
}

/// Whether updates of a row, which is known by `key`, never move it down in this order.
pub(crate) fn only_improves(relation: &Relation, key: &Key, order: &[SortColumn]) -> bool {
    order.iter().all(|sort| match course(relation, sort.column) {
        _ if key.contains(&sort.column) => true,
        Some(Course::Constant) => true,
        Some(Course::Rising) => sort.descending,
        Some(Course::Falling) => !sort.descending,
        None => false,
    })
}

fn course(relation: &Relation, column: usize) -> Option<Course> {
    match &relation.kind {
        RelationKind::Project { input, expressions } => match &expressions[column] {
            Expression::Column { index, .. } => course(input, *index),
            Expression::Literal { .. } => Some(Course::Constant),
            _ => None,
        },
        RelationKind::Filter { input, condition } => {
            // A filter on what changes takes rows away, which is no improvement.
            let mut steady = true;
            condition.visit_columns(&mut |column| steady &= course(input, column) == Some(Course::Constant));
            if steady { course(input, column) } else { None }
        }
        RelationKind::Hinted { input, .. } => course(input, column),
        RelationKind::Aggregate { input, keys, calls } => match column.checked_sub(keys.len()) {
            None => Some(Course::Constant),
            Some(call) if only_inserts(input) => course_of_call(&calls[call]),
            Some(_) => None,
        },
        _ => None,
    }
}

fn course_of_call(call: &AggregateCall) -> Option<Course> {
    match call.function {
        AggregateFunction::Count | AggregateFunction::Max => Some(Course::Rising),
        AggregateFunction::Min => Some(Course::Falling),
        _ => None,
    }
}

/// Whether nothing below updates, as far as the shape of the relation tells; sources are asked by the planner.
fn only_inserts(relation: &Relation) -> bool {
    match &relation.kind {
        RelationKind::Aggregate { .. }
        | RelationKind::Join { .. }
        | RelationKind::Normalize { .. }
        | RelationKind::FromChangelog { .. }
        | RelationKind::Deduplicate { .. }
        | RelationKind::Rank { .. }
        | RelationKind::Sort { .. }
        | RelationKind::Over { .. } => false,
        _ => relation.inputs().into_iter().all(|input| only_inserts(input)),
    }
}
