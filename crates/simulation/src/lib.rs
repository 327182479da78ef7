//! Deterministic environment: simulated time, seeded scheduling, in-memory disk. For tests only.
//!
//! A [`Simulation`] gives an [`Environment`](flott_environment::Environment) whose workers all run on the calling
//! thread. They are turned while that thread waits ([`Waiter`](flott_environment::Waiter),
//! [`WorkerHandle::join`](flott_environment::WorkerHandle::join)): a generator seeded with the simulation's seed picks
//! among those that can run; when none can, simulated time jumps to the next timer; when there is no timer either, the
//! wait fails and names the idle workers and the seed. Every turn takes a random, small simulated time, so timers fire
//! also while workers are busy. Whatever happens is written to a trace: the same seed gives the same trace.

mod faulty_store;
mod io;
pub mod limits;
mod platform;
mod points;
mod schedule;
mod simulation;
mod store;
mod store_conformance;
mod trace;
mod wait;

pub use faulty_store::{FaultyStore, StoreCall, StoreEffect, StoreFault, StoreFaults};
pub use io::IoDelay;
pub use simulation::Simulation;
pub use store_conformance::{check_backend, check_store};
