//! One operator of a chain with the work that waits for it.

use flott_job::OperatorNode;
use flott_metric::{Counter, MetricGroup, OperatorIdentity, OperatorMetrics};
use flott_operator::interface::{Counts, Emitted};
use flott_operator::{Context, Forwarding, Operator, OperatorError, Output, Step};
use flott_record::{Barrier, Batch, MAX_WATERMARK, MIN_WATERMARK};
use flott_state::{FrozenSnapshot, SnapshotWriter};

use crate::chain::work::{Work, WorkQueue};

/// An operator, what waits for it, and what it has sent on.
pub(crate) struct Stage {
    pub(crate) node: OperatorNode,
    pub(crate) queue: WorkQueue,
    operator: Box<dyn Operator>,
    open_inputs: usize,
    /// The input watermark.
    watermark_ms: i64,
    /// The watermark sent on.
    sent_watermark_ms: i64,
    sent_idle: bool,
    counts: Counts,
    metrics: OperatorMetrics,
    group: MetricGroup,
    /// Rows for side outputs, by tag. Nobody takes them yet; they are counted.
    side_rows: Vec<(&'static str, Counter)>,
}

/// Where a step of a stage puts what comes out.
pub(crate) struct StepOutput<'a> {
    /// Scratch space for the operator's results.
    pub(crate) output: &'a mut Output,
    /// What waits in front of whatever follows.
    pub(crate) next: &'a mut WorkQueue,
}

impl Stage {
    pub(crate) fn new(
        node: OperatorNode,
        operator: Box<dyn Operator>,
        inputs: usize,
        task_group: &MetricGroup,
    ) -> Self {
        let identity = OperatorIdentity { operator_id: node.uid.clone(), operator_name: node.name.clone() };
        let group = task_group.operator(&identity);
        Stage {
            node,
            queue: WorkQueue::new(),
            operator,
            open_inputs: inputs,
            watermark_ms: MIN_WATERMARK,
            sent_watermark_ms: MIN_WATERMARK,
            sent_idle: false,
            counts: Counts::default(),
            metrics: OperatorMetrics::register(&group),
            group,
            side_rows: Vec::new(),
        }
    }

    /// When the operator wants to be called next, milliseconds since the epoch.
    pub(crate) fn wake_at_ms(&self) -> Option<i64> {
        self.operator.wake_at_ms()
    }

    /// Does the first thing that waits, as far as one call comes. Returns the operator's state if that was a barrier's passing.
    pub(crate) fn step(
        &mut self,
        now_ms: i64,
        max_parallelism: u32,
        out: &mut StepOutput<'_>,
    ) -> Result<Option<FrozenSnapshot>, OperatorError> {
        let Some(work) = self.queue.pop_front() else { return Ok(None) };
        match work {
            Work::Batch { input, batch } => self.batch(input, batch, now_ms, out)?,
            Work::Watermark(watermark_ms) => {
                self.watermark_ms = watermark_ms;
                self.metrics.current_input_watermark.set(watermark_ms);
                let step = self.call(now_ms, out, |operator, context| operator.on_watermark(context))?;
                if self.is_done(step, work) && self.operator.forwarding() == Forwarding::Loop {
                    self.send_watermark(watermark_ms, out.next);
                }
            }
            Work::ProcessingTime => {
                let step = self.call(now_ms, out, |operator, context| operator.on_processing_time(context))?;
                self.is_done(step, work);
            }
            Work::EndInput(input) => {
                let step = self.call(now_ms, out, |operator, context| operator.end_input(input, context))?;
                if self.is_done(step, work) {
                    self.end_input(out.next);
                }
            }
            Work::Barrier(barrier) => {
                let step = self.call(now_ms, out, |operator, context| operator.prepare_barrier(context))?;
                if self.is_done(step, work) {
                    return self.pass_barrier(barrier, max_parallelism, out.next).map(Some);
                }
            }
            Work::Idle => self.send_idle(true, out.next),
            Work::Active => self.send_idle(false, out.next),
            Work::LatencyMarker(_) | Work::CancelBarrier(_) => out.next.push_back(work),
        }
        Ok(None)
    }

