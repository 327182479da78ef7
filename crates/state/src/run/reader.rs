//! Reads a run: single keys, or a range of key groups in order.

use std::sync::Arc;

use flott_environment::{Disk, DiskRead};
use flott_record::KeyGroupRange;

use super::block::read_entry;
use super::filter::Filter;
use super::{CHECKSUM_BYTES, FOOTER_BYTES, GROUP_BYTES, HEADER_BYTES, MAGIC, group_of};
use crate::encoding::{DecodeError, read_length, take};
use crate::error::StateError;
use crate::limits::{RUN_READ_AHEAD_BYTES, RUN_VERSION};

/// Where a run's bytes are read from, by any thread.
pub trait RunSource: Send + Sync {
    /// Length in bytes.
    ///
    /// # Errors
    /// Where the source fails.
    fn len_bytes(&self) -> Result<u64, StateError>;

    /// Fills `buffer` from `offset_bytes` on.
    ///
    /// # Errors
    /// Where the source fails or ends before.
    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> Result<(), StateError>;
}

impl RunSource for Arc<[u8]> {
    fn len_bytes(&self) -> Result<u64, StateError> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> Result<(), StateError> {
        let start = offset_bytes as usize;
        let bytes = self.get(start..start.saturating_add(buffer.len())).ok_or_else(|| too_short(offset_bytes))?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

fn too_short(offset_bytes: u64) -> StateError {
    DecodeError(format!("a run ends before byte {offset_bytes}")).into()
}

/// A file as a source of a run.
pub struct RunFile {
    file: Box<dyn DiskRead>,
}

impl RunFile {
    /// Opens a file.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(disk: &Disk, path: &std::path::Path) -> Result<Self, StateError> {
        Ok(RunFile { file: disk.open_read(path)? })
    }
}

impl RunSource for RunFile {
    fn len_bytes(&self) -> Result<u64, StateError> {
        Ok(self.file.len_bytes()?)
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> Result<(), StateError> {
        let mut done = 0;
        while done < buffer.len() {
            match self.file.read_at(offset_bytes + done as u64, &mut buffer[done..])? {
                0 => return Err(too_short(offset_bytes + buffer.len() as u64)),
                count => done += count,
            }
        }
        Ok(())
    }
}

/// Where the blocks lie and with which keys they begin, in flat arrays as there may be millions.
#[derive(Debug, Default)]
struct Index {
    keys: Vec<u8>,
    key_ends: Vec<u32>,
    block_ends: Vec<u64>,
}

impl Index {
    fn from_bytes(mut input: &[u8], blocks_end: u64) -> Result<Self, DecodeError> {
        let mut index = Index::default();
        let mut end = HEADER_BYTES as u64;
        while !input.is_empty() {
            let length = read_length(&mut input)?;
            let key_length = read_length(&mut input)? as usize;
            let key = take(&mut input, key_length)?;
            end = end.saturating_add(length);
            if key.len() < GROUP_BYTES || length <= CHECKSUM_BYTES as u64 || end > blocks_end {
                return Err(DecodeError("the index of a run names no block".to_string()));
            }
            index.keys.extend_from_slice(key);
            index.key_ends.push(index.keys.len() as u32);
            index.block_ends.push(end);
        }
        if end != blocks_end {
            return Err(DecodeError("the index of a run misses blocks".to_string()));
        }
        Ok(index)
    }

    fn len(&self) -> usize {
        self.block_ends.len()
    }

    fn first_key(&self, block: usize) -> &[u8] {
        let start = if block == 0 { 0 } else { self.key_ends[block - 1] as usize };
        &self.keys[start..self.key_ends[block] as usize]
    }

    fn start(&self, block: usize) -> u64 {
        if block == 0 { HEADER_BYTES as u64 } else { self.block_ends[block - 1] }
    }

    /// The last block whose first key is at most this one.
    fn block_of(&self, run_key: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.first_key(middle) <= run_key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1)
    }

