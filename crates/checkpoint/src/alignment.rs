//! Alignment of barriers at one subtask, as a pure state machine: when its snapshot is taken, and which rows of its channels are
//! in-flight data of it.
//!
//! * **Aligned**: a channel that delivered barrier n is blocked until all others did. Then the snapshot is taken.
//! * **Unaligned**: a barrier counts from the moment it is *seen*, however many rows lie before it. The snapshot is taken at once; rows that
//!   lie before the barrier of their channel are captured with it, and processed later like others.
//! * **With a timeout**: aligned until so long after the checkpoint was triggered, then unaligned.
//! * **At least once**: nothing is blocked; the snapshot is taken when the last barrier was delivered.
//!
//! What a channel may do is a pure function of its last barrier and of the current checkpoint: see [`BarrierAligner::is_blocked`] and
//! [`BarrierAligner::is_capturing`]. The end of a channel counts as every later barrier. Whatever is said of a checkpoint that is over
//! here (taken or given up) is ignored.

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod trace_tests;

use std::collections::VecDeque;

use flott_record::Barrier;

use crate::limits::AT_LEAST_ONCE_CHECKPOINTS_MAX;

/// How barriers are aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlignmentMode {
    /// Exactly once; channels wait for each other.
    Aligned,
    /// Exactly once; aligned until so many milliseconds after the checkpoint was triggered, then unaligned. 0 = unaligned at once.
    Unaligned {
        /// Milliseconds.
        timeout_ms: i64,
    },
    /// At least once; nobody waits.
    AtLeastOnce,
}

/// What happened at a channel, or to the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlignmentEvent {
    /// A barrier is in the channel's queue; rows may lie before it. May be told more than once.
    Seen {
        /// Position of the channel.
        channel: usize,
        /// The barrier.
        barrier: Barrier,
    },
    /// A barrier was read in its turn: all that lay before it was read too.
    Delivered {
        /// Position of the channel.
        channel: usize,
        /// The barrier.
        barrier: Barrier,
    },
    /// The channel says that a checkpoint is given up; it sends no barrier of it.
    Cancelled {
        /// Position of the channel.
        channel: usize,
        /// The checkpoint.
        checkpoint_id: u64,
    },
    /// The channel's end was read.
    Ended {
        /// Position of the channel.
        channel: usize,
    },
    /// Time went on.
    TimePassed,
}

/// What is to be done, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlignmentAction {
    /// Take the snapshot before any further row is processed, and pass the barrier on.
    Snapshot {
        /// The barrier.
        barrier: Barrier,
        /// Whether in-flight data belongs to it: it is complete with [`AlignmentAction::Captured`].
        is_unaligned: bool,
    },
    /// Take the current barrier out of the channel's queue; what lies before it is in-flight data.
    Overtake {
        /// Position of the channel.
        channel: usize,
    },
    /// The in-flight data of all channels is complete.
    Captured {
        /// The checkpoint.
        checkpoint_id: u64,
    },
    /// Give the checkpoint up: forget what was captured, tell those downstream.
    Abort {
        /// The checkpoint.
        checkpoint_id: u64,
    },
    /// Tell the time then, if nothing happens before: milliseconds since the epoch.
    WakeAt {
        /// The alignment's timeout.
        at_ms: i64,
    },
}

/// The last barrier of a channel that has ended: later than any.
const ENDED: u64 = u64::MAX;

#[derive(Clone, Copy, Debug)]
struct Channel {
    /// The last barrier that was read, or that was given up.
    last_id: u64,
    /// The last barrier that was seen.
    seen_id: u64,
    /// Whether a barrier may overtake its rows.
    may_overtake: bool,
}

/// The checkpoint under way.
#[derive(Clone, Copy, Debug)]
struct Current {
    barrier: Barrier,
    /// Whether the snapshot is taken already, and rows before barriers are captured.
    is_capturing: bool,
    woken_at: bool,
}

/// The machine of one subtask.
#[derive(Clone, Debug)]
pub struct BarrierAligner {
    mode: AlignmentMode,
    channels: Vec<Channel>,
    /// The greatest checkpoint that is over here.
    over_id: u64,
    current: Option<Current>,
    /// At least once: checkpoints of which some barriers were read, ascending.
    counting: VecDeque<Barrier>,
}

impl BarrierAligner {
    /// A machine over channels, each with whether a barrier may overtake its rows: where rows cannot be given to another subtask on
    /// restore, it may not.
    pub fn new(mode: AlignmentMode, may_overtake: &[bool]) -> Self {
        let channel = |may_overtake: &bool| Channel { last_id: 0, seen_id: 0, may_overtake: *may_overtake };
        BarrierAligner {
            mode,
            channels: may_overtake.iter().map(channel).collect(),
            over_id: 0,
            current: None,
            counting: VecDeque::new(),
        }
    }

