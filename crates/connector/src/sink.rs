//! The contract of sinks.

use flott_environment::{Environment, Waker};
use flott_record::{Batch, Schema};

use crate::contract::ConnectorError;

/// What a writer is told when it is made.
#[derive(Clone)]
pub struct WriterSetup {
    /// Clock and disk.
    pub environment: Environment,
    /// This subtask, from 0.
    pub subtask: u32,
    /// Number of subtasks.
    pub parallelism: u32,
    /// Unique for each run of a job, for names that never collide.
    pub run_id: String,
    /// Columns of the batches.
    pub input: Schema,
    /// `table.local-time-zone`, for formats.
    pub time_zone: String,
}

/// Something written but not visible yet, in the connector's own versioned encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committable {
    /// Everything that the committer needs.
    pub state: Vec<u8>,
}

/// A sink of one table in one job.
pub trait Sink: Send + Sync {
    /// Makes the writer of one subtask, on its thread.
    ///
    /// # Errors
    /// If the writer cannot be made.
    fn writer(&self, setup: &WriterSetup) -> Result<Box<dyn SinkWriter>, ConnectorError>;

    /// Makes the committer; it runs once per job, after a checkpoint is durable or the bounded job has ended.
    /// `None` if everything written is visible at once.
    fn committer(&self, environment: &Environment) -> Option<Box<dyn Committer>>;
}

/// Writes the rows of one subtask.
pub trait SinkWriter {
    /// Whether the writer takes rows now. One that says no keeps `waker` and wakes it when it does; meanwhile its subtask holds
    /// its input back. Most writers always do.
    fn is_ready(&mut self, _waker: &Waker) -> bool {
        true
    }

    /// Writes rows, in order.
    ///
    /// # Errors
    /// Fails the job.
    fn write(&mut self, batch: &Batch) -> Result<(), ConnectorError>;

    /// No row before this time comes any more, in milliseconds since the epoch. Most writers don't care.
    fn watermark(&mut self, _watermark_ms: i64) {}

    /// Sends on what is buffered (processing time has come, see `wake_at_ms`).
    ///
    /// # Errors
    /// Fails the job.
    fn flush(&mut self) -> Result<(), ConnectorError>;

    /// When `flush` is wanted next, milliseconds since the epoch.
    fn wake_at_ms(&self) -> Option<i64>;

    /// A barrier, or the end of input: what is to be committed with it. Everything written before is durable when this returns.
    ///
    /// # Errors
    /// Fails the checkpoint or the job.
    fn prepare_commit(&mut self, end_of_input: bool) -> Result<Vec<Committable>, ConnectorError>;

    /// The job failed or was cancelled: removes what was written since the last [`SinkWriter::prepare_commit`]. What that handed over may be
    /// part of a checkpoint that is durable, so it is not touched: it is the committer's affair.
    ///
    /// # Errors
    /// If something is left behind; says what.
    fn abort(&mut self) -> Result<(), ConnectorError>;

    /// Bytes written so far, for `numBytesOut`; 0 where unknown.
    fn bytes_written(&self) -> u64;
}

/// Makes committables visible. Idempotent: committing twice is committing once.
pub trait Committer {
    /// Commits all.
    ///
    /// # Errors
    /// If it is not known whether something became visible, says what; the call can be repeated.
    fn commit(&mut self, committables: &[Committable]) -> Result<(), ConnectorError>;

    /// Removes what was prepared and will never be committed, as the job is over and no snapshot knows of it. Without an own
    /// implementation nothing is removed: for sinks whose prepared output goes away by itself.
    ///
    /// # Errors
    /// If something stays behind, says what.
    fn discard(&mut self, _committables: &[Committable]) -> Result<(), ConnectorError> {
        Ok(())
    }
}
