//! Collects the parts of one checkpoint, as a pure state machine.

use std::collections::{BTreeMap, BTreeSet};

use flott_connector::Committable;

use crate::failure::TaskId;
use crate::message::TaskState;
use crate::snapshot::{JobSnapshot, SourceSnapshot};

/// Uids of a vertex's first and last operator.
#[derive(Clone, Debug)]
pub(crate) struct VertexUids {
    pub(crate) first: String,
    pub(crate) last: String,
}

/// A checkpoint under way.
#[derive(Debug)]
pub(crate) struct Collection {
    checkpoint_id: u64,
    max_parallelism: u32,
    expected: BTreeSet<TaskId>,
    states: BTreeMap<TaskId, TaskState>,
    /// Subtasks whose part is their last state, since they have ended.
    ended: BTreeSet<TaskId>,
    /// Enumerators and unassigned splits when the checkpoint was triggered, by the source's uid.
    sources: BTreeMap<String, SourceAtTrigger>,
}

/// A source when a checkpoint was triggered.
#[derive(Debug)]
pub(crate) struct SourceAtTrigger {
    /// Enumerator and unassigned splits.
    pub(crate) snapshot: SourceSnapshot,
    /// Ids of the splits that are not read to their end, in order.
    pub(crate) split_order: Vec<String>,
}

impl Collection {
    pub(crate) fn new(
        checkpoint_id: u64,
        max_parallelism: u32,
        expected: BTreeSet<TaskId>,
        sources: BTreeMap<String, SourceAtTrigger>,
    ) -> Self {
        Collection {
            checkpoint_id,
            max_parallelism,
            expected,
            states: BTreeMap::new(),
            ended: BTreeSet::new(),
            sources,
        }
    }

    pub(crate) fn checkpoint_id(&self) -> u64 {
        self.checkpoint_id
    }

    /// Takes a subtask's part. Parts of other checkpoints are ignored by their number.
    pub(crate) fn add(&mut self, task: TaskId, checkpoint_id: u64, state: TaskState) {
        if checkpoint_id == self.checkpoint_id {
            self.states.entry(task).or_insert(state);
        }
    }

    /// A subtask ended. If it has not passed the barrier, its last state is its part. False if it has none: then there is no checkpoint.
    #[must_use]
    pub(crate) fn end(&mut self, task: TaskId, last_state: Option<&TaskState>) -> bool {
        if self.states.contains_key(&task) {
            return true;
        }
        let Some(last_state) = last_state else { return false };
        self.states.insert(task, last_state.clone());
        self.ended.insert(task);
        true
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.states.len() == self.expected.len()
    }

    /// Subtasks whose part is their last state: what their sinks wrote last belongs to this checkpoint.
    pub(crate) fn ended(&self) -> &BTreeSet<TaskId> {
        &self.ended
    }

    /// What sinks prepared, by vertex, of a checkpoint that is given up or complete.
    pub(crate) fn committables(&self) -> BTreeMap<u32, Vec<Committable>> {
        let mut committables: BTreeMap<u32, Vec<Committable>> = BTreeMap::new();
        for (task, state) in self.states.iter().filter(|(_, state)| !state.committables.is_empty()) {
            committables.entry(task.vertex).or_default().extend(state.committables.iter().cloned());
        }
        committables
    }

    /// The whole, with what is to be committed by vertex.
    pub(crate) fn into_snapshot(
        self,
        vertices: &[VertexUids],
        committables: &BTreeMap<u32, Vec<Committable>>,
    ) -> JobSnapshot {
        let mut snapshot = JobSnapshot {
            checkpoint_id: self.checkpoint_id,
            max_parallelism: self.max_parallelism,
            ..JobSnapshot::default()
        };
        for (vertex, uids) in vertices.iter().enumerate() {
            let mut tasks = self.expected.iter().filter(|task| task.vertex as usize == vertex);
            if tasks.all(|task| self.ended.contains(task)) {
                snapshot.finished.insert(uids.first.clone());
            }
        }
        let mut sources = self.sources;
        for (task, state) in self.states {
            for (uid, bytes) in state.operators {
                snapshot.operators.entry(uid).or_default().push(bytes);
            }
            if let Some(source) = sources.get_mut(&vertices[task.vertex as usize].first) {
                source.snapshot.splits.extend(state.splits);
            }
        }
        for (uid, mut source) in sources {
            let positions: BTreeMap<&String, usize> = source.split_order.iter().zip(0..).collect();
            source.snapshot.splits.sort_by_key(|split| positions.get(&split.id).copied());
            snapshot.sources.insert(uid, source.snapshot);
        }
        for (vertex, committables) in committables {
            snapshot.committables.insert(vertices[*vertex as usize].last.clone(), committables.clone());
        }
        snapshot
    }
}

#[cfg(test)]
mod tests {
    use flott_connector::Split;

    use super::*;

    fn task(vertex: u32, subtask: u32) -> TaskId {
        TaskId { vertex, subtask }
    }

    fn state(byte: u8) -> TaskState {
        TaskState { operators: vec![("calc".to_string(), vec![byte])], ..TaskState::default() }
    }

    fn uids() -> Vec<VertexUids> {
        [("source", "calc"), ("agg", "sink")]
            .map(|(first, last)| VertexUids { first: first.to_string(), last: last.to_string() })
            .to_vec()
    }

    fn collection() -> Collection {
        let expected = BTreeSet::from([task(0, 0), task(0, 1), task(1, 0)]);
        let snapshot =
            SourceSnapshot { enumerator: vec![1], splits: vec![Split { id: "b".to_string(), state: vec![] }] };
        let source = SourceAtTrigger { snapshot, split_order: vec!["a".to_string(), "b".to_string()] };
        Collection::new(3, 128, expected, BTreeMap::from([("source".to_string(), source)]))
    }

    #[test]
    fn all_parts_make_a_whole_with_read_and_unread_splits() {
        let mut collection = collection();
        let split = Split { id: "a".to_string(), state: vec![9] };
        collection.add(task(0, 1), 3, TaskState { splits: vec![split], ..state(2) });
        collection.add(task(0, 0), 2, state(7));
        collection.add(task(0, 0), 3, state(1));
        assert!(!collection.is_complete());
        collection.add(task(1, 0), 3, TaskState::default());
        assert!(collection.is_complete());
        let snapshot = collection.into_snapshot(&uids(), &BTreeMap::new());
        assert_eq!(snapshot.operators["calc"], [vec![1], vec![2]]);
        let ids: Vec<&str> = snapshot.sources["source"].splits.iter().map(|split| split.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
        assert!(snapshot.finished.is_empty());
    }

    #[test]
    fn ended_subtasks_give_their_last_state_and_a_vertex_that_ended_is_noted() {
        let mut collection = collection();
        assert!(collection.end(task(0, 0), Some(&state(1))));
        assert!(collection.end(task(0, 1), Some(&state(2))));
        collection.add(task(1, 0), 3, TaskState::default());
        assert!(collection.end(task(1, 0), None), "it has passed the barrier");
        let snapshot = collection.into_snapshot(&uids(), &BTreeMap::new());
        assert_eq!(snapshot.finished, BTreeSet::from(["source".to_string()]));
    }

    #[test]
    fn a_subtask_that_ended_without_a_state_prevents_the_checkpoint() {
        assert!(!collection().end(task(0, 0), None));
    }
}
