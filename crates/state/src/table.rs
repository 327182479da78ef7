//! A keyed table in memory: encoded key to value.
//!
//! One open-addressing index of 32-bit slots over a slab of entries: a lookup touches the index once and the entry once, and an update in
//! place allocates nothing. Keys up to 22 bytes lie in the entry itself. Iteration order is that of insertion and deletion, and must
//! not reach any output.

use hashbrown::HashTable;

use crate::encoding::{DecodeError, StateValue, read_length, take, write_length};
use crate::snapshot::{SnapshotReader, SnapshotWriter};

const INLINE_BYTES_MAX: usize = 22;

#[derive(Debug)]
enum KeyBytes {
    Inline { length: u8, bytes: [u8; INLINE_BYTES_MAX] },
    Heap(Box<[u8]>),
}

impl KeyBytes {
    fn new(key: &[u8]) -> Self {
        if key.len() <= INLINE_BYTES_MAX {
            let mut bytes = [0; INLINE_BYTES_MAX];
            bytes[..key.len()].copy_from_slice(key);
            KeyBytes::Inline { length: key.len() as u8, bytes }
        } else {
            KeyBytes::Heap(key.into())
        }
    }

    fn as_slice(&self) -> &[u8] {
        match self {
            KeyBytes::Inline { length, bytes } => &bytes[..usize::from(*length)],
            KeyBytes::Heap(bytes) => bytes,
        }
    }
}

#[derive(Debug)]
struct Entry<V> {
    hash: u32,
    key: KeyBytes,
    value: V,
}

/// Key to value. Keys are canonical encodings and their hashes come from [`flott_record::KeyRows`].
#[derive(Debug)]
pub struct KeyedTable<V> {
    index: HashTable<u32>,
    entries: Vec<Entry<V>>,
}

impl<V> Default for KeyedTable<V> {
    fn default() -> Self {
        KeyedTable { index: HashTable::new(), entries: Vec::new() }
    }
}

/// Spreads a 32-bit hash over the 64 bits of which the index uses both ends.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl<V> KeyedTable<V> {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn slot(&self, hash: u32, key: &[u8]) -> Option<usize> {
        let same = |slot: &u32| {
            let entry = &self.entries[*slot as usize];
            entry.hash == hash && entry.key.as_slice() == key
        };
        self.index.find(spread(hash), same).map(|slot| *slot as usize)
    }

    /// A key's value.
    pub fn get(&self, hash: u32, key: &[u8]) -> Option<&V> {
        self.slot(hash, key).map(|slot| &self.entries[slot].value)
    }

    /// A key's value, to be changed in place.
    pub fn get_mut(&mut self, hash: u32, key: &[u8]) -> Option<&mut V> {
        let slot = self.slot(hash, key)?;
        Some(&mut self.entries[slot].value)
    }

    /// A key's value, made by `default` if the key is new; true if it was.
    pub fn get_or_insert_with(&mut self, hash: u32, key: &[u8], default: impl FnOnce() -> V) -> (&mut V, bool) {
        if let Some(slot) = self.slot(hash, key) {
            return (&mut self.entries[slot].value, false);
        }
        let slot = self.push(hash, KeyBytes::new(key), default());
        (&mut self.entries[slot].value, true)
    }

    fn push(&mut self, hash: u32, key: KeyBytes, value: V) -> usize {
        let slot = self.entries.len();
        assert!(slot < u32::MAX as usize, "a table has at most 2^32 keys");
        self.entries.push(Entry { hash, key, value });
        let entries = &self.entries;
        self.index.insert_unique(spread(hash), slot as u32, |slot| spread(entries[*slot as usize].hash));
        slot
    }

    /// Removes a key and gives its value.
    pub fn remove(&mut self, hash: u32, key: &[u8]) -> Option<V> {
        let slot = self.slot(hash, key)?;
        Some(self.remove_slot(slot))
    }

    fn remove_slot(&mut self, slot: usize) -> V {
        self.unlink(self.entries[slot].hash, slot);
        let last = self.entries.len() - 1;
        if slot != last {
            let moved = self.entries[last].hash;
            if let Some(place) = self.index.find_mut(spread(moved), |candidate| *candidate as usize == last) {
                *place = slot as u32;
            }
        }
        self.entries.swap_remove(slot).value
    }

    fn unlink(&mut self, hash: u32, slot: usize) {
        let found = self.index.find_entry(spread(hash), |candidate| *candidate as usize == slot);
        if let Ok(occupied) = found {
            occupied.remove();
        }
    }

    /// Looks at the next `count` keys after `cursor`, round and round, and removes those that `keep` refuses: how expired state goes away
    /// in small steps. Whatever happens to the table between two calls, each key is seen again within a few rounds.
    pub fn sweep(&mut self, cursor: &mut usize, count: usize, mut keep: impl FnMut(&mut V) -> bool) {
        for _ in 0..count.min(self.entries.len()) {
            if *cursor >= self.entries.len() {
                *cursor = 0;
            }
            let Some(entry) = self.entries.get_mut(*cursor) else { return };
            if keep(&mut entry.value) {
                *cursor += 1;
            } else {
                self.remove_slot(*cursor);
            }
        }
    }

    /// All keys with their hashes and values, in no meaningful order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[u8], &V)> {
        self.entries.iter().map(|entry| (entry.hash, entry.key.as_slice(), &entry.value))
    }

    /// All keys with their hashes and values, to be changed in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &[u8], &mut V)> {
        self.entries.iter_mut().map(|entry| (entry.hash, entry.key.as_slice(), &mut entry.value))
    }

    /// All keys with their hashes and values, taken out of the table, in no meaningful order.
    pub fn into_entries(self) -> impl Iterator<Item = (u32, Vec<u8>, V)> {
        self.entries.into_iter().map(|entry| (entry.hash, entry.key.as_slice().to_vec(), entry.value))
    }

    /// Forgets all keys.
    pub fn clear(&mut self) {
        self.index.clear();
        self.entries.clear();
    }
}

