//! Who can run, who waits for what, and what time it is: the scheduler's state, without the workers themselves.

use std::collections::{BTreeMap, BTreeSet};

use flott_environment::{IoRefusal, IoTask, Random, Turn, Waker};

use crate::io::{DueTask, IoQueue};
use crate::limits::{MAX_WAITER_DELAY_STEPS, MIN_TURN_NS, TURN_DOUBLINGS};
use crate::points::FaultPoints;
use crate::trace::Trace;

const NS_PER_MS: i64 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Runnable,
    /// Its turn is on; `woken` says whether it was woken meanwhile.
    Running {
        woken: bool,
    },
    Idle {
        timer_ns: Option<u64>,
    },
    Ended,
}

struct Entry {
    name: String,
    status: Status,
    last_turn: Option<&'static str>,
}

/// What can happen next.
pub(crate) enum Next {
    /// This worker's turn.
    Turn(usize),
    /// This task of the I/O pool, under this name; [`Schedule::io_done`] follows.
    Io(DueTask),
    /// Time went on.
    TimePassed,
    /// Time has reached the bound that was given.
    BoundReached,
    /// Nobody can run, no timer is set.
    Stuck,
}

pub(crate) struct Schedule {
    workers: Vec<Entry>,
    runnable: Vec<usize>,
    timers: BTreeSet<(u64, usize)>,
    running: Option<usize>,
    /// The task of the I/O pool that runs now.
    running_io: Option<String>,
    io: IoQueue,
    picks: Random,
    seeds: Random,
    start_ms: i64,
    now_ns: u64,
    turns: u64,
    trace: Trace,
    points: Option<FaultPoints>,
}

impl Schedule {
    pub(crate) fn new(seed: u64, start_ms: i64) -> Self {
        let mut random = Random::from_seed(seed);
        let (picks, seeds, delays) = (random.split(), random.split(), random.split());
        Schedule {
            workers: Vec::new(),
            runnable: Vec::new(),
            timers: BTreeSet::new(),
            running: None,
            running_io: None,
            io: IoQueue::new(delays),
            picks,
            seeds,
            start_ms,
            now_ns: 0,
            turns: 0,
            trace: Trace::new(),
            points: None,
        }
    }

    pub(crate) fn add_worker(&mut self, name: &str) -> usize {
        let index = self.workers.len();
        let name = format!("{name}#{index}");
        self.log(&format!("spawn {name}"));
        self.workers.push(Entry { name, status: Status::Runnable, last_turn: None });
        self.runnable.push(index);
        index
    }

    pub(crate) fn name(&self, index: usize) -> &str {
        &self.workers[index].name
    }

    pub(crate) fn wake(&mut self, index: usize) {
        match self.workers[index].status {
            Status::Idle { timer_ns } => {
                if let Some(timer_ns) = timer_ns {
                    self.timers.remove(&(timer_ns, index));
                }
                self.make_runnable(index, "wake");
            }
            Status::Running { woken: false } => {
                self.workers[index].status = Status::Running { woken: true };
                self.log_of("wake in its turn", index);
            }
            Status::Running { woken: true } | Status::Runnable | Status::Ended => {}
        }
    }

    /// Whether a worker can run now, without time passing.
    pub(crate) fn can_run(&self) -> bool {
        !self.runnable.is_empty()
            || self.io.due(self.now_ns) > 0
            || self.timers.first().is_some_and(|(timer_ns, _)| *timer_ns <= self.now_ns)
    }

    /// Chooses what happens next; time doesn't pass beyond `bound_ns`.
    pub(crate) fn next(&mut self, bound_ns: Option<u64>) -> Next {
        if bound_ns.is_some_and(|bound_ns| self.now_ns >= bound_ns) {
            return Next::BoundReached;
        }
        while let Some((timer_ns, index)) =
            self.timers.first().copied().filter(|(timer_ns, _)| *timer_ns <= self.now_ns)
        {
            self.timers.remove(&(timer_ns, index));
            self.make_runnable(index, "timer");
        }
        let due_io = self.io.due(self.now_ns);
        let choices = self.runnable.len() + due_io;
        if choices == 0 {
            return self.pass_time(bound_ns);
        }
        let choice = self.picks.next_below(choices as u64) as usize;
        if let Some(io_choice) = choice.checked_sub(self.runnable.len()) {
            return self.next_io(io_choice);
        }
        let index = self.runnable.swap_remove(choice);
        self.trace.number(index as u64);
        self.workers[index].status = Status::Running { woken: false };
        self.running = Some(index);
        self.turns += 1;
        Next::Turn(index)
    }

    fn next_io(&mut self, choice: usize) -> Next {
        let Some(task) = self.io.take_due(choice) else { return Next::TimePassed };
        self.log(&task.name);
        self.running_io = Some(task.name.clone());
        self.turns += 1;
        Next::Io(task)
    }

    /// A task of the I/O pool has run.
    pub(crate) fn io_done(&mut self) {
        self.running_io = None;
    }

