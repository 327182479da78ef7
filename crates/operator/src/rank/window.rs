//! Top-N within windows: ROW_NUMBER over rows that have been assigned to windows.
//!
//! Emits   the Top-N of each (window, partition) when the watermark passes the window's end, insert-only, windows by their end.
//! Late    rows whose window has fired are dropped and counted.
//! State   `windows`: window and partition to its best rows; gone when the window fires.
//!         `progress`: how far the watermark was.

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMillisecondType;
use flott_job::spec::{RankKind, RankSpec};
use flott_job::window::WindowTime;
use flott_record::{Batch, RowKind};
use flott_state::{RowEncoder, SnapshotReader, SnapshotWriter};

use super::bounded::{Arrived, BoundedRows};
use super::emission::Emission;
use crate::chunks::{in_chunks, keys_of};
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::row_output::RowOutput;
use crate::sort_key::SortKeys;
use crate::window_progress::Progress;
use crate::window_tables::WindowTables;
use crate::window_time::WindowClock;

/// The operator; see the module's text.
pub struct WindowRank {
    spec: RankSpec,
    window_end: usize,
    clock: WindowClock,
    emission: Emission,
    windows: WindowTables<BoundedRows>,
    progress: Progress,
    encoder: RowEncoder,
}

impl WindowRank {
    /// Lays out the state.
    ///
    /// # Errors
    /// RANK and DENSE_RANK, as in Flink; a time zone that is not known.
    pub fn new(spec: &RankSpec, window_end: usize, setup: &Setup) -> Result<Self, OperatorError> {
        if spec.kind != RankKind::RowNumber {
            let message = format!("not supported: ranks other than ROW_NUMBER() within windows ({})", setup.name);
            return Err(OperatorError::Failed(message));
        }
        let local = spec.window_local;
        let attached = WindowTime::Attached { start: window_end, end: window_end, rowtime: true, local };
        Ok(WindowRank {
            emission: Emission::new(spec),
            window_end,
            clock: WindowClock::new(&attached, setup)?,
            windows: WindowTables::default(),
            progress: Progress::new(setup.key_groups(), setup.max_parallelism),
            encoder: RowEncoder::new(&spec.input),
            spec: spec.clone(),
        })
    }

    fn apply(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        if batch.kinds().is_some() {
            return Err(OperatorError::Failed("a window Top-N got rows other than +I".to_string()));
        }
        let keys = keys_of(batch, &self.spec.partition);
        let sorts = SortKeys::encode(batch, &self.spec.order);
        let rows = self.encoder.encode(batch);
        let ends = batch.column(self.window_end).as_primitive::<TimestampMillisecondType>();
        for (row, end_ms) in ends.values().iter().enumerate() {
            if self.clock.is_over(*end_ms, self.progress.of_hash_ms(keys.hash(row))) {
                context.counts.late_rows_dropped += 1;
                continue;
            }
            let arrived = Arrived { sort: sorts.key(row), id: &[], row: rows.row(row) };
            self.windows
                .get_or_insert_with(*end_ms, keys.hash(row), keys.key(row), BoundedRows::default)
                .insert_silently(arrived, self.emission.end);
        }
        Ok(batch.num_rows())
    }
}

impl Operator for WindowRank {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        in_chunks(batch, context, |chunk, context| self.apply(chunk, context))
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.progress.advance(context.watermark_ms);
        let mut out = RowOutput::default();
        let mut step = Step::Done;
        while let Some(fired) = self.windows.pop_due(|end_ms| self.clock.is_over(end_ms, context.watermark_ms)) {
            for (index, row) in fired.value.rows().enumerate() {
                self.emission.push(&mut out, RowKind::Insert, row, index + 1);
            }
            if out.is_full(context) {
                step = Step::Yield { consumed_rows: 0 };
                break;
            }
        }
        out.emit(&self.encoder, context)?;
        Ok(step)
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.windows.snapshot("windows", writer)?;
        self.progress.snapshot(writer);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.windows = WindowTables::restore("windows", reader)?;
        self.progress.restore(reader)?;
        Ok(())
    }
}
