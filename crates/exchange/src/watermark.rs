//! Merges the watermarks and idleness of several channels into one, as a pure state machine with Flink's rules.
//!
//! The merged watermark is the minimum over the channels that count and never goes back. An idle channel doesn't count; one that speaks
//! again counts once it has caught up with the merged watermark, so it neither turns time back nor holds it. An ended channel counts as
//! `MAX_WATERMARK`, but never alone: while all others are idle, time does not jump to the end of the world. When the last channel
//! falls idle, the merged watermark advances to the greatest that any reached.

use flott_record::{MAX_WATERMARK, MIN_WATERMARK};

/// What changed for whoever reads the merged stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusChange {
    /// The merged watermark advanced to this, milliseconds since the epoch.
    Watermark(i64),
    /// No channel counts any more.
    Idle,
    /// Some channel counts again.
    Active,
    /// All channels have ended; `Watermark(MAX_WATERMARK)` came before.
    End,
}

#[derive(Clone, Copy, Debug)]
struct Channel {
    watermark_ms: i64,
    idle: bool,
    ended: bool,
    /// Has caught up with the merged watermark since it last became active.
    aligned: bool,
}

/// Watermarks of so many channels, merged.
#[derive(Clone, Debug)]
pub struct WatermarkMerger {
    channels: Vec<Channel>,
    merged_ms: i64,
    idle: bool,
    ended: bool,
}

impl WatermarkMerger {
    /// A merger of so many channels, none of which has said anything. Without any channel it has ended from the start.
    pub fn new(channels: usize) -> Self {
        let channel = Channel { watermark_ms: MIN_WATERMARK, idle: false, ended: false, aligned: true };
        let ended = channels == 0;
        let merged_ms = if ended { MAX_WATERMARK } else { MIN_WATERMARK };
        WatermarkMerger { channels: vec![channel; channels], merged_ms, idle: false, ended }
    }

    /// The merged watermark.
    pub fn watermark_ms(&self) -> i64 {
        self.merged_ms
    }

    /// Starts from a merged watermark that was reached before: it never goes back, also not after a restore. Not told as a change. Every
    /// channel stands there, so that one which falls idle and speaks again holds the watermark as it would have before.
    pub fn raise(&mut self, watermark_ms: i64) {
        self.merged_ms = self.merged_ms.max(watermark_ms);
        for channel in &mut self.channels {
            channel.watermark_ms = channel.watermark_ms.max(watermark_ms);
        }
    }

    /// A channel's own watermark, and whether it is idle.
    pub fn channel_status(&self, channel: usize) -> (i64, bool) {
        (self.channels[channel].watermark_ms, self.channels[channel].idle)
    }

    /// Whether the merged stream is idle.
    pub fn is_idle(&self) -> bool {
        self.idle
    }

    /// Whether all channels have ended.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// A channel's watermark; ignored if it is idle, or if it doesn't advance.
    pub fn on_watermark(&mut self, channel: usize, watermark_ms: i64, changed: &mut impl FnMut(StatusChange)) {
        let merged_ms = self.merged_ms;
        let state = &mut self.channels[channel];
        if state.idle || state.ended || watermark_ms <= state.watermark_ms {
            return;
        }
        state.watermark_ms = watermark_ms;
        state.aligned |= watermark_ms >= merged_ms;
        self.advance(changed);
    }

    /// A channel says that it will be silent.
    pub fn on_idle(&mut self, channel: usize, changed: &mut impl FnMut(StatusChange)) {
        let state = &mut self.channels[channel];
        if state.idle || state.ended {
            return;
        }
        state.idle = true;
        state.aligned = false;
        self.advance(changed);
        self.update_idle(changed);
    }

    /// A channel speaks again.
    pub fn on_active(&mut self, channel: usize, changed: &mut impl FnMut(StatusChange)) {
        let merged_ms = self.merged_ms;
        let state = &mut self.channels[channel];
        if !state.idle || state.ended {
            return;
        }
        state.idle = false;
        state.aligned = state.watermark_ms >= merged_ms;
        self.update_idle(changed);
        self.advance(changed);
    }

    /// A channel ended.
    pub fn on_end(&mut self, channel: usize, changed: &mut impl FnMut(StatusChange)) {
        let state = &mut self.channels[channel];
        if state.ended {
            return;
        }
        *state = Channel { watermark_ms: MAX_WATERMARK, idle: false, ended: true, aligned: true };
        let all_ended = self.channels.iter().all(|channel| channel.ended);
        if all_ended && self.idle {
            self.idle = false;
            changed(StatusChange::Active);
        }
        self.advance(changed);
        self.update_idle(changed);
        if all_ended {
            self.ended = true;
            changed(StatusChange::End);
        }
    }

    /// Advances to the minimum over the channels that count, or to the maximum if all are idle.
    fn advance(&mut self, changed: &mut impl FnMut(StatusChange)) {
        let all_ended = self.channels.iter().all(|channel| channel.ended);
        let counting = self.channels.iter().filter(|channel| channel.aligned && !channel.ended);
        let open_minimum = counting.map(|channel| channel.watermark_ms).min();
        let some_active = self.channels.iter().any(|channel| !channel.idle && !channel.ended);
        let candidate_ms = match open_minimum {
            Some(minimum_ms) => minimum_ms,
            None if all_ended => MAX_WATERMARK,
            None if some_active => return,
            None => self
                .channels
                .iter()
                .filter(|channel| !channel.ended)
                .map(|c| c.watermark_ms)
                .max()
                .unwrap_or(self.merged_ms),
        };
        if candidate_ms > self.merged_ms {
            self.merged_ms = candidate_ms;
            changed(StatusChange::Watermark(candidate_ms));
        }
    }

