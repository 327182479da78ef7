//! Waiting, which is what drives a simulation.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use flott_environment::{WaitError, WaitTarget, WakeTarget, Waker};

use crate::platform::{Shared, Step};

pub(crate) struct SimulatedWaiter {
    shared: Weak<Shared>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl WakeTarget for Woken {
    fn wake(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl SimulatedWaiter {
    pub(crate) fn new(shared: Weak<Shared>) -> Self {
        SimulatedWaiter { shared, woken: Arc::new(Woken(AtomicBool::new(false))) }
    }

    /// Steps until the waiter is woken, plus a random few turns of workers that could run anyway: time does not pass for a waiter that is awake.
    /// False where nothing can happen any more.
    fn step_until_woken(&self, shared: &Shared, bound_ns: Option<u64>) -> Result<bool, WaitError> {
        while !self.woken.0.load(Ordering::Acquire) {
            match shared.step(bound_ns)? {
                Step::Done => {}
                Step::BoundReached => return Ok(true),
                Step::Stuck => return Ok(false),
            }
        }
        let delay_steps = shared.schedule().waiter_delay_steps();
        for _ in 0..delay_steps {
            let can_run = shared.schedule().can_run();
            if !can_run || !matches!(shared.step(bound_ns)?, Step::Done) {
                break;
            }
        }
        Ok(true)
    }
}

impl WaitTarget for SimulatedWaiter {
    fn waker(&self) -> Waker {
        Waker::new(self.woken.clone())
    }

    fn wait_until(&self, condition: &mut dyn FnMut() -> bool, timeout_ms: Option<u64>) -> Result<bool, WaitError> {
        let shared = self.shared.upgrade().ok_or(WaitError::NotAllowed("the simulation is over"))?;
        shared.check_may_wait()?;
        let start_ns = shared.time().now_ns();
        let bound_ns = timeout_ms.map(|timeout_ms| start_ns.saturating_add(timeout_ms.saturating_mul(1_000_000)));
        loop {
            self.woken.0.store(false, Ordering::Release);
            if condition() {
                return Ok(true);
            }
            if bound_ns.is_some_and(|bound_ns| shared.time().now_ns() >= bound_ns) {
                return Ok(false);
            }
            if !self.step_until_woken(&shared, bound_ns)? {
                let schedule = shared.schedule();
                let (now_ms, idle_workers) = (schedule.now_ms(), schedule.idle_workers());
                drop(schedule);
                let condition_holds = condition();
                return Err(WaitError::Deadlock { seed: shared.seed, now_ms, idle_workers, condition_holds });
            }
        }
    }
}
