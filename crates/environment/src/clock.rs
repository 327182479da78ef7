//! Time: the wall clock for what users see and for timers, the monotonic clock for durations.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Where a [`Clock`] takes its time from; the simulator implements it with simulated time.
pub trait ClockSource: Send + Sync {
    /// Wall clock in milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;
    /// Nanoseconds since an arbitrary start, never going back.
    fn monotonic_ns(&self) -> u64;
}

/// A cheap, cloneable handle on time.
#[derive(Clone)]
pub struct Clock {
    source: Source,
}

#[derive(Clone)]
enum Source {
    Real(Instant),
    Custom(Arc<dyn ClockSource>),
}

impl Clock {
    /// The machine's clocks.
    pub fn real() -> Self {
        Clock { source: Source::Real(Instant::now()) }
    }

    /// A clock that takes its time from `source`.
    pub fn custom(source: Arc<dyn ClockSource>) -> Self {
        Clock { source: Source::Custom(source) }
    }

    /// Wall clock in milliseconds since 1970-01-01T00:00:00Z; negative before it. May jump when the machine's clock
    /// is set.
    pub fn now_ms(&self) -> i64 {
        match &self.source {
            Source::Real(_) => match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(since) => since.as_millis() as i64,
                Err(before) => -(before.duration().as_millis() as i64),
            },
            Source::Custom(source) => source.now_ms(),
        }
    }

    /// Nanoseconds since an arbitrary start, never going back: for measuring durations.
    pub fn monotonic_ns(&self) -> u64 {
        match &self.source {
            Source::Real(start) => start.elapsed().as_nanos() as u64,
            Source::Custom(source) => source.monotonic_ns(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_clock_is_after_2024_and_monotonic() {
        let clock = Clock::real();
        assert!(clock.now_ms() > 1_704_067_200_000);
        let first = clock.monotonic_ns();
        assert!(clock.monotonic_ns() >= first);
    }
}
