//! When the next periodic checkpoint begins.

/// The clock of periodic checkpoints.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    interval_ms: Option<u64>,
    min_pause_ms: u64,
    next_ms: Option<i64>,
    /// The earliest beginning that the pause after the last one permits.
    paused_until_ms: i64,
}

impl Schedule {
    pub(super) fn new(interval_ms: Option<u64>, min_pause_ms: u64) -> Self {
        Schedule { interval_ms, min_pause_ms, next_ms: None, paused_until_ms: i64::MIN }
    }

    /// The job runs.
    pub(super) fn start(&mut self, now_ms: i64) {
        self.next_ms = self.interval_ms.map(|interval_ms| now_ms.saturating_add_unsigned(interval_ms));
    }

    /// A periodic checkpoint begins. One that is late does not move the following ones, but none is made up for.
    pub(super) fn begun(&mut self, now_ms: i64) {
        let (Some(interval_ms), Some(next_ms)) = (self.interval_ms, self.next_ms) else { return };
        let regular_ms = next_ms.saturating_add_unsigned(interval_ms);
        let late_ms = now_ms.saturating_add_unsigned(interval_ms);
        self.next_ms = Some(if regular_ms > now_ms { regular_ms } else { late_ms });
    }

    /// A checkpoint ended, well or not.
    pub(super) fn ended(&mut self, now_ms: i64) {
        self.paused_until_ms = now_ms.saturating_add_unsigned(self.min_pause_ms);
    }

    /// When the next one is due, milliseconds since the epoch.
    pub(super) fn due_ms(&self) -> Option<i64> {
        self.next_ms.map(|next_ms| next_ms.max(self.paused_until_ms))
    }
}
