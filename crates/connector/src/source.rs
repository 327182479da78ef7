//! The contract of sources.

use flott_environment::Environment;
use flott_record::{Batch, Schema};

use crate::contract::ConnectorError;

/// Whether a source ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundedness {
    /// Ends after its last split.
    Bounded,
    /// Goes on until the job is stopped.
    Unbounded,
}

/// A part of a source that one reader reads at a time, with its position: what is in a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Unique within the source, stable across restarts: `/data/a.csv`.
    pub id: String,
    /// Everything the reader needs to go on, in the connector's own versioned encoding.
    pub state: Vec<u8>,
}

/// A source of one table in one job.
pub trait Source: Send + Sync {
    /// Whether it ends.
    fn boundedness(&self) -> Boundedness;

    /// Makes the enumerator; it runs once per job, beside the subtasks. `parallelism` is the number of readers: what can be cut at will
    /// (generated rows) is cut into so many splits. Splits of a restored job stay as they were cut.
    ///
    /// # Errors
    /// If what is to be read cannot be found (missing file, unreadable folder).
    fn enumerator(&self, environment: &Environment, parallelism: u32) -> Result<Box<dyn Enumerator>, ConnectorError>;

    /// Makes the reader of one subtask, on its thread.
    ///
    /// # Errors
    /// If the reader cannot be made.
    fn reader(&self, setup: &ReaderSetup) -> Result<Box<dyn SourceReader>, ConnectorError>;
}

/// Finds splits. They are dealt out to readers as these ask; splits never assigned and those given back after a failure are in its snapshot.
pub trait Enumerator {
    /// Splits found since the last call. `now_ms` is the wall clock.
    ///
    /// # Errors
    /// Fails the job.
    fn discover(&mut self, now_ms: i64) -> Result<Vec<Split>, ConnectorError>;

    /// When to call `discover` again; `None` = never, all splits are known.
    fn next_discovery_ms(&self) -> Option<i64>;

    /// What is to be remembered: seen files, positions dealt out.
    fn snapshot(&self) -> Vec<u8>;

    /// Takes over a snapshot, before `discover`.
    ///
    /// # Errors
    /// If the snapshot cannot be read.
    fn restore(&mut self, snapshot: &[u8]) -> Result<(), ConnectorError>;
}

/// What a reader is told when it is made.
#[derive(Clone)]
pub struct ReaderSetup {
    /// Clock and disk.
    pub environment: Environment,
    /// This subtask, from 0.
    pub subtask: u32,
    /// Number of subtasks.
    pub parallelism: u32,
    /// Positions (physical columns, then metadata columns) that a batch has, in order.
    pub projection: Vec<usize>,
    /// Columns of a batch, after projection.
    pub output: Schema,
    /// `table.local-time-zone`, for formats.
    pub time_zone: String,
    /// Rows that a batch has at the most.
    pub batch_rows_max: usize,
}

/// What a reader found.
#[derive(Debug)]
pub enum Poll {
    /// Rows, in order, all of one split; never empty.
    Batch(Batch),
    /// Nothing now; ask again at this time (milliseconds since the epoch), or when a split is added.
    Pending {
        /// `None` = only when a split is added.
        wake_at_ms: Option<i64>,
    },
    /// All assigned splits are read to their end: assign another, or finish.
    NeedsSplit,
}

/// Reads the splits of one subtask.
pub trait SourceReader {
    /// Adds a split, new or restored.
    ///
    /// # Errors
    /// If it cannot be opened.
    fn add_split(&mut self, split: Split) -> Result<(), ConnectorError>;

    /// Reads on.
    ///
    /// # Errors
    /// Fails the job; says which split, at which position.
    fn poll(&mut self) -> Result<Poll, ConnectorError>;

    /// Splits not yet read to their end, with their positions after the last batch that `poll` gave.
    fn snapshot(&self) -> Vec<Split>;

    /// Bytes (or other units of the source) read and in all, for progress; `None` where unknown.
    fn progress(&self) -> Option<(u64, u64)>;

    /// Rows that the error policy skipped or diverted so far.
    fn rows_skipped(&self) -> u64;

    /// Rows diverted to the dead-letter table since the last call, if the table has that policy: raw record, position, reason (all STRING).
    fn take_dead_letters(&mut self) -> Option<Batch>;
}
