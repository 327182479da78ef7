//! Changelog inference: which kinds of rows a relation emits, and where `-U` can be left out.
//!
//! Two walks, as in Flink's `FlinkChangelogModeInferenceProgram`: upwards, whether a relation updates or deletes; downwards, whether its consumer
//! needs `-U`. A consumer that updates by key needs none if everything between it and the operators that update can do without.

use crate::physical::join::{contains_join_key, equi_keys};
use crate::physical::keys::upsert_keys;
use crate::physical::plan::{Planner, filters_normalized};
use crate::relation::{Relation, RelationKind};
use flott_job::spec::JoinKind;
use flott_record::{ChangelogMode, RowKind};

/// What a relation does to rows that it has emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Changes {
    /// It replaces rows.
    pub update: bool,
    /// It deletes rows.
    pub delete: bool,
}

impl Changes {
    const NONE: Changes = Changes { update: false, delete: false };
    const BOTH: Changes = Changes { update: true, delete: true };

    /// Whether only `+I` is emitted.
    pub fn is_insert_only(self) -> bool {
        self == Changes::NONE
    }

    fn or(self, other: Changes) -> Changes {
        Changes { update: self.update || other.update, delete: self.delete || other.delete }
    }

    /// The mode with or without `-U`.
    pub fn mode(self, update_before: bool) -> ChangelogMode {
        ChangelogMode { update_before: self.update && update_before, update_after: self.update, delete: self.delete }
    }
}

impl Planner<'_> {
    /// What a relation emits.
    pub fn changes(&self, relation: &Relation) -> Changes {
        if self.session.batch_mode {
            return Changes::NONE;
        }
        match &relation.kind {
            RelationKind::Scan { table, .. } => {
                let mode = self.source_mode(table);
                Changes { update: mode.update_after, delete: mode.delete }
            }
            RelationKind::Normalize { .. } => Changes::BOTH,
            RelationKind::Values { .. } | RelationKind::WindowAggregate { .. } | RelationKind::WindowJoin { .. } => {
                Changes::NONE
            }
            RelationKind::Aggregate { input, keys, .. } => {
                let below = self.changes(input);
                // A group disappears when its last row is retracted; a global aggregate only changes.
                Changes { update: true, delete: !below.is_insert_only() && !keys.is_empty() }
            }
            RelationKind::Join { .. } if self.interval(relation).is_some() => Changes::NONE,
            RelationKind::Join { left, right, kind, .. } => {
                let below = self.changes(left).or(self.changes(right));
                match kind {
                    JoinKind::Inner | JoinKind::Semi => {
                        let mut changes = below;
                        if *kind == JoinKind::Semi {
                            changes.delete |= self.changes(right).delete || self.changes(right).update;
                        }
                        changes
                    }
                    _ => Changes { update: below.update, delete: true },
                }
            }
            RelationKind::Rank { .. } => {
                if crate::physical::rank::window_end_of_partition(relation).is_some() {
                    return Changes::NONE;
                }
                Changes::BOTH
            }
            RelationKind::Deduplicate { input, keys, keep_last, .. } => {
                if crate::physical::rank::window_end_of_keys(input, keys).is_some() {
                    return Changes::NONE;
                }
                Changes { update: *keep_last, delete: false }
            }
            RelationKind::Over { input, window, .. } if !crate::physical::over::is_by_time(input, window) => {
                Changes::BOTH
            }
            RelationKind::ToChangelog { .. } => Changes::NONE,
            RelationKind::FromChangelog { kinds, .. } => {
                let has = |wanted: RowKind| kinds.iter().any(|(_, kind)| *kind == wanted);
                Changes { update: has(RowKind::UpdateAfter), delete: has(RowKind::Delete) }
            }
            RelationKind::TemporalJoin { left, .. } | RelationKind::LookupJoin { left, .. } => self.changes(left),
            RelationKind::Sort { order, fetch: None, .. } if !order.is_empty() => Changes::NONE,
            RelationKind::Sort { order, fetch: Some(_), .. } if !order.is_empty() => Changes::BOTH,
            _ => relation.inputs().into_iter().fold(Changes::NONE, |all, input| all.or(self.changes(input))),
        }
    }

    /// Whether a relation can be planned without `-U`: everything that updates below tolerates it.
    pub(crate) fn supports_only_after(&self, relation: &Relation) -> bool {
        if !self.changes(relation).update {
            return true;
        }
        match &relation.kind {
            RelationKind::Filter { .. } if filters_normalized(relation) => true,
            RelationKind::Filter { input, condition } => {
                let mut columns = crate::physical::keys::Key::new();
                condition.visit_columns(&mut |column| {
                    columns.insert(column);
                });
                upsert_keys(input).iter().any(|key| columns.is_subset(key)) && self.supports_only_after(input)
            }
            RelationKind::Project { input, .. }
            | RelationKind::Watermark { input, .. }
            | RelationKind::Hinted { input, .. }
            | RelationKind::Expand { input, .. } => self.supports_only_after(input),
            RelationKind::Union { inputs } => inputs.iter().all(|input| self.supports_only_after(input)),
            RelationKind::Join { left, right, condition, .. } => {
                let keys = equi_keys(condition, left.columns.len());
                let fits = |side: &Relation, equal: &[usize]| {
                    !self.changes(side).update || (contains_join_key(side, equal) && self.supports_only_after(side))
                };
                fits(left, &keys.left) && fits(right, &keys.right)
            }
            RelationKind::Aggregate { .. }
            | RelationKind::Rank { .. }
            | RelationKind::Deduplicate { .. }
            | RelationKind::Normalize { .. }
            | RelationKind::Sort { .. } => true,
            RelationKind::Scan { table, .. } => !self.source_mode(table).update_before,
            _ => false,
        }
    }
}
