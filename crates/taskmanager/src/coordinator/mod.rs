//! The coordinator of one job: deals splits out, takes checkpoints, commits, and sees to it that the job ends once and completely.

pub(crate) mod collection;
pub(crate) mod sinks;
pub(crate) mod sources;
pub(crate) mod split_pool;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use flott_environment::{Environment, Turn, Waker, Worker, WorkerHandle};
use flott_exchange::WakeCell;
use flott_record::Barrier;

use crate::checkpoint::CheckpointCell;
use crate::coordinator::collection::{Collection, SourceAtTrigger, VertexUids};
use crate::coordinator::sinks::{SinkDesk, SinkPlan};
use crate::coordinator::sources::{SourceDesk, SourcePlan};
use crate::failure::{CheckpointError, JobError, JobFailure, TaskId};
use crate::job::{JobEnd, JobResult, JobShared};
use crate::limits::{CHECKPOINTS_WAITING_MAX, COORDINATOR_TURN_MESSAGES};
use crate::mailbox::Mailbox;
use crate::message::{TaskEnd, TaskSnapshot, ToCoordinator, ToTask};
use crate::progress::ProgressBoard;
use crate::slot::TearDown;
use crate::snapshot::JobSnapshot;

/// How a job that is being torn down ends.
enum Ending {
    Finished,
    Stopped(Arc<JobSnapshot>),
    Cancelled,
    Failed(JobFailure),
}

/// Everything from which the coordinator is made, on its own thread.
pub(crate) struct CoordinatorPlan {
    pub(crate) environment: Environment,
    pub(crate) shared: Arc<JobShared>,
    pub(crate) mailbox: Mailbox<ToCoordinator>,
    pub(crate) progress: ProgressBoard,
    pub(crate) slots: Vec<WorkerHandle>,
    pub(crate) slot_wakes: Arc<[WakeCell]>,
    pub(crate) tear_down: TearDown,
    pub(crate) vertices: Vec<VertexUids>,
    pub(crate) tasks: BTreeSet<TaskId>,
    pub(crate) sources: Vec<SourcePlan>,
    pub(crate) sinks: Vec<SinkPlan>,
    pub(crate) max_parallelism: u32,
    /// The last checkpoint of the run that this one goes on from; 0 if there is none.
    pub(crate) last_checkpoint_id: u64,
    /// Whether Ctrl-C cancels the job.
    pub(crate) cancel_on_interrupt: bool,
}

/// A checkpoint under way: its parts, and who waits for it.
struct Pending {
    collection: Collection,
    cell: Arc<CheckpointCell>,
    stops: bool,
}

/// The worker.
pub(crate) struct Coordinator {
    plan: CoordinatorPlan,
    waker: Waker,
    started: bool,
    start_ns: u64,
    sources: Vec<SourceDesk>,
    sinks: Vec<SinkDesk>,
    ended: BTreeMap<TaskId, TaskEnd>,
    last_checkpoint_id: u64,
    pending: Option<Pending>,
    waiting: VecDeque<(Arc<CheckpointCell>, bool)>,
    ending: Option<Ending>,
}

impl Coordinator {
    pub(crate) fn new(plan: CoordinatorPlan, waker: Waker) -> Self {
        let start_ns = plan.environment.clock().monotonic_ns();
        let last_checkpoint_id = plan.last_checkpoint_id;
        Coordinator {
            plan,
            waker,
            started: false,
            start_ns,
            sources: Vec::new(),
            sinks: Vec::new(),
            ended: BTreeMap::new(),
            last_checkpoint_id,
            pending: None,
            waiting: VecDeque::new(),
            ending: None,
        }
    }

    /// Finds the first splits, and commits what the snapshot says was to be committed.
    fn start(&mut self) -> Result<(), JobFailure> {
        self.started = true;
        self.plan.slots.iter().for_each(|slot| slot.wake_at_end(self.waker.clone()));
        if self.plan.cancel_on_interrupt {
            self.plan.environment.interrupted().register(self.waker.clone());
        }
        for sink in std::mem::take(&mut self.plan.sinks) {
            self.sinks.push(SinkDesk::start(sink, &self.plan.environment)?);
        }
        let sources = std::mem::take(&mut self.plan.sources);
        for source in sources.into_iter().filter(|source| !source.has_ended) {
            self.sources.push(SourceDesk::start(source, &self.plan.environment)?);
        }
        Ok(())
    }

    /// What can be done now; `Err` ends the job.
    fn work(&mut self) -> Result<(), JobFailure> {
        if !self.started {
            self.start()?;
        }
        for _ in 0..COORDINATOR_TURN_MESSAGES {
            let Some(message) = self.plan.mailbox.take() else { break };
            self.handle(message)?;
        }
        let is_interrupted = self.plan.cancel_on_interrupt && self.plan.environment.interrupted().is_set();
        if self.ending.is_none() && (self.plan.shared.is_cancelled() || is_interrupted) {
            self.end(Ending::Cancelled);
        }
        for slot in &self.plan.slots {
            if let Some(Err(error)) = slot.result() {
                return Err(JobFailure { operator: slot.name().to_string(), subtask: None, cause: error.to_string() });
            }
        }
        let now_ms = self.plan.environment.clock().now_ms();
        if self.ending.is_none() {
            for source in &mut self.sources {
                source.discover_due(now_ms)?;
                source.deal()?;
            }
            self.take_checkpoints()?;
        }
        if self.ending.is_none() && self.ended.len() == self.plan.tasks.len() {
            self.finish()?;
        }
        Ok(())
    }