impl<V: StateValue> KeyedTable<V> {
    /// Adds all entries to a snapshot under the state's name.
    pub fn snapshot(&self, state: &str, writer: &mut SnapshotWriter) {
        for (hash, key, value) in self.iter() {
            writer.keyed(state, hash, |out| {
                out.extend_from_slice(&hash.to_le_bytes());
                write_length(out, key.len() as u64);
                out.extend_from_slice(key);
                value.encode(out);
            });
        }
    }

    /// The entries of this subtask's key groups.
    ///
    /// # Errors
    /// If the snapshot is damaged.
    pub fn restore(state: &str, reader: &SnapshotReader<'_>) -> Result<Self, DecodeError> {
        let mut table = KeyedTable::new();
        for (_, bytes) in reader.keyed(state) {
            let mut input = bytes;
            while !input.is_empty() {
                let mut hash = [0; 4];
                hash.copy_from_slice(take(&mut input, 4)?);
                let length = read_length(&mut input)? as usize;
                let key = take(&mut input, length)?;
                let value = V::decode(&mut input)?;
                table.push(u32::from_le_bytes(hash), KeyBytes::new(key), value);
            }
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use flott_record::KeyGroupRange;
    use flott_record::key::murmur3_32;
    use proptest::prelude::*;

    use super::*;
    use crate::snapshot::OperatorSnapshot;

    proptest! {
        /// The table behaves as a map under random inserts and removals, and survives bytes and rescaling.
        #[test]
        fn is_a_map_across_restore_and_rescale(steps: Vec<(u8, bool, i64)>, parallelism in 1u32..5) {
            let mut table = KeyedTable::new();
            let mut model = BTreeMap::new();
            for (key, insert, value) in steps {
                let bytes = if key % 2 == 0 { vec![key] } else { vec![key; 40] };
                let hash = murmur3_32(&bytes);
                if insert {
                    *table.get_or_insert_with(hash, &bytes, || 0).0 = value;
                    model.insert(bytes, value);
                } else {
                    prop_assert_eq!(table.remove(hash, &bytes), model.remove(&bytes));
                }
            }
            let mut writer = SnapshotWriter::new(128);
            table.snapshot("s", &mut writer);
            let snapshot = OperatorSnapshot::from_bytes(&writer.finish().to_bytes()).expect("just written");
            let mut restored = BTreeMap::new();
            for subtask in 0..parallelism {
                let range = KeyGroupRange::of_subtask(subtask, parallelism, 128);
                let snapshots = [snapshot.clone()];
                let reader = SnapshotReader::new(&snapshots, range, subtask, parallelism);
                let part = KeyedTable::<i64>::restore("s", &reader).expect("just written");
                restored.extend(part.iter().map(|(_, key, value)| (key.to_vec(), *value)));
            }
            prop_assert_eq!(restored, model);
        }
    }

    #[test]
    fn sweeping_removes_what_is_refused_and_nothing_else() {
        let mut table = KeyedTable::new();
        for key in 0..100u8 {
            table.get_or_insert_with(murmur3_32(&[key]), &[key], || key);
        }
        let mut cursor = 70;
        for _ in 0..40 {
            table.sweep(&mut cursor, 7, |key| *key % 3 == 0);
        }
        let mut left: Vec<u8> = table.iter().map(|(_, _, key)| *key).collect();
        left.sort_unstable();
        assert_eq!(left, (0..100).filter(|key| key % 3 == 0).collect::<Vec<u8>>());
        assert!(left.iter().all(|key| table.get(murmur3_32(&[*key]), &[*key]) == Some(key)));
    }
}
