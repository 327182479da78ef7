//! State ten times as large as its budget: the process stays small, and every value is right.
//!
//! `FLOTT_STATE_TEST_MB` sets the size of the state (24 if it is not set).

use flott_environment::Environment;
use flott_record::key::murmur3_32;
use flott_state::{DiskBackend, KeyedTable, MemoryBudget};

const VALUE_BYTES: usize = 100;
const KEY_BYTES: usize = 16;
const BATCH_KEYS: u64 = 1_000;

fn key(number: u64) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[8..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    key
}

/// Adds one to the counters of some keys.
fn count(table: &mut KeyedTable<Vec<u8>>, numbers: impl Iterator<Item = u64> + Clone) {
    let keys: Vec<[u8; KEY_BYTES]> = numbers.map(key).collect();
    let hashed = keys.iter().map(|key| (murmur3_32(key), key.as_slice()));
    table.prefetch_keys(hashed.clone()).expect("the disk works");
    for (hash, key) in hashed {
        table.get_or_insert_with(hash, key, || vec![0; VALUE_BYTES]).0[0] += 1;
    }
}

#[test]
fn state_of_ten_times_the_budget_stays_within_it() {
    let environment = Environment::real();
    let state_mb = environment.variable("FLOTT_STATE_TEST_MB").map_or(24, |text| text.parse().expect("a number of MB"));
    let budget_bytes = (state_mb << 20) as usize / 10;
    let directory = environment.temporary_directory(&std::env::temp_dir(), "flott-state").expect("a directory");
    let budget = MemoryBudget::new(budget_bytes);
    let path = directory.path().to_path_buf();
    let backend = DiskBackend::new(environment.disk().clone(), path, "test".to_string(), 128, budget.clone());
    let mut table = KeyedTable::new();
    table.use_disk(&backend).expect("the disk works");
    let before = environment.usage().resident_bytes;
    let mut most = 0;
    let keys = (state_mb << 20) / (VALUE_BYTES + KEY_BYTES) as u64 / BATCH_KEYS * BATCH_KEYS;
    for first in (0..keys).step_by(BATCH_KEYS as usize) {
        count(&mut table, first..first + BATCH_KEYS);
        most = most.max(environment.usage().resident_bytes);
    }
    // Every seventh key once more, in an order that has nothing to do with where keys lie.
    let again = (0..keys).filter(|number| number % 7 == 0).collect::<Vec<_>>();
    for numbers in again.chunks(BATCH_KEYS as usize) {
        count(&mut table, numbers.iter().map(|number| (number * 7 + 3) % keys));
        most = most.max(environment.usage().resident_bytes);
    }
    let mut counted = 0;
    for first in (0..keys).step_by(BATCH_KEYS as usize) {
        let keys: Vec<[u8; KEY_BYTES]> = (first..first + BATCH_KEYS).map(key).collect();
        let hashed = keys.iter().map(|key| (murmur3_32(key), key.as_slice()));
        table.prefetch_keys(hashed.clone()).expect("the disk works");
        for (hash, key) in hashed {
            let value = table.get(hash, key).expect("no key is lost");
            assert_eq!(value.len(), VALUE_BYTES);
            counted += u64::from(value[0]);
        }
        most = most.max(environment.usage().resident_bytes);
    }
    assert_eq!(counted, keys + again.len() as u64);
    assert!(table.disk_bytes() > 9 * budget_bytes as u64, "{} bytes on disk", table.disk_bytes());
    let grown = most.saturating_sub(before);
    let allowed = budget_bytes as u64 + budget_bytes as u64 / 4 + (8 << 20);
    assert!(grown <= allowed, "the process grew by {grown} bytes with a budget of {budget_bytes}");
}
