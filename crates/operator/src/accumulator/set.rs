//! The calls of one aggregation over their groups.
//!
//! A partial state is what a local phase sends to a global one: of DISTINCT calls it has the values only, so that the global phase counts
//! each once. A whole state is what lies in a snapshot.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use flott_expression::AggregateCall;
use flott_record::RowKind;
use flott_state::{DecodeError, StateValue};

use super::distinct::{CALLS_PER_SET_MAX, Changes, DistinctSet};
use super::{Accumulator, Rows, Trail, accumulator, is_retraction};
use crate::interface::OperatorError;

struct Call {
    accumulator: Box<dyn Accumulator>,
    arguments: Vec<usize>,
    filter: Option<usize>,
    /// The set and the bit in it, for a DISTINCT call.
    distinct: Option<(usize, usize)>,
}

/// The states of all calls, by slot; hands out slots.
///
/// Invariants: 1. each slot below `slots` is either in use or in `free`, never both; 2. a free slot's states are empty.
pub(crate) struct Accumulators {
    calls: Vec<Call>,
    sets: Vec<DistinctSet>,
    /// Number of rows of each group, where it is wanted.
    rows: Option<Vec<i64>>,
    slots: usize,
    free: Vec<u32>,
}

/// Rows that a BOOLEAN column lets pass.
fn passing(column: &BooleanArray) -> Vec<bool> {
    match column.nulls() {
        None => column.values().iter().collect(),
        Some(nulls) => column.values().iter().zip(nulls.iter()).map(|(value, valid)| value && valid).collect(),
    }
}

/// The masks of all filters, each column once.
struct Filters(Vec<(usize, Vec<bool>)>);

impl Filters {
    fn new(calls: &[Call], columns: &[ArrayRef]) -> Self {
        let mut masks: Vec<(usize, Vec<bool>)> = Vec::new();
        for filter in calls.iter().filter_map(|call| call.filter) {
            if masks.iter().all(|(column, _)| *column != filter) {
                masks.push((filter, passing(columns[filter].as_boolean())));
            }
        }
        Filters(masks)
    }

    fn get(&self, filter: Option<usize>) -> Option<&[bool]> {
        let filter = filter?;
        self.0.iter().find(|(column, _)| *column == filter).map(|(_, mask)| mask.as_slice())
    }
}

impl Accumulators {
    /// The accumulators of calls; `counts_rows` keeps the number of each group's rows.
    ///
    /// # Errors
    /// A call that is not supported.
    pub(crate) fn new(calls: &[AggregateCall], retracts: bool, counts_rows: bool) -> Result<Self, OperatorError> {
        let mut all = Accumulators {
            calls: Vec::with_capacity(calls.len()),
            sets: Vec::new(),
            rows: counts_rows.then(Vec::new),
            slots: 0,
            free: Vec::new(),
        };
        for call in calls {
            let distinct = if is_distinct(call) { Some(all.distinct_bit(call, retracts)?) } else { None };
            all.calls.push(Call {
                accumulator: accumulator(call, retracts)?,
                arguments: call.arguments.clone(),
                filter: call.filter,
                distinct,
            });
        }
        Ok(all)
    }

    fn distinct_bit(&mut self, call: &AggregateCall, retracts: bool) -> Result<(usize, usize), OperatorError> {
        let set = match self.sets.iter().position(|set| set.arguments == call.arguments) {
            Some(set) => set,
            None => {
                let types = call.argument_types.iter().map(|data_type| data_type.to_arrow()).collect();
                self.sets.push(DistinctSet::new(call.arguments.clone(), types, retracts));
                self.sets.len() - 1
            }
        };
        let bit = self.sets[set].calls;
        if bit == CALLS_PER_SET_MAX {
            let message =
                format!("not supported: more than {CALLS_PER_SET_MAX} DISTINCT calls over the same arguments");
            return Err(OperatorError::Failed(message));
        }
        self.sets[set].calls += 1;
        Ok((set, bit))
    }

