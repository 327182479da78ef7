//! Where a subtask's time goes: working, waiting for input, waiting for credit.

use flott_metric::TaskMetrics;

/// Why a subtask isn't working.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// It is, or waits for its turn only.
    Ready,
    /// There is no input.
    Idle,
    /// Its output takes nothing.
    Blocked,
}

/// Sums up the times between turns.
pub(crate) struct Clocking {
    pause: Pause,
    /// When the last turn ended, monotonic nanoseconds.
    since_ns: u64,
}

impl Clocking {
    pub(crate) fn new(now_ns: u64) -> Self {
        Clocking { pause: Pause::Ready, since_ns: now_ns }
    }

    /// A turn ended: the pause before it and its own time are counted.
    pub(crate) fn turned(&mut self, begin_ns: u64, end_ns: u64, pause: Pause, metrics: &TaskMetrics) {
        let paused_ns = begin_ns.saturating_sub(self.since_ns);
        match self.pause {
            Pause::Idle => metrics.idle_time.add_ns(paused_ns),
            Pause::Blocked => metrics.back_pressured_time.add_ns(paused_ns),
            // Its neighbours in the slot had their turns: neither busy nor idle.
            Pause::Ready => {}
        }
        metrics.busy_time.add_ns(end_ns.saturating_sub(begin_ns));
        if pause != self.pause {
            metrics.is_back_pressured.set(i64::from(pause == Pause::Blocked));
        }
        (self.pause, self.since_ns) = (pause, end_ns);
    }
}
