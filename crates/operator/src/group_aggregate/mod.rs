//! An updating aggregation (GROUP BY without windows, SELECT DISTINCT), as Flink's `GroupAggFunction` and its mini-batch form compute it.
//!
//! Emits   per input row (mini-batch off) or per key and bundle (on): `+I` for a new key, `-U` and `+U` when its result changes, `-D`
//!         when its last row is retracted. A result that stays the same is not emitted, unless state expires. In batch mode one
//!         `+I` a key at the end of input; without keys one row even over nothing.
//! Drops   retractions of keys that are not there.
//! State   a group a key: its accumulators and, if the input retracts, its number of rows; removed when that is 0, or by `state_ttl_ms`
//!         without a write in processing time.
//! Bundles end by size, latency (by the clock in steps of it), barrier, end of input; never by a watermark, as results have no event time.

mod bundle;
pub(crate) mod groups;
mod per_row;

use std::ops::Range;

use arrow_array::ArrayRef;
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction;
use flott_job::MiniBatch;
use flott_job::spec::GroupAggregateSpec;
use flott_record::limits::BATCH_ROWS_MAX;
use flott_record::{Batch, KeyRows, MAX_WATERMARK};
use flott_state::{DiskBackend, SnapshotReader, SnapshotWriter};

use self::bundle::Bundle;
use self::groups::Groups;
use self::per_row::{PerRow, Rules};
use crate::accumulator::Accumulators;
use crate::interface::{Context, Forwarding, Operator, OperatorError, Setup, Step};
use crate::key_decoder::KeyDecoder;

/// When results are emitted.
enum Mode {
    /// After each row.
    PerRow(PerRow),
    /// At the end of each bundle.
    Bundles { bundle: Bundle, limits: MiniBatch, deadline_ms: Option<i64> },
    /// At the end of input; groups before the cursor have been emitted.
    AtEnd { cursor: usize },
}

/// The operator; see the module's text.
pub struct GroupAggregate {
    groups: Groups,
    rules: Rules,
    /// Types of the key columns.
    key_types: Vec<ArrowType>,
    merges_partials: bool,
    key_rows: KeyRows,
    mode: Mode,
    subtask: u32,
}

/// A bundle of one row, for partial states without mini-batch.
const SINGLE_ROWS: MiniBatch = MiniBatch { latency_ms: 0, rows_max: 1 };

impl GroupAggregate {
    /// Builds the operator.
    ///
    /// # Errors
    /// A call is not supported.
    pub fn new(spec: &GroupAggregateSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let accumulators = Accumulators::new(&spec.calls, spec.input_retracts, spec.input_retracts)?;
        let bundles = |limits| Mode::Bundles { bundle: Bundle::default(), limits, deadline_ms: None };
        let mode = match spec.mini_batch {
            _ if setup.batch_mode => Mode::AtEnd { cursor: 0 },
            Some(limits) => bundles(limits),
            None if spec.merges_partials => bundles(SINGLE_ROWS),
            None => Mode::PerRow(PerRow::default()),
        };
        // The positions in the spec are those of the raw input; the local phase has put the keys in front.
        let keys = if spec.merges_partials { (0..spec.keys.len()).collect() } else { spec.keys.clone() };
        let key_types = key_types(spec)?;
        Ok(GroupAggregate {
            groups: Groups::new(accumulators, spec.state_ttl_ms),
            rules: Rules {
                keys,
                input_retracts: spec.input_retracts,
                emit_update_before: spec.emit_update_before,
                always_changes: spec.calls.iter().any(counts_all_rows),
            },
            key_types,
            merges_partials: spec.merges_partials,
            key_rows: KeyRows::default(),
            mode,
            subtask: setup.subtask,
        })
    }

    fn finish_bundle(&mut self, context: &mut Context<'_>) -> Result<(), OperatorError> {
        if let Mode::Bundles { bundle, deadline_ms, .. } = &mut self.mode {
            *deadline_ms = None;
            if !bundle.is_empty() {
                bundle.finish(&mut self.groups, &self.rules, &self.key_types, context)?;
            }
        }
        Ok(())
    }

    /// Fills bundles with the batch's rows, ending each that is full.
    fn fill_bundles(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let mut row = 0;
        while row < batch.num_rows() {
            if row > 0 && context.is_full() {
                return Ok(Step::Yield { consumed_rows: row });
            }
            let Mode::Bundles { bundle, limits, deadline_ms } = &mut self.mode else { return Ok(Step::Done) };
            let room = limits.rows_max.max(1) - bundle.rows;
            let rows = room.min(batch.num_rows() - row);
            let partials = self.merges_partials;
            bundle.add(&mut self.groups, &self.rules, partials, &batch.slice(row, rows), context.now_ms)?;
            row += rows;
            if deadline_ms.is_none() && limits.latency_ms > 0 {
                let latency_ms = limits.latency_ms;
                *deadline_ms = Some((context.now_ms.div_euclid(latency_ms) + 1).saturating_mul(latency_ms));
            }
            if rows == room {
                self.finish_bundle(context)?;
            }
        }
        Ok(Step::Done)
    }

