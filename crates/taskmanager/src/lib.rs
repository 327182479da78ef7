//! Runs one job in this process: slots as workers, subtasks as cooperative loops in them, one coordinator beside them.
//!
//! ```text
//! subtask:      [source reader | input gate] -> operators -> [output gates | sink writer]
//! slot:         turns its subtasks, one of each vertex, in turn
//! coordinator:  deals splits out, triggers checkpoints and collects them, commits, ends the job
//! ```
//!
//! Architecture invariants: a subtask's live state is touched by its slot's worker only; what subtasks and coordinator tell each other are
//! messages; nothing here plans.

mod chain;
mod checkpoint;
mod checkpointing;
mod coordinator;
mod deploy;
mod failure;
mod job;
pub mod limits;
mod lookup;
mod mailbox;
mod message;
mod operator_state;
mod operators;
mod progress;
mod restore;
mod slot;
mod snapshot;
mod task;
mod values;

pub use checkpoint::CheckpointHandle;
pub use checkpointing::{CheckpointStorage, Checkpointing, store_opener};
pub use deploy::{Deployment, deploy};
pub use failure::{CheckpointError, JobError, JobFailure, TaskId};
pub use flott_state::{BackendKind, StateSettings};
pub use job::{JobEnd, JobResult, RunningJob};
pub use operators::CustomOperators;
pub use progress::JobProgress;
pub use restore::load_snapshot;
pub use snapshot::{JobSnapshot, SourceSnapshot};
