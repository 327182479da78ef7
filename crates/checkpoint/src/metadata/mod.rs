//! What a checkpoint or savepoint consists of: the content of its object `_metadata`.
//!
//! ```text
//! "FLOTTCHK"  version u32  sections u32  checksum u32 (of all before)
//! section:    tag u32  length u64  checksum u32 (of tag, length and content)  content
//! ```
//!
//! Integers are little endian, checksums are CRC-32. All sections are there, once, in ascending order of their tags, and nothing follows the
//! last. Names are full: what a checkpoint needs can be found without knowing where its metadata was found.

mod decode;
mod encode;
mod error;

use std::collections::BTreeSet;

use flott_environment::ObjectName;

pub use error::MetadataError;

use crate::checksum::checksum;

/// The first bytes of metadata.
pub const MAGIC: [u8; 8] = *b"FLOTTCHK";

/// Why a checkpoint was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SnapshotKind {
    /// For recovery; belongs to the job.
    Checkpoint,
    /// By a user's wish; belongs to the user and is never deleted by the job.
    Savepoint,
}

/// A key-group range, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct KeyGroupSpan {
    pub first: u32,
    pub last: u32,
}

/// An object that is known to be durable: made from a store's answer, or read from metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectHandle {
    /// The store, as [`Metadata::locations`] names it; `None` for the store in which the metadata lies.
    pub location: Option<u32>,
    /// The full name in its store.
    pub name: ObjectName,
    /// Its length in bytes.
    pub len_bytes: u64,
    /// CRC-32 of its bytes.
    pub checksum: u32,
}

/// Where bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateHandle {
    /// Here: they are few.
    Inline(Vec<u8>),
    /// In an object.
    Object(ObjectHandle),
}

impl StateHandle {
    /// How many bytes it stands for.
    pub fn len_bytes(&self) -> u64 {
        match self {
            StateHandle::Inline(bytes) => bytes.len() as u64,
            StateHandle::Object(object) => object.len_bytes,
        }
    }

    /// The object, if there is one.
    pub fn object(&self) -> Option<&ObjectHandle> {
        match self {
            StateHandle::Inline(_) => None,
            StateHandle::Object(object) => Some(object),
        }
    }
}

/// One piece of a subtask's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatePart {
    /// What the state backend calls it; empty for the one part of a backend that has only one.
    pub role: String,
    /// Whether other checkpoints may refer to the same object.
    pub is_shared: bool,
    /// Key groups of which it holds entries, if it is keyed.
    pub key_groups: Option<KeyGroupSpan>,
    /// Where it is.
    pub handle: StateHandle,
}

/// How a state is dealt out when the job goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateKind {
    /// By key group.
    Keyed,
    /// Entries are dealt out in turn.
    List,
    /// Each subtask gets all.
    Union,
}

/// One named state of an operator, for people and for the check of types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDescription {
    /// The state's name in its operator.
    pub name: String,
    /// How it is dealt out.
    pub kind: StateKind,
    /// Its type as text; empty where the operator has its own encoding.
    pub type_text: String,
    /// Bytes in all subtasks.
    pub len_bytes: u64,
    /// Entries' key groups in all subtasks, if it is keyed and not empty.
    pub key_groups: Option<KeyGroupSpan>,
}

/// One operator's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorMetadata {
    /// Stays the same from version to version of a job.
    pub uid: String,
    /// For people.
    pub name: String,
    /// Its named states.
    pub states: Vec<StateDescription>,
    /// The parts of each former subtask.
    pub subtasks: Vec<Vec<StatePart>>,
}

/// One source's part: what was found and what is read how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceMetadata {
    /// As [`OperatorMetadata::uid`].
    pub uid: String,
    /// For people.
    pub name: String,
    /// The enumerator's state.
    pub enumerator: StateHandle,
    /// Splits that are not read to their end, with their positions: id and state, in the order in which they are dealt out.
    pub splits: Vec<(String, Vec<u8>)>,
}

/// What a sink commits with this checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkMetadata {
    /// As [`OperatorMetadata::uid`].
    pub uid: String,
    /// In the order in which they are committed.
    pub committables: Vec<Vec<u8>>,
}

