//! Window table functions: adds `window_start`, `window_end` and `window_time` to each row, one output row for each window it is in.
//!
//! Emits   HOP: from the latest window to the earliest; CUMULATE: from the shortest to the longest. Kinds of rows stay.
//! Drops   rows whose rowtime is NULL (counted); never late ones.
//! State   none.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, TimestampMillisecondArray, UInt32Array};
use flott_job::spec::WindowTableFunctionSpec;
use flott_job::window::{Window, WindowKind, WindowTime};
use flott_record::Batch;
use flott_state::{SnapshotReader, SnapshotWriter};

use crate::interface::{Context, Forwarding, Operator, OperatorError, Setup, Step};
use crate::limits::OUTPUT_ROWS_PER_STEP_MAX;
use crate::window_time::{WindowClock, window_start_ms};

/// The operator; see the module's text.
pub struct WindowTableFunction {
    window: Window,
    clock: WindowClock,
    /// Windows of a row at the most.
    windows_per_row: usize,
}

impl WindowTableFunction {
    /// Builds the operator.
    ///
    /// # Errors
    /// SESSION windows, and windows of rows that have been assigned to windows before, are not supported.
    pub fn new(spec: &WindowTableFunctionSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let (windows, size_ms) = match spec.window.kind {
            WindowKind::Tumble { size_ms, .. } => (1, size_ms),
            WindowKind::Hop { slide_ms, size_ms, .. } if slide_ms > 0 => ((size_ms + slide_ms - 1) / slide_ms, size_ms),
            WindowKind::Cumulate { step_ms, max_ms, .. } if step_ms > 0 => ((max_ms + step_ms - 1) / step_ms, max_ms),
            WindowKind::Session { .. } => {
                let message = "not supported: SESSION as a table function without an aggregation over its windows";
                return Err(OperatorError::Failed(message.to_string()));
            }
            _ => (1, 0),
        };
        if size_ms <= 0 {
            return Err(OperatorError::Failed("the size of a window is not positive".to_string()));
        }
        if matches!(spec.window.time, WindowTime::Attached { .. }) {
            return Err(OperatorError::Failed("not supported: windows of windowed rows".to_string()));
        }
        let clock = WindowClock::new(&spec.window.time, setup)?;
        Ok(WindowTableFunction { window: spec.window, clock, windows_per_row: windows.max(1) as usize })
    }

    /// The rows' times; rows without one are left out of the batch.
    fn times(&self, batch: Batch, context: &mut Context<'_>) -> Result<(Batch, Int64Array), OperatorError> {
        let WindowTime::Rowtime { column, .. } = self.window.time else {
            let now_ms = self.clock.to_window_ms(context.now_ms);
            let rows = batch.num_rows();
            return Ok((batch, Int64Array::from(vec![now_ms; rows])));
        };
        let times = batch.column(column);
        if times.null_count() == 0 {
            let times = self.clock.column(times)?;
            return Ok((batch, times));
        }
        context.counts.dropped_rows += times.null_count() as u64;
        let kept: Vec<bool> = (0..batch.num_rows()).map(|row| times.is_valid(row)).collect();
        let batch = batch.filter(&kept.into())?;
        let times = self.clock.column(batch.column(column))?;
        Ok((batch, times))
    }

    fn emit(&self, batch: &Batch, times: &[i64], context: &mut Context<'_>) -> Result<(), OperatorError> {
        let capacity = times.len() * self.windows_per_row;
        let (mut sources, mut starts, mut ends) =
            (Vec::with_capacity(capacity), Vec::with_capacity(capacity), Vec::with_capacity(capacity));
        for (row, time_ms) in times.iter().enumerate() {
            for_each_window(&self.window.kind, *time_ms, |start, end| {
                sources.push(row as u32);
                starts.push(start);
                ends.push(end);
            });
        }
        if sources.is_empty() {
            return Ok(());
        }
        let last = ends.iter().map(|end| self.clock.to_instant_ms(end - 1));
        let last = TimestampMillisecondArray::from_iter_values(last);
        let added: [ArrayRef; 3] = [
            Arc::new(TimestampMillisecondArray::from(starts)),
            Arc::new(TimestampMillisecondArray::from(ends)),
            Arc::new(last),
        ];
        let rows = if self.windows_per_row == 1 && sources.len() == batch.num_rows() {
            batch.clone()
        } else {
            batch.take(&UInt32Array::from(sources))?
        };
        let columns = rows.columns().iter().cloned().chain(added).collect();
        context.emit(rows.with_columns(columns));
        Ok(())
    }
}

