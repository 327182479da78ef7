//! For each object of a checkpoint and each damage: it is noticed before anything of the checkpoint is used, and the error names the object.

use std::sync::Arc;

use flott_checkpoint::layout::JobLayout;
use flott_checkpoint::store::{SnapshotReader, StoredFault};
use flott_environment::{MemoryStore, ObjectName, Store};

use crate::faulty_store::Objects;
use crate::run::{Attempt, Told, check_whole, opener};

/// Reads the newest checkpoint whole, as recovery does.
fn restore(objects: Objects) -> Result<u64, StoredFault> {
    let store = Store::new(Arc::new(MemoryStore::with_objects(objects)));
    let reader = SnapshotReader::new(store.clone(), opener(&store));
    let layout = JobLayout::new("job").expect("a name");
    let located = reader.newest(&layout)?.expect("there is a pointer");
    check_whole(&reader, &located)?;
    Ok(located.metadata.checkpoint_id)
}

/// The objects of a job with two complete checkpoints.
fn intact() -> Objects {
    let memory = Arc::new(MemoryStore::new());
    let mut attempt = Attempt::new(&Store::new(memory.clone()), "job", 1).expect("an empty store");
    let mut told = Told::default();
    assert!(attempt.checkpoint(&mut told) && attempt.checkpoint(&mut told));
    memory.objects()
}

fn expect_named(objects: Objects, name: &ObjectName, damage: &str) {
    let fault = restore(objects).expect_err(&format!("{name} {damage}"));
    assert!(fault.to_string().contains(name.as_str()), "{name} {damage}: {fault}");
}

/// The newest checkpoint's objects: its pointer, its metadata, and all that this names.
fn needed(objects: &Objects) -> Vec<ObjectName> {
    let store = Store::new(Arc::new(MemoryStore::with_objects(objects.clone())));
    let reader = SnapshotReader::new(store.clone(), opener(&store));
    let located = reader.newest(&JobLayout::new("job").expect("a name")).expect("readable").expect("there is one");
    let pointer = objects.keys().rfind(|name| name.as_str().contains("/pointer/")).expect("a pointer");
    let mut names = vec![pointer.clone(), located.metadata.own_name.clone()];
    names.extend(located.metadata.objects().map(|object| object.name.clone()));
    names
}

#[test]
fn an_undamaged_checkpoint_is_read() {
    assert_eq!(restore(intact()), Ok(2));
}

#[test]
fn every_cut_and_every_flipped_bit_is_noticed() {
    let intact = intact();
    for name in needed(&intact) {
        for length in 0..intact[&name].len() {
            let mut cut = intact.clone();
            cut.insert(name.clone(), intact[&name][..length].into());
            expect_named(cut, &name, &format!("cut at {length}"));
            let mut flipped = intact[&name].to_vec();
            flipped[length] ^= 1 << (length % 8);
            let mut damaged = intact.clone();
            damaged.insert(name.clone(), flipped.as_slice().into());
            expect_named(damaged, &name, &format!("flipped at {length}"));
        }
        let mut longer = intact.clone();
        longer.insert(name.clone(), [&intact[&name][..], b"\n"].concat().as_slice().into());
        expect_named(longer, &name, "longer");
    }
}

#[test]
fn what_is_missing_is_noticed() {
    let intact = intact();
    for name in needed(&intact).into_iter().skip(1) {
        let mut without = intact.clone();
        without.remove(&name);
        expect_named(without, &name, "missing");
    }
}

#[test]
fn what_was_exchanged_for_a_sibling_is_noticed() {
    let intact = intact();
    for name in needed(&intact) {
        for (sibling, bytes) in &intact {
            if *sibling == name || **bytes == *intact[&name] {
                continue;
            }
            let mut swapped = intact.clone();
            swapped.insert(name.clone(), bytes.clone());
            let result = restore(swapped);
            // An older pointer under the newest number is what a store would show that has gone back in time: an older whole checkpoint.
            let is_older_pointer = name.as_str().contains("/pointer/") && sibling.as_str().contains("/pointer/");
            match result {
                Ok(found) => assert!(is_older_pointer && found == 1, "{name} is now {sibling}: found {found}"),
                Err(fault) => assert!(fault.to_string().contains(name.as_str()), "{name} is now {sibling}: {fault}"),
            }
        }
    }
}

#[test]
fn a_savepoint_under_another_one_s_name_is_noticed() {
    let memory = Arc::new(MemoryStore::new());
    let store = Store::new(memory.clone());
    let mut attempt = Attempt::new(&store, "job", 1).expect("an empty store");
    let mut told = Told::default();
    attempt.savepoint(&mut told);
    attempt.savepoint(&mut told);
    let [one, other] = told.savepoints.as_slice() else { panic!("two savepoints") };
    let mut objects = memory.objects();
    objects.insert(one.clone(), objects[other].clone());
    let swapped = Store::new(Arc::new(MemoryStore::with_objects(objects)));
    let fault = SnapshotReader::new(swapped.clone(), opener(&swapped)).metadata(one).expect_err("it is another");
    assert!(fault.to_string().contains(one.as_str()) && fault.to_string().contains(other.as_str()), "{fault}");
}
