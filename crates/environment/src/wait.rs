//! Waiting of a thread that is not a worker: the command line's main thread, a test.

use std::fmt;
use std::sync::Arc;

use crate::worker::Waker;

/// Why a wait cannot come to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitError {
    /// Simulation only: no worker can run, no timer is set, and the waiter was not woken.
    Deadlock {
        /// The seed that reproduces it.
        seed: u64,
        /// Simulated wall clock, in milliseconds since the epoch.
        now_ms: i64,
        /// Names of the workers that are idle without a timer.
        idle_workers: Vec<String>,
        /// True where the condition holds although nobody woke the waiter: a lost wake.
        condition_holds: bool,
    },
    /// Simulation only: the bound on turns was reached before the condition held.
    TooManyTurns {
        /// The seed that reproduces it.
        seed: u64,
        /// The bound.
        turns: u64,
    },
    /// Simulation only: waiting from within a worker, or on a thread that does not own the simulation.
    NotAllowed(&'static str),
}

impl fmt::Display for WaitError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitError::Deadlock { seed, now_ms, idle_workers, condition_holds } => {
                let cause =
                    if *condition_holds { "the condition holds but nobody woke the waiter" } else { "deadlock" };
                let idle = if idle_workers.is_empty() { "none".to_string() } else { idle_workers.join(", ") };
                write!(
                    formatter,
                    "simulation with seed {seed} stands still at {now_ms} ms: {cause}; idle workers: {idle}"
                )
            }
            WaitError::TooManyTurns { seed, turns } => {
                write!(formatter, "simulation with seed {seed} did not get there within {turns} turns")
            }
            WaitError::NotAllowed(reason) => formatter.write_str(reason),
        }
    }
}

impl std::error::Error for WaitError {}

/// How one platform waits; made per waiter by [`crate::Platform::wait_target`].
pub trait WaitTarget {
    /// A waker of this waiter, usable from any thread.
    fn waker(&self) -> Waker;

    /// See [`Waiter::wait_until`].
    ///
    /// # Errors
    /// See [`WaitError`].
    fn wait_until(&self, condition: &mut dyn FnMut() -> bool, timeout_ms: Option<u64>) -> Result<bool, WaitError>;
}

/// Lets the calling thread wait for a condition that workers bring about. Bound to the thread that made it.
///
/// ```
/// # use std::sync::{Arc, atomic::{AtomicBool, Ordering}};
/// # use flott_environment::{Environment, Turn, Worker};
/// struct Once(Arc<AtomicBool>, flott_environment::Waker);
/// impl Worker for Once {
///     fn turn(&mut self) -> Turn {
///         self.0.store(true, Ordering::Release);
///         self.1.wake(); // tells the waiter to look at its condition
///         Turn::Finished
///     }
/// }
/// let environment = Environment::real();
/// let (done, waiter) = (Arc::new(AtomicBool::new(false)), environment.waiter());
/// let (flag, waker) = (done.clone(), waiter.waker());
/// let handle = environment.spawn("once", Box::new(move |_| Box::new(Once(flag, waker))));
/// assert!(waiter.wait_until(&mut || done.load(Ordering::Acquire), None)?);
/// # Ok::<(), flott_environment::WaitError>(())
/// ```
pub struct Waiter {
    target: Box<dyn WaitTarget>,
}

impl Waiter {
    pub(crate) fn new(target: Box<dyn WaitTarget>) -> Self {
        Waiter { target }
    }

    /// The waker to give to whoever brings the condition about.
    pub fn waker(&self) -> Waker {
        self.target.waker()
    }

    /// Waits until `condition` holds (true) or `timeout_ms` has passed (false). The condition is looked at once at the
    /// start, after each wake, and at the timeout: whoever brings it about must wake. On the real machine the thread
    /// parks; in simulation the workers are turned from here.
    ///
    /// # Errors
    /// Only in simulation: deadlock (which includes a forgotten wake), or waiting where it is not allowed.
    pub fn wait_until(&self, condition: &mut dyn FnMut() -> bool, timeout_ms: Option<u64>) -> Result<bool, WaitError> {
        self.target.wait_until(condition, timeout_ms)
    }

    /// Lets `duration_ms` pass (in simulation: of simulated time).
    ///
    /// # Errors
    /// As [`Waiter::wait_until`].
    pub fn pass_ms(&self, duration_ms: u64) -> Result<(), WaitError> {
        self.wait_until(&mut || false, Some(duration_ms)).map(|_| ())
    }
}

/// So that platforms can share a target between a waiter and its wakers.
impl<T: WaitTarget + ?Sized> WaitTarget for Arc<T> {
    fn waker(&self) -> Waker {
        (**self).waker()
    }

    fn wait_until(&self, condition: &mut dyn FnMut() -> bool, timeout_ms: Option<u64>) -> Result<bool, WaitError> {
        (**self).wait_until(condition, timeout_ms)
    }
}
