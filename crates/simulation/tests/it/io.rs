//! The simulated I/O pool: results arrive, order is seeded, a full queue is told, a crash loses what was under way.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use flott_environment::{IoPending, IoPool, Turn, Waker, Worker};
use flott_simulation::{IoDelay, Simulation};

/// Submits ten actions, as many at a time as are taken, and notes the order in which they ran.
struct Submitter {
    io: IoPool,
    waker: Waker,
    next: u32,
    pending: RefCell<Vec<IoPending<u32>>>,
    order: Arc<Mutex<Vec<u32>>>,
    results: Arc<Mutex<Vec<u32>>>,
}

const ACTIONS: u32 = 10;

impl Worker for Submitter {
    fn turn(&mut self) -> Turn {
        while self.next < ACTIONS {
            let (number, order) = (self.next, self.order.clone());
            let action = move || {
                order.lock().expect("not poisoned").push(number);
                number * 2
            };
            let Ok(pending) = self.io.run("action", self.waker.clone(), action) else { break };
            self.next += 1;
            self.pending.borrow_mut().push(pending);
        }
        self.pending.borrow_mut().retain(|pending| match pending.take() {
            Some(result) => {
                self.results.lock().expect("not poisoned").push(result.expect("no panic"));
                false
            }
            None => true,
        });
        let is_done = self.next == ACTIONS && self.pending.borrow().is_empty();
        if is_done { Turn::Finished } else { Turn::Idle { wake_at_ms: None } }
    }
}

fn run(simulation: &Simulation) -> (Vec<u32>, Vec<u32>) {
    let (order, results) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (io, for_order, for_results) = (simulation.environment().io(), order.clone(), results.clone());
    let handle = simulation.environment().spawn(
        "submitter",
        Box::new(move |waker| {
            let pending = RefCell::new(Vec::new());
            Box::new(Submitter { io, waker, next: 0, pending, order: for_order, results: for_results })
        }),
    );
    handle.join().expect("all actions end");
    let results = results.lock().expect("not poisoned").clone();
    (order.lock().expect("not poisoned").clone(), results)
}

#[test]
fn independent_actions_run_in_a_seeded_order() {
    let of_seed = |seed| {
        let simulation = Simulation::new(seed);
        (run(&simulation), simulation.trace_hash())
    };
    let ((order, mut results), _) = of_seed(1);
    results.sort_unstable();
    assert_eq!(results, (0..ACTIONS).map(|number| number * 2).collect::<Vec<_>>());
    assert_eq!(of_seed(1), of_seed(1));
    let orders: Vec<_> = (1..6).map(|seed| of_seed(seed).0.0).collect();
    assert!(orders.iter().any(|other| *other != order), "{orders:?}");
}

#[test]
fn who_finds_the_queue_full_is_woken_when_there_is_room() {
    for seed in 0..20 {
        let simulation = Simulation::new(seed);
        simulation.set_max_io_tasks(2);
        let (order, _) = run(&simulation);
        assert_eq!(order.len(), ACTIONS as usize);
        assert!(simulation.trace().iter().any(|line| line.ends_with("io action is refused")));
    }
}

#[test]
fn a_slow_store_takes_simulated_time_only() {
    let simulation = Simulation::new(1);
    simulation.set_io_delay(IoDelay { min_ns: 3_600_000_000_000, doublings: 0 });
    run(&simulation);
    assert!(simulation.elapsed_ms() >= 3_600_000 && simulation.elapsed_ms() < 3_700_000);
}

#[test]
fn what_was_under_way_in_a_crash_is_lost_or_happens_later() {
    let (mut ran, mut lost) = (0, 0);
    for seed in 0..20 {
        let simulation = Simulation::new(seed);
        let effects = Arc::new(Mutex::new(0));
        let action = |effects: Arc<Mutex<u32>>| move || *effects.lock().expect("not poisoned") += 1;
        let io = simulation.environment().io();
        let pending: Vec<_> =
            (0..4).map(|_| io.run("write", Waker::noop(), action(effects.clone())).expect("there is room")).collect();
        let lost_here = simulation.lose_io(0.5);
        let told = pending.iter().filter(|pending| matches!(pending.take(), Some(Err(_)))).count();
        assert_eq!(told, lost_here);
        simulation.pass_ms(10_000).expect("time passes");
        assert_eq!(*effects.lock().expect("not poisoned") as usize, 4 - lost_here);
        (ran, lost) = (ran + 4 - lost_here, lost + lost_here);
    }
    assert!(ran > 0 && lost > 0);
}

#[test]
fn an_action_must_not_wait() {
    let simulation = Simulation::new(1);
    let environment = simulation.environment().clone();
    let action = move || environment.waiter().pass_ms(1).expect_err("it is refused").to_string();
    let pending = simulation.environment().io().run("waits", Waker::noop(), action).expect("there is room");
    simulation.pass_ms(1_000).expect("time passes");
    let message = pending.take().expect("it has run").expect("no panic");
    assert!(message.starts_with("a worker must not wait"), "{message}");
}
