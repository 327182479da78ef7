//! The coordinator of one job's checkpoints, as a pure state machine.
//!
//! A checkpoint is collected (each task's part is durable, or the task has ended and left its last state: a set, not an order), then its
//! metadata is written, read again and resolved, then the pointer is moved to it, and only then it is complete and told. A savepoint is complete
//! when it is resolved. An answer that leaves open whether a write happened is neither success nor failure: it is resolved by reading.

mod event;
mod pending;
mod schedule;
mod settings;
mod storing;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub use event::{Action, Answer, Event, PointerAnswer, Verdict};
pub use settings::{CoordinatorSettings, RequestKind};

use crate::TaskId;
use crate::coordinator::pending::{Pending, Stage};
use crate::coordinator::schedule::Schedule;
use crate::limits::{ENDING_WAIT_MS, REQUESTS_WAITING_MAX};

/// What the job is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Its tasks are not all running yet.
    Starting,
    /// Checkpoints begin.
    Running,
    /// A savepoint with which it ends is under way.
    Stopping,
    /// All tasks have ended; the final checkpoint is under way.
    Finishing,
    /// It ends: nothing begins any more.
    Ending,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Coordinator {
    settings: CoordinatorSettings,
    tasks: BTreeSet<TaskId>,
    sources: BTreeSet<TaskId>,
    /// Tasks that have ended, and whether they left a state.
    finished: BTreeMap<TaskId, bool>,
    last_id: u64,
    pending: BTreeMap<u64, Pending>,
    waiting: VecDeque<(u64, RequestKind)>,
    schedule: Schedule,
    failures: u32,
    phase: Phase,
}

impl Coordinator {
    /// A coordinator of a job with these tasks, of which `sources` inject barriers. Checkpoints get ids above `last_id`, which is the greatest
    /// that was ever used for the job.
    pub fn new(
        settings: CoordinatorSettings,
        tasks: BTreeSet<TaskId>,
        sources: BTreeSet<TaskId>,
        last_id: u64,
    ) -> Self {
        let schedule = Schedule::new(settings.interval_ms, settings.min_pause_ms);
        Coordinator {
            settings,
            tasks,
            sources,
            finished: BTreeMap::new(),
            last_id,
            pending: BTreeMap::new(),
            waiting: VecDeque::new(),
            schedule,
            failures: 0,
            phase: Phase::Starting,
        }
    }

    /// Takes one event.
    pub fn step(&mut self, event: Event, now_ms: i64) -> Vec<Action> {
        let mut actions = Vec::new();
        let out = &mut actions;
        match event {
            Event::Started => self.start(now_ms),
            Event::Tick => {}
            Event::Requested { request, kind } => self.request(request, kind, out),
            Event::Acknowledged { task, checkpoint_id } => self.acknowledge(task, checkpoint_id, out),
            Event::Declined { task, checkpoint_id, reason } => self.decline(task, checkpoint_id, &reason, now_ms, out),
            Event::TaskFinished { task, has_state } => self.finish_task(task, has_state, now_ms, out),
            Event::MetadataWritten { checkpoint_id, answer } => {
                self.metadata_written(checkpoint_id, answer, now_ms, out);
            }
            Event::Resolved { checkpoint_id, verdict } => self.resolved(checkpoint_id, verdict, now_ms, out),
            Event::Pointer { checkpoint_id, answer } => self.pointer_answered(checkpoint_id, answer, now_ms, out),
            Event::Ending => self.end("the job is ending", now_ms, out),
        }
        self.pass_time(now_ms, out);
        actions
    }

    /// When to call [`Coordinator::step`] with [`Event::Tick`] at the latest, milliseconds since the epoch.
    pub fn wake_at_ms(&self) -> Option<i64> {
        let timers = self.pending.values().filter_map(|pending| match pending.stage {
            Stage::ResolveAgain { at_ms } => Some(at_ms.min(pending.deadline_ms)),
            Stage::ReadAgain { at_ms } => Some(at_ms),
            Stage::MovingPointer => None,
            Stage::Collecting | Stage::Writing | Stage::Resolving | Stage::AwaitingPointer => Some(pending.deadline_ms),
        });
        let next = if self.may_begin_periodic() { self.schedule.due_ms() } else { None };
        timers.chain(next).min()
    }

    /// Whether nothing is under way: where not, the job's end waits, as a checkpoint may yet turn out to be complete.
    pub fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// Number of checkpoints under way.
    pub fn in_progress(&self) -> usize {
        self.pending.len()
    }

    /// Ids of the checkpoints under way.
    pub fn under_way(&self) -> BTreeSet<u64> {
        self.pending.keys().copied().collect()
    }

    fn start(&mut self, now_ms: i64) {
        if self.phase == Phase::Starting {
            self.phase = Phase::Running;
            self.schedule.start(now_ms);
        }
    }

