//! Parking of one OS thread such that no wake is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

use crate::clock::Clock;
use crate::limits::MAX_PARK_MS;
use crate::wait::{WaitError, WaitTarget};
use crate::worker::{WakeTarget, Waker};

/// A thread that parks, and the flag that says it was woken. The flag, not the thread's park token, is what counts: a
/// wake sets it before it unparks, and the thread takes it before it looks for work, so a wake that comes at any time
/// after that look keeps the thread from parking.
pub(super) struct Parker {
    thread: Thread,
    woken: AtomicBool,
}

impl Parker {
    /// The calling thread's parker. Starts unwoken.
    pub(super) fn of_this_thread() -> Arc<Self> {
        Arc::new(Parker { thread: std::thread::current(), woken: AtomicBool::new(false) })
    }

    /// Takes the flag: what was woken for before this call is seen by what follows it.
    pub(super) fn take_woken(&self) -> bool {
        self.woken.swap(false, Ordering::AcqRel)
    }

    /// Parks the calling thread, which must be the parker's own, until woken (true) or until the wall clock reaches
    /// `wake_at_ms` (false). Leaves the flag set.
    pub(super) fn park_until(&self, wake_at_ms: Option<i64>, clock: &Clock) -> bool {
        while !self.woken.load(Ordering::Acquire) {
            match wake_at_ms {
                None => std::thread::park(),
                Some(wake_at_ms) => {
                    let left_ms = wake_at_ms.saturating_sub(clock.now_ms());
                    if left_ms <= 0 {
                        return false;
                    }
                    std::thread::park_timeout(Duration::from_millis(left_ms.min(MAX_PARK_MS) as u64));
                }
            }
        }
        true
    }
}

impl WakeTarget for Parker {
    fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }
}

/// Waits on the calling thread.
pub(super) struct ThreadWaiter {
    parker: Arc<Parker>,
    clock: Clock,
}

impl ThreadWaiter {
    pub(super) fn new(clock: Clock) -> Self {
        ThreadWaiter { parker: Parker::of_this_thread(), clock }
    }
}

impl WaitTarget for ThreadWaiter {
    fn waker(&self) -> Waker {
        Waker::new(self.parker.clone())
    }

    fn wait_until(&self, condition: &mut dyn FnMut() -> bool, timeout_ms: Option<u64>) -> Result<bool, WaitError> {
        let start_ns = self.clock.monotonic_ns();
        loop {
            self.parker.take_woken();
            if condition() {
                return Ok(true);
            }
            let wake_at_ms = match timeout_ms {
                None => None,
                Some(timeout_ms) => {
                    let passed_ms = (self.clock.monotonic_ns() - start_ns) / 1_000_000;
                    if passed_ms >= timeout_ms {
                        return Ok(false);
                    }
                    Some(self.clock.now_ms().saturating_add_unsigned(timeout_ms - passed_ms))
                }
            };
            self.parker.park_until(wake_at_ms, &self.clock);
        }
    }
}
