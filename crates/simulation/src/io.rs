//! The simulated I/O pool: tasks that run on the simulation's thread when their seeded delay has passed.

use std::collections::BTreeMap;

use flott_environment::limits::IO_QUEUE_TASKS;
use flott_environment::{IoTask, Random, Waker};

use crate::limits::{IO_DELAY_DOUBLINGS, MIN_IO_DELAY_NS};

/// How long tasks take: `min_ns` doubled a random number of times, so that all magnitudes are equally likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoDelay {
    /// The shortest, in nanoseconds of simulated time.
    pub min_ns: u64,
    /// How often it may be doubled.
    pub doublings: u64,
}

impl Default for IoDelay {
    fn default() -> Self {
        IoDelay { min_ns: MIN_IO_DELAY_NS, doublings: IO_DELAY_DOUBLINGS }
    }
}

/// A task that was taken out to be run.
pub(crate) struct DueTask {
    pub(crate) name: String,
    pub(crate) run: IoTask,
    /// Who waits for room.
    pub(crate) refused: Vec<Waker>,
}

/// Tasks under way, by the time at which they take effect.
pub(crate) struct IoQueue {
    tasks: BTreeMap<(u64, u64), (String, IoTask)>,
    next_number: u64,
    delays: Random,
    delay: IoDelay,
    max_tasks: usize,
    refused: Vec<Waker>,
}

impl IoQueue {
    pub(crate) fn new(delays: Random) -> Self {
        let (tasks, delay) = (BTreeMap::new(), IoDelay::default());
        IoQueue { tasks, next_number: 0, delays, delay, max_tasks: IO_QUEUE_TASKS, refused: Vec::new() }
    }

    pub(crate) fn set_delay(&mut self, delay: IoDelay) {
        self.delay = delay;
    }

    pub(crate) fn set_max_tasks(&mut self, max_tasks: usize) {
        self.max_tasks = max_tasks;
    }

    /// The bound, in tasks.
    pub(crate) fn max_tasks(&self) -> usize {
        self.max_tasks
    }

    /// Takes a task and gives its number, or gives it back and remembers who waits.
    pub(crate) fn submit(&mut self, name: &str, task: IoTask, refused: &Waker, now_ns: u64) -> Result<u64, IoTask> {
        if self.tasks.len() >= self.max_tasks {
            if !self.refused.iter().any(|waker| waker.wakes_same(refused)) {
                self.refused.push(refused.clone());
            }
            return Err(task);
        }
        let number = self.next_number;
        self.next_number += 1;
        let due_ns = now_ns + (self.delay.min_ns << self.delays.next_below(self.delay.doublings + 1));
        self.tasks.insert((due_ns, number), (format!("io {name}#{number}"), task));
        Ok(number)
    }

    /// When the next task takes effect.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        self.tasks.first_key_value().map(|((due_ns, _), _)| *due_ns)
    }

    /// How many tasks have passed their delay.
    pub(crate) fn due(&self, now_ns: u64) -> usize {
        self.tasks.range(..=(now_ns, u64::MAX)).count()
    }

    /// Takes out one of those that are due; `choice` is below their number.
    pub(crate) fn take_due(&mut self, choice: usize) -> Option<DueTask> {
        let key = *self.tasks.keys().nth(choice)?;
        let (name, run) = self.tasks.remove(&key)?;
        Some(DueTask { name, run, refused: std::mem::take(&mut self.refused) })
    }

    /// Takes out all tasks, in the order in which they would have run; each is kept with the given probability, the others are returned as lost.
    pub(crate) fn lose(&mut self, probability: f64) -> Vec<(String, IoTask)> {
        let keys: Vec<_> = self.tasks.keys().copied().collect();
        let lost = keys.into_iter().filter(|_| self.delays.next_bool(probability)).collect::<Vec<_>>();
        lost.into_iter().filter_map(|key| self.tasks.remove(&key)).collect()
    }

    /// Takes out all tasks and those who wait: for the simulation's end.
    pub(crate) fn clear(&mut self) -> (Vec<IoTask>, Vec<Waker>) {
        let tasks = std::mem::take(&mut self.tasks).into_values().map(|(_, task)| task).collect();
        (tasks, std::mem::take(&mut self.refused))
    }
}
