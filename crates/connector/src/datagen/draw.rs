//! Random numbers of one cell, from the seed of the source, the column and the row.

/// The numbers of a cell: splitmix64.
pub struct CellDraw {
    state: u64,
}

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl CellDraw {
    /// The numbers of a row in a column whose seed is given.
    pub fn new(column_seed: u64, row: u64) -> Self {
        CellDraw { state: mix(column_seed.wrapping_add(row.wrapping_add(1).wrapping_mul(GAMMA))) }
    }

    /// The seed of a column.
    pub fn column_seed(source_seed: u64, column: u64) -> u64 {
        mix(source_seed ^ mix(column.wrapping_add(1)))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// A number in `0..=high`.
    pub fn up_to(&mut self, high: u64) -> u64 {
        if high == u64::MAX {
            return self.bits();
        }
        ((u128::from(self.bits()) * u128::from(high + 1)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low.wrapping_add(self.up_to(high.wrapping_sub(low) as u64) as i64)
    }

    /// A number in `low..=high` of 128 bits.
    pub fn between_wide(&mut self, low: i128, high: i128) -> i128 {
        let drawn = u128::from(self.bits()) << 64 | u128::from(self.bits());
        let span = high.wrapping_sub(low) as u128;
        let offset = if span == u128::MAX { drawn } else { drawn % (span + 1) };
        low.wrapping_add(offset as i128)
    }

    /// A number in `[0, 1)`.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
