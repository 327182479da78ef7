//! The local store: durable when done, invisible before, honest about what failed; on a disk in memory that loses power at will.

use std::path::Path;
use std::sync::Arc;

use flott_environment::{Clock, LocalStore, MemoryDisk, ObjectName, Random, Store, StoreErrorKind};

fn name(text: &str) -> ObjectName {
    ObjectName::new(text).expect("valid")
}

fn store(disk: &MemoryDisk, seed: u64) -> Store {
    Store::new(Arc::new(LocalStore::new(disk.disk(), Clock::real(), Path::new("/var/store"), seed)))
}

fn names(store: &Store, folder: &str) -> Vec<String> {
    store.list(folder).expect("listable").into_iter().map(|object| object.name.to_string()).collect()
}

#[test]
fn what_is_done_survives_a_loss_of_power() {
    let disk = MemoryDisk::new(Clock::real());
    let store = store(&disk, 1);
    store.put_new(&name("job/chk-1/part-0"), b"one").expect("room");
    store.put_new(&name("top"), b"two").expect("room");
    disk.crash();
    assert_eq!(names(&store, ""), ["job/chk-1/part-0", "top"]);
    assert_eq!(store.get(&name("job/chk-1/part-0")).expect("there"), b"one");
    store.delete(&name("job/chk-1/part-0")).expect("removable");
    assert!(!disk.disk().exists(Path::new("/var/store/job")).expect("known"), "empty folders go");
    disk.crash();
    assert_eq!(names(&store, ""), ["top"]);
}

/// The planted mistake: without syncs nothing survives, so the test above does test something.
#[test]
fn what_is_not_synced_does_not_survive() {
    let memory = MemoryDisk::new(Clock::real());
    let disk = memory.disk();
    disk.create_dir_all(Path::new("/a")).expect("room");
    disk.write(Path::new("/a/x"), b"x").expect("room");
    disk.sync_dir(Path::new("/")).expect("syncable");
    memory.crash();
    assert!(disk.list(Path::new("/a")).expect("the folder is durable").is_empty());
    disk.persist(Path::new("/a/y"), b"y").expect("room");
    disk.write(Path::new("/a/y"), b"overwritten").expect("room");
    memory.crash();
    assert_eq!(disk.read(Path::new("/a/y")).expect("there"), b"y");
    disk.link(Path::new("/a/y"), Path::new("/a/z")).expect("free");
    disk.rename(Path::new("/a"), Path::new("/b")).expect("free");
    disk.sync_dir(Path::new("/")).expect("syncable");
    memory.crash();
    assert_eq!(disk.list(Path::new("/b")).expect("renamed durably").len(), 1, "the link was not synced");
}

#[test]
fn a_torn_disk_never_shows_a_part_of_an_object() {
    for seed in 0..200 {
        let memory = MemoryDisk::new(Clock::real());
        let mut random = Random::from_seed(seed);
        let store = store(&memory, seed);
        store.put_new(&name("a/done"), b"done").expect("room");
        memory.limit_free_bytes(Some(random.next_below(12)));
        let outcome = store.put_new(&name("a/next"), b"0123456789");
        memory.limit_free_bytes(None);
        memory.crash_torn(&mut random);
        assert_eq!(store.get(&name("a/done")).expect("done is done"), b"done");
        match store.get(&name("a/next")) {
            Ok(bytes) => assert_eq!(bytes, b"0123456789"),
            Err(error) => assert!(error.is_not_found() && outcome.is_err(), "{error}"),
        }
        assert!(names(&store, "").len() <= 2);
        assert!(store.sweep("", 0).expect("sweepable") <= 1);
    }
}

#[test]
fn errors_say_what_they_mean() {
    let disk = MemoryDisk::new(Clock::real());
    let store = store(&disk, 1);
    store.put_new(&name("a/x"), b"0123").expect("room");
    let kind = |result: Result<(), flott_environment::StoreError>| result.expect_err("an error").kind;
    assert_eq!(kind(store.put_new(&name("a/x"), b"")), StoreErrorKind::AlreadyExists);
    assert_eq!(kind(store.get_range(&name("a/x"), 2..5).map(drop)), StoreErrorKind::Invalid);
    assert_eq!(kind(store.put_new(&name("a/x/below"), b"")), StoreErrorKind::Invalid);
    assert_eq!(kind(store.head(&name("a")).map(drop)), StoreErrorKind::NotFound);
    assert_eq!(kind(store.list("../x").map(drop)), StoreErrorKind::Invalid);
    disk.limit_free_bytes(Some(2));
    let full = store.put_new(&name("a/y"), b"0123").expect_err("no room");
    assert_eq!(full.kind, StoreErrorKind::Full);
    assert!(
        full.to_string().starts_with("cannot write a/y of file:/var/store: cannot write /var/store/a/y~"),
        "{full}"
    );
    disk.heal();
    disk.deny_changes_below(Path::new("/var/store/a"));
    assert_eq!(kind(store.put_new(&name("a/y"), b"0123")), StoreErrorKind::Denied);
    assert_eq!(kind(store.delete(&name("a/x"))), StoreErrorKind::Denied);
    disk.heal();
    disk.fail_reads_of(Path::new("/var/store/a/x"));
    assert_eq!(kind(store.get(&name("a/x")).map(drop)), StoreErrorKind::Unavailable);
    assert_eq!(names(&store, "a"), ["a/x"], "nothing half-done is seen");
    assert_eq!(disk.disk().list(Path::new("/var/store/a")).expect("listable").len(), 1, "nor left");
}
