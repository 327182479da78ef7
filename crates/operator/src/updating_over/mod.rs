//! OVER aggregates of a stream ordered by something other than time: a row that comes or goes changes the results of those behind it.
//!
//! Emits   for an arrived row itself with its kind (`-D` for a retracted one), then `-U` and `+U` for each row behind whose accumulators change, up to the first
//!         whose do not, as in Flink. Frames begin with the partition and end at the row (ROWS) or at its last peer (RANGE).
//! State   `rows`: partition to its rows in order, each with the accumulators after it; gone when it was not written for the TTL.

mod partition;

use arrow_array::ArrayRef;
use flott_job::over::UpdatingOverSpec;
use flott_record::{Batch, RowKind};
use flott_state::{KeyedTable, RowEncoder, SnapshotReader, SnapshotWriter};

use self::partition::{Entry, Partition};
use crate::accumulator::Accumulators;
use crate::chunks::{in_chunks, keys_of};
use crate::expiry::{Expiry, Stamped};
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::limits::ROWS_PER_CHUNK;
use crate::sort_key::SortKeys;

/// Rows of a partition that are decoded at a time.
const ROWS_DECODED: usize = 64;

/// The operator; see the module's text.
pub struct UpdatingOver {
    spec: UpdatingOverSpec,
    accumulators: Accumulators,
    partitions: KeyedTable<Stamped<Partition>>,
    expiry: Expiry,
    encoder: RowEncoder,
}

/// Emitted rows with the accumulators that give their results.
#[derive(Default)]
struct Changes {
    kinds: Vec<u8>,
    rows: Vec<Vec<u8>>,
    states: Vec<Vec<u8>>,
}

impl Changes {
    fn push(&mut self, kind: RowKind, row: &[u8], state: &[u8]) {
        self.kinds.push(kind as u8);
        self.rows.push(row.to_vec());
        self.states.push(state.to_vec());
    }
}

impl UpdatingOver {
    /// Builds the accumulators.
    ///
    /// # Errors
    /// A call that is not supported.
    pub fn new(spec: &UpdatingOverSpec, _setup: &Setup) -> Result<Self, OperatorError> {
        Ok(UpdatingOver {
            accumulators: Accumulators::new(&spec.calls, false, false)?,
            partitions: KeyedTable::new(),
            expiry: Expiry::new(spec.state_ttl_ms),
            encoder: RowEncoder::new(&spec.input),
            spec: spec.clone(),
        })
    }

    /// Applies rows until enough is emitted; gives how many are done.
    fn apply(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.spec.partition);
        let sorts = SortKeys::encode(batch, &self.spec.order);
        let rows = self.encoder.encode(batch);
        let mut changes = Changes::default();
        let mut done = 0;
        while done < batch.num_rows() && changes.kinds.len() < ROWS_PER_CHUNK {
            let fresh = || Stamped { written_ms: context.now_ms, value: Partition::default() };
            let (stamped, _) = self.partitions.get_or_insert_with(keys.hash(done), keys.key(done), fresh);
            if !self.expiry.is_live(stamped.written_ms, context.now_ms) {
                stamped.value = Partition::default();
            }
            stamped.written_ms = context.now_ms;
            let mut walk = Walk {
                by_row: self.spec.rows,
                accumulators: &mut self.accumulators,
                encoder: &self.encoder,
                changes: &mut changes,
            };
            walk.row(&mut stamped.value, batch.kind(done), sorts.key(done), rows.row(done))?;
            if stamped.value.entries.is_empty() {
                self.partitions.remove(keys.hash(done), keys.key(done));
            }
            done += 1;
        }
        self.emit(changes, context)?;
        Ok(done)
    }

    fn emit(&mut self, changes: Changes, context: &mut Context<'_>) -> Result<(), OperatorError> {
        let rows: Vec<&[u8]> = changes.rows.iter().map(Vec::as_slice).collect();
        let mut columns: Vec<ArrayRef> = self.encoder.decode(&rows)?;
        let slots: Vec<u32> = rows.iter().map(|_| self.accumulators.allocate()).collect();
        for (slot, state) in slots.iter().zip(&changes.states) {
            self.accumulators.restore_state(*slot, &mut state.as_slice())?;
        }
        columns.extend(self.accumulators.values(&slots)?);
        slots.into_iter().for_each(|slot| self.accumulators.release(slot));
        context.emit(Batch::new(columns, rows.len()).with_kinds(changes.kinds.into()));
        Ok(())
    }
}

