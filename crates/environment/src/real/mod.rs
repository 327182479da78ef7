//! The real machine as a [`Platform`]: OS threads, signals, `/proc`.

mod facts;
mod io_pool;
mod park;
mod signal;
mod thread;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::clock::Clock;
use crate::host::{HostFacts, ProcessUsage};
use crate::interrupt::InterruptFlag;
use crate::io::{IoRefusal, IoTask};
use crate::platform::Platform;
use crate::wait::WaitTarget;
use crate::worker::{MakeWorker, Waker, WorkerCompletion};

/// See the module.
pub(crate) struct RealPlatform {
    clock: Clock,
    io_threads: io_pool::Threads,
}

impl RealPlatform {
    pub(crate) fn new(clock: Clock) -> Self {
        RealPlatform { clock, io_threads: io_pool::Threads::default() }
    }
}

impl Platform for RealPlatform {
    fn random_seed(&self) -> u64 {
        // Each RandomState has keys of its own, seeded by the operating system.
        RandomState::new().hash_one(self.clock.monotonic_ns())
    }

    fn start(&self, name: &str, make: MakeWorker, completion: Arc<WorkerCompletion>) {
        thread::start(name, make, completion, self.clock.clone());
    }

    fn submit_io(&self, _name: &str, task: IoTask, refused: &Waker) -> Result<(), (IoRefusal, IoTask)> {
        self.io_threads.submit(task, refused)
    }

    fn wait_target(&self) -> Box<dyn WaitTarget> {
        Box::new(park::ThreadWaiter::new(self.clock.clone()))
    }

    fn maybe(&self, _point: &'static str) -> bool {
        false
    }

    fn trace(&self, _line: &str) {}

    fn is_traced(&self) -> bool {
        false
    }

    fn interrupted(&self) -> InterruptFlag {
        signal::interrupt_flag()
    }

    fn host(&self) -> HostFacts {
        facts::host()
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn usage(&self) -> ProcessUsage {
        facts::usage()
    }
}
