//! A bounded histogram: log-linear buckets, as HDR histograms have them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::HISTOGRAM_PRECISION_BITS;

const STEPS: u64 = 1 << HISTOGRAM_PRECISION_BITS;

/// Distribution of whole numbers, of which small ones (below 64) are exact and others at most 3 % off. Memory is
/// bounded by 15 KiB. Clones share it. For what happens some times a second, not per row: it takes a lock.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    buckets: Vec<u64>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

/// What a histogram has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HistogramSnapshot {
    /// How many values.
    pub count: u64,
    /// The least value; 0 where there is none.
    pub min: u64,
    /// The greatest value; 0 where there is none.
    pub max: u64,
    /// Their mean; 0 where there is none.
    pub mean: f64,
    /// Median.
    pub p50: u64,
    /// 75th percentile.
    pub p75: u64,
    /// 95th percentile.
    pub p95: u64,
    /// 98th percentile.
    pub p98: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p999: u64,
}

/// The bucket of a value: exact below `2 * STEPS`, then `STEPS` buckets for each power of two.
fn bucket_of(value: u64) -> usize {
    let magnitude = (64 - value.leading_zeros()).saturating_sub(HISTOGRAM_PRECISION_BITS + 1);
    (u64::from(magnitude) * STEPS + (value >> magnitude)) as usize
}

/// The greatest value of a bucket.
fn top_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * STEPS {
        return bucket;
    }
    let magnitude = bucket / STEPS - 1;
    let step = bucket - magnitude * STEPS;
    (((u128::from(step) + 1) << magnitude) - 1) as u64
}

impl Histogram {
    /// An empty histogram that belongs to no registry.
    pub fn new() -> Self {
        Histogram::default()
    }

    /// Adds one value.
    pub fn record(&self, value: u64) {
        let mut state = self.lock();
        let bucket = bucket_of(value);
        if state.buckets.len() <= bucket {
            state.buckets.resize(bucket + 1, 0);
        }
        state.buckets[bucket] += 1;
        state.min = if state.count == 0 { value } else { state.min.min(value) };
        state.max = state.max.max(value);
        state.count += 1;
        state.sum += u128::from(value);
    }

    /// What it has seen so far.
    pub fn snapshot(&self) -> HistogramSnapshot {
        let state = self.lock();
        if state.count == 0 {
            return HistogramSnapshot::default();
        }
        HistogramSnapshot {
            count: state.count,
            min: state.min,
            max: state.max,
            mean: state.sum as f64 / state.count as f64,
            p50: state.quantile(0.5),
            p75: state.quantile(0.75),
            p95: state.quantile(0.95),
            p98: state.quantile(0.98),
            p99: state.quantile(0.99),
            p999: state.quantile(0.999),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn quantile(&self, quantile: f64) -> u64 {
        let rank = ((self.count as f64 * quantile).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return top_of(bucket).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_contiguous_and_precise() {
        for value in (0..100_000).chain([1 << 40, u64::MAX - 1, u64::MAX]) {
            let top = top_of(bucket_of(value));
            assert!(top >= value, "{value}");
            assert!(top - value <= value / 32, "{value} is shown as {top}");
            assert_eq!(bucket_of(top), bucket_of(value));
        }
        assert!(bucket_of(u64::MAX) < 15 * 1024 / 8);
    }

    #[test]
    fn quantiles_of_an_even_distribution() {
        let histogram = Histogram::new();
        (1..=10_000).for_each(|value| histogram.record(value));
        let seen = histogram.snapshot();
        assert_eq!((seen.count, seen.min, seen.max, seen.mean), (10_000, 1, 10_000, 5_000.5));
        for (shown, exact) in [(seen.p50, 5_000.0), (seen.p95, 9_500.0), (seen.p999, 9_990.0)] {
            assert!((shown as f64 / exact - 1.0).abs() < 0.035, "{shown} for {exact}");
        }
        assert_eq!(Histogram::new().snapshot(), HistogramSnapshot::default());
    }
}
