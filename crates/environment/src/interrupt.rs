//! The user's wish to end: Ctrl-C and SIGTERM as a flag that workers look at and that wakes those who wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::worker::Waker;

/// Set by Ctrl-C or SIGTERM (in simulation: by the test). Clones share the flag.
#[derive(Clone, Default)]
pub struct InterruptFlag {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    is_set: AtomicBool,
    watchers: Mutex<Vec<Waker>>,
}

impl InterruptFlag {
    /// Whether an end was asked for since the last [`InterruptFlag::clear`].
    pub fn is_set(&self) -> bool {
        self.shared.is_set.load(Ordering::Acquire)
    }

    /// Asks for an end and wakes all registered wakers.
    pub fn set(&self) {
        self.shared.is_set.store(true, Ordering::Release);
        let watchers = self.shared.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.iter().for_each(Waker::wake);
    }

    /// Forgets the wish and the registered wakers: a shell does this before each statement.
    pub fn clear(&self) {
        self.shared.is_set.store(false, Ordering::Release);
        self.shared.watchers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Wakes `waker` whenever the flag is set (at once if it is set), until [`InterruptFlag::clear`].
    pub fn register(&self, waker: Waker) {
        self.shared.watchers.lock().unwrap_or_else(PoisonError::into_inner).push(waker.clone());
        if self.is_set() {
            waker.wake();
        }
    }
}
