//! What subtasks and coordinator tell each other.

use std::sync::Arc;

use flott_checkpoint::coordinator::RequestKind;
use flott_connector::{Committable, Split};
use flott_record::Barrier;

use crate::checkpoint::CheckpointCell;
use crate::failure::{JobFailure, TaskId};
use crate::operator_state::OperatorState;

/// To a source's subtask. Handled in order: a trigger cuts between the splits assigned before and those after it.
#[derive(Debug)]
pub(crate) enum ToTask {
    /// A split to read.
    AssignSplit(Split),
    /// There is none now, but there may be later.
    NoSplitNow,
    /// There will be none any more.
    NoMoreSplits,
    /// Inject this barrier.
    Trigger {
        /// The barrier.
        barrier: Barrier,
        /// Read nothing after it: the job stops with this checkpoint.
        stops: bool,
        /// Bring event time to its end before it, so that all windows fire.
        drains: bool,
    },
}

/// To the coordinator.
pub(crate) enum ToCoordinator {
    /// A reader has read all of its splits.
    NeedsSplit(TaskId),
    /// A subtask passed a barrier.
    Snapshot(TaskSnapshot),
    /// A subtask ended by itself.
    Finished(TaskEnd),
    /// A subtask failed.
    Failed(JobFailure),
    /// A client wants a checkpoint or savepoint.
    Checkpoint {
        /// Where the client waits for it.
        cell: Arc<CheckpointCell>,
        /// Which.
        kind: RequestKind,
        /// Where a savepoint is to be; `None` where savepoints go by default.
        folder: Option<String>,
    },
}

/// One subtask's part of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskSnapshot {
    pub(crate) task: TaskId,
    pub(crate) checkpoint_id: u64,
    pub(crate) state: TaskState,
}

/// What a subtask remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TaskState {
    /// Uid and state of each operator.
    pub(crate) operators: Vec<(String, OperatorState)>,
    /// Unread splits of the source.
    pub(crate) splits: Vec<Split>,
    /// What the sink wrote since the last checkpoint.
    pub(crate) committables: Vec<Committable>,
}

/// The end of a subtask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskEnd {
    pub(crate) task: TaskId,
    /// What it remembers, for checkpoints to come; `None` if none can come, as all sources have ended.
    pub(crate) last_state: Option<TaskState>,
    /// What its sink wrote since the last checkpoint.
    pub(crate) committables: Vec<Committable>,
}
