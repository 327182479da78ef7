//! A worker on an OS thread of its own.

use std::sync::Arc;

use crate::clock::Clock;
use crate::limits::WORKER_STACK_BYTES;
use crate::real::park::Parker;
use crate::worker::{MakeWorker, Turn, Waker, WorkerCompletion, WorkerError, run_caught};

/// Starts a thread that makes the worker and turns it to its end.
pub(super) fn start(name: &str, make: MakeWorker, completion: Arc<WorkerCompletion>, clock: Clock) {
    let name = name.to_string();
    let thread_name = name.replace('\0', " ");
    let on_thread = completion.clone();
    let name_on_thread = name.clone();
    let started = std::thread::Builder::new().name(thread_name).stack_size(WORKER_STACK_BYTES).spawn(move || {
        // The worker is dropped inside, so that whoever joins finds its files closed and its memory freed.
        let result = run_caught(&name_on_thread, || run(make, &clock));
        on_thread.complete(result);
    });
    if let Err(error) = started {
        completion.complete(Err(WorkerError::NotStarted { worker: name, message: error.to_string() }));
    }
}

fn run(make: MakeWorker, clock: &Clock) {
    let parker = Parker::of_this_thread();
    let mut worker = make(Waker::new(parker.clone()));
    loop {
        parker.take_woken();
        match worker.turn() {
            Turn::Ready => {}
            Turn::Idle { wake_at_ms } => {
                parker.park_until(wake_at_ms, clock);
            }
            Turn::Finished => return,
        }
    }
}