    /// A slot for a new group.
    pub(crate) fn allocate(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.slots += 1;
            assert!(self.slots <= u32::MAX as usize, "an operator has at most 2^32 groups");
            (self.slots - 1) as u32
        })
    }

    /// Empties a group's slot, which may be handed out again.
    pub(crate) fn release(&mut self, slot: u32) {
        self.make_room();
        self.calls.iter_mut().for_each(|call| call.accumulator.clear(slot));
        self.sets.iter_mut().for_each(|set| set.clear(slot));
        if let Some(rows) = &mut self.rows {
            rows[slot as usize] = 0;
        }
        debug_assert!(!self.free.contains(&slot) || cfg!(not(test)), "a slot is released once");
        self.free.push(slot);
    }

    /// Number of slots in use.
    pub(crate) fn len(&self) -> usize {
        self.slots - self.free.len()
    }

    /// One more than the greatest slot handed out so far.
    pub(crate) fn capacity(&self) -> usize {
        self.slots
    }

    /// Makes the states of all slots handed out.
    pub(crate) fn make_room(&mut self) {
        let slots = self.slots;
        self.calls.iter_mut().for_each(|call| call.accumulator.resize(slots));
        self.sets.iter_mut().for_each(|set| set.resize(slots));
        if let Some(rows) = &mut self.rows
            && rows.len() < slots
        {
            rows.resize(slots, 0);
        }
    }

    /// The groups' numbers of rows, to be kept by the caller; room for all slots.
    ///
    /// # Panics
    /// If rows are not counted.
    pub(crate) fn rows_mut(&mut self) -> &mut [i64] {
        self.make_room();
        self.rows.as_mut().expect("the caller asked for row counts")
    }

    /// Number of a group's rows; `None` if rows are not counted.
    pub(crate) fn rows(&self, slot: u32) -> Option<i64> {
        self.rows.as_ref().map(|rows| rows.get(slot as usize).copied().unwrap_or(0))
    }

    /// Counts rows.
    pub(crate) fn count(&mut self, slots: &[u32], kinds: Option<&[u8]>) {
        self.make_room();
        let Some(rows) = &mut self.rows else { return };
        for (row, slot) in slots.iter().enumerate() {
            let retract = kinds.is_some_and(|kinds| is_retraction(kinds[row]));
            rows[*slot as usize] += if retract { -1 } else { 1 };
        }
    }

    /// Adds rows to their groups; their numbers are counted by [`Self::count`].
    ///
    /// # Errors
    /// A row that an accumulator refuses.
    pub(crate) fn update(
        &mut self,
        slots: &[u32],
        columns: &[ArrayRef],
        kinds: Option<&[u8]>,
    ) -> Result<(), OperatorError> {
        self.run(slots, columns, kinds, |accumulator, rows| accumulator.update(rows)).map(drop)
    }

    /// Like `update`; gives for each call the results of each row's group before and after the row (see [`Trail`]).
    ///
    /// # Errors
    /// A row that an accumulator refuses.
    pub(crate) fn scan(
        &mut self,
        slots: &[u32],
        columns: &[ArrayRef],
        kinds: Option<&[u8]>,
    ) -> Result<Vec<ArrayRef>, OperatorError> {
        self.run(slots, columns, kinds, |accumulator, rows| accumulator.scan(rows, Trail::BeforeAndAfter))
    }

    /// Like `scan`, with the results after each row alone.
    ///
    /// # Errors
    /// A row that an accumulator refuses.
    pub(crate) fn scan_after(
        &mut self,
        slots: &[u32],
        columns: &[ArrayRef],
        kinds: Option<&[u8]>,
    ) -> Result<Vec<ArrayRef>, OperatorError> {
        self.run(slots, columns, kinds, |accumulator, rows| accumulator.scan(rows, Trail::After))
    }

    fn run<R>(
        &mut self,
        slots: &[u32],
        columns: &[ArrayRef],
        kinds: Option<&[u8]>,
        step: impl Fn(&mut dyn Accumulator, &Rows<'_>) -> Result<R, OperatorError>,
    ) -> Result<Vec<R>, OperatorError> {
        self.make_room();
        let filters = Filters::new(&self.calls, columns);
        for (index, set) in self.sets.iter_mut().enumerate() {
            let mut bits = vec![0u64; slots.len()];
            let members = self.calls.iter().filter_map(|call| call.distinct.map(|distinct| (call.filter, distinct)));
            for (filter, (_, bit)) in members.filter(|(_, (set, _))| *set == index) {
                match filters.get(filter) {
                    None => bits.iter_mut().for_each(|bits| *bits |= 1 << bit),
                    Some(mask) => {
                        bits.iter_mut().zip(mask).for_each(|(bits, pass)| *bits |= u64::from(*pass) << bit);
                    }
                }
            }
            set.select(slots, columns, &bits, kinds);
        }
        let mut results = Vec::with_capacity(self.calls.len());
        for call in &mut self.calls {
            let arguments: Vec<ArrayRef> = call.arguments.iter().map(|index| columns[*index].clone()).collect();
            let new: Vec<bool>;
            let selected = match call.distinct {
                None => filters.get(call.filter),
                Some((set, bit)) => {
                    new = self.sets[set].changed.iter().map(|changed| changed >> bit & 1 == 1).collect();
                    Some(new.as_slice())
                }
            };
            let rows = Rows { slots, arguments: &arguments, selected, kinds };
            results.push(step(call.accumulator.as_mut(), &rows)?);
        }
        Ok(results)
    }

    /// The calls' results for slots.
    ///
    /// # Errors
    /// A state that has no result.
    pub(crate) fn values(&mut self, slots: &[u32]) -> Result<Vec<ArrayRef>, OperatorError> {
        self.make_room();
        self.calls.iter().map(|call| call.accumulator.values(slots)).collect()
    }

    /// Appends a group's partial state.
    pub(crate) fn encode_partial(&self, slot: u32, out: &mut Vec<u8>) {
        self.encode_calls(slot, out, |call| call.distinct.is_none());
    }

    /// Appends a group's whole state.
    pub(crate) fn encode_state(&self, slot: u32, out: &mut Vec<u8>) {
        self.encode_calls(slot, out, |_| true);
    }

    fn encode_calls(&self, slot: u32, out: &mut Vec<u8>, wanted: impl Fn(&Call) -> bool) {
        if let Some(rows) = &self.rows {
            rows[slot as usize].encode(out);
        }
        for call in self.calls.iter().filter(|call| wanted(call)) {
            call.accumulator.encode(slot, out);
        }
        self.sets.iter().for_each(|set| set.encode(slot, out));
    }

    /// Fills an empty slot from a whole state.
    ///
    /// # Errors
    /// Bytes that are no such state.
    pub(crate) fn restore_state(&mut self, slot: u32, bytes: &mut &[u8]) -> Result<(), DecodeError> {
        self.make_room();
        if let Some(rows) = &mut self.rows {
            rows[slot as usize] = i64::decode(bytes)?;
        }
        for call in &mut self.calls {
            call.accumulator.merge(slot, bytes)?;
        }
        let mut known = Changes::default();
        self.sets.iter_mut().try_for_each(|set| set.merge(slot, bytes, &mut known))
    }

    /// Merges partial states into groups, in order.
    ///
    /// # Errors
    /// Bytes that are no partial state of the same calls.
    pub(crate) fn merge_partials<'a>(
        &mut self,
        slots: &[u32],
        partials: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), OperatorError> {
        self.make_room();
        let mut changes: Vec<Changes> = self.sets.iter().map(|_| Changes::default()).collect();
        for (slot, mut bytes) in slots.iter().zip(partials) {
            if let Some(rows) = &mut self.rows {
                rows[*slot as usize] += i64::decode(&mut bytes)?;
            }
            for call in self.calls.iter_mut().filter(|call| call.distinct.is_none()) {
                call.accumulator.merge(*slot, &mut bytes)?;
            }
            for (set, changes) in self.sets.iter_mut().zip(&mut changes) {
                set.merge(*slot, &mut bytes, changes)?;
            }
            if !bytes.is_empty() {
                return Err(DecodeError(format!("a partial aggregate has {} bytes too many", bytes.len())).into());
            }
        }
        self.apply(&changes)
    }

    /// Merges the states of groups into others, in order; the former stay as they are.
    ///
    /// # Errors
    /// None that a well-formed state can cause.
    pub(crate) fn combine(&mut self, from: &[u32], to: &[u32]) -> Result<(), OperatorError> {
        self.make_room();
        if let Some(rows) = &mut self.rows {
            from.iter().zip(to).for_each(|(from, to)| rows[*to as usize] += rows[*from as usize]);
        }
        for call in self.calls.iter_mut().filter(|call| call.distinct.is_none()) {
            call.accumulator.combine(from, to)?;
        }
        let mut changes: Vec<Changes> = self.sets.iter().map(|_| Changes::default()).collect();
        for (set, changes) in self.sets.iter_mut().zip(&mut changes) {
            from.iter().zip(to).for_each(|(from, to)| set.combine(*from, *to, changes));
        }
        self.apply(&changes)
    }

    /// Lets the DISTINCT calls accumulate the values that have come and retract those that have gone.
    fn apply(&mut self, changes: &[Changes]) -> Result<(), OperatorError> {
        for (index, (set, changes)) in self.sets.iter().zip(changes).enumerate() {
            if changes.slots.is_empty() {
                continue;
            }
            let arguments = set.columns(changes)?;
            let members = self.calls.iter_mut().filter_map(|call| match call.distinct {
                Some((set, bit)) if set == index => Some((&mut call.accumulator, bit)),
                _ => None,
            });
            for (accumulator, bit) in members {
                for (bits, kind) in [(&changes.gone, RowKind::Delete), (&changes.come, RowKind::Insert)] {
                    if bits.iter().all(|bits| bits >> bit & 1 == 0) {
                        continue;
                    }
                    let selected: Vec<bool> = bits.iter().map(|bits| bits >> bit & 1 == 1).collect();
                    let kinds = vec![kind as u8; selected.len()];
                    let rows = Rows {
                        slots: &changes.slots,
                        arguments: &arguments,
                        selected: Some(&selected),
                        kinds: Some(&kinds),
                    };
                    accumulator.update(&rows)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether only distinct arguments count.
fn is_distinct(call: &AggregateCall) -> bool {
    use flott_expression::aggregate::AggregateFunction as F;
    match call.function {
        F::ApproxCountDistinct => true,
        // A second equal value changes neither.
        F::Min | F::Max => false,
        _ => call.distinct && !call.arguments.is_empty(),
    }
}

#[cfg(test)]
mod tests;
