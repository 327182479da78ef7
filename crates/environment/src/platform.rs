//! [`Environment`], the handle that everybody carries, and [`Platform`], what stands behind it.

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::disk::{Disk, DiskError};
use crate::host::{HostFacts, ProcessUsage};
use crate::interrupt::InterruptFlag;
use crate::io::{IoPool, IoRefusal, IoTask};
use crate::random::Random;
use crate::real::RealPlatform;
use crate::store::{self, MemoryStores, Store, StoreError, StoreOpener};
use crate::temporary::TemporaryDirectory;
use crate::wait::{WaitTarget, Waiter};
use crate::worker::{MakeWorker, Waker, WorkerCompletion, WorkerHandle};

/// What stands behind an [`Environment`]: the real machine, or the simulator.
pub trait Platform: Send + Sync {
    /// A seed that no earlier call returned, as far as chance goes; in simulation it follows from the simulation's seed.
    fn random_seed(&self) -> u64;

    /// Starts a worker. `completion` is completed when it has ended and was dropped, or could not be started.
    fn start(&self, name: &str, make: MakeWorker, completion: Arc<WorkerCompletion>);

    /// Runs a task that may block and catches its own panics.
    ///
    /// # Errors
    /// The task itself where the queue is full, and `refused` is woken once when there is room; or where there is no thread.
    fn submit_io(&self, name: &str, task: IoTask, refused: &Waker) -> Result<(), (IoRefusal, IoTask)>;

    /// A new waiter of the calling thread.
    fn wait_target(&self) -> Box<dyn WaitTarget>;

    /// Adds a line to the trace, if there is one.
    fn trace(&self, line: &str);

    /// Whether [`Platform::trace`] keeps anything.
    fn is_traced(&self) -> bool;

    /// Whether the code is to do the unlikely at this point: never on the real machine, by chance in a simulation that has faults.
    fn maybe(&self, point: &'static str) -> bool;

    /// The flag that is set when the user asks for an end (Ctrl-C, SIGTERM).
    fn interrupted(&self) -> InterruptFlag;

    /// Facts of the machine that don't change.
    fn host(&self) -> HostFacts;

    /// A variable of the process's environment.
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    /// What this process has used so far.
    fn usage(&self) -> ProcessUsage;
}

/// Clock, randomness, workers, signals and disk. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Environment {
    platform: Arc<dyn Platform>,
    clock: Clock,
    disk: Disk,
    memory_stores: MemoryStores,
    store_opener: Option<Arc<dyn StoreOpener>>,
}

impl Environment {
    /// The machine: OS threads, system clocks, local files.
    pub fn real() -> Self {
        let clock = Clock::real();
        Environment::from_parts(Arc::new(RealPlatform::new(clock.clone())), clock, Disk::local())
    }

    /// An environment of other parts: for the simulator and for tests (a real machine with a disk in memory, say).
    pub fn from_parts(platform: Arc<dyn Platform>, clock: Clock, disk: Disk) -> Self {
        Environment { platform, clock, disk, memory_stores: MemoryStores::default(), store_opener: None }
    }

    /// The same environment with another disk.
    pub fn with_disk(&self, disk: Disk) -> Self {
        Environment { disk, ..self.clone() }
    }

    /// The same environment, which opens stores of more schemes.
    pub fn with_store_opener(&self, opener: Arc<dyn StoreOpener>) -> Self {
        Environment { store_opener: Some(opener), ..self.clone() }
    }

    /// Wall clock and monotonic clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A fresh seed; deterministic per simulation. Not for secrets.
    pub fn random_seed(&self) -> u64 {
        self.platform.random_seed()
    }

    /// A generator with a fresh seed.
    pub fn random(&self) -> Random {
        Random::from_seed(self.random_seed())
    }

    /// Local files.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The store of a URI: a path, `file:`, `memory:`, or what the opener knows. Touches nothing outside.
    ///
    /// # Errors
    /// `Invalid` where the URI, its scheme or what is configured for it is wrong.
    pub fn open_store(&self, uri: &str) -> Result<Store, StoreError> {
        store::open(uri, self, &self.memory_stores, self.store_opener.as_deref())
    }

    /// As [`Environment::open_store`], for checkpoints and savepoints: encrypted, where that is configured.
    ///
    /// # Errors
    /// As there, and where the key cannot be had.
    pub fn open_protected_store(&self, uri: &str) -> Result<Store, StoreError> {
        let store = self.open_store(uri)?;
        match &self.store_opener {
            Some(opener) => opener.protect(store, self),
            None => Ok(store),
        }
    }

    /// Makes `memory:name` stand for this store from now on, in all clones of this environment: for tests.
    pub fn mount_store(&self, name: &str, store: Store) {
        self.memory_stores.mount(name, store);
    }

    /// A variable of the process's environment; none in simulation.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.platform.variable(name)
    }

    /// Starts a worker: on the real machine an OS thread of this name, in simulation a worker of the simulator. `make`
    /// runs on the worker's thread, so the worker need not be `Send`. A panic ends the worker alone and is reported by
    /// [`WorkerHandle::join`]; so is a thread that could not be started.
    pub fn spawn(&self, name: &str, make: MakeWorker) -> WorkerHandle {
        let completion = Arc::new(WorkerCompletion::default());
        self.platform.start(name, make, completion.clone());
        WorkerHandle::new(name, completion, self.platform.clone())
    }

    /// Where calls that block are made.
    pub fn io(&self) -> IoPool {
        IoPool::new(self.platform.clone())
    }

    /// A means for the calling thread, which must not be a worker, to wait for what workers bring about.
    pub fn waiter(&self) -> Waiter {
        Waiter::new(self.platform.wait_target())
    }

    /// The flag that Ctrl-C and SIGTERM set. The first call installs the signal handler; a second Ctrl-C while the
    /// flag is still set ends the process with exit code 130.
    pub fn interrupted(&self) -> InterruptFlag {
        self.platform.interrupted()
    }

    /// Name, cores and time zone of the machine.
    pub fn host(&self) -> HostFacts {
        self.platform.host()
    }

    /// CPU time and memory of this process so far.
    pub fn usage(&self) -> ProcessUsage {
        self.platform.usage()
    }

    /// Adds a line to the simulation's trace; on the real machine nothing happens.
    pub fn trace(&self, line: &str) {
        self.platform.trace(line);
    }

    /// Whether [`Environment::trace`] keeps anything: ask before formatting a costly line.
    pub fn is_traced(&self) -> bool {
        self.platform.is_traced()
    }

    /// Whether to do the unlikely here, which is correct but rare: flush early, take one row a batch, pause. Never on the real machine; in a
    /// simulation with faults by chance, so that rare courses are tested often.
    pub fn maybe(&self, point: &'static str) -> bool {
        self.platform.maybe(point)
    }

    /// A new, empty directory inside `parent`, removed with all its content when dropped.
    ///
    /// # Errors
    /// Where it cannot be created.
    pub fn temporary_directory(&self, parent: &Path, prefix: &str) -> Result<TemporaryDirectory, DiskError> {
        TemporaryDirectory::create(&self.disk, parent, prefix, self.random_seed())
    }
}
