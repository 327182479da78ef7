//! A running job, over all attempts to run it.

use std::sync::Arc;

use flott_environment::{Environment, Waker, WorkerHandle};
use flott_metric::{MetricRegistry, MetricSample};
use flott_taskmanager::{CheckpointHandle, JobError, JobProgress, JobResult};

use crate::attempt::Attempt;
use crate::supervisor::Supervised;

/// A running job. Dropping it leaves the job running.
pub struct JobHandle {
    pub(crate) id: String,
    pub(crate) run: Run,
    pub(crate) metrics: MetricRegistry,
    pub(crate) environment: Environment,
}

/// How a job runs.
pub(crate) enum Run {
    /// Once.
    Once(Attempt),
    /// Again after failures.
    Supervised(Arc<Supervised>, WorkerHandle),
}

impl JobHandle {
    /// The job's id: 32 hexadecimal digits, the same over all attempts.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn current(&self) -> Attempt {
        match &self.run {
            Run::Once(attempt) => attempt.clone(),
            Run::Supervised(shared, _) => shared.current(),
        }
    }

    /// Waits until the job has ended and everything of it is gone.
    ///
    /// # Errors
    /// The failure after which it was not restarted, or that it was cancelled.
    pub fn wait(&self) -> Result<JobResult, JobError> {
        match self.wait_ms(None)? {
            Some(result) => Ok(result),
            None => Err(JobError::Wait("waiting ended before the job".to_string())),
        }
    }

    /// As [`JobHandle::wait`], but for so many milliseconds at the most; `None` if the job still runs then.
    ///
    /// # Errors
    /// As [`JobHandle::wait`].
    pub fn wait_ms(&self, timeout_ms: Option<u64>) -> Result<Option<JobResult>, JobError> {
        let waiter = self.environment.waiter();
        self.wake_at_end(waiter.waker());
        let waited = waiter.wait_until(&mut || self.result().is_some(), timeout_ms);
        waited.map_err(|error| JobError::Wait(error.to_string()))?;
        self.result().transpose()
    }

    /// The result; `None` while the job runs or waits to be restarted.
    pub fn result(&self) -> Option<Result<JobResult, JobError>> {
        match &self.run {
            Run::Once(attempt) => attempt.job.result(),
            Run::Supervised(shared, worker) => shared.result().or_else(|| {
                let ended = worker.result()?;
                let reason =
                    ended.err().map_or_else(|| "it ended without a result".to_string(), |error| error.to_string());
                // It may have told the result in between.
                Some(shared.result().unwrap_or(Err(JobError::Wait(format!("the job's supervisor is gone: {reason}")))))
            }),
        }
    }

    /// Wakes `waker` when the job ends (at once if it has ended).
    pub fn wake_at_end(&self, waker: Waker) {
        match &self.run {
            Run::Once(attempt) => attempt.job.wake_at_end(waker),
            Run::Supervised(shared, worker) => {
                worker.wake_at_end(waker.clone());
                shared.wake_at_end(waker);
            }
        }
    }

    /// Asks for the job's end without a result; returns at once. What sinks have not committed is removed.
    pub fn cancel(&self) {
        match &self.run {
            Run::Once(attempt) => attempt.job.cancel(),
            Run::Supervised(shared, _) => shared.cancel(),
        }
    }

    /// How far the job is, in this attempt.
    pub fn progress(&self) -> JobProgress {
        self.current().job.progress()
    }

    /// See [`flott_taskmanager::RunningJob::trigger_checkpoint`].
    pub fn trigger_checkpoint(&self) -> CheckpointHandle {
        self.current().job.trigger_checkpoint()
    }

    /// See [`flott_taskmanager::RunningJob::trigger_savepoint`].
    pub fn trigger_savepoint(&self, folder: Option<String>) -> CheckpointHandle {
        self.current().job.trigger_savepoint(folder)
    }

    /// See [`flott_taskmanager::RunningJob::stop_with_snapshot`].
    pub fn stop_with_snapshot(&self) -> CheckpointHandle {
        self.current().job.stop_with_snapshot()
    }

    /// See [`flott_taskmanager::RunningJob::stop_with_savepoint`].
    pub fn stop_with_savepoint(&self, folder: Option<String>, drains: bool) -> CheckpointHandle {
        self.current().job.stop_with_savepoint(folder, drains)
    }

    /// The metrics of this job as they are now; they are removed from the cluster's, so that another run of the same job can register
    /// its own. To be called when the job has ended.
    pub fn close_metrics(&self) -> Vec<MetricSample> {
        let is_own = |sample: &MetricSample| sample.variables.get("job_id") == Some(&self.id);
        let own = self.metrics().into_iter().filter(is_own).collect();
        self.current().close_metrics();
        own
    }

    /// All metrics of the cluster as they are now, under Flink's names, sorted.
    pub fn metrics(&self) -> Vec<MetricSample> {
        self.metrics.sample(self.environment.clock().now_ms());
        self.metrics.snapshot()
    }
}
