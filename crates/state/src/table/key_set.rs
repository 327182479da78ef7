//! A set of keys in two allocations, to be filled and emptied over and over.

use hashbrown::HashTable;

use super::spread;

#[derive(Clone, Copy, Debug)]
struct Key {
    hash: u32,
    start: u32,
    end: u32,
}

/// Keys with their hashes.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    index: HashTable<Key>,
    bytes: Vec<u8>,
}

impl KeySet {
    pub(super) fn insert(&mut self, hash: u32, key: &[u8]) {
        if !self.contains(hash, key) {
            let start = self.bytes.len() as u32;
            self.bytes.extend_from_slice(key);
            let key = Key { hash, start, end: self.bytes.len() as u32 };
            self.index.insert_unique(spread(hash), key, |key| spread(key.hash));
        }
    }

    pub(super) fn contains(&self, hash: u32, key: &[u8]) -> bool {
        let same = |known: &Key| known.hash == hash && self.slice(known) == key;
        self.index.find(spread(hash), same).is_some()
    }

    fn slice(&self, key: &Key) -> &[u8] {
        &self.bytes[key.start as usize..key.end as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.index.iter().map(|key| (key.hash, self.slice(key)))
    }

    pub(super) fn clear(&mut self) {
        self.index.clear();
        self.bytes.clear();
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.capacity() + self.index.capacity() * size_of::<Key>()
    }
}
