//! A table as a write-back cache: what has been asked for of late is in memory, everything that has been written out is on disk.
//!
//! ```text
//! prefetch   makes room, then reads the keys of a batch that are not in memory; only keys that were prefetched may be used
//! use        as without a disk; an entry that changes is remembered
//! write out  changed entries and removed keys become a file: at a snapshot, before entries are evicted, and when they are many
//! evict      entries that no prefetch has asked for since the hand came by the last time
//! ```

use flott_record::KeyRows;
use flott_record::key::key_group;

use super::key_set::KeySet;
use super::{Entry, KeyBytes, KeyedTable, PERSISTED, USED, spread};
use crate::disk::{ColdStore, DiskBackend, DiskRuns, MemoryShare, Wanted};
use crate::encoding::{StateValue, decode_all};
use crate::error::StateError;
use crate::limits::{
    EVICTION_TARGET_PERCENT, MERGE_STEP_BYTES, PENDING_CHECKPOINTS_MAX, RESIDENT_SHARE_PERCENT, UNWRITTEN_BYTES_MAX,
};
use crate::run::{RunBody, RunId, RunRef, run_key};
use crate::schema::{RowMigration, RowSchema};
use crate::snapshot::{Entries, Increment, KeyedSnapshot, SnapshotReader, SnapshotWriter};

/// How values of a table become bytes and back, where they are not [`StateValue`]s.
pub trait ValueCodec<V> {
    /// Appends a value.
    fn encode(&self, value: &V, out: &mut Vec<u8>);

    /// The value of bytes.
    ///
    /// # Errors
    /// If the bytes are no such value.
    fn decode(&mut self, bytes: &[u8]) -> Result<V, StateError>;

    /// A value leaves memory.
    fn evict(&mut self, value: V);

    /// What rows in the values are of, if there are any.
    fn schema(&self) -> Option<&RowSchema> {
        None
    }

    /// Brings a value of an older schema to this one; called only if there is one.
    ///
    /// # Errors
    /// If the value is not of the older schema.
    fn migrate(&self, _value: &mut V, _migration: &RowMigration) -> Result<(), StateError> {
        Err(StateError::Unsupported("values of this state have no schema that could change".to_string()))
    }

    /// Whether values occupy nothing beside the table.
    fn is_flat(&self) -> bool {
        false
    }
}

/// Values that encode themselves.
pub(super) struct OwnEncoding;

impl<V: StateValue> ValueCodec<V> for OwnEncoding {
    fn encode(&self, value: &V, out: &mut Vec<u8>) {
        value.encode(out);
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<V, StateError> {
        decode_all(bytes)
    }

    fn evict(&mut self, _value: V) {}

    fn is_flat(&self) -> bool {
        !std::mem::needs_drop::<V>()
    }
}

/// What a table with a disk needs beside its entries.
pub(super) struct Cold {
    store: Box<dyn ColdStore>,
    share: MemoryShare,
    max_parallelism: u32,
    /// Slots of entries that have changed since they were written out: candidates, perhaps several times.
    pub(super) unwritten: Vec<u32>,
    /// Removed keys that a file may have, since changes were written out.
    pub(super) gone: KeySet,
    /// Keys that the last prefetch has not found.
    absent: KeySet,
    hand: usize,
    /// Bytes and number of encoded values, for guessing what entries occupy.
    encoded: (u64, u64),
    /// Files of checkpoints that may become complete, and of the one that is.
    pending: Vec<(u64, Vec<RunId>)>,
    completed: Vec<RunId>,
    wanted: Wanted,
}

impl std::fmt::Debug for Cold {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} files", self.store.runs().len())
    }
}

impl Cold {
    /// Whether a key that is not in memory is known not to be on disk either.
    pub(super) fn is_known_absent(&self, hash: u32, key: &[u8]) -> bool {
        self.absent.contains(hash, key) || self.gone.contains(hash, key)
    }

    /// A key that was never written out has been removed.
    pub(super) fn note_absent(&mut self, hash: u32, key: &[u8]) {
        self.absent.insert(hash, key);
    }

    fn group(&self, hash: u32) -> u32 {
        key_group(hash, self.max_parallelism)
    }
}

