//! Which rows bring a value that is new among its group's, or take its last one away: for DISTINCT calls.
//!
//! One [`DistinctSet`] serves all calls with the same arguments; each call (with a filter of its own or none) is a bit. Over input that only
//! inserts a value's state is these bits, over input that retracts a number for each call.

use arrow_array::ArrayRef;
use arrow_schema::DataType as ArrowType;
use flott_record::KeyRows;
use flott_record::key::murmur3_32;
use flott_state::encoding::{read_length, take, write_length};
use flott_state::{DecodeError, KeyedTable, StateValue};

use super::is_retraction;
use crate::interface::OperatorError;
use crate::key_decoder::KeyDecoder;

/// Calls that one set can serve: a bit each.
pub(super) const CALLS_PER_SET_MAX: usize = 64;

/// How often a value is there for each call.
trait Presence: Sized {
    /// Nowhere, for so many calls.
    fn none(calls: usize) -> Self;

    /// Adds (or takes away) a row for the calls whose bits are set; gives the bits for which the value has come (or gone).
    fn change(&mut self, bits: u64, retract: bool) -> u64;

    /// Adds what another has; gives the bits for which the value has come, and those for which it has gone.
    fn merge(&mut self, other: &Self) -> (u64, u64);

    /// Whether nothing is left to remember.
    fn is_nothing(&self) -> bool;

    fn encode(&self, out: &mut Vec<u8>);

    fn decode(calls: usize, bytes: &mut &[u8]) -> Result<Self, DecodeError>;
}

impl Presence for u64 {
    fn none(_calls: usize) -> Self {
        0
    }

    fn change(&mut self, bits: u64, _retract: bool) -> u64 {
        let new = bits & !*self;
        *self |= new;
        new
    }

    fn merge(&mut self, other: &Self) -> (u64, u64) {
        (self.change(*other, false), 0)
    }

    fn is_nothing(&self) -> bool {
        *self == 0
    }

    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, *self);
    }

    fn decode(_calls: usize, bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        read_length(bytes)
    }
}

impl Presence for Box<[i64]> {
    fn none(calls: usize) -> Self {
        vec![0; calls].into()
    }

    fn change(&mut self, bits: u64, retract: bool) -> u64 {
        let mut changed = 0;
        for (call, number) in self.iter_mut().enumerate().filter(|(call, _)| bits >> call & 1 == 1) {
            let there = *number > 0;
            *number += if retract { -1 } else { 1 };
            changed |= u64::from(there != (*number > 0)) << call;
        }
        changed
    }

    fn merge(&mut self, other: &Self) -> (u64, u64) {
        let (mut come, mut gone) = (0, 0);
        for (call, (number, change)) in self.iter_mut().zip(other.iter()).enumerate() {
            let there = *number > 0;
            *number += change;
            come |= u64::from(!there && *number > 0) << call;
            gone |= u64::from(there && *number <= 0) << call;
        }
        (come, gone)
    }

    fn is_nothing(&self) -> bool {
        self.iter().all(|number| *number == 0)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|number| number.encode(out));
    }

    fn decode(calls: usize, bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        (0..calls).map(|_| i64::decode(bytes)).collect()
    }
}

/// Values that have come or gone while states were merged: rows to be accumulated by the calls.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) slots: Vec<u32>,
    /// For each change the calls that see the value come.
    pub(super) come: Vec<u64>,
    /// For each change the calls that see the value go.
    pub(super) gone: Vec<u64>,
    keys: Vec<Vec<u8>>,
}

/// The values of each group, by the arguments they came in.
pub(super) struct DistinctSet {
    /// Positions of the arguments.
    pub(super) arguments: Vec<usize>,
    types: Vec<ArrowType>,
    /// Number of calls served.
    pub(super) calls: usize,
    values: Values,
    keys: KeyRows,
    /// For each row of the last batch the calls for which its value has come or gone.
    pub(super) changed: Vec<u64>,
}

enum Values {
    Inserted(Vec<KeyedTable<u64>>),
    Counted(Vec<KeyedTable<Box<[i64]>>>),
}

/// Runs an expression over the tables of either kind.
macro_rules! with_tables {
    ($values:expr, $tables:ident => $body:expr) => {
        match $values {
            Values::Inserted($tables) => $body,
            Values::Counted($tables) => $body,
        }
    };
}

