//! The first of two phases: partial accumulators by key and slice.
//!
//! Partial states are sent when the watermark has passed their slice, at a barrier, at the end of input, and all of them when there are
//! too many. Late rows are sent on as well; the global phase drops them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::{Array, TimestampMillisecondArray};
use flott_job::spec::WindowAggregateSpec;
use flott_job::window::WindowTime;
use flott_record::{Batch, KeyRows};
use flott_state::{KeyedTable, SnapshotReader, SnapshotWriter};

use super::slices::{Slices, slice_ends};
use super::{key_columns, key_types, refuse_retractions};
use crate::accumulator::Accumulators;
use crate::interface::{Context, Forwarding, Operator, OperatorError, Setup, Step};
use crate::key_decoder::KeyDecoder;
use crate::limits::LOCAL_GROUPS_MAX;
use crate::window_time::{Slicing, WindowClock, milliseconds, rowtimes};

/// The operator; see the module's text.
pub(super) struct LocalWindowAggregate {
    time: WindowTime,
    slicing: Slicing,
    clock: WindowClock,
    keys: Vec<usize>,
    input_retracts: bool,
    decoder: KeyDecoder,
    slices: Slices,
    key_rows: KeyRows,
    ends: Vec<i64>,
    slots: Vec<u32>,
}

impl LocalWindowAggregate {
    pub(super) fn new(spec: &WindowAggregateSpec, setup: &Setup) -> Result<Self, OperatorError> {
        if spec.window.time == WindowTime::Proctime {
            return Err(OperatorError::Failed("not supported: windows of processing time in two phases".to_string()));
        }
        let accumulators = Accumulators::new(&spec.calls, spec.input_retracts, spec.input_retracts)?;
        Ok(LocalWindowAggregate {
            time: spec.window.time,
            slicing: Slicing::new(&spec.window)?,
            clock: WindowClock::new(&spec.window.time, setup)?,
            keys: spec.keys.clone(),
            input_retracts: spec.input_retracts,
            decoder: KeyDecoder::new(key_types(spec)?),
            slices: Slices::new(accumulators),
            key_rows: KeyRows::default(),
            ends: Vec::new(),
            slots: Vec::new(),
        })
    }

    fn find_ends(&mut self, batch: &Batch) -> Result<(), OperatorError> {
        match self.time {
            WindowTime::Attached { end, .. } => {
                let column = batch.column(end);
                if column.null_count() > 0 {
                    return Err(OperatorError::Failed("a row has no window".to_string()));
                }
                self.ends.clear();
                self.ends.extend_from_slice(milliseconds(column)?.values());
            }
            WindowTime::Rowtime { column, .. } => {
                let times = rowtimes(&self.clock, batch.column(column))?;
                slice_ends(&self.slicing, times.values(), &mut self.ends);
            }
            WindowTime::Proctime => return Err(OperatorError::Failed("a local phase has no clock".to_string())),
        }
        Ok(())
    }

    fn add(&mut self, batch: &Batch) -> Result<(), OperatorError> {
        self.find_ends(batch)?;
        self.key_rows.encode_into(&key_columns(batch, &self.keys), batch.num_rows());
        self.slices.resolve(&self.key_rows, &self.ends, &mut self.slots);
        self.slices.accumulators.count(&self.slots, batch.kinds());
        self.slices.accumulators.update(&self.slots, batch.columns(), batch.kinds())
    }

    /// Sends the partial states of all slices for which `wanted` is true.
    fn flush(
        &mut self,
        wanted: impl Fn(&WindowClock, i64) -> bool,
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        let (due, kept): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.slices.tables).into_iter().partition(|(end, _)| wanted(&self.clock, *end));
        self.slices.tables = kept;
        for (slice_end, table) in due {
            self.send(slice_end, &table, context)?;
            self.slices.release(&table);
        }
        Ok(())
    }

    fn send(
        &mut self,
        slice_end: i64,
        table: &KeyedTable<u32>,
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        let rows = table.len();
        let keys: Vec<&[u8]> = table.iter().map(|(_, key, _)| key).collect();
        let mut columns = self.decoder.decode(keys.into_iter())?;
        columns.push(Arc::new(TimestampMillisecondArray::from(vec![slice_end; rows])));
        let mut partials = BinaryBuilder::with_capacity(rows, 32 * rows);
        let mut bytes = Vec::new();
        for (_, _, slot) in table.iter() {
            bytes.clear();
            self.slices.accumulators.encode_partial(*slot, &mut bytes);
            partials.append_value(&bytes);
        }
        columns.push(Arc::new(partials.finish()));
        context.emit(Batch::new(columns, rows));
        Ok(())
    }
}

impl Operator for LocalWindowAggregate {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if !self.input_retracts {
            refuse_retractions(batch)?;
        }
        let mut row = 0;
        while row < batch.num_rows() {
            // A row makes one group at the most, so that the bound is met wherever batches are cut.
            let room = LOCAL_GROUPS_MAX - self.slices.accumulators.len();
            let rows = room.min(batch.num_rows() - row);
            self.add(&batch.slice(row, rows))?;
            row += rows;
            if self.slices.accumulators.len() >= LOCAL_GROUPS_MAX {
                self.flush(|_, _| true, context)?;
                if row < batch.num_rows() && context.is_full() {
                    return Ok(Step::Yield { consumed_rows: row });
                }
            }
        }
        Ok(Step::Done)
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let watermark_ms = context.watermark_ms;
        if self.slices.tables.keys().any(|end| self.clock.is_over(*end, watermark_ms)) {
            self.flush(|clock, end| clock.is_over(end, watermark_ms), context)?;
        }
        Ok(Step::Done)
    }

    fn on_processing_time(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    fn end_input(&mut self, _input: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.flush(|_, _| true, context)?;
        Ok(Step::Done)
    }

    fn prepare_barrier(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.flush(|_, _| true, context)?;
        Ok(Step::Done)
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
    }

    fn snapshot(&mut self, _writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        assert!(self.slices.tables.is_empty(), "partial states have been sent before the barrier");
        Ok(())
    }

    fn restore(&mut self, _reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(())
    }
}
