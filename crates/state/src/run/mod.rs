//! Runs: sorted, immutable files of entries, in which all keyed state lies once it has left the operator's memory.
//!
//! One format serves snapshots of every backend and the local files of the disk backend, so that a snapshot taken with one is restored
//! with another, and an incremental checkpoint is a list of runs of which most were uploaded before.
//!
//! ```text
//! run      header  block…  filter  index  footer
//! header   "FLOTTRUN", version (u32), 0 (u32)
//! block    entries, CRC-32 of them (u32)
//! entry    shared, rest, 2 × value's length + (1 if tombstone), each LEB128; the key from its byte `shared` on; the value
//! key      key group (u16, big endian), key bytes; `shared` counts bytes that equal those of the entry before in the block (0 in the first)
//! filter   cache lines of a Bloom filter, CRC-32; nothing at all if the run has none
//! index    for each block: length with CRC, length of the first key, each LEB128, first key; then CRC-32
//! footer   offset and length of filter and of index, entries, tombstones (u64 each), first and last key group, version, CRC-32 of the
//!          footer so far (u32 each), "FLOTTRUN"
//! ```
//!
//! All integers are little endian but for the key group. Keys ascend as bytes and are unique. A **tombstone** says that an older run's
//! entry of that key is gone. Among several runs of one state the newest that has a key decides ([`Merge`]).

mod block;
mod filter;
mod merge;
mod reader;
mod writer;

use std::fmt;
use std::sync::Arc;

use flott_record::KeyGroupRange;

pub use self::filter::key_hash;
pub use self::merge::Merge;
pub(crate) use self::reader::find_in_block;
pub use self::reader::{Run, RunCursor, RunFile, RunSource};
pub use self::writer::{RunOptions, RunWriter};
use crate::encoding::{DecodeError, StateValue, read_length, take, write_length};

pub(crate) const MAGIC: [u8; 8] = *b"FLOTTRUN";
pub(crate) const HEADER_BYTES: usize = 16;
pub(crate) const FOOTER_BYTES: usize = 72;
pub(crate) const CHECKSUM_BYTES: usize = 4;
/// Bytes of the key group in front of a key.
pub(crate) const GROUP_BYTES: usize = 2;

/// The name of a run, unique for ever: an object that has been uploaded for it is never another run's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// A name that its maker knows to be unique.
    pub fn new(name: impl Into<String>) -> Self {
        RunId(name.into())
    }

    /// The name: letters, digits and `-`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is known of a run without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunFacts {
    /// Length in bytes.
    pub bytes: u64,
    /// Number of entries, tombstones included.
    pub entries: u64,
    /// Number of tombstones.
    pub tombstones: u64,
    /// CRC-32 of all bytes.
    pub checksum: u32,
}

/// A run as a snapshot names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRef {
    /// Which run.
    pub id: RunId,
    /// Entries of other key groups are not part of the snapshot, even if the run has them.
    pub key_groups: KeyGroupRange,
    /// Its size and content.
    pub facts: RunFacts,
    /// Where it lies.
    pub body: RunBody,
}

/// Where a run's bytes are.
#[derive(Clone)]
pub enum RunBody {
    /// In the snapshot itself.
    Inline(Arc<[u8]>),
    /// In an object, by whatever handle the checkpoint's store gave it.
    Object(Vec<u8>),
    /// Wherever the completed checkpoint that the snapshot builds on has it. The checkpoint's coordinator puts that place in.
    Earlier,
    /// Somewhere it can be read from by this process: a local file that is not uploaded yet, or an object about to be restored.
    Source(Arc<dyn RunSource>),
}

impl fmt::Debug for RunBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunBody::Inline(bytes) => write!(formatter, "Inline({} bytes)", bytes.len()),
            RunBody::Object(handle) => write!(formatter, "Object({handle:?})"),
            RunBody::Earlier => formatter.write_str("Earlier"),
            RunBody::Source(_) => formatter.write_str("Source"),
        }
    }
}

/// Sources are never equal, as nobody knows what is in them without reading.
impl PartialEq for RunBody {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (RunBody::Inline(one), RunBody::Inline(other)) => one == other,
            (RunBody::Object(one), RunBody::Object(other)) => one == other,
            (RunBody::Earlier, RunBody::Earlier) => true,
            _ => false,
        }
    }
}

impl Eq for RunBody {}

const INLINE: u8 = 0;
const OBJECT: u8 = 1;
const EARLIER: u8 = 2;

impl StateValue for RunRef {
    /// # Panics
    /// If the body is a source: it is uploaded or inlined before a snapshot becomes bytes.
    fn encode(&self, out: &mut Vec<u8>) {
        self.id.0.encode(out);
        for number in [self.key_groups.start, self.key_groups.end, self.facts.checksum] {
            write_length(out, u64::from(number));
        }
        for number in [self.facts.bytes, self.facts.entries, self.facts.tombstones] {
            write_length(out, number);
        }
        match &self.body {
            RunBody::Inline(bytes) => {
                out.push(INLINE);
                write_length(out, bytes.len() as u64);
                out.extend_from_slice(bytes);
            }
            RunBody::Object(handle) => {
                out.push(OBJECT);
                handle.encode(out);
            }
            RunBody::Earlier => out.push(EARLIER),
            RunBody::Source(_) => panic!("run {} is uploaded or inlined before its snapshot becomes bytes", self.id),
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let id = RunId(String::decode(bytes)?);
        let small = |bytes: &mut &[u8]| {
            u32::try_from(read_length(bytes)?).map_err(|_| DecodeError(format!("run {id}: a number is too large")))
        };
        let key_groups = KeyGroupRange { start: small(bytes)?, end: small(bytes)? };
        let checksum = small(bytes)?;
        let facts = RunFacts {
            bytes: read_length(bytes)?,
            entries: read_length(bytes)?,
            tombstones: read_length(bytes)?,
            checksum,
        };
        let body = match take(bytes, 1)?[0] {
            INLINE => {
                let length = read_length(bytes)? as usize;
                RunBody::Inline(take(bytes, length)?.into())
            }
            OBJECT => RunBody::Object(Vec::decode(bytes)?),
            EARLIER => RunBody::Earlier,
            other => return Err(DecodeError(format!("run {id} lies in a place of kind {other}, which is not known"))),
        };
        Ok(RunRef { id, key_groups, facts, body })
    }
}

/// A key as runs order it: key group, then key bytes.
pub(crate) fn run_key(group: u32, key: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&(group as u16).to_be_bytes());
    out.extend_from_slice(key);
}

/// The key group of a key as runs order it.
pub(crate) fn group_of(run_key: &[u8]) -> u32 {
    u32::from(u16::from_be_bytes([run_key[0], run_key[1]]))
}

#[cfg(test)]
mod tests;