    fn handle(&mut self, message: ToCoordinator) -> Result<(), JobFailure> {
        match message {
            ToCoordinator::NeedsSplit(task) => {
                let source = self.sources.iter_mut().find(|source| source.plan.vertex == task.vertex);
                if let Some(source) = source {
                    source.ask(task.subtask);
                }
            }
            ToCoordinator::Snapshot(snapshot) => self.take_part(snapshot),
            ToCoordinator::Finished(end) => {
                let has_part = match &mut self.pending {
                    Some(pending) => pending.collection.end(end.task, end.last_state.as_ref()),
                    None => true,
                };
                if !has_part {
                    self.give_up("the job is about to finish");
                }
                self.ended.insert(end.task, end);
            }
            ToCoordinator::Failed(failure) => return Err(failure),
            ToCoordinator::Checkpoint { cell, stops } => {
                if self.ending.is_some() || self.waiting.len() >= CHECKPOINTS_WAITING_MAX {
                    let reason = if self.ending.is_some() { "the job is ending" } else { "too many wait already" };
                    cell.complete(Err(CheckpointError(reason.to_string())));
                } else {
                    self.waiting.push_back((cell, stops));
                }
            }
        }
        Ok(())
    }

    /// Adds a subtask's part to its checkpoint. Where that was given up, what the part has to commit waits for the next one.
    fn take_part(&mut self, snapshot: TaskSnapshot) {
        match &mut self.pending {
            Some(pending) if pending.collection.checkpoint_id() == snapshot.checkpoint_id => {
                pending.collection.add(snapshot.task, snapshot.checkpoint_id, snapshot.state);
            }
            _ => {
                let sink = self.sinks.iter_mut().find(|sink| sink.plan.vertex == snapshot.task.vertex);
                if let Some(sink) = sink {
                    sink.carry_over(snapshot.state.committables);
                }
            }
        }
    }

    /// Completes the checkpoint under way, or begins one that waits.
    fn take_checkpoints(&mut self) -> Result<(), JobFailure> {
        if self.pending.as_ref().is_some_and(|pending| pending.collection.is_complete()) {
            self.complete_checkpoint()?;
        }
        while self.pending.is_none() && self.ending.is_none() {
            let Some((cell, stops)) = self.waiting.pop_front() else { break };
            self.begin_checkpoint(cell, stops)?;
        }
        Ok(())
    }

    fn begin_checkpoint(&mut self, cell: Arc<CheckpointCell>, stops: bool) -> Result<(), JobFailure> {
        let sources = &mut self.sources;
        let is_open =
            |source: &SourceDesk, subtask| !self.ended.contains_key(&TaskId { vertex: source.plan.vertex, subtask });
        let has_open = sources.iter().any(|source| (0..source.parallelism()).any(|subtask| is_open(source, subtask)));
        if !has_open {
            cell.complete(Err(CheckpointError("all input has been read".to_string())));
            return Ok(());
        }
        self.last_checkpoint_id += 1;
        let at_trigger =
            |source: &SourceDesk| SourceAtTrigger { snapshot: source.snapshot(), split_order: source.split_order() };
        let snapshots = sources.iter().map(|source| (source.plan.uid.clone(), at_trigger(source))).collect();
        let mut collection =
            Collection::new(self.last_checkpoint_id, self.plan.max_parallelism, self.plan.tasks.clone(), snapshots);
        let all_ended_have_parts = self.ended.values().all(|end| collection.end(end.task, end.last_state.as_ref()));
        if !all_ended_have_parts {
            cell.complete(Err(CheckpointError("the job is about to finish".to_string())));
            return Ok(());
        }
        let triggered_at_ms = self.plan.environment.clock().now_ms();
        let barrier = Barrier { checkpoint_id: self.last_checkpoint_id, triggered_at_ms };
        self.plan.environment.trace(&format!("checkpoint {} begins", barrier.checkpoint_id));
        for source in sources {
            for subtask in 0..source.parallelism() {
                if !self.ended.contains_key(&TaskId { vertex: source.plan.vertex, subtask }) {
                    source.tell(subtask, ToTask::Trigger { barrier, stops })?;
                }
            }
        }
        self.pending = Some(Pending { collection, cell, stops });
        Ok(())
    }

