//! Collects an operator's state at a barrier, on the slot's thread.

use flott_record::KeyGroupRange;
use flott_record::key::key_group;

use super::OperatorSnapshot;
use super::frozen::{Entries, FrozenSnapshot, FrozenState, InlineRuns};
use crate::error::StateError;
use crate::run::{RunBody, RunFacts, RunId, RunRef};
use crate::schema::RowSchema;

/// What an incremental checkpoint is asked for with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Increment {
    /// Begins the names of runs: unique among all attempts of all subtasks of all operators, for ever. Letters, digits and `-`.
    pub owner: String,
    /// The checkpoint; each number once an owner.
    pub checkpoint_id: u64,
    /// The latest checkpoint that is known to be complete: its runs may be referred to, those of later ones not.
    pub completed_id: Option<u64>,
}

/// Collects an operator's state at a barrier.
#[derive(Debug)]
pub struct SnapshotWriter {
    max_parallelism: u32,
    increment: Option<Increment>,
    frozen: FrozenSnapshot,
}

impl SnapshotWriter {
    /// A writer of a full snapshot of a job with this number of key groups: each state becomes one run without tombstones, the same
    /// whatever the backend.
    pub fn new(max_parallelism: u32) -> Self {
        SnapshotWriter { max_parallelism, increment: None, frozen: FrozenSnapshot::default() }
    }

    /// A writer of an incremental snapshot: what is in a completed checkpoint already is referred to.
    pub fn incremental(max_parallelism: u32, increment: Increment) -> Self {
        SnapshotWriter { increment: Some(increment), ..SnapshotWriter::new(max_parallelism) }
    }

    /// What an incremental snapshot is asked for with; `None` if all is to be written.
    pub fn increment(&self) -> Option<&Increment> {
        self.increment.as_ref()
    }

    /// Begins a keyed state.
    ///
    /// # Panics
    /// If the state was begun before: a fault of the operator.
    pub fn state(&mut self, name: &str) -> StateWriter<'_> {
        let index = self.frozen.keyed.len();
        let (owner, checkpoint_id) = self
            .increment
            .as_ref()
            .map_or(("full", 0), |increment| (increment.owner.as_str(), increment.checkpoint_id));
        let state = FrozenState::new(RunId::new(format!("{owner}-{checkpoint_id}-{index}")), self.increment.is_none());
        let former = self.frozen.keyed.insert(name.to_string(), state);
        assert!(former.is_none(), "state {name} is written once");
        let state = self.frozen.keyed.get_mut(name).expect("just inserted");
        StateWriter { max_parallelism: self.max_parallelism, state }
    }

    /// Adds one entry that any one subtask may take on restore.
    pub fn list(&mut self, state: &str, entry: Vec<u8>) {
        self.frozen.lists.entry(state.to_string()).or_default().push(entry);
    }

    /// Adds one entry that every subtask gets on restore.
    pub fn union(&mut self, state: &str, entry: Vec<u8>) {
        self.frozen.unions.entry(state.to_string()).or_default().push(entry);
    }

    /// What was collected, to be encoded by another thread.
    pub fn freeze(self) -> FrozenSnapshot {
        self.frozen
    }

    /// What was collected, encoded here and now, all runs inline.
    ///
    /// # Errors
    /// If local files of the state cannot be read.
    pub fn finish(self) -> Result<OperatorSnapshot, StateError> {
        self.frozen.encode(&mut InlineRuns)
    }
}

/// Collects the entries of one keyed state.
#[derive(Debug)]
pub struct StateWriter<'a> {
    max_parallelism: u32,
    state: &'a mut FrozenState,
}

impl StateWriter<'_> {
    /// The name of the run that the entries become.
    pub fn run_id(&self) -> &RunId {
        &self.state.run_id
    }

    /// Says what rows in the values are of, if there are any.
    pub fn schema(&mut self, schema: Option<&RowSchema>) {
        self.state.schema = schema.map(RowSchema::to_bytes).unwrap_or_default();
    }

    /// All key groups of the job: a run of a subtask has no others' keys.
    pub fn all_key_groups(&self) -> KeyGroupRange {
        KeyGroupRange { start: 0, end: self.max_parallelism }
    }

    /// Adds the entry of a key with this hash; the closures append the whole key and the value. Each key is added once.
    pub fn put(&mut self, hash: u32, key: impl FnOnce(&mut Vec<u8>), value: impl FnOnce(&mut Vec<u8>)) {
        let group = key_group(hash, self.max_parallelism);
        self.state.entries.put(group, key, value);
    }

    /// Says that a key of an earlier run is gone.
    pub fn remove(&mut self, hash: u32, key: impl FnOnce(&mut Vec<u8>)) {
        let group = key_group(hash, self.max_parallelism);
        self.state.entries.remove(group, key);
    }

    /// Adds a run that lies below what is put here and above the runs added before.
    pub fn layer(&mut self, run: RunRef) {
        self.state.layers.push(run);
    }

    /// About the run that the entries put so far become, if there are any; its length is what it is before it is encoded.
    pub(crate) fn put_entries(&self) -> Option<RunFacts> {
        let Entries { count, tombstones, bytes, .. } = self.state.entries;
        (count > 0).then_some(RunFacts { bytes: bytes as u64, entries: count, tombstones, checksum: 0 })
    }

    /// The run that the entries put so far become, as later snapshots refer to it.
    pub(crate) fn as_earlier(&self, facts: RunFacts) -> RunRef {
        let key_groups = self.state.entries.key_groups().unwrap_or(KeyGroupRange { start: 0, end: 0 });
        RunRef { id: self.state.run_id.clone(), key_groups, facts, body: RunBody::Earlier }
    }
}
