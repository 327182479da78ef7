//! Keyed state of windows that fire when time passes their end.

use std::collections::BTreeMap;

use flott_state::encoding::{read_length, take, write_length};
use flott_state::{DecodeError, KeyedTable, SnapshotReader, SnapshotWriter, StateValue};

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
    /// Adds all windows to a snapshot.
    pub(crate) fn snapshot(&self, state: &str, writer: &mut SnapshotWriter) {
        let open = self
            .open
            .iter()
            .flat_map(|(end_ms, table)| table.iter().map(move |(hash, key, value)| (*end_ms, hash, key, value)));
        let firing =
            self.firing.iter().map(|fired| (fired.window_end_ms, fired.hash, fired.key.as_slice(), &fired.value));
        for (window_end_ms, hash, key, value) in open.chain(firing) {
            writer.keyed(state, hash, |out| {
                window_end_ms.encode(out);
                out.extend_from_slice(&hash.to_le_bytes());
                write_length(out, key.len() as u64);
                out.extend_from_slice(key);
                value.encode(out);
            });
        }
    }

    /// The windows of this subtask's key groups.
    ///
    /// # Errors
    /// If the snapshot is damaged.
    pub(crate) fn restore(state: &str, reader: &SnapshotReader<'_>) -> Result<Self, DecodeError> {
        let mut tables = WindowTables::default();
        for (_, mut input) in reader.keyed(state) {
            while !input.is_empty() {
                let window_end_ms = i64::decode(&mut input)?;
                let mut hash = [0; 4];
                hash.copy_from_slice(take(&mut input, 4)?);
                let length = read_length(&mut input)? as usize;
                let key = take(&mut input, length)?;
                let value = V::decode(&mut input)?;
                tables.get_or_insert_with(window_end_ms, u32::from_le_bytes(hash), key, || value);
            }
        }
        Ok(tables)
    }
}
