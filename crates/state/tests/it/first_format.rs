//! Snapshots of format version 1 stay readable: the fixture is never written again.

use flott_record::KeyGroupRange;
use flott_record::key::murmur3_32;
use flott_state::run::RunBody;
use flott_state::snapshot::Increment;
use flott_state::{KeyedTable, OperatorSnapshot, SnapshotReader, SnapshotWriter, Timers};

const FIXTURE: &[u8] = include_bytes!("../../fixtures/operator_snapshot_v1.bin");

/// A state that has all there is: a base, a delta with changed, new and removed keys, timers, a list, a union.
fn state() -> OperatorSnapshot {
    let (mut table, mut timers) = (KeyedTable::new(), Timers::new());
    let mut put = |table: &mut KeyedTable<String>, number: u32, text: &str| {
        let key = number.to_be_bytes();
        *table.get_or_insert_with(murmur3_32(&key), &key, String::new).0 = text.to_string();
        timers.set(i64::from(number) - 100, murmur3_32(&key), &key);
    };
    (0..300).for_each(|number| put(&mut table, number, &format!("base {number}")));
    let base = checkpoint(&mut table, 1, None);
    (0..20).for_each(|number| put(&mut table, number * 20, "changed"));
    put(&mut table, 1_000, "new");
    table.remove(murmur3_32(&7u32.to_be_bytes()), &7u32.to_be_bytes());
    let mut snapshot = checkpoint(&mut table, 2, Some(1));
    for run in snapshot.runs_mut().filter(|run| run.body == RunBody::Earlier) {
        *run = base.runs().find(|known| known.id == run.id).expect("the base's run").clone();
    }
    let mut writer = SnapshotWriter::new(128);
    timers.snapshot("timers", &mut writer);
    writer.list("offsets", b"one".to_vec());
    writer.list("offsets", b"two".to_vec());
    writer.union("rules", b"all".to_vec());
    let others = writer.finish().expect("in memory");
    snapshot.keyed.extend(others.keyed);
    OperatorSnapshot { lists: others.lists, unions: others.unions, ..snapshot }
}

fn checkpoint(table: &mut KeyedTable<String>, checkpoint_id: u64, completed_id: Option<u64>) -> OperatorSnapshot {
    let increment = Increment { owner: "fixture".to_string(), checkpoint_id, completed_id };
    let mut writer = SnapshotWriter::incremental(128, increment);
    table.snapshot("names", &mut writer).expect("in memory");
    writer.finish().expect("in memory")
}

#[test]
fn the_fixture_of_version_1_is_restored() {
    let snapshots = [OperatorSnapshot::from_bytes(FIXTURE).expect("a known version")];
    assert_eq!(snapshots[0].keyed["names"].runs.len(), 2);
    let mut names = 0;
    for subtask in 0..3 {
        let reader = SnapshotReader::new(&snapshots, KeyGroupRange::of_subtask(subtask, 3, 128), subtask, 3);
        let table = KeyedTable::<String>::restore("names", &reader).expect("readable");
        for (hash, key, text) in table.iter() {
            let number = u32::from_be_bytes(key.try_into().expect("four bytes"));
            assert_eq!(hash, murmur3_32(key));
            let wanted = match number {
                1_000 => "new".to_string(),
                _ if number % 20 == 0 => "changed".to_string(),
                _ => format!("base {number}"),
            };
            assert_eq!((text.as_str(), number != 7), (wanted.as_str(), true));
            names += 1;
        }
        assert_eq!(reader.union("rules").collect::<Vec<_>>(), [b"all"]);
    }
    assert_eq!(names, 300 - 1 + 1 + 5);
    let all = SnapshotReader::new(&snapshots, KeyGroupRange { start: 0, end: 128 }, 0, 1);
    let mut timers = Timers::restore("timers", &all).expect("readable");
    assert_eq!(timers.len(), 306);
    assert_eq!(timers.pop_due(i64::MAX), Some((-100, murmur3_32(&[0; 4]), vec![0; 4])));
    assert_eq!(all.list("offsets").collect::<Vec<_>>(), [b"one", b"two"]);
}

/// As long as the version is 1, this build writes what the first one wrote.
#[test]
fn the_format_has_not_changed() {
    assert!(state().to_bytes() == FIXTURE, "the format has changed: give it a new version and a fixture of its own");
}

#[test]
fn newer_versions_and_foreign_bytes_are_named() {
    let mut newer = FIXTURE.to_vec();
    newer[4] = 9;
    let error = OperatorSnapshot::from_bytes(&newer).expect_err("a version that nobody knows");
    assert!(error.to_string().contains("version 9; this build reads 1"), "{error}");
    let error = OperatorSnapshot::from_bytes(b"something else").expect_err("no snapshot");
    assert!(error.to_string().contains("no operator's snapshot"), "{error}");
}
