//! Rates, sampled as Flink samples them: every 5 seconds, records and bytes over 60 seconds, times over 5.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::handle::Counter;
use crate::limits::{RATE_WINDOW_MS, SAMPLE_INTERVAL_MS};

/// Time spent in one way (busy, idle, blocked), in nanoseconds, shown in milliseconds. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct TimeCounter {
    spent_ns: Arc<AtomicU64>,
}

impl TimeCounter {
    /// A counter at 0 that belongs to no registry.
    pub fn new() -> Self {
        TimeCounter::default()
    }

    /// Adds time: to be called once per turn or batch.
    pub fn add_ns(&self, spent_ns: u64) {
        self.spent_ns.fetch_add(spent_ns, Ordering::Relaxed);
    }

    /// All time so far, in whole milliseconds.
    pub fn total_ms(&self) -> u64 {
        self.spent_ns.load(Ordering::Relaxed) / 1_000_000
    }
}

/// What a rate is taken of.
#[derive(Clone, Debug)]
pub(crate) enum RateSource {
    Count(Counter),
    TimeMs(TimeCounter),
}

impl RateSource {
    fn total(&self) -> u64 {
        match self {
            RateSource::Count(counter) => counter.get(),
            RateSource::TimeMs(time) => time.total_ms(),
        }
    }

    fn window_ms(&self) -> i64 {
        match self {
            RateSource::Count(_) => RATE_WINDOW_MS,
            RateSource::TimeMs(_) => SAMPLE_INTERVAL_MS,
        }
    }
}

/// A rate per second, known from samples of a growing number. The first sample is its start; before the window is
/// full, the rate is that since the start.
#[derive(Debug)]
pub(crate) struct Rate {
    source: RateSource,
    samples: VecDeque<(i64, u64)>,
    per_second: f64,
}

impl Rate {
    pub(crate) fn new(source: RateSource) -> Self {
        Rate { source, samples: VecDeque::new(), per_second: 0.0 }
    }

    /// Takes a sample, unless the last one is younger than the sample interval. A clock that went back starts anew.
    pub(crate) fn sample(&mut self, now_ms: i64) {
        match self.samples.back() {
            Some((last_ms, _)) if now_ms < *last_ms => self.samples.clear(),
            Some((last_ms, _)) if now_ms - last_ms < SAMPLE_INTERVAL_MS => return,
            _ => {}
        }
        let total = self.source.total();
        self.samples.push_back((now_ms, total));
        // The oldest sample that is kept is the youngest one that is at least a window old.
        while self.samples.get(1).is_some_and(|(second_ms, _)| now_ms - second_ms >= self.source.window_ms()) {
            self.samples.pop_front();
        }
        if let Some((first_ms, first)) = self.samples.front()
            && now_ms > *first_ms
        {
            self.per_second = total.wrapping_sub(*first) as f64 * 1_000.0 / (now_ms - first_ms) as f64;
        }
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.per_second
    }

    /// Of a time: whole milliseconds per second, of which there are no more than 1,000.
    pub(crate) fn ms_per_second(&self) -> i64 {
        (self.per_second.round() as i64).min(1_000)
    }

    pub(crate) fn is_time(&self) -> bool {
        matches!(self.source, RateSource::TimeMs(_))
    }

    pub(crate) fn total(&self) -> u64 {
        self.source.total()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_taken_over_a_minute() {
        let counter = Counter::new();
        let mut rate = Rate::new(RateSource::Count(counter.clone()));
        rate.sample(0);
        for second in (5..=60).step_by(5) {
            counter.add(500);
            rate.sample(second * 1_000);
            assert_eq!(rate.per_second(), 100.0);
        }
        for second in (65..=120).step_by(5) {
            rate.sample(second * 1_000);
        }
        assert_eq!(rate.per_second(), 0.0);
        assert!(rate.samples.len() <= 14, "{}", rate.samples.len());
    }

    #[test]
    fn samples_that_come_too_early_change_nothing() {
        let counter = Counter::new();
        let mut rate = Rate::new(RateSource::Count(counter.clone()));
        rate.sample(0);
        counter.add(10);
        rate.sample(4_999);
        assert_eq!(rate.per_second(), 0.0);
        rate.sample(5_000);
        assert_eq!(rate.per_second(), 2.0);
        rate.sample(-1_000);
        assert_eq!(rate.samples.len(), 1);
    }

    #[test]
    fn times_are_milliseconds_per_second_of_the_last_interval() {
        let time = TimeCounter::new();
        let mut rate = Rate::new(RateSource::TimeMs(time.clone()));
        rate.sample(0);
        time.add_ns(2_500_000_000);
        rate.sample(5_000);
        assert_eq!(rate.ms_per_second(), 500);
        time.add_ns(6_000_000_000);
        rate.sample(10_000);
        assert_eq!(rate.ms_per_second(), 1_000);
        rate.sample(15_000);
        assert_eq!(rate.ms_per_second(), 0);
    }
}
