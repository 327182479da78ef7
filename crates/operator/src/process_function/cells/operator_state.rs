//! States of a subtask, not of a key.

use std::any::Any;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use flott_state::encoding::{decode_all, read_length, write_length};
use flott_state::{DecodeError, SnapshotReader, SnapshotWriter, StateError, StateValue};

use super::States;

/// What a subtask gets of a list when a snapshot is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redistribution {
    /// Its even share of all subtasks' elements.
    Split,
    /// All elements of all subtasks.
    Union,
}

/// A list of the subtask.
///
/// Scope       the subtask.
/// Cost        `items_mut`: nothing; a checkpoint writes the whole list.
/// Expiry      none.
/// Snapshot    sees the list as of the barrier.
#[derive(Debug)]
pub struct OperatorListState<T> {
    index: usize,
    marker: PhantomData<T>,
}

/// A map that all subtasks have alike: each must write the same to it.
///
/// Scope       the subtask; after a restore each has a copy of what one had.
/// Cost        `get`, `insert`: one search in the map; a checkpoint writes the whole map, once a subtask.
/// Expiry      none.
/// Snapshot    sees the map as of the barrier.
#[derive(Debug)]
pub struct BroadcastState<K, V> {
    index: usize,
    marker: PhantomData<(K, V)>,
}

/// All operator states of a function.
#[derive(Default)]
pub(super) struct OperatorStates {
    states: Vec<(String, Box<dyn OperatorState>)>,
}

/// An operator state of any type.
trait OperatorState {
    fn as_any_mut(&mut self) -> &mut dyn Any;
    fn snapshot(&self, name: &str, writer: &mut SnapshotWriter);
    fn restore(&mut self, name: &str, reader: &SnapshotReader<'_>) -> Result<(), StateError>;
}

struct List<T> {
    redistribution: Redistribution,
    items: Vec<T>,
}

impl<T: StateValue + 'static> OperatorState for List<T> {
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn snapshot(&self, name: &str, writer: &mut SnapshotWriter) {
        for item in &self.items {
            let mut entry = Vec::new();
            item.encode(&mut entry);
            match self.redistribution {
                Redistribution::Split => writer.list(name, entry),
                Redistribution::Union => writer.union(name, entry),
            }
        }
    }

    fn restore(&mut self, name: &str, reader: &SnapshotReader<'_>) -> Result<(), StateError> {
        let items: Result<Vec<T>, StateError> = match self.redistribution {
            Redistribution::Split => reader.list(name).map(decode_all).collect(),
            Redistribution::Union => reader.union(name).map(decode_all).collect(),
        };
        self.items = items?;
        Ok(())
    }
}

/// A map as one entry, so that a restored subtask takes one copy.
struct Copied<K, V>(BTreeMap<K, V>);

impl<K: StateValue + Ord, V: StateValue> StateValue for Copied<K, V> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.0.len() as u64);
        for (key, value) in &self.0 {
            key.encode(out);
            value.encode(out);
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let entries: Result<_, _> = (0..read_length(bytes)?).map(|_| <(K, V)>::decode(bytes)).collect();
        Ok(Copied(entries?))
    }
}

impl<K: StateValue + Ord + 'static, V: StateValue + 'static> OperatorState for Copied<K, V> {
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn snapshot(&self, name: &str, writer: &mut SnapshotWriter) {
        let mut entry = Vec::new();
        self.encode(&mut entry);
        writer.union(name, entry);
    }

    fn restore(&mut self, name: &str, reader: &SnapshotReader<'_>) -> Result<(), StateError> {
        if let Some(entry) = reader.union(name).next() {
            *self = decode_all::<_, StateError>(entry)?;
        }
        Ok(())
    }
}

impl OperatorStates {
    fn declare(&mut self, name: &str, state: Box<dyn OperatorState>) -> usize {
        assert!(self.states.iter().all(|(other, _)| other != name), "state {name} is declared once");
        self.states.push((name.to_string(), state));
        self.states.len() - 1
    }

    fn state<S: 'static>(&mut self, index: usize) -> &mut S {
        let state = self.states[index].1.as_any_mut().downcast_mut();
        state.expect("a handle has the type of its declaration")
    }

    pub(super) fn snapshot(&self, writer: &mut SnapshotWriter) {
        self.states.iter().for_each(|(name, state)| state.snapshot(&format!("operator.{name}"), writer));
    }

    pub(super) fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), StateError> {
        self.states.iter_mut().try_for_each(|(name, state)| state.restore(&format!("operator.{name}"), reader))
    }
}

impl States {
    /// Declares a list of the subtask; its name finds it again after a restore.
    ///
    /// # Panics
    /// If an operator state of that name was declared before: a fault of the function.
    pub fn operator_list<T: StateValue + 'static>(
        &mut self,
        name: &str,
        redistribution: Redistribution,
    ) -> OperatorListState<T> {
        let state = Box::new(List::<T> { redistribution, items: Vec::new() });
        OperatorListState { index: self.operator.declare(name, state), marker: PhantomData }
    }

    /// Declares a broadcast state.
    ///
    /// # Panics
    /// As [`Self::operator_list`].
    pub fn broadcast<K: StateValue + Ord + 'static, V: StateValue + 'static>(
        &mut self,
        name: &str,
    ) -> BroadcastState<K, V> {
        let state = Box::new(Copied::<K, V>(BTreeMap::new()));
        BroadcastState { index: self.operator.declare(name, state), marker: PhantomData }
    }
}

impl<T: StateValue + 'static> OperatorListState<T> {
    /// The subtask's elements, to be read and changed.
    pub fn items_mut<'a>(&self, states: &'a mut States) -> &'a mut Vec<T> {
        &mut states.operator.state::<List<T>>(self.index).items
    }
}

impl<K: StateValue + Ord + 'static, V: StateValue + 'static> BroadcastState<K, V> {
    /// A value.
    pub fn get<'a>(&self, states: &'a mut States, key: &K) -> Option<&'a V> {
        states.operator.state::<Copied<K, V>>(self.index).0.get(key)
    }

    /// Puts a value; gives the former one.
    pub fn insert(&self, states: &mut States, key: K, value: V) -> Option<V> {
        states.operator.state::<Copied<K, V>>(self.index).0.insert(key, value)
    }

    /// Removes a value.
    pub fn remove(&self, states: &mut States, key: &K) -> Option<V> {
        states.operator.state::<Copied<K, V>>(self.index).0.remove(key)
    }

    /// All entries, in order of their keys.
    pub fn iter<'a>(&self, states: &'a mut States) -> impl Iterator<Item = (&'a K, &'a V)> {
        states.operator.state::<Copied<K, V>>(self.index).0.iter()
    }
}
