//! A waker that becomes known after the channel was made: channels are wired before the workers at their ends exist.

use std::sync::{Arc, OnceLock};

use flott_environment::Waker;

/// Wakes a worker once that worker has said how. A wake before is not lost: a worker begins with a turn of its own.
#[derive(Clone, Debug, Default)]
pub struct WakeCell {
    waker: Arc<OnceLock<Waker>>,
}

impl WakeCell {
    /// A cell without a waker.
    pub fn new() -> Self {
        Self::default()
    }

    /// A cell of this waker.
    pub fn of(waker: Waker) -> Self {
        let cell = Self::default();
        cell.set(waker);
        cell
    }

    /// Says how to wake. The first call counts; a worker has one waker for its life.
    pub fn set(&self, waker: Waker) {
        // A second waker would be the same worker's: nothing to report.
        let _first = self.waker.set(waker);
    }

    /// Wakes the worker, if it is known.
    pub fn wake(&self) {
        if let Some(waker) = self.waker.get() {
            waker.wake();
        }
    }
}
