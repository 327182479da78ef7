//! What an operator's state looks like at a barrier, and how other subtasks restore from it.

use std::collections::BTreeMap;

use flott_record::KeyGroupRange;
use flott_record::key::key_group;

use crate::encoding::{DecodeError, StateValue, read_length, take, write_length};
use crate::limits::SNAPSHOT_VERSION;

/// One subtask's state of one operator: named keyed states as bytes per key group, and named lists of entries that any
/// subtask may take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorSnapshot {
    /// State name to key group to entries, one after the other.
    pub keyed: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    /// State name to entries; on restore the entries of all subtasks are dealt out evenly.
    pub lists: BTreeMap<String, Vec<Vec<u8>>>,
    /// State name to entries of which every subtask gets all (union).
    pub unions: BTreeMap<String, Vec<Vec<u8>>>,
}

impl OperatorSnapshot {
    /// The snapshot as bytes, with its version in front.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = SNAPSHOT_VERSION.to_le_bytes().to_vec();
        write_length(&mut out, self.keyed.len() as u64);
        for (name, groups) in &self.keyed {
            name.encode(&mut out);
            write_length(&mut out, groups.len() as u64);
            for (group, bytes) in groups {
                write_length(&mut out, u64::from(*group));
                bytes.encode(&mut out);
            }
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
        let version = take(input, 4)?;
        if version != SNAPSHOT_VERSION.to_le_bytes() {
            return Err(DecodeError(format!("snapshot version {version:?} is not known")));
        }
        let mut snapshot = OperatorSnapshot::default();
        for _ in 0..read_length(input)? {
            let name = String::decode(input)?;
            let mut groups = BTreeMap::new();
            for _ in 0..read_length(input)? {
                let group = read_length(input)? as u32;
                groups.insert(group, Vec::decode(input)?);
            }
            snapshot.keyed.insert(name, groups);
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
}

/// Collects an operator's state at a barrier.
#[derive(Debug)]
pub struct SnapshotWriter {
    max_parallelism: u32,
    snapshot: OperatorSnapshot,
}

impl SnapshotWriter {
    /// A writer for a job with this number of key groups.
    pub fn new(max_parallelism: u32) -> Self {
        SnapshotWriter { max_parallelism, snapshot: OperatorSnapshot::default() }
    }

    /// Adds one entry of a keyed state under its key's hash; `write` appends the entry (key included).
    pub fn keyed(&mut self, state: &str, hash: u32, write: impl FnOnce(&mut Vec<u8>)) {
        let group = key_group(hash, self.max_parallelism);
        if !self.snapshot.keyed.contains_key(state) {
            self.snapshot.keyed.insert(state.to_string(), BTreeMap::new());
        }
        if let Some(groups) = self.snapshot.keyed.get_mut(state) {
            write(groups.entry(group).or_default());
        }
    }

    /// Adds one entry that any one subtask may take on restore.
    pub fn list(&mut self, state: &str, entry: Vec<u8>) {
        self.snapshot.lists.entry(state.to_string()).or_default().push(entry);
    }

    /// Adds one entry that every subtask gets on restore.
    pub fn union(&mut self, state: &str, entry: Vec<u8>) {
        self.snapshot.unions.entry(state.to_string()).or_default().push(entry);
    }

    /// What was collected.
    pub fn finish(self) -> OperatorSnapshot {
        self.snapshot
    }
}

/// The snapshots of all former subtasks of an operator, as one new subtask sees them.
#[derive(Debug)]
pub struct SnapshotReader<'a> {
    snapshots: &'a [OperatorSnapshot],
    key_groups: KeyGroupRange,
    subtask: u32,
    parallelism: u32,
}

impl<'a> SnapshotReader<'a> {
    /// A reader for a subtask of the new parallelism.
    pub fn new(snapshots: &'a [OperatorSnapshot], key_groups: KeyGroupRange, subtask: u32, parallelism: u32) -> Self {
        assert!(subtask < parallelism);
        SnapshotReader { snapshots, key_groups, subtask, parallelism }
    }

    /// The bytes of a keyed state's entries for each key group of this subtask.
    pub fn keyed(&self, state: &str) -> impl Iterator<Item = (u32, &'a [u8])> {
        let range = self.key_groups;
        let of_state = self.snapshots.iter().filter_map(move |snapshot| snapshot.keyed.get(state));
        of_state
            .flat_map(|groups| groups.iter())
            .filter(move |(group, _)| range.contains(**group))
            .map(|(group, bytes)| (*group, bytes.as_slice()))
    }

    /// This subtask's share of a list state: entries are dealt out in turn.
    pub fn list(&self, state: &str) -> impl Iterator<Item = &'a [u8]> {
        let entries = self.snapshots.iter().filter_map(|snapshot| snapshot.lists.get(state)).flatten();
        let (subtask, parallelism) = (self.subtask as usize, self.parallelism as usize);
        entries.skip(subtask).step_by(parallelism).map(Vec::as_slice)
    }

    /// All entries of a union state.
    pub fn union(&self, state: &str) -> impl Iterator<Item = &'a [u8]> {
        self.snapshots.iter().filter_map(|snapshot| snapshot.unions.get(state)).flatten().map(Vec::as_slice)
    }
}
