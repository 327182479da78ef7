//! What the coordinator hears and what it wants done. Closed: who adds a variant sees to it everywhere.

use std::collections::BTreeSet;
use std::fmt;

use crate::TaskId;
use crate::coordinator::RequestKind;

/// What a store answered to a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is durable.
    Done,
    /// It did not happen and will not.
    Failed(String),
    /// It may have happened or may yet happen.
    Unknown(String),
}

/// What reading metadata and resolving all that it names came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is there, as long as it should be, and reads as it was written.
    Intact,
    /// There is no such metadata.
    Absent,
    /// Something is not as it should be; the reason names the object.
    Damaged(String),
    /// The store could not be read: nothing is known.
    Unreadable(String),
}

/// What became of moving the pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointerAnswer {
    /// The newest pointer names this checkpoint.
    Moved,
    /// It did not happen and will not.
    Failed(String),
    /// It may have happened or may yet happen.
    Unknown(String),
    /// The newest pointer is another leader's, of this later epoch.
    Fenced(u64),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// All tasks run.
    Started,
    /// Time has passed.
    Tick,
    /// Somebody wants a checkpoint or savepoint.
    Requested {
        /// For the answer.
        request: u64,
        /// Which.
        kind: RequestKind,
    },
    /// A task's part is durable.
    Acknowledged {
        /// Whose.
        task: TaskId,
        /// Of which checkpoint.
        checkpoint_id: u64,
    },
    /// A task cannot give its part.
    Declined {
        /// Which task.
        task: TaskId,
        /// Of which checkpoint.
        checkpoint_id: u64,
        /// Why.
        reason: String,
    },
    /// A task ended by itself.
    TaskFinished {
        /// Which.
        task: TaskId,
        /// Whether it left a last state, which is its part of checkpoints to come.
        has_state: bool,
    },
    /// The answer to [`Action::WriteMetadata`].
    MetadataWritten {
        /// Of which checkpoint.
        checkpoint_id: u64,
        /// The answer.
        answer: Answer,
    },
    /// The answer to [`Action::Resolve`].
    Resolved {
        /// Of which checkpoint.
        checkpoint_id: u64,
        /// The answer.
        verdict: Verdict,
    },
    /// The answer to [`Action::MovePointer`] and to [`Action::ReadPointer`].
    Pointer {
        /// Of which checkpoint.
        checkpoint_id: u64,
        /// The answer.
        answer: PointerAnswer,
    },
    /// The job fails or is cancelled: no checkpoint begins any more.
    Ending,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Inject barriers at these tasks.
    Trigger {
        /// The checkpoint.
        checkpoint_id: u64,
        /// Why it is taken.
        kind: RequestKind,
        /// Sources' tasks that have not ended.
        tasks: BTreeSet<TaskId>,
        /// Who asked for it; `None` for periodic ones.
        request: Option<u64>,
    },
    /// All tasks have ended: make a checkpoint of what they left.
    CollectFinal {
        /// The checkpoint.
        checkpoint_id: u64,
    },
    /// All parts are there: write the metadata.
    WriteMetadata {
        /// Of which checkpoint.
        checkpoint_id: u64,
    },
    /// Read the metadata again and look for all that it names.
    Resolve {
        /// Of which checkpoint.
        checkpoint_id: u64,
    },
    /// Name the checkpoint as the newest.
    MovePointer {
        /// The checkpoint.
        checkpoint_id: u64,
    },
    /// Read whether the newest pointer names the checkpoint.
    ReadPointer {
        /// The checkpoint.
        checkpoint_id: u64,
    },
    /// It is complete: tell the tasks, and commit unless it is a savepoint of a job that goes on.
    Complete {
        /// The checkpoint.
        checkpoint_id: u64,
        /// Why it was taken.
        kind: RequestKind,
    },
    /// It will not be complete: tell the tasks, and keep what sinks prepared for the next.
    GiveUp {
        /// The checkpoint.
        checkpoint_id: u64,
        /// Why.
        reason: String,
        /// Whether its objects may be deleted at once; where not, only the sweeper may.
        is_settled: bool,
    },
    /// Answer whoever asked.
    Answer {
        /// The request.
        request: u64,
        /// The checkpoint, or why there is none.
        outcome: Result<u64, String>,
    },
    /// The job stopped with this savepoint.
    Stop {
        /// The savepoint.
        checkpoint_id: u64,
    },
    /// All tasks have ended and, if checkpoints are kept, the final one is complete.
    Finish,
    /// The job cannot go on like this.
    FailJob {
        /// Why.
        reason: String,
    },
    /// Another leader has taken the job over: stop at once, commit and delete nothing.
    StepDown {
        /// The other's epoch.
        epoch: u64,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Trigger { checkpoint_id, kind, tasks, .. } => {
                let tasks: Vec<String> = tasks.iter().map(TaskId::to_string).collect();
                write!(formatter, "trigger {checkpoint_id} {kind} at {}", tasks.join(" "))
            }
            Action::CollectFinal { checkpoint_id } => write!(formatter, "collect final {checkpoint_id}"),
            Action::WriteMetadata { checkpoint_id } => write!(formatter, "write metadata {checkpoint_id}"),
            Action::Resolve { checkpoint_id } => write!(formatter, "resolve {checkpoint_id}"),
            Action::MovePointer { checkpoint_id } => write!(formatter, "move pointer {checkpoint_id}"),
            Action::ReadPointer { checkpoint_id } => write!(formatter, "read pointer {checkpoint_id}"),
            Action::Complete { checkpoint_id, kind } => write!(formatter, "complete {checkpoint_id} {kind}"),
            Action::GiveUp { checkpoint_id, reason, is_settled } => {
                let keep = if *is_settled { "" } else { ", keep its objects" };
                write!(formatter, "give up {checkpoint_id}: {reason}{keep}")
            }
            Action::Answer { request, outcome: Ok(checkpoint_id) } => {
                write!(formatter, "answer r{request}: {checkpoint_id}")
            }
            Action::Answer { request, outcome: Err(reason) } => write!(formatter, "answer r{request}: no, {reason}"),
            Action::Stop { checkpoint_id } => write!(formatter, "stop with {checkpoint_id}"),
            Action::Finish => formatter.write_str("finish"),
            Action::FailJob { reason } => write!(formatter, "fail job: {reason}"),
            Action::StepDown { epoch } => write!(formatter, "step down for epoch {epoch}"),
        }
    }
}
