//! A Bloom filter whose bits of one key lie in one cache line: a look-up costs one miss of the CPU's cache.

use crate::encoding::DecodeError;

const LINE_BYTES: usize = 64;
const BITS_OF_KEY: usize = 6;

/// The hash that filters use, stable for ever: filters are persisted.
pub fn key_hash(key: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = (key.len() as u64).wrapping_mul(MULTIPLIER);
    let mut words = key.chunks_exact(8);
    for word in &mut words {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(word);
        hash = mix(hash ^ u64::from_le_bytes(bytes));
    }
    let mut bytes = [0; 8];
    bytes[..words.remainder().len()].copy_from_slice(words.remainder());
    mix(hash ^ u64::from_le_bytes(bytes))
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let value = (value ^ (value >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    value ^ (value >> 32)
}

/// Whether a key may be among some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    bytes: Vec<u8>,
}

impl Filter {
    /// Room for this many keys.
    pub(super) fn new(keys: u64, bits_per_key: u32) -> Self {
        let lines = (keys * u64::from(bits_per_key)).div_ceil(LINE_BYTES as u64 * 8);
        Filter { bytes: vec![0; lines as usize * LINE_BYTES] }
    }

    /// The filter of persisted bytes.
    pub(super) fn from_bytes(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        if bytes.len().is_multiple_of(LINE_BYTES) {
            Ok(Filter { bytes })
        } else {
            Err(DecodeError(format!("a filter of {} bytes", bytes.len())))
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn line(&self, hash: u64) -> usize {
        let lines = (self.bytes.len() / LINE_BYTES) as u64;
        (((hash >> 32) * lines) >> 32) as usize * LINE_BYTES
    }

    pub(super) fn insert(&mut self, hash: u64) {
        if self.bytes.is_empty() {
            return;
        }
        let line = self.line(hash);
        for bit in bits(hash) {
            self.bytes[line + bit / 8] |= 1 << (bit % 8);
        }
    }

    /// False: the key is not there. True: it probably is. A filter of no bytes says true.
    pub(super) fn may_contain(&self, hash: u64) -> bool {
        if self.bytes.is_empty() {
            return true;
        }
        let line = self.line(hash);
        bits(hash).all(|bit| self.bytes[line + bit / 8] >> (bit % 8) & 1 == 1)
    }
}

/// The bits of a key within its line: nine bits of a mixed hash each.
fn bits(hash: u64) -> impl Iterator<Item = usize> {
    let mixed = mix(hash ^ 0x5851_f42d_4c95_7f2d);
    (0..BITS_OF_KEY).map(move |index| (mixed >> (index * 9)) as usize & 511)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys_are_found_and_few_others() {
        let mut filter = Filter::new(10_000, 10);
        (0..10_000u64).for_each(|key| filter.insert(key_hash(&key.to_be_bytes())));
        assert!((0..10_000u64).all(|key| filter.may_contain(key_hash(&key.to_be_bytes()))));
        let wrong = (10_000..20_000u64).filter(|key| filter.may_contain(key_hash(&key.to_be_bytes()))).count();
        assert!(wrong < 300, "{wrong} of 10,000 unknown keys pass");
    }

    /// Persisted: these values never change.
    #[test]
    fn golden_hashes() {
        assert_eq!([key_hash(b""), key_hash(b"a"), key_hash(b"0123456789")], GOLDEN);
    }

    const GOLDEN: [u64; 3] = [0, 2_091_990_327_900_115_538, 8_752_063_416_333_905_953];
}
