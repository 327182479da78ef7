//! The simulator as a [`Platform`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use flott_environment::{
    ClockSource, HostFacts, InterruptFlag, IoRefusal, IoTask, MakeWorker, Platform, ProcessUsage, Turn, WaitError,
    WaitTarget, WakeTarget, Waker, Worker, WorkerCompletion, WorkerError, run_caught,
};

use crate::io::DueTask;
use crate::schedule::{Next, Schedule};
use crate::store;
use crate::wait::SimulatedWaiter;

/// Cores that a simulated machine has: more than one, so that jobs run in parallel by default.
const SIMULATED_CORES: usize = 4;

/// Simulated time, which everybody may read without the scheduler's lock.
pub(crate) struct SimulatedTime {
    now_ms: AtomicI64,
    now_ns: AtomicU64,
}

impl SimulatedTime {
    pub(crate) fn new(start_ms: i64) -> Arc<Self> {
        Arc::new(SimulatedTime { now_ms: AtomicI64::new(start_ms), now_ns: AtomicU64::new(0) })
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.now_ns.load(Ordering::Relaxed)
    }
}

impl ClockSource for SimulatedTime {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn monotonic_ns(&self) -> u64 {
        self.now_ns()
    }
}

struct Pending {
    make: MakeWorker,
    completion: Arc<WorkerCompletion>,
}

/// What all handles on a simulation share.
pub(crate) struct Shared {
    pub(crate) number: u64,
    pub(crate) seed: u64,
    max_turns: u64,
    schedule: Mutex<Schedule>,
    /// Workers that are not made yet.
    pending: Mutex<BTreeMap<usize, Pending>>,
    completions: Mutex<BTreeMap<usize, Arc<WorkerCompletion>>>,
    time: Arc<SimulatedTime>,
    interrupt: InterruptFlag,
    this: Weak<Shared>,
}

/// What a step came to.
pub(crate) enum Step {
    Done,
    BoundReached,
    Stuck,
}

struct WorkerWaker {
    shared: Weak<Shared>,
    index: usize,
}

impl WakeTarget for WorkerWaker {
    fn wake(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.schedule().wake(self.index);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(seed: u64, start_ms: i64, max_turns: u64, time: Arc<SimulatedTime>) -> Arc<Self> {
        let number = store::open();
        Arc::new_cyclic(|this| Shared {
            number,
            seed,
            max_turns,
            schedule: Mutex::new(Schedule::new(seed, start_ms)),
            pending: Mutex::new(BTreeMap::new()),
            completions: Mutex::new(BTreeMap::new()),
            time,
            interrupt: InterruptFlag::default(),
            this: this.clone(),
        })
    }

    pub(crate) fn schedule(&self) -> MutexGuard<'_, Schedule> {
        locked(&self.schedule)
    }

    pub(crate) fn time(&self) -> &SimulatedTime {
        &self.time
    }

    /// Drops the workers, made or not.
    pub(crate) fn close(&self) {
        store::close(self.number);
        let pending = std::mem::take(&mut *locked(&self.pending));
        drop(pending);
        // Dropped outside the lock: their receivers are woken.
        let io_tasks = self.schedule().io().clear();
        drop(io_tasks);
    }

    /// Loses tasks of the I/O pool that are under way, each with this probability; their receivers are told that they never ran.
    pub(crate) fn lose_io(&self, probability: f64) -> usize {
        let lost = self.schedule().io().lose(probability);
        for (name, _) in &lost {
            self.trace(&format!("loses {name}"));
        }
        lost.len()
    }

    /// Refuses to wait where the simulation can't be driven from.
    pub(crate) fn check_may_wait(&self) -> Result<(), WaitError> {
        if !store::is_here(self.number) {
            return Err(WaitError::NotAllowed("a simulation can be waited for only on the thread that made it"));
        }
        if self.schedule().is_running() {
            return Err(WaitError::NotAllowed("a worker must not wait: it returns Turn::Idle and is woken"));
        }
        Ok(())
    }

    /// Lets the next thing happen: one turn, or one jump in time up to `bound_ns`.
    pub(crate) fn step(&self, bound_ns: Option<u64>) -> Result<Step, WaitError> {
        let next = {
            let mut schedule = self.schedule();
            if schedule.turns() >= self.max_turns {
                return Err(WaitError::TooManyTurns { seed: self.seed, turns: self.max_turns });
            }
            schedule.next(bound_ns)
        };
        match next {
            Next::Turn(index) => self.turn(index),
            Next::Io(DueTask { run, refused, .. }) => {
                refused.iter().for_each(Waker::wake);
                run();
                self.schedule().io_done();
            }
            Next::TimePassed => {}
            Next::BoundReached => return Ok(Step::BoundReached),
            Next::Stuck => return Ok(Step::Stuck),
        }
        let schedule = self.schedule();
        self.time.now_ns.store(schedule.now_ns(), Ordering::Relaxed);
        self.time.now_ms.store(schedule.now_ms(), Ordering::Relaxed);
        Ok(Step::Done)
    }

    /// One turn of a worker, which is made first if it is new. A worker that ends is dropped within its last turn.
    fn turn(&self, index: usize) {
        let name = self.schedule().name(index).to_string();
        let outcome = run_caught(&name, || {
            let mut worker = self.worker(index)?;
            let turn = worker.turn();
            if turn != Turn::Finished {
                store::put(self.number, index, worker);
            }
            Some(turn)
        });
        let turn = outcome.as_ref().ok().copied().flatten();
        self.schedule().turned(index, turn);
        let result = match outcome {
            Ok(Some(Turn::Finished)) => Ok(()),
            Ok(Some(Turn::Ready | Turn::Idle { .. })) => return,
            Ok(None) => Err(WorkerError::NotStarted { worker: name, message: "the simulation is over".to_string() }),
            Err(error) => Err(error),
        };
        let completion = locked(&self.completions).remove(&index);
        if let Some(completion) = completion {
            completion.complete(result);
        }
    }

    fn worker(&self, index: usize) -> Option<Box<dyn Worker>> {
        let pending = locked(&self.pending).remove(&index);
        match pending {
            None => store::take(self.number, index),
            Some(Pending { make, completion }) => {
                locked(&self.completions).insert(index, completion);
                Some(make(Waker::new(Arc::new(WorkerWaker { shared: self.this.clone(), index }))))
            }
        }
    }
}

impl Platform for Shared {
    fn random_seed(&self) -> u64 {
        self.schedule().seed()
    }

    fn start(&self, name: &str, make: MakeWorker, completion: Arc<WorkerCompletion>) {
        let index = self.schedule().add_worker(name);
        locked(&self.pending).insert(index, Pending { make, completion });
    }

    fn submit_io(&self, name: &str, task: IoTask, refused: &Waker) -> Result<(), (IoRefusal, IoTask)> {
        self.schedule().submit_io(name, task, refused)
    }

    fn wait_target(&self) -> Box<dyn WaitTarget> {
        Box::new(SimulatedWaiter::new(self.this.clone()))
    }

    fn trace(&self, line: &str) {
        self.schedule().user_line(line);
    }

    fn maybe(&self, point: &'static str) -> bool {
        self.schedule().maybe(point)
    }

    fn is_traced(&self) -> bool {
        true
    }

    fn interrupted(&self) -> InterruptFlag {
        self.interrupt.clone()
    }

    fn host(&self) -> HostFacts {
        HostFacts { name: "simulation".to_string(), cores: SIMULATED_CORES, time_zone: "UTC".to_string() }
    }

    fn usage(&self) -> ProcessUsage {
        ProcessUsage::default()
    }
}