    fn complete_checkpoint(&mut self) -> Result<(), JobFailure> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        let mut committables = pending.collection.committables();
        for sink in &mut self.sinks {
            committables.entry(sink.plan.vertex).or_default().splice(0..0, sink.take_carried_over());
        }
        for task in pending.collection.ended() {
            if let Some(end) = self.ended.get_mut(task) {
                committables.entry(task.vertex).or_default().append(&mut end.committables);
            }
        }
        committables.retain(|_, committables| !committables.is_empty());
        let checkpoint_id = pending.collection.checkpoint_id();
        let snapshot = Arc::new(pending.collection.into_snapshot(&self.plan.vertices, &committables));
        for sink in &mut self.sinks {
            sink.commit(committables.remove(&sink.plan.vertex).unwrap_or_default())?;
        }
        self.plan.environment.trace(&format!("checkpoint {checkpoint_id} is complete"));
        pending.cell.complete(Ok(snapshot.clone()));
        if pending.stops {
            self.end(Ending::Stopped(snapshot));
        }
        Ok(())
    }

    /// Gives the checkpoint under way up; what sinks prepared for it is committed with the next.
    fn give_up(&mut self, reason: &str) {
        let Some(pending) = self.pending.take() else { return };
        let mut committables = pending.collection.committables();
        for sink in &mut self.sinks {
            sink.carry_over(committables.remove(&sink.plan.vertex).unwrap_or_default());
        }
        pending.cell.complete(Err(CheckpointError(reason.to_string())));
    }

    /// All subtasks have ended: commits the rest.
    fn finish(&mut self) -> Result<(), JobFailure> {
        self.give_up("the job finished");
        for sink in &mut self.sinks {
            let mut committables = sink.take_carried_over();
            for end in self.ended.values_mut().filter(|end| end.task.vertex == sink.plan.vertex) {
                committables.append(&mut end.committables);
            }
            sink.commit(committables)?;
        }
        self.end(Ending::Finished);
        Ok(())
    }

    /// Begins the end: the first reason counts, a failure counts more than a wish to end.
    fn end(&mut self, ending: Ending) {
        let replaces = match (&self.ending, &ending) {
            (None, _) => true,
            (Some(Ending::Failed(_)), _) => false,
            (Some(Ending::Cancelled), _) => false,
            (Some(_), Ending::Failed(_)) => true,
            (Some(_), _) => false,
        };
        if replaces {
            match ending {
                Ending::Finished => self.plan.tear_down.release(),
                _ => self.plan.tear_down.abort(),
            }
            self.ending = Some(ending);
            self.plan.slot_wakes.iter().for_each(WakeCell::wake);
        }
        self.give_up("the job is ending");
        for (cell, _) in self.waiting.drain(..) {
            cell.complete(Err(CheckpointError("the job is ending".to_string())));
        }
    }

    /// The job ended badly and its subtasks are gone: removes what they had prepared, but no snapshot knows of.
    fn discard_uncommitted(&mut self) -> Result<(), JobFailure> {
        for sink in &mut self.sinks {
            let mut committables = sink.take_carried_over();
            for end in self.ended.values_mut().filter(|end| end.task.vertex == sink.plan.vertex) {
                committables.append(&mut end.committables);
            }
            sink.discard(&committables)?;
        }
        Ok(())
    }

    /// The job is torn down: tells its result.
    fn complete(&mut self) {
        let end = match self.ending.take() {
            Some(Ending::Failed(failure)) => Err(JobError::Failed(failure)),
            Some(Ending::Cancelled) | None => Err(JobError::Cancelled),
            Some(Ending::Finished) => Ok(JobEnd::Finished),
            Some(Ending::Stopped(snapshot)) => Ok(JobEnd::Stopped(snapshot)),
        };
        // Sources and sinks go before the job's end is told: whoever hears of it finds nothing left.
        self.sources.clear();
        self.sinks.clear();
        while let Some(message) = self.plan.mailbox.take() {
            if let ToCoordinator::Checkpoint { cell, .. } = message {
                cell.complete(Err(CheckpointError("the job has ended".to_string())));
            }
        }
        let duration_ns = self.plan.environment.clock().monotonic_ns() - self.start_ns;
        let progress = self.plan.progress.progress();
        let result = end.map(|end| JobResult { end, duration_ms: duration_ns / 1_000_000, progress });
        self.plan.shared.complete(result);
    }
}

impl Worker for Coordinator {
    fn turn(&mut self) -> Turn {
        if let Err(failure) = self.work() {
            self.end(Ending::Failed(failure));
        }
        if self.ending.is_some() && self.plan.slots.iter().all(WorkerHandle::is_finished) {
            // A failure to clean up, or what a sink had prepared, may have come with the last slot's end.
            while let Some(message) = self.plan.mailbox.take() {
                if let Err(failure) = self.handle(message) {
                    self.end(Ending::Failed(failure));
                }
            }
            if matches!(self.ending, Some(Ending::Failed(_) | Ending::Cancelled))
                && let Err(failure) = self.discard_uncommitted()
            {
                self.end(Ending::Failed(failure));
            }
            self.complete();
            return Turn::Finished;
        }
        let next_discovery_ms = match self.ending {
            Some(_) => None,
            None => self.sources.iter().filter_map(SourceDesk::next_discovery_ms).min(),
        };
        Turn::Idle { wake_at_ms: next_discovery_ms }
    }
}
