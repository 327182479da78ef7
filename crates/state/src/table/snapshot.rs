//! How a table gets into snapshots and back.

use flott_record::key::murmur3_32;

use super::changes::Plan;
use super::cold::{OwnEncoding, migration};
use super::{KeyBytes, KeyedTable, PERSISTED, ValueCodec};
use crate::encoding::StateValue;
use crate::error::StateError;
use crate::snapshot::{Increment, SnapshotReader, SnapshotWriter, StateWriter};

impl<V: StateValue> KeyedTable<V> {
    /// Adds all entries to a snapshot under the state's name; to an incremental one, what has changed.
    ///
    /// # Errors
    /// Where the table has a disk and that fails.
    pub fn snapshot(&mut self, state: &str, writer: &mut SnapshotWriter) -> Result<(), StateError> {
        self.snapshot_with(state, writer, &OwnEncoding)
    }

    /// A table in memory of the entries of this subtask's key groups.
    ///
    /// # Errors
    /// If the snapshot is damaged.
    pub fn restore(state: &str, reader: &SnapshotReader<'_>) -> Result<Self, StateError> {
        let mut table = KeyedTable::new();
        table.restore_from(state, reader)?;
        Ok(table)
    }

    /// Takes over the entries of this subtask's key groups.
    ///
    /// # Errors
    /// If the snapshot is damaged, or the table has a disk and that fails.
    pub fn restore_from(&mut self, state: &str, reader: &SnapshotReader<'_>) -> Result<(), StateError> {
        self.restore_with(state, reader, &mut OwnEncoding)
    }
}

impl<V> KeyedTable<V> {
    /// Adds an entry that was read from a snapshot.
    fn restore_entry(&mut self, key: &[u8], value: V) {
        self.push(murmur3_32(key), KeyBytes::new(key), value);
    }

    /// As [`Self::restore_from`], for values that are encoded by someone else.
    ///
    /// # Errors
    /// As there.
    pub fn restore_with(
        &mut self,
        state: &str,
        reader: &SnapshotReader<'_>,
        codec: &mut impl ValueCodec<V>,
    ) -> Result<(), StateError> {
        if self.cold.is_some() {
            return self.restore_cold(state, reader, codec);
        }
        for former in reader.states(state) {
            let migration = migration(codec, former, state)?;
            reader.entries(former, |entry| {
                let mut value = codec.decode(entry.value)?;
                if let Some(migration) = &migration {
                    codec.migrate(&mut value, migration)?;
                }
                self.restore_entry(entry.key, value);
                Ok::<(), StateError>(())
            })?;
        }
        Ok(())
    }

    /// As [`Self::snapshot`], for values that are encoded by someone else.
    ///
    /// # Errors
    /// As there.
    pub fn snapshot_with(
        &mut self,
        state: &str,
        writer: &mut SnapshotWriter,
        codec: &impl ValueCodec<V>,
    ) -> Result<(), StateError> {
        if self.cold.is_some() {
            return self.snapshot_cold(state, writer, codec);
        }
        let Some(Increment { checkpoint_id, completed_id, .. }) = writer.increment().cloned() else {
            let mut part = writer.state(state);
            part.schema(codec.schema());
            self.write_all(&mut part, codec);
            return Ok(());
        };
        let changes = self.changes.get_or_insert_default();
        if let Some(completed_id) = completed_id {
            changes.complete(completed_id);
        }
        let generation = self.generation;
        let plan = changes.plan(generation, self.entries.len());
        let mut part = writer.state(state);
        part.schema(codec.schema());
        let levels = match plan {
            Plan::Full => {
                self.write_all(&mut part, codec);
                0
            }
            Plan::Since { generation, levels } => {
                self.write_since(generation, levels, &mut part, codec);
                levels
            }
        };
        let run = part.put_entries().map(|facts| part.as_earlier(facts));
        self.generation += 1;
        if let Some(changes) = &mut self.changes {
            changes.taken(checkpoint_id, generation, levels, run);
        }
        Ok(())
    }

    fn write_all(&mut self, part: &mut StateWriter<'_>, codec: &impl ValueCodec<V>) {
        for entry in &mut self.entries {
            entry.changed |= PERSISTED;
            part.put(
                entry.hash,
                |out| out.extend_from_slice(entry.key.as_slice()),
                |out| codec.encode(&entry.value, out),
            );
        }
    }

    /// Refers to the kept levels and adds what has changed after a generation.
    fn write_since(&mut self, generation: u32, levels: usize, part: &mut StateWriter<'_>, codec: &impl ValueCodec<V>) {
        let Some(changes) = &self.changes else { return };
        changes.kept(levels).iter().for_each(|level| part.layer(level.run.clone()));
        for removed in changes.removed_since(generation) {
            if self.slot(removed.hash, removed.key.as_slice()).is_none() {
                part.remove(removed.hash, |out| out.extend_from_slice(removed.key.as_slice()));
            }
        }
        for slot in changes.slots_since(generation) {
            let Some(entry) = self.entries.get_mut(slot as usize) else { continue };
            if entry.changed_in() > generation {
                entry.changed |= PERSISTED;
                part.put(
                    entry.hash,
                    |out| out.extend_from_slice(entry.key.as_slice()),
                    |out| codec.encode(&entry.value, out),
                );
            }
        }
    }
}