/// One row's way through its partition.
struct Walk<'a> {
    by_row: bool,
    accumulators: &'a mut Accumulators,
    encoder: &'a RowEncoder,
    changes: &'a mut Changes,
}

impl Walk<'_> {
    fn row(&mut self, partition: &mut Partition, kind: RowKind, sort: &[u8], row: &[u8]) -> Result<(), OperatorError> {
        let first_peer = partition.first_peer(sort);
        if kind.is_addition() {
            let at = partition.behind_peers(sort);
            partition.entries.insert(at, Entry { sort: sort.to_vec(), row: row.to_vec(), state: Vec::new() });
            let start = if self.by_row { at } else { first_peer };
            return self.accumulate_from(partition, start, Some((at, kind)));
        }
        let Some(at) = partition.position_of(sort, row) else { return Ok(()) };
        let removed = partition.entries.remove(at);
        self.changes.push(RowKind::Delete, &removed.row, &removed.state);
        let start = if self.by_row { at } else { first_peer };
        self.accumulate_from(partition, start, None)
    }

    /// Accumulates the rows from a position on, until nothing changes any more; `new` is the arrived row.
    fn accumulate_from(
        &mut self,
        partition: &mut Partition,
        start: usize,
        new: Option<(usize, RowKind)>,
    ) -> Result<(), OperatorError> {
        let slot = self.accumulators.allocate();
        if let Some(before) = start.checked_sub(1).and_then(|before| partition.entries.get(before)) {
            self.accumulators.restore_state(slot, &mut before.state.as_slice())?;
        }
        let mut at = start;
        while at < partition.entries.len() {
            let block = partition.block(at, ROWS_DECODED, self.by_row);
            let rows: Vec<&[u8]> = partition.entries[at..block].iter().map(|entry| entry.row.as_slice()).collect();
            let columns = Batch::new(self.encoder.decode(&rows)?, rows.len());
            let block_start = at;
            while at < block {
                let end = if self.by_row { at + 1 } else { partition.group_end(at) };
                let group = columns.slice(at - block_start, end - at);
                self.accumulators.update(&vec![slot; end - at], group.columns(), None)?;
                let mut state = Vec::new();
                self.accumulators.encode_state(slot, &mut state);
                if !self.settle(
                    &mut partition.entries[at..end],
                    new.map(|(new, kind)| (new.wrapping_sub(at), kind)),
                    &state,
                ) {
                    self.accumulators.release(slot);
                    return Ok(());
                }
                at = end;
            }
        }
        self.accumulators.release(slot);
        Ok(())
    }

    /// Gives rows their new accumulators; false if that changes nothing.
    fn settle(&mut self, entries: &mut [Entry], new: Option<(usize, RowKind)>, state: &[u8]) -> bool {
        let mut changed = false;
        for (position, entry) in entries.iter_mut().enumerate() {
            match new.filter(|(new, _)| *new == position) {
                Some((_, kind)) => self.changes.push(kind, &entry.row, state),
                None if entry.state == state => continue,
                None => {
                    self.changes.push(RowKind::UpdateBefore, &entry.row, &entry.state);
                    self.changes.push(RowKind::UpdateAfter, &entry.row, state);
                }
            }
            entry.state = state.to_vec();
            changed = true;
        }
        changed
    }
}

impl Operator for UpdatingOver {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.expiry.sweep(&mut self.partitions, batch.num_rows(), context.now_ms);
        in_chunks(batch, context, |chunk, context| self.apply(chunk, context))
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.partitions.snapshot("rows", writer)?;
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.partitions = KeyedTable::restore("rows", reader)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
