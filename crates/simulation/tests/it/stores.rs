//! The stores of memory and disk do what all stores must; the faulty one does what its plan says.

use std::collections::BTreeMap;
use std::sync::Arc;

use flott_environment::{Environment, LocalStore, MemoryDisk, MemoryStore, ObjectName, Store, StoreErrorKind};
use flott_simulation::{FaultyStore, StoreFault, StoreFaults, check_backend};

fn name(text: &str) -> ObjectName {
    ObjectName::new(text).expect("valid")
}

#[test]
fn memory_and_disk_are_stores() {
    check_backend(Arc::new(MemoryStore::new()), "a/folder");
    let real = Environment::real();
    let memory = MemoryDisk::new(real.clock().clone());
    let local = |disk, root| Arc::new(LocalStore::new(disk, real.clock().clone(), root, 1));
    check_backend(local(memory.disk(), std::path::Path::new("/store")), "job");
    let folder = real.temporary_directory(&std::env::temp_dir(), "flott-store").expect("a temporary directory");
    check_backend(local(real.disk().clone(), &folder.path().join("deep/root")), "job");
    let left = real.disk().list(&folder.path().join("deep/root")).expect("listable");
    assert!(left.is_empty(), "{left:?}");
    folder.remove().expect("removable");
    check_backend(FaultyStore::in_memory(1, BTreeMap::new()), "job");
}

#[test]
fn planned_faults_do_what_they_say() {
    let faulty = FaultyStore::in_memory(1, BTreeMap::new());
    let store = faulty.store();
    let kind = |result: Result<(), flott_environment::StoreError>| result.expect_err("a fault").kind;
    faulty.fail_call(0, StoreFault::Unavailable);
    faulty.fail_call(1, StoreFault::UnknownDone);
    faulty.fail_call(2, StoreFault::UnknownLater);
    faulty.fail_call(3, StoreFault::UnknownNever);
    assert_eq!(kind(store.put_new(&name("a"), b"")), StoreErrorKind::Unavailable);
    assert_eq!(kind(store.put_new(&name("b"), b"")), StoreErrorKind::Unknown);
    assert_eq!(kind(store.put_new(&name("c"), b"")), StoreErrorKind::Unknown);
    assert_eq!(kind(store.put_new(&name("d"), b"")), StoreErrorKind::Unknown);
    let there = |store: &Store| -> Vec<String> {
        store.list("").expect("listable").into_iter().map(|object| object.name.to_string()).collect()
    };
    assert_eq!(there(faulty.inner()), ["b"]);
    faulty.heal();
    assert_eq!(there(faulty.inner()), ["b", "c"], "late, but it came");
    store.put_new(&name("e"), b"0123").expect("healed");
    faulty.fail_call(5, StoreFault::ShortRead);
    faulty.fail_call(6, StoreFault::BitFlip);
    assert!(store.get(&name("e")).expect("no error").len() < 4);
    let flipped = store.get(&name("e")).expect("no error");
    assert!(flipped.len() == 4 && flipped != b"0123");
    assert_eq!(store.get(&name("e")).expect("no fault"), b"0123");
    faulty.stop_at(faulty.calls().len());
    assert_eq!(kind(store.delete(&name("e"))), StoreErrorKind::Unavailable);
    assert_eq!(kind(store.list("").map(drop)), StoreErrorKind::Unavailable);
}

#[test]
fn the_store_after_each_operation_can_be_had() {
    let initial = BTreeMap::from([(name("old"), Arc::from(&b"o"[..]))]);
    let faulty = FaultyStore::in_memory(7, initial);
    let store = faulty.store();
    store.put_new(&name("a"), b"1").expect("new");
    assert!(store.put_new(&name("a"), b"2").is_err(), "changes nothing, so it is no operation");
    let upload = store.begin_upload(&name("u")).expect("new");
    let part = store.put_part(&name("u"), &upload, 0, b"up").expect("a part");
    store.complete_upload(&name("u"), &upload, &[part]).expect("complete");
    store.delete(&name("old")).expect("removable");
    let names = |count| faulty.after(count).objects().keys().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(faulty.operations().len(), 5);
    assert_eq!([0, 1, 2, 3, 4, 5].map(names), ["old", "a old", "a old", "a old", "a old u", "a u"]);
}

#[test]
fn chances_follow_from_the_seed() {
    let run = |seed| {
        let faulty = FaultyStore::in_memory(seed, BTreeMap::new());
        let chances = StoreFaults {
            unavailable: 0.1,
            unknown_done: 0.1,
            unknown_never: 0.1,
            unknown_later: 0.1,
            short_read: 0.2,
            bit_flip: 0.2,
        };
        faulty.set_faults(chances);
        let store = faulty.store();
        for number in 0..100 {
            let object = name(&format!("o-{}", number % 40));
            let _any_answer_will_do = (store.put_new(&object, b"bytes"), store.get(&object), store.delete(&object));
        }
        faulty.calls()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let unknown = run(1).iter().filter(|call| call.error == Some(StoreErrorKind::Unknown)).count();
    assert!((20..120).contains(&unknown), "{unknown}");
}
