//! A subtask's share of the snapshots of all former subtasks.

use std::collections::BTreeSet;
use std::sync::Arc;

use flott_record::KeyGroupRange;

use super::frozen::open;
use super::{KeyedSnapshot, OperatorSnapshot};
use crate::error::StateError;
use crate::run::{GROUP_BYTES, Merge, group_of};

/// An entry of a keyed state.
#[derive(Clone, Copy, Debug)]
pub struct KeyedEntry<'a> {
    /// The key group that it was written for.
    pub group: u32,
    /// The key.
    pub key: &'a [u8],
    /// The value.
    pub value: &'a [u8],
}

/// The snapshots of all former subtasks of an operator, as one new subtask sees them.
#[derive(Debug)]
pub struct SnapshotReader<'a> {
    snapshots: &'a [OperatorSnapshot],
    key_groups: KeyGroupRange,
    subtask: u32,
    parallelism: u32,
}

impl<'a> SnapshotReader<'a> {
    /// A reader for a subtask of the new parallelism.
    pub fn new(snapshots: &'a [OperatorSnapshot], key_groups: KeyGroupRange, subtask: u32, parallelism: u32) -> Self {
        assert!(subtask < parallelism);
        SnapshotReader { snapshots, key_groups, subtask, parallelism }
    }

    /// The key groups of this subtask.
    pub fn key_groups(&self) -> KeyGroupRange {
        self.key_groups
    }

    /// A keyed state as each former subtask left it.
    pub fn states(&self, state: &str) -> impl Iterator<Item = &'a KeyedSnapshot> {
        self.snapshots.iter().filter_map(move |snapshot| snapshot.keyed.get(state))
    }

    /// The names of the keyed states that begin with a prefix, in order, each once.
    pub fn states_with_prefix(&self, prefix: &str) -> BTreeSet<&'a str> {
        let names = self.snapshots.iter().flat_map(|snapshot| snapshot.keyed.keys());
        names.map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
    }

    /// Gives all entries of a keyed state in this subtask's key groups to `take`; for each former subtask in the order of key group and key.
    ///
    /// # Errors
    /// If the snapshot is damaged or not at hand, and what `take` fails with.
    pub fn keyed<E: From<StateError>>(
        &self,
        state: &str,
        mut take: impl FnMut(KeyedEntry<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.states(state).try_for_each(|snapshot| self.entries(snapshot, &mut take))
    }

    /// As [`Self::keyed`] for what one former subtask left.
    ///
    /// # Errors
    /// As there.
    pub fn entries<E: From<StateError>>(
        &self,
        snapshot: &KeyedSnapshot,
        mut take: impl FnMut(KeyedEntry<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut runs = Vec::with_capacity(snapshot.runs.len());
        for run in &snapshot.runs {
            let key_groups = self.share_of(run.key_groups);
            if key_groups.start < key_groups.end {
                runs.push((Arc::new(open(run)?), key_groups));
            }
        }
        let mut merge = Merge::new(runs.into_iter(), false)?;
        while let Some((key, value)) = merge.entry() {
            let value = value.unwrap_or_default();
            take(KeyedEntry { group: group_of(key), key: &key[GROUP_BYTES..], value })?;
            merge.advance()?;
        }
        Ok(())
    }

    fn share_of(&self, range: KeyGroupRange) -> KeyGroupRange {
        KeyGroupRange { start: range.start.max(self.key_groups.start), end: range.end.min(self.key_groups.end) }
    }

    /// This subtask's share of a list state: entries are dealt out in turn.
    pub fn list(&self, state: &str) -> impl Iterator<Item = &'a [u8]> {
        let entries = self.snapshots.iter().filter_map(|snapshot| snapshot.lists.get(state)).flatten();
        let (subtask, parallelism) = (self.subtask as usize, self.parallelism as usize);
        entries.skip(subtask).step_by(parallelism).map(Vec::as_slice)
    }

    /// All entries of a union state.
    pub fn union(&self, state: &str) -> impl Iterator<Item = &'a [u8]> {
        self.snapshots.iter().filter_map(|snapshot| snapshot.unions.get(state)).flatten().map(Vec::as_slice)
    }
}
