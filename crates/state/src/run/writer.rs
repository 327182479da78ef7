//! Writes a run: entries come in the order of their keys.

use std::io::{self, Write};

use super::block::BlockBuilder;
use super::filter::{Filter, key_hash};
use super::{CHECKSUM_BYTES, HEADER_BYTES, MAGIC, RunFacts, group_of};
use crate::encoding::write_length;
use crate::limits::{RUN_BLOCK_BYTES, RUN_VERSION};

/// How a run is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// At most this many entries will come: the size of the filter.
    pub entries_max: u64,
    /// Bits of the filter for each key; 0 = no filter, for runs that are never searched for single keys.
    pub filter_bits_per_key: u32,
}

/// Writes one run to a file or to memory.
pub struct RunWriter<W: Write> {
    out: W,
    checksum: crc32fast::Hasher,
    written_bytes: u64,
    block: BlockBuilder,
    block_first_key: Vec<u8>,
    index: Vec<u8>,
    filter: Filter,
    last_key: Vec<u8>,
    first_group: Option<u32>,
    entries: u64,
    tombstones: u64,
}

impl<W: Write> RunWriter<W> {
    /// Begins a run.
    ///
    /// # Errors
    /// Where `out` fails.
    pub fn new(out: W, options: RunOptions) -> io::Result<Self> {
        let mut writer = RunWriter {
            out,
            checksum: crc32fast::Hasher::new(),
            written_bytes: 0,
            block: BlockBuilder::default(),
            block_first_key: Vec::new(),
            index: Vec::new(),
            filter: Filter::new(options.entries_max, options.filter_bits_per_key),
            last_key: Vec::new(),
            first_group: None,
            entries: 0,
            tombstones: 0,
        };
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(&MAGIC);
        header[8..12].copy_from_slice(&RUN_VERSION.to_le_bytes());
        writer.write(&header)?;
        Ok(writer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.checksum.update(bytes);
        self.written_bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn write_checked(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes)?;
        self.write(&crc32fast::hash(bytes).to_le_bytes())
    }

    /// Bytes written so far.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes + self.block.bytes.len() as u64
    }

    /// Adds an entry; `None` is a tombstone. `run_key` begins with the key group.
    ///
    /// # Errors
    /// Where the file fails.
    ///
    /// # Panics
    /// If keys do not ascend: a fault of the caller, never of data.
    pub(crate) fn push(&mut self, run_key: &[u8], value: Option<&[u8]>) -> io::Result<()> {
        assert!(self.entries == 0 || *self.last_key < *run_key, "the keys of a run ascend");
        self.last_key.clear();
        self.last_key.extend_from_slice(run_key);
        if self.block.is_empty() {
            self.block_first_key.clear();
            self.block_first_key.extend_from_slice(run_key);
        }
        self.first_group.get_or_insert(group_of(run_key));
        self.filter.insert(key_hash(run_key));
        self.block.push(run_key, value);
        self.entries += 1;
        self.tombstones += u64::from(value.is_none());
        if self.block.bytes.len() >= RUN_BLOCK_BYTES { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.block.bytes);
        self.write_checked(&bytes)?;
        write_length(&mut self.index, (bytes.len() + CHECKSUM_BYTES) as u64);
        write_length(&mut self.index, self.block_first_key.len() as u64);
        self.index.extend_from_slice(&self.block_first_key);
        self.block.bytes = bytes;
        self.block.clear();
        Ok(())
    }

    /// Ends the run and gives back where it was written to.
    ///
    /// # Errors
    /// Where the file fails.
    pub fn finish(mut self) -> io::Result<(W, RunFacts)> {
        if !self.block.is_empty() {
            self.end_block()?;
        }
        let filter = std::mem::take(&mut self.filter);
        let filter_at = self.written_bytes;
        if !filter.as_bytes().is_empty() {
            self.write_checked(filter.as_bytes())?;
        }
        let index_at = self.written_bytes;
        let index = std::mem::take(&mut self.index);
        self.write_checked(&index)?;
        let (filter_bytes, index_bytes) = (index_at - filter_at, self.written_bytes - index_at);
        let mut footer = Vec::new();
        for number in [filter_at, filter_bytes, index_at, index_bytes, self.entries, self.tombstones] {
            footer.extend_from_slice(&number.to_le_bytes());
        }
        let (first, last) = self.first_group.map_or((1, 0), |first| (first, group_of(&self.last_key)));
        for number in [first, last, RUN_VERSION] {
            footer.extend_from_slice(&number.to_le_bytes());
        }
        footer.extend_from_slice(&crc32fast::hash(&footer).to_le_bytes());
        footer.extend_from_slice(&MAGIC);
        self.write(&footer)?;
        let facts = RunFacts {
            bytes: self.written_bytes,
            entries: self.entries,
            tombstones: self.tombstones,
            checksum: self.checksum.finalize(),
        };
        Ok((self.out, facts))
    }
}
