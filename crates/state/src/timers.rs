//! Timers of keys: at most one for each (time, key), fired in order of time.

use std::collections::BTreeSet;

use flott_record::key::murmur3_32;

use crate::encoding::{read_ordered_time, write_ordered_time};
use crate::error::StateError;
use crate::snapshot::{Increment, SnapshotReader, SnapshotWriter, StateWriter};
use crate::table::KeyBytes;
use crate::table::changes::{Changes, Plan, Removed};

/// Timers of one domain (event or processing time) of one operator.
///
/// Order: by time, then by key bytes, so that firing is the same after a restore. Setting a timer twice keeps one.
///
/// In a snapshot a timer is a key without value: its time, then the key.
#[derive(Debug, Default)]
pub struct Timers {
    pending: BTreeSet<(i64, Vec<u8>, u32)>,
    /// Number of snapshots taken since changes are tracked.
    generation: u32,
    changes: Option<Box<Changes>>,
}

fn state_key(time_ms: i64, key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + key.len());
    write_ordered_time(&mut out, time_ms);
    out.extend_from_slice(key);
    out
}

fn split_state_key(mut bytes: &[u8]) -> Result<(i64, &[u8]), StateError> {
    Ok((read_ordered_time(&mut bytes)?, bytes))
}

impl Timers {
    /// No timers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a timer for a key at a time in milliseconds; false if it was set already.
    pub fn set(&mut self, time_ms: i64, hash: u32, key: &[u8]) -> bool {
        let is_new = self.pending.insert((time_ms, key.to_vec(), hash));
        if is_new {
            self.note(time_ms, hash, key, false);
        }
        is_new
    }

    /// Removes a timer; false if there was none.
    pub fn remove(&mut self, time_ms: i64, hash: u32, key: &[u8]) -> bool {
        let was_there = self.pending.remove(&(time_ms, key.to_vec(), hash));
        if was_there {
            self.note(time_ms, hash, key, true);
        }
        was_there
    }

    /// Takes the first timer due at `until_ms` or before: its time, its key's hash, its key.
    pub fn pop_due(&mut self, until_ms: i64) -> Option<(i64, u32, Vec<u8>)> {
        if self.pending.first()?.0 > until_ms {
            return None;
        }
        let (time_ms, key, hash) = self.pending.pop_first()?;
        self.note(time_ms, hash, &key, true);
        Some((time_ms, hash, key))
    }

    fn note(&mut self, time_ms: i64, hash: u32, key: &[u8], was_there: bool) {
        if let Some(changes) = &mut self.changes {
            let key = KeyBytes::new(&state_key(time_ms, key));
            changes.push_removed(Removed { generation: self.generation, hash, key, was_there });
        }
    }

    /// When the next timer is due.
    pub fn next_ms(&self) -> Option<i64> {
        self.pending.first().map(|(time_ms, _, _)| *time_ms)
    }

    /// Number of timers.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Adds all timers to a snapshot; to an incremental one, what has changed.
    pub fn snapshot(&mut self, state: &str, writer: &mut SnapshotWriter) {
        let Some(Increment { checkpoint_id, completed_id, .. }) = writer.increment().cloned() else {
            return self.write_all(&mut writer.state(state));
        };
        let changes = self.changes.get_or_insert_default();
        if let Some(completed_id) = completed_id {
            changes.complete(completed_id);
        }
        let plan = changes.plan(self.generation, self.pending.len());
        let mut part = writer.state(state);
        let levels = match plan {
            Plan::Full => {
                self.write_all(&mut part);
                0
            }
            Plan::Since { generation, levels } => {
                self.write_since(generation, levels, &mut part);
                levels
            }
        };
        let run = part.put_entries().map(|facts| part.as_earlier(facts));
        if let Some(changes) = &mut self.changes {
            changes.taken(checkpoint_id, self.generation, levels, run);
        }
        self.generation += 1;
    }

    fn write_all(&self, part: &mut StateWriter<'_>) {
        for (time_ms, key, hash) in &self.pending {
            part.put(*hash, |out| out.extend_from_slice(&state_key(*time_ms, key)), |_| {});
        }
    }

    fn write_since(&self, generation: u32, levels: usize, part: &mut StateWriter<'_>) {
        let Some(changes) = &self.changes else { return };
        changes.kept(levels).iter().for_each(|level| part.layer(level.run.clone()));
        for change in changes.removed_since(generation) {
            let state_key = change.key.as_slice();
            let is_there = split_state_key(state_key)
                .is_ok_and(|(time_ms, key)| self.pending.contains(&(time_ms, key.to_vec(), change.hash)));
            if is_there {
                part.put(change.hash, |out| out.extend_from_slice(state_key), |_| {});
            } else if change.was_there {
                part.remove(change.hash, |out| out.extend_from_slice(state_key));
            }
        }
    }

    /// The timers of this subtask's key groups.
    ///
    /// # Errors
    /// If the snapshot is damaged.
    pub fn restore(state: &str, reader: &SnapshotReader<'_>) -> Result<Self, StateError> {
        let mut timers = Timers::new();
        reader.keyed(state, |entry| {
            let (time_ms, key) = split_state_key(entry.key)?;
            timers.pending.insert((time_ms, key.to_vec(), murmur3_32(key)));
            Ok::<(), StateError>(())
        })?;
        Ok(timers)
    }
}
