//! The threads of the I/O pool: started when there is work for one more, up to a bound; they end with the platform.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::io::{IoRefusal, IoTask};
use crate::limits::{IO_QUEUE_TASKS, IO_THREADS, WORKER_STACK_BYTES};
use crate::worker::Waker;

/// A pool; its threads go when it is dropped and what was submitted is done.
#[derive(Default)]
pub(super) struct Threads {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<IoTask>,
    threads: usize,
    idle_threads: usize,
    /// Who was refused and waits for room.
    refused: Vec<Waker>,
    is_closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Threads {
    /// Takes a task, or refuses it and will wake `refused` when there is room.
    pub(super) fn submit(&self, task: IoTask, refused: &Waker) -> Result<(), (IoRefusal, IoTask)> {
        let mut state = self.shared.lock();
        if state.queue.len() >= IO_QUEUE_TASKS {
            if !state.refused.iter().any(|waker| waker.wakes_same(refused)) {
                state.refused.push(refused.clone());
            }
            return Err((IoRefusal::Full { tasks: IO_QUEUE_TASKS }, task));
        }
        if state.idle_threads <= state.queue.len() && state.threads < IO_THREADS {
            match start(self.shared.clone(), state.threads) {
                Ok(()) => state.threads += 1,
                Err(message) if state.threads == 0 => return Err((IoRefusal::NotStarted { message }, task)),
                // The threads that there are do the work.
                Err(_) => {}
            }
        }
        state.queue.push_back(task);
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
    }
}

impl Drop for Threads {
    /// Does not join: the last handle may be dropped on one of the threads.
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
    }
}

fn start(shared: Arc<Shared>, number: usize) -> Result<(), String> {
    let thread = std::thread::Builder::new().name(format!("flott-io-{number}")).stack_size(WORKER_STACK_BYTES);
    thread.spawn(move || run(&shared)).map(drop).map_err(|error| error.to_string())
}

/// Tasks catch their own panics, so a thread ends only when the pool is closed and its queue empty.
fn run(shared: &Shared) {
    while let Some((task, refused)) = next(shared) {
        refused.iter().for_each(Waker::wake);
        task();
    }
}

fn next(shared: &Shared) -> Option<(IoTask, Vec<Waker>)> {
    let mut state = shared.lock();
    loop {
        if let Some(task) = state.queue.pop_front() {
            return Some((task, std::mem::take(&mut state.refused)));
        }
        if state.is_closed {
            return None;
        }
        state.idle_threads += 1;
        state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.idle_threads -= 1;
    }
}
