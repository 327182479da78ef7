//! The receiving side: reads several channels fairly, merges their watermarks per input, aligns their barriers, captures in-flight data.

use std::collections::VecDeque;

use flott_checkpoint::{AlignmentAction, AlignmentEvent, AlignmentMode, BarrierAligner};
use flott_record::{Barrier, Batch, Element, LatencyMarker, MAX_WATERMARK, MIN_WATERMARK};

use crate::capture::{Capture, Origin};
use crate::channel::ChannelReceiver;
use crate::in_flight::{CapturedChannel, ChannelId, InFlight, InFlightError, Route};
use crate::recovery::{Recovery, Replay};
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
    /// The snapshot of this checkpoint is to be taken, before anything else is processed.
    Barrier {
        /// The barrier.
        barrier: Barrier,
        /// Whether it overtook rows: what the reader has not processed yet belongs to [`InputGate::capture_rest`].
        is_unaligned: bool,
    },
    /// The in-flight data of the checkpoint whose barrier came last is complete: [`InputGate::take_in_flight`].
    Captured {
        /// The checkpoint.
        checkpoint_id: u64,
    },
    /// This checkpoint is given up.
    Aborted {
        /// The checkpoint.
        checkpoint_id: u64,
    },
    /// A measurement, passed on as it is.
    LatencyMarker(LatencyMarker),
}

/// A channel into a gate.
pub struct InputChannel {
    /// Its end.
    pub receiver: ChannelReceiver,
    /// Which it is.
    pub id: ChannelId,
    /// Where its rows may go on restore.
    pub route: Route,
    /// Number of subtasks that receive over its edge.
    pub receivers: u32,
}

struct Channel {
    end: InputChannel,
    input: usize,
    /// Position among the channels of its input.
    index: usize,
    ended: bool,
}

/// All channels of one subtask.
pub struct InputGate {
    channels: Vec<Channel>,
    mergers: Vec<WatermarkMerger>,
    sees_barriers: bool,
    aligner: BarrierAligner,
    actions: Vec<AlignmentAction>,
    capture: Option<Capture>,
    recovery: Option<Recovery>,
    /// What the last batch came from.
    origin: Option<Origin>,
    /// What checkpoints bring: comes before everything else. A handful at the most.
    control: VecDeque<GateEvent>,
    /// Changes that one element brought and that wait for their turn: a handful at the most.
    events: VecDeque<GateEvent>,
    /// When the alignment times out, milliseconds since the epoch.
    times_out_at_ms: Option<i64>,
    /// The channel that is read next.
    next: usize,
}

impl InputGate {
    /// A gate over the channels of each input.
    pub fn new(inputs: Vec<Vec<InputChannel>>, mode: AlignmentMode) -> Self {
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
            .flat_map(|(input, ends)| {
                let channel = move |(index, end)| Channel { end, input, index, ended: false };
                ends.into_iter().enumerate().map(channel)
            })
            .collect();
        let may_overtake: Vec<bool> = channels.iter().map(|channel| channel.end.route.may_overtake()).collect();
        InputGate {
            channels,
            mergers,
            sees_barriers: matches!(mode, AlignmentMode::Unaligned { .. }),
            aligner: BarrierAligner::new(mode, &may_overtake),
            actions: Vec::new(),
            capture: None,
            recovery: None,
            origin: None,
            control: VecDeque::new(),
            events,
            times_out_at_ms: None,
            next: 0,
        }
    }

