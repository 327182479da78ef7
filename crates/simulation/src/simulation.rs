//! [`Simulation`]: what a test holds.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use flott_environment::{Clock, ClockSource, Environment, InterruptFlag, MemoryDisk, Platform, WaitError};

use crate::io::IoDelay;
use crate::limits::MAX_TURNS;
use crate::platform::{Shared, SimulatedTime};
use crate::points::FaultPoints;

/// When simulations begin: 2024-01-01T00:00:00Z, in milliseconds since the epoch.
const START_MS: i64 = 1_704_067_200_000;

/// A machine of its own: workers, time, disk and trace. Belongs to the thread that made it. When it is dropped, its
/// workers are dropped.
pub struct Simulation {
    shared: Arc<Shared>,
    environment: Environment,
    disk: MemoryDisk,
    /// Workers live in a thread-local of this thread.
    bound_to_thread: PhantomData<Rc<()>>,
}

impl Simulation {
    /// A simulation whose whole course follows from `seed` and what the code does.
    pub fn new(seed: u64) -> Self {
        Simulation::with_max_turns(seed, MAX_TURNS)
    }

    /// A simulation whose waits fail after `max_turns` turns.
    pub fn with_max_turns(seed: u64, max_turns: u64) -> Self {
        let time = SimulatedTime::new(START_MS);
        let clock = Clock::custom(time.clone());
        let disk = MemoryDisk::new(clock.clone());
        let shared = Shared::new(seed, START_MS, max_turns, time);
        let environment = Environment::from_parts(shared.clone(), clock, disk.disk());
        Simulation { shared, environment, disk, bound_to_thread: PhantomData }
    }

    /// The environment for the code under test. Its workers turn while this thread waits.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The disk, for faults.
    pub fn disk(&self) -> &MemoryDisk {
        &self.disk
    }

    /// The flag that the code under test takes for Ctrl-C.
    pub fn interrupt(&self) -> InterruptFlag {
        self.shared.interrupted()
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.shared.seed
    }

    /// Lets points of the code ([`Environment::maybe`]) do the unlikely from now on; which and how often follows from `seed`.
    pub fn set_fault_points(&self, seed: u64) {
        self.shared.schedule().set_points(FaultPoints::new(seed));
    }

    /// Plants a mutant: a point whose name begins with `mutant: ` and which makes the code wrong, to prove that a checker finds it. After
    /// [`Simulation::set_fault_points`].
    pub fn set_mutant(&self, point: &'static str) {
        self.shared.schedule().set_mutant(point);
    }

    /// Lets a point always do the unlikely. After [`Simulation::set_fault_points`].
    pub fn force_point(&self, point: &'static str) {
        self.shared.schedule().force_point(point);
    }

    /// How often each point did the unlikely so far.
    pub fn fault_counts(&self) -> BTreeMap<&'static str, u64> {
        self.shared.schedule().fault_counts()
    }

    /// How long tasks of the I/O pool take from now on.
    pub fn set_io_delay(&self, delay: IoDelay) {
        self.shared.schedule().io().set_delay(delay);
    }

    /// How many tasks of the I/O pool may be under way from now on; more are refused.
    pub fn set_max_io_tasks(&self, tasks: usize) {
        self.shared.schedule().io().set_max_tasks(tasks);
    }

    /// A crash's part in the I/O pool: each task under way is lost with this probability (its receiver is told so), the others take effect
    /// later, as requests do that have left a machine before it died. Returns how many were lost.
    pub fn lose_io(&self, probability: f64) -> usize {
        self.shared.lose_io(probability)
    }

    /// Lets simulated time pass, and workers run in it.
    ///
    /// # Errors
    /// Where the bound on turns is reached.
    pub fn pass_ms(&self, duration_ms: u64) -> Result<(), WaitError> {
        self.environment.waiter().pass_ms(duration_ms)
    }

    /// Simulated wall clock, in milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        self.shared.time().now_ms()
    }

    /// Simulated time since the start, in milliseconds.
    pub fn elapsed_ms(&self) -> u64 {
        self.shared.time().now_ns() / 1_000_000
    }

    /// Turns of all workers so far.
    pub fn turns(&self) -> u64 {
        self.shared.schedule().turns()
    }

    /// What happened so far, line by line: microseconds since the start, then what (spawn, wake, timer, a turn's result
    /// where it differs from the last, time, lines of the code under test).
    pub fn trace(&self) -> Vec<String> {
        self.shared.schedule().trace().lines().to_vec()
    }

    /// The hash of the whole trace and of every pick of the scheduler.
    pub fn trace_hash(&self) -> u64 {
        self.shared.schedule().trace().hash()
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        self.shared.close();
    }
}
