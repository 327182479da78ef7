//! The receiving side: reads several channels fairly, merges their watermarks per input, aligns their barriers.

use std::collections::VecDeque;

use flott_record::{Barrier, Batch, Element, LatencyMarker, MAX_WATERMARK};

use crate::alignment::BarrierAligner;
use crate::channel::ChannelReceiver;
use crate::watermark::{StatusChange, WatermarkMerger};

/// What a gate has for its reader, in order.
#[derive(Clone, Debug)]
pub enum GateEvent {
    /// Rows of an input.
    Batch {
        /// The input.
        input: usize,
        /// The rows.
        batch: Batch,
    },
    /// An input's merged watermark or status changed, or the input ended.
    Status {
        /// The input.
        input: usize,
        /// What changed.
        change: StatusChange,
    },
    /// All channels of all inputs have delivered this barrier or ended.
    Barrier(Barrier),
    /// A measurement, passed on as it is.
    LatencyMarker(LatencyMarker),
}

struct Channel {
    receiver: ChannelReceiver,
    input: usize,
    /// Position among the channels of its input.
    index: usize,
    ended: bool,
}

/// All channels of one subtask.
pub struct InputGate {
    channels: Vec<Channel>,
    mergers: Vec<WatermarkMerger>,
    aligner: BarrierAligner,
    /// Changes that one element brought and that wait for their turn: a handful at the most.
    events: VecDeque<GateEvent>,
    /// The channel that is read next.
    next: usize,
}

impl InputGate {
    /// A gate over the channels of each input.
    pub fn new(inputs: Vec<Vec<ChannelReceiver>>) -> Self {
        let mergers: Vec<WatermarkMerger> =
            inputs.iter().map(|channels| WatermarkMerger::new(channels.len())).collect();
        let without_channels = (0..inputs.len()).filter(|input| inputs[*input].is_empty());
        let end = |input| {
            [StatusChange::Watermark(MAX_WATERMARK), StatusChange::End]
                .map(|change| GateEvent::Status { input, change })
        };
        let events = without_channels.flat_map(end).collect();
        let channels: Vec<Channel> = inputs
            .into_iter()
            .enumerate()
            .flat_map(|(input, receivers)| {
                let channel = move |(index, receiver)| Channel { receiver, input, index, ended: false };
                receivers.into_iter().enumerate().map(channel)
            })
            .collect();
        let aligner = BarrierAligner::new(channels.len());
        InputGate { channels, mergers, aligner, events, next: 0 }
    }