    /// Whether nothing may be read from the channel now.
    pub fn is_blocked(&self, channel: usize) -> bool {
        self.current.is_some_and(|current| {
            !current.is_capturing && self.channels[channel].last_id == current.barrier.checkpoint_id
        })
    }

    /// Whether what is read from the channel now is in-flight data of the current checkpoint.
    pub fn is_capturing(&self, channel: usize) -> bool {
        self.current.is_some_and(|current| {
            current.is_capturing && self.channels[channel].last_id < current.barrier.checkpoint_id
        })
    }

    /// The checkpoint under way here.
    pub fn current(&self) -> Option<Barrier> {
        self.current.map(|current| current.barrier)
    }

    /// Whether channels wait for each other.
    pub fn is_aligning(&self) -> bool {
        self.current.is_some_and(|current| !current.is_capturing)
    }

    /// Takes an event in, at a time in milliseconds since the epoch, and adds what is to be done.
    pub fn step(&mut self, event: AlignmentEvent, now_ms: i64, actions: &mut Vec<AlignmentAction>) {
        match event {
            AlignmentEvent::Seen { channel, barrier } => self.seen(channel, barrier, actions),
            AlignmentEvent::Delivered { channel, barrier } => self.delivered(channel, barrier, actions),
            AlignmentEvent::Cancelled { channel, checkpoint_id } => self.cancelled(channel, checkpoint_id, actions),
            AlignmentEvent::Ended { channel } => self.channels[channel].last_id = ENDED,
            AlignmentEvent::TimePassed => {}
        }
        match self.mode {
            AlignmentMode::AtLeastOnce => self.count(actions),
            AlignmentMode::Aligned | AlignmentMode::Unaligned { .. } => self.advance(now_ms, actions),
        }
    }

    fn seen(&mut self, channel: usize, barrier: Barrier, actions: &mut Vec<AlignmentAction>) {
        let id = barrier.checkpoint_id;
        let overtakes = matches!(self.mode, AlignmentMode::Unaligned { .. }) && !barrier.must_align;
        let of_channel = self.channels[channel];
        if !overtakes || !of_channel.may_overtake || id <= self.over_id || id <= of_channel.last_id {
            return;
        }
        if let Some(current) = self.current {
            let current_id = current.barrier.checkpoint_id;
            let has_current = of_channel.last_id.max(of_channel.seen_id) >= current_id;
            // A newer one waits for its turn, unless the channel has left the current one out: that can never complete.
            if id < current_id || (id > current_id && has_current) {
                return;
            }
        }
        self.channels[channel].seen_id = id;
        self.begin(barrier, actions);
    }

    fn delivered(&mut self, channel: usize, barrier: Barrier, actions: &mut Vec<AlignmentAction>) {
        let of_channel = &mut self.channels[channel];
        if barrier.checkpoint_id <= of_channel.last_id {
            return;
        }
        let before_id = std::mem::replace(&mut of_channel.last_id, barrier.checkpoint_id);
        self.leave_out(before_id, barrier.checkpoint_id, actions);
        if barrier.checkpoint_id <= self.over_id {
            return;
        }
        if self.mode == AlignmentMode::AtLeastOnce {
            return self.note(barrier, actions);
        }
        if self.current.is_none_or(|current| barrier.checkpoint_id >= current.barrier.checkpoint_id) {
            self.begin(barrier, actions);
        }
    }

    fn cancelled(&mut self, channel: usize, checkpoint_id: u64, actions: &mut Vec<AlignmentAction>) {
        let of_channel = &mut self.channels[channel];
        let before_id = of_channel.last_id;
        of_channel.last_id = before_id.max(checkpoint_id);
        self.leave_out(before_id, checkpoint_id + 1, actions);
        if checkpoint_id <= self.over_id {
            return;
        }
        if self.current.is_some_and(|current| current.barrier.checkpoint_id > checkpoint_id) {
            return;
        }
        self.give_up(checkpoint_id, actions);
        if self.over_id < checkpoint_id {
            self.over_id = checkpoint_id;
            actions.push(AlignmentAction::Abort { checkpoint_id });
        }
    }