    fn batch(
        &mut self,
        input: usize,
        batch: Batch,
        now_ms: i64,
        out: &mut StepOutput<'_>,
    ) -> Result<(), OperatorError> {
        let step = self.call(now_ms, out, |operator, context| operator.on_batch(input, &batch, context))?;
        let rows = batch.num_rows();
        let consumed_rows = match step {
            Step::Done => rows,
            Step::Yield { consumed_rows } => {
                debug_assert!((1..=rows).contains(&consumed_rows), "a yield consumes a row at least");
                consumed_rows
            }
        };
        self.metrics.num_records_in.add(consumed_rows as u64);
        if consumed_rows < rows {
            let rest = batch.slice(consumed_rows, rows - consumed_rows);
            self.queue.push_front(Work::Batch { input, batch: rest });
        }
        Ok(())
    }

    /// Calls the operator and takes what it emitted.
    fn call(
        &mut self,
        now_ms: i64,
        out: &mut StepOutput<'_>,
        call: impl FnOnce(&mut dyn Operator, &mut Context<'_>) -> Result<Step, OperatorError>,
    ) -> Result<Step, OperatorError> {
        let before = self.counts;
        let mut context =
            Context { output: &mut *out.output, counts: &mut self.counts, now_ms, watermark_ms: self.watermark_ms };
        let step = call(&mut *self.operator, &mut context)?;
        self.metrics.num_late_records_dropped.add(self.counts.late_rows_dropped - before.late_rows_dropped);
        self.metrics.num_records_out.add(out.output.rows as u64);
        out.output.rows = 0;
        for emitted in out.output.elements.drain(..) {
            match emitted {
                Emitted::Batch(batch) => out.next.push_back(Work::Batch { input: 0, batch }),
                Emitted::Watermark(watermark_ms) => self.send_watermark(watermark_ms, out.next),
                Emitted::Idle => self.send_idle(true, out.next),
                Emitted::Active => self.send_idle(false, out.next),
            }
        }
        for (tag, batch) in out.output.side.drain(..) {
            self.count_side(tag, batch.num_rows());
        }
        Ok(step)
    }

    /// Whether a call is done; if not, its work waits to be repeated.
    fn is_done(&mut self, step: Step, work: Work) -> bool {
        if step != Step::Done {
            self.queue.push_front(work);
        }
        step == Step::Done
    }

    fn send_watermark(&mut self, watermark_ms: i64, next: &mut WorkQueue) {
        if watermark_ms > self.sent_watermark_ms {
            self.sent_watermark_ms = watermark_ms;
            self.metrics.current_output_watermark.set(watermark_ms);
            next.push_back(Work::Watermark(watermark_ms));
        }
    }

    fn send_idle(&mut self, idle: bool, next: &mut WorkQueue) {
        if idle != self.sent_idle {
            self.sent_idle = idle;
            next.push_back(if idle { Work::Idle } else { Work::Active });
        }
    }

    fn end_input(&mut self, next: &mut WorkQueue) {
        self.open_inputs -= 1;
        if self.open_inputs == 0 {
            self.send_idle(false, next);
            self.send_watermark(MAX_WATERMARK, next);
            next.push_back(Work::EndInput(0));
        }
    }

    fn pass_barrier(
        &mut self,
        barrier: Barrier,
        max_parallelism: u32,
        next: &mut WorkQueue,
    ) -> Result<FrozenSnapshot, OperatorError> {
        let state = self.snapshot(max_parallelism)?;
        next.push_back(Work::Barrier(barrier));
        Ok(state)
    }

    /// The operator's state as of now.
    pub(crate) fn snapshot(&mut self, max_parallelism: u32) -> Result<FrozenSnapshot, OperatorError> {
        let mut writer = SnapshotWriter::new(max_parallelism);
        self.operator.snapshot(&mut writer)?;
        Ok(writer.freeze())
    }

    fn count_side(&mut self, tag: &'static str, rows: usize) {
        let known = self.side_rows.iter().position(|(known, _)| *known == tag);
        let position = known.unwrap_or_else(|| {
            let counter = self.group.add_group_with_value("side_output", tag).counter("numRecordsOut");
            self.side_rows.push((tag, counter));
            self.side_rows.len() - 1
        });
        self.side_rows[position].1.add(rows as u64);
    }
}