    /// The next event; where there is none, this subtask's slot is woken when an element comes.
    pub fn poll(&mut self) -> Option<GateEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let (channel, element) = self.receive()?;
            self.take_in(channel, element);
        }
    }

    /// Whether all inputs have ended and nothing waits.
    pub fn is_finished(&self) -> bool {
        self.events.is_empty() && self.mergers.iter().all(WatermarkMerger::is_ended)
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.mergers.len()
    }

    /// Whether some channels wait for others to deliver a barrier.
    pub fn is_aligning(&self) -> bool {
        self.aligner.is_aligning()
    }

    /// One element of the next channel that has one, going round.
    fn receive(&mut self) -> Option<(usize, Element)> {
        for step in 0..self.channels.len() {
            let index = (self.next + step) % self.channels.len();
            if self.channels[index].ended || self.aligner.is_blocked(index) {
                continue;
            }
            if let Some(element) = self.channels[index].receiver.receive() {
                self.next = index + 1;
                return Some((index, element));
            }
        }
        None
    }

    fn take_in(&mut self, channel: usize, element: Element) {
        let Channel { input, index, .. } = self.channels[channel];
        let (events, merger) = (&mut self.events, &mut self.mergers[input]);
        let mut changed = |change| events.push_back(GateEvent::Status { input, change });
        let barrier = match element {
            Element::Batch(batch) => {
                self.events.push_back(GateEvent::Batch { input, batch });
                None
            }
            Element::Watermark(watermark_ms) => {
                merger.on_watermark(index, watermark_ms, &mut changed);
                None
            }
            Element::Idle => {
                merger.on_idle(index, &mut changed);
                None
            }
            Element::Active => {
                merger.on_active(index, &mut changed);
                None
            }
            Element::LatencyMarker(marker) => {
                self.events.push_back(GateEvent::LatencyMarker(marker));
                None
            }
            Element::Barrier(barrier) => self.aligner.on_barrier(channel, barrier),
            Element::EndOfInput => {
                // The end of a channel completes an alignment before its end is told: what ended belongs to the checkpoint.
                let barrier = self.aligner.on_end(channel);
                self.channels[channel].ended = true;
                self.events.extend(barrier.map(GateEvent::Barrier));
                let (events, merger) = (&mut self.events, &mut self.mergers[input]);
                merger.on_end(index, &mut |change| events.push_back(GateEvent::Status { input, change }));
                None
            }
        };
        self.events.extend(barrier.map(GateEvent::Barrier));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::channel::{ChannelSender, channel};
    use crate::wake::WakeCell;
    use arrow_array::{ArrayRef, Int64Array};

    fn gate(channels_of_inputs: &[usize]) -> (InputGate, Vec<ChannelSender>) {
        let mut senders = Vec::new();
        let inputs = channels_of_inputs.iter().map(|channels| {
            let one = |_| {
                let (sender, receiver) = channel(1 << 20, WakeCell::new(), WakeCell::new());
                senders.push(sender);
                receiver
            };
            (0..*channels).map(one).collect()
        });
        let gate = InputGate::new(inputs.collect());
        (gate, senders)
    }

    fn batch(rows: usize) -> Element {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![0; rows]));
        Element::Batch(Batch::new(vec![column], rows))
    }

    fn events(gate: &mut InputGate) -> Vec<String> {
        let show = |event| match event {
            GateEvent::Batch { input, batch } => format!("{input}: {} rows", batch.num_rows()),
            GateEvent::Status { input, change } => format!("{input}: {change:?}"),
            GateEvent::Barrier(barrier) => format!("barrier {}", barrier.checkpoint_id),
            GateEvent::LatencyMarker(_) => "marker".to_string(),
        };
        std::iter::from_fn(|| gate.poll()).map(show).collect()
    }

    #[test]
    fn channels_are_read_in_turn() {
        let (mut gate, senders) = gate(&[1, 1]);
        (1..=3).for_each(|rows| senders[0].send(batch(rows)));
        senders[1].send(batch(9));
        assert_eq!(events(&mut gate), ["0: 1 rows", "1: 9 rows", "0: 2 rows", "0: 3 rows"]);
    }

    #[test]
    fn nothing_behind_a_barrier_passes_before_all_channels_delivered_it() {
        let (mut gate, senders) = gate(&[1, 1]);
        let barrier = Element::Barrier(Barrier { checkpoint_id: 1, triggered_at_ms: 0 });
        senders[0].send(barrier.clone());
        senders[0].send(batch(1));
        senders[1].send(batch(2));
        assert_eq!(events(&mut gate), ["1: 2 rows"]);
        assert!(gate.is_aligning());
        senders[1].send(barrier);
        assert_eq!(events(&mut gate), ["barrier 1", "0: 1 rows"]);
    }

    #[test]
    fn an_input_without_channels_has_ended() {
        let (mut gate, senders) = gate(&[0, 1]);
        assert_eq!(events(&mut gate), [format!("0: Watermark({MAX_WATERMARK})"), "0: End".to_string()]);
        assert!(!gate.is_finished());
        senders[0].send(Element::EndOfInput);
        assert_eq!(events(&mut gate).len(), 2);
        assert!(gate.is_finished());
    }

    #[test]
    fn ends_bring_the_greatest_watermark_and_complete_alignment() {
        let (mut gate, senders) = gate(&[2]);
        senders[0].send(Element::Barrier(Barrier { checkpoint_id: 1, triggered_at_ms: 0 }));
        senders[0].send(Element::EndOfInput);
        senders[1].send(Element::EndOfInput);
        let expected = ["barrier 1", &format!("0: Watermark({MAX_WATERMARK})"), "0: End"];
        assert_eq!(events(&mut gate), expected);
        assert!(gate.is_finished());
    }
}
