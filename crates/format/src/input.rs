//! The part of the input that isn't decoded yet, and where in the whole it lies.

use memchr::memchr_iter;

use crate::contract::{Position, RowError};

/// Bytes pushed and not yet consumed.
pub struct Input {
    bytes: Vec<u8>,
    /// Bytes at the front that are consumed.
    consumed: usize,
    /// Place of the first byte of `bytes`.
    front: Position,
    /// Place up to which lines are counted; within `bytes`.
    counted: (usize, u64),
    ended: bool,
}

impl Input {
    /// An input that begins at a place.
    pub fn new(start: Position) -> Self {
        Input { bytes: Vec::new(), consumed: 0, front: start, counted: (0, start.line), ended: false }
    }

    /// Adds bytes at the end.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.consumed > 0 {
            self.front = self.position();
            self.bytes.drain(..self.consumed);
            self.consumed = 0;
            self.counted = (0, self.front.line);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// No more will come.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether no more will come.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// What isn't consumed.
    #[inline]
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.consumed..]
    }

    /// Consumes bytes at the front.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        self.consumed += count;
    }

    /// Bytes consumed since the start of the whole input.
    pub fn offset_bytes(&self) -> u64 {
        self.front.offset_bytes + self.consumed as u64
    }

    /// The place between consumed and unconsumed bytes.
    pub fn position(&mut self) -> Position {
        let (from, line) = self.counted;
        let line = line + count_lines(&self.bytes[from..self.consumed]);
        self.counted = (self.consumed, line);
        Position { offset_bytes: self.offset_bytes(), line }
    }

    /// The error of the record that makes up the first `length` unconsumed bytes; its fault is `at` bytes from its start.
    pub fn row_error(&mut self, at: usize, length: usize, reason: String) -> RowError {
        let start_line = self.position().line;
        let rest = self.rest();
        let record = &rest[..length.min(rest.len())];
        let before = &rest[..at.min(rest.len())];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        RowError {
            line: start_line + count_lines(before),
            column: String::from_utf8_lossy(&before[line_start..]).chars().count() as u64 + 1,
            reason,
            record: String::from_utf8_lossy(record).trim_end_matches(['\r', '\n']).to_string(),
        }
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}