    fn request(&mut self, request: u64, kind: RequestKind, out: &mut Vec<Action>) {
        let refusal = match self.phase {
            Phase::Stopping => Some("the job is stopping"),
            Phase::Finishing | Phase::Ending => Some("the job is ending"),
            _ if self.waiting.len() >= REQUESTS_WAITING_MAX => Some("too many wait already"),
            Phase::Starting | Phase::Running => None,
        };
        match refusal {
            Some(reason) => out.push(Action::Answer { request, outcome: Err(reason.to_string()) }),
            None => self.waiting.push_back((request, kind)),
        }
    }

    fn acknowledge(&mut self, task: TaskId, checkpoint_id: u64, out: &mut Vec<Action>) {
        if let Some(pending) = self.pending.get_mut(&checkpoint_id) {
            pending.missing.remove(&task);
            self.write_if_collected(checkpoint_id, out);
        }
    }

    fn decline(&mut self, task: TaskId, checkpoint_id: u64, reason: &str, now_ms: i64, out: &mut Vec<Action>) {
        let is_collecting =
            self.pending.get(&checkpoint_id).is_some_and(|pending| matches!(pending.stage, Stage::Collecting));
        if is_collecting {
            self.fail(checkpoint_id, &format!("task {task} declined it: {reason}"), now_ms, out);
        }
    }

    fn finish_task(&mut self, task: TaskId, has_state: bool, now_ms: i64, out: &mut Vec<Action>) {
        if !self.tasks.contains(&task) || self.finished.insert(task, has_state).is_some() {
            return;
        }
        for checkpoint_id in self.under_way() {
            let Some(pending) = self.pending.get_mut(&checkpoint_id) else { continue };
            if !pending.missing.contains(&task) {
                continue;
            }
            if has_state {
                pending.missing.remove(&task);
                self.write_if_collected(checkpoint_id, out);
            } else {
                self.give_up(checkpoint_id, "the job is about to finish", now_ms, out);
            }
        }
        if self.finished.len() == self.tasks.len() {
            self.finish(now_ms, out);
        }
    }

    /// All tasks have ended.
    fn finish(&mut self, now_ms: i64, out: &mut Vec<Action>) {
        // After a stop the tasks end by being torn down; where they all end by themselves, the end was reached first.
        if !matches!(self.phase, Phase::Starting | Phase::Running | Phase::Stopping) {
            return;
        }
        self.refuse_waiting("the job finished", out);
        let unfinished: Vec<u64> = self.under_way().into_iter().collect();
        for checkpoint_id in unfinished {
            if matches!(self.pending.get(&checkpoint_id), Some(pending) if pending.stage == Stage::Collecting) {
                self.give_up(checkpoint_id, "the job finished", now_ms, out);
            }
        }
        if !self.settings.final_checkpoint {
            self.phase = Phase::Ending;
            out.push(Action::Finish);
            return;
        }
        self.phase = Phase::Finishing;
        let checkpoint_id = self.insert_pending(RequestKind::Final, None, BTreeSet::new(), now_ms);
        out.push(Action::CollectFinal { checkpoint_id });
        self.write_if_collected(checkpoint_id, out);
    }

    /// Nothing begins any more. What the pointer may already name is waited for, but not for ever.
    fn end(&mut self, reason: &str, now_ms: i64, out: &mut Vec<Action>) {
        self.phase = Phase::Ending;
        self.refuse_waiting(reason, out);
        let until_ms = now_ms.saturating_add_unsigned(ENDING_WAIT_MS);
        for checkpoint_id in self.under_way() {
            match self.pending.get_mut(&checkpoint_id) {
                Some(pending) if pending.may_be_found() => pending.deadline_ms = pending.deadline_ms.min(until_ms),
                _ => self.drop_pending(checkpoint_id, reason, out),
            }
        }
    }

    fn refuse_waiting(&mut self, reason: &str, out: &mut Vec<Action>) {
        for (request, _) in self.waiting.drain(..) {
            out.push(Action::Answer { request, outcome: Err(reason.to_string()) });
        }
    }

    /// Begins what is due and gives up what is overdue.
    fn pass_time(&mut self, now_ms: i64, out: &mut Vec<Action>) {
        for checkpoint_id in self.under_way() {
            self.pass_time_of(checkpoint_id, now_ms, out);
        }
        while self.phase == Phase::Running && self.pending.len() < self.settings.concurrent_max as usize {
            let Some((request, kind)) = self.waiting.pop_front() else { break };
            self.begin(kind, Some(request), now_ms, out);
        }
        if self.may_begin_periodic() && self.schedule.due_ms().is_some_and(|due_ms| due_ms <= now_ms) {
            self.schedule.begun(now_ms);
            self.begin(RequestKind::Checkpoint, None, now_ms, out);
        }
    }

