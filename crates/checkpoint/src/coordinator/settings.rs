//! How checkpoints are taken.

use std::fmt;

/// When and how many checkpoints are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoordinatorSettings {
    /// Milliseconds from one periodic checkpoint to the next; `None` takes none.
    pub interval_ms: Option<u64>,
    /// Milliseconds from the end of one checkpoint to the beginning of the next periodic one, at least.
    pub min_pause_ms: u64,
    /// Milliseconds after which a checkpoint is given up.
    pub timeout_ms: u64,
    /// Checkpoints under way at a time, at the most.
    pub concurrent_max: u32,
    /// Failed checkpoints in a row that the job bears.
    pub failures_tolerated: u32,
    /// Whether checkpoints are taken when some tasks have ended.
    pub after_tasks_finish: bool,
    /// Whether a job that ends by itself ends with a checkpoint, so that its commits are part of one.
    pub final_checkpoint: bool,
}

impl Default for CoordinatorSettings {
    fn default() -> Self {
        CoordinatorSettings {
            interval_ms: None,
            min_pause_ms: 0,
            timeout_ms: 600_000,
            concurrent_max: 1,
            failures_tolerated: 0,
            after_tasks_finish: true,
            final_checkpoint: true,
        }
    }
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// A checkpoint, by the clock or by hand.
    Checkpoint,
    /// A savepoint; the job goes on.
    Savepoint,
    /// A savepoint with which the job ends.
    Stop {
        /// Whether event time is brought to its end first, so that all windows fire.
        drains: bool,
    },
    /// The checkpoint of what all tasks left when they had ended.
    Final,
}

impl RequestKind {
    /// Whether it belongs to the user: it subsumes nothing, counts for no retention, moves no pointer.
    pub fn is_savepoint(self) -> bool {
        match self {
            RequestKind::Savepoint | RequestKind::Stop { .. } => true,
            RequestKind::Checkpoint | RequestKind::Final => false,
        }
    }

    /// Whether what sinks prepared is committed when it is complete: not for a savepoint of a job that goes on, since recovery would go back
    /// behind it.
    pub fn commits(self) -> bool {
        match self {
            RequestKind::Savepoint => false,
            RequestKind::Stop { .. } | RequestKind::Checkpoint | RequestKind::Final => true,
        }
    }
}

impl fmt::Display for RequestKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            RequestKind::Checkpoint => "checkpoint",
            RequestKind::Savepoint => "savepoint",
            RequestKind::Stop { drains: false } => "stop",
            RequestKind::Stop { drains: true } => "drain",
            RequestKind::Final => "final",
        })
    }
}
