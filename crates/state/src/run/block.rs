//! The entries of one block, written and read one after the other.

use crate::encoding::{DecodeError, read_length, take, write_length};

/// Collects the entries of a block.
#[derive(Debug, Default)]
pub(super) struct BlockBuilder {
    pub(super) bytes: Vec<u8>,
    last_key: Vec<u8>,
    entries: usize,
}

impl BlockBuilder {
    pub(super) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Adds an entry; `None` is a tombstone.
    pub(super) fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        let shared = if self.entries == 0 { 0 } else { shared_bytes(&self.last_key, key) };
        write_length(&mut self.bytes, shared as u64);
        write_length(&mut self.bytes, (key.len() - shared) as u64);
        let length = value.map_or(1, |value| value.len() as u64 * 2);
        write_length(&mut self.bytes, length);
        self.bytes.extend_from_slice(&key[shared..]);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.last_key.truncate(shared);
        self.last_key.extend_from_slice(&key[shared..]);
        self.entries += 1;
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.entries = 0;
    }
}

fn shared_bytes(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// One entry's place in a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryAt {
    /// Start and end of the value in the block; `None` for a tombstone.
    pub(super) value: Option<(usize, usize)>,
    /// Where the next entry begins.
    pub(super) end: usize,
}

/// Reads the entry at `at`; `key` is the entry's before and becomes this one's.
pub(super) fn read_entry(block: &[u8], at: usize, key: &mut Vec<u8>) -> Result<EntryAt, DecodeError> {
    let mut input = &block[at..];
    let shared = read_length(&mut input)? as usize;
    let rest = read_length(&mut input)? as usize;
    let length = read_length(&mut input)?;
    if shared > key.len() {
        return Err(DecodeError("a key shares more than the key before has".to_string()));
    }
    key.truncate(shared);
    key.extend_from_slice(take(&mut input, rest)?);
    let start = block.len() - input.len();
    if length == 1 {
        return Ok(EntryAt { value: None, end: start });
    }
    let value = take(&mut input, (length / 2) as usize)?;
    let end = start + value.len();
    Ok(EntryAt { value: Some((start, end)), end })
}
