//! What every kind of store must do, as one test: run against memory, disk, and each object store.

use std::sync::Arc;

use flott_environment::{Environment, ObjectName, Store, StoreErrorKind};

/// Bytes of the big object: more than object stores take in one part.
const BIG_BYTES: usize = 11 * 1024 * 1024 + 17;
/// Writers that race for one name.
const RACERS: usize = 8;

/// Runs the whole test in `folder` of a store, which must be empty; `environment` is a real one.
///
/// # Panics
/// Where the store does not do what the contract says.
pub fn check_store(store: &Store, folder: &str, environment: &Environment) {
    let name = |text: &str| ObjectName::new(format!("{folder}/{text}")).expect("valid");
    made_once(store, &name);
    ranges(store, &name);
    listings(store, &name, folder);
    removals(store, &name, folder);
    one_of_many_writers_wins(store, &name("race"), environment);
    big_object(store, &name("big/object"));
    uploads(store, &name);
    for object in store.list(folder).expect("listable") {
        store.delete(&object.name).expect("removable");
    }
    assert!(store.list(folder).expect("listable").is_empty());
}

type Name<'a> = &'a dyn Fn(&str) -> ObjectName;

fn kind<T>(result: Result<T, flott_environment::StoreError>) -> Option<StoreErrorKind> {
    result.err().map(|error| error.kind)
}

fn made_once(store: &Store, name: Name<'_>) {
    assert_eq!(kind(store.get(&name("absent"))), Some(StoreErrorKind::NotFound));
    assert_eq!(kind(store.head(&name("absent"))), Some(StoreErrorKind::NotFound));
    assert_eq!(kind(store.get_range(&name("absent"), 0..1)), Some(StoreErrorKind::NotFound));
    store.put_new(&name("once"), b"first").expect("new");
    assert_eq!(kind(store.put_new(&name("once"), b"second")), Some(StoreErrorKind::AlreadyExists));
    assert_eq!(store.get(&name("once")).expect("there"), b"first");
    let object = store.head(&name("once")).expect("there");
    assert_eq!((object.name, object.len_bytes), (name("once"), 5));
    store.put_new(&name("empty"), b"").expect("new");
    assert_eq!(store.get(&name("empty")).expect("there"), b"");
    assert_eq!(kind(store.put_new(&name("empty"), b"")), Some(StoreErrorKind::AlreadyExists));
}

fn ranges(store: &Store, name: Name<'_>) {
    store.put_new(&name("range"), b"0123456789").expect("new");
    assert_eq!(store.get_range(&name("range"), 0..10).expect("inside"), b"0123456789");
    assert_eq!(store.get_range(&name("range"), 3..5).expect("inside"), b"34");
    assert_eq!(store.get_range(&name("range"), 9..10).expect("inside"), b"9");
    assert_eq!(store.get_range(&name("range"), 4..4).expect("empty"), b"");
    assert_eq!(kind(store.get_range(&name("range"), 8..11)), Some(StoreErrorKind::Invalid));
    assert_eq!(kind(store.get_range(&name("range"), 20..21)), Some(StoreErrorKind::Invalid));
}

fn listings(store: &Store, name: Name<'_>, folder: &str) {
    for text in ["list/b=1%2F2/x", "list/b/y", "list/a.x", "list/b-z", "lister/c"] {
        store.put_new(&name(text), text.as_bytes()).expect("new");
    }
    let listed = |sub: &str| -> Vec<(ObjectName, u64)> {
        let objects = store.list(&format!("{folder}/{sub}")).expect("listable");
        objects.into_iter().map(|object| (object.name, object.len_bytes)).collect()
    };
    let expected = |texts: &[&str]| -> Vec<(ObjectName, u64)> {
        texts.iter().map(|text| (name(text), text.len() as u64)).collect()
    };
    assert_eq!(listed("list"), expected(&["list/a.x", "list/b-z", "list/b/y", "list/b=1%2F2/x"]));
    assert_eq!(listed("list/"), listed("list"), "with or without a slash at the end");
    assert_eq!(listed("list/b"), expected(&["list/b/y"]), "a folder, not a prefix");
    assert_eq!(listed("nothing"), []);
    let all = store.list("").expect("listable");
    assert!(all.is_sorted_by(|left, right| left.name < right.name));
    assert!(all.iter().any(|object| object.name == name("lister/c")));
}

