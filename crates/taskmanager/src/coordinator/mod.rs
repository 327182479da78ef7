//! The coordinator of one job: deals splits out, takes checkpoints, commits, and sees to it that the job ends once and completely.

pub(crate) mod assembly;
pub(crate) mod checkpoints;
pub(crate) mod describe;
pub(crate) mod metrics;
pub(crate) mod sinks;
pub(crate) mod sources;
pub(crate) mod split_pool;
mod store_actions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flott_checkpoint::store::JobEnding;
use flott_environment::{Environment, IoPending, ObjectName, Turn, Waker, Worker, WorkerHandle};
use flott_exchange::WakeCell;

use crate::checkpointing::{CheckpointStorage, Checkpointing};
use crate::coordinator::assembly::JobFacts;
use crate::coordinator::checkpoints::{CheckpointDesk, Effect, JobView};
use crate::coordinator::metrics::CheckpointMetrics;
use crate::coordinator::sinks::{SinkDesk, SinkPlan};
use crate::coordinator::sources::{SourceDesk, SourcePlan};
use crate::failure::{CheckpointError, JobError, JobFailure, TaskId};
use crate::job::{JobEnd, JobResult, JobShared};
use crate::limits::COORDINATOR_TURN_MESSAGES;
use crate::mailbox::Mailbox;
use crate::message::{TaskEnd, ToCoordinator};
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
    pub(crate) sources: Vec<SourcePlan>,
    pub(crate) sinks: Vec<SinkPlan>,
    pub(crate) checkpointing: Checkpointing,
    pub(crate) storage: CheckpointStorage,
    pub(crate) facts: JobFacts,
    pub(crate) metrics: CheckpointMetrics,
    /// Whether Ctrl-C cancels the job.
    pub(crate) cancel_on_interrupt: bool,
    /// Whether somebody may restart the job after a failure.
    pub(crate) may_restart: bool,
}

/// What the worker needs for as long as it runs.
struct Fixed {
    environment: Environment,
    shared: Arc<JobShared>,
    mailbox: Mailbox<ToCoordinator>,
    progress: ProgressBoard,
    slots: Vec<WorkerHandle>,
    slot_wakes: Arc<[WakeCell]>,
    tear_down: TearDown,
    checkpointing: Checkpointing,
    cancel_on_interrupt: bool,
    may_restart: bool,
}

/// The worker.
pub(crate) struct Coordinator {
    plan: Fixed,
    waker: Waker,
    start_ns: u64,
    /// Sources and sinks before the first turn.
    planned: Option<(Vec<SourcePlan>, Vec<SinkPlan>)>,
    sources: Vec<SourceDesk>,
    sinks: Vec<SinkDesk>,
    ended: BTreeMap<TaskId, TaskEnd>,
    /// `None` when all checkpoints are settled and the job's end has been dealt with.
    desk: Option<CheckpointDesk>,
    /// The job's checkpoints are being removed, as they are not to be kept.
    closing: Option<IoPending<Result<(), String>>>,
    warning: Option<String>,
    ending: Option<Ending>,
}

impl Coordinator {
    pub(crate) fn new(plan: CoordinatorPlan, waker: Waker) -> Self {
        let source_tasks: BTreeSet<TaskId> = plan
            .sources
            .iter()
            .filter(|source| !source.has_ended)
            .flat_map(|source| {
                (0..source.readers.len() as u32).map(|subtask| TaskId { vertex: source.vertex, subtask })
            })
            .collect();
        let environment = plan.environment;
        let metrics = (plan.metrics, waker.clone());
        let desk =
            CheckpointDesk::new(&environment, &plan.checkpointing, plan.storage, plan.facts, source_tasks, metrics);
        let fixed = Fixed {
            shared: plan.shared,
            mailbox: plan.mailbox,
            progress: plan.progress,
            slots: plan.slots,
            slot_wakes: plan.slot_wakes,
            tear_down: plan.tear_down,
            checkpointing: plan.checkpointing,
            cancel_on_interrupt: plan.cancel_on_interrupt,
            may_restart: plan.may_restart,
            environment,
        };
        Coordinator {
            start_ns: fixed.environment.clock().monotonic_ns(),
            plan: fixed,
            waker,
            planned: Some((plan.sources, plan.sinks)),
            sources: Vec::new(),
            sinks: Vec::new(),
            ended: BTreeMap::new(),
            desk: Some(desk),
            closing: None,
            warning: None,
            ending: None,
        }
    }

    /// Does something with the checkpoints, as long as there are some.
    fn with_desk(
        &mut self,
        work: impl FnOnce(&mut CheckpointDesk, &mut JobView<'_>) -> Result<(), JobFailure>,
    ) -> Result<(), JobFailure> {
        let Some(desk) = &mut self.desk else { return Ok(()) };
        let mut job = JobView { sources: &mut self.sources, sinks: &mut self.sinks, ended: &self.ended };
        work(desk, &mut job)
    }

    /// Finds the first splits, and commits what the snapshot says was to be committed.
    fn start(&mut self) -> Result<(), JobFailure> {
        let Some((sources, sinks)) = self.planned.take() else { return Ok(()) };
        self.plan.slots.iter().for_each(|slot| slot.wake_at_end(self.waker.clone()));
        if self.plan.cancel_on_interrupt {
            self.plan.environment.interrupted().register(self.waker.clone());
        }
        for sink in sinks {
            self.sinks.push(SinkDesk::start(sink, &self.plan.environment));
        }
        for source in sources.into_iter().filter(|source| !source.has_ended) {
            self.sources.push(SourceDesk::start(source, &self.plan.environment)?);
        }
        self.with_desk(|desk, job| desk.start(job))
    }

    /// What can be done now; `Err` ends the job.
    fn work(&mut self) -> Result<(), JobFailure> {
        self.start()?;
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
        }
        self.with_desk(|desk, job| desk.poll(job))?;
        self.take_effects();
        Ok(())
    }

