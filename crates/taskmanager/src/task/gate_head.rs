//! The beginning of every other chain: an input gate, whose inputs' watermarks are combined.

use flott_environment::Environment;
use flott_exchange::{GateEvent, InFlight, InFlightError, InputGate, StatusChange, WatermarkMerger};
use flott_metric::TaskMetrics;

use crate::chain::Chain;
use crate::chain::work::Work;
use crate::task::Polled;

/// An input gate and the combined watermark of its inputs.
pub(crate) struct GateHead {
    gate: InputGate,
    combined: WatermarkMerger,
    metrics: TaskMetrics,
    environment: Environment,
}

/// What a checkpoint asks of the subtask beyond its chain.
pub(crate) enum CheckpointNews {
    /// The barrier is in the chain. Whether it overtakes rows whose consumers give no credit.
    Barrier { must_align: bool },
    /// The in-flight data is complete.
    Captured { checkpoint_id: u64, in_flight: InFlight },
    /// The checkpoint is given up.
    Aborted { checkpoint_id: u64 },
}

impl GateHead {
    pub(crate) fn new(gate: InputGate, metrics: TaskMetrics, environment: Environment) -> Self {
        let combined = WatermarkMerger::new(gate.inputs());
        GateHead { gate, combined, metrics, environment }
    }

    /// Gives the chain, which is drained, the next thing to do.
    pub(crate) fn poll(&mut self, chain: &mut Chain, now_ms: i64) -> Result<Polled, InFlightError> {
        let Some(event) = self.gate.poll(now_ms)? else {
            return Ok(Polled::Nothing { wake_at_ms: self.gate.wake_at_ms() });
        };
        if let Some(news) = self.take_in(event, chain) {
            return Ok(Polled::News(news));
        }
        Ok(if self.combined.is_ended() { Polled::Ended } else { Polled::Work })
    }

    /// What a checkpoint asks for though the chain is not drained.
    pub(crate) fn poll_checkpoint(
        &mut self,
        chain: &mut Chain,
        now_ms: i64,
    ) -> Result<Option<CheckpointNews>, InFlightError> {
        let event = self.gate.poll_checkpoint(now_ms)?;
        Ok(event.and_then(|event| self.take_in(event, chain)))
    }

    /// When the gate's alignment times out.
    pub(crate) fn wake_at_ms(&self) -> Option<i64> {
        self.gate.wake_at_ms()
    }

    fn take_in(&mut self, event: GateEvent, chain: &mut Chain) -> Option<CheckpointNews> {
        match event {
            GateEvent::Batch { input, batch } => {
                self.metrics.num_records_in.add(batch.num_rows() as u64);
                if self.environment.maybe("rows come alone") {
                    (0..batch.num_rows()).for_each(|row| chain.push(Work::Batch { input, batch: batch.slice(row, 1) }));
                } else {
                    chain.push(Work::Batch { input, batch });
                }
            }
            GateEvent::Barrier { barrier, is_unaligned } => {
                let rest = chain.overtake(barrier);
                debug_assert!(is_unaligned || rest.is_empty(), "an aligned barrier comes when the chain is drained");
                // Each goes in front of those before: the first comes last.
                rest.into_iter().rev().for_each(|batch| self.gate.capture_rest(batch));
                return Some(CheckpointNews::Barrier { must_align: barrier.must_align });
            }
            GateEvent::Captured { checkpoint_id } => {
                return Some(CheckpointNews::Captured { checkpoint_id, in_flight: self.gate.take_in_flight() });
            }
            GateEvent::Aborted { checkpoint_id } => {
                chain.push(Work::CancelBarrier(checkpoint_id));
                return Some(CheckpointNews::Aborted { checkpoint_id });
            }
            GateEvent::LatencyMarker(marker) => chain.push(Work::LatencyMarker(marker)),
            GateEvent::Status { input, change } => self.take_status(input, change, chain),
        }
        None
    }

    fn take_status(&mut self, input: usize, change: StatusChange, chain: &mut Chain) {
        let metrics = &self.metrics;
        let mut changed = |change| match change {
            StatusChange::Watermark(watermark_ms) => {
                metrics.current_input_watermark.set(watermark_ms);
                chain.push(Work::Watermark(watermark_ms));
            }
            StatusChange::Idle => chain.push(Work::Idle),
            StatusChange::Active => chain.push(Work::Active),
            // Each input's end is told by itself.
            StatusChange::End => {}
        };
        match change {
            StatusChange::Watermark(watermark_ms) => self.combined.on_watermark(input, watermark_ms, &mut changed),
            StatusChange::Idle => self.combined.on_idle(input, &mut changed),
            StatusChange::Active => self.combined.on_active(input, &mut changed),
            StatusChange::End => {
                self.combined.on_end(input, &mut changed);
                chain.push(Work::EndInput(input));
            }
        }
    }
}