    /// Accumulates without emitting.
    fn accumulate(&mut self, batch: &Batch) -> Result<(), OperatorError> {
        let key_columns: Vec<ArrayRef> = self.rules.keys.iter().map(|index| batch.column(*index).clone()).collect();
        self.key_rows.encode_into(&key_columns, batch.num_rows());
        let mut slots = Vec::with_capacity(batch.num_rows());
        let Groups { table, accumulators, .. } = &mut self.groups;
        for row in 0..batch.num_rows() {
            let (hash, key) = (self.key_rows.hash(row), self.key_rows.key(row));
            slots.push(*table.get_or_insert_with(hash, key, || accumulators.allocate()).0);
        }
        if self.merges_partials {
            return bundle::merge_partials(&mut self.groups, &slots, batch, self.rules.keys.len());
        }
        self.groups.accumulators.count(&slots, batch.kinds());
        self.groups.accumulators.update(&slots, batch.columns(), batch.kinds())
    }

    /// Emits all groups from the cursor on, as far as the call's limit goes.
    fn emit_all(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let Mode::AtEnd { cursor } = &mut self.mode else { return Ok(Step::Done) };
        if self.key_types.is_empty() && self.groups.table.is_empty() && self.subtask == 0 {
            self.groups.insert(flott_record::key::murmur3_32(&[]), &[]);
        }
        while *cursor < self.groups.table.len() {
            if context.is_full() {
                return Ok(Step::Yield { consumed_rows: 0 });
            }
            let end = (*cursor + BATCH_ROWS_MAX).min(self.groups.table.len());
            let range = std::mem::replace(cursor, end)..end;
            emit_groups(&mut self.groups, &self.key_types, range, context)?;
        }
        Ok(Step::Done)
    }
}

/// Whether a call is COUNT(*) without a filter.
fn counts_all_rows(call: &AggregateCall) -> bool {
    call.function == AggregateFunction::Count && call.arguments.is_empty() && call.filter.is_none()
}

fn key_types(spec: &GroupAggregateSpec) -> Result<Vec<ArrowType>, OperatorError> {
    let arrow = |index: &usize| {
        let field = spec.input.fields.get(*index);
        field
            .map(|field| field.data_type.to_arrow())
            .ok_or_else(|| OperatorError::Failed(format!("key column {index} is not in the aggregate's input")))
    };
    spec.keys.iter().map(arrow).collect()
}

/// Emits the groups of some entries of the table as `+I`.
fn emit_groups(
    groups: &mut Groups,
    key_types: &[ArrowType],
    range: Range<usize>,
    context: &mut Context<'_>,
) -> Result<(), OperatorError> {
    let entries = groups.table.iter().skip(range.start).take(range.len());
    let live = entries.filter(|(_, _, slot)| groups.accumulators.rows(**slot) != Some(0) || key_types.is_empty());
    let (keys, slots): (Vec<&[u8]>, Vec<u32>) = live.map(|(_, key, slot)| (key, *slot)).unzip();
    let mut columns = KeyDecoder::new(key_types.to_vec()).decode(keys.into_iter())?;
    columns.extend(groups.accumulators.values(&slots)?);
    context.emit(Batch::new(columns, slots.len()));
    Ok(())
}

impl Operator for GroupAggregate {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if !self.rules.input_retracts && batch.kinds().is_some_and(|kinds| kinds.iter().any(|kind| kind & 1 == 1)) {
            let message = "a retraction has come to an aggregate whose plan says that its input does not retract";
            return Err(OperatorError::Failed(message.to_string()));
        }
        match &mut self.mode {
            Mode::PerRow(per_row) => {
                per_row.process(&mut self.groups, &self.rules, batch, context)?;
                Ok(Step::Done)
            }
            Mode::Bundles { .. } => self.fill_bundles(batch, context),
            Mode::AtEnd { .. } => {
                self.accumulate(batch)?;
                Ok(Step::Done)
            }
        }
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if context.watermark_ms == MAX_WATERMARK {
            self.finish_bundle(context)?;
        }
        Ok(Step::Done)
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if let Mode::Bundles { deadline_ms: Some(deadline_ms), .. } = self.mode
            && context.now_ms >= deadline_ms
        {
            self.finish_bundle(context)?;
        }
        Ok(Step::Done)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        match self.mode {
            Mode::Bundles { deadline_ms, .. } => deadline_ms,
            _ => None,
        }
    }

    fn end_input(&mut self, _input: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.finish_bundle(context)?;
        self.emit_all(context)
    }

    fn prepare_barrier(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.finish_bundle(context)?;
        Ok(Step::Done)
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
    }

    fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), OperatorError> {
        match self.mode {
            Mode::AtEnd { .. } => Ok(()),
            _ => Ok(self.groups.use_disk(backend)?),
        }
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.groups.accumulators.make_room();
        self.groups.snapshot(writer)?;
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(self.groups.restore(reader)?)
    }
}

#[cfg(test)]
mod tests;
