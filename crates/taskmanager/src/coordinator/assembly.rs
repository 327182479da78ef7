//! The parts of one checkpoint, from the first to the metadata.

use std::collections::{BTreeMap, BTreeSet};

use flott_checkpoint::TaskId;
use flott_checkpoint::coordinator::RequestKind;
use flott_checkpoint::metadata::{
    Metadata, OperatorMetadata, SinkMetadata, SnapshotKind, SourceMetadata, StateHandle, StatePart,
};
use flott_checkpoint::store::{SnapshotReader, SnapshotWriter};
use flott_connector::Committable;
use flott_environment::ObjectName;

use crate::coordinator::describe::{Described, describe, merge_states};
use crate::message::TaskState;
use crate::operator_state::OperatorState;
use crate::snapshot::{JobSnapshot, SourceSnapshot};

/// What is known of a vertex's operators.
#[derive(Clone, Debug)]
pub(crate) struct VertexUids {
    pub(crate) first: String,
    pub(crate) last: String,
    /// Uid to name, of all.
    pub(crate) names: BTreeMap<String, String>,
}

/// A source when a checkpoint was triggered.
#[derive(Clone, Debug)]
pub(crate) struct SourceAtTrigger {
    /// Enumerator and unassigned splits.
    pub(crate) snapshot: SourceSnapshot,
    /// Ids of the splits that are not read to their end, in order.
    pub(crate) split_order: Vec<String>,
}

/// Where a checkpoint or savepoint is written.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) writer: SnapshotWriter,
    pub(crate) reader: SnapshotReader,
    pub(crate) folder: String,
    /// The folder's path for people; empty in memory.
    pub(crate) path: String,
}

/// One operator's state of one subtask.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) uid: String,
    /// The bytes of an object, where somebody waits for the snapshot.
    bytes: Option<Vec<u8>>,
    /// Where it is durable; inline bytes are so with the metadata.
    pub(crate) handle: StateHandle,
    pub(crate) described: Described,
}

/// What does not change from checkpoint to checkpoint.
pub(crate) struct JobFacts {
    pub(crate) job_id: String,
    pub(crate) job_name: String,
    pub(crate) epoch: u64,
    pub(crate) max_parallelism: u32,
    pub(crate) inline_bytes_max: u64,
    pub(crate) vertices: Vec<VertexUids>,
    pub(crate) tasks: BTreeSet<TaskId>,
}

/// A checkpoint under way.
pub(crate) struct Assembly {
    pub(crate) checkpoint_id: u64,
    pub(crate) kind: RequestKind,
    pub(crate) triggered_at_ms: i64,
    pub(crate) target: Target,
    pub(crate) stored: BTreeMap<TaskId, Vec<Stored>>,
    splits: BTreeMap<TaskId, Vec<flott_connector::Split>>,
    /// Last states of tasks that ended before they passed the barrier; they are written with the metadata.
    ended: BTreeMap<TaskId, TaskState>,
    sources: BTreeMap<String, SourceAtTrigger>,
    /// Whether somebody waits for the snapshot itself.
    pub(crate) is_wanted: bool,
}

/// What was assembled.
pub(crate) struct Assembled {
    pub(crate) metadata: Metadata,
    pub(crate) snapshot: JobSnapshot,
    /// Objects that were written last.
    pub(crate) objects: Vec<ObjectName>,
}

impl Assembly {
    pub(crate) fn new(
        (checkpoint_id, kind): (u64, RequestKind),
        triggered_at_ms: i64,
        target: Target,
        sources: BTreeMap<String, SourceAtTrigger>,
        is_wanted: bool,
    ) -> Self {
        Assembly {
            checkpoint_id,
            kind,
            triggered_at_ms,
            target,
            stored: BTreeMap::new(),
            splits: BTreeMap::new(),
            ended: BTreeMap::new(),
            sources,
            is_wanted,
        }
    }

    /// Whether a task's part is here or on its way to the store.
    pub(crate) fn has(&self, task: TaskId) -> bool {
        self.splits.contains_key(&task) || self.ended.contains_key(&task)
    }

    /// A task has passed the barrier.
    pub(crate) fn passed(&mut self, task: TaskId, splits: Vec<flott_connector::Split>) {
        self.splits.entry(task).or_insert(splits);
    }

    /// A task ended. If it has not passed the barrier, its last state is its part.
    pub(crate) fn end(&mut self, task: TaskId, last_state: &TaskState) {
        if !self.has(task) {
            self.ended.insert(task, TaskState { committables: Vec::new(), ..last_state.clone() });
        }
    }

    /// Writes what is not durable yet and makes the metadata. Blocks.
    pub(crate) fn finish(
        mut self,
        facts: &JobFacts,
        committables: &BTreeMap<u32, Vec<Vec<u8>>>,
    ) -> Result<Assembled, String> {
        let mut objects = Vec::new();
        for (task, state) in std::mem::take(&mut self.ended) {
            let stored = store_part(state.operators, &self.target, facts.inline_bytes_max, self.is_wanted)?;
            objects.extend(objects_of(&stored));
            self.stored.insert(task, stored);
        }
        let snapshot = self.snapshot(facts, committables);
        let own_name = self.target.writer.metadata_name(&self.target.folder).map_err(|error| error.to_string())?;
        let is_savepoint = self.kind.is_savepoint();
        let metadata = Metadata {
            job_id: facts.job_id.clone(),
            job_name: facts.job_name.clone(),
            checkpoint_id: self.checkpoint_id,
            kind: if is_savepoint { SnapshotKind::Savepoint } else { SnapshotKind::Checkpoint },
            epoch: facts.epoch,
            max_parallelism: facts.max_parallelism,
            triggered_at_ms: self.triggered_at_ms,
            own_name,
            locations: Vec::new(),
            operators: self.operators(facts),
            sources: snapshot.sources.iter().map(|(uid, source)| source_metadata(uid, source, facts)).collect(),
            sinks: sink_metadata(&snapshot),
            in_flight: Vec::new(),
            finished: snapshot.finished.clone(),
        };
        Ok(Assembled { metadata, snapshot, objects })
    }

