//! Tables as maps: across changes, checkpoints that complete or fail, restores, rescaling and disks.

use std::collections::BTreeMap;

use flott_environment::{Clock, MemoryDisk};
use flott_record::KeyGroupRange;
use flott_record::key::murmur3_32;
use proptest::prelude::*;

use super::*;
use crate::disk::{DiskBackend, MemoryBudget};
use crate::run::RunBody;
use crate::snapshot::{Increment, OperatorSnapshot, SnapshotReader, SnapshotWriter};

proptest! {
    /// The table behaves as a map under random inserts and removals, and survives bytes and rescaling.
    #[test]
    fn is_a_map_across_restore_and_rescale(steps: Vec<(u8, bool, i64)>, parallelism in 1u32..5) {
        let mut table = KeyedTable::new();
        let mut model = BTreeMap::new();
        for (key, insert, value) in steps {
            let bytes = if key % 2 == 0 { vec![key] } else { vec![key; 40] };
            let hash = murmur3_32(&bytes);
            if insert {
                *table.get_or_insert_with(hash, &bytes, || 0).0 = value;
                model.insert(bytes, value);
            } else {
                prop_assert_eq!(table.remove(hash, &bytes), model.remove(&bytes));
            }
        }
        let mut writer = SnapshotWriter::new(128);
        table.snapshot("s", &mut writer).expect("memory");
        let snapshot = OperatorSnapshot::from_bytes(&writer.finish().expect("memory").to_bytes()).expect("just written");
        let mut restored = BTreeMap::new();
        for subtask in 0..parallelism {
            let range = KeyGroupRange::of_subtask(subtask, parallelism, 128);
            let snapshots = [snapshot.clone()];
            let reader = SnapshotReader::new(&snapshots, range, subtask, parallelism);
            let part = KeyedTable::<i64>::restore("s", &reader).expect("just written");
            restored.extend(part.iter().map(|(_, key, value)| (key.to_vec(), *value)));
        }
        prop_assert_eq!(restored, model);
    }
}

#[test]
fn sweeping_removes_what_is_refused_and_nothing_else() {
    let mut table = KeyedTable::new();
    for key in 0..100u8 {
        table.get_or_insert_with(murmur3_32(&[key]), &[key], || key);
    }
    let mut cursor = 70;
    for _ in 0..40 {
        table.sweep(&mut cursor, 7, |key| *key % 3 == 0);
    }
    let mut left: Vec<u8> = table.iter().map(|(_, _, key)| *key).collect();
    left.sort_unstable();
    assert_eq!(left, (0..100).filter(|key| key % 3 == 0).collect::<Vec<u8>>());
    assert!(left.iter().all(|key| table.get(murmur3_32(&[*key]), &[*key]) == Some(key)));
}

/// Drives a table and a model through changes and checkpoints, some of which fail, some of which complete late.
#[derive(Clone, Debug)]
enum Act {
    Put(u8, i64),
    Remove(u8),
    /// A checkpoint, and whether it completes.
    Checkpoint(bool),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => (any::<u8>(), any::<i64>()).prop_map(|(key, value)| Act::Put(key, value)),
        3 => any::<u8>().prop_map(Act::Remove),
        1 => any::<bool>().prop_map(Act::Checkpoint),
    ];
    proptest::collection::vec(act, 0..400)
}

/// Puts the bodies of runs that were uploaded for earlier checkpoints in, as a checkpoint's coordinator does.
fn resolve(snapshot: &mut OperatorSnapshot, completed: &OperatorSnapshot) {
    for run in snapshot.runs_mut() {
        if run.body == RunBody::Earlier {
            let known = completed.runs().find(|known| known.id == run.id);
            *run = known.expect("an earlier run is one of the completed checkpoint").clone();
        }
    }
}

