//! Typed state of process functions, scoped to the current key.
//!
//! A function declares its states in `open` and keeps the handles; a handle reads and writes the state of the key that is being
//! processed. Without a key (outside a call) there is nothing to pass to a handle, so that it cannot be misused.

use std::any::Any;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use flott_record::KeyRows;
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, DiskBackend, KeyedTable, SnapshotReader, SnapshotWriter, StateError, StateValue};

/// One value for each key.
///
/// Scope       the current key.
/// Cost        `get`, `set`: one lookup, no encoding.
/// Expiry      none; `clear` removes the key's value.
/// Snapshot    sees the value as of the barrier.
#[derive(Debug)]
pub struct ValueState<V> {
    index: usize,
    marker: PhantomData<V>,
}

/// A map for each key, ordered by its keys.
///
/// Scope       the current key.
/// Cost        `get`, `insert`: one lookup and one search in the map.
/// Expiry      none; an empty map occupies nothing.
/// Snapshot    sees the map as of the barrier.
#[derive(Debug)]
pub struct MapState<K, V> {
    index: usize,
    marker: PhantomData<(K, V)>,
}

/// The states of a function, and the key that is being processed.
#[derive(Default)]
pub struct States {
    tables: Vec<(String, Box<dyn StateTable>)>,
    hash: u32,
    key: Vec<u8>,
}

/// A table of values of one type.
trait StateTable {
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    fn snapshot(&mut self, state: &str, writer: &mut SnapshotWriter) -> Result<(), StateError>;
    fn restore(&mut self, state: &str, reader: &SnapshotReader<'_>) -> Result<(), StateError>;
    fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), StateError>;
    fn prefetch(&mut self, keys: &KeyRows) -> Result<(), StateError>;
    fn prefetch_key(&mut self, hash: u32, key: &[u8]) -> Result<(), StateError>;
}

impl<V: StateValue + 'static> StateTable for KeyedTable<V> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn snapshot(&mut self, state: &str, writer: &mut SnapshotWriter) -> Result<(), StateError> {
        KeyedTable::snapshot(self, state, writer)
    }

    fn restore(&mut self, state: &str, reader: &SnapshotReader<'_>) -> Result<(), StateError> {
        self.restore_from(state, reader)
    }

    fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), StateError> {
        KeyedTable::use_disk(self, backend)
    }

    fn prefetch(&mut self, keys: &KeyRows) -> Result<(), StateError> {
        KeyedTable::prefetch(self, keys)
    }

    fn prefetch_key(&mut self, hash: u32, key: &[u8]) -> Result<(), StateError> {
        KeyedTable::prefetch_key(self, hash, key)
    }
}

/// A map as one value.
#[derive(Debug)]
struct Entries<K, V>(BTreeMap<K, V>);

impl<K: StateValue + Ord, V: StateValue> StateValue for Entries<K, V> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.0.len() as u64);
        for (key, value) in &self.0 {
            key.encode(out);
            value.encode(out);
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let entries: Result<_, _> = (0..read_length(bytes)?).map(|_| <(K, V)>::decode(bytes)).collect();
        Ok(Entries(entries?))
    }
}

