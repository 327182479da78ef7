//! Typed state of process functions.
//!
//! A function declares its states in `open` and keeps the handles. Keyed states are scoped to the key that is being processed: a handle reads
//! and writes the state of that key, and without a key (outside a call) there is nothing to pass to it, so that it cannot be misused.
//! Operator states belong to the subtask.

mod folded;
mod list;
mod map;
mod operator_state;
mod ttl;
mod value;

use std::any::Any;

use flott_record::KeyRows;
use flott_state::{DiskBackend, KeyedTable, SnapshotReader, SnapshotWriter, StateError, StateValue};

pub use self::folded::{AggregateFunction, AggregatingState, ReducingState};
pub use self::list::ListState;
pub use self::map::MapState;
use self::operator_state::OperatorStates;
pub use self::operator_state::{BroadcastState, OperatorListState, Redistribution};
use self::ttl::Expiring;
pub use self::ttl::{Refresh, Ttl};
pub use self::value::ValueState;
use crate::limits::EXPIRY_SWEEP_KEYS_MIN;

/// The states of a function, and the key that is being processed.
#[derive(Default)]
pub struct States {
    tables: Vec<(String, Box<dyn StateTable>)>,
    operator: OperatorStates,
    hash: u32,
    key: Vec<u8>,
    now_ms: i64,
}

/// A table of values of one type.
struct Table<V> {
    values: KeyedTable<V>,
    ttl: Option<Ttl>,
    cursor: usize,
}

/// A table of values of any type.
trait StateTable {
    fn as_any_mut(&mut self) -> &mut dyn Any;
    fn snapshot(&mut self, state: &str, writer: &mut SnapshotWriter) -> Result<(), StateError>;
    fn restore(&mut self, state: &str, reader: &SnapshotReader<'_>) -> Result<(), StateError>;
    fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), StateError>;
    fn prefetch(&mut self, keys: &KeyRows) -> Result<(), StateError>;
    fn prefetch_key(&mut self, hash: u32, key: &[u8]) -> Result<(), StateError>;
    fn sweep(&mut self, keys: usize, now_ms: i64);
}

impl<V: StateValue + Expiring + 'static> StateTable for Table<V> {
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn snapshot(&mut self, state: &str, writer: &mut SnapshotWriter) -> Result<(), StateError> {
        self.values.snapshot(state, writer)
    }

    fn restore(&mut self, state: &str, reader: &SnapshotReader<'_>) -> Result<(), StateError> {
        self.values.restore_from(state, reader)
    }

    fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), StateError> {
        self.values.use_disk(backend)
    }

    fn prefetch(&mut self, keys: &KeyRows) -> Result<(), StateError> {
        self.values.prefetch(keys)
    }

    fn prefetch_key(&mut self, hash: u32, key: &[u8]) -> Result<(), StateError> {
        self.values.prefetch_key(hash, key)
    }

    fn sweep(&mut self, keys: usize, now_ms: i64) {
        if let Some(ttl) = self.ttl {
            let until_ms = ttl.expired_until_ms(now_ms);
            self.values.expire_stamped_until(until_ms);
            self.values.sweep(&mut self.cursor, keys, |value| value.keep_after(until_ms));
        }
    }
}

impl States {
    /// Declares a table and gives its number.
    fn declare<V: StateValue + Expiring + 'static>(&mut self, name: &str, ttl: Option<Ttl>) -> usize {
        assert!(self.tables.iter().all(|(other, _)| other != name), "state {name} is declared once");
        self.tables.push((name.to_string(), Box::new(Table { values: KeyedTable::<V>::new(), ttl, cursor: 0 })));
        self.tables.len() - 1
    }

    pub(super) fn set_key(&mut self, hash: u32, key: &[u8]) {
        self.hash = hash;
        self.key.clear();
        self.key.extend_from_slice(key);
    }

    pub(super) fn set_now(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
    }

    pub(super) fn key(&self) -> (u32, &[u8]) {
        (self.hash, &self.key)
    }

    /// A declared table, and the current key.
    fn scope<V: StateValue + Expiring + 'static>(&mut self, index: usize) -> Scope<'_, V> {
        let table = self.tables[index].1.as_any_mut().downcast_mut::<Table<V>>();
        let table = table.expect("a handle has the type of its declaration");
        Scope { values: &mut table.values, ttl: table.ttl, hash: self.hash, key: &self.key, now_ms: self.now_ms }
    }

    /// Removes expired state of some keys, so that in the long run all goes away.
    pub(super) fn sweep(&mut self, arrived_rows: usize) {
        let now_ms = self.now_ms;
        self.tables.iter_mut().for_each(|(_, table)| table.sweep(EXPIRY_SWEEP_KEYS_MIN + arrived_rows, now_ms));
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
        let States { tables, hash, key, .. } = self;
        tables.iter_mut().try_for_each(|(_, table)| table.prefetch_key(*hash, key))
    }

    pub(super) fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), StateError> {
        self.operator.snapshot(writer);
        self.tables.iter_mut().try_for_each(|(name, table)| table.snapshot(&format!("state.{name}"), writer))
    }

    pub(super) fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), StateError> {
        self.operator.restore(reader)?;
        self.tables.iter_mut().try_for_each(|(name, table)| table.restore(&format!("state.{name}"), reader))
    }
}

/// One keyed state with the key that is being processed.
struct Scope<'a, V> {
    values: &'a mut KeyedTable<V>,
    ttl: Option<Ttl>,
    hash: u32,
    key: &'a [u8],
    now_ms: i64,
}

impl<'a, V> Scope<'a, V> {
    /// What was written at this time or before is not seen any more.
    fn expired_until_ms(&self) -> i64 {
        self.ttl.map_or(i64::MIN, |ttl| ttl.expired_until_ms(self.now_ms))
    }

    fn refreshes_on_read(&self) -> bool {
        self.ttl.is_some_and(|ttl| ttl.refresh == Refresh::OnReadAndWrite)
    }

    fn get(self) -> Option<&'a V> {
        self.values.get(self.hash, self.key)
    }

    fn get_mut(self) -> Option<&'a mut V> {
        self.values.get_mut(self.hash, self.key)
    }

    fn remove(self) -> Option<V> {
        self.values.remove(self.hash, self.key)
    }
}

impl<'a, V: Default> Scope<'a, V> {
    fn get_or_default(self) -> &'a mut V {
        self.values.get_or_insert_with(self.hash, self.key, V::default).0
    }
}
