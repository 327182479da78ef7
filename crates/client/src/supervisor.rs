//! Restarts a job that failed from its last complete checkpoint, as its restart strategy says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flott_environment::{Environment, IoPending, Random, Turn, Waker, Worker, WorkerHandle};
use flott_metric::Gauge;
use flott_taskmanager::{JobError, JobFailure, JobResult};

use crate::attempt::{Attempt, Blueprint, Opened};
use crate::restart::{RestartStrategy, Restarts};

/// What the supervisor and the job's handles share.
pub(crate) struct Supervised {
    state: Mutex<State>,
}

struct State {
    current: Attempt,
    result: Option<Result<JobResult, JobError>>,
    watchers: Vec<Waker>,
    supervisor: Option<Waker>,
    is_cancelled: bool,
}

impl Supervised {
    fn new(current: Attempt) -> Self {
        let state = State { current, result: None, watchers: Vec::new(), supervisor: None, is_cancelled: false };
        Supervised { state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The attempt that runs, or the last one.
    pub(crate) fn current(&self) -> Attempt {
        self.lock().current.clone()
    }

    pub(crate) fn result(&self) -> Option<Result<JobResult, JobError>> {
        self.lock().result.clone()
    }

    pub(crate) fn wake_at_end(&self, waker: Waker) {
        let mut state = self.lock();
        if state.result.is_some() {
            drop(state);
            waker.wake();
        } else {
            state.watchers.push(waker);
        }
    }

    pub(crate) fn cancel(&self) {
        let (current, supervisor) = {
            let mut state = self.lock();
            state.is_cancelled = true;
            (state.current.job.clone(), state.supervisor.clone())
        };
        current.cancel();
        if let Some(supervisor) = supervisor {
            supervisor.wake();
        }
    }

    fn complete(&self, result: Result<JobResult, JobError>) {
        let watchers = {
            let mut state = self.lock();
            state.result.get_or_insert(result);
            std::mem::take(&mut state.watchers)
        };
        watchers.iter().for_each(Waker::wake);
    }
}

/// Where the supervisor is.
enum Phase {
    /// An attempt runs.
    Watching,
    /// The job failed; it is restarted at this time, milliseconds since the epoch.
    Pausing { until_ms: i64, failure: JobFailure },
    /// The job's checkpoints are being taken over for the next attempt.
    Opening { pending: IoPending<Result<Opened, JobError>>, failure: JobFailure },
    /// The job failed for good; its checkpoints are being removed, if they are not to be kept.
    Releasing { pending: IoPending<Result<(), String>>, error: JobError },
}

/// The worker.
struct Supervisor {
    blueprint: Blueprint,
    attempt: Attempt,
    restarts: Restarts,
    random: Random,
    shared: Arc<Supervised>,
    phase: Phase,
    waker: Waker,
    num_restarts: Gauge,
}

/// Supervises an attempt that has been started.
pub(crate) fn supervise(
    blueprint: Blueprint,
    attempt: Attempt,
    strategy: RestartStrategy,
) -> (Arc<Supervised>, WorkerHandle) {
    let environment = blueprint.environment.clone();
    let shared = Arc::new(Supervised::new(attempt.clone()));
    let job = shared.clone();
    let worker = environment.spawn(
        "supervisor",
        Box::new(move |waker| {
            let host = blueprint.environment.host().name;
            let group = blueprint.metrics.job_manager(&host).job(&blueprint.job_id, &blueprint.graph.name);
            job.lock().supervisor = Some(waker.clone());
            attempt.job.wake_at_end(waker.clone());
            if blueprint.cancel_on_interrupt {
                blueprint.environment.interrupted().register(waker.clone());
            }
            Box::new(Supervisor {
                random: blueprint.environment.random(),
                restarts: Restarts::new(strategy),
                num_restarts: group.gauge("numRestarts", 0),
                blueprint,
                attempt,
                shared: job,
                phase: Phase::Watching,
                waker,
            })
        }),
    );
    (shared, worker)
}

impl Supervisor {
    fn environment(&self) -> &Environment {
        &self.blueprint.environment
    }

    fn is_cancelled(&self) -> bool {
        let is_interrupted = self.blueprint.cancel_on_interrupt && self.environment().interrupted().is_set();
        self.shared.lock().is_cancelled || is_interrupted
    }

    /// One step; `None` when the result has been told.
    fn step(&mut self) -> Option<Turn> {
        match &self.phase {
            Phase::Watching => match self.attempt.job.result() {
                None => Some(Turn::Idle { wake_at_ms: None }),
                Some(Err(JobError::Failed(failure))) => Some(self.failed(failure)),
                Some(result) => {
                    self.shared.complete(result);
                    None
                }
            },
            Phase::Pausing { until_ms, failure } => {
                let (until_ms, failure) = (*until_ms, failure.clone());
                if self.is_cancelled() {
                    return Some(self.release(JobError::Cancelled));
                }
                if self.environment().clock().now_ms() < until_ms {
                    return Some(Turn::Idle { wake_at_ms: Some(until_ms) });
                }
                Some(self.open(failure))
            }
            Phase::Opening { pending, failure } => {
                let Some(opened) = pending.take() else { return Some(Turn::Idle { wake_at_ms: None }) };
                let failure = failure.clone();
                let opened = opened.map_err(|error| JobError::Wait(error.to_string())).and_then(|opened| opened);
                Some(match opened.and_then(|opened| self.blueprint.start(opened)) {
                    Ok(attempt) => self.watch(attempt),
                    Err(error) => self.failed(JobFailure { cause: error.to_string(), ..failure }),
                })
            }
            Phase::Releasing { pending, error } => {
                let Some(released) = pending.take() else { return Some(Turn::Idle { wake_at_ms: None }) };
                let released = released.map_err(|error| error.to_string()).and_then(|released| released);
                if let Err(reason) = released {
                    self.environment().trace(&format!("checkpoints are left behind: {reason}"));
                }
                self.shared.complete(Err(error.clone()));
                None
            }
        }
    }

    fn failed(&mut self, failure: JobFailure) -> Turn {
        let now_ms = self.environment().clock().now_ms();
        let chance = self.random.next_f64();
        if self.is_cancelled() {
            return self.release(JobError::Cancelled);
        }
        match self.restarts.failed(now_ms, chance) {
            None => self.release(JobError::Failed(failure)),
            Some(pause_ms) => {
                self.environment().trace(&format!("the job failed and is restarted in {pause_ms} ms: {failure}"));
                self.num_restarts.set(i64::from(self.restarts.count()));
                let until_ms = now_ms.saturating_add_unsigned(pause_ms);
                self.phase = Phase::Pausing { until_ms, failure };
                Turn::Idle { wake_at_ms: Some(until_ms) }
            }
        }
    }

    fn open(&mut self, failure: JobFailure) -> Turn {
        let blueprint = self.blueprint.clone();
        match self.environment().io().run("take checkpoints over", self.waker.clone(), move || blueprint.open()) {
            Ok(pending) => {
                self.phase = Phase::Opening { pending, failure };
                Turn::Idle { wake_at_ms: None }
            }
            Err(refused) => self.failed(JobFailure { cause: refused.to_string(), ..failure }),
        }
    }

    fn watch(&mut self, attempt: Attempt) -> Turn {
        let former = std::mem::replace(&mut self.attempt, attempt);
        former.close_metrics();
        let job = self.attempt.job.clone();
        let is_cancelled = {
            let mut state = self.shared.lock();
            state.current = self.attempt.clone();
            state.is_cancelled
        };
        job.wake_at_end(self.waker.clone());
        if is_cancelled {
            job.cancel();
        }
        self.phase = Phase::Watching;
        Turn::Ready
    }

    /// The job ends for good.
    fn release(&mut self, error: JobError) -> Turn {
        let blueprint = self.blueprint.clone();
        match self.environment().io().run("end of checkpoints", self.waker.clone(), move || blueprint.release()) {
            Ok(pending) => {
                self.phase = Phase::Releasing { pending, error };
                Turn::Idle { wake_at_ms: None }
            }
            Err(_) => {
                self.shared.complete(Err(error));
                Turn::Finished
            }
        }
    }
}

impl Worker for Supervisor {
    fn turn(&mut self) -> Turn {
        self.step().unwrap_or(Turn::Finished)
    }
}