impl States {
    /// Declares a value state; its name finds it again after a restore.
    ///
    /// # Panics
    /// If a state of that name was declared before: a fault of the function.
    pub fn value<V: StateValue + 'static>(&mut self, name: &str) -> ValueState<V> {
        ValueState { index: self.declare::<V>(name), marker: PhantomData }
    }

    /// Declares a map state.
    ///
    /// # Panics
    /// As [`Self::value`].
    pub fn map<K: StateValue + Ord + 'static, V: StateValue + 'static>(&mut self, name: &str) -> MapState<K, V> {
        MapState { index: self.declare::<Entries<K, V>>(name), marker: PhantomData }
    }

    fn declare<V: StateValue + 'static>(&mut self, name: &str) -> usize {
        assert!(self.tables.iter().all(|(other, _)| other != name), "state {name} is declared once");
        self.tables.push((name.to_string(), Box::new(KeyedTable::<V>::new())));
        self.tables.len() - 1
    }

    pub(super) fn set_key(&mut self, hash: u32, key: &[u8]) {
        self.hash = hash;
        self.key.clear();
        self.key.extend_from_slice(key);
    }

    pub(super) fn key(&self) -> (u32, &[u8]) {
        (self.hash, &self.key)
    }

    fn table<V: StateValue + 'static>(&self, index: usize) -> &KeyedTable<V> {
        self.tables[index].1.as_any().downcast_ref().expect("a handle has the type of its declaration")
    }

    fn table_mut<V: StateValue + 'static>(&mut self, index: usize) -> (&mut KeyedTable<V>, u32, &[u8]) {
        let table = self.tables[index].1.as_any_mut().downcast_mut();
        (table.expect("a handle has the type of its declaration"), self.hash, &self.key)
    }

    pub(super) fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), StateError> {
        self.tables.iter_mut().try_for_each(|(_, table)| table.use_disk(backend))
    }

    /// Brings the states of a batch's keys into memory, where a disk has them.
    pub(super) fn prefetch(&mut self, keys: &KeyRows) -> Result<(), StateError> {
        self.tables.iter_mut().try_for_each(|(_, table)| table.prefetch(keys))
    }

    /// As [`Self::prefetch`] for the current key.
    pub(super) fn prefetch_current(&mut self) -> Result<(), StateError> {
        let States { tables, hash, key } = self;
        tables.iter_mut().try_for_each(|(_, table)| table.prefetch_key(*hash, key))
    }

    pub(super) fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), StateError> {
        self.tables.iter_mut().try_for_each(|(name, table)| table.snapshot(&format!("state.{name}"), writer))
    }

    pub(super) fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), StateError> {
        self.tables.iter_mut().try_for_each(|(name, table)| table.restore(&format!("state.{name}"), reader))
    }
}

impl<V: StateValue + 'static> ValueState<V> {
    /// The current key's value.
    pub fn get<'a>(&self, states: &'a States) -> Option<&'a V> {
        states.table::<V>(self.index).get(states.hash, &states.key)
    }

    /// Sets the current key's value.
    pub fn set(&self, states: &mut States, value: V) {
        let (table, hash, key) = states.table_mut::<V>(self.index);
        if let Some(present) = table.get_mut(hash, key) {
            *present = value;
        } else {
            table.get_or_insert_with(hash, key, || value);
        }
    }

    /// Removes the current key's value.
    pub fn clear(&self, states: &mut States) -> Option<V> {
        let (table, hash, key) = states.table_mut::<V>(self.index);
        table.remove(hash, key)
    }
}

impl<K: StateValue + Ord + 'static, V: StateValue + 'static> MapState<K, V> {
    fn entries<'a>(&self, states: &'a States) -> Option<&'a BTreeMap<K, V>> {
        let table = states.table::<Entries<K, V>>(self.index);
        table.get(states.hash, &states.key).map(|entries| &entries.0)
    }

    /// A value of the current key's map.
    pub fn get<'a>(&self, states: &'a States, key: &K) -> Option<&'a V> {
        self.entries(states)?.get(key)
    }

    /// Puts a value into the current key's map; gives the former one.
    pub fn insert(&self, states: &mut States, map_key: K, value: V) -> Option<V> {
        let (table, hash, key) = states.table_mut::<Entries<K, V>>(self.index);
        let (entries, _) = table.get_or_insert_with(hash, key, || Entries(BTreeMap::new()));
        entries.0.insert(map_key, value)
    }

    /// Removes a value of the current key's map.
    pub fn remove(&self, states: &mut States, map_key: &K) -> Option<V> {
        let (table, hash, key) = states.table_mut::<Entries<K, V>>(self.index);
        let entries = table.get_mut(hash, key)?;
        let removed = entries.0.remove(map_key);
        if entries.0.is_empty() {
            table.remove(hash, key);
        }
        removed
    }

    /// The current key's entries, in order of their keys.
    pub fn iter<'a>(&self, states: &'a States) -> impl Iterator<Item = (&'a K, &'a V)> {
        self.entries(states).into_iter().flatten()
    }

    /// Removes the current key's map.
    pub fn clear(&self, states: &mut States) {
        let (table, hash, key) = states.table_mut::<Entries<K, V>>(self.index);
        table.remove(hash, key);
    }
}