/// Rows that were between two subtasks when barriers overtook them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlightMetadata {
    /// Uid of the receiving vertex's first operator.
    pub receiver_uid: String,
    /// The receiving subtask.
    pub subtask: u32,
    /// The receiver's input.
    pub input: u32,
    /// The channel of that input, which is the sending subtask.
    pub channel: u32,
    /// The rows, encoded.
    pub handle: StateHandle,
}

/// Everything from which a job goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The job's id.
    pub job_id: String,
    /// The job's name, for people.
    pub job_name: String,
    /// Ascending within a job, never used twice.
    pub checkpoint_id: u64,
    /// Why it was taken.
    pub kind: SnapshotKind,
    /// Who wrote it: rises with each leader of the job.
    pub epoch: u64,
    /// Key groups of the job; a restored job has as many.
    pub max_parallelism: u32,
    /// When it was triggered, milliseconds since the epoch.
    pub triggered_at_ms: i64,
    /// The name under which this was written.
    pub own_name: ObjectName,
    /// Other stores in which objects lie.
    pub locations: Vec<String>,
    /// Operators with state.
    pub operators: Vec<OperatorMetadata>,
    /// Sources.
    pub sources: Vec<SourceMetadata>,
    /// Sinks with something to commit.
    pub sinks: Vec<SinkMetadata>,
    /// Rows in flight.
    pub in_flight: Vec<InFlightMetadata>,
    /// Uids of the first operators of vertices that had ended altogether.
    pub finished: BTreeSet<String>,
}

impl Metadata {
    /// The metadata as bytes of version [`crate::limits::METADATA_VERSION`].
    pub fn to_bytes(&self) -> Vec<u8> {
        encode::encode(self)
    }

    /// The metadata of bytes.
    ///
    /// # Errors
    /// If the bytes are no metadata, of a version that is not known, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MetadataError> {
        decode::decode(bytes)
    }

    /// All objects that it needs, in its own order.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectHandle> {
        let states = self.operators.iter().flat_map(|operator| &operator.subtasks).flatten().map(|part| &part.handle);
        let sources = self.sources.iter().map(|source| &source.enumerator);
        let in_flight = self.in_flight.iter().map(|rows| &rows.handle);
        states.chain(sources).chain(in_flight).filter_map(StateHandle::object)
    }

    /// Bytes of state, inline or in objects.
    pub fn state_bytes(&self) -> u64 {
        let states = self.operators.iter().flat_map(|operator| &operator.subtasks).flatten().map(|part| &part.handle);
        let sources = self.sources.iter().map(|source| &source.enumerator);
        let in_flight = self.in_flight.iter().map(|rows| &rows.handle);
        states.chain(sources).chain(in_flight).map(StateHandle::len_bytes).sum()
    }
}

/// The checksum of one section: over its tag, its length and its content, so that no two can change places.
fn section_checksum(tag: u32, content: &[u8]) -> u32 {
    let mut framed = crc32fast::Hasher::new();
    framed.update(&tag.to_le_bytes());
    framed.update(&(content.len() as u64).to_le_bytes());
    framed.update(content);
    framed.finalize()
}

/// The checksum of the header.
fn header_checksum(header: &[u8]) -> u32 {
    checksum(header)
}

/// Tags of the sections.
mod tag {
    pub(super) const JOB: u32 = 1;
    pub(super) const LOCATIONS: u32 = 2;
    pub(super) const OPERATORS: u32 = 3;
    pub(super) const SOURCES: u32 = 4;
    pub(super) const SINKS: u32 = 5;
    pub(super) const IN_FLIGHT: u32 = 6;
    pub(super) const FINISHED: u32 = 7;
    pub(super) const ALL: [u32; 7] = [JOB, LOCATIONS, OPERATORS, SOURCES, SINKS, IN_FLIGHT, FINISHED];

    pub(super) fn name(tag: u32) -> &'static str {
        match tag {
            JOB => "job",
            LOCATIONS => "locations",
            OPERATORS => "operators",
            SOURCES => "sources",
            SINKS => "sinks",
            IN_FLIGHT => "rows in flight",
            FINISHED => "finished operators",
            _ => "unknown section",
        }
    }
}