fn restored(snapshot: &OperatorSnapshot) -> BTreeMap<Vec<u8>, i64> {
    let snapshots = [snapshot.clone()];
    let reader = SnapshotReader::new(&snapshots, KeyGroupRange { start: 0, end: 128 }, 0, 1);
    let table = KeyedTable::<i64>::restore("s", &reader).expect("just written");
    table.iter().map(|(_, key, value)| (key.to_vec(), *value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Each incremental checkpoint restores what was there at its barrier, whichever of those before completed, and whenever that
    /// became known.
    #[test]
    fn incremental_checkpoints_restore_what_was_there(acts in acts(), late in any::<bool>(), spread_keys in any::<bool>()) {
        let mut table = KeyedTable::new();
        let mut model = BTreeMap::new();
        let (mut done, mut known): (Vec<(u64, OperatorSnapshot)>, Option<usize>) = (Vec::new(), None);
        for (id, act) in acts.into_iter().enumerate() {
            let key_bytes = |key: u8| if spread_keys { vec![key] } else { vec![key % 16; 30] };
            match act {
                Act::Put(key, value) => {
                    let key = key_bytes(key);
                    *table.get_or_insert_with(murmur3_32(&key), &key, || 0).0 = value;
                    model.insert(key, value);
                }
                Act::Remove(key) => {
                    let key = key_bytes(key);
                    prop_assert_eq!(table.remove(murmur3_32(&key), &key), model.remove(&key));
                }
                Act::Checkpoint(completes) => {
                    let completed = known.map(|index| &done[index]);
                    let increment = Increment {
                        owner: "o".to_string(),
                        checkpoint_id: id as u64,
                        completed_id: completed.map(|(id, _)| *id),
                    };
                    let mut writer = SnapshotWriter::incremental(128, increment);
                    table.snapshot("s", &mut writer).expect("memory");
                    let mut snapshot = writer.finish().expect("memory");
                    if let Some((_, completed)) = completed {
                        resolve(&mut snapshot, completed);
                    }
                    prop_assert_eq!(restored(&snapshot), model.clone());
                    if completes {
                        done.push((id as u64, snapshot));
                    }
                    let hidden = usize::from(late && id % 3 == 0);
                    known = known.max((done.len() - hidden.min(done.len())).checked_sub(1));
                }
            }
        }
    }
}

#[test]
fn a_small_change_makes_a_small_checkpoint_and_many_make_few_runs() {
    let mut table = KeyedTable::new();
    let key = |number: u32| number.to_be_bytes();
    for number in 0..10_000u32 {
        table.get_or_insert_with(murmur3_32(&key(number)), &key(number), || i64::from(number));
    }
    let mut completed = OperatorSnapshot::default();
    let mut sizes = Vec::new();
    for checkpoint_id in 1..60 {
        let completed_id = (checkpoint_id > 1).then(|| checkpoint_id - 1);
        let increment = Increment { owner: "o".to_string(), checkpoint_id, completed_id };
        let mut writer = SnapshotWriter::incremental(128, increment);
        table.snapshot("s", &mut writer).expect("memory");
        let mut snapshot = writer.finish().expect("memory");
        let new = snapshot.runs().filter(|run| run.body != RunBody::Earlier).map(|run| run.facts.bytes).sum::<u64>();
        resolve(&mut snapshot, &completed);
        sizes.push((new, snapshot.runs().count()));
        completed = snapshot;
        for number in 0..100u32 {
            let key = key((number * 97 + checkpoint_id as u32 * 101) % 10_000);
            *table.get_mut(murmur3_32(&key), &key).expect("is there") += 1;
        }
    }
    let (full, _) = sizes[0];
    assert!(sizes[1].0 * 20 < full, "{sizes:?}");
    assert!(sizes.iter().all(|(_, runs)| *runs <= 8), "{sizes:?}");
    let total: u64 = sizes[1..].iter().map(|(bytes, _)| *bytes).sum();
    assert!(total < full * 59 / 8, "{sizes:?}");
    assert_eq!(restored(&completed).len(), 10_000);
}

fn on_disk(budget: usize, owner: &str) -> KeyedTable<Vec<u8>> {
    let disk = MemoryDisk::new(Clock::real()).disk();
    let backend = DiskBackend::new(disk, "/state".into(), owner.to_string(), 128, MemoryBudget::new(budget));
    let mut table = KeyedTable::new();
    table.use_disk(&backend).expect("a disk in memory");
    table
}

fn value_of(number: i64) -> Vec<u8> {
    number.to_le_bytes().repeat(1 + (number & 15) as usize)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A table with a disk behaves as a map, whatever fits into memory; its checkpoints restore in memory and on disk alike.
    #[test]
    fn a_table_with_a_disk_is_a_map(acts in acts(), budget in prop_oneof![Just(1usize), Just(4_000), Just(20_000)], of_batch in 1usize..20) {
        let mut table = on_disk(budget, "a");
        let mut model = BTreeMap::new();
        let mut completed: Option<(u64, OperatorSnapshot)> = None;
        for (id, acts) in acts.chunks(of_batch).enumerate() {
            let key = |act: &Act| match act {
                Act::Put(key, _) | Act::Remove(key) => Some(vec![*key % 64; 3]),
                Act::Checkpoint(_) => None,
            };
            let keys: Vec<Vec<u8>> = acts.iter().filter_map(key).collect();
            table.prefetch_keys(keys.iter().map(|key| (murmur3_32(key), key.as_slice()))).expect("a disk in memory");
            for act in acts {
                let key = key(act).unwrap_or_default();
                match act {
                    Act::Put(_, number) => {
                        *table.get_or_insert_with(murmur3_32(&key), &key, Vec::new).0 = value_of(*number);
                        model.insert(key, value_of(*number));
                    }
                    Act::Remove(_) => prop_assert_eq!(table.remove(murmur3_32(&key), &key), model.remove(&key)),
                    Act::Checkpoint(_) => {}
                }
            }
            let Some(Act::Checkpoint(completes)) = acts.last() else { continue };
            let completed_id = completed.as_ref().map(|(id, _)| *id);
            let increment = Increment { owner: "a".to_string(), checkpoint_id: id as u64, completed_id };
            let mut writer = SnapshotWriter::incremental(128, increment);
            table.snapshot("s", &mut writer).expect("a disk in memory");
            let mut snapshot = writer.finish().expect("memory");
            if let Some((_, completed)) = &completed {
                resolve(&mut snapshot, completed);
            }
            prop_assert_eq!(contents(&snapshot, KeyedTable::new()), model.clone());
            if *completes {
                completed = Some((id as u64, snapshot));
            }
        }
        let mut writer = SnapshotWriter::new(128);
        table.snapshot("s", &mut writer).expect("a disk in memory");
        let full = writer.finish().expect("memory");
        prop_assert!(full.keyed["s"].runs.len() <= 1);
        prop_assert_eq!(contents(&full, KeyedTable::new()), model.clone());
        prop_assert_eq!(contents(&full, on_disk(budget, "b")), model);
    }
}

/// What a table has after a restore, two subtasks one after the other.
fn contents(snapshot: &OperatorSnapshot, mut table: KeyedTable<Vec<u8>>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let snapshots = [snapshot.clone()];
    for subtask in 0..2 {
        let reader = SnapshotReader::new(&snapshots, KeyGroupRange::of_subtask(subtask, 2, 128), subtask, 2);
        table.restore_from("s", &reader).expect("just written");
    }
    let keys: Vec<Vec<u8>> = (0..64u8).map(|key| vec![key; 3]).collect();
    table.prefetch_keys(keys.iter().map(|key| (murmur3_32(key), key.as_slice()))).expect("a disk in memory");
    keys.into_iter().filter_map(|key| table.get(murmur3_32(&key), &key).cloned().map(|value| (key, value))).collect()
}
