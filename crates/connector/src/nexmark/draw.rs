//! The random draws of the generator: those of `java.util.SplittableRandom`.

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of draws.
pub struct Draw {
    state: u64,
}

fn mix64(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn mix32(z: u64) -> i32 {
    let z = (z ^ (z >> 33)).wrapping_mul(0x62A9_D9ED_7997_05F5);
    let z = (z ^ (z >> 28)).wrapping_mul(0xCB24_D0A5_C88C_35B3);
    (z >> 32) as u32 as i32
}

impl Draw {
    /// The stream that begins at a state.
    pub fn from_state(state: u64) -> Self {
        Draw { state }
    }

    /// The stream of an event: used for nothing else.
    #[inline]
    pub fn of_event(seed: u64, event: u64) -> Self {
        Draw { state: mix64(seed.wrapping_add(event.wrapping_add(1).wrapping_mul(GAMMA))) }
    }

    #[inline]
    fn long(&mut self) -> i64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix64(self.state) as i64
    }

    /// 32 random bits.
    #[inline]
    pub fn int(&mut self) -> i32 {
        self.state = self.state.wrapping_add(GAMMA);
        mix32(self.state)
    }

    /// A number in `[0, 1)`.
    #[inline]
    pub fn double(&mut self) -> f64 {
        (self.long() as u64 >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number in `0..bound`; the bound is at least 1.
    #[inline(always)]
    pub fn below(&mut self, bound: i32) -> i32 {
        let drawn = self.int();
        if bound & (bound - 1) == 0 {
            return drawn & (bound - 1);
        }
        let mut unsigned = drawn as u32 >> 1;
        loop {
            let result = unsigned % bound as u32;
            // The last, incomplete run of `bound` numbers would make small results more likely.
            if unsigned + (bound as u32 - 1) - result <= i32::MAX as u32 {
                return result as i32;
            }
            unsigned = self.int() as u32 >> 1;
        }
    }

    /// A number in `0..bound` for a 64-bit bound.
    #[inline]
    pub fn below_long(&mut self, bound: i64) -> i64 {
        if bound < i64::from(i32::MAX) {
            i64::from(self.below(bound as i32))
        } else {
            (self.long() % bound).wrapping_abs()
        }
    }

    /// 3 to `max - 1` letters appended to `out`, some of which are `special`; a blank at either end is cut.
    #[inline]
    pub fn word(&mut self, max: i32, special: u8, out: &mut Vec<u8>) {
        let length = 3 + self.below(max - 3);
        let start = out.len();
        for _ in 0..length {
            let byte = if self.below(13) == 0 { special } else { b'a' + self.below(26) as u8 };
            out.push(byte);
        }
        if special != b' ' {
            return;
        }
        while out.len() > start && out.last() == Some(&b' ') {
            out.pop();
        }
        let leading = out[start..].iter().take_while(|byte| **byte == b' ').count();
        if leading > 0 {
            out.drain(start..start + leading);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_those_of_splittable_random() {
        // new SplittableRandom(42): nextLong, nextInt.
        let mut draw = Draw::from_state(42);
        assert_eq!(draw.long(), -4767286540954276203);
        let mut draw = Draw::from_state(7);
        assert!((0..1_000).all(|_| (0..10).contains(&draw.below(10))));
    }
}