    fn pass_time_of(&mut self, checkpoint_id: u64, now_ms: i64, out: &mut Vec<Action>) {
        let Some(pending) = self.pending.get_mut(&checkpoint_id) else { return };
        match pending.stage {
            Stage::ReadAgain { .. } if self.phase == Phase::Ending && pending.deadline_ms <= now_ms => {
                self.drop_pending(checkpoint_id, "it is not known whether the pointer has moved", out);
            }
            Stage::ReadAgain { at_ms } if at_ms <= now_ms => {
                pending.stage = Stage::MovingPointer;
                out.push(Action::ReadPointer { checkpoint_id });
            }
            Stage::MovingPointer | Stage::ReadAgain { .. } => {}
            _ if pending.deadline_ms <= now_ms => {
                let reason = format!("it expired after {} ms", self.settings.timeout_ms);
                self.fail(checkpoint_id, &reason, now_ms, out);
            }
            Stage::ResolveAgain { at_ms } if at_ms <= now_ms => {
                pending.stage = Stage::Resolving;
                out.push(Action::Resolve { checkpoint_id });
            }
            _ => {}
        }
    }

    fn may_begin_periodic(&self) -> bool {
        let has_open_source = self.sources.iter().any(|task| !self.finished.contains_key(task));
        self.phase == Phase::Running
            && self.pending.len() < self.settings.concurrent_max as usize
            && has_open_source
            && self.refusal().is_none()
    }

    /// Why no checkpoint can begin now, if so.
    fn refusal(&self) -> Option<&'static str> {
        if self.sources.iter().all(|task| self.finished.contains_key(task)) {
            Some("all input has been read")
        } else if self.finished.values().any(|has_state| !has_state) {
            Some("the job is about to finish")
        } else if !self.settings.after_tasks_finish && !self.finished.is_empty() {
            Some("some tasks have finished, and execution.checkpointing.checkpoints-after-tasks-finish is off")
        } else {
            None
        }
    }

    fn begin(&mut self, kind: RequestKind, request: Option<u64>, now_ms: i64, out: &mut Vec<Action>) {
        if let Some(reason) = self.refusal() {
            if let Some(request) = request {
                out.push(Action::Answer { request, outcome: Err(reason.to_string()) });
            }
            return;
        }
        if matches!(kind, RequestKind::Stop { .. }) {
            self.phase = Phase::Stopping;
            self.refuse_waiting("the job is stopping", out);
        }
        let open = |tasks: &BTreeSet<TaskId>| -> BTreeSet<TaskId> {
            tasks.iter().filter(|task| !self.finished.contains_key(task)).copied().collect()
        };
        let (missing, tasks) = (open(&self.tasks), open(&self.sources));
        let checkpoint_id = self.insert_pending(kind, request, missing, now_ms);
        out.push(Action::Trigger { checkpoint_id, kind, tasks, request });
    }

    fn insert_pending(
        &mut self,
        kind: RequestKind,
        request: Option<u64>,
        missing: BTreeSet<TaskId>,
        now_ms: i64,
    ) -> u64 {
        self.last_id += 1;
        let deadline_ms = now_ms.saturating_add_unsigned(self.settings.timeout_ms);
        let pending = Pending { kind, request, deadline_ms, missing, stage: Stage::Collecting, is_unclear: false };
        self.pending.insert(self.last_id, pending);
        self.last_id
    }

    /// A checkpoint failed: counts it, unless it was a savepoint, whose failure is told to who asked for it.
    fn fail(&mut self, checkpoint_id: u64, reason: &str, now_ms: i64, out: &mut Vec<Action>) {
        let kind = self.pending.get(&checkpoint_id).map(|pending| pending.kind);
        self.give_up(checkpoint_id, reason, now_ms, out);
        if kind != Some(RequestKind::Checkpoint) || self.phase == Phase::Ending {
            return;
        }
        self.failures += 1;
        if self.failures > self.settings.failures_tolerated {
            let reason = format!(
                "checkpoint {checkpoint_id} failed: {reason}; that is {} in a row, and \
                 execution.checkpointing.tolerable-failed-checkpoints is {}",
                self.failures, self.settings.failures_tolerated
            );
            out.push(Action::FailJob { reason });
        }
    }

    /// A checkpoint is given up. A job that was to end with it fails, as its sources have stopped reading.
    fn give_up(&mut self, checkpoint_id: u64, reason: &str, now_ms: i64, out: &mut Vec<Action>) {
        let kind = self.pending.get(&checkpoint_id).map(|pending| pending.kind);
        self.drop_pending(checkpoint_id, reason, out);
        self.schedule.ended(now_ms);
        let what = match kind {
            Some(RequestKind::Stop { .. }) if self.phase == Phase::Stopping => "the savepoint to stop with",
            Some(RequestKind::Final) if self.phase == Phase::Finishing => "the final checkpoint",
            _ => return,
        };
        // All tasks may have ended by themselves meanwhile; then the job finishes.
        if kind == Some(RequestKind::Final) || self.finished.len() < self.tasks.len() {
            out.push(Action::FailJob { reason: format!("{what} was not taken: {reason}") });
        }
    }

    fn drop_pending(&mut self, checkpoint_id: u64, reason: &str, out: &mut Vec<Action>) {
        let Some(pending) = self.pending.remove(&checkpoint_id) else { return };
        let is_settled = pending.is_settled();
        out.push(Action::GiveUp { checkpoint_id, reason: reason.to_string(), is_settled });
        if let Some(request) = pending.request {
            out.push(Action::Answer { request, outcome: Err(reason.to_string()) });
        }
        self.move_next_pointer(out);
    }
}