impl<V: StateValue> KeyedTable<V> {
    /// Brings the keys of a batch into memory, after making room: before the keys of a batch are used. Does nothing without a disk.
    ///
    /// # Errors
    /// Where the disk fails.
    #[inline]
    pub fn prefetch(&mut self, keys: &KeyRows) -> Result<(), StateError> {
        if self.cold.is_some() { self.prefetch_with(keys, &mut OwnEncoding) } else { Ok(()) }
    }

    /// As [`Self::prefetch`] for keys with their hashes.
    ///
    /// # Errors
    /// Where the disk fails.
    #[inline]
    pub fn prefetch_keys<'k>(&mut self, keys: impl Iterator<Item = (u32, &'k [u8])>) -> Result<(), StateError> {
        if self.cold.is_some() { self.prefetch_all(keys, &mut OwnEncoding) } else { Ok(()) }
    }

    /// As [`Self::prefetch`] for one key.
    ///
    /// # Errors
    /// Where the disk fails.
    #[inline]
    pub fn prefetch_key(&mut self, hash: u32, key: &[u8]) -> Result<(), StateError> {
        self.prefetch_keys([(hash, key)].into_iter())
    }
}

impl<V> KeyedTable<V> {
    /// Keeps entries on disk that do not fit into the backend's memory. To be called while the table is empty.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), StateError> {
        assert!(self.entries.is_empty() && self.cold.is_none(), "a table gets its disk before its first entry");
        let cold = Cold {
            store: Box::new(DiskRuns::new(backend.clone())?),
            share: backend.budget().share(),
            max_parallelism: backend.max_parallelism(),
            unwritten: Vec::new(),
            gone: KeySet::default(),
            absent: KeySet::default(),
            hand: 0,
            encoded: (0, 0),
            pending: Vec::new(),
            completed: Vec::new(),
            wanted: Wanted::default(),
        };
        self.cold = Some(Box::new(cold));
        self.generation = 1;
        Ok(())
    }

    /// As [`Self::prefetch`], for values that are encoded by someone else.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn prefetch_with(&mut self, keys: &KeyRows, codec: &mut impl ValueCodec<V>) -> Result<(), StateError> {
        self.prefetch_all((0..keys.len()).map(|row| (keys.hash(row), keys.key(row))), codec)
    }

    /// As [`Self::prefetch_with`] without making room: while the caller holds on to what was prefetched before.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn prefetch_more_with(&mut self, keys: &KeyRows, codec: &mut impl ValueCodec<V>) -> Result<(), StateError> {
        self.look_up((0..keys.len()).map(|row| (keys.hash(row), keys.key(row))), codec)
    }

    fn prefetch_all<'k>(
        &mut self,
        keys: impl Iterator<Item = (u32, &'k [u8])>,
        codec: &mut impl ValueCodec<V>,
    ) -> Result<(), StateError> {
        self.make_room(codec)?;
        self.look_up(keys, codec)
    }

    /// Loads the keys that are not in memory.
    fn look_up<'k>(
        &mut self,
        keys: impl Iterator<Item = (u32, &'k [u8])>,
        codec: &mut impl ValueCodec<V>,
    ) -> Result<(), StateError> {
        let mut missing: Vec<(u32, u32, &[u8])> = Vec::new();
        let Some(mut cold) = self.cold.take() else { return Ok(()) };
        cold.absent.clear();
        for (hash, key) in keys {
            if let Some(slot) = self.slot(hash, key) {
                self.entries[slot].changed |= USED;
            } else if !cold.gone.contains(hash, key) {
                missing.push((cold.group(hash), hash, key));
            }
        }
        missing.sort_unstable_by(|one, other| (one.0, one.2).cmp(&(other.0, other.2)));
        missing.dedup_by_key(|(_, _, key)| *key);
        let result = self.load(&mut cold, &missing, codec);
        self.cold = Some(cold);
        result
    }

    fn load(
        &mut self,
        cold: &mut Cold,
        missing: &[(u32, u32, &[u8])],
        codec: &mut impl ValueCodec<V>,
    ) -> Result<(), StateError> {
        let mut key_in_run = Vec::new();
        cold.wanted.clear();
        for (group, _, key) in missing {
            run_key(*group, key, &mut key_in_run);
            cold.wanted.push(&key_in_run);
        }
        let mut is_found = vec![false; missing.len()];
        let Cold { store, wanted, encoded, .. } = cold;
        store.get_many(wanted, &mut |index, bytes| {
            let value = codec.decode(bytes)?;
            let (_, hash, key) = missing[index];
            self.insert_loaded(hash, key, value);
            is_found[index] = true;
            *encoded = (encoded.0 + bytes.len() as u64, encoded.1 + 1);
            Ok(())
        })?;
        let not_found = missing.iter().zip(is_found).filter(|(_, is_found)| !is_found);
        not_found.for_each(|((_, hash, key), _)| cold.absent.insert(*hash, key));
        Ok(())
    }

    fn insert_loaded(&mut self, hash: u32, key: &[u8], value: V) {
        let slot = self.entries.len();
        if slot == self.entries.capacity() {
            self.entries.reserve_exact(slot / 8 + 64);
        }
        self.entries.push(Entry { hash, changed: PERSISTED | USED, key: KeyBytes::new(key), value });
        let entries = &self.entries;
        self.index.insert_unique(spread(hash), slot as u32, |slot| spread(entries[*slot as usize].hash));
    }

    /// What the entries in memory occupy, about.
    fn resident_bytes(&self, encoded: (u64, u64), codec: &impl ValueCodec<V>) -> usize {
        let of_entry = size_of::<Entry<V>>() * self.entries.capacity() + self.index.capacity() * 6;
        let average = encoded.0.checked_div(encoded.1).unwrap_or(0) as usize;
        let of_value = if codec.is_flat() { 0 } else { average * 5 / 4 + 16 };
        of_entry + of_value * self.entries.len()
    }

    /// Writes out, evicts and merges, as far as that is due.
    fn make_room(&mut self, codec: &mut impl ValueCodec<V>) -> Result<(), StateError> {
        let Some(cold) = &mut self.cold else { return Ok(()) };
        cold.store.work(MERGE_STEP_BYTES)?;
        let (encoded, on_top) = (cold.encoded, cold.store.memory_bytes() + cold.gone.bytes() + cold.absent.bytes());
        let average = encoded.0.checked_div(encoded.1).unwrap_or(64) as usize + size_of::<Entry<V>>();
        let used = self.resident_bytes(encoded, codec) + on_top;
        let Some(cold) = &mut self.cold else { return Ok(()) };
        let limit = cold.share.report(used) / 100 * RESIDENT_SHARE_PERCENT;
        let is_over = used > limit;
        if is_over || cold.unwritten.len() * average > UNWRITTEN_BYTES_MAX {
            self.write_out(codec)?;
        }
        if is_over {
            let target = (limit / 100 * EVICTION_TARGET_PERCENT).saturating_sub(on_top);
            self.evict(target, codec);
        }
        Ok(())
    }

    /// Writes changed entries and removed keys into a file.
    fn write_out(&mut self, codec: &impl ValueCodec<V>) -> Result<(), StateError> {
        let Some(mut cold) = self.cold.take() else { return Ok(()) };
        let result = self.write_changed(&mut cold, codec);
        self.cold = Some(cold);
        result
    }

    fn write_changed(&mut self, cold: &mut Cold, codec: &impl ValueCodec<V>) -> Result<(), StateError> {
        let mut entries = Entries::default();
        for (hash, key) in cold.gone.iter() {
            if self.slot(hash, key).is_none() {
                entries.remove(cold.group(hash), |out| out.extend_from_slice(key));
            }
        }
        let mut slots = std::mem::take(&mut cold.unwritten);
        slots.sort_unstable();
        slots.dedup();
        for slot in slots {
            let Some(entry) = self.entries.get_mut(slot as usize) else { continue };
            if entry.changed_in() == self.generation {
                entry.changed |= PERSISTED;
                let group = cold.group(entry.hash);
                entries.put(
                    group,
                    |out| out.extend_from_slice(entry.key.as_slice()),
                    |out| codec.encode(&entry.value, out),
                );
            }
        }
        if entries.count() > 0 {
            cold.encoded = (cold.encoded.0 + entries.value_bytes(), cold.encoded.1 + entries.count());
            cold.store.apply(&entries)?;
        }
        cold.gone.clear();
        self.generation += 1;
        Ok(())
    }

    /// Removes entries that are on disk and have not been asked for of late from memory, until so many bytes are left.
    fn evict(&mut self, target: usize, codec: &mut impl ValueCodec<V>) {
        let Some(mut cold) = self.cold.take() else { return };
        let of_one = self.resident_bytes(cold.encoded, codec) / self.entries.len().max(1);
        let keep = target / of_one.max(1);
        let mut turns_left = 2 * self.entries.len();
        while self.entries.len() > keep && turns_left > 0 {
            turns_left -= 1;
            if cold.hand >= self.entries.len() {
                cold.hand = 0;
            }
            let entry = &mut self.entries[cold.hand];
            if entry.changed & USED != 0 {
                entry.changed &= !USED;
                cold.hand += 1;
            } else {
                codec.evict(self.take_slot(cold.hand).value);
            }
        }
        if self.entries.capacity() > self.entries.len() * 5 / 4 {
            self.entries.shrink_to(self.entries.len() * 9 / 8);
        }
        self.cold = Some(cold);
    }

    /// Adds all entries of a table with a disk: its files, after what has changed has been written out.
    pub(super) fn snapshot_cold(
        &mut self,
        state: &str,
        writer: &mut SnapshotWriter,
        codec: &impl ValueCodec<V>,
    ) -> Result<(), StateError> {
        self.write_out(codec)?;
        let Some(cold) = &mut self.cold else { return Ok(()) };
        let increment = writer.increment().cloned();
        if let Some(Increment { checkpoint_id, completed_id, .. }) = increment {
            cold.complete(completed_id);
            cold.pending.push((checkpoint_id, cold.store.runs().into_iter().map(|run| run.id).collect()));
            if cold.pending.len() > PENDING_CHECKPOINTS_MAX {
                cold.pending.remove(0);
            }
        } else {
            cold.completed.clear();
        }
        let mut part = writer.state(state);
        part.schema(codec.schema());
        for run in cold.store.runs() {
            let is_uploaded = cold.completed.contains(&run.id);
            part.layer(if is_uploaded { RunRef { body: RunBody::Earlier, ..run } } else { run });
        }
        Ok(())
    }

    /// Takes over a state's entries in the key groups of a subtask.
    pub(super) fn restore_cold(
        &mut self,
        state: &str,
        reader: &SnapshotReader<'_>,
        codec: &mut impl ValueCodec<V>,
    ) -> Result<(), StateError> {
        let Some(cold) = &mut self.cold else { return Ok(()) };
        for former in reader.states(state) {
            match migration(codec, former, state)? {
                None => cold.store.ingest(&former.runs, reader.key_groups(), None)?,
                Some(migration) => {
                    let mut map = |bytes: &[u8], out: &mut Vec<u8>| {
                        let mut value = codec.decode(bytes)?;
                        codec.migrate(&mut value, &migration)?;
                        codec.encode(&value, out);
                        codec.evict(value);
                        Ok(())
                    };
                    cold.store.ingest(&former.runs, reader.key_groups(), Some(&mut map))?;
                }
            }
        }
        Ok(())
    }

    /// Says that values whose encoding begins with a time (as `i64` does) at or before this one have expired, so that they go away from disk
    /// when files are merged. Those in memory stay until [`Self::sweep`] refuses them.
    pub fn expire_stamped_until(&mut self, until_ms: i64) {
        if let Some(cold) = &mut self.cold {
            cold.store.expire_stamped_until(until_ms);
        }
    }

    /// Bytes on disk, 0 without one.
    pub fn disk_bytes(&self) -> u64 {
        self.cold.as_ref().map_or(0, |cold| cold.store.disk_bytes())
    }
}

impl Cold {
    /// A checkpoint has become known to be complete: its files need not be uploaded again.
    fn complete(&mut self, completed_id: Option<u64>) {
        let of_it = self.pending.iter().position(|(checkpoint_id, _)| Some(*checkpoint_id) == completed_id);
        if let Some((_, runs)) = of_it.and_then(|index| self.pending.drain(..=index).next_back()) {
            self.completed = runs;
        }
    }
}

/// How values of a snapshot become those of a table, if they are of another schema.
pub(super) fn migration<V>(
    codec: &impl ValueCodec<V>,
    stored: &KeyedSnapshot,
    state: &str,
) -> Result<Option<RowMigration>, StateError> {
    match (codec.schema(), stored.schema.is_empty()) {
        (Some(schema), false) => schema.migration_from(&RowSchema::from_bytes(&stored.schema)?, state),
        (None, true) => Ok(None),
        (Some(_), true) => Err(StateError::Incompatible(format!("state {state} has rows now, but had none"))),
        (None, false) => Err(StateError::Incompatible(format!("state {state} had rows, but has none now"))),
    }
}
