//! The contract between an operator and the mailbox loop that drives it.
//!
//! The loop calls `on_batch`, `on_watermark`, `on_processing_time`, `end_input` one at a time. After each call it passes what was emitted down the chain
//! before it calls again, so an operator that has much to say returns [`Step::Yield`] and is called again with what is left.
//! At a barrier: `prepare_barrier` until done, then `snapshot`, with no call in between.

use flott_evaluation::{CompileError, EvaluationError, Instant, Session};
use flott_record::{Batch, KeyGroupRange, Schema};
use flott_state::{DecodeError, DiskBackend, SnapshotReader, SnapshotWriter, StateError};
use thiserror::Error;

use crate::limits::OUTPUT_ROWS_PER_STEP_MAX;

/// What an operator is told when it is made.
#[derive(Clone, Debug)]
pub struct Setup {
    /// For errors and metrics: `GroupAggregate[5]`.
    pub name: String,
    /// This subtask, from 0.
    pub subtask: u32,
    /// Number of subtasks.
    pub parallelism: u32,
    /// Number of key groups of the job.
    pub max_parallelism: u32,
    /// Settings that expressions depend on.
    pub session: Session,
    /// Schemas of the inputs, where the planner knows them.
    pub inputs: Vec<Schema>,
    /// Whether results are emitted at the end of input only.
    pub batch_mode: bool,
}

impl Setup {
    /// The key groups of this subtask.
    pub fn key_groups(&self) -> KeyGroupRange {
        KeyGroupRange::of_subtask(self.subtask, self.parallelism, self.max_parallelism)
    }
}

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All of it is done.
    Done,
    /// There is more to emit. For `on_batch`: the first `consumed_rows` rows are done, the call is repeated with the rest; rows not consumed count as
    /// in-flight data. For other calls `consumed_rows` is 0 and the call is repeated as it was.
    Yield {
        /// Rows of the batch that are done, at least 1 in `on_batch`.
        consumed_rows: usize,
    },
}

/// Who sends watermarks on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarding {
    /// The loop sends each watermark on once `on_watermark` is done.
    Loop,
    /// The operator emits its own.
    Operator,
}

/// Something emitted, in order.
#[derive(Clone, Debug)]
pub enum Emitted {
    /// Rows; never empty.
    Batch(Batch),
    /// A watermark between rows.
    Watermark(i64),
    /// The output says nothing for a while.
    Idle,
    /// The output speaks again.
    Active,
}

/// Where an operator's results go until the loop takes them.
#[derive(Debug, Default)]
pub struct Output {
    /// Results in order.
    pub elements: Vec<Emitted>,
    /// Rows for side outputs, by tag.
    pub side: Vec<(&'static str, Batch)>,
    /// Rows in `elements`.
    pub rows: usize,
}

/// Counts that operators keep; the loop publishes them as metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// `numLateRecordsDropped`
    pub late_rows_dropped: u64,
    /// Rows that a sink enforcer or a filter pushed into the operator dropped.
    pub dropped_rows: u64,
}

/// What an operator sees during one call.
pub struct Context<'a> {
    /// Collects results.
    pub output: &'a mut Output,
    /// Counts to add to.
    pub counts: &'a mut Counts,
    /// Wall clock at the beginning of the call, milliseconds since the epoch.
    pub now_ms: i64,
    /// The operator's input watermark: the minimum over its active inputs.
    pub watermark_ms: i64,
}

impl Context<'_> {
    /// Emits rows; an empty batch is nothing.
    pub fn emit(&mut self, batch: Batch) {
        if !batch.is_empty() {
            self.output.rows += batch.num_rows();
            self.output.elements.push(Emitted::Batch(batch));
        }
    }

    /// Emits a watermark, for operators that make their own.
    pub fn emit_watermark(&mut self, watermark_ms: i64) {
        self.output.elements.push(Emitted::Watermark(watermark_ms));
    }

    /// Emits rows to a side output.
    pub fn emit_side(&mut self, tag: &'static str, batch: Batch) {
        if !batch.is_empty() {
            self.output.side.push((tag, batch));
        }
    }

    /// Whether the call has emitted so much that it should yield at the next row boundary.
    pub fn is_full(&self) -> bool {
        self.output.rows >= OUTPUT_ROWS_PER_STEP_MAX
    }

    /// The moment for expressions.
    pub fn instant(&self) -> Instant {
        Instant { now_ms: self.now_ms, watermark_ms: self.watermark_ms }
    }
}

/// Why an operator cannot go on. The loop adds job, operator and subtask.
#[derive(Debug, Error)]
pub enum OperatorError {
    /// A spec that cannot be built.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A row that fails.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// A snapshot that cannot be read.
    #[error(transparent)]
    Restore(#[from] DecodeError),
    /// State that cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// Arrow refused an operation on columns.
    #[error(transparent)]
    Arrow(#[from] arrow_schema::ArrowError),
    /// Anything else that is wrong with the data or the plan.
    #[error("{0}")]
    Failed(String),
}

/// A resumable operator; see the module's text for the order of calls. Rows, snapshot and restore are each operator's own; for the rest the default is to
/// do nothing and to let the loop send watermarks on.
pub trait Operator {
    /// Rows of an input. Results do not depend on how rows are cut into batches.
    ///
    /// # Errors
    /// Fails the job.
    fn on_batch(&mut self, input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError>;

    /// The input watermark (minimum over inputs) has advanced to `context.watermark_ms`.
    ///
    /// # Errors
    /// Fails the job.
    fn on_watermark(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    /// The time that `wake_at_ms` asked for has come.
    ///
    /// # Errors
    /// Fails the job.
    fn on_processing_time(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    /// When `on_processing_time` is wanted next, milliseconds since the epoch.
    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    /// An input has ended: no row of it follows. `MAX_WATERMARK` has been passed before, once all inputs had ended or were ahead.
    ///
    /// # Errors
    /// Fails the job.
    fn end_input(&mut self, _input: usize, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    /// A barrier is about to be passed on: bundles are emitted before it.
    ///
    /// # Errors
    /// Fails the job.
    fn prepare_barrier(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    /// Keeps state on disk that does not fit into memory; called at most once, before anything else, also before `restore`. By default state stays in
    /// memory.
    ///
    /// # Errors
    /// Where the disk fails.
    fn use_disk(&mut self, _backend: &DiskBackend) -> Result<(), OperatorError> {
        Ok(())
    }

    /// Who sends watermarks on.
    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
    }

    /// Adds the state as of now.
    ///
    /// # Errors
    /// Fails the checkpoint.
    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError>;

    /// Takes over the state of former subtasks; called once, before anything else.
    ///
    /// # Errors
    /// Fails the job.
    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError>;
}
