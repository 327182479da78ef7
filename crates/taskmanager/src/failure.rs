//! How a job can end other than by itself, and who failed.

use std::fmt;

use thiserror::Error;

pub use flott_checkpoint::TaskId;

/// The first thing that went wrong in a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFailure {
    /// The operator, source, sink or worker: `GroupAggregate[5]`.
    pub operator: String,
    /// Which of its subtasks, if it was one: index from 0, and how many there are.
    pub subtask: Option<(u32, u32)>,
    /// What happened.
    pub cause: String,
}

impl fmt::Display for JobFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subtask {
            // Subtasks are shown from 1, as Flink shows them.
            Some((subtask, parallelism)) => {
                write!(formatter, "{} ({}/{}): {}", self.operator, subtask + 1, parallelism, self.cause)
            }
            None => write!(formatter, "{}: {}", self.operator, self.cause),
        }
    }
}

/// Why a job has no result.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum JobError {
    /// The job never ran: its graph is invalid, or something that it needs is missing.
    #[error("{0}")]
    Rejected(String),
    /// Something failed while it ran; everything is torn down.
    #[error("{0}")]
    Failed(JobFailure),
    /// Somebody cancelled it.
    #[error("the job was cancelled")]
    Cancelled,
    /// Waiting for it is not possible here (in simulation: a deadlock).
    #[error("{0}")]
    Wait(String),
}

/// Why a checkpoint was not taken.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("no checkpoint was taken: {0}")]
pub struct CheckpointError(pub String);
