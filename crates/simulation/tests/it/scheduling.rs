//! Timers, deadlocks, panics, interrupts and the bounds of a simulation.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use flott_environment::{Environment, Turn, WaitError, Waker, Worker, WorkerError};
use flott_simulation::Simulation;

/// A worker whose turn is a closure; it need not be `Send`.
struct FromClosure<F>(F);

impl<F: FnMut() -> Turn> Worker for FromClosure<F> {
    fn turn(&mut self) -> Turn {
        (self.0)()
    }
}

fn spawn<F: FnMut() -> Turn + 'static>(
    environment: &Environment,
    name: &str,
    make: impl FnOnce(Waker) -> F + Send + 'static,
) -> flott_environment::WorkerHandle {
    environment.spawn(name, Box::new(move |waker| Box::new(FromClosure(make(waker)))))
}

#[test]
fn time_jumps_to_the_next_timer() {
    let simulation = Simulation::new(3);
    let environment = simulation.environment();
    let clock = environment.clock().clone();
    let start_ms = clock.now_ms();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let ticks = seen.clone();
    let handle = spawn(environment, "ticker", move |_| {
        move || {
            let now_ms = clock.now_ms();
            ticks.lock().expect("not poisoned").push(now_ms);
            if now_ms >= start_ms + 3_600_000 {
                Turn::Finished
            } else {
                Turn::Idle { wake_at_ms: Some(now_ms + 60_000) }
            }
        }
    });
    handle.join().expect("the worker ends");
    assert_eq!(seen.lock().expect("not poisoned").len(), 61);
    assert!(simulation.elapsed_ms() >= 3_600_000);
}

#[test]
fn a_deadlock_names_the_idle_workers_and_the_seed() {
    let simulation = Simulation::new(42);
    let handle = spawn(simulation.environment(), "sleeper", |_| || Turn::Idle { wake_at_ms: None });
    let WorkerError::Wait(error) = handle.join().expect_err("it never ends") else { panic!("another error") };
    let wanted = "simulation with seed 42 stands still at ";
    assert!(error.to_string().starts_with(wanted), "{error}");
    assert!(error.to_string().ends_with("deadlock; idle workers: sleeper#0"), "{error}");
}

#[test]
fn a_forgotten_wake_is_found() {
    let simulation = Simulation::new(5);
    let done = Arc::new(AtomicBool::new(false));
    let flag = done.clone();
    spawn(simulation.environment(), "silent", move |_| {
        move || {
            flag.store(true, Ordering::Release);
            Turn::Finished
        }
    });
    let waiter = simulation.environment().waiter();
    let error = waiter.wait_until(&mut || done.load(Ordering::Acquire), None).expect_err("nobody woke the waiter");
    assert!(matches!(error, WaitError::Deadlock { condition_holds: true, .. }), "{error}");
}

#[test]
fn a_panic_ends_one_worker_and_is_reported() {
    let simulation = Simulation::new(6);
    let environment = simulation.environment();
    let bad = spawn(environment, "bad", |_| || panic!("on purpose"));
    let good = spawn(environment, "good", |_| || Turn::Finished);
    let error = bad.join().expect_err("it panicked");
    assert_eq!(error.to_string(), "worker bad#0 panicked: on purpose");
    good.join().expect("it ends");
}

#[test]
fn a_timeout_passes_in_simulated_time_while_workers_are_busy() {
    let simulation = Simulation::new(7);
    let environment = simulation.environment();
    let handle = spawn(environment, "busy", |_| || Turn::Ready);
    let reached = environment.waiter().wait_until(&mut || false, Some(2_000)).expect("time passes");
    assert!(!reached);
    assert!((2_000..2_010).contains(&simulation.elapsed_ms()), "{}", simulation.elapsed_ms());
    assert!(!handle.is_finished());
}

#[test]
fn an_endless_job_hits_the_bound_on_turns() {
    let simulation = Simulation::with_max_turns(8, 1_000);
    let handle = spawn(simulation.environment(), "busy", |_| || Turn::Ready);
    let error = handle.join().expect_err("it never ends");
    assert_eq!(error, WorkerError::Wait(WaitError::TooManyTurns { seed: 8, turns: 1_000 }));
}

#[test]
fn workers_start_workers_and_must_not_wait() {
    let simulation = Simulation::new(9);
    let environment = simulation.environment().clone();
    let refused = Arc::new(Mutex::new(None));
    let report = refused.clone();
    let outer = spawn(&environment.clone(), "outer", move |_| {
        move || {
            let inner = spawn(&environment, "inner", |_| || Turn::Finished);
            *report.lock().expect("not poisoned") = Some(inner.join());
            Turn::Finished
        }
    });
    outer.join().expect("it ends");
    simulation.pass_ms(10).expect("time passes");
    let refused = refused.lock().expect("not poisoned").take();
    assert!(matches!(refused, Some(Err(WorkerError::Wait(WaitError::NotAllowed(_))))), "{refused:?}");
    assert!(simulation.trace().iter().any(|line| line.ends_with("finished inner#1")));
}

#[test]
fn an_interrupt_wakes_those_who_registered() {
    let simulation = Simulation::new(10);
    let environment = simulation.environment().clone();
    let interrupted = environment.interrupted();
    let handle = spawn(&environment, "patient", move |waker| {
        interrupted.register(waker);
        move || if interrupted.is_set() { Turn::Finished } else { Turn::Idle { wake_at_ms: None } }
    });
    simulation.pass_ms(1_000).expect("time passes");
    assert!(!handle.is_finished());
    simulation.interrupt().set();
    handle.join().expect("it ends");
}

#[test]
fn workers_are_dropped_with_the_simulation() {
    struct Noisy(Rc<Cell<u32>>, Arc<AtomicBool>);
    impl Drop for Noisy {
        fn drop(&mut self) {
            self.0.set(1);
            self.1.store(true, Ordering::Release);
        }
    }
    impl Worker for Noisy {
        fn turn(&mut self) -> Turn {
            Turn::Idle { wake_at_ms: None }
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = dropped.clone();
    let simulation = Simulation::new(11);
    simulation.environment().spawn("noisy", Box::new(move |_| Box::new(Noisy(Rc::new(Cell::new(0)), flag))));
    simulation.pass_ms(5).expect("time passes");
    assert!(!dropped.load(Ordering::Acquire));
    drop(simulation);
    assert!(dropped.load(Ordering::Acquire));
}
