//! A subtask: a head that gives work, a chain of operators, a tail that takes results; and its cooperative loop.

pub(crate) mod build;
pub(crate) mod clocking;
pub(crate) mod gate_head;
pub(crate) mod snapshot;
pub(crate) mod source_head;
pub(crate) mod tail;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flott_environment::{Clock, Environment, Waker};
use flott_exchange::{InFlight, InFlightError};
use flott_metric::{SourceMetrics, TaskMetrics};
use flott_record::Barrier;

use crate::chain::work::Work;
use crate::chain::{Chain, ChainFailure};
use crate::failure::{JobFailure, TaskId};
use crate::limits::{OVERDRAWN_STEPS_MAX, TURN_NS, TURN_STEPS_MAX};
use crate::mailbox::Mailbox;
use crate::message::{TaskEnd, TaskSnapshot, TaskState, ToCoordinator};
use crate::operator_state::OperatorState;
use crate::task::clocking::{Clocking, Pause};
use crate::task::gate_head::{CheckpointNews, GateHead};
use crate::task::snapshot::{Parts, in_flight_state, in_flight_uid};
use crate::task::source_head::SourceHead;
use crate::task::tail::Tail;

/// What a head has.
pub(crate) enum Polled {
    /// It gave the chain something, or may have more at once.
    Work,
    /// The reader wants a split.
    NeedsSplit,
    /// Nothing until a wake or this time, milliseconds since the epoch.
    Nothing { wake_at_ms: Option<i64> },
    /// A checkpoint asks for something.
    News(CheckpointNews),
    /// It gave the chain its last.
    Ended,
}

/// Where work comes from.
pub(crate) enum Head {
    /// From a reader.
    Source(Box<SourceHead>),
    /// From other subtasks.
    Gate(Box<GateHead>),
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
    /// Whether barriers overtake rows, except those that must not.
    pub(crate) overtakes: bool,
    /// The part of the checkpoint under way.
    pub(crate) parts: Parts,
    /// Where the barrier in the chain is with credit.
    pub(crate) credit: Credit,
    pub(crate) barrier_in_chain: bool,
    /// The uid of the first operator.
    pub(crate) first_uid: String,
    pub(crate) max_parallelism: u32,
    pub(crate) environment: Environment,
    pub(crate) clock: Clock,
    pub(crate) waker: Waker,
    pub(crate) metrics: TaskMetrics,
    pub(crate) source_metrics: Option<SourceMetrics>,
    pub(crate) clocking: Clocking,
    pub(crate) bytes_out: u64,
    pub(crate) is_finished: bool,
}

