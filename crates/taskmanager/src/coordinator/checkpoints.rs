//! The coordinator's checkpoints: a thin shell that carries out what the machines say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flott_checkpoint::commit::{CommitAction, CommitEvent, Commits};
use flott_checkpoint::coordinator::{Action, Answer, Coordinator as Machine, Event, RequestKind};
use flott_checkpoint::limits::CHECKPOINTS_PER_SWEEP;
use flott_checkpoint::references::{ReferenceAction, ReferenceEvent, References};
use flott_checkpoint::store::{SnapshotReader, SnapshotWriter};
use flott_checkpoint::{TaskId, layout};
use flott_environment::{Environment, ObjectName, Store, Waker};
use flott_record::Barrier;

use crate::checkpoint::CheckpointCell;
use crate::checkpointing::{CheckpointStorage, Checkpointing};
use crate::coordinator::assembly::{
    Assembly, JobFacts, SourceAtTrigger, Stored, Target, is_all_inline, objects_of, store_part,
};
use crate::coordinator::metrics::CheckpointMetrics;
use crate::coordinator::sinks::SinkDesk;
use crate::coordinator::sources::SourceDesk;
use crate::coordinator::store_actions::{Done, StoreActions, Written};
use crate::failure::{CheckpointError, JobFailure};
use crate::message::{TaskEnd, TaskSnapshot, TaskState, ToTask};
use crate::snapshot::JobSnapshot;

/// What the checkpoints mean for the job.
pub(crate) enum Effect {
    /// It ends with this savepoint.
    Stop(Arc<JobSnapshot>),
    /// It ends: all is read and, where that is kept, the final checkpoint is complete.
    Finish,
    /// It cannot go on.
    Fail(String),
}

/// The parts of the job that checkpoints deal with.
pub(crate) struct JobView<'a> {
    pub(crate) sources: &'a mut Vec<SourceDesk>,
    pub(crate) sinks: &'a mut Vec<SinkDesk>,
    pub(crate) ended: &'a BTreeMap<TaskId, TaskEnd>,
}

/// Who waits for a checkpoint, and where it is to be.
struct Request {
    cell: Arc<CheckpointCell>,
    /// The folder in which a savepoint gets its own, and the store there.
    place: Option<(String, Store)>,
}

/// The shell.
pub(crate) struct CheckpointDesk {
    environment: Environment,
    machine: Machine,
    commits: Commits,
    references: References,
    actions: StoreActions,
    storage: CheckpointStorage,
    facts: Arc<JobFacts>,
    savepoint_dir: Option<String>,
    assemblies: BTreeMap<u64, Assembly>,
    /// Snapshots that are written and not complete.
    written: BTreeMap<u64, Arc<JobSnapshot>>,
    requests: BTreeMap<u64, Request>,
    next_request: u64,
    effects: Vec<Effect>,
    /// Complete checkpoints of this attempt.
    completed: u64,
    pub(crate) metrics: CheckpointMetrics,
}

impl CheckpointDesk {
    pub(crate) fn new(
        environment: &Environment,
        checkpointing: &Checkpointing,
        mut storage: CheckpointStorage,
        facts: JobFacts,
        sources: BTreeSet<TaskId>,
        (metrics, waker): (CheckpointMetrics, Waker),
    ) -> Self {
        let mut references = References::new(checkpointing.retained_max);
        if storage.location.is_empty() {
            references = references.without_grace();
        }
        let now_ms = environment.clock().now_ms();
        if let Some(restored) = storage.restored.take() {
            references.step(restored, now_ms);
        }
        CheckpointDesk {
            environment: environment.clone(),
            machine: Machine::new(checkpointing.coordinator.clone(), facts.tasks.clone(), sources, storage.last_id),
            commits: Commits::new(storage.epoch),
            references,
            actions: StoreActions::new(environment.io(), waker, storage.keeper.clone()),
            storage,
            facts: Arc::new(facts),
            savepoint_dir: checkpointing.savepoint_dir.clone(),
            assemblies: BTreeMap::new(),
            written: BTreeMap::new(),
            requests: BTreeMap::new(),
            next_request: 0,
            effects: Vec::new(),
            completed: 0,
            metrics,
        }
    }

