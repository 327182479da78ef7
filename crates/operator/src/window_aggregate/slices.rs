//! Groups by slice and key, whose accumulators lie side by side whatever slice they are of.

use std::collections::BTreeMap;

use flott_record::KeyRows;
use flott_state::{KeyedTable, SnapshotReader, SnapshotWriter, StateError, ValueCodec};

use crate::accumulator::Accumulators;
use crate::interface::OperatorError;
use crate::window_state::{window_state, window_states};

const STATE: &str = "slices";

/// Slices by their end; each maps keys to slots.
///
/// Invariant: an empty slice is not kept.
pub(super) struct Slices {
    pub(super) tables: BTreeMap<i64, KeyedTable<u32>>,
    pub(super) accumulators: Accumulators,
}

impl Slices {
    pub(super) fn new(accumulators: Accumulators) -> Self {
        Slices { tables: BTreeMap::new(), accumulators }
    }

    /// Finds the slots of rows, making groups that are new. `targets` gives each row's slice; runs of rows of one slice look it up once.
    pub(super) fn resolve(&mut self, keys: &KeyRows, targets: &[i64], slots: &mut Vec<u32>) {
        slots.clear();
        let mut row = 0;
        while row < targets.len() {
            let slice_end = targets[row];
            let table = self.tables.entry(slice_end).or_default();
            let first = row;
            while row < targets.len() && targets[row] == slice_end {
                // Neighbouring rows often share their key, and all do where there is none.
                if row > first && keys.is_same(row, row - 1) {
                    slots.push(slots[row - 1]);
                    row += 1;
                    continue;
                }
                let accumulators = &mut self.accumulators;
                let (slot, _) = table.get_or_insert_with(keys.hash(row), keys.key(row), || accumulators.allocate());
                slots.push(*slot);
                row += 1;
            }
        }
    }

    /// Merges a slice's groups into a table, leaving the slice as it is.
    pub(super) fn merge_into(&mut self, slice_end: i64, target: &mut KeyedTable<u32>) -> Result<(), OperatorError> {
        let Some(table) = self.tables.get(&slice_end) else { return Ok(()) };
        let (mut from, mut to) = (Vec::with_capacity(table.len()), Vec::with_capacity(table.len()));
        for (hash, key, slot) in table.iter() {
            from.push(*slot);
            to.push(*target.get_or_insert_with(hash, key, || self.accumulators.allocate()).0);
        }
        self.accumulators.combine(&from, &to)
    }

    /// Forgets a slice.
    pub(super) fn drop_slice(&mut self, slice_end: i64) {
        if let Some(table) = self.tables.remove(&slice_end) {
            self.release(&table);
        }
    }

    /// Empties the slots of a table's groups.
    pub(super) fn release(&mut self, table: &KeyedTable<u32>) {
        table.iter().for_each(|(_, _, slot)| self.accumulators.release(*slot));
    }

    pub(super) fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.accumulators.make_room();
        let codec = SlotCodec(&mut self.accumulators);
        for (slice_end, table) in &mut self.tables {
            table.snapshot_with(&window_state(STATE, *slice_end), writer, &codec)?;
        }
        Ok(())
    }

    pub(super) fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        for (slice_end, state) in window_states(reader, STATE)? {
            let mut table = KeyedTable::new();
            table.restore_with(state, reader, &mut SlotCodec(&mut self.accumulators))?;
            if !table.is_empty() {
                self.tables.insert(slice_end, table);
            }
        }
        Ok(())
    }
}

/// A slot as the accumulators in it.
struct SlotCodec<'a>(&'a mut Accumulators);

impl ValueCodec<u32> for SlotCodec<'_> {
    fn encode(&self, slot: &u32, out: &mut Vec<u8>) {
        self.0.encode_state(*slot, out);
    }

    fn decode(&mut self, mut bytes: &[u8]) -> Result<u32, StateError> {
        let slot = self.0.allocate();
        self.0.restore_state(slot, &mut bytes)?;
        Ok(slot)
    }

    fn evict(&mut self, slot: u32) {
        self.0.release(slot);
    }
}

/// The slices of rows by their time, remembering the last slice, as neighbouring rows mostly share it.
pub(super) fn slice_ends(slicing: &crate::window_time::Slicing, times: &[i64], out: &mut Vec<i64>) {
    out.clear();
    let (mut start_ms, mut end_ms) = (0, 0);
    for time_ms in times {
        if !(start_ms..end_ms).contains(time_ms) {
            (start_ms, end_ms) = slicing.slice_of(*time_ms);
        }
        out.push(end_ms);
    }
}
