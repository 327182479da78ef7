//! A map for each key.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

use super::ttl::Expiring;
use super::{States, Ttl};
use crate::expiry::Stamped;

/// A map for each key, ordered by its keys.
///
/// Scope       the current key.
/// Cost        `get`, `insert`: one lookup and one search in the map; a checkpoint writes a map that has changed as a whole.
/// Expiry      of each entry by itself; an empty map occupies nothing.
/// Snapshot    sees the map as of the barrier.
#[derive(Debug)]
pub struct MapState<K, V> {
    index: usize,
    marker: PhantomData<(K, V)>,
}

/// A map as one value.
#[derive(Debug)]
struct Entries<K, V>(BTreeMap<K, Stamped<V>>);

impl<K, V> Default for Entries<K, V> {
    fn default() -> Self {
        Entries(BTreeMap::new())
    }
}

impl<K: Ord, V> Expiring for Entries<K, V> {
    fn keep_after(&mut self, until_ms: i64) -> bool {
        self.0.retain(|_, entry| entry.written_ms > until_ms);
        !self.0.is_empty()
    }
}

impl<K: StateValue + Ord, V: StateValue> StateValue for Entries<K, V> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.values().map(|entry| entry.written_ms).max().unwrap_or(i64::MIN).encode(out);
        write_length(out, self.0.len() as u64);
        for (key, value) in &self.0 {
            key.encode(out);
            value.encode(out);
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        i64::decode(bytes)?;
        let entries: Result<_, _> = (0..read_length(bytes)?).map(|_| StateValue::decode(bytes)).collect();
        Ok(Entries(entries?))
    }
}

impl States {
    /// Declares a map state; its name finds it again after a restore.
    ///
    /// # Panics
    /// If a state of that name was declared before: a fault of the function.
    pub fn map<K: StateValue + Ord + 'static, V: StateValue + 'static>(&mut self, name: &str) -> MapState<K, V> {
        MapState { index: self.declare::<Entries<K, V>>(name, None), marker: PhantomData }
    }

    /// Declares a map state whose entries expire.
    ///
    /// # Panics
    /// As [`Self::map`].
    pub fn map_with_ttl<K: StateValue + Ord + 'static, V: StateValue + 'static>(
        &mut self,
        name: &str,
        ttl: Ttl,
    ) -> MapState<K, V> {
        MapState { index: self.declare::<Entries<K, V>>(name, Some(ttl)), marker: PhantomData }
    }
}

impl<K: StateValue + Ord + 'static, V: StateValue + 'static> MapState<K, V> {
    /// A value of the current key's map.
    pub fn get<'a>(&self, states: &'a mut States, key: &K) -> Option<&'a V> {
        let scope = states.scope::<Entries<K, V>>(self.index);
        let (until_ms, now_ms) = (scope.expired_until_ms(), scope.now_ms);
        let entry: &Stamped<V> = if scope.refreshes_on_read() {
            let entry = scope.get_mut()?.0.get_mut(key)?;
            if entry.written_ms > until_ms {
                entry.written_ms = now_ms;
            }
            entry
        } else {
            scope.get()?.0.get(key)?
        };
        (entry.written_ms > until_ms).then_some(&entry.value)
    }

    /// Puts a value into the current key's map; gives the former one.
    pub fn insert(&self, states: &mut States, map_key: K, value: V) -> Option<V> {
        let scope = states.scope::<Entries<K, V>>(self.index);
        let (until_ms, written_ms) = (scope.expired_until_ms(), scope.now_ms);
        let former = scope.get_or_default().0.insert(map_key, Stamped { written_ms, value })?;
        (former.written_ms > until_ms).then_some(former.value)
    }

    /// Removes a value of the current key's map.
    pub fn remove(&self, states: &mut States, map_key: &K) -> Option<V> {
        let scope = states.scope::<Entries<K, V>>(self.index);
        let until_ms = scope.expired_until_ms();
        let entries = scope.get_mut()?;
        let removed = entries.0.remove(map_key);
        if entries.0.is_empty() {
            self.clear(states);
        }
        removed.filter(|entry| entry.written_ms > until_ms).map(|entry| entry.value)
    }

    /// The current key's entries, in order of their keys.
    pub fn iter<'a>(&self, states: &'a mut States) -> impl Iterator<Item = (&'a K, &'a V)> {
        let scope = states.scope::<Entries<K, V>>(self.index);
        let (until_ms, now_ms, refresh) = (scope.expired_until_ms(), scope.now_ms, scope.refreshes_on_read());
        let entries: Option<&Entries<K, V>> = if refresh {
            scope.get_mut().map(|entries| {
                let live = entries.0.values_mut().filter(|entry| entry.written_ms > until_ms);
                live.for_each(|entry| entry.written_ms = now_ms);
                &*entries
            })
        } else {
            scope.get()
        };
        let entries = entries.into_iter().flat_map(|entries| &entries.0);
        entries.filter(move |(_, entry)| entry.written_ms > until_ms).map(|(key, entry)| (key, &entry.value))
    }

    /// Removes the current key's map.
    pub fn clear(&self, states: &mut States) {
        states.scope::<Entries<K, V>>(self.index).remove();
    }
}