    /// All tasks are being built; commits what the snapshot that the job goes on from says.
    pub(crate) fn start(&mut self, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        for index in 0..job.sinks.len() {
            let plan = &mut job.sinks[index].plan;
            let committables = std::mem::take(&mut plan.restored).into_iter().map(|restored| restored.state).collect();
            let restored = CommitEvent::Restored { sink: plan.vertex, committables };
            self.commit(restored, job)?;
        }
        self.step(Event::Started, job)
    }

    /// Somebody wants a checkpoint or savepoint.
    pub(crate) fn request(
        &mut self,
        cell: Arc<CheckpointCell>,
        kind: RequestKind,
        folder: Option<String>,
        job: &mut JobView<'_>,
    ) -> Result<(), JobFailure> {
        let folder = folder.or_else(|| self.savepoint_dir.clone()).filter(|_| kind.is_savepoint());
        let opened = folder.map(|folder| (self.storage.open)(&folder).map(|store| (folder, store))).transpose();
        let place = match opened {
            Ok(place) => place,
            Err(reason) => {
                cell.complete(Err(CheckpointError(reason)));
                return Ok(());
            }
        };
        self.next_request += 1;
        self.requests.insert(self.next_request, Request { cell, place });
        self.step(Event::Requested { request: self.next_request, kind }, job)
    }

    /// A task passed a barrier.
    pub(crate) fn take_part(&mut self, snapshot: TaskSnapshot, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        let TaskSnapshot { task, checkpoint_id, state } = snapshot;
        let is_sink = job.sinks.iter().any(|sink| sink.plan.vertex == task.vertex);
        if is_sink {
            let committables = state.committables.into_iter().map(|prepared| prepared.state).collect();
            self.commit(CommitEvent::Passed { task, checkpoint_id, committables }, job)?;
        }
        let Some(assembly) = self.assemblies.get_mut(&checkpoint_id).filter(|assembly| !assembly.has(task)) else {
            return Ok(());
        };
        assembly.passed(task, state.splits);
        let (target, is_wanted) = (assembly.target.clone(), assembly.is_wanted);
        let inline_bytes_max = self.facts.inline_bytes_max;
        if !is_all_inline(&state.operators, inline_bytes_max) {
            let options = (inline_bytes_max, is_wanted);
            return self.actions.store((checkpoint_id, task), state.operators, target, options).map_err(failure);
        }
        let stored = store_part(state.operators, &target, inline_bytes_max, is_wanted);
        self.part_stored(checkpoint_id, task, stored, job)
    }

    /// A task ended.
    pub(crate) fn task_finished(&mut self, task: TaskId, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        let ended = job.ended;
        let Some(end) = ended.get(&task) else { return Ok(()) };
        if job.sinks.iter().any(|sink| sink.plan.vertex == task.vertex) {
            let committables = end.committables.iter().map(|prepared| prepared.state.clone()).collect();
            self.commit(CommitEvent::Ended { task, committables }, job)?;
        }
        if let Some(last_state) = &end.last_state {
            self.assemblies.values_mut().for_each(|assembly| assembly.end(task, last_state));
        }
        self.step(Event::TaskFinished { task, has_state: end.last_state.is_some() }, job)
    }

    /// Goes on with what the I/O pool has done and what is due.
    pub(crate) fn poll(&mut self, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        for done in self.actions.poll().map_err(failure)? {
            self.take_done(done, job)?;
        }
        self.refer(ReferenceEvent::Tick)?;
        self.step(Event::Tick, job)
    }

    /// The job fails or is cancelled: no checkpoint begins any more.
    pub(crate) fn end(&mut self, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        self.step(Event::Ending, job)
    }

    /// The job ended badly, and nothing is under way: removes what sinks prepared and no checkpoint can need.
    pub(crate) fn discard(&mut self, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        self.commit(CommitEvent::EndedBadly, job)
    }

