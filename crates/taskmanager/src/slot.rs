//! A slot: the worker that turns one subtask of each vertex.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use flott_environment::{Environment, Turn, Waker, Worker};

use crate::failure::JobFailure;
use crate::mailbox::Mailbox;
use crate::message::ToCoordinator;
use crate::task::build::TaskPlan;
use crate::task::tail::Tail;
use crate::task::{Task, Turned};

/// Says to all slots how the job ended.
#[derive(Clone, Default)]
pub(crate) struct TearDown {
    /// 0 = it runs, 1 = what sinks wrote is released, 2 = what sinks wrote and nobody committed is removed.
    signal: Arc<AtomicU8>,
}

/// How long a slot pauses where a simulation lets it, milliseconds: longer than most things take there.
const PAUSE_MS: i64 = 20;

const RELEASE: u8 = 1;
const ABORT: u8 = 2;

impl TearDown {
    /// All went well: slots end and keep what was written.
    pub(crate) fn release(&self) {
        self.signal.store(RELEASE, Ordering::Release);
    }

    /// Slots end and remove what was written and will never be committed.
    pub(crate) fn abort(&self) {
        self.signal.store(ABORT, Ordering::Release);
    }
}

/// The worker of a slot.
pub(crate) struct Slot {
    /// Subtasks to be built in the first turn.
    plans: Vec<TaskPlan>,
    tasks: Vec<Task>,
    /// One of the subtasks failed; the others rest until the job is torn down.
    failed: bool,
    tear_down: TearDown,
    coordinator: Mailbox<ToCoordinator>,
    environment: Environment,
    waker: Waker,
}

impl Slot {
    pub(crate) fn new(
        plans: Vec<TaskPlan>,
        tear_down: TearDown,
        coordinator: Mailbox<ToCoordinator>,
        environment: Environment,
        waker: Waker,
    ) -> Self {
        Slot { environment, plans, tasks: Vec::new(), failed: false, tear_down, coordinator, waker }
    }

    fn build(&mut self) -> Result<(), JobFailure> {
        for plan in std::mem::take(&mut self.plans) {
            self.tasks.push(plan.build(&self.waker)?);
        }
        Ok(())
    }

    /// Turns every subtask once.
    fn turn_tasks(&mut self) -> Result<Turn, JobFailure> {
        self.build()?;
        let (mut is_ready, mut wake_at_ms, mut some_finished) = (false, None, false);
        for task in self.tasks.iter_mut().filter(|task| !task.is_finished) {
            match task.turn()? {
                Turned::Ready => is_ready = true,
                Turned::Waiting { wake_at_ms: at_ms } => wake_at_ms = wake_at_ms.into_iter().chain(at_ms).min(),
                Turned::Finished => {
                    task.is_finished = true;
                    some_finished = true;
                }
            }
        }
        if some_finished {
            // A sink stays until the job has ended: what it wrote is removed if that ends badly.
            self.tasks.retain(|task| !task.is_finished || matches!(task.tail, Tail::Sink(_)));
        }
        Ok(if is_ready { Turn::Ready } else { Turn::Idle { wake_at_ms } })
    }

    /// Removes what the subtasks wrote, as the job is over.
    fn abort(&mut self) {
        for mut task in self.tasks.drain(..) {
            if let Err(failure) = task.abort() {
                report(&self.coordinator, failure);
            }
        }
    }
}

/// Tells the coordinator of a failure. Where its mailbox is full, enough failures wait there already.
fn report(coordinator: &Mailbox<ToCoordinator>, failure: JobFailure) {
    let _enough = coordinator.send(ToCoordinator::Failed(failure));
}

impl Worker for Slot {
    fn turn(&mut self) -> Turn {
        match self.tear_down.signal.load(Ordering::Acquire) {
            RELEASE => return Turn::Finished,
            ABORT => {
                self.abort();
                return Turn::Finished;
            }
            _ => {}
        }
        if self.failed {
            return Turn::Idle { wake_at_ms: None };
        }
        if self.environment.maybe("slot pauses") {
            return Turn::Idle { wake_at_ms: Some(self.environment.clock().now_ms() + PAUSE_MS) };
        }
        match self.turn_tasks() {
            Ok(turn) => turn,
            Err(failure) => {
                self.failed = true;
                report(&self.coordinator, failure);
                Turn::Idle { wake_at_ms: None }
            }
        }
    }
}