    /// Takes a task of the I/O pool, or gives it back with the reason.
    pub(crate) fn submit_io(&mut self, name: &str, task: IoTask, refused: &Waker) -> Result<(), (IoRefusal, IoTask)> {
        match self.io.submit(name, task, refused, self.now_ns) {
            Ok(number) => {
                self.user_line(&format!("submits io {name}#{number}"));
                Ok(())
            }
            Err(task) => {
                self.user_line(&format!("io {name} is refused"));
                Err((IoRefusal::Full { tasks: self.io.max_tasks() }, task))
            }
        }
    }

    pub(crate) fn io(&mut self) -> &mut IoQueue {
        &mut self.io
    }

    fn pass_time(&mut self, bound_ns: Option<u64>) -> Next {
        let timer_ns = self.timers.first().map(|(timer_ns, _)| *timer_ns);
        let Some(target_ns) = [timer_ns, self.io.next_ns(), bound_ns].into_iter().flatten().min() else {
            return Next::Stuck;
        };
        self.now_ns = target_ns;
        self.log("time");
        Next::TimePassed
    }

    /// Notes how a worker's turn went: `None` where it ended by a panic.
    pub(crate) fn turned(&mut self, index: usize, turn: Option<Turn>) {
        self.running = None;
        self.now_ns += MIN_TURN_NS << self.picks.next_below(TURN_DOUBLINGS + 1);
        let woken = self.workers[index].status == Status::Running { woken: true };
        let (word, status) = match turn {
            None => ("panicked", Status::Ended),
            Some(Turn::Finished) => ("finished", Status::Ended),
            Some(Turn::Ready) => ("ready", Status::Runnable),
            Some(Turn::Idle { .. }) if woken => ("idle", Status::Runnable),
            Some(Turn::Idle { wake_at_ms }) => {
                ("idle", Status::Idle { timer_ns: wake_at_ms.map(|wake_at_ms| self.ns_of(wake_at_ms)) })
            }
        };
        if self.workers[index].last_turn != Some(word) {
            self.workers[index].last_turn = Some(word);
            self.log_of(word, index);
        }
        self.workers[index].status = status;
        match status {
            Status::Runnable => self.runnable.push(index),
            Status::Idle { timer_ns: Some(timer_ns) } => {
                self.timers.insert((timer_ns, index));
            }
            _ => {}
        }
    }

    /// Lets points of the code do the unlikely from now on.
    pub(crate) fn set_points(&mut self, points: FaultPoints) {
        self.points = Some(points);
    }

    /// Plants a mutant, where points may do the unlikely.
    pub(crate) fn set_mutant(&mut self, point: &'static str) {
        if let Some(points) = &mut self.points {
            points.set_mutant(point);
        }
    }

    /// Lets a point always do the unlikely, where points may.
    pub(crate) fn force_point(&mut self, point: &'static str) {
        if let Some(points) = &mut self.points {
            points.force(point);
        }
    }

    /// How often each point did it.
    pub(crate) fn fault_counts(&self) -> BTreeMap<&'static str, u64> {
        self.points.as_ref().map(FaultPoints::counts).unwrap_or_default()
    }

    /// Whether the code does the unlikely at a point.
    pub(crate) fn maybe(&mut self, point: &'static str) -> bool {
        let does = self.points.as_mut().is_some_and(|points| points.hits(point));
        if does {
            self.user_line(point);
        }
        does
    }

    /// A line of the code under test, with the name of the worker whose turn is on.
    pub(crate) fn user_line(&mut self, line: &str) {
        let worker = self.running.map(|index| self.workers[index].name.as_str());
        let name = worker.or(self.running_io.as_deref()).unwrap_or("-");
        let line = format!("{name}: {line}");
        self.log(&line);
    }

    pub(crate) fn waiter_delay_steps(&mut self) -> u64 {
        self.picks.next_below(MAX_WAITER_DELAY_STEPS + 1)
    }

    pub(crate) fn seed(&mut self) -> u64 {
        self.seeds.next_u64()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some() || self.running_io.is_some()
    }

    pub(crate) fn idle_workers(&self) -> Vec<String> {
        let idle = self.workers.iter().filter(|worker| matches!(worker.status, Status::Idle { .. }));
        idle.map(|worker| worker.name.clone()).collect()
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.now_ns
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.start_ms + (self.now_ns / NS_PER_MS as u64) as i64
    }

    pub(crate) fn turns(&self) -> u64 {
        self.turns
    }

    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    fn make_runnable(&mut self, index: usize, cause: &str) {
        self.workers[index].status = Status::Runnable;
        self.runnable.push(index);
        self.log_of(cause, index);
    }

    /// Simulated nanoseconds at a wall clock time; what is past counts as the start.
    fn ns_of(&self, wall_ms: i64) -> u64 {
        wall_ms.saturating_sub(self.start_ms).max(0).saturating_mul(NS_PER_MS) as u64
    }

    fn log_of(&mut self, what: &str, index: usize) {
        let line = format!("{what} {}", self.workers[index].name);
        self.log(&line);
    }

    fn log(&mut self, what: &str) {
        let now_us = self.now_ns / 1_000;
        self.trace.line(format!("{now_us} {what}"));
    }
}