/// Calls `each` with start and end of the windows of a time.
fn for_each_window(kind: &WindowKind, time_ms: i64, mut each: impl FnMut(i64, i64)) {
    match *kind {
        WindowKind::Tumble { size_ms, offset_ms } => {
            let start = window_start_ms(time_ms, offset_ms, size_ms);
            each(start, start + size_ms);
        }
        WindowKind::Hop { slide_ms, size_ms, offset_ms } => {
            let mut start = window_start_ms(time_ms, offset_ms, slide_ms);
            while start > time_ms - size_ms {
                each(start, start + size_ms);
                start -= slide_ms;
            }
        }
        WindowKind::Cumulate { step_ms, max_ms, offset_ms } => {
            let start = window_start_ms(time_ms, offset_ms, max_ms);
            let mut end = window_start_ms(time_ms, offset_ms, step_ms) + step_ms;
            while end <= start + max_ms {
                each(start, end);
                end += step_ms;
            }
        }
        WindowKind::Session { .. } => unreachable!("refused when the operator is built"),
    }
}

impl Operator for WindowTableFunction {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let chunk = (OUTPUT_ROWS_PER_STEP_MAX / self.windows_per_row).max(1);
        let mut row = 0;
        while row < batch.num_rows() {
            if row > 0 && context.is_full() {
                return Ok(Step::Yield { consumed_rows: row });
            }
            let rows = chunk.min(batch.num_rows() - row);
            let (kept, times) = self.times(batch.slice(row, rows), context)?;
            self.emit(&kept, times.values(), context)?;
            row += rows;
        }
        Ok(Step::Done)
    }

    fn on_watermark(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn on_processing_time(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    fn end_input(&mut self, _input: usize, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn prepare_barrier(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
    }

    fn snapshot(&mut self, _writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        Ok(())
    }

    fn restore(&mut self, _reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flott_job::OperatorSpec;
    use flott_record::{Field, Schema, TypeKind, Value};

    use super::*;
    use crate::build;
    use crate::harness::{Compare, Event, Script, Seen, check_cuts, check_recovery, run};

    fn schemas() -> (Schema, Schema) {
        let time = |name: &str| Field::new(name, TypeKind::Timestamp(3).nullable());
        let input = Schema::new(vec![time("ts")]);
        let output = ["ts", "window_start", "window_end", "window_time"].map(time);
        (input, Schema::new(output.into()))
    }

    fn windows(kind: WindowKind, times: &[Option<i64>]) -> Vec<Vec<i64>> {
        let (input, output) = schemas();
        let window = Window { kind, time: WindowTime::Rowtime { column: 0, local: false } };
        let spec = OperatorSpec::WindowTableFunction(WindowTableFunctionSpec { window });
        let cell = |time: &Option<i64>| time.map_or(Value::Null, |time| Value::Timestamp(time, 3));
        let rows = times.iter().map(|time| vec![cell(time)]).collect();
        let script = Script::new(vec![input], vec![Event::inserts(0, rows)]).ended();
        let make = |setup: &Setup| build(&spec, setup);
        check_recovery(&make, &script, &output, &[vec![0]], Compare::Rows);
        let driver = run(&make, &script, &output).expect("runs");
        assert_eq!(driver.counts.dropped_rows, times.iter().filter(|time| time.is_none()).count() as u64);
        let number = |value: &Value| match value {
            Value::Timestamp(time, _) => *time,
            other => unreachable!("{other} is no timestamp"),
        };
        let row = |seen: &Seen| match seen {
            Seen::Row(_, values) => Some(values.iter().map(number).collect()),
            _ => None,
        };
        check_cuts(&make, &script, &output).iter().filter_map(row).collect()
    }

    #[test]
    fn a_row_is_in_one_tumbling_window() {
        let kind = WindowKind::Tumble { size_ms: 10, offset_ms: 3 };
        assert_eq!(windows(kind, &[Some(2), None, Some(3)]), [[2, -7, 3, 2], [3, 3, 13, 12]]);
    }

    #[test]
    fn hopping_windows_come_from_the_latest() {
        let kind = WindowKind::Hop { slide_ms: 5, size_ms: 10, offset_ms: 0 };
        assert_eq!(windows(kind, &[Some(7)]), [[7, 5, 15, 14], [7, 0, 10, 9]]);
    }

    #[test]
    fn cumulating_windows_come_from_the_shortest() {
        let kind = WindowKind::Cumulate { step_ms: 5, max_ms: 15, offset_ms: 0 };
        assert_eq!(windows(kind, &[Some(7), Some(14)]), [[7, 0, 10, 9], [7, 0, 15, 14], [14, 0, 15, 14]]);
    }
}
