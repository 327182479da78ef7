//! The I/O pool on real threads: all is run, panics are told, a full queue gives the action back and wakes when there is room.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};

use flott_environment::limits::{IO_QUEUE_TASKS, IO_THREADS};
use flott_environment::{Environment, IoPending, IoRefusal};

#[test]
fn results_and_panics_arrive_with_a_wake() {
    let environment = Environment::real();
    let waiter = environment.waiter();
    let fine = environment.io().run("fine", waiter.waker(), || 42).expect("there is room");
    let bad: IoPending<()> = environment.io().run("bad", waiter.waker(), || panic!("no luck")).expect("there is room");
    waiter.wait_until(&mut || fine.is_done() && bad.is_done(), None).expect("both end");
    assert_eq!(fine.take(), Some(Ok(42)));
    assert_eq!(fine.take(), None);
    let error = bad.take().expect("it has ended").expect_err("it panicked");
    assert_eq!(error.to_string(), "worker bad panicked: no luck");
}

#[test]
fn a_full_queue_gives_the_action_back_and_wakes_later() {
    let environment = Environment::real();
    let waiter = environment.waiter();
    let (open, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let ran = Arc::new(AtomicUsize::new(0));
    let mut submitted = 0;
    let refused = loop {
        let (gate, ran) = (gate.clone(), ran.clone());
        let action = move || {
            let gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
            gate.recv().expect("the gate is opened");
            ran.fetch_add(1, Ordering::AcqRel);
        };
        match environment.io().run("waits", waiter.waker(), action) {
            Ok(_dropped_is_not_undone) => submitted += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.refusal, IoRefusal::Full { tasks: IO_QUEUE_TASKS });
    assert!((IO_QUEUE_TASKS..=IO_QUEUE_TASKS + IO_THREADS).contains(&submitted), "{submitted}");
    for _ in 0..=submitted {
        open.send(()).expect("the gate is there");
    }
    let mut action = Some(refused.action);
    let mut retry = || match environment.io().submit("waits", waiter.waker(), action.take().expect("came back")) {
        Ok(_) => true,
        Err(refused) => {
            action = Some(refused.action);
            false
        }
    };
    waiter.wait_until(&mut retry, None).expect("there will be room");
    waiter.wait_until(&mut || ran.load(Ordering::Acquire) == submitted + 1, None).expect("all run");
}
