//! Timers of keys: at most one for each (time, key), fired in order of time.

use std::collections::BTreeSet;

use crate::encoding::{DecodeError, StateValue};
use crate::snapshot::{SnapshotReader, SnapshotWriter};

/// Timers of one domain (event or processing time) of one operator.
///
/// Order: by time, then by key bytes, so that firing is the same after a restore. Setting a timer twice keeps one.
#[derive(Debug, Default)]
pub struct Timers {
    pending: BTreeSet<(i64, Vec<u8>, u32)>,
}

impl Timers {
    /// No timers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a timer for a key at a time in milliseconds; false if it was set already.
    pub fn set(&mut self, time_ms: i64, hash: u32, key: &[u8]) -> bool {
        self.pending.insert((time_ms, key.to_vec(), hash))
    }

    /// Removes a timer; false if there was none.
    pub fn remove(&mut self, time_ms: i64, hash: u32, key: &[u8]) -> bool {
        self.pending.remove(&(time_ms, key.to_vec(), hash))
    }

    /// Takes the first timer due at `until_ms` or before: its time, its key's hash, its key.
    pub fn pop_due(&mut self, until_ms: i64) -> Option<(i64, u32, Vec<u8>)> {
        if self.pending.first()?.0 > until_ms {
            return None;
        }
        self.pending.pop_first().map(|(time_ms, key, hash)| (time_ms, hash, key))
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

    /// Adds all timers to a snapshot.
    pub fn snapshot(&self, state: &str, writer: &mut SnapshotWriter) {
        for (time_ms, key, hash) in &self.pending {
            writer.keyed(state, *hash, |out| {
                time_ms.encode(out);
                u64::from(*hash).encode(out);
                key.encode(out);
            });
        }
    }

    /// The timers of this subtask's key groups.
    ///
    /// # Errors
    /// If the snapshot is damaged.
    pub fn restore(state: &str, reader: &SnapshotReader<'_>) -> Result<Self, DecodeError> {
        let mut timers = Timers::new();
        for (_, mut bytes) in reader.keyed(state) {
            while !bytes.is_empty() {
                let time_ms = i64::decode(&mut bytes)?;
                let hash = u64::decode(&mut bytes)? as u32;
                let key = Vec::decode(&mut bytes)?;
                timers.pending.insert((time_ms, key, hash));
            }
        }
        Ok(timers)
    }
}