fn removals(store: &Store, name: Name<'_>, folder: &str) {
    store.put_new(&name("gone/x"), b"x").expect("new");
    store.delete(&name("gone/x")).expect("removable");
    store.delete(&name("gone/x")).expect("what is gone counts as removed");
    store.delete(&name("never/was")).expect("what never was counts as removed");
    assert_eq!(kind(store.get(&name("gone/x"))), Some(StoreErrorKind::NotFound));
    assert!(store.list(&format!("{folder}/gone")).expect("listable").is_empty());
}

fn one_of_many_writers_wins(store: &Store, name: &ObjectName, environment: &Environment) {
    let waiter = environment.waiter();
    let racers: Vec<_> = (0..RACERS)
        .map(|racer| {
            let (store, name) = (store.clone(), name.clone());
            let race = move || store.put_new(&name, format!("racer {racer}").as_bytes()).map(|()| racer);
            environment.io().run("race", waiter.waker(), race).expect("there is room")
        })
        .collect();
    waiter.wait_until(&mut || racers.iter().all(|racer| racer.is_done()), None).expect("all end");
    let results: Vec<_> = racers.iter().map(|racer| racer.take().expect("done").expect("no panic")).collect();
    let winners: Vec<usize> = results.iter().filter_map(|result| result.as_ref().ok().copied()).collect();
    let [winner] = winners[..] else { panic!("one writer must win: {results:?}") };
    for error in results.into_iter().filter_map(Result::err) {
        assert_eq!(error.kind, StoreErrorKind::AlreadyExists, "{error}");
    }
    assert_eq!(store.get(name).expect("there"), format!("racer {winner}").into_bytes());
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index * 31 + index / 251) as u8).collect()
}

fn big_object(store: &Store, name: &ObjectName) {
    let bytes = pattern(BIG_BYTES);
    store.put_new(name, &bytes).expect("new");
    assert_eq!(store.head(name).expect("there").len_bytes, BIG_BYTES as u64);
    let (start, end) = (BIG_BYTES - 4_099, BIG_BYTES);
    assert_eq!(store.get_range(name, start as u64..end as u64).expect("inside"), bytes[start..end]);
    assert!(store.get(name).expect("there") == bytes, "the whole object");
}

fn uploads(store: &Store, name: Name<'_>) {
    let object = name("upload/object");
    let upload = match store.begin_upload(&object) {
        Err(error) if error.kind == StoreErrorKind::Invalid => return,
        begun => begun.expect("new"),
    };
    let first = pattern(5 * 1024 * 1024);
    let parts = [
        store.put_part(&object, &upload, 0, &first).expect("a part"),
        store.put_part(&object, &upload, 1, b"the end").expect("the last part"),
    ];
    assert_eq!(kind(store.get(&object)), Some(StoreErrorKind::NotFound), "not there before it is complete");
    assert!(!store.list("").expect("listable").iter().any(|listed| listed.name.as_str().contains("upload/object")));
    store.complete_upload(&object, &upload, &parts).expect("complete");
    assert_eq!(store.head(&object).expect("there").len_bytes, first.len() as u64 + 7);
    store.complete_upload(&object, &upload, &parts).expect("twice is once");
    let tail = first.len() as u64 - 1..first.len() as u64 + 7;
    assert_eq!(store.get_range(&object, tail).expect("there")[1..], *b"the end");
    store.abort_upload(&object, &upload).expect("nothing to abort");
    assert!(store.head(&object).is_ok(), "a completed upload stays");
    let aborted = name("upload/aborted");
    let upload = store.begin_upload(&aborted).expect("new");
    store.put_part(&aborted, &upload, 0, b"x").expect("a part");
    store.abort_upload(&aborted, &upload).expect("abortable");
    store.abort_upload(&aborted, &upload).expect("twice is once");
    assert_eq!(kind(store.get(&aborted)), Some(StoreErrorKind::NotFound));
}

/// Runs [`check_store`] against a backend.
///
/// # Panics
/// As there.
pub fn check_backend(backend: Arc<dyn flott_environment::StoreBackend>, folder: &str) {
    check_store(&Store::new(backend), folder, &Environment::real());
}