    /// What the checkpoints mean for the job, since the last call.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Whether nothing is under way any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.machine.is_settled() && self.actions.is_idle()
    }

    /// When to call [`CheckpointDesk::poll`] at the latest.
    pub(crate) fn wake_at_ms(&self) -> Option<i64> {
        self.machine.wake_at_ms().into_iter().chain(self.references.wake_at_ms()).min()
    }

    /// The place of the job's checkpoints, and what is still to be deleted there.
    pub(crate) fn into_storage(mut self) -> (CheckpointStorage, Vec<ObjectName>) {
        (self.storage, self.references.take_doomed())
    }

    fn take_done(&mut self, done: Done, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        match done {
            Done::Stored { checkpoint_id, task, stored } => self.part_stored(checkpoint_id, task, stored, job),
            Done::Written(written) => self.metadata_written(written, job),
            Done::Resolved { checkpoint_id, verdict } => self.step(Event::Resolved { checkpoint_id, verdict }, job),
            Done::Pointer { checkpoint_id, answer } => self.step(Event::Pointer { checkpoint_id, answer }, job),
            Done::Cleaned(Ok(())) => Ok(()),
            Done::Cleaned(Err(reason)) => {
                // The sweeper tries again; nothing depends on it.
                self.environment.trace(&format!("checkpoints are not cleaned: {reason}"));
                Ok(())
            }
        }
    }

    fn part_stored(
        &mut self,
        checkpoint_id: u64,
        task: TaskId,
        stored: Result<Vec<Stored>, String>,
        job: &mut JobView<'_>,
    ) -> Result<(), JobFailure> {
        let stored = match stored {
            Ok(stored) => stored,
            Err(reason) => return self.step(Event::Declined { task, checkpoint_id, reason }, job),
        };
        let is_savepoint = self.assemblies.get(&checkpoint_id).is_some_and(|assembly| assembly.kind.is_savepoint());
        if !is_savepoint {
            let new = objects_of(&stored);
            self.refer(ReferenceEvent::Registered { checkpoint_id, task, new, reused: Vec::new() })?;
        }
        if let Some(assembly) = self.assemblies.get_mut(&checkpoint_id) {
            assembly.stored.insert(task, stored);
        }
        self.step(Event::Acknowledged { task, checkpoint_id }, job)
    }

    fn metadata_written(&mut self, written: Written, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        let Written { checkpoint_id, answer, metadata, objects, snapshot, metadata_bytes, state_bytes } = written;
        let task = TaskId { vertex: 0, subtask: 0 };
        if !self.machine.under_way().contains(&checkpoint_id) {
            // It was given up meanwhile.
            if matches!(answer, Answer::Unknown(_)) {
                return Ok(());
            }
            self.actions.clean(objects).map_err(failure)?;
            self.actions.forget(checkpoint_id).map_err(failure)?;
            self.refer(ReferenceEvent::Settled { checkpoint_id, metadata })?;
            return self.commit(CommitEvent::Settled { checkpoint_id }, job);
        }
        if !objects.is_empty() {
            self.refer(ReferenceEvent::Registered { checkpoint_id, task, new: objects, reused: Vec::new() })?;
        }
        if let Some(metadata) = metadata {
            self.refer(ReferenceEvent::Written { checkpoint_id, metadata })?;
        }
        if let Some(snapshot) = snapshot {
            self.metrics.written(checkpoint_id, metadata_bytes, state_bytes, &snapshot.path);
            self.written.insert(checkpoint_id, snapshot);
        }
        self.step(Event::MetadataWritten { checkpoint_id, answer }, job)
    }

    fn step(&mut self, event: Event, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        let now_ms = self.environment.clock().now_ms();
        for action in self.machine.step(event, now_ms) {
            if self.environment.is_traced() {
                self.environment.trace(&format!("checkpoints: {action}"));
            }
            self.perform(action, now_ms, job)?;
        }
        self.metrics.in_progress(self.machine.in_progress());
        Ok(())
    }

    fn perform(&mut self, action: Action, now_ms: i64, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        match action {
            Action::Trigger { checkpoint_id, kind, tasks, request } => {
                self.begin(checkpoint_id, kind, request, job);
                let barrier = Barrier { checkpoint_id, triggered_at_ms: now_ms, must_align: kind.is_savepoint() };
                for task in tasks {
                    let source = job.sources.iter().find(|source| source.plan.vertex == task.vertex);
                    if let Some(source) = source {
                        let (stops, drains) = match kind {
                            RequestKind::Stop { drains } => (true, drains),
                            RequestKind::Checkpoint | RequestKind::Savepoint | RequestKind::Final => (false, false),
                        };
                        source.tell(task.subtask, ToTask::Trigger { barrier, stops, drains })?;
                    }
                }
                Ok(())
            }
            Action::CollectFinal { checkpoint_id } => {
                self.begin(checkpoint_id, RequestKind::Final, None, job);
                Ok(())
            }
            Action::WriteMetadata { checkpoint_id } => {
                let Some(assembly) = self.assemblies.remove(&checkpoint_id) else { return Ok(()) };
                let committables = self.commits.include(checkpoint_id);
                self.actions.write(assembly, self.facts.clone(), committables).map_err(failure)
            }
            Action::Resolve { checkpoint_id } => self.actions.resolve(checkpoint_id).map_err(failure),
            Action::MovePointer { checkpoint_id } | Action::ReadPointer { checkpoint_id } => {
                let retained = self.references.retained_with(checkpoint_id);
                self.actions.move_pointer(checkpoint_id, retained).map_err(failure)
            }
            Action::Complete { checkpoint_id, kind } => self.complete(checkpoint_id, kind, now_ms, job),
            Action::GiveUp { checkpoint_id, reason, is_settled } => {
                self.metrics.failed(checkpoint_id);
                self.environment.trace(&format!("checkpoint {checkpoint_id} is given up: {reason}"));
                self.give_up(checkpoint_id, is_settled, job)
            }
            Action::Answer { request, outcome } => {
                self.answer(request, outcome);
                Ok(())
            }
            Action::Stop { checkpoint_id } => {
                let snapshot = self.written.remove(&checkpoint_id);
                self.effects.extend(snapshot.map(Effect::Stop));
                Ok(())
            }
            Action::Finish => {
                self.commit(CommitEvent::EndedWell, job)?;
                self.effects.push(Effect::Finish);
                Ok(())
            }
            Action::FailJob { reason } => {
                self.effects.push(Effect::Fail(reason));
                Ok(())
            }
            Action::StepDown { epoch } => {
                self.commit(CommitEvent::Fenced, job)?;
                let reason = format!("another attempt to run the job (epoch {epoch}) has taken it over");
                self.effects.push(Effect::Fail(reason));
                Ok(())
            }
        }
    }

    fn begin(&mut self, checkpoint_id: u64, kind: RequestKind, request: Option<u64>, job: &JobView<'_>) {
        let now_ms = self.environment.clock().now_ms();
        let under_way = self.machine.under_way();
        self.written.retain(|written, _| under_way.contains(written));
        let at_trigger =
            |source: &SourceDesk| SourceAtTrigger { snapshot: source.snapshot(), split_order: source.split_order() };
        let sources = job.sources.iter().map(|source| (source.plan.uid.clone(), at_trigger(source))).collect();
        let target = self.target(checkpoint_id, kind, request);
        let mut assembly = Assembly::new((checkpoint_id, kind), now_ms, target, sources, request.is_some());
        for end in job.ended.values() {
            match &end.last_state {
                Some(last_state) => assembly.end(end.task, last_state),
                // Only the final checkpoint goes without: nothing of these tasks is needed any more.
                None => assembly.end(end.task, &TaskState::default()),
            }
        }
        if !kind.is_savepoint() {
            self.references.begin(checkpoint_id);
        }
        self.metrics.triggered(checkpoint_id, now_ms);
        self.assemblies.insert(checkpoint_id, assembly);
    }

    /// Where a checkpoint goes: to its job's folder; a savepoint where it was asked for.
    fn target(&self, checkpoint_id: u64, kind: RequestKind, request: Option<u64>) -> Target {
        let storage = &self.storage;
        let (writer, reader) = (storage.writer.clone(), storage.reader.clone());
        if !kind.is_savepoint() {
            let path = match storage.location.is_empty() {
                true => String::new(),
                false => format!("{}/chk-{checkpoint_id}", storage.location),
            };
            return Target { writer, reader, folder: storage.layout.checkpoint(checkpoint_id), path };
        }
        let folder = layout::savepoint_folder(&self.facts.job_id, self.environment.random_seed());
        let place = request.and_then(|request| self.requests.get(&request)?.place.clone());
        match place {
            None => Target { writer, reader, folder, path: String::new() },
            Some((dir, store)) => Target {
                writer: SnapshotWriter::new(store.clone(), self.environment.random_seed()),
                reader: SnapshotReader::new(store, storage.open.clone()),
                path: format!("{}/{folder}", dir.trim_end_matches('/')),
                folder,
            },
        }
    }

    fn answer(&mut self, request: u64, outcome: Result<u64, String>) {
        let Some(Request { cell, .. }) = self.requests.remove(&request) else { return };
        let snapshot = outcome.and_then(|checkpoint_id| {
            let written = self.written.get(&checkpoint_id).cloned();
            written.ok_or_else(|| format!("checkpoint {checkpoint_id} is complete, but was not kept in memory"))
        });
        cell.complete(snapshot.map_err(CheckpointError));
    }

    fn complete(
        &mut self,
        checkpoint_id: u64,
        kind: RequestKind,
        now_ms: i64,
        job: &mut JobView<'_>,
    ) -> Result<(), JobFailure> {
        if kind.is_savepoint() {
            self.actions.forget(checkpoint_id).map_err(failure)?;
        } else {
            self.refer(ReferenceEvent::Completed { checkpoint_id })?;
            self.actions.clean(Vec::new()).map_err(failure)?;
            if self.completed.is_multiple_of(CHECKPOINTS_PER_SWEEP) {
                let needed = self.references.needed();
                self.actions.sweep(needed, self.machine.under_way(), now_ms).map_err(failure)?;
            }
            self.completed += 1;
        }
        self.metrics.completed(checkpoint_id, kind, now_ms);
        self.environment.trace(&format!("checkpoint {checkpoint_id} is complete"));
        if kind.commits() {
            return self.commit(CommitEvent::Durable { checkpoint_id }, job);
        }
        // What sinks prepared is committed with the next checkpoint; it may also be with whoever goes on from this savepoint.
        self.commit(CommitEvent::GivenUp { checkpoint_id, is_settled: false }, job)
    }

    fn give_up(&mut self, checkpoint_id: u64, is_settled: bool, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        self.assemblies.remove(&checkpoint_id);
        self.written.remove(&checkpoint_id);
        self.actions.forget(checkpoint_id).map_err(failure)?;
        self.refer(ReferenceEvent::GivenUp { checkpoint_id, is_settled })?;
        self.commit(CommitEvent::GivenUp { checkpoint_id, is_settled }, job)
    }

    fn refer(&mut self, event: ReferenceEvent) -> Result<(), JobFailure> {
        let now_ms = self.environment.clock().now_ms();
        let mut names = Vec::new();
        for action in self.references.step(event, now_ms) {
            match action {
                ReferenceAction::Accept { .. } => {}
                ReferenceAction::Refuse { checkpoint_id, task, name } => {
                    let reason =
                        format!("task {task} refers in checkpoint {checkpoint_id} to {name}, which is not kept");
                    return Err(failure(reason));
                }
                ReferenceAction::Delete { name } => names.push(name),
            }
        }
        if names.is_empty() { Ok(()) } else { self.actions.clean(names).map_err(failure) }
    }

    fn commit(&mut self, event: CommitEvent, job: &mut JobView<'_>) -> Result<(), JobFailure> {
        for action in self.commits.step(event) {
            match action {
                CommitAction::Commit { sink, committables, .. } => {
                    if let Some(desk) = job.sinks.iter_mut().find(|desk| desk.plan.vertex == sink) {
                        desk.commit(committables)?;
                    }
                    self.commits.step(CommitEvent::Committed { sink });
                }
                CommitAction::Discard { sink, committables } => {
                    if let Some(desk) = job.sinks.iter_mut().find(|desk| desk.plan.vertex == sink) {
                        desk.discard(committables)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn failure(cause: String) -> JobFailure {
    JobFailure { operator: "checkpoint coordinator".to_string(), subtask: None, cause }
}
