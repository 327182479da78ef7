//! For each prefix of the changes that a run makes to its store, and for each way in which one of them can go wrong: what recovery finds is the
//! checkpoint that was told last or one that was under way, and it is whole.

use std::sync::Arc;

use flott_checkpoint::layout::JobLayout;
use flott_checkpoint::store::SnapshotReader;
use flott_environment::{MemoryStore, Store};

use crate::faulty_store::{Change, Fault, FaultyStore, Objects};
use crate::run::{Told, check_whole, opener, run};

/// Recovers from these objects, where at last this had been told.
fn recover(objects: &Objects, before: &Told, after: &Told, at: &str) {
    let store = Store::new(Arc::new(MemoryStore::with_objects(objects.clone())));
    let reader = SnapshotReader::new(store.clone(), opener(&store));
    for job in ["first", "second"] {
        if after.ended.contains(job) {
            continue;
        }
        let layout = JobLayout::new(job).expect("a name");
        let newest = reader.newest(&layout).unwrap_or_else(|fault| panic!("{at}: {job}: {fault}"));
        let told = before.complete.get(job).copied();
        let begun = after.begun.get(job).copied().unwrap_or(0);
        let Some(located) = newest else {
            assert_eq!(told, None, "{at}: {job} has lost all");
            continue;
        };
        let found = located.metadata.checkpoint_id;
        assert!(
            found >= told.unwrap_or(0) && found <= begun,
            "{at}: {job} found {found}, told {told:?}, begun {begun}"
        );
        check_whole(&reader, &located).unwrap_or_else(|fault| panic!("{at}: {job}: {fault}"));
    }
    for name in &before.savepoints {
        let located = reader.metadata(name).unwrap_or_else(|fault| panic!("{at}: {fault}"));
        check_whole(&reader, &located).unwrap_or_else(|fault| panic!("{at}: {fault}"));
    }
}

/// What had been told for certain before the change of this number, and at most after it.
fn told_around(history: &[Told], change: usize) -> (&Told, &Told) {
    let before = history.iter().rev().find(|told| told.at <= change).expect("the first is at 0");
    let after = history.iter().find(|told| told.at > change).unwrap_or(history.last().expect("not empty"));
    (before, after)
}

#[test]
fn every_prefix_of_the_changes_recovers() {
    let faulty = FaultyStore::new(None);
    let history = run(&faulty.store(), &|| faulty.attempted());
    let states = faulty.states();
    let changes = faulty.changes();
    assert!(changes.len() > 60, "only {} changes", changes.len());
    let mut recoveries = 0;
    for (prefix, objects) in states.iter().enumerate() {
        let (before, after) = told_around(&history, prefix);
        recover(objects, before, after, &format!("before change {prefix}"));
        recoveries += 1;
        // Data objects of one checkpoint are written side by side: any of the next ones may be there without the others.
        let in_flight: Vec<&Change> = changes[prefix..].iter().take(3).take_while(|change| is_data(change)).collect();
        for chosen in 1..1u32 << in_flight.len() {
            let mut objects = objects.clone();
            for (_, change) in in_flight.iter().enumerate().filter(|(index, _)| chosen & (1 << index) != 0) {
                if let Change::Put(name, bytes) = change {
                    objects.insert(name.clone(), bytes.as_slice().into());
                }
            }
            recover(&objects, before, after, &format!("before change {prefix}, with {chosen:b} in flight"));
            recoveries += 1;
        }
    }
    assert!(recoveries > 80, "only {recoveries} recoveries");
}

fn is_data(change: &Change) -> bool {
    match change {
        Change::Put(name, _) => !name.as_str().contains("/pointer/") && !name.as_str().ends_with("/_metadata"),
        Change::Delete(_) => false,
    }
}

#[test]
fn nothing_is_left_of_jobs_that_have_ended_but_their_savepoints() {
    let faulty = FaultyStore::new(None);
    let history = run(&faulty.store(), &|| faulty.attempted());
    let savepoints = &history.last().expect("not empty").savepoints;
    assert_eq!(savepoints.len(), 1);
    let left: Vec<String> = faulty.objects().keys().map(ToString::to_string).collect();
    let of_second: Vec<&String> = left.iter().filter(|name| name.starts_with("second/")).collect();
    assert!(of_second.is_empty(), "{of_second:?}");
    let of_first = left.iter().filter(|name| name.starts_with("first/") && !name.contains("/pointer/"));
    // The first job was not released: of its checkpoints the one before the claimed one is still there.
    let older: Vec<&String> = of_first.filter(|name| name.ends_with("/_metadata")).collect();
    assert_eq!(older.len(), 1, "{older:?}");
}

#[test]
fn every_change_that_goes_wrong_recovers() {
    let plain = FaultyStore::new(None);
    run(&plain.store(), &|| plain.attempted());
    let (mut recoveries, mut runs) = (0, 0);
    let faults = [
        Fault::DoneUnclear,
        Fault::NotDoneUnclear,
        Fault::DoneLater(1),
        Fault::DoneLater(4),
        Fault::Refused,
        Fault::DoneTwice,
    ];
    for at in 0..plain.attempted() {
        for fault in faults {
            let faulty = FaultyStore::new(Some((at, fault)));
            // States are numbered by the changes that happened, what was told by those that were attempted: both are taken at the same moment.
            let history = run(&faulty.store(), &|| faulty.changes().len());
            for (change, objects) in faulty.states().iter().enumerate() {
                let (before, after) = told_around(&history, change);
                recover(objects, before, after, &format!("{fault:?} at {at}, before change {change}"));
                recoveries += 1;
            }
            runs += 1;
        }
    }
    assert!(runs > 300 && recoveries > 20_000, "only {runs} runs with {recoveries} recoveries");
}