impl DistinctSet {
    pub(super) fn new(arguments: Vec<usize>, types: Vec<ArrowType>, retracts: bool) -> Self {
        let values = if retracts { Values::Counted(Vec::new()) } else { Values::Inserted(Vec::new()) };
        DistinctSet { arguments, types, calls: 0, values, keys: KeyRows::default(), changed: Vec::new() }
    }

    pub(super) fn resize(&mut self, slots: usize) {
        with_tables!(&mut self.values, tables => {
            if slots > tables.len() {
                tables.resize_with(slots, KeyedTable::new);
            }
        });
    }

    pub(super) fn clear(&mut self, slot: u32) {
        with_tables!(&mut self.values, tables => tables[slot as usize] = KeyedTable::new());
    }

    /// Takes in rows; `bits` says for which calls each counts. The outcome is in `changed`.
    pub(super) fn select(&mut self, slots: &[u32], columns: &[ArrayRef], bits: &[u64], kinds: Option<&[u8]>) {
        let arguments: Vec<ArrayRef> = self.arguments.iter().map(|index| columns[*index].clone()).collect();
        self.keys.encode_into(&arguments, slots.len());
        self.changed.clear();
        let (keys, changed, calls) = (&self.keys, &mut self.changed, self.calls);
        with_tables!(&mut self.values, tables => {
            for (row, slot) in slots.iter().enumerate() {
                if bits[row] == 0 {
                    changed.push(0);
                    continue;
                }
                let retract = kinds.is_some_and(|kinds| is_retraction(kinds[row]));
                let table = &mut tables[*slot as usize];
                changed.push(change(table, keys.hash(row), keys.key(row), calls, bits[row], retract));
            }
        });
    }

    /// Appends a group's values.
    pub(super) fn encode(&self, slot: u32, out: &mut Vec<u8>) {
        with_tables!(&self.values, tables => {
            let table = &tables[slot as usize];
            write_length(out, table.len() as u64);
            for (_, key, presence) in table.iter() {
                write_length(out, key.len() as u64);
                out.extend_from_slice(key);
                Presence::encode(presence, out);
            }
        });
    }

    /// Takes encoded values into a group; what has come or gone is added to `changes`.
    pub(super) fn merge(&mut self, slot: u32, bytes: &mut &[u8], changes: &mut Changes) -> Result<(), DecodeError> {
        let calls = self.calls;
        with_tables!(&mut self.values, tables => {
            for _ in 0..read_length(bytes)? {
                let length = read_length(bytes)? as usize;
                let key = take(bytes, length)?;
                let other = Presence::decode(calls, bytes)?;
                merge_value(&mut tables[slot as usize], (slot, murmur3_32(key), key), calls, &other, changes);
            }
        });
        Ok(())
    }

    /// Takes the values of one group into another.
    pub(super) fn combine(&mut self, from: u32, to: u32, changes: &mut Changes) {
        let calls = self.calls;
        with_tables!(&mut self.values, tables => {
            let source = std::mem::take(&mut tables[from as usize]);
            for (hash, key, other) in source.iter() {
                merge_value(&mut tables[to as usize], (to, hash, key), calls, other, changes);
            }
            tables[from as usize] = source;
        });
    }

    /// The argument columns of values that have come or gone.
    pub(super) fn columns(&self, changes: &Changes) -> Result<Vec<ArrayRef>, OperatorError> {
        KeyDecoder::new(self.types.clone()).decode(changes.keys.iter().map(Vec::as_slice))
    }
}

fn change<P: Presence>(
    table: &mut KeyedTable<P>,
    hash: u32,
    key: &[u8],
    calls: usize,
    bits: u64,
    retract: bool,
) -> u64 {
    let (presence, _) = table.get_or_insert_with(hash, key, || P::none(calls));
    let changed = presence.change(bits, retract);
    if presence.is_nothing() {
        table.remove(hash, key);
    }
    changed
}

/// Merges one value: `(slot, hash, key)`.
fn merge_value<P: Presence>(
    table: &mut KeyedTable<P>,
    (slot, hash, key): (u32, u32, &[u8]),
    calls: usize,
    other: &P,
    changes: &mut Changes,
) {
    let (presence, _) = table.get_or_insert_with(hash, key, || P::none(calls));
    let (come, gone) = presence.merge(other);
    if presence.is_nothing() {
        table.remove(hash, key);
    }
    if come | gone != 0 {
        changes.slots.push(slot);
        changes.come.push(come);
        changes.gone.push(gone);
        changes.keys.push(key.to_vec());
    }
}