    fn memory_bytes(&self) -> usize {
        self.keys.capacity() + 4 * self.key_ends.capacity() + 8 * self.block_ends.capacity()
    }
}

/// An opened run: its filter and index are in memory, its blocks are read when needed.
pub struct Run {
    source: Arc<dyn RunSource>,
    index: Index,
    filter: Filter,
    entries: u64,
    tombstones: u64,
    bytes: u64,
}

/// The numbers of a footer.
struct Footer {
    filter: (u64, u64),
    index: (u64, u64),
    entries: u64,
    tombstones: u64,
}

impl Footer {
    fn read(source: &dyn RunSource, length: u64) -> Result<Self, StateError> {
        if length < (HEADER_BYTES + FOOTER_BYTES) as u64 {
            return Err(DecodeError(format!("a run of {length} bytes is too short")).into());
        }
        let mut header = [0; HEADER_BYTES];
        source.read_at(0, &mut header)?;
        let mut bytes = [0; FOOTER_BYTES];
        source.read_at(length - FOOTER_BYTES as u64, &mut bytes)?;
        if header[..8] != MAGIC || bytes[FOOTER_BYTES - 8..] != MAGIC {
            return Err(DecodeError("the file is no run of state".to_string()).into());
        }
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]));
        let small = |bytes: &[u8], at: usize| u32::from_le_bytes(std::array::from_fn(|index| bytes[at + index]));
        for version in [small(&header, 8), small(&bytes, 56)] {
            if version != RUN_VERSION {
                let text = format!("a run of version {version}; this build reads version {RUN_VERSION}");
                return Err(DecodeError(text).into());
            }
        }
        if crc32fast::hash(&bytes[..60]) != small(&bytes, 60) {
            return Err(DecodeError("the footer of a run is damaged".to_string()).into());
        }
        let footer = Footer {
            filter: (number(0), number(8)),
            index: (number(16), number(24)),
            entries: number(32),
            tombstones: number(40),
        };
        let ends = footer.filter.0.checked_add(footer.filter.1) == Some(footer.index.0)
            && footer.index.0.checked_add(footer.index.1) == Some(length - FOOTER_BYTES as u64)
            && footer.filter.0 >= HEADER_BYTES as u64;
        if ends { Ok(footer) } else { Err(DecodeError("the parts of a run do not meet".to_string()).into()) }
    }
}

/// Reads bytes that end with their checksum.
fn read_checked(source: &dyn RunSource, offset: u64, length: u64, what: &str) -> Result<Vec<u8>, StateError> {
    let mut bytes = vec![0; length as usize];
    source.read_at(offset, &mut bytes)?;
    let payload = checked(&bytes, what)?.len();
    bytes.truncate(payload);
    Ok(bytes)
}

fn checked<'a>(bytes: &'a [u8], what: &str) -> Result<&'a [u8], DecodeError> {
    let damaged = || DecodeError(format!("the {what} of a run is damaged"));
    let (payload, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(damaged)?;
    if crc32fast::hash(payload) == u32::from_le_bytes(*checksum) { Ok(payload) } else { Err(damaged()) }
}

impl Run {
    /// Opens a run.
    ///
    /// # Errors
    /// Where the source fails, is damaged, or is no run of a known version.
    pub fn open(source: Arc<dyn RunSource>) -> Result<Self, StateError> {
        let bytes = source.len_bytes()?;
        let footer = Footer::read(&*source, bytes)?;
        let index = read_checked(&*source, footer.index.0, footer.index.1, "index")?;
        let index = Index::from_bytes(&index, footer.filter.0)?;
        let filter = match footer.filter.1 {
            0 => Filter::default(),
            length => Filter::from_bytes(read_checked(&*source, footer.filter.0, length, "filter")?)?,
        };
        Ok(Run { source, index, filter, entries: footer.entries, tombstones: footer.tombstones, bytes })
    }

    /// Number of entries, tombstones included.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Number of tombstones.
    pub fn tombstones(&self) -> u64 {
        self.tombstones
    }

