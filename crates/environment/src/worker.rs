//! Workers: cooperative loops, their wakers, and the handle by which others wait for their end.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use crate::platform::Platform;
use crate::wait::{WaitError, Waiter};

/// One cooperative loop: a slot, a coordinator. It is made, turned and dropped on one thread, so it need not be `Send`.
pub trait Worker {
    /// Does a bounded piece of work (a few milliseconds) and never blocks.
    fn turn(&mut self) -> Turn;
}

/// What a worker's turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// There is more to do: turn again.
    Ready,
    /// Nothing to do until a wake, or until the wall clock reaches `wake_at_ms` (milliseconds since the epoch).
    Idle {
        /// When to turn again even without a wake; `None` waits for a wake alone.
        wake_at_ms: Option<i64>,
    },
    /// The worker is done: it is dropped and its handle reports the end.
    Finished,
}

/// Receives the wakes of a [`Waker`]; implemented by each platform.
pub trait WakeTarget: Send + Sync {
    /// Makes the worker turn (again) soon. Cheap when it is already awake.
    fn wake(&self);
}

/// Wakes its worker (or [`Waiter`]) from any thread. A wake that comes while the worker turns, or between its turn's
/// `Idle` and its parking, is never lost: the worker turns once more.
#[derive(Clone)]
pub struct Waker {
    target: Arc<dyn WakeTarget>,
}

impl Waker {
    /// A waker of `target`.
    pub fn new(target: Arc<dyn WakeTarget>) -> Self {
        Waker { target }
    }

    /// A waker that wakes nobody, for code that is turned by hand.
    pub fn noop() -> Self {
        struct Nobody;
        impl WakeTarget for Nobody {
            fn wake(&self) {}
        }
        Waker::new(Arc::new(Nobody))
    }

    /// Makes the worker turn soon.
    pub fn wake(&self) {
        self.target.wake();
    }

    /// Whether both wake the same worker or waiter.
    pub fn wakes_same(&self, other: &Waker) -> bool {
        Arc::ptr_eq(&self.target, &other.target)
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Waker")
    }
}

/// Makes a worker on the worker's own thread, given its waker.
pub type MakeWorker = Box<dyn FnOnce(Waker) -> Box<dyn Worker> + Send>;

/// Why a worker did not end by [`Turn::Finished`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerError {
    /// The worker panicked; the message is the panic's.
    Panicked {
        /// The worker's name.
        worker: String,
        /// The panic's message.
        message: String,
    },
    /// The worker's thread could not be started.
    NotStarted {
        /// The worker's name.
        worker: String,
        /// The operating system's reason.
        message: String,
    },
    /// Waiting for the worker failed.
    Wait(WaitError),
}

impl fmt::Display for WorkerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkerError::Panicked { worker, message } => write!(formatter, "worker {worker} panicked: {message}"),
            WorkerError::NotStarted { worker, message } => {
                write!(formatter, "worker {worker} could not be started: {message}")
            }
            WorkerError::Wait(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for WorkerError {}

/// The end of a worker, shared by the worker's runner and its handles. Platforms complete it exactly once.
#[derive(Default)]
pub struct WorkerCompletion {
    state: Mutex<CompletionState>,
}

#[derive(Default)]
struct CompletionState {
    result: Option<Result<(), WorkerError>>,
    watchers: Vec<Waker>,
}

impl WorkerCompletion {
    /// Records the end and wakes those who wait for it. Later calls change nothing.
    pub fn complete(&self, result: Result<(), WorkerError>) {
        let watchers = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.result.is_some() {
                return;
            }
            state.result = Some(result);
            std::mem::take(&mut state.watchers)
        };
        watchers.iter().for_each(Waker::wake);
    }

    fn result(&self) -> Option<Result<(), WorkerError>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).result.clone()
    }

    fn watch(&self, waker: Waker) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.result.is_some() {
            drop(state);
            waker.wake();
        } else {
            state.watchers.push(waker);
        }
    }
}

/// Waits for a worker's end.
pub struct WorkerHandle {
    name: String,
    completion: Arc<WorkerCompletion>,
    platform: Arc<dyn Platform>,
}

impl WorkerHandle {
    pub(crate) fn new(name: &str, completion: Arc<WorkerCompletion>, platform: Arc<dyn Platform>) -> Self {
        WorkerHandle { name: name.to_string(), completion, platform }
    }

    /// The name given at the spawn.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the worker has ended, well or by a panic.
    pub fn is_finished(&self) -> bool {
        self.completion.result().is_some()
    }

    /// How the worker ended; `None` while it runs.
    pub fn result(&self) -> Option<Result<(), WorkerError>> {
        self.completion.result()
    }

    /// Wakes `waker` once when the worker ends (at once if it has ended).
    pub fn wake_at_end(&self, waker: Waker) {
        self.completion.watch(waker);
    }

    /// Waits until the worker has ended and its memory is dropped. Not to be called from within a worker.
    ///
    /// # Errors
    /// The worker's panic, its failed start, or (in simulation) a deadlock.
    pub fn join(self) -> Result<(), WorkerError> {
        let waiter = Waiter::new(self.platform.wait_target());
        self.completion.watch(waiter.waker());
        waiter.wait_until(&mut || self.completion.result().is_some(), None).map_err(WorkerError::Wait)?;
        self.completion.result().unwrap_or(Ok(()))
    }
}

/// Runs `action` of the worker `name` and turns its panic into an error: for platforms.
///
/// # Errors
/// [`WorkerError::Panicked`] with the panic's message.
pub fn run_caught<R>(name: &str, action: impl FnOnce() -> R) -> Result<R, WorkerError> {
    catch_unwind(AssertUnwindSafe(action))
        .map_err(|payload| WorkerError::Panicked { worker: name.to_string(), message: panic_message(&*payload) })
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_string()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a message".to_string()
    }
}
