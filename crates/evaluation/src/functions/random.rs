//! Random numbers: Java's `java.util.Random`, whose sequences for a seed users know, and bits for UUIDs.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Frame;
use crate::evaluator::Session;

/// `java.util.Random`: a linear congruential generator of 48 bits.
#[derive(Clone, Debug)]
pub(crate) struct JavaRandom {
    state: u64,
}

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const INCREMENT: u64 = 0xB;
const MASK: u64 = (1 << 48) - 1;

impl JavaRandom {
    /// The generator of a seed.
    pub(crate) fn new(seed: i64) -> Self {
        JavaRandom { state: (seed as u64 ^ MULTIPLIER) & MASK }
    }

    fn bits(&mut self, count: u32) -> i32 {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT) & MASK;
        (self.state >> (48 - count)) as i32
    }

    /// `nextDouble`: at least 0, less than 1.
    pub(crate) fn next_double(&mut self) -> f64 {
        let high = i64::from(self.bits(26)) << 27;
        (high + i64::from(self.bits(27))) as f64 / (1u64 << 53) as f64
    }

    /// `nextInt(bound)`: at least 0, less than the bound, which is positive.
    pub(crate) fn next_int(&mut self, bound: i32) -> i32 {
        if bound & (bound - 1) == 0 {
            return ((i64::from(bound) * i64::from(self.bits(31))) >> 31) as i32;
        }
        loop {
            let bits = self.bits(31);
            let value = bits % bound;
            // Java redraws where the last, incomplete run of the range was hit, which shows as an overflow.
            if bits.checked_sub(value).and_then(|base| base.checked_add(bound - 1)).is_some() {
                return value;
            }
        }
    }
}

/// Random bits for functions without a seed (RAND(), UUID()).
///
/// The sequence depends on when the query began, the moment of the first batch and how many generators the process
/// made before: different in each subtask and run, the same in a simulation that is repeated in a fresh process.
#[derive(Clone, Debug)]
pub(crate) struct RandomBits {
    query_start_ms: i64,
    number: u64,
    state: Option<u64>,
}

static GENERATORS: AtomicU64 = AtomicU64::new(0);

impl RandomBits {
    /// A generator of its own.
    pub(crate) fn new(session: &Session) -> Self {
        let number = GENERATORS.fetch_add(1, Ordering::Relaxed);
        RandomBits { query_start_ms: session.query_start_ms, number, state: None }
    }

    /// The next 64 bits (SplitMix64).
    pub(crate) fn next(&mut self, frame: &Frame) -> u64 {
        let state = self.state.unwrap_or_else(|| {
            let start = mix(self.query_start_ms as u64);
            mix(start ^ mix(frame.instant.now_ms as u64) ^ self.number.rotate_left(32))
        });
        let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.state = Some(state);
        mix(state)
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_those_of_java() {
        assert_eq!(JavaRandom::new(1).next_double(), 0.730_878_190_703_290_9);
        assert_eq!(JavaRandom::new(10).next_double(), 0.730_430_296_743_427_2);
        assert_eq!(JavaRandom::new(1).next_int(100), 85);
        assert_eq!(JavaRandom::new(5).next_int(10), 7);
        assert_eq!(JavaRandom::new(2).next_int(1000), 108);
        assert_eq!(JavaRandom::new(1).next_int(7), 4);
    }
}
