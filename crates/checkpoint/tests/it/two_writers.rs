//! An old leader and a new one, interleaved at every change: one history, and the new one's checkpoints stay whole.

use std::sync::{Arc, Mutex};

use flott_checkpoint::layout::JobLayout;
use flott_checkpoint::store::{SnapshotReader, find_newest};
use flott_environment::Store;

use crate::faulty_store::FaultyStore;
use crate::run::{Attempt, Told, check_whole, opener};

/// The old leader: takes checkpoints, deletes, sweeps. Returns the ids that it told as complete.
fn old_leader(store: &Store, until: usize) -> Vec<u64> {
    let Ok(mut attempt) = Attempt::new(store, "job", 1) else { return Vec::new() };
    let mut complete = Vec::new();
    for _ in 0..until {
        let mut told = Told::default();
        if attempt.checkpoint(&mut told) {
            complete.extend(told.complete.values().copied());
        }
        attempt.pass();
        attempt.sweep();
    }
    complete
}

#[test]
fn a_new_leader_s_history_is_the_only_one_wherever_it_takes_over() {
    let plain = FaultyStore::new(None);
    old_leader(&plain.store(), 4);
    let changes = plain.attempted();
    assert!(changes > 20);
    for at in 0..changes {
        // What the new leader found, and what it told as complete.
        let seen = Arc::new(Mutex::new((0, Vec::new())));
        let in_hook = seen.clone();
        let faulty = FaultyStore::new(None).with_hook(at, move |store| {
            let mut attempt = Attempt::new(store, "job", 2).expect("it takes over");
            let mut seen = in_hook.lock().expect("no panic");
            for _ in 0..3 {
                let mut told = Told::default();
                assert!(attempt.checkpoint(&mut told), "at {at}");
                seen.1.extend(told.complete.values().copied());
                seen.0 = attempt.keeper.epoch();
                attempt.pass();
                attempt.sweep();
            }
        });
        let store = faulty.store();
        let old = old_leader(&store, 4);
        let (epoch, new) = seen.lock().expect("no panic").clone();
        let layout = JobLayout::new("job").expect("a name");
        let (_, record) = find_newest(&store, &layout).expect("readable").expect("there is one");
        assert_eq!(record.epoch, epoch, "at {at}: the new leader has the last word");
        assert_eq!(record.newest().map(|entry| entry.checkpoint_id), new.last().copied(), "at {at}");
        assert!(old.iter().all(|id| !new.contains(id)), "at {at}: both told {old:?} and {new:?}");
        let reader = SnapshotReader::new(store.clone(), opener(&store));
        let located = reader.newest(&layout).expect("readable").expect("there is one");
        check_whole(&reader, &located).unwrap_or_else(|fault| panic!("at {at}: {fault}"));
    }
}