/// How a subtask deals with output that has no credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credit {
    /// It waits for credit.
    Keeps,
    /// A barrier that overtakes is in the chain: what the operators emit before it is sent without credit, for so many calls of theirs.
    Overdraws { steps: usize },
    /// It has sent without credit, and does nothing more before there is some.
    Overdrawn,
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
        let flush_by_ms = if self.environment.maybe("flush early") { i64::MAX } else { self.clock.now_ms() };
        let flush_at_ms = self.tail.flush_due(flush_by_ms).map_err(|cause| self.failure_of_tail(cause))?;
        let (pause, turned) = match outcome {
            Advance::Blocked => {
                let times_out_at_ms = if let Head::Gate(gate) = &self.head { gate.wake_at_ms() } else { None };
                (Pause::Blocked, Turned::Waiting { wake_at_ms: times_out_at_ms.into_iter().chain(flush_at_ms).min() })
            }
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
        if self.overtakes && self.credit != Credit::Overdrawn && self.poll_checkpoint(now_ms)? {
            return Ok(Advance::Worked);
        }
        let has_output = !self.chain.out.is_empty();
        let wants_credit = match self.credit {
            Credit::Overdrawn => true,
            // What a call has emitted passes; the next call waits where there were many.
            Credit::Overdraws { steps } => !has_output && steps == 0,
            Credit::Keeps => matches!(self.chain.out.front(), Some(Work::Batch { .. })),
        };
        if wants_credit && !self.tail.is_ready(&self.waker) {
            let has_news = self.poll_checkpoint(now_ms)?;
            return Ok(if has_news { Advance::Worked } else { Advance::Blocked });
        }
        match &mut self.credit {
            credit @ Credit::Overdrawn => *credit = Credit::Keeps,
            Credit::Overdraws { steps } if !has_output => *steps = steps.saturating_sub(1),
            Credit::Overdraws { .. } | Credit::Keeps => {}
        }
        if !self.chain.out.is_empty() {
            return self.step_tail(now_ms);
        }
        if self.chain.step(now_ms).map_err(|failure| self.failure_of_chain(failure))? {
            return Ok(Advance::Worked);
        }
        if !self.head_ended && self.chain.fire_due(now_ms) {
            return Ok(Advance::Worked);
        }
        self.poll_head(now_ms)
    }

    /// Looks for what a checkpoint asks for while the chain is not drained; false if that is nothing.
    fn poll_checkpoint(&mut self, now_ms: i64) -> Result<bool, JobFailure> {
        if self.head_ended || self.barrier_in_chain {
            self.hasten_end();
            return Ok(false);
        }
        match &mut self.head {
            Head::Source(source) => {
                let taken = source.take_message(&mut self.chain);
                let name = &source.name;
                let taken = taken.map_err(|error| failure(name, self.id, self.parallelism, error.to_string()))?;
                match taken {
                    Polled::News(news) => self.take_news(news).map(|()| true),
                    polled => Ok(matches!(polled, Polled::Work)),
                }
            }
            Head::Gate(gate) => match gate.poll_checkpoint(&mut self.chain, now_ms) {
                Ok(Some(news)) => self.take_news(news).map(|()| true),
                Ok(None) => Ok(false),
                Err(error) => Err(self.failure_of_input(error)),
            },
        }
    }

    /// A source that has read all, but whose last rows have no credit, sends them for a checkpoint that may overtake: its end is its part.
    fn hasten_end(&mut self) {
        if let Head::Source(source) = &mut self.head
            && self.overtakes
            && self.head_ended
            && self.credit == Credit::Keeps
            && source.drops_trigger()
        {
            self.credit = Credit::Overdraws { steps: OVERDRAWN_STEPS_MAX };
        }
    }

    fn take_news(&mut self, news: CheckpointNews) -> Result<(), JobFailure> {
        let given_back = match news {
            CheckpointNews::Barrier { must_align } => {
                self.barrier_in_chain = true;
                if self.overtakes && !must_align {
                    self.credit = Credit::Overdraws { steps: OVERDRAWN_STEPS_MAX };
                }
                return Ok(());
            }
            CheckpointNews::Captured { checkpoint_id, in_flight } => self.parts.add_in_flight(checkpoint_id, in_flight),
            CheckpointNews::Aborted { checkpoint_id } => self.parts.give_up(checkpoint_id),
        };
        self.tail.give_back(given_back);
        self.tell_if_whole()
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
            self.barrier_passed(barrier)?;
        }
        if is_end {
            self.finish()?;
            return Ok(Advance::Finished);
        }
        Ok(Advance::Worked)
    }

    /// A barrier has left the chain: the states that it found are this subtask's part of the checkpoint.
    fn barrier_passed(&mut self, barrier: Barrier) -> Result<(), JobFailure> {
        self.barrier_in_chain = false;
        if matches!(self.credit, Credit::Overdraws { .. }) {
            self.credit = Credit::Overdrawn;
        }
        let splits = match &mut self.head {
            Head::Source(source) => source.take_splits_at_barrier(),
            Head::Gate(_) => Vec::new(),
        };
        let committables = self.tail.take_committables();
        let state = TaskState { operators: self.chain.take_states(), splits, committables };
        let mut given_back = self.parts.add_state(barrier.checkpoint_id, state);
        if matches!(self.head, Head::Source(_)) {
            // A source has no input that could be in flight.
            given_back.extend(self.parts.add_in_flight(barrier.checkpoint_id, InFlight::default()));
        }
        self.tail.give_back(given_back);
        self.tell_if_whole()
    }

    /// Tells the coordinator this subtask's part of a checkpoint once it is whole.
    fn tell_if_whole(&mut self) -> Result<(), JobFailure> {
        let Some((checkpoint_id, mut state, mut in_flight)) = self.parts.take() else { return Ok(()) };
        self.mutate(&mut in_flight);
        if !in_flight.is_empty() {
            let bytes = in_flight_state(&in_flight, (self.id.subtask, self.parallelism), self.max_parallelism);
            let bytes = bytes.map_err(|cause| failure(&self.name, self.id, self.parallelism, cause))?;
            state.operators.push((in_flight_uid(&self.first_uid), OperatorState::Encoded(bytes)));
        }
        self.tell(ToCoordinator::Snapshot(TaskSnapshot { task: self.id, checkpoint_id, state }))
    }

    /// In tests: makes in-flight data wrong, to prove that they notice.
    fn mutate(&self, in_flight: &mut InFlight) {
        if self.environment.maybe("mutant: captures nothing") {
            in_flight.channels.clear();
        }
        if self.environment.maybe("mutant: captures twice") {
            in_flight.channels.extend(in_flight.channels.clone());
        }
    }

    fn poll_head(&mut self, now_ms: i64) -> Result<Advance, JobFailure> {
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
            Head::Gate(gate) => {
                let polled = gate.poll(&mut self.chain, now_ms);
                polled.map_err(|error| self.failure_of_input(error))?
            }
        };
        match polled {
            Polled::Work => Ok(Advance::Worked),
            Polled::News(news) => self.take_news(news).map(|()| Advance::Worked),
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

    /// Removes what was written and will never be committed. What was prepared for a checkpoint and is not told yet is told now: the coordinator
    /// knows whether some durable checkpoint needs it.
    pub(crate) fn abort(&mut self) -> Result<(), JobFailure> {
        let mut committables = self.parts.give_up(u64::MAX);
        committables.extend(self.tail.take_committables());
        if !committables.is_empty() {
            let state = TaskState { committables, ..TaskState::default() };
            self.tell(ToCoordinator::Snapshot(TaskSnapshot { task: self.id, checkpoint_id: u64::MAX, state }))?;
        }
        self.tail.abort().map_err(|cause| self.failure_of_tail(cause))
    }

    fn failure_of_chain(&self, inner: ChainFailure) -> JobFailure {
        failure(&inner.operator, self.id, self.parallelism, inner.cause)
    }

    fn failure_of_input(&self, error: InFlightError) -> JobFailure {
        failure(&self.name, self.id, self.parallelism, error.to_string())
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
