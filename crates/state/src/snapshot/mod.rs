//! What an operator's state looks like at a barrier, and how other subtasks restore from it.
//!
//! ```text
//! barrier        SnapshotWriter   the slot's thread: copies what has changed, takes references of what has not
//! then           FrozenSnapshot   any thread: sorts, encodes and checksums what was copied, writes it to a RunStore
//! acknowledged   OperatorSnapshot names of runs and where they lie, lists
//! restore        SnapshotReader   a subtask's share of the snapshots of all former subtasks
//! ```

mod frozen;
mod reader;
mod writer;

use std::collections::BTreeMap;

pub(crate) use self::frozen::open as open_run;
pub use self::frozen::{Entries, Fill, FrozenSnapshot, InlineRuns, RunStore};
pub use self::reader::{KeyedEntry, SnapshotReader};
pub use self::writer::{Increment, SnapshotWriter, StateWriter};
use crate::encoding::{DecodeError, StateValue, read_length, take, write_length};
use crate::limits::SNAPSHOT_VERSION;
use crate::run::RunRef;

const MAGIC: [u8; 4] = *b"FLOS";

/// One subtask's state of one operator: named keyed states as runs, and named lists of entries that any subtask may take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorSnapshot {
    /// State name to its content.
    pub keyed: BTreeMap<String, KeyedSnapshot>,
    /// State name to entries; on restore the entries of all subtasks are dealt out evenly.
    pub lists: BTreeMap<String, Vec<Vec<u8>>>,
    /// State name to entries of which every subtask gets all (union).
    pub unions: BTreeMap<String, Vec<Vec<u8>>>,
}

/// One keyed state of one subtask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyedSnapshot {
    /// What its values are, as [`crate::schema::RowSchema`] encodes it; empty where values are of a Rust type.
    pub schema: Vec<u8>,
    /// Its entries, oldest run first: the newest that has a key decides.
    pub runs: Vec<RunRef>,
}

impl OperatorSnapshot {
    /// The snapshot as bytes, with its version in front.
    ///
    /// # Panics
    /// If a run's body is a source: a [`RunStore`] has put each of them somewhere.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
        write_length(&mut out, self.keyed.len() as u64);
        for (name, state) in &self.keyed {
            name.encode(&mut out);
            state.schema.encode(&mut out);
            write_length(&mut out, state.runs.len() as u64);
            state.runs.iter().for_each(|run| run.encode(&mut out));
        }
        for lists in [&self.lists, &self.unions] {
            write_length(&mut out, lists.len() as u64);
            for (name, entries) in lists {
                name.encode(&mut out);
                write_length(&mut out, entries.len() as u64);
                entries.iter().for_each(|entry| entry.encode(&mut out));
            }
        }
        out
    }

    /// The snapshot of bytes.
    ///
    /// # Errors
    /// If the bytes are no snapshot of a known version.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, DecodeError> {
        let input = &mut bytes;
        if take(input, 4)? != MAGIC {
            return Err(DecodeError("the bytes are no operator's snapshot".to_string()));
        }
        let version = u32::from_le_bytes(<[u8; 4]>::try_from(take(input, 4)?).unwrap_or([0; 4]));
        if version != SNAPSHOT_VERSION {
            let text = format!("an operator's snapshot of version {version}; this build reads {SNAPSHOT_VERSION}");
            return Err(DecodeError(text));
        }
        let mut snapshot = OperatorSnapshot::default();
        for _ in 0..read_length(input)? {
            let name = String::decode(input)?;
            let schema = Vec::decode(input)?;
            let count = read_length(input)?;
            let runs: Result<Vec<RunRef>, DecodeError> = (0..count).map(|_| RunRef::decode(input)).collect();
            snapshot.keyed.insert(name, KeyedSnapshot { schema, runs: runs? });
        }
        for target in [&mut snapshot.lists, &mut snapshot.unions] {
            for _ in 0..read_length(input)? {
                let name = String::decode(input)?;
                let count = read_length(input)?;
                let entries: Result<Vec<Vec<u8>>, DecodeError> = (0..count).map(|_| Vec::decode(input)).collect();
                target.insert(name, entries?);
            }
        }
        if input.is_empty() { Ok(snapshot) } else { Err(DecodeError(format!("{} bytes too many", input.len()))) }
    }

    /// All runs of all keyed states.
    pub fn runs(&self) -> impl Iterator<Item = &RunRef> {
        self.keyed.values().flat_map(|state| &state.runs)
    }

    /// All runs, for putting in where they lie.
    pub fn runs_mut(&mut self) -> impl Iterator<Item = &mut RunRef> {
        self.keyed.values_mut().flat_map(|state| &mut state.runs)
    }
}
