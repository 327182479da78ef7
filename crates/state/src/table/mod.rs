//! A keyed table in memory: encoded key to value.
//!
//! One open-addressing index of 32-bit slots over a slab of entries: a lookup touches the index once and the entry once, and an update in
//! place allocates nothing. Keys up to 22 bytes lie in the entry itself. Iteration order is that of insertion and deletion, and must
//! not reach any output.

pub(crate) mod changes;
mod cold;
mod key_set;
mod snapshot;

use hashbrown::HashTable;

use self::changes::{Changes, Removed};
use self::cold::Cold;
pub use self::cold::ValueCodec;

const INLINE_BYTES_MAX: usize = 22;

/// Marks in [`Entry::changed`] that a snapshot has the key.
const PERSISTED: u32 = 1 << 31;

/// Marks in [`Entry::changed`] that a prefetch has asked for the key of late.
const USED: u32 = 1 << 30;

/// A key: short ones lie in place.
#[derive(Clone, Debug)]
pub(crate) enum KeyBytes {
    Inline { length: u8, bytes: [u8; INLINE_BYTES_MAX] },
    Heap(Box<[u8]>),
}

impl KeyBytes {
    pub(crate) fn new(key: &[u8]) -> Self {
        if key.len() <= INLINE_BYTES_MAX {
            let mut bytes = [0; INLINE_BYTES_MAX];
            bytes[..key.len()].copy_from_slice(key);
            KeyBytes::Inline { length: key.len() as u8, bytes }
        } else {
            KeyBytes::Heap(key.into())
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            KeyBytes::Inline { length, bytes } => &bytes[..usize::from(*length)],
            KeyBytes::Heap(bytes) => bytes,
        }
    }
}

#[derive(Debug)]
struct Entry<V> {
    hash: u32,
    /// The generation of the last change, and [`PERSISTED`] and [`USED`].
    changed: u32,
    key: KeyBytes,
    value: V,
}

impl<V> Entry<V> {
    fn changed_in(&self) -> u32 {
        self.changed & !(PERSISTED | USED)
    }
}

/// Key to value. Keys are canonical encodings and their hashes come from [`flott_record::KeyRows`].
#[derive(Debug)]
pub struct KeyedTable<V> {
    index: HashTable<u32>,
    entries: Vec<Entry<V>>,
    /// Number of snapshots taken since changes are tracked.
    generation: u32,
    /// From the first incremental snapshot on; until then, changes cost nothing.
    changes: Option<Box<Changes>>,
    /// Where entries are that are not in memory.
    cold: Option<Box<Cold>>,
}