    /// The same gate, which replays in-flight data before it reads anything.
    pub fn with_recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = Some(recovery).filter(|recovery| !recovery.is_empty());
        self
    }

    /// The next event, at a time in milliseconds since the epoch; where there is none, this subtask's slot is woken when an element comes.
    ///
    /// # Errors
    /// If recovered in-flight data is damaged.
    pub fn poll(&mut self, now_ms: i64) -> Result<Option<GateEvent>, InFlightError> {
        loop {
            // What was read is given before anybody looks for barriers again: it is neither in a queue nor processed in between.
            if let Some(event) = self.control.pop_front().or_else(|| self.events.pop_front()) {
                return Ok(Some(event));
            }
            if let Some(event) = self.poll_checkpoint(now_ms)? {
                return Ok(Some(event));
            }
            if self.recovery.is_some() {
                self.replay()?;
            } else if let Some((channel, element)) = self.receive() {
                self.take_in(channel, element, now_ms)?;
            } else {
                return Ok(None);
            }
        }
    }

    /// What checkpoints bring, also for a reader that takes no rows now: its slot is woken when a barrier comes.
    ///
    /// # Errors
    /// If recovered in-flight data is damaged.
    pub fn poll_checkpoint(&mut self, now_ms: i64) -> Result<Option<GateEvent>, InFlightError> {
        if self.control.is_empty() && self.sees_barriers {
            self.look_for_barriers(now_ms)?;
        }
        Ok(self.control.pop_front())
    }

    /// When [`InputGate::poll_checkpoint`] may bring something though nothing comes, milliseconds since the epoch.
    pub fn wake_at_ms(&self) -> Option<i64> {
        self.times_out_at_ms
    }

    /// Rows of the last batch that its reader had not processed when the barrier overtook it. To be called before the next poll.
    pub fn capture_rest(&mut self, batch: Batch) {
        if let (Some(capture), Some(origin)) = (&mut self.capture, self.origin) {
            capture.push_front(origin, batch);
        }
    }

    /// The in-flight data of the checkpoint that was captured last.
    pub fn take_in_flight(&mut self) -> InFlight {
        self.capture.take().map(Capture::finish).unwrap_or_default()
    }

    /// Whether all inputs have ended and nothing waits.
    pub fn is_finished(&self) -> bool {
        self.events.is_empty() && self.control.is_empty() && self.mergers.iter().all(WatermarkMerger::is_ended)
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
            if let Some(element) = self.channels[index].end.receiver.receive() {
                self.next = index + 1;
                return Some((index, element));
            }
        }
        None
    }

    fn replay(&mut self) -> Result<(), InFlightError> {
        let Some(recovery) = &mut self.recovery else { return Ok(()) };
        for replay in recovery.next()? {
            match replay {
                Replay::Element(input, Element::Batch(batch)) => {
                    self.origin = Some(Origin::Recovery);
                    self.events.push_back(GateEvent::Batch { input, batch });
                }
                Replay::Element(input, Element::Watermark(at_ms)) => {
                    self.events.push_back(GateEvent::Status { input, change: StatusChange::Watermark(at_ms) });
                }
                Replay::Element(..) => {}
                Replay::Done(watermarks_ms) => {
                    self.recovery = None;
                    let merged = self.mergers.iter_mut().zip(watermarks_ms);
                    merged.for_each(|(merger, watermark_ms)| merger.raise(watermark_ms));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn take_in(&mut self, channel: usize, element: Element, now_ms: i64) -> Result<(), InFlightError> {
        if self.aligner.is_capturing(channel)
            && let Some(capture) = &mut self.capture
        {
            capture.push(channel, element.clone());
        }
        let Channel { input, index, .. } = self.channels[channel];
        let (events, merger) = (&mut self.events, &mut self.mergers[input]);
        let mut changed = |change| events.push_back(GateEvent::Status { input, change });
        match element {
            Element::Batch(batch) => {
                self.origin = Some(Origin::Channel(channel));
                self.events.push_back(GateEvent::Batch { input, batch });
            }
            Element::Watermark(watermark_ms) => merger.on_watermark(index, watermark_ms, &mut changed),
            Element::Idle => merger.on_idle(index, &mut changed),
            Element::Active => merger.on_active(index, &mut changed),
            Element::LatencyMarker(marker) => self.events.push_back(GateEvent::LatencyMarker(marker)),
            Element::Barrier(barrier) => self.align(AlignmentEvent::Delivered { channel, barrier }, now_ms)?,
            Element::CancelBarrier(checkpoint_id) => {
                self.align(AlignmentEvent::Cancelled { channel, checkpoint_id }, now_ms)?;
            }
            Element::EndOfInput => {
                // The end of a channel completes an alignment before its end is told: what ended belongs to the checkpoint.
                self.align(AlignmentEvent::Ended { channel }, now_ms)?;
                self.channels[channel].ended = true;
                let (events, merger) = (&mut self.events, &mut self.mergers[input]);
                merger.on_end(index, &mut |change| events.push_back(GateEvent::Status { input, change }));
            }
        }
        Ok(())
    }

    /// Tells the aligner of barriers that wait in queues, and of the time.
    fn look_for_barriers(&mut self, now_ms: i64) -> Result<(), InFlightError> {
        for channel in 0..self.channels.len() {
            let state = &self.channels[channel];
            if state.ended || !state.end.receiver.has_barrier() {
                continue;
            }
            for barrier in state.end.receiver.barriers() {
                self.align(AlignmentEvent::Seen { channel, barrier }, now_ms)?;
            }
        }
        if self.times_out_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.times_out_at_ms = None;
            self.align(AlignmentEvent::TimePassed, now_ms)?;
        }
        Ok(())
    }

    fn align(&mut self, event: AlignmentEvent, now_ms: i64) -> Result<(), InFlightError> {
        let mut actions = std::mem::take(&mut self.actions);
        self.aligner.step(event, now_ms, &mut actions);
        for action in actions.drain(..) {
            match action {
                AlignmentAction::Snapshot { barrier, is_unaligned } => self.begin_capture(barrier, is_unaligned)?,
                AlignmentAction::Overtake { channel } => self.overtake(channel),
                AlignmentAction::Captured { checkpoint_id } => {
                    self.control.push_back(GateEvent::Captured { checkpoint_id });
                }
                AlignmentAction::Abort { checkpoint_id } => {
                    self.capture.take_if(|capture| capture.checkpoint_id == checkpoint_id);
                    self.control.push_back(GateEvent::Aborted { checkpoint_id });
                }
                AlignmentAction::WakeAt { at_ms } => self.times_out_at_ms = Some(at_ms),
            }
        }
        self.actions = actions;
        Ok(())
    }

    /// The snapshot is to be taken: notes how watermarks stand, and what is left of a recovery.
    fn begin_capture(&mut self, barrier: Barrier, is_unaligned: bool) -> Result<(), InFlightError> {
        let checkpoint_id = barrier.checkpoint_id;
        let watermark_ms = |(input, merger): (usize, &WatermarkMerger)| match &self.recovery {
            Some(recovery) => recovery.watermark_ms(input),
            // Whoever has ended says so again.
            None => Some(merger.watermark_ms()).filter(|at_ms| *at_ms < MAX_WATERMARK).unwrap_or(MIN_WATERMARK),
        };
        let watermarks_ms = self.mergers.iter().enumerate().map(watermark_ms).collect();
        let recovered = self.recovery.as_ref().map(Recovery::rest).transpose()?.unwrap_or_default();
        let captured = |channel: &Channel| {
            let (watermark_ms, is_idle) = self.mergers[channel.input].channel_status(channel.index);
            let InputChannel { id, route, receivers, .. } = &channel.end;
            let elements = Vec::new();
            CapturedChannel { id: *id, route: route.clone(), receivers: *receivers, watermark_ms, is_idle, elements }
        };
        let channels = self.channels.iter().map(|channel| (!channel.ended).then(|| captured(channel)));
        let capture = Capture::new(checkpoint_id, watermarks_ms, recovered, channels);
        self.times_out_at_ms = None;
        self.capture = Some(capture);
        self.control.push_back(GateEvent::Barrier { barrier, is_unaligned });
        if !is_unaligned {
            self.control.push_back(GateEvent::Captured { checkpoint_id });
        }
        Ok(())
    }

    fn overtake(&mut self, channel: usize) {
        let Some(capture) = &mut self.capture else { return };
        let before = self.channels[channel].end.receiver.overtake(capture.checkpoint_id);
        before.into_iter().flatten().for_each(|element| capture.push(channel, element));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::channel::{ChannelSender, channel};
    use crate::wake::WakeCell;
    use arrow_array::{ArrayRef, Int64Array};

    fn gate(channels_of_inputs: &[usize], mode: AlignmentMode) -> (InputGate, Vec<ChannelSender>) {
        let mut senders = Vec::new();
        let inputs = channels_of_inputs.iter().map(|channels| {
            let one = |_| {
                let (sender, receiver) = channel(1 << 20, WakeCell::new(), WakeCell::new());
                senders.push(sender);
                let id = ChannelId { edge: 0, sender: 0, receiver: 0 };
                InputChannel { receiver, id, route: Route::Any, receivers: 1 }
            };
            (0..*channels).map(one).collect()
        });
        let gate = InputGate::new(inputs.collect(), mode);
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
            GateEvent::Barrier { barrier, is_unaligned: false } => format!("barrier {}", barrier.checkpoint_id),
            GateEvent::Barrier { barrier, is_unaligned: true } => {
                format!("unaligned barrier {}", barrier.checkpoint_id)
            }
            GateEvent::Captured { checkpoint_id } => format!("captured {checkpoint_id}"),
            GateEvent::Aborted { checkpoint_id } => format!("aborted {checkpoint_id}"),
            GateEvent::LatencyMarker(_) => "marker".to_string(),
        };
        std::iter::from_fn(|| gate.poll(0).expect("nothing is recovered")).map(show).collect()
    }

    #[test]
    fn channels_are_read_in_turn() {
        let (mut gate, senders) = gate(&[1, 1], AlignmentMode::Aligned);
        (1..=3).for_each(|rows| senders[0].send(batch(rows)));
        senders[1].send(batch(9));
        assert_eq!(events(&mut gate), ["0: 1 rows", "1: 9 rows", "0: 2 rows", "0: 3 rows"]);
    }

    #[test]
    fn nothing_behind_a_barrier_passes_before_all_channels_delivered_it() {
        let (mut gate, senders) = gate(&[1, 1], AlignmentMode::Aligned);
        let barrier = Element::Barrier(Barrier { checkpoint_id: 1, triggered_at_ms: 0, must_align: false });
        senders[0].send(barrier.clone());
        senders[0].send(batch(1));
        senders[1].send(batch(2));
        assert_eq!(events(&mut gate), ["1: 2 rows"]);
        assert!(gate.is_aligning());
        senders[1].send(barrier);
        assert_eq!(events(&mut gate), ["barrier 1", "captured 1", "0: 1 rows"]);
    }

    #[test]
    fn an_input_without_channels_has_ended() {
        let (mut gate, senders) = gate(&[0, 1], AlignmentMode::Aligned);
        assert_eq!(events(&mut gate), [format!("0: Watermark({MAX_WATERMARK})"), "0: End".to_string()]);
        assert!(!gate.is_finished());
        senders[0].send(Element::EndOfInput);
        assert_eq!(events(&mut gate).len(), 2);
        assert!(gate.is_finished());
    }

    #[test]
    fn ends_bring_the_greatest_watermark_and_complete_alignment() {
        let (mut gate, senders) = gate(&[2], AlignmentMode::Aligned);
        senders[0].send(Element::Barrier(Barrier { checkpoint_id: 1, triggered_at_ms: 0, must_align: false }));
        senders[0].send(Element::EndOfInput);
        senders[1].send(Element::EndOfInput);
        let expected = ["barrier 1", "captured 1", &format!("0: Watermark({MAX_WATERMARK})"), "0: End"];
        assert_eq!(events(&mut gate), expected);
        assert!(gate.is_finished());
    }

    fn barrier(checkpoint_id: u64) -> Element {
        Element::Barrier(Barrier { checkpoint_id, triggered_at_ms: 0, must_align: false })
    }

    #[test]
    fn a_barrier_is_seen_behind_rows_of_which_each_is_captured_once() {
        let (mut gate, senders) = gate(&[2], AlignmentMode::Unaligned { timeout_ms: 0 });
        (1..=3).for_each(|rows| senders[0].send(batch(rows)));
        senders[1].send(batch(4));
        let first = gate.poll(0).expect("nothing is recovered");
        assert!(matches!(first, Some(GateEvent::Batch { .. })), "{first:?}");
        senders[0].send(barrier(1));
        senders[0].send(batch(5));
        let event = gate.poll_checkpoint(0).expect("nothing is recovered");
        assert!(matches!(event, Some(GateEvent::Barrier { is_unaligned: true, .. })), "{event:?}");
        // One row of the first batch was not processed when the barrier came.
        gate.capture_rest(Batch::new(vec![Arc::new(Int64Array::from(vec![0])) as ArrayRef], 1));
        assert_eq!(events(&mut gate), ["0: 4 rows", "0: 2 rows", "0: 3 rows", "0: 5 rows"]);
        senders[1].send(batch(6));
        senders[1].send(barrier(1));
        senders[1].send(batch(7));
        assert_eq!(events(&mut gate)[..1], ["captured 1"]);
        let rows = |channel: &CapturedChannel| {
            let rows = |element: &Element| if let Element::Batch(batch) = element { batch.num_rows() } else { 0 };
            channel.elements.iter().map(rows).collect::<Vec<_>>()
        };
        let captured: Vec<Vec<usize>> = gate.take_in_flight().channels.iter().map(rows).collect();
        assert_eq!(captured, [vec![1, 2, 3], vec![4, 6]]);
    }

    #[test]
    fn recovered_rows_come_before_new_ones_and_are_captured_again_if_a_barrier_overtakes_them() {
        let owner = crate::Owner { subtask: 0, parallelism: 1, max_parallelism: 1 };
        let elements = vec![batch(1), Element::Watermark(50), batch(2)];
        let id = ChannelId { edge: 0, sender: 0, receiver: 0 };
        let (route, receivers) = (Route::Any, 1);
        let captured = CapturedChannel { id, route, receivers, watermark_ms: 10, is_idle: false, elements };
        let record = captured.to_bytes().expect("plain columns");
        let recovered = crate::RecoveredChannel::of_bytes(&record, owner, &[Route::Any]).expect("own bytes");
        let recovery = Recovery::new(vec![(0, recovered.expect("it is ours"))], vec![10]);
        let (gate, senders) = gate(&[1], AlignmentMode::Unaligned { timeout_ms: 0 });
        let mut gate = gate.with_recovery(recovery);
        senders[0].send(Element::Watermark(20));
        senders[0].send(batch(9));
        let show = |event| format!("{event:?}").chars().take(12).collect::<String>();
        for expected in ["Status { inp", "Batch { inpu"] {
            assert_eq!(show(gate.poll(0).expect("own bytes").expect("more")), expected);
        }
        senders[0].send(barrier(1));
        let event = gate.poll_checkpoint(0).expect("own bytes");
        assert!(matches!(event, Some(GateEvent::Barrier { is_unaligned: true, .. })), "{event:?}");
        assert_eq!(events(&mut gate), ["captured 1", "0: Watermark(50)", "0: 2 rows", "0: 9 rows"]);
        let in_flight = gate.take_in_flight();
        assert_eq!(in_flight.watermarks_ms, [10]);
        assert_eq!(in_flight.channels.iter().map(CapturedChannel::rows).collect::<Vec<_>>(), [2, 9]);
    }
}
