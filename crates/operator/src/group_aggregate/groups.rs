//! The groups of an updating aggregation: key to slot, their accumulators, and when each was written.

use flott_record::KeyRows;
use flott_state::{DiskBackend, KeyedTable, SnapshotReader, SnapshotWriter, StateError, StateValue, ValueCodec};

use crate::accumulator::Accumulators;
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
        let slot = *self.table.get_mut(hash, key)?;
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
            self.table.expire_stamped_until(now_ms.saturating_sub(ttl_ms));
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

    /// Brings the groups of these keys into memory, where a disk has them.
    ///
    /// # Errors
    /// Where the disk fails.
    pub(crate) fn prefetch(&mut self, keys: &KeyRows) -> Result<(), StateError> {
        let Groups { table, accumulators, written_ms, ttl_ms, .. } = self;
        table.prefetch_with(keys, &mut GroupCodec { accumulators, written_ms, expires: *ttl_ms > 0 })
    }

    /// As [`Self::prefetch`], while slots of groups that were prefetched before are held.
    ///
    /// # Errors
    /// Where the disk fails.
    pub(crate) fn prefetch_more(&mut self, keys: &KeyRows) -> Result<(), StateError> {
        let Groups { table, accumulators, written_ms, ttl_ms, .. } = self;
        table.prefetch_more_with(keys, &mut GroupCodec { accumulators, written_ms, expires: *ttl_ms > 0 })
    }

    /// Keeps groups on disk that do not fit into memory.
    ///
    /// # Errors
    /// Where the disk fails.
    pub(crate) fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), StateError> {
        self.table.use_disk(backend)
    }

    /// Adds all groups; to an incremental snapshot, those that were looked for since.
    ///
    /// # Errors
    /// Where the disk fails.
    pub(crate) fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), StateError> {
        let Groups { table, accumulators, written_ms, ttl_ms, .. } = self;
        table.snapshot_with(STATE, writer, &GroupCodec { accumulators, written_ms, expires: *ttl_ms > 0 })
    }

    /// Takes the groups of this subtask's key groups.
    ///
    /// # Errors
    /// If the snapshot is damaged.
    pub(crate) fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), StateError> {
        let Groups { table, accumulators, written_ms, ttl_ms, .. } = self;
        table.restore_with(STATE, reader, &mut GroupCodec { accumulators, written_ms, expires: *ttl_ms > 0 })
    }
}

/// A group as bytes: when it was written (`i64::MAX` where groups do not expire), then its accumulators.
struct GroupCodec<'a> {
    accumulators: &'a mut Accumulators,
    written_ms: &'a mut Vec<i64>,
    expires: bool,
}

impl ValueCodec<u32> for GroupCodec<'_> {
    fn encode(&self, slot: &u32, out: &mut Vec<u8>) {
        self.written_ms.get(*slot as usize).copied().unwrap_or(i64::MAX).encode(out);
        self.accumulators.encode_state(*slot, out);
    }

    fn decode(&mut self, mut bytes: &[u8]) -> Result<u32, StateError> {
        let written_ms = i64::decode(&mut bytes)?;
        let slot = self.accumulators.allocate();
        self.accumulators.restore_state(slot, &mut bytes)?;
        if self.expires {
            self.written_ms.resize(self.accumulators.capacity(), written_ms);
            self.written_ms[slot as usize] = written_ms;
        }
        Ok(slot)
    }

    fn evict(&mut self, slot: u32) {
        self.accumulators.release(slot);
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