    fn operators(&self, facts: &JobFacts) -> Vec<OperatorMetadata> {
        let mut operators: BTreeMap<&str, OperatorMetadata> = BTreeMap::new();
        for (task, stored) in &self.stored {
            let names = &facts.vertices[task.vertex as usize].names;
            for part in stored {
                let operator = operators.entry(&part.uid).or_insert_with(|| OperatorMetadata {
                    uid: part.uid.clone(),
                    name: names.get(&part.uid).cloned().unwrap_or_default(),
                    states: Vec::new(),
                    subtasks: Vec::new(),
                });
                merge_states(&mut operator.states, &part.described.states);
                operator.subtasks.push(vec![StatePart {
                    role: String::new(),
                    is_shared: false,
                    key_groups: part.described.key_groups,
                    handle: part.handle.clone(),
                }]);
            }
        }
        operators.into_values().collect()
    }

    /// The same as what a restore reads, but for the operators' states where nobody waits for them.
    fn snapshot(&self, facts: &JobFacts, committables: &BTreeMap<u32, Vec<Vec<u8>>>) -> JobSnapshot {
        let mut snapshot = JobSnapshot {
            checkpoint_id: self.checkpoint_id,
            max_parallelism: facts.max_parallelism,
            path: self.target.path.clone(),
            ..JobSnapshot::default()
        };
        for (vertex, uids) in facts.vertices.iter().enumerate() {
            let mut tasks = facts.tasks.iter().filter(|task| task.vertex as usize == vertex);
            if tasks.all(|task| !self.splits.contains_key(task)) {
                snapshot.finished.insert(uids.first.clone());
            }
        }
        for part in self.stored.values().flatten() {
            let bytes = match &part.handle {
                StateHandle::Inline(bytes) => Some(bytes),
                StateHandle::Object(_) => part.bytes.as_ref(),
            };
            if let Some(bytes) = bytes.filter(|_| self.is_wanted) {
                snapshot.operators.entry(part.uid.clone()).or_default().push(bytes.clone());
            }
        }
        let mut sources = self.sources.clone();
        for (task, splits) in &self.splits {
            if let Some(source) = sources.get_mut(&facts.vertices[task.vertex as usize].first) {
                source.snapshot.splits.extend(splits.iter().cloned());
            }
        }
        for (uid, mut source) in sources {
            let positions: BTreeMap<&String, usize> = source.split_order.iter().zip(0..).collect();
            source.snapshot.splits.sort_by_key(|split| positions.get(&split.id).copied());
            snapshot.sources.insert(uid, source.snapshot);
        }
        for (vertex, committables) in committables {
            let uid = facts.vertices[*vertex as usize].last.clone();
            let committables = committables.iter().map(|state| Committable { state: state.clone() }).collect();
            snapshot.committables.insert(uid, committables);
        }
        snapshot
    }
}

fn source_metadata(uid: &str, source: &SourceSnapshot, facts: &JobFacts) -> SourceMetadata {
    let name = facts.vertices.iter().find_map(|vertex| vertex.names.get(uid)).cloned();
    SourceMetadata {
        uid: uid.to_string(),
        name: name.unwrap_or_default(),
        enumerator: StateHandle::Inline(source.enumerator.clone()),
        splits: source.splits.iter().map(|split| (split.id.clone(), split.state.clone())).collect(),
    }
}

fn sink_metadata(snapshot: &JobSnapshot) -> Vec<SinkMetadata> {
    let sink = |(uid, committables): (&String, &Vec<Committable>)| SinkMetadata {
        uid: uid.clone(),
        committables: committables.iter().map(|committable| committable.state.clone()).collect(),
    };
    snapshot.committables.iter().map(sink).collect()
}

/// Makes a task's part durable: what is small stays for the metadata, what is not becomes an object. Blocks if something is not small.
pub(crate) fn store_part(
    operators: Vec<(String, OperatorState)>,
    target: &Target,
    inline_bytes_max: u64,
    is_wanted: bool,
) -> Result<Vec<Stored>, String> {
    let store = |(uid, state): (String, OperatorState)| {
        let bytes = state.into_bytes()?;
        let described = describe(&bytes);
        if bytes.len() as u64 <= inline_bytes_max {
            return Ok(Stored { uid, bytes: None, handle: StateHandle::Inline(bytes), described });
        }
        let object = target.writer.put_exclusive(&target.folder, &bytes).map_err(|error| error.to_string())?;
        let handle = StateHandle::Object(object);
        Ok(Stored { uid, bytes: is_wanted.then_some(bytes), handle, described })
    };
    operators.into_iter().map(store).collect()
}

/// Whether nothing of a task's part needs an object.
pub(crate) fn is_all_inline(operators: &[(String, OperatorState)], inline_bytes_max: u64) -> bool {
    operators.iter().all(|(_, state)| state.bytes_about() <= inline_bytes_max)
}

/// The objects of a part.
pub(crate) fn objects_of(stored: &[Stored]) -> Vec<ObjectName> {
    stored.iter().filter_map(|part| part.handle.object()).map(|object| object.name.clone()).collect()
}
