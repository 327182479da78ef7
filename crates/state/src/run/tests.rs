//! Runs as models: what several of them say together, and that no damage goes unnoticed.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const ALL: KeyGroupRange = KeyGroupRange { start: 0, end: 1 << 16 };

type Model = BTreeMap<(u32, Vec<u8>), Option<Vec<u8>>>;

fn written(entries: &Model, filter_bits_per_key: u32) -> Arc<[u8]> {
    let options = RunOptions { entries_max: entries.len() as u64, filter_bits_per_key };
    let mut writer = RunWriter::new(Vec::new(), options).expect("memory");
    let mut key_in_run = Vec::new();
    for ((group, key), value) in entries {
        run_key(*group, key, &mut key_in_run);
        writer.push(&key_in_run, value.as_deref()).expect("memory");
    }
    let (bytes, facts) = writer.finish().expect("memory");
    assert_eq!((facts.bytes, facts.entries), (bytes.len() as u64, entries.len() as u64));
    assert_eq!(facts.checksum, crc32fast::hash(&bytes));
    bytes.into()
}

fn opened(bytes: Arc<[u8]>) -> Result<Arc<Run>, crate::StateError> {
    Run::open(Arc::new(bytes)).map(Arc::new)
}

fn read(merge: &mut Merge) -> Result<Model, crate::StateError> {
    let mut all = Model::new();
    while let Some((key, value)) = merge.entry() {
        let former = all.insert((group_of(key), key[GROUP_BYTES..].to_vec()), value.map(<[u8]>::to_vec));
        assert!(former.is_none(), "each key comes once");
        merge.advance()?;
    }
    Ok(all)
}

fn model() -> impl Strategy<Value = Model> {
    let key = (0u32..5, prop_oneof![any::<[u8; 1]>().prop_map(Vec::from), any::<[u8; 3]>().prop_map(Vec::from)]);
    let value = prop_oneof![
        1 => Just(None),
        3 => proptest::collection::vec(any::<u8>(), 0..9).prop_map(Some),
        1 => proptest::collection::vec(any::<u8>(), 3_000..9_000).prop_map(Some)
    ];
    proptest::collection::btree_map(key, value, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Several runs read as the newest of each key, in any range of key groups; single keys are found.
    #[test]
    fn the_newest_entry_of_each_key_is_read(runs in proptest::collection::vec(model(), 1..5), start in 0u32..5, length in 0u32..5) {
        let range = KeyGroupRange { start, end: start + length };
        let opened: Vec<Arc<Run>> = runs.iter().map(|run| opened(written(run, 10)).expect("just written")).collect();
        let mut wanted = Model::new();
        runs.iter().for_each(|run| wanted.extend(run.clone()));
        for (run, entries) in opened.iter().zip(&runs) {
            let mut key_in_run = Vec::new();
            for ((group, key), value) in entries {
                run_key(*group, key, &mut key_in_run);
                prop_assert!(run.may_contain(key_hash(&key_in_run)));
                let block = run.block_of(&key_in_run).expect("the key is in a block");
                let mut bytes = Vec::new();
                run.read_block(block, &mut bytes).expect("just written");
                let found = reader::find_in_block(&bytes, &key_in_run, &mut Vec::new()).expect("just written");
                prop_assert_eq!(found.map(|value| value.map(<[u8]>::to_vec)), Some(value.clone()));
            }
        }
        wanted.retain(|(group, _), _| range.contains(*group));
        let mut merge = Merge::new(opened.iter().cloned().map(|run| (run, range)), true).expect("just written");
        prop_assert_eq!(read(&mut merge).expect("just written"), wanted.clone());
        wanted.retain(|_, value| value.is_some());
        let mut merge = Merge::new(opened.iter().cloned().map(|run| (run, range)), false).expect("just written");
        prop_assert_eq!(read(&mut merge).expect("just written"), wanted);
    }

    /// No damage goes unnoticed: each changed byte and each cut is an error before or while the run is read.
    #[test]
    fn damage_is_detected(entries in model(), at: prop::sample::Index, bit in 0u8..8) {
        let bytes = written(&entries, 10);
        let mut damaged = bytes.to_vec();
        let at = at.index(damaged.len());
        let is_reserved = (12..16).contains(&at);
        damaged[at] ^= 1 << bit;
        let cut: Arc<[u8]> = bytes[..at].into();
        for damaged in [damaged.into(), cut] {
            let read = opened(damaged).and_then(|run| {
                read(&mut Merge::new([(run, ALL)].into_iter(), true)?)
            });
            prop_assert!(read.is_err() || is_reserved && read.is_ok_and(|read| read == entries));
        }
    }
}