    /// Idle while some channel is open and all open ones are idle.
    fn update_idle(&mut self, changed: &mut impl FnMut(StatusChange)) {
        let mut open = self.channels.iter().filter(|channel| !channel.ended).peekable();
        let idle = open.peek().is_some() && open.all(|channel| channel.idle);
        if idle != self.idle {
            self.idle = idle;
            changed(if idle { StatusChange::Idle } else { StatusChange::Active });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::StatusChange::{Active, End, Idle, Watermark};
    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Say {
        Watermark(usize, i64),
        Idle(usize),
        Active(usize),
        End(usize),
    }

    fn say(merger: &mut WatermarkMerger, what: Say) -> Vec<StatusChange> {
        let mut changes = Vec::new();
        let mut changed = |change| changes.push(change);
        match what {
            Say::Watermark(channel, watermark_ms) => merger.on_watermark(channel, watermark_ms, &mut changed),
            Say::Idle(channel) => merger.on_idle(channel, &mut changed),
            Say::Active(channel) => merger.on_active(channel, &mut changed),
            Say::End(channel) => merger.on_end(channel, &mut changed),
        }
        changes
    }

    fn trace(channels: usize, script: &[(Say, &[StatusChange])]) {
        let mut merger = WatermarkMerger::new(channels);
        for (step, (what, expected)) in script.iter().enumerate() {
            assert_eq!(say(&mut merger, *what), *expected, "step {step}: {what:?}");
        }
    }

    #[test]
    fn the_slowest_channel_holds_the_watermark() {
        trace(
            2,
            &[
                (Say::Watermark(0, 10), &[]),
                (Say::Watermark(1, 5), &[Watermark(5)]),
                (Say::Watermark(1, 4), &[]),
                (Say::Watermark(1, 20), &[Watermark(10)]),
            ],
        );
    }

    #[test]
    fn an_idle_channel_does_not_hold_it_and_rejoins_once_it_has_caught_up() {
        trace(
            2,
            &[
                (Say::Watermark(0, 10), &[]),
                (Say::Idle(1), &[Watermark(10)]),
                (Say::Watermark(0, 20), &[Watermark(20)]),
                (Say::Active(1), &[]),
                (Say::Watermark(1, 15), &[]),
                (Say::Watermark(0, 30), &[Watermark(30)]),
                (Say::Watermark(1, 30), &[]),
                (Say::Watermark(0, 40), &[]),
                (Say::Watermark(1, 35), &[Watermark(35)]),
            ],
        );
    }

    #[test]
    fn all_idle_flushes_the_greatest_watermark() {
        trace(
            2,
            &[
                (Say::Watermark(0, 10), &[]),
                (Say::Watermark(1, 20), &[Watermark(10)]),
                (Say::Idle(1), &[]),
                (Say::Idle(0), &[Watermark(20), Idle]),
                (Say::Active(0), &[Active]),
                (Say::Watermark(0, 25), &[Watermark(25)]),
            ],
        );
    }

    #[test]
    fn an_ended_channel_counts_as_the_greatest_but_never_alone() {
        trace(
            3,
            &[
                (Say::Watermark(1, 7), &[]),
                (Say::End(0), &[]),
                (Say::Idle(2), &[Watermark(7)]),
                (Say::Idle(1), &[Idle]),
                (Say::End(1), &[]),
                (Say::End(2), &[Active, Watermark(MAX_WATERMARK), End]),
            ],
        );
    }

    #[test]
    fn the_end_of_all_is_told_once_and_last() {
        trace(2, &[(Say::End(1), &[]), (Say::End(0), &[Watermark(MAX_WATERMARK), End]), (Say::End(0), &[])]);
    }

    fn anything(channels: usize) -> impl Strategy<Value = Say> {
        prop_oneof![
            8 => (0..channels, 0i64..100).prop_map(|(channel, watermark_ms)| Say::Watermark(channel, watermark_ms)),
            2 => (0..channels).prop_map(Say::Idle),
            2 => (0..channels).prop_map(Say::Active),
            1 => (0..channels).prop_map(Say::End),
        ]
    }

    proptest! {
        #[test]
        fn it_never_goes_back_and_never_passes_an_active_channel_that_has_caught_up(
            script in proptest::collection::vec(anything(4), 0..120),
        ) {
            let mut merger = WatermarkMerger::new(4);
            let (mut last_ms, mut idle, mut ended) = (MIN_WATERMARK, false, false);
            for what in script {
                for change in say(&mut merger, what) {
                    prop_assert!(!ended, "nothing after the end");
                    match change {
                        Watermark(watermark_ms) => {
                            prop_assert!(watermark_ms > last_ms);
                            prop_assert!(!idle || !merger.is_idle(), "an idle stream has no watermark");
                            last_ms = watermark_ms;
                        }
                        Idle => { prop_assert!(!idle); idle = true; }
                        Active => { prop_assert!(idle); idle = false; }
                        End => { prop_assert_eq!(last_ms, MAX_WATERMARK); ended = true; }
                    }
                }
                let held = merger.channels.iter().filter(|channel| channel.aligned && !channel.ended);
                for channel in held {
                    prop_assert!(channel.watermark_ms >= last_ms);
                }
                prop_assert_eq!(last_ms == MAX_WATERMARK, ended);
            }
        }
    }
}
