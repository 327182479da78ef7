//! Watermarks from a column, as Flink's `WatermarkAssignerOperator` makes them.
//!
//! Emits   each row as it is. After a row which moves the watermark more than the interval beyond the last one sent, the new
//!         watermark; by the clock each interval whatever has been reached since. NULL and smaller values are ignored; the count begins at 0, or (without an
//!         interval, as sources do that send a watermark after each row) before all times.
//! Idle    after the idle timeout without a row the output is idle until the next row.
//! Rows    whose rowtime is NULL fail the job.
//! State   the last watermark sent, which never goes back: the subtask's own if the parallelism is the same, else the least of all.
//! Watermarks from upstream are dropped, but for the one of finished input.

use arrow_array::Array;
use flott_evaluation::Evaluator;
use flott_job::spec::WatermarkSpec;
use flott_record::{Batch, MAX_WATERMARK, MIN_WATERMARK};
use flott_state::{SnapshotReader, SnapshotWriter, StateValue};

use crate::interface::{Context, Emitted, Forwarding, Operator, OperatorError, Setup, Step};
use crate::window_time::{NULL_ROWTIME, milliseconds};

const STATE: &str = "watermark";

/// The operator; see the module's text.
pub struct WatermarkAssigner {
    evaluator: Evaluator,
    rowtime: usize,
    interval_ms: i64,
    idle_timeout_ms: i64,
    subtask: u32,
    parallelism: u32,
    /// The greatest watermark seen.
    current_ms: i64,
    /// The last watermark sent. Invariant: `last_ms <= current_ms`.
    last_ms: i64,
    /// When the clock is looked at next; before the first call at once, as no clock is known then.
    next_timer_ms: i64,
    /// When the last row came, or the operator began.
    last_row_ms: Option<i64>,
    idle: bool,
}

impl WatermarkAssigner {
    /// Compiles the watermark expression.
    ///
    /// # Errors
    /// The expression is not supported.
    pub fn new(spec: &WatermarkSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let begin_ms = if spec.interval_ms == 0 { MIN_WATERMARK } else { 0 };
        Ok(WatermarkAssigner {
            evaluator: Evaluator::new(&spec.expression, &setup.session)?,
            rowtime: spec.rowtime,
            interval_ms: spec.interval_ms,
            idle_timeout_ms: spec.idle_timeout_ms,
            subtask: setup.subtask,
            parallelism: setup.parallelism,
            current_ms: begin_ms,
            last_ms: begin_ms,
            next_timer_ms: 0,
            last_row_ms: None,
            idle: false,
        })
    }

    /// How often the clock is looked at; `None` if never.
    fn timer_interval_ms(&self) -> Option<i64> {
        match (self.interval_ms, self.idle_timeout_ms) {
            (0, 0) => None,
            (0, only) | (only, 0) => Some(only),
            (interval, idle) => Some(interval.min(idle)),
        }
    }

    fn advance(&mut self, context: &mut Context<'_>) {
        if self.current_ms > self.last_ms {
            self.last_ms = self.current_ms;
            context.emit_watermark(self.last_ms);
        }
    }

    fn activate(&mut self, context: &mut Context<'_>) {
        self.last_row_ms = Some(context.now_ms);
        if self.idle {
            self.idle = false;
            context.output.elements.push(Emitted::Active);
        }
    }
}