    /// Length in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of memory that the opened run occupies.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.index.memory_bytes() + self.filter.as_bytes().len()
    }

    /// The run's source.
    pub fn source(&self) -> &Arc<dyn RunSource> {
        &self.source
    }

    /// Whether a key with this hash may be in the run.
    pub(crate) fn may_contain(&self, hash: u64) -> bool {
        self.filter.may_contain(hash)
    }

    /// The number of the block in which a key would be.
    pub(crate) fn block_of(&self, run_key: &[u8]) -> Option<usize> {
        self.index.block_of(run_key)
    }

    /// Reads one block into `buffer`, its checksum checked and taken off.
    pub(crate) fn read_block(&self, block: usize, buffer: &mut Vec<u8>) -> Result<(), StateError> {
        let (start, end) = (self.index.start(block), self.index.block_ends[block]);
        buffer.resize((end - start) as usize, 0);
        self.source.read_at(start, buffer)?;
        let payload = checked(buffer, "block")?.len();
        buffer.truncate(payload);
        Ok(())
    }

    /// The entries of some key groups in order.
    ///
    /// # Errors
    /// Where the source fails or is damaged.
    pub fn cursor(self: &Arc<Self>, key_groups: KeyGroupRange) -> Result<RunCursor, StateError> {
        let from = (key_groups.start as u16).to_be_bytes();
        let block = self.index.block_of(&from).unwrap_or(0);
        let mut cursor = RunCursor {
            run: self.clone(),
            key_groups,
            next_block: block,
            ahead: Vec::new(),
            ahead_at: 0,
            block: 0..0,
            entry: 0..0,
            is_tombstone: false,
            key: Vec::new(),
            is_done: key_groups.start >= key_groups.end,
        };
        cursor.advance()?;
        while !cursor.is_done && group_of(&cursor.key) < key_groups.start {
            cursor.advance()?;
        }
        Ok(cursor)
    }
}

/// Finds a key in a block: outer `None` if it is not there, inner `None` if it is a tombstone.
pub(crate) fn find_in_block<'a>(
    block: &'a [u8],
    run_key: &[u8],
    scratch: &mut Vec<u8>,
) -> Result<Option<Option<&'a [u8]>>, DecodeError> {
    let mut at = 0;
    scratch.clear();
    while at < block.len() {
        let entry = read_entry(block, at, scratch)?;
        match scratch.as_slice().cmp(run_key) {
            std::cmp::Ordering::Less => at = entry.end,
            std::cmp::Ordering::Equal => return Ok(Some(entry.value.map(|(start, end)| &block[start..end]))),
            std::cmp::Ordering::Greater => break,
        }
    }
    Ok(None)
}

/// Goes through the entries of a run in order; it stands on an entry until it is done.
pub struct RunCursor {
    run: Arc<Run>,
    key_groups: KeyGroupRange,
    next_block: usize,
    /// Several blocks read at once, and where in the file they begin.
    ahead: Vec<u8>,
    ahead_at: u64,
    /// The rest of the current block in `ahead`.
    block: std::ops::Range<usize>,
    entry: std::ops::Range<usize>,
    is_tombstone: bool,
    key: Vec<u8>,
    is_done: bool,
}

impl RunCursor {
    /// Whether there is no entry any more.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// The key of the entry, its key group in front.
    pub fn run_key(&self) -> &[u8] {
        &self.key
    }

    /// The value of the entry; `None` for a tombstone.
    pub fn value(&self) -> Option<&[u8]> {
        (!self.is_tombstone).then(|| &self.ahead[self.entry.clone()])
    }

    /// Goes to the next entry.
    ///
    /// # Errors
    /// Where the source fails or is damaged.
    pub fn advance(&mut self) -> Result<(), StateError> {
        if self.is_done {
            return Ok(());
        }
        if self.block.is_empty() {
            if self.next_block == self.run.index.len() {
                self.is_done = true;
                return Ok(());
            }
            self.load()?;
        }
        let start = self.block.start;
        let entry = read_entry(&self.ahead[..self.block.end], start, &mut self.key)?;
        if self.key.len() < GROUP_BYTES {
            return Err(DecodeError("a key without key group".to_string()).into());
        }
        self.block.start = entry.end;
        self.is_tombstone = entry.value.is_none();
        self.entry = entry.value.map_or(0..0, |(start, end)| start..end);
        self.is_done = group_of(&self.key) >= self.key_groups.end;
        Ok(())
    }

    /// Makes the next block the current one.
    fn load(&mut self) -> Result<(), StateError> {
        let index = &self.run.index;
        let (start, end) = (index.start(self.next_block), index.block_ends[self.next_block]);
        if end > self.ahead_at + self.ahead.len() as u64 || start < self.ahead_at {
            let wanted = start + RUN_READ_AHEAD_BYTES as u64;
            let last = index.block_ends.partition_point(|end| *end <= wanted).max(self.next_block + 1);
            self.ahead.resize((index.block_ends[last - 1] - start) as usize, 0);
            self.run.source.read_at(start, &mut self.ahead)?;
            self.ahead_at = start;
        }
        let (from, to) = ((start - self.ahead_at) as usize, (end - self.ahead_at) as usize);
        let payload = checked(&self.ahead[from..to], "block")?.len();
        self.block = from..from + payload;
        self.key.clear();
        self.next_block += 1;
        Ok(())
    }
}
