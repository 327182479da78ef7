//! The first or last row, by row time, of each key within a window.
//!
//! Emits   the kept row of each (window, key) when the watermark passes the window's end, insert-only, windows by their end.
//! Late    rows whose window has fired are dropped and counted.
//! State   `windows`: window and key to the kept row; gone when the window fires.
//!         `progress`: how far the watermark was.

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMillisecondType;
use flott_job::spec::DeduplicateSpec;
use flott_job::window::WindowTime;
use flott_record::{Batch, RowKind};
use flott_state::{RowEncoder, SnapshotReader, SnapshotWriter};

use crate::chunks::{in_chunks, keys_of};
use crate::deduplicate::{Kept, replaces, times_ms};
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::row_output::RowOutput;
use crate::window_progress::Progress;
use crate::window_tables::WindowTables;
use crate::window_time::WindowClock;

/// The operator; see the module's text.
pub struct WindowDeduplicate {
    keys: Vec<usize>,
    rowtime: usize,
    keep_last: bool,
    window_end: usize,
    clock: WindowClock,
    windows: WindowTables<Kept>,
    progress: Progress,
    encoder: RowEncoder,
}

impl WindowDeduplicate {
    /// Lays out the state.
    ///
    /// # Errors
    /// A deduplication by arrival, as in Flink; a time zone that is not known.
    pub fn new(spec: &DeduplicateSpec, window_end: usize, setup: &Setup) -> Result<Self, OperatorError> {
        let rowtime = spec.rowtime.ok_or_else(|| {
            let message = format!("not supported: deduplication within windows by arrival ({})", setup.name);
            OperatorError::Failed(message)
        })?;
        let local = spec.window_local;
        let attached = WindowTime::Attached { start: window_end, end: window_end, rowtime: true, local };
        Ok(WindowDeduplicate {
            keys: spec.keys.clone(),
            rowtime,
            keep_last: spec.keep_last,
            window_end,
            clock: WindowClock::new(&attached, setup)?,
            windows: WindowTables::default(),
            progress: Progress::new(setup.key_groups(), setup.max_parallelism),
            encoder: RowEncoder::new(&spec.input),
        })
    }

    fn apply(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.keys);
        let rows = self.encoder.encode(batch);
        let times = times_ms(batch.column(self.rowtime))?;
        let ends = batch.column(self.window_end).as_primitive::<TimestampMillisecondType>();
        for (row, (end_ms, time_ms)) in ends.values().iter().zip(times).enumerate() {
            if self.clock.is_over(*end_ms, self.progress.of_hash_ms(keys.hash(row))) {
                context.counts.late_rows_dropped += 1;
                continue;
            }
            let mut is_new = false;
            let kept = self.windows.get_or_insert_with(*end_ms, keys.hash(row), keys.key(row), || {
                is_new = true;
                Kept::default()
            });
            if is_new || replaces(self.keep_last, time_ms, kept.time_ms) {
                kept.time_ms = time_ms;
                kept.row.clear();
                kept.row.extend_from_slice(rows.row(row));
            }
        }
        Ok(batch.num_rows())
    }
}

impl Operator for WindowDeduplicate {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if batch.kinds().is_some() {
            return Err(OperatorError::Failed("a window deduplication got rows other than +I".to_string()));
        }
        in_chunks(batch, context, |chunk, context| self.apply(chunk, context))
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.progress.advance(context.watermark_ms);
        let mut out = RowOutput::default();
        let mut step = Step::Done;
        while let Some(fired) = self.windows.pop_due(|end_ms| self.clock.is_over(end_ms, context.watermark_ms)) {
            out.push(RowKind::Insert, &fired.value.row);
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

#[cfg(test)]
mod tests;
