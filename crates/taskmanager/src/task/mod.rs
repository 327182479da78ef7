//! A subtask: a head that gives work, a chain of operators, a tail that takes results; and its cooperative loop.

pub(crate) mod build;
pub(crate) mod clocking;
pub(crate) mod gate_head;
pub(crate) mod source_head;
pub(crate) mod tail;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flott_environment::{Clock, Waker};
use flott_metric::{SourceMetrics, TaskMetrics};

use crate::chain::work::Work;
use crate::chain::{Chain, ChainFailure};
use crate::failure::{JobFailure, TaskId};
use crate::limits::{TURN_NS, TURN_STEPS_MAX};
use crate::mailbox::Mailbox;
use crate::message::{TaskEnd, TaskSnapshot, TaskState, ToCoordinator};
use crate::task::clocking::{Clocking, Pause};
use crate::task::gate_head::GateHead;
use crate::task::source_head::SourceHead;
use crate::task::tail::Tail;

/// What a head has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Polled {
    /// It gave the chain something, or may have more at once.
    Work,
    /// The reader wants a split.
    NeedsSplit,
    /// Nothing until a wake or this time, milliseconds since the epoch.
    Nothing { wake_at_ms: Option<i64> },
    /// It gave the chain its last.
    Ended,
}

/// Where work comes from.
pub(crate) enum Head {
    /// From a reader.
    Source(SourceHead),
    /// From other subtasks.
    Gate(GateHead),
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// There is more to do.
    Ready,
    /// Nothing to do until a wake or this time, milliseconds since the epoch.
    Waiting { wake_at_ms: Option<i64> },
    /// All is done and reported.
    Finished,
}

/// One subtask of a vertex.
pub(crate) struct Task {
    pub(crate) id: TaskId,
    pub(crate) name: String,
    pub(crate) parallelism: u32,
    pub(crate) head: Head,
    pub(crate) chain: Chain,
    pub(crate) tail: Tail,
    /// Whether the head has given its last.
    pub(crate) head_ended: bool,
    pub(crate) coordinator: Mailbox<ToCoordinator>,
    /// Source subtasks of the whole job that have not ended: while there are some, checkpoints can come.
    pub(crate) open_sources: Arc<AtomicUsize>,
    pub(crate) clock: Clock,
    pub(crate) waker: Waker,
    pub(crate) metrics: TaskMetrics,
    pub(crate) source_metrics: Option<SourceMetrics>,
    pub(crate) clocking: Clocking,
    pub(crate) bytes_out: u64,
    pub(crate) is_finished: bool,
}

/// One step's outcome.
enum Advance {
    Worked,
    Blocked,
    Nothing { wake_at_ms: Option<i64> },
    Finished,
}

impl Task {
    /// Works for a bounded time.
    pub(crate) fn turn(&mut self) -> Result<Turned, JobFailure> {
        let begin_ns = self.clock.monotonic_ns();
        let mut end_ns = begin_ns;
        let mut outcome = Advance::Worked;
        for _ in 0..TURN_STEPS_MAX {
            outcome = self.advance()?;
            end_ns = self.clock.monotonic_ns();
            if !matches!(outcome, Advance::Worked) || end_ns - begin_ns >= TURN_NS {
                break;
            }
        }
        if matches!(outcome, Advance::Finished) {
            return Ok(Turned::Finished);
        }
        let flush_at_ms = self.tail.flush_due(self.clock.now_ms()).map_err(|cause| self.failure_of_tail(cause))?;
        let (pause, turned) = match outcome {
            Advance::Blocked => (Pause::Blocked, Turned::Waiting { wake_at_ms: flush_at_ms }),
            Advance::Nothing { wake_at_ms } => {
                (Pause::Idle, Turned::Waiting { wake_at_ms: wake_at_ms.into_iter().chain(flush_at_ms).min() })
            }
            Advance::Worked | Advance::Finished => (Pause::Ready, Turned::Ready),
        };
        let bytes_out = self.tail.bytes_out();
        self.metrics.num_bytes_out.add(bytes_out - std::mem::replace(&mut self.bytes_out, bytes_out));
        self.clocking.turned(begin_ns, end_ns, pause, &self.metrics);
        Ok(turned)
    }

    /// Does the most downstream thing that can be done.
    fn advance(&mut self) -> Result<Advance, JobFailure> {
        let now_ms = self.clock.now_ms();
        if let Some(work) = self.chain.out.front() {
            if matches!(work, Work::Batch { .. }) && !self.tail.is_ready(&self.waker) {
                return Ok(Advance::Blocked);
            }
            return self.step_tail(now_ms);
        }
        if self.chain.step(now_ms).map_err(|failure| self.failure_of_chain(failure))? {
            return Ok(Advance::Worked);
        }
        if !self.head_ended && self.chain.fire_due(now_ms) {
            return Ok(Advance::Worked);
        }
        self.poll_head()
    }

