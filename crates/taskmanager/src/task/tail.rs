//! The end of a chain: output gates or a sink's writer.

use flott_connector::{Committable, SinkWriter};
use flott_environment::Waker;
use flott_exchange::OutputGate;
use flott_metric::{OperatorMetrics, SinkMetrics};
use flott_operator::interface::Counts;
use flott_operator::sink_enforcer::SinkEnforcer;
use flott_record::{Batch, Element};

use crate::chain::work::Work;
use crate::progress::TaskGauges;

/// Where the results of a chain go.
pub(crate) enum Tail {
    /// To the subtasks of other vertices, over each edge.
    Gates(Vec<OutputGate>),
    /// To the outside.
    Sink(Box<SinkTail>),
}

/// A sink's writer.
pub(crate) struct SinkTail {
    /// For errors.
    pub(crate) name: String,
    pub(crate) writer: Box<dyn SinkWriter>,
    /// Checks rows against the table's constraints before they are written.
    pub(crate) enforcer: SinkEnforcer,
    pub(crate) counts: Counts,
    pub(crate) gauges: TaskGauges,
    pub(crate) metrics: SinkMetrics,
    pub(crate) operator_metrics: OperatorMetrics,
    pub(crate) bytes_written: u64,
    /// What was prepared at the last barrier or at the end.
    pub(crate) committables: Vec<Committable>,
}

impl Tail {
    /// Whether rows can be taken now; where not, the slot is woken when they can.
    pub(crate) fn is_ready(&mut self, waker: &Waker) -> bool {
        match self {
            // All are asked, so that each one without credit knows that it is waited for.
            Tail::Gates(gates) => gates.iter().filter(|gate| !gate.has_credit()).count() == 0,
            Tail::Sink(sink) => sink.writer.is_ready(waker),
        }
    }

    /// Takes one thing.
    pub(crate) fn take(&mut self, work: Work, now_ms: i64) -> Result<(), String> {
        match self {
            Tail::Gates(gates) => gates.iter_mut().try_for_each(|gate| send(gate, &work, now_ms)),
            Tail::Sink(sink) => sink.take(work),
        }
    }

    /// Sends on what has waited long enough; returns when to call again.
    pub(crate) fn flush_due(&mut self, now_ms: i64) -> Result<Option<i64>, String> {
        match self {
            Tail::Gates(gates) => {
                let mut next_ms: Option<i64> = None;
                for gate in gates {
                    let due_ms = gate.flush_due(now_ms).map_err(|error| error.to_string())?;
                    next_ms = next_ms.into_iter().chain(due_ms).min();
                }
                Ok(next_ms)
            }
            Tail::Sink(sink) => match sink.writer.wake_at_ms() {
                Some(wake_at_ms) if wake_at_ms <= now_ms => {
                    sink.writer.flush().map_err(|error| error.to_string())?;
                    sink.count_bytes();
                    Ok(sink.writer.wake_at_ms())
                }
                wake_at_ms => Ok(wake_at_ms),
            },
        }
    }

    /// Bytes sent or written so far.
    pub(crate) fn bytes_out(&self) -> u64 {
        match self {
            Tail::Gates(gates) => gates.iter().map(OutputGate::sent_bytes).sum(),
            Tail::Sink(sink) => sink.bytes_written,
        }
    }

    /// What the sink prepared to be committed since the last call.
    pub(crate) fn take_committables(&mut self) -> Vec<Committable> {
        match self {
            Tail::Gates(_) => Vec::new(),
            Tail::Sink(sink) => std::mem::take(&mut sink.committables),
        }
    }

    /// Takes back what was prepared for a checkpoint that is given up: it goes with the next.
    pub(crate) fn give_back(&mut self, committables: Vec<Committable>) {
        if let Tail::Sink(sink) = self {
            sink.committables.splice(0..0, committables);
        }
    }

    /// Removes what was written and will never be committed.
    pub(crate) fn abort(&mut self) -> Result<(), String> {
        match self {
            Tail::Gates(_) => Ok(()),
            Tail::Sink(sink) => sink.writer.abort().map_err(|error| error.to_string()),
        }
    }
}

fn send(gate: &mut OutputGate, work: &Work, now_ms: i64) -> Result<(), String> {
    let sent = match work {
        Work::Batch { batch, .. } => gate.send_batch(batch.clone(), now_ms),
        Work::Watermark(watermark_ms) => gate.send_to_all(&Element::Watermark(*watermark_ms)),
        Work::Idle => gate.send_to_all(&Element::Idle),
        Work::Active => gate.send_to_all(&Element::Active),
        Work::Barrier(barrier) => gate.send_to_all(&Element::Barrier(*barrier)),
        Work::CancelBarrier(checkpoint_id) => gate.send_to_all(&Element::CancelBarrier(*checkpoint_id)),
        Work::LatencyMarker(marker) => gate.send_to_all(&Element::LatencyMarker(*marker)),
        Work::EndInput(_) => gate.send_to_all(&Element::EndOfInput),
        Work::ProcessingTime => Ok(()),
    };
    sent.map_err(|error| error.to_string())
}

impl SinkTail {
    fn take(&mut self, work: Work) -> Result<(), String> {
        match work {
            Work::Batch { batch, .. } => self.write(&batch)?,
            Work::Watermark(watermark_ms) => {
                self.operator_metrics.current_input_watermark.set(watermark_ms);
                self.gauges.sink_watermark_ms.set(watermark_ms);
                self.writer.watermark(watermark_ms);
            }
            Work::Barrier(_) => self.prepare_commit(false)?,
            Work::EndInput(_) => self.prepare_commit(true)?,
            Work::Idle | Work::Active | Work::LatencyMarker(_) | Work::CancelBarrier(_) | Work::ProcessingTime => {}
        }
        Ok(())
    }

    fn write(&mut self, batch: &Batch) -> Result<(), String> {
        self.operator_metrics.num_records_in.add(batch.num_rows() as u64);
        let kept = self.enforcer.enforce(batch, &mut self.counts).map_err(|error| error.to_string())?;
        self.metrics.num_records_out_errors.add(std::mem::take(&mut self.counts.dropped_rows));
        if kept.is_empty() {
            return Ok(());
        }
        self.writer.write(&kept).map_err(|error| error.to_string())?;
        self.gauges.sink_rows.add(kept.num_rows() as u64);
        self.metrics.num_records_send.add(kept.num_rows() as u64);
        self.count_bytes();
        Ok(())
    }

    fn prepare_commit(&mut self, end_of_input: bool) -> Result<(), String> {
        let prepared = self.writer.prepare_commit(end_of_input).map_err(|error| error.to_string())?;
        self.committables.extend(prepared);
        self.count_bytes();
        Ok(())
    }

    fn count_bytes(&mut self) {
        let written = self.writer.bytes_written();
        self.metrics.num_bytes_send.add(written.saturating_sub(self.bytes_written));
        self.bytes_written = written;
    }
}
