//! The encrypted store: it is a store, every damage is noticed, wrong keys are named, and keys come from files.

use flott_configuration::Origin;
use flott_environment::{MemoryDisk, MemoryStore};
use flott_simulation::check_backend;

use super::*;
use crate::limits::ENCRYPTED_CHUNK_BYTES;

fn key(id: &str, byte: u8) -> EncryptionKey {
    EncryptionKey::new(id, &[byte; 32]).expect("32 bytes")
}

fn name(text: &str) -> ObjectName {
    ObjectName::new(text).expect("valid")
}

fn store(memory: &Arc<MemoryStore>, keys: &[EncryptionKey]) -> EncryptedStore {
    EncryptedStore::new(Store::new(memory.clone()), keys.to_vec())
}

#[test]
fn an_encrypted_store_is_a_store() {
    check_backend(Arc::new(store(&Arc::new(MemoryStore::new()), &[key("a", 1)])), "job");
    check_backend(Arc::new(store(&Arc::new(MemoryStore::new()), &[])), "job");
}

#[test]
fn lengths_and_ranges_fit_at_every_border() {
    let memory = Arc::new(MemoryStore::new());
    let store = store(&memory, &[key("a", 1)]);
    let chunk = ENCRYPTED_CHUNK_BYTES;
    for len in [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 7] {
        let object = name(&format!("o-{len}"));
        let bytes: Vec<u8> = (0..len).map(|index| (index * 7) as u8).collect();
        store.put_new(&object, &bytes).expect("new");
        assert_eq!(store.head(&object).expect("there").len_bytes, len as u64);
        assert_eq!(store.get(&object, None).expect("there"), bytes);
        for (start, end) in
            [(0, len), (len / 2, len), (len.saturating_sub(1), len), (0, len.min(1)), (chunk / 2, chunk + 1)]
        {
            if start <= end && end <= len {
                let part = store.get(&object, Some(start as u64..end as u64)).expect("inside");
                assert_eq!(part, bytes[start..end], "{len}: {start}..{end}");
            }
        }
    }
    let stored = &memory.objects()[&name("o-65536")];
    let pattern: Vec<u8> = (0..64u16).map(|index| (index * 7) as u8).collect();
    assert!(!stored.windows(64).any(|window| window == pattern), "it is not readable");
}

#[test]
fn a_wrong_key_and_a_missing_one_are_named() {
    let memory = Arc::new(MemoryStore::new());
    store(&memory, &[key("one", 1)]).put_new(&name("x"), b"secret").expect("new");
    let said = |keys: &[EncryptionKey]| {
        let error = store(&memory, keys).get(&name("x"), None).expect_err("refused");
        let part = store(&memory, keys).get(&name("x"), Some(0..6)).expect_err("refused");
        assert_eq!((part.kind, &part.reason), (StoreErrorKind::Denied, &error.reason));
        error.reason
    };
    assert_eq!(said(&[key("two", 1)]), "it is encrypted with the key 'one', and configured is 'two'");
    assert_eq!(
        said(&[key("one", 2)]),
        "it is encrypted with another key than the configured one, though both are called 'one'"
    );
    let without = "it is encrypted with the key 'one', and no key is configured (options 'flott.encryption.key-file', \
                   'flott.encryption.key-variable')";
    assert_eq!(store(&memory, &[]).get(&name("x"), None).expect_err("refused").reason, without);
    let rotated = store(&memory, &[key("two", 2), key("one", 1)]);
    assert_eq!(rotated.get(&name("x"), None).expect("an old key"), b"secret");
    Store::new(memory.clone()).put_new(&name("plain"), b"plain").expect("new");
    assert_eq!(
        rotated.get(&name("plain"), None).expect_err("refused").reason,
        "it is not encrypted, and an encryption key is configured"
    );
}

#[test]
fn any_damage_is_noticed() {
    let memory = Arc::new(MemoryStore::new());
    let plain = vec![7; 2 * ENCRYPTED_CHUNK_BYTES + 100];
    store(&memory, &[key("a", 1)]).put_new(&name("x"), &plain).expect("new");
    let stored = memory.objects()[&name("x")].to_vec();
    let sealed = ENCRYPTED_CHUNK_BYTES + format::TAG_BYTES;
    let read = |bytes: Vec<u8>| {
        let damaged = Arc::new(MemoryStore::with_objects([(name("x"), bytes.into())].into()));
        store(&damaged, &[key("a", 1)]).get(&name("x"), None)
    };
    assert_eq!(read(stored.clone()).expect("whole"), plain);
    for place in (0..stored.len()).step_by(997).chain(0..118).chain([stored.len() - 1]) {
        let mut flipped = stored.clone();
        flipped[place] ^= 4;
        assert!(read(flipped).is_err(), "byte {place}");
    }
    for len in [0, 3, 50, 127, 128, 140, 144, 128 + sealed, 128 + 2 * sealed, stored.len() - 1] {
        assert!(read(stored[..len].to_vec()).is_err(), "cut to {len}");
    }
    let (first, second) = (128..128 + sealed, 128 + sealed..128 + 2 * sealed);
    let swapped = [&stored[..128], &stored[second.clone()], &stored[first], &stored[second.end..]].concat();
    assert_eq!(read(swapped).expect_err("swapped").reason, "it is damaged: chunk 0 does not verify");
}

#[test]
fn keys_come_from_files_and_their_problems_are_named_without_them() {
    let clock = flott_environment::Clock::real();
    let environment = Environment::real().with_disk(MemoryDisk::new(clock).disk());
    let write = |path: &str, bytes: &[u8]| environment.disk().write(std::path::Path::new(path), bytes).expect("room");
    write("/hex", format!("{}\n", "0a".repeat(32)).as_bytes());
    write("/raw", &[10; 32]);
    write("/short", b"secret!");
    let set = |pairs: &[(&str, &str)]| {
        let mut configuration = Configuration::new();
        pairs.iter().for_each(|(key, value)| configuration.set(*key, *value, Origin::Program));
        configuration
    };
    let memory = Store::new(Arc::new(MemoryStore::new()));
    let open = |pairs: &[(&str, &str)]| encrypted(memory.clone(), &set(pairs), &environment);
    open(&[("flott.encryption.key-file", "/hex")]).expect("a key").put_new(&name("x"), b"x").expect("new");
    let raw = open(&[("flott.encryption.key-file", "/raw")]).expect("the same key");
    assert_eq!(raw.get(&name("x")).expect("opens"), b"x");
    let said = |pairs: &[(&str, &str)]| open(pairs).map(drop).expect_err("refused").to_string();
    assert_eq!(
        said(&[("flott.encryption.key-file", "/short")]),
        "cannot open the encryption key of option 'flott.encryption.key-file': /short: 32 bytes or 64 hexadecimal digits \
         are wanted, 7 bytes are there"
    );
    assert!(said(&[("flott.encryption.key-file", "/none")]).contains("cannot read /none"));
    assert!(said(&[("flott.encryption.key-variable", "FLOTT_NO_SUCH")]).ends_with("FLOTT_NO_SUCH is not set"));
    let two = [("flott.encryption.key-file", "/raw"), ("flott.encryption.key-variable", "X")];
    assert!(said(&two).ends_with("only one of them can be set"));
    assert!(
        said(&[("flott.encryption.key-file", "/raw"), ("flott.encryption.key-id", "a b")]).contains("no id of a key")
    );
}