    fn step_tail(&mut self, now_ms: i64) -> Result<Advance, JobFailure> {
        let Some(work) = self.chain.out.pop_front() else { return Ok(Advance::Worked) };
        let barrier = if let Work::Barrier(barrier) = work { Some(barrier) } else { None };
        let is_end = matches!(work, Work::EndInput(_));
        if let Work::Batch { batch, .. } = &work {
            self.metrics.num_records_out.add(batch.num_rows() as u64);
            self.metrics.num_buffers_out.add(1);
        }
        self.tail.take(work, now_ms).map_err(|cause| self.failure_of_tail(cause))?;
        if let Some(barrier) = barrier {
            let state = TaskState {
                operators: self.chain.take_states(),
                splits: match &mut self.head {
                    Head::Source(source) => source.take_splits_at_barrier(),
                    Head::Gate(_) => Vec::new(),
                },
                committables: self.tail.take_committables(),
            };
            let snapshot = TaskSnapshot { task: self.id, checkpoint_id: barrier.checkpoint_id, state };
            self.tell(ToCoordinator::Snapshot(snapshot))?;
        }
        if is_end {
            self.finish()?;
            return Ok(Advance::Finished);
        }
        Ok(Advance::Worked)
    }

    fn poll_head(&mut self) -> Result<Advance, JobFailure> {
        debug_assert!(self.chain.is_drained(), "nothing new comes before all that came has passed");
        let polled = match &mut self.head {
            Head::Source(source) => {
                let polled = source.poll(&mut self.chain);
                if let Some(metrics) = &self.source_metrics {
                    metrics.num_records_in_errors.add(source.take_rows_skipped());
                }
                let name = &source.name;
                let (id, parallelism) = (self.id, self.parallelism);
                polled.map_err(|error| failure(name, id, parallelism, error.to_string()))?
            }
            Head::Gate(gate) => gate.poll(&mut self.chain),
        };
        match polled {
            Polled::Work => Ok(Advance::Worked),
            Polled::Ended => {
                self.head_ended = true;
                Ok(Advance::Worked)
            }
            Polled::NeedsSplit => {
                self.tell(ToCoordinator::NeedsSplit(self.id))?;
                Ok(Advance::Worked)
            }
            Polled::Nothing { wake_at_ms } => {
                Ok(Advance::Nothing { wake_at_ms: wake_at_ms.into_iter().chain(self.chain.wake_at_ms()).min() })
            }
        }
    }

    /// The end has passed the whole chain: says so, with the last state if checkpoints can still come.
    fn finish(&mut self) -> Result<(), JobFailure> {
        let open_sources = match &self.head {
            Head::Source(_) => self.open_sources.fetch_sub(1, Ordering::AcqRel) - 1,
            Head::Gate(_) => self.open_sources.load(Ordering::Acquire),
        };
        let last_state = if open_sources > 0 {
            let operators = self.chain.snapshot().map_err(|failure| self.failure_of_chain(failure))?;
            Some(TaskState { operators, ..TaskState::default() })
        } else {
            None
        };
        let committables = self.tail.take_committables();
        self.tell(ToCoordinator::Finished(TaskEnd { task: self.id, last_state, committables }))
    }

    fn tell(&self, message: ToCoordinator) -> Result<(), JobFailure> {
        let sent = self.coordinator.send(message);
        sent.map_err(|error| failure(&self.name, self.id, self.parallelism, error.to_string()))
    }

    /// Removes what was written and will never be committed.
    pub(crate) fn abort(&mut self) -> Result<(), JobFailure> {
        self.tail.abort().map_err(|cause| self.failure_of_tail(cause))
    }

    fn failure_of_chain(&self, inner: ChainFailure) -> JobFailure {
        failure(&inner.operator, self.id, self.parallelism, inner.cause)
    }

    fn failure_of_tail(&self, cause: String) -> JobFailure {
        let name = match &self.tail {
            Tail::Gates(_) => &self.name,
            Tail::Sink(sink) => &sink.name,
        };
        failure(name, self.id, self.parallelism, cause)
    }
}

pub(crate) fn failure(operator: &str, id: TaskId, parallelism: u32, cause: String) -> JobFailure {
    JobFailure { operator: operator.to_string(), subtask: Some((id.subtask, parallelism)), cause }
}
