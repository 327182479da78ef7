//! The workers of the simulations of this thread. They need not be `Send`, while the handles on a simulation are; so
//! they live in a thread-local, found by the simulation's number.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use flott_environment::Worker;

type Workers = BTreeMap<usize, Box<dyn Worker>>;

thread_local! {
    static SIMULATIONS: RefCell<BTreeMap<u64, Workers>> = const { RefCell::new(BTreeMap::new()) };
}

/// Makes room for a new simulation on this thread; returns its number, which no other simulation of the process has.
pub(crate) fn open() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    SIMULATIONS.with_borrow_mut(|simulations| simulations.insert(number, Workers::new()));
    number
}

/// Whether the simulation was opened on this thread and isn't closed.
pub(crate) fn is_here(simulation: u64) -> bool {
    SIMULATIONS.with_borrow(|simulations| simulations.contains_key(&simulation))
}

/// Takes a worker out for its turn: its turn may start others.
pub(crate) fn take(simulation: u64, index: usize) -> Option<Box<dyn Worker>> {
    SIMULATIONS.with_borrow_mut(|simulations| simulations.get_mut(&simulation)?.remove(&index))
}

/// Puts a worker in.
pub(crate) fn put(simulation: u64, index: usize, worker: Box<dyn Worker>) {
    SIMULATIONS.with_borrow_mut(|simulations| {
        if let Some(workers) = simulations.get_mut(&simulation) {
            workers.insert(index, worker);
        }
    });
}

/// Drops all workers of a simulation, in the order of their start.
pub(crate) fn close(simulation: u64) {
    // Dropped outside the borrow: a worker's end may wake others.
    let workers = SIMULATIONS.with_borrow_mut(|simulations| simulations.remove(&simulation));
    drop(workers);
}
