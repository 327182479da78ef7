//! The beginning of every other chain: an input gate, whose inputs' watermarks are combined.

use flott_exchange::{GateEvent, InputGate, StatusChange, WatermarkMerger};
use flott_metric::TaskMetrics;

use crate::chain::Chain;
use crate::chain::work::Work;
use crate::task::Polled;

/// An input gate and the combined watermark of its inputs.
pub(crate) struct GateHead {
    gate: InputGate,
    combined: WatermarkMerger,
    metrics: TaskMetrics,
}

impl GateHead {
    pub(crate) fn new(gate: InputGate, metrics: TaskMetrics) -> Self {
        let combined = WatermarkMerger::new(gate.inputs());
        GateHead { gate, combined, metrics }
    }

    /// Gives the chain, which is drained, the next thing to do.
    pub(crate) fn poll(&mut self, chain: &mut Chain) -> Polled {
        match self.gate.poll() {
            None => Polled::Nothing { wake_at_ms: None },
            Some(event) => {
                self.take_in(event, chain);
                if self.combined.is_ended() { Polled::Ended } else { Polled::Work }
            }
        }
    }

    fn take_in(&mut self, event: GateEvent, chain: &mut Chain) {
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
        match event {
            GateEvent::Batch { input, batch } => {
                metrics.num_records_in.add(batch.num_rows() as u64);
                chain.push(Work::Batch { input, batch });
            }
            GateEvent::Barrier(barrier) => chain.push(Work::Barrier(barrier)),
            GateEvent::LatencyMarker(marker) => chain.push(Work::LatencyMarker(marker)),
            GateEvent::Status { input, change } => match change {
                StatusChange::Watermark(watermark_ms) => self.combined.on_watermark(input, watermark_ms, &mut changed),
                StatusChange::Idle => self.combined.on_idle(input, &mut changed),
                StatusChange::Active => self.combined.on_active(input, &mut changed),
                StatusChange::End => {
                    self.combined.on_end(input, &mut changed);
                    chain.push(Work::EndInput(input));
                }
            },
        }
    }
}
