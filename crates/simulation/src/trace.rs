//! The trace: what happened, line by line, and the hash of all of it.

use crate::limits::MAX_TRACE_LINES;

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;

/// Lines and their hash (FNV-1a, 64 bits).
pub(crate) struct Trace {
    lines: Vec<String>,
    hash: u64,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Trace { lines: Vec::new(), hash: FNV_OFFSET }
    }

    /// Adds a line to the hash, and to the lines while there is room.
    pub(crate) fn line(&mut self, line: String) {
        self.mix(line.as_bytes());
        self.mix(b"\n");
        if self.lines.len() < MAX_TRACE_LINES {
            self.lines.push(line);
        }
    }

    /// Adds numbers to the hash alone: for what happens too often to be written down.
    pub(crate) fn number(&mut self, number: u64) {
        self.mix(&number.to_le_bytes());
    }

    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
        }
    }
}