impl Operator for WatermarkAssigner {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if batch.column(self.rowtime).null_count() > 0 {
            return Err(OperatorError::Failed(NULL_ROWTIME.to_string()));
        }
        self.activate(context);
        let watermarks = milliseconds(&self.evaluator.evaluate(batch, context.instant())?)?;
        let mut start = 0;
        for (row, watermark_ms) in watermarks.values().iter().enumerate() {
            if *watermark_ms <= self.current_ms || watermarks.is_null(row) {
                continue;
            }
            self.current_ms = *watermark_ms;
            if self.current_ms.saturating_sub(self.last_ms) > self.interval_ms {
                context.emit(batch.slice(start, row + 1 - start));
                self.advance(context);
                start = row + 1;
            }
        }
        context.emit(batch.slice(start, batch.num_rows() - start));
        Ok(Step::Done)
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if context.watermark_ms == MAX_WATERMARK && self.last_ms != MAX_WATERMARK {
            self.activate(context);
            self.current_ms = MAX_WATERMARK;
            self.advance(context);
        }
        Ok(Step::Done)
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let first_call = self.last_row_ms.is_none();
        let last_row_ms = *self.last_row_ms.get_or_insert(context.now_ms);
        if self.interval_ms > 0 && !first_call {
            self.advance(context);
        }
        if self.idle_timeout_ms > 0 && !self.idle && context.now_ms - last_row_ms >= self.idle_timeout_ms {
            self.idle = true;
            context.output.elements.push(Emitted::Idle);
        }
        let interval_ms = self.timer_interval_ms().unwrap_or(i64::MAX);
        self.next_timer_ms = context.now_ms.saturating_add(interval_ms);
        Ok(Step::Done)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        self.timer_interval_ms().filter(|_| self.last_ms != MAX_WATERMARK).map(|_| self.next_timer_ms)
    }

    fn end_input(&mut self, _input: usize, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn prepare_barrier(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Operator
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        let mut entry = Vec::new();
        let place = u64::from(self.subtask) << 32 | u64::from(self.parallelism);
        (place, self.last_ms).encode(&mut entry);
        writer.union(STATE, entry);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        let own = u64::from(self.subtask) << 32 | u64::from(self.parallelism);
        let mut least = None;
        for mut bytes in reader.union(STATE) {
            let (place, last_ms) = <(u64, i64)>::decode(&mut bytes)?;
            if place == own {
                least = Some(last_ms);
                break;
            }
            least = Some(least.map_or(last_ms, |least: i64| least.min(last_ms)));
        }
        self.last_ms = least.unwrap_or(self.last_ms);
        self.current_ms = self.last_ms;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flott_expression::Expression;
    use flott_job::OperatorSpec;
    use flott_record::{Field, Schema, TypeKind, Value};

    use super::*;
    use crate::build;
    use crate::harness::{Driver, Event, Script, check_cuts, run, texts};

    fn schema() -> Schema {
        Schema::new(vec![Field::new("ts", TypeKind::Timestamp(3).nullable())])
    }

    fn spec(interval_ms: i64, idle_timeout_ms: i64) -> OperatorSpec {
        OperatorSpec::Watermark(WatermarkSpec {
            rowtime: 0,
            expression: Expression::column(0, TypeKind::Timestamp(3).nullable()),
            interval_ms,
            idle_timeout_ms,
        })
    }

    fn rows(times: &[i64]) -> Event {
        Event::inserts(0, times.iter().map(|time| vec![Value::Timestamp(*time, 3)]).collect())
    }

    fn seen(spec: &OperatorSpec, events: Vec<Event>) -> Vec<String> {
        let script = Script::new(vec![schema()], events).ended();
        texts(&check_cuts(&|setup: &Setup| build(spec, setup), &script, &schema()))
    }

    #[test]
    fn a_watermark_follows_the_row_that_moves_it_beyond_the_interval() {
        let seen = seen(&spec(200, 0), vec![rows(&[100, 300, 250, 501, 500])]);
        let at = |ms: i64| format!("+I[1970-01-01T00:00:00.{ms}]");
        let wanted = [at(100), at(300), "W 300".into(), at(250), at(501), "W 501".into(), at(500), "W max".to_string()];
        assert_eq!(seen, wanted);
    }

    #[test]
    fn without_an_interval_each_advance_is_sent() {
        let seen = seen(&spec(0, 0), vec![rows(&[100, 100, 101])]);
        assert_eq!(seen.iter().filter(|text| text.starts_with('W')).count(), 3);
    }

    #[test]
    fn the_clock_sends_what_has_been_reached() {
        let events = vec![Event::Clock(1), rows(&[100]), Event::Clock(150), Event::Clock(300), Event::Clock(900)];
        assert_eq!(seen(&spec(200, 0), events), ["+I[1970-01-01T00:00:00.100]", "W 100", "W max"]);
    }

    #[test]
    fn silence_makes_idle_and_a_row_active() {
        let events = vec![rows(&[100]), Event::Clock(5_000), rows(&[200])];
        let seen = seen(&spec(0, 1_000), events);
        assert_eq!(&seen[2..5], ["idle", "active", "+I[1970-01-01T00:00:00.200]"]);
    }

    #[test]
    fn a_row_without_time_fails() {
        let script = Script::new(vec![schema()], vec![Event::inserts(0, vec![vec![Value::Null]])]);
        let result = run(&|setup: &Setup| build(&spec(0, 0), setup), &script, &schema());
        assert!(result.err().expect("fails").to_string().starts_with("RowTime field should not be null"));
    }

    #[test]
    fn a_restored_watermark_does_not_go_back() {
        let script = Script::new(vec![schema()], vec![rows(&[900])]);
        let make = |setup: &Setup| build(&spec(0, 0), setup);
        let mut driver = run(&make, &script, &schema()).expect("runs");
        let snapshots = [driver.snapshot().expect("taken")];
        let setup = script.setup(1, 2);
        let mut operator = make(&setup).expect("builds");
        operator.restore(&SnapshotReader::new(&snapshots, setup.key_groups(), 1, 2)).expect("read");
        let mut driver = Driver::new(operator, &schema());
        driver.batch(0, &batch(&[100, 901])).expect("runs");
        assert_eq!(texts(&driver.seen)[2..], ["W 901"]);
    }

    fn batch(times: &[i64]) -> Batch {
        let Event::Rows(_, rows) = rows(times) else { unreachable!("rows") };
        flott_record::value_array::batch_from_rows(&schema(), &rows).expect("timestamps")
    }
}
