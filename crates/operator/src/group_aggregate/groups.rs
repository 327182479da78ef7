//! The groups of an updating aggregation: key to slot, their accumulators, and when each was written.

use flott_record::KeyRows;
use flott_state::encoding::{read_length, take, write_length};
use flott_state::{KeyedTable, SnapshotReader, SnapshotWriter, StateValue};

use crate::accumulator::Accumulators;
use crate::interface::OperatorError;
use crate::limits::EXPIRY_SWEEP_KEYS_MIN;

const STATE: &str = "groups";

/// Key to slot.
///
/// Expiry      `ttl_ms` after the last write, by processing time; an expired group is never seen again.
/// Snapshot    key, time of the last write and accumulators of each group.
pub(crate) struct Groups {
    pub(crate) table: KeyedTable<u32>,
    pub(crate) accumulators: Accumulators,
    ttl_ms: i64,
    /// When each slot's group was written; empty without expiry.
    written_ms: Vec<i64>,
    sweep_cursor: usize,
}

impl Groups {
    /// No groups; state that is not written for `ttl_ms` goes away, if that is not 0.
    pub(crate) fn new(accumulators: Accumulators, ttl_ms: i64) -> Self {
        Groups { table: KeyedTable::new(), accumulators, ttl_ms, written_ms: Vec::new(), sweep_cursor: 0 }
    }

    /// Whether state expires.
    pub(crate) fn expires(&self) -> bool {
        self.ttl_ms > 0
    }

    /// The slot of a key that is there and has not expired. An expired group is removed; its slot goes to `released`, as rows
    /// resolved before may still refer to it.
    pub(crate) fn find(&mut self, hash: u32, key: &[u8], now_ms: i64, released: &mut Vec<u32>) -> Option<u32> {
        let slot = *self.table.get(hash, key)?;
        if self.ttl_ms > 0 && now_ms.saturating_sub(self.written_ms[slot as usize]) >= self.ttl_ms {
            self.table.remove(hash, key);
            released.push(slot);
            return None;
        }
        Some(slot)
    }

    /// The slot of a new key.
    pub(crate) fn insert(&mut self, hash: u32, key: &[u8]) -> u32 {
        let slot = self.accumulators.allocate();
        let (_, new) = self.table.get_or_insert_with(hash, key, || slot);
        assert!(new, "only keys that were looked for are inserted");
        slot
    }

    /// Notes that groups have been written.
    pub(crate) fn touch(&mut self, slots: &[u32], now_ms: i64) {
        if self.ttl_ms > 0 {
            self.written_ms.resize(self.accumulators.capacity(), now_ms);
            slots.iter().for_each(|slot| self.written_ms[*slot as usize] = now_ms);
        }
    }

    /// Empties slots whose keys are gone, and looks for expired groups among some keys, more if many rows come.
    pub(crate) fn clean(&mut self, released: &mut Vec<u32>, arrived_rows: usize, now_ms: i64) {
        if self.ttl_ms > 0 {
            let (written_ms, ttl_ms) = (&self.written_ms, self.ttl_ms);
            self.table.sweep(&mut self.sweep_cursor, EXPIRY_SWEEP_KEYS_MIN + arrived_rows, |slot| {
                let live = now_ms.saturating_sub(written_ms[*slot as usize]) < ttl_ms;
                if !live {
                    released.push(*slot);
                }
                live
            });
        }
        released.drain(..).for_each(|slot| self.accumulators.release(slot));
    }

    /// Adds all groups.
    pub(crate) fn snapshot(&self, writer: &mut SnapshotWriter) {
        let mut state = Vec::new();
        for (hash, key, slot) in self.table.iter() {
            state.clear();
            self.accumulators.encode_state(*slot, &mut state);
            let written_ms = self.written_ms.get(*slot as usize).copied().unwrap_or(i64::MIN);
            writer.keyed(STATE, hash, |out| {
                out.extend_from_slice(&hash.to_le_bytes());
                write_length(out, key.len() as u64);
                out.extend_from_slice(key);
                written_ms.encode(out);
                state.encode(out);
            });
        }
    }

    /// Takes the groups of this subtask's key groups.
    ///
    /// # Errors
    /// If the snapshot is damaged.
    pub(crate) fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        for (_, mut input) in reader.keyed(STATE) {
            while !input.is_empty() {
                let mut hash = [0; 4];
                hash.copy_from_slice(take(&mut input, 4)?);
                let length = read_length(&mut input)? as usize;
                let key = take(&mut input, length)?;
                let written_ms = i64::decode(&mut input)?;
                let length = read_length(&mut input)? as usize;
                let mut state = take(&mut input, length)?;
                let slot = self.insert(u32::from_le_bytes(hash), key);
                self.accumulators.restore_state(slot, &mut state)?;
                self.touch(&[slot], written_ms);
            }
        }
        Ok(())
    }
}

/// The keys of some rows, kept beyond their batch.
#[derive(Debug, Default)]
pub(crate) struct KeptKeys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    hashes: Vec<u32>,
}

impl KeptKeys {
    /// Adds the key of a row.
    pub(crate) fn push(&mut self, keys: &KeyRows, row: usize) {
        self.bytes.extend_from_slice(keys.key(row));
        self.ends.push(self.bytes.len());
        self.hashes.push(keys.hash(row));
    }

    /// A key's bytes.
    pub(crate) fn key(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// A key's hash.
    pub(crate) fn hash(&self, index: usize) -> u32 {
        self.hashes[index]
    }

    /// Forgets all, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.hashes.clear();
    }
}
