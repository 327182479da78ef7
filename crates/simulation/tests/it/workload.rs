//! A small workload: a ring of workers that pass tokens on, wait random times, and write what they saw to the disk.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use flott_environment::{Environment, Random, Turn, Waker, Worker, WorkerHandle};

/// A queue with the waker of its reader.
#[derive(Clone, Default)]
pub struct Mailbox {
    state: Arc<Mutex<(VecDeque<u64>, Option<Waker>)>>,
}

impl Mailbox {
    pub fn send(&self, token: u64) {
        let mut state = self.state.lock().expect("not poisoned");
        state.0.push_back(token);
        if let Some(waker) = &state.1 {
            waker.wake();
        }
    }

    fn listen(&self, waker: Waker) {
        self.state.lock().expect("not poisoned").1 = Some(waker);
    }

    fn receive(&self) -> Option<u64> {
        self.state.lock().expect("not poisoned").0.pop_front()
    }
}

/// Passes each token on, sometimes after a random pause, and ends after having passed `hops_left`.
struct Passer {
    environment: Environment,
    random: Random,
    inbox: Mailbox,
    next: Mailbox,
    hops_left: u32,
    resume_at_ms: Option<i64>,
    path: PathBuf,
}

impl Worker for Passer {
    fn turn(&mut self) -> Turn {
        if self.resume_at_ms.is_some_and(|resume_at_ms| self.environment.clock().now_ms() < resume_at_ms) {
            return Turn::Idle { wake_at_ms: self.resume_at_ms };
        }
        self.resume_at_ms = None;
        let Some(token) = self.inbox.receive() else { return Turn::Idle { wake_at_ms: None } };
        if self.random.next_bool(0.25) {
            self.resume_at_ms = Some(self.environment.clock().now_ms() + self.random.next_between(1, 500));
        }
        self.environment.trace(&format!("token {token}"));
        self.next.send(token + 1);
        self.hops_left -= 1;
        if self.hops_left > 0 {
            return Turn::Ready;
        }
        let text = format!("{token}");
        self.environment.disk().persist(&self.path, text.as_bytes()).expect("the disk takes it");
        Turn::Finished
    }
}

/// Starts `passers` workers in a ring with `tokens` tokens; each ends after `hops` tokens.
pub fn start_ring(environment: &Environment, passers: usize, tokens: u64, hops: u32) -> Vec<WorkerHandle> {
    let mailboxes: Vec<Mailbox> = (0..passers).map(|_| Mailbox::default()).collect();
    for token in 0..tokens {
        mailboxes[token as usize % passers].send(token * 1_000_000);
    }
    let start = |index: usize| {
        let (inbox, next) = (mailboxes[index].clone(), mailboxes[(index + 1) % passers].clone());
        let on_worker = environment.clone();
        let make = move |waker: Waker| -> Box<dyn Worker> {
            inbox.listen(waker);
            let random = on_worker.random();
            let path = PathBuf::from(format!("/passer-{index}"));
            Box::new(Passer { environment: on_worker, random, inbox, next, hops_left: hops, resume_at_ms: None, path })
        };
        environment.spawn("passer", Box::new(make))
    };
    (0..passers).map(start).collect()
}
