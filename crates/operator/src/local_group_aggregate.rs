//! The first phase of a two-phase aggregation: per bundle and key one row of partial accumulators.
//!
//! Emits   keys, then one BYTES column which only a [`crate::group_aggregate`] with the same calls reads.
//! State   none across barriers: bundles end by size, latency, barrier and end of input.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::BinaryBuilder;
use arrow_schema::DataType as ArrowType;
use flott_job::MiniBatch;
use flott_job::spec::LocalGroupAggregateSpec;
use flott_record::{Batch, KeyRows, MAX_WATERMARK};
use flott_state::{KeyedTable, SnapshotReader, SnapshotWriter};

use crate::accumulator::Accumulators;
use crate::interface::{Context, Forwarding, Operator, OperatorError, Setup, Step};
use crate::key_decoder::KeyDecoder;

/// The operator; see the module's text.
pub struct LocalGroupAggregate {
    keys: Vec<usize>,
    key_types: Vec<ArrowType>,
    limits: MiniBatch,
    table: KeyedTable<u32>,
    accumulators: Accumulators,
    key_rows: KeyRows,
    slots: Vec<u32>,
    /// Rows in the open bundle.
    rows: usize,
    deadline_ms: Option<i64>,
}

impl LocalGroupAggregate {
    /// Builds the operator.
    ///
    /// # Errors
    /// A call is not supported.
    pub fn new(spec: &LocalGroupAggregateSpec, _setup: &Setup) -> Result<Self, OperatorError> {
        Ok(LocalGroupAggregate {
            keys: spec.keys.clone(),
            key_types: spec.keys.iter().map(|key| spec.input.data_type(*key).to_arrow()).collect(),
            limits: spec.mini_batch,
            table: KeyedTable::new(),
            accumulators: Accumulators::new(&spec.calls, spec.input_retracts, spec.input_retracts)?,
            key_rows: KeyRows::default(),
            slots: Vec::new(),
            rows: 0,
            deadline_ms: None,
        })
    }

    fn add(&mut self, batch: &Batch) -> Result<(), OperatorError> {
        let key_columns: Vec<ArrayRef> = self.keys.iter().map(|index| batch.column(*index).clone()).collect();
        self.key_rows.encode_into(&key_columns, batch.num_rows());
        self.slots.clear();
        for row in 0..batch.num_rows() {
            let (hash, key) = (self.key_rows.hash(row), self.key_rows.key(row));
            self.slots.push(*self.table.get_or_insert_with(hash, key, || self.accumulators.allocate()).0);
        }
        self.rows += batch.num_rows();
        self.accumulators.count(&self.slots, batch.kinds());
        self.accumulators.update(&self.slots, batch.columns(), batch.kinds())
    }

    fn finish_bundle(&mut self, context: &mut Context<'_>) -> Result<(), OperatorError> {
        self.deadline_ms = None;
        if self.rows == 0 {
            return Ok(());
        }
        let keys: Vec<&[u8]> = self.table.iter().map(|(_, key, _)| key).collect();
        let mut columns = KeyDecoder::new(self.key_types.clone()).decode(keys.into_iter())?;
        let mut partials = BinaryBuilder::with_capacity(self.table.len(), 32 * self.table.len());
        let mut bytes = Vec::new();
        for (_, _, slot) in self.table.iter() {
            bytes.clear();
            self.accumulators.encode_partial(*slot, &mut bytes);
            partials.append_value(&bytes);
        }
        columns.push(Arc::new(partials.finish()));
        context.emit(Batch::new(columns, self.table.len()));
        for (_, _, slot) in self.table.iter() {
            self.accumulators.release(*slot);
        }
        self.table.clear();
        self.rows = 0;
        Ok(())
    }
}

impl Operator for LocalGroupAggregate {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let mut row = 0;
        while row < batch.num_rows() {
            if row > 0 && context.is_full() {
                return Ok(Step::Yield { consumed_rows: row });
            }
            let room = self.limits.rows_max.max(1) - self.rows;
            let rows = room.min(batch.num_rows() - row);
            self.add(&batch.slice(row, rows))?;
            row += rows;
            let latency_ms = self.limits.latency_ms;
            if self.deadline_ms.is_none() && latency_ms > 0 {
                self.deadline_ms = Some((context.now_ms.div_euclid(latency_ms) + 1).saturating_mul(latency_ms));
            }
            if rows == room {
                self.finish_bundle(context)?;
            }
        }
        Ok(Step::Done)
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if context.watermark_ms == MAX_WATERMARK {
            self.finish_bundle(context)?;
        }
        Ok(Step::Done)
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if self.deadline_ms.is_some_and(|deadline_ms| context.now_ms >= deadline_ms) {
            self.finish_bundle(context)?;
        }
        Ok(Step::Done)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        self.deadline_ms
    }

    fn end_input(&mut self, _input: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.finish_bundle(context)?;
        Ok(Step::Done)
    }

    fn prepare_barrier(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.finish_bundle(context)?;
        Ok(Step::Done)
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
    }

    fn snapshot(&mut self, _writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        assert!(self.rows == 0, "the bundle has been emitted before the barrier");
        Ok(())
    }

    fn restore(&mut self, _reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(())
    }
}
