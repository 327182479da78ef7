//! The only door to clock, randomness, threads, signals, local disk and object stores.
//!
//! Everything else in the project reaches these through [`Environment`], so that the same code runs on the real
//! machine ([`Environment::real`]) and inside the deterministic simulator (crate `simulation`), which implements
//! [`Platform`]. The ban on the standard library's own doors is a clippy list; this crate is the one exempt from it.
//!
//! Work runs in [`Worker`]s: cooperative loops that are turned until they say that they are idle, and that other
//! threads wake through a [`Waker`]. Calls that block are made by the [`IoPool`]. A thread that is not a worker (the one of a command line, say) waits with a
//! [`Waiter`].
#![allow(clippy::disallowed_methods)]

mod clock;
pub mod disk;
mod host;
mod interrupt;
mod io;
pub mod limits;
mod platform;
mod random;
mod real;
pub mod store;
mod temporary;
mod wait;
mod worker;

pub use clock::{Clock, ClockSource};
pub use disk::{
    Disk, DiskBackend, DiskEntry, DiskError, DiskKind, DiskMetadata, DiskOperation, DiskRead, DiskWrite, LocalDisk,
    MemoryDisk,
};
pub use host::{HostFacts, ProcessUsage};
pub use interrupt::InterruptFlag;
pub use io::{IoPending, IoPool, IoRefusal, IoRefused, IoTask};
pub use platform::{Environment, Platform};
pub use random::Random;
pub use store::{
    InvalidObjectName, LocalStore, MemoryStore, ObjectName, Store, StoreBackend, StoreError, StoreErrorKind,
    StoreOpener, StoreOperation, StoreUri, StoredObject,
};
pub use temporary::TemporaryDirectory;
pub use wait::{WaitError, WaitTarget, Waiter};
pub use worker::{
    MakeWorker, Turn, WakeTarget, Waker, Worker, WorkerCompletion, WorkerError, WorkerHandle, run_caught,
};
