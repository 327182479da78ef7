//! Where generators without a seed of their own (RAND(), UUID()) get one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Seeds in a fixed order from a first one. Clones go on with the same sequence, so that no two generators of a session are alike; the same
/// first seed and the same order of calls give the same numbers, as in a simulation that is run again.
#[derive(Clone, Debug, Default)]
pub struct Seeds {
    next: Arc<AtomicU64>,
}

impl Seeds {
    /// The sequence of a first seed.
    pub fn of(first: u64) -> Self {
        Seeds { next: Arc::new(AtomicU64::new(first)) }
    }

    /// The next seed.
    pub(crate) fn next(&self) -> u64 {
        mix(self.next.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed))
    }
}

/// The step of SplitMix64.
pub(crate) const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// SplitMix64's finalizer.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_go_on_and_the_same_first_seed_repeats() {
        let seeds = Seeds::of(7);
        let again = Seeds::of(7);
        let (first, second) = (seeds.next(), seeds.clone().next());
        assert_ne!(first, second);
        assert_eq!((again.next(), again.next()), (first, second));
    }
}
