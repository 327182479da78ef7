//! The I/O pool: where calls that block are made, so that no worker ever waits inside of its turn.
//!
//! A worker hands an action over with its waker, goes idle, and finds the result when it is woken. On the real machine the actions run on a
//! few threads of their own; in simulation each runs on the simulator's thread after a seeded delay, so that other workers run in between. Two
//! actions that are under way at once may run in any order: who needs an order submits the second when the first is done.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::platform::Platform;
use crate::worker::{Waker, WorkerError, run_caught};

/// A piece of work that may block; it hands its result over by itself.
pub type IoTask = Box<dyn FnOnce() + Send>;

/// Why the pool took nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IoRefusal {
    /// Its queue is full: try again when woken.
    Full {
        /// The bound, in tasks.
        tasks: usize,
    },
    /// Not even one thread could be started.
    NotStarted {
        /// The operating system's reason.
        message: String,
    },
}

impl fmt::Display for IoRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IoRefusal::Full { tasks } => write!(formatter, "the I/O queue is full ({tasks} tasks)"),
            IoRefusal::NotStarted { message } => write!(formatter, "no I/O thread could be started: {message}"),
        }
    }
}

impl std::error::Error for IoRefusal {}

/// An action that the pool did not take, to be submitted again.
pub struct IoRefused<R> {
    /// Why.
    pub refusal: IoRefusal,
    /// What was to be done.
    pub action: Box<dyn FnOnce() -> R + Send>,
}

impl<R> fmt::Debug for IoRefused<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "IoRefused({})", self.refusal)
    }
}

impl<R> fmt::Display for IoRefused<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(formatter)
    }
}

impl<R> std::error::Error for IoRefused<R> {}

/// A cheap, cloneable handle on the pool.
#[derive(Clone)]
pub struct IoPool {
    platform: Arc<dyn Platform>,
}

impl IoPool {
    pub(crate) fn new(platform: Arc<dyn Platform>) -> Self {
        IoPool { platform }
    }

    /// Submits an action; `waker` is woken when its result is there. `name` is for traces and panics. Dropping the [`IoPending`] does not undo
    /// the action.
    ///
    /// # Errors
    /// The action itself, if the queue is full; `waker` is then woken once as soon as there is room.
    pub fn run<R: Send + 'static>(
        &self,
        name: &str,
        waker: Waker,
        action: impl FnOnce() -> R + Send + 'static,
    ) -> Result<IoPending<R>, IoRefused<R>> {
        self.submit(name, waker, Box::new(action))
    }

    /// As [`IoPool::run`], for an action that came back.
    ///
    /// # Errors
    /// As [`IoPool::run`].
    pub fn submit<R: Send + 'static>(
        &self,
        name: &str,
        waker: Waker,
        action: Box<dyn FnOnce() -> R + Send>,
    ) -> Result<IoPending<R>, IoRefused<R>> {
        let action = Arc::new(Mutex::new(Some(action)));
        let mailbox = Arc::new(Mutex::new(Mail::Awaited));
        let end = Delivery { name: name.to_string(), mailbox: mailbox.clone(), waker: waker.clone() };
        let in_task = action.clone();
        let task: IoTask = Box::new(move || end.deliver(&in_task));
        let Err((refusal, task)) = self.platform.submit_io(name, task, &waker) else {
            return Ok(IoPending { mailbox });
        };
        // Nobody will look there, and nobody is to be woken by the task's end: only by room for it.
        *mailbox.lock().unwrap_or_else(PoisonError::into_inner) = Mail::Taken;
        drop(task);
        let taken = action.lock().unwrap_or_else(PoisonError::into_inner).take();
        Err(IoRefused { refusal, action: taken.expect("a refused task comes back unrun") })
    }
}

impl fmt::Debug for IoPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IoPool")
    }
}

enum Mail<R> {
    Awaited,
    There(Result<R, WorkerError>),
    Taken,
}

/// The result of an action, once it is there.
pub struct IoPending<R> {
    mailbox: Arc<Mutex<Mail<R>>>,
}

impl<R> IoPending<R> {
    /// The result, once; `None` while the action is under way and after the result was taken.
    ///
    /// A panic of the action is an error, as is a platform that ended before the action ran.
    pub fn take(&self) -> Option<Result<R, WorkerError>> {
        let mut mail = self.mailbox.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*mail, Mail::Awaited) {
            return None;
        }
        match std::mem::replace(&mut *mail, Mail::Taken) {
            Mail::There(result) => Some(result),
            Mail::Awaited | Mail::Taken => None,
        }
    }

    /// Whether the action has ended (also after its result was taken).
    pub fn is_done(&self) -> bool {
        !matches!(*self.mailbox.lock().unwrap_or_else(PoisonError::into_inner), Mail::Awaited)
    }
}

impl<R> fmt::Debug for IoPending<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "IoPending({})", if self.is_done() { "done" } else { "under way" })
    }
}

/// The sending end of a mailbox: whatever happens to the task, the receiver hears of it.
struct Delivery<R> {
    name: String,
    mailbox: Arc<Mutex<Mail<R>>>,
    waker: Waker,
}

type Slot<R> = Mutex<Option<Box<dyn FnOnce() -> R + Send>>>;

impl<R> Delivery<R> {
    fn deliver(&self, action: &Slot<R>) {
        let action = action.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(action) = action else { return };
        let result = run_caught(&self.name, action);
        self.put(result);
    }

    fn put(&self, result: Result<R, WorkerError>) {
        *self.mailbox.lock().unwrap_or_else(PoisonError::into_inner) = Mail::There(result);
        self.waker.wake();
    }
}

impl<R> Drop for Delivery<R> {
    fn drop(&mut self) {
        let is_awaited = matches!(*self.mailbox.lock().unwrap_or_else(PoisonError::into_inner), Mail::Awaited);
        if is_awaited {
            let message = "it was dropped before it ran".to_string();
            self.put(Err(WorkerError::NotStarted { worker: self.name.clone(), message }));
        }
    }
}