impl<V> Default for KeyedTable<V> {
    fn default() -> Self {
        KeyedTable { index: HashTable::new(), entries: Vec::new(), generation: 0, changes: None, cold: None }
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

    /// Number of keys in memory.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key in memory.
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

    /// The slot of a key that is used, which has been prefetched if it may be on disk.
    fn used_slot(&self, hash: u32, key: &[u8]) -> Option<usize> {
        let slot = self.slot(hash, key);
        if slot.is_none()
            && let Some(cold) = &self.cold
        {
            assert!(cold.is_known_absent(hash, key), "a key is prefetched before it is used");
        }
        slot
    }

    /// A key's value.
    pub fn get(&self, hash: u32, key: &[u8]) -> Option<&V> {
        self.used_slot(hash, key).map(|slot| &self.entries[slot].value)
    }

    /// A key's value, to be changed in place.
    pub fn get_mut(&mut self, hash: u32, key: &[u8]) -> Option<&mut V> {
        let slot = self.used_slot(hash, key)?;
        self.touch(slot);
        Some(&mut self.entries[slot].value)
    }

    /// A key's value, made by `default` if the key is new; true if it was.
    pub fn get_or_insert_with(&mut self, hash: u32, key: &[u8], default: impl FnOnce() -> V) -> (&mut V, bool) {
        if let Some(slot) = self.used_slot(hash, key) {
            self.touch(slot);
            return (&mut self.entries[slot].value, false);
        }
        let slot = self.push(hash, KeyBytes::new(key), default());
        (&mut self.entries[slot].value, true)
    }

    /// Notes that an entry changes: one comparison, but for the first time after a snapshot.
    #[inline]
    fn touch(&mut self, slot: usize) {
        if self.entries[slot].changed_in() != self.generation {
            self.touch_first(slot);
        }
    }

    #[cold]
    fn touch_first(&mut self, slot: usize) {
        let entry = &mut self.entries[slot];
        entry.changed = entry.changed & (PERSISTED | USED) | self.generation;
        self.note(slot);
    }

    /// Remembers a slot as one whose entry has changed.
    fn note(&mut self, slot: usize) {
        if let Some(changes) = &mut self.changes {
            changes.push(slot as u32);
        }
        if let Some(cold) = &mut self.cold {
            cold.unwritten.push(slot as u32);
        }
    }

    fn push(&mut self, hash: u32, key: KeyBytes, value: V) -> usize {
        let slot = self.entries.len();
        assert!(slot < u32::MAX as usize, "a table has at most 2^32 keys");
        self.entries.push(Entry { hash, changed: self.generation | USED, key, value });
        let entries = &self.entries;
        self.index.insert_unique(spread(hash), slot as u32, |slot| spread(entries[*slot as usize].hash));
        if self.generation > 0 {
            self.note(slot);
        }
        slot
    }

    /// Removes a key and gives its value.
    pub fn remove(&mut self, hash: u32, key: &[u8]) -> Option<V> {
        let slot = self.used_slot(hash, key)?;
        Some(self.remove_slot(slot))
    }

    fn remove_slot(&mut self, slot: usize) -> V {
        let entry = self.take_slot(slot);
        if entry.changed & PERSISTED != 0 {
            if let Some(changes) = &mut self.changes {
                let (generation, hash, key) = (self.generation, entry.hash, entry.key);
                changes.push_removed(Removed { generation, hash, key, was_there: true });
            } else if let Some(cold) = &mut self.cold {
                cold.gone.insert(entry.hash, entry.key.as_slice());
            }
        } else if let Some(cold) = &mut self.cold {
            cold.note_absent(entry.hash, entry.key.as_slice());
        }
        entry.value
    }

    /// Takes an entry out of memory; the last one takes its place.
    fn take_slot(&mut self, slot: usize) -> Entry<V> {
        self.unlink(self.entries[slot].hash, slot);
        let last = self.entries.len() - 1;
        if slot != last {
            let moved = self.entries[last].hash;
            if let Some(place) = self.index.find_mut(spread(moved), |candidate| *candidate as usize == last) {
                *place = slot as u32;
            }
        }
        let entry = self.entries.swap_remove(slot);
        if let Some(moved) = self.entries.get(slot) {
            let changed_in = moved.changed_in();
            if self.changes.as_ref().is_some_and(|changes| changes.is_tracked(changed_in)) {
                self.note(slot);
            } else if changed_in == self.generation
                && let Some(cold) = &mut self.cold
            {
                cold.unwritten.push(slot as u32);
            }
        }
        entry
    }

    fn unlink(&mut self, hash: u32, slot: usize) {
        let found = self.index.find_entry(spread(hash), |candidate| *candidate as usize == slot);
        if let Ok(occupied) = found {
            occupied.remove();
        }
    }

    /// Looks at the next `count` keys after `cursor`, round and round, and removes those that `keep` refuses: how expired state goes away
    /// in small steps. Whatever happens to the table between two calls, each key is seen again within a few rounds.
    ///
    /// `keep` may drop from a value what has expired, but nothing else: that alone is no change that a checkpoint has to have.
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
        (0..self.entries.len()).for_each(|slot| self.touch(slot));
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
        self.changes = None;
        self.generation = 0;
        assert!(self.cold.is_none(), "a table with a disk is not cleared at once");
    }
}

#[cfg(test)]
mod tests;
