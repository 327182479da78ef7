//! A running job, as whoever started it sees it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flott_checkpoint::coordinator::RequestKind;
use flott_environment::{Environment, Waker, WorkerHandle};
use flott_exchange::WakeCell;

use crate::checkpoint::{CheckpointCell, CheckpointHandle};
use crate::failure::{CheckpointError, JobError, JobFailure};
use crate::mailbox::Mailbox;
use crate::message::ToCoordinator;
use crate::progress::{JobProgress, ProgressBoard};
use crate::slot::TearDown;
use crate::snapshot::JobSnapshot;

/// How a job ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// All input was read to its end and all results are visible.
    Finished,
    /// It was stopped with this snapshot, from which it can go on.
    Stopped(Arc<JobSnapshot>),
}

/// What is known of a job that ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobResult {
    /// How it ended.
    pub end: JobEnd,
    /// Milliseconds from start to end.
    pub duration_ms: u64,
    /// The final numbers.
    pub progress: JobProgress,
    /// What went wrong without harm to the results: checkpoints that could not be removed, say.
    pub warning: Option<String>,
}

/// What the coordinator and the job's handles share.
#[derive(Default)]
pub(crate) struct JobShared {
    state: Mutex<JobState>,
    cancelled: AtomicBool,
    pub(crate) coordinator_wake: WakeCell,
}

#[derive(Default)]
struct JobState {
    result: Option<Result<JobResult, JobError>>,
    watchers: Vec<Waker>,
}

impl JobShared {
    fn state(&self) -> MutexGuard<'_, JobState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    pub(crate) fn complete(&self, result: Result<JobResult, JobError>) {
        let watchers = {
            let mut state = self.state();
            state.result.get_or_insert(result);
            std::mem::take(&mut state.watchers)
        };
        watchers.iter().for_each(Waker::wake);
    }

    fn result(&self) -> Option<Result<JobResult, JobError>> {
        self.state().result.clone()
    }
}

/// A handle on a running job. Dropping it leaves the job running.
pub struct RunningJob {
    pub(crate) id: String,
    pub(crate) environment: Environment,
    pub(crate) shared: Arc<JobShared>,
    pub(crate) mailbox: Mailbox<ToCoordinator>,
    pub(crate) progress: ProgressBoard,
    pub(crate) coordinator: WorkerHandle,
    pub(crate) tear_down: TearDown,
    pub(crate) slots: Arc<[WakeCell]>,
}

impl RunningJob {
    /// The job's id: 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Waits until the job has ended and everything of it is gone.
    ///
    /// # Errors
    /// The first failure, or that it was cancelled.
    pub fn wait(&self) -> Result<JobResult, JobError> {
        match self.wait_ms(None)? {
            Some(result) => Ok(result),
            None => Err(JobError::Wait("waiting ended before the job".to_string())),
        }
    }

    /// As [`RunningJob::wait`], but for so many milliseconds at the most; `None` if the job still runs then.
    ///
    /// # Errors
    /// As [`RunningJob::wait`].
    pub fn wait_ms(&self, timeout_ms: Option<u64>) -> Result<Option<JobResult>, JobError> {
        let waiter = self.environment.waiter();
        self.wake_at_end(waiter.waker());
        let waited = waiter.wait_until(&mut || self.result().is_some(), timeout_ms);
        waited.map_err(|error| JobError::Wait(error.to_string()))?;
        self.result().transpose()
    }

    /// The result; `None` while the job runs.
    pub fn result(&self) -> Option<Result<JobResult, JobError>> {
        if let Some(result) = self.shared.result() {
            return Some(result);
        }
        if let Some(ended) = self.coordinator.result()
            && self.shared.result().is_none()
        {
            // The coordinator is gone without a word: nobody else tears the slots down.
            let cause = ended.err().map_or_else(|| "it ended without a result".to_string(), |error| error.to_string());
            let failure = JobFailure { operator: "coordinator".to_string(), subtask: None, cause };
            self.tear_down.abort();
            self.slots.iter().for_each(WakeCell::wake);
            self.shared.complete(Err(JobError::Failed(failure)));
        }
        self.shared.result()
    }

    /// Wakes `waker` when the job ends (at once if it has ended).
    pub fn wake_at_end(&self, waker: Waker) {
        self.coordinator.wake_at_end(waker.clone());
        self.shared.state().watchers.push(waker.clone());
        if self.shared.result().is_some() {
            waker.wake();
        }
    }

    /// Asks for the job's end without a result; returns at once. What sinks have not committed is removed.
    pub fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::Release);
        self.shared.coordinator_wake.wake();
    }

    /// How far the job is.
    pub fn progress(&self) -> JobProgress {
        self.progress.progress()
    }

    /// Asks for a consistent cut through the job.
    pub fn trigger_checkpoint(&self) -> CheckpointHandle {
        self.request(RequestKind::Checkpoint, None)
    }

    /// Asks for a savepoint in a folder of its own in this one (or in the one where savepoints go by default); the job goes on.
    pub fn trigger_savepoint(&self, folder: Option<String>) -> CheckpointHandle {
        self.request(RequestKind::Savepoint, folder)
    }

    /// Asks for a consistent cut, after which nothing more is read and the job ends as [`JobEnd::Stopped`].
    pub fn stop_with_snapshot(&self) -> CheckpointHandle {
        self.stop_with_savepoint(None, false)
    }

    /// Asks for a savepoint, after which nothing more is read and the job ends as [`JobEnd::Stopped`]. With `drains` event time is brought to its
    /// end first, so that all windows give their results: such a job is not meant to go on.
    pub fn stop_with_savepoint(&self, folder: Option<String>, drains: bool) -> CheckpointHandle {
        self.request(RequestKind::Stop { drains }, folder)
    }

    fn request(&self, kind: RequestKind, folder: Option<String>) -> CheckpointHandle {
        let cell = Arc::new(CheckpointCell::default());
        let handle = CheckpointHandle { cell: cell.clone(), environment: self.environment.clone() };
        let declined = if self.shared.result().is_some() {
            Some("the job has ended".to_string())
        } else {
            let sent = self.mailbox.send(ToCoordinator::Checkpoint { cell: cell.clone(), kind, folder });
            sent.err().map(|error| error.to_string())
        };
        if let Some(reason) = declined {
            cell.complete(Err(CheckpointError(reason)));
        } else if self.shared.result().is_some() {
            // It ended meanwhile, and nobody reads its mailbox any more.
            cell.complete(Err(CheckpointError("the job has ended".to_string())));
        }
        handle
    }
}