    /// Makes a barrier the current one; an older one is given up.
    fn begin(&mut self, barrier: Barrier, actions: &mut Vec<AlignmentAction>) {
        if self.current.is_some_and(|current| current.barrier.checkpoint_id == barrier.checkpoint_id) {
            return;
        }
        self.give_up(barrier.checkpoint_id, actions);
        self.current = Some(Current { barrier, is_capturing: false, woken_at: false });
    }

    /// Gives the current checkpoint up if it is not newer than `upto_id`.
    fn give_up(&mut self, upto_id: u64, actions: &mut Vec<AlignmentAction>) {
        if let Some(current) = self.current.take_if(|current| current.barrier.checkpoint_id <= upto_id) {
            self.over_id = current.barrier.checkpoint_id;
            actions.push(AlignmentAction::Abort { checkpoint_id: self.over_id });
        }
    }

    fn all_delivered(&self, checkpoint_id: u64) -> bool {
        self.channels.iter().all(|channel| channel.last_id >= checkpoint_id)
    }

    /// Goes as far as the current checkpoint comes.
    fn advance(&mut self, now_ms: i64, actions: &mut Vec<AlignmentAction>) {
        let Some(current) = self.current else { return };
        let (barrier, id) = (current.barrier, current.barrier.checkpoint_id);
        if !current.is_capturing {
            if self.all_delivered(id) {
                (self.over_id, self.current) = (id, None);
                return actions.push(AlignmentAction::Snapshot { barrier, is_unaligned: false });
            }
            if !self.may_begin_capture(current, now_ms, actions) {
                return;
            }
            actions.push(AlignmentAction::Snapshot { barrier, is_unaligned: true });
            self.current = Some(Current { is_capturing: true, ..current });
        }
        for (position, channel) in self.channels.iter_mut().enumerate() {
            if channel.last_id < id && channel.seen_id == id {
                channel.last_id = id;
                actions.push(AlignmentAction::Overtake { channel: position });
            }
        }
        if self.all_delivered(id) {
            (self.over_id, self.current) = (id, None);
            actions.push(AlignmentAction::Captured { checkpoint_id: id });
        }
    }

    /// Whether the current barrier overtakes now.
    fn may_begin_capture(&mut self, current: Current, now_ms: i64, actions: &mut Vec<AlignmentAction>) -> bool {
        let AlignmentMode::Unaligned { timeout_ms } = self.mode else { return false };
        if current.barrier.must_align {
            return false;
        }
        let at_ms = current.barrier.triggered_at_ms.saturating_add(timeout_ms);
        if now_ms < at_ms {
            if !current.woken_at {
                self.current = Some(Current { woken_at: true, ..current });
                actions.push(AlignmentAction::WakeAt { at_ms });
            }
            return false;
        }
        let id = current.barrier.checkpoint_id;
        self.channels.iter().all(|channel| channel.may_overtake || channel.last_id >= id)
    }

    /// At least once: a barrier was read.
    fn note(&mut self, barrier: Barrier, actions: &mut Vec<AlignmentAction>) {
        let id = barrier.checkpoint_id;
        let position = self.counting.partition_point(|other| other.checkpoint_id < id);
        if self.counting.get(position).is_none_or(|other| other.checkpoint_id != id) {
            self.counting.insert(position, barrier);
        }
        // An older one is counted already, or this channel has left it out.
        self.over_id = self.over_id.max(id - 1);
        if self.counting.len() > AT_LEAST_ONCE_CHECKPOINTS_MAX
            && let Some(oldest) = self.counting.pop_front()
        {
            self.over_id = self.over_id.max(oldest.checkpoint_id);
            actions.push(AlignmentAction::Abort { checkpoint_id: oldest.checkpoint_id });
        }
    }

    /// At least once: a channel left out the barriers between these two, so that their checkpoints can never complete.
    fn leave_out(&mut self, before_id: u64, after_id: u64, actions: &mut Vec<AlignmentAction>) {
        self.counting.retain(|barrier| {
            let is_left_out = before_id < barrier.checkpoint_id && barrier.checkpoint_id < after_id;
            if is_left_out {
                self.over_id = self.over_id.max(barrier.checkpoint_id);
                actions.push(AlignmentAction::Abort { checkpoint_id: barrier.checkpoint_id });
            }
            !is_left_out
        });
    }

    /// At least once: takes the checkpoints whose barriers were all read.
    fn count(&mut self, actions: &mut Vec<AlignmentAction>) {
        while let Some(first) = self.counting.front().copied().filter(|first| self.all_delivered(first.checkpoint_id)) {
            self.counting.pop_front();
            self.over_id = self.over_id.max(first.checkpoint_id);
            actions.push(AlignmentAction::Snapshot { barrier: first, is_unaligned: false });
        }
    }
}