    fn handle(&mut self, message: ToCoordinator) -> Result<(), JobFailure> {
        match message {
            ToCoordinator::NeedsSplit(task) => {
                let source = self.sources.iter_mut().find(|source| source.plan.vertex == task.vertex);
                if let Some(source) = source {
                    source.ask(task.subtask);
                }
                Ok(())
            }
            ToCoordinator::Snapshot(snapshot) => self.with_desk(|desk, job| desk.take_part(snapshot, job)),
            ToCoordinator::Finished(end) => {
                let task = end.task;
                self.ended.insert(task, end);
                self.with_desk(|desk, job| desk.task_finished(task, job))
            }
            ToCoordinator::Failed(failure) => Err(failure),
            ToCoordinator::Checkpoint { cell, kind, folder } => {
                if self.desk.is_none() {
                    cell.complete(Err(CheckpointError("the job is ending".to_string())));
                }
                self.with_desk(|desk, job| desk.request(cell, kind, folder, job))
            }
        }
    }

    fn take_effects(&mut self) {
        let effects = self.desk.as_mut().map(CheckpointDesk::take_effects).unwrap_or_default();
        for effect in effects {
            self.end(match effect {
                Effect::Stop(snapshot) => Ending::Stopped(snapshot),
                Effect::Finish => Ending::Finished,
                Effect::Fail(cause) => {
                    Ending::Failed(JobFailure { operator: "checkpoint coordinator".to_string(), subtask: None, cause })
                }
            });
        }
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
        if let Err(failure) = self.with_desk(|desk, job| desk.end(job)) {
            self.ending = Some(Ending::Failed(failure));
        }
    }

    /// The subtasks are gone: settles what is left. True if all is done.
    fn settle(&mut self) -> bool {
        // A failure to clean up, or what a sink had prepared, may have come with the last slot's end.
        while let Some(message) = self.plan.mailbox.take() {
            if let Err(failure) = self.handle(message) {
                self.end(Ending::Failed(failure));
            }
        }
        if self.desk.as_ref().is_some_and(|desk| !desk.is_settled()) {
            return false;
        }
        let is_bad = matches!(self.ending, Some(Ending::Failed(_) | Ending::Cancelled));
        if is_bad && let Err(failure) = self.with_desk(|desk, job| desk.discard(job)) {
            self.end(Ending::Failed(failure));
        }
        if let Some(desk) = self.desk.take() {
            let (storage, doomed) = desk.into_storage();
            self.close(storage, doomed);
        }
        match &self.closing {
            None => true,
            Some(closing) => match closing.take() {
                None => closing.is_done(),
                Some(closed) => {
                    self.warning = closed.map_err(|error| error.to_string()).and_then(|closed| closed).err();
                    true
                }
            },
        }
    }

    /// Removes the checkpoints of a job that has ended for good, unless they are to be kept.
    fn close(&mut self, storage: CheckpointStorage, doomed: Vec<ObjectName>) {
        let ending = match &self.ending {
            Some(Ending::Failed(_)) if self.plan.may_restart => None,
            Some(Ending::Failed(_)) => Some(JobEnding::Failed),
            Some(Ending::Cancelled) | None => Some(JobEnding::Cancelled),
            Some(Ending::Finished | Ending::Stopped(_)) => Some(JobEnding::Finished),
        };
        if storage.location.is_empty() {
            return;
        }
        let retention = self.plan.checkpointing.retention;
        let submitted = self.plan.environment.io().run("end of checkpoints", self.waker.clone(), move || {
            storage.delete(&doomed)?;
            ending.map_or(Ok(()), |ending| storage.end(retention, ending))
        });
        match submitted {
            Ok(pending) => self.closing = Some(pending),
            Err(refused) => self.warning = Some(refused.to_string()),
        }
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
        let (progress, warning) = (self.plan.progress.progress(), self.warning.take());
        let result = end.map(|end| JobResult { end, duration_ms: duration_ns / 1_000_000, progress, warning });
        self.plan.shared.complete(result);
    }
}

impl Worker for Coordinator {
    fn turn(&mut self) -> Turn {
        if let Err(failure) = self.work() {
            self.end(Ending::Failed(failure));
        }
        if self.ending.is_some() && self.plan.slots.iter().all(WorkerHandle::is_finished) && self.settle() {
            self.complete();
            return Turn::Finished;
        }
        let next_discovery_ms = match self.ending {
            Some(_) => None,
            None => self.sources.iter().filter_map(SourceDesk::next_discovery_ms).min(),
        };
        let checkpoints_ms = self.desk.as_ref().and_then(CheckpointDesk::wake_at_ms);
        // Once the job ends, grace periods are no reason to stay.
        let is_waiting = self.ending.is_none() || self.desk.as_ref().is_some_and(|desk| !desk.is_settled());
        let wake_at_ms = next_discovery_ms.into_iter().chain(checkpoints_ms.filter(|_| is_waiting)).min();
        Turn::Idle { wake_at_ms }
    }
}
