//! Workers on real threads: no wake is lost, panics are reported, timers fire.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use flott_environment::{Environment, Turn, Waker, Worker, WorkerHandle};

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
) -> WorkerHandle {
    environment.spawn(name, Box::new(move |waker| Box::new(FromClosure(make(waker)))))
}

/// Two workers hand a ball to and fro, each idle without a timer until the other wakes it: one lost wake hangs them.
#[test]
fn no_wake_is_lost() {
    const HITS: u64 = 20_000;
    let environment = Environment::real();
    let ball = Arc::new(AtomicU64::new(0));
    let players: [Arc<std::sync::Mutex<Option<Waker>>>; 2] = Default::default();
    let handles = [0usize, 1].map(|me| {
        let (ball, players) = (ball.clone(), players.clone());
        spawn(&environment, "player", move |waker| {
            *players[me].lock().expect("not poisoned") = Some(waker);
            move || {
                let hits = ball.load(Ordering::Acquire);
                let mine = hits % 2 == me as u64;
                if mine && hits < HITS {
                    ball.store(hits + 1, Ordering::Release);
                }
                if let Some(other) = players[1 - me].lock().expect("not poisoned").as_ref()
                    && (mine || hits == 0)
                {
                    other.wake();
                }
                match hits {
                    HITS.. => Turn::Finished,
                    // Until both have their wakers nobody may sleep.
                    0 => Turn::Ready,
                    _ => Turn::Idle { wake_at_ms: None },
                }
            }
        })
    });
    let waiter = environment.waiter();
    for handle in &handles {
        handle.wake_at_end(waiter.waker());
    }
    let ended = waiter.wait_until(&mut || handles.iter().any(WorkerHandle::is_finished), Some(60_000));
    assert_eq!(ended, Ok(true), "stands still after {} hits", ball.load(Ordering::Acquire));
    players.iter().flat_map(|player| player.lock().expect("not poisoned").clone()).for_each(|waker| waker.wake());
    handles.into_iter().for_each(|handle| handle.join().expect("it ends"));
}

#[test]
fn timers_fire_and_waits_time_out() {
    let environment = Environment::real();
    let clock = environment.clock().clone();
    let start_ms = clock.now_ms();
    let on_worker = clock.clone();
    let handle = spawn(&environment, "timer", move |_| {
        move || match on_worker.now_ms() - start_ms {
            50.. => Turn::Finished,
            _ => Turn::Idle { wake_at_ms: Some(start_ms + 50) },
        }
    });
    let waiter = environment.waiter();
    assert_eq!(waiter.wait_until(&mut || false, Some(5)), Ok(false));
    handle.join().expect("it ends");
    assert!(clock.now_ms() - start_ms >= 50);
}

#[test]
fn a_panic_is_reported_and_the_worker_dropped() {
    struct Fragile(Arc<AtomicBool>);
    impl Drop for Fragile {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    impl Worker for Fragile {
        fn turn(&mut self) -> Turn {
            panic!("broken {}", 7)
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = dropped.clone();
    let handle = Environment::real().spawn("slot-1", Box::new(move |_| Box::new(Fragile(flag))));
    assert_eq!(handle.name(), "slot-1");
    let error = handle.join().expect_err("it panicked");
    assert_eq!(error.to_string(), "worker slot-1 panicked: broken 7");
    assert!(dropped.load(Ordering::Acquire));
}

#[test]
fn an_interrupt_wakes_registered_workers_until_cleared() {
    let environment = Environment::real();
    let flag = flott_environment::InterruptFlag::default();
    let on_worker = flag.clone();
    let handle = spawn(&environment, "patient", move |waker| {
        on_worker.register(waker);
        move || if on_worker.is_set() { Turn::Finished } else { Turn::Idle { wake_at_ms: None } }
    });
    flag.set();
    handle.join().expect("it ends");
    flag.clear();
    assert!(!flag.is_set());
}

#[test]
fn seeds_differ_and_temporary_directories_vanish() {
    let environment = Environment::real();
    assert_ne!(environment.random_seed(), environment.random_seed());
    let folder = environment.temporary_directory(&std::env::temp_dir(), "flott-drop").expect("a temporary directory");
    let path = folder.path().to_path_buf();
    environment.disk().write(&path.join("x"), b"1").expect("writable");
    drop(folder);
    assert!(!environment.disk().exists(&path).expect("known"));
}

#[test]
fn sigint_sets_the_flag_and_wakes() {
    let environment = Environment::real();
    let interrupted = environment.interrupted();
    let waiter = environment.waiter();
    interrupted.register(waiter.waker());
    let sent = std::process::Command::new("sh").args(["-c", &format!("kill -INT {}", std::process::id())]).status();
    assert!(sent.expect("sh is there").success());
    assert_eq!(waiter.wait_until(&mut || interrupted.is_set(), Some(30_000)), Ok(true));
    interrupted.clear();
}
