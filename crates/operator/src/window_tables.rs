//! Keyed state of windows that fire when time passes their end.

use std::collections::BTreeMap;

use flott_record::key::murmur3_32;
use flott_state::encoding::{decode_all, read_ordered_time, write_ordered_time};
use flott_state::{KeyedTable, SnapshotReader, SnapshotWriter, StateError, StateValue};

use crate::window_state::{window_state, window_states};

/// One key's state of a window that fires.
#[derive(Debug)]
pub(crate) struct Fired<V> {
    pub(crate) window_end_ms: i64,
    hash: u32,
    key: Vec<u8>,
    pub(crate) value: V,
}

/// For each window (named by its end) a table of keys.
///
/// Order       windows fire by their end, and within a window by key bytes.
/// Snapshot    sees what has not fired yet, also in the midst of a window.
#[derive(Debug)]
pub(crate) struct WindowTables<V> {
    open: BTreeMap<i64, KeyedTable<V>>,
    /// What is left of the window that fires, last key first.
    firing: Vec<Fired<V>>,
}

impl<V> Default for WindowTables<V> {
    fn default() -> Self {
        WindowTables { open: BTreeMap::new(), firing: Vec::new() }
    }
}

impl<V> WindowTables<V> {
    /// The state of a key in a window.
    pub(crate) fn get_or_insert_with(
        &mut self,
        window_end_ms: i64,
        hash: u32,
        key: &[u8],
        default: impl FnOnce() -> V,
    ) -> &mut V {
        self.open.entry(window_end_ms).or_default().get_or_insert_with(hash, key, default).0
    }

    /// Takes the next key of the windows that are over.
    pub(crate) fn pop_due(&mut self, is_over: impl Fn(i64) -> bool) -> Option<Fired<V>> {
        while self.firing.is_empty() {
            let first = self.open.first_entry()?;
            let window_end_ms = *first.key();
            if !is_over(window_end_ms) {
                return None;
            }
            let mut fired: Vec<Fired<V>> = first
                .remove()
                .into_entries()
                .map(|(hash, key, value)| Fired { window_end_ms, hash, key, value })
                .collect();
            fired.sort_unstable_by(|a, b| b.key.cmp(&a.key));
            self.firing = fired;
        }
        self.firing.pop()
    }

    /// The end of the next window.
    pub(crate) fn next_end_ms(&self) -> Option<i64> {
        self.firing.last().map(|fired| fired.window_end_ms).or_else(|| self.open.keys().next().copied())
    }
}

impl<V: StateValue> WindowTables<V> {
    /// Adds all windows to a snapshot, each as a state of its own.
    ///
    /// # Errors
    /// Those of the tables.
    pub(crate) fn snapshot(&mut self, state: &str, writer: &mut SnapshotWriter) -> Result<(), StateError> {
        for (window_end_ms, table) in &mut self.open {
            table.snapshot(&window_state(state, *window_end_ms), writer)?;
        }
        if !self.firing.is_empty() {
            let mut part = writer.state(&firing_state(state));
            for Fired { window_end_ms, hash, key, value } in &self.firing {
                let write_key = |out: &mut Vec<u8>| {
                    write_ordered_time(out, *window_end_ms);
                    out.extend_from_slice(key);
                };
                part.put(*hash, write_key, |out| value.encode(out));
            }
        }
        Ok(())
    }

    /// The windows of this subtask's key groups.
    ///
    /// # Errors
    /// If the snapshot is damaged.
    pub(crate) fn restore(state: &str, reader: &SnapshotReader<'_>) -> Result<Self, StateError> {
        let mut tables = WindowTables::default();
        for (window_end_ms, name) in window_states(reader, state)? {
            let table = KeyedTable::restore(name, reader)?;
            if !table.is_empty() {
                tables.open.insert(window_end_ms, table);
            }
        }
        reader.keyed(&firing_state(state), |entry| {
            let mut key = entry.key;
            let window_end_ms = read_ordered_time(&mut key)?;
            let value = decode_all::<_, StateError>(entry.value)?;
            tables.get_or_insert_with(window_end_ms, murmur3_32(key), key, || value);
            Ok::<(), StateError>(())
        })?;
        Ok(tables)
    }
}

/// The name of what is left of a window that fires.
fn firing_state(state: &str) -> String {
    format!("{state}.firing")
}
