//! Random numbers: Java's `java.util.Random`, whose sequences for a seed users know, and bits for UUIDs.

use crate::evaluator::Session;
use crate::seeds::{GOLDEN_GAMMA, mix};

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
#[derive(Clone, Debug)]
pub(crate) struct RandomBits {
    state: u64,
}

impl RandomBits {
    /// A generator of its own.
    pub(crate) fn new(session: &Session) -> Self {
        RandomBits { state: session.seeds.next() }
    }

    /// The next 64 bits (SplitMix64).
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        mix(self.state)
    }
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
