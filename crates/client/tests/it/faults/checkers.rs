//! What must hold of a job's committed output, and of each of its snapshots.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use flott_client::JobSnapshot;
use flott_exchange::{Owner, RecoveredChannel, Route};
use flott_record::{Element, KeyGroupRange};
use flott_state::{DecodeError, OperatorSnapshot, SnapshotReader, StateError, StateValue};

use super::journal::Journal;
use super::operators::{ALARM_MS, CREDIT, DEBIT, link};
use crate::numbered::Numbered;
use crate::window_sum;

/// What a checker finds; `Err` says what is wrong.
pub type Verdict = Result<(), String>;

/// Sequence ledger: each number once, none missing; per key and split in order.
pub fn sequence(journal: &Journal, numbered: Numbered) -> Verdict {
    let mut last: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (_, row) in journal.history() {
        let (key, number) = (row[0], row[1]);
        if !seen.insert(number) {
            return Err(format!("{number} is there twice"));
        }
        let before = last.insert((key, number / numbered.rows_per_split), number);
        if before.is_some_and(|before| before > number) {
            return Err(format!("{number} of key {key} comes after {before:?}"));
        }
    }
    missing(&seen, numbered)
}

/// Each number once, none missing, in any order.
pub fn each_once(journal: &Journal, numbered: Numbered) -> Verdict {
    let mut seen = BTreeSet::new();
    match journal.history().iter().find(|(_, row)| !seen.insert(row[1])) {
        Some((_, row)) => Err(format!("{} is there twice", row[1])),
        None => missing(&seen, numbered),
    }
}

fn missing(seen: &BTreeSet<i64>, numbered: Numbered) -> Verdict {
    let missing: Vec<i64> = (0..numbered.rows_per_split * numbered.splits).filter(|n| !seen.contains(n)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("{} rows are missing, first {}", missing.len(), missing[0])) }
}

/// Hash chain: each row of a key goes on from the row before it.
pub fn hash_chain(journal: &Journal, numbered: Numbered) -> Verdict {
    let mut hashes: BTreeMap<i64, i64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (_, row) in journal.history() {
        let hash = hashes.entry(row[0]).or_default();
        *hash = link(*hash, row[1]);
        if *hash != row[2] {
            return Err(format!("the chain of key {} breaks at {}", row[0], row[1]));
        }
        if !seen.insert(row[1]) {
            return Err(format!("{} is in the chain of key {} twice", row[1], row[0]));
        }
    }
    missing(&seen, numbered)
}

/// Timers: each alarm rings once, none before its watermark.
pub fn alarms(journal: &Journal, numbered: Numbered) -> Verdict {
    let mut rung = BTreeSet::new();
    for (_, row) in journal.history() {
        if row[1] != 1 {
            return Err(format!("the alarm of {} rang before its time", row[0]));
        }
        if !rung.insert(row[0] - ALARM_MS) {
            return Err(format!("the alarm of {} rang twice", row[0]));
        }
    }
    missing(&rung, numbered)
}

/// Window oracle: each window equals the sum computed from all rows.
pub fn windows(journal: &Journal, numbered: Numbered) -> Verdict {
    let (actual, expected) = (journal.table()?, window_sum::expected(numbered.rows_per_split * numbered.splits));
    let odd = actual.iter().find(|row| !expected.contains(row)).or(expected.iter().find(|row| !actual.contains(row)));
    match odd {
        Some(row) => Err(format!("window {row:?} is wrong or missing")),
        None if actual.len() != expected.len() => Err("a window is there twice".to_string()),
        None => Ok(()),
    }
}

fn decoded(snapshot: &JobSnapshot, uid: &str) -> Result<Vec<OperatorSnapshot>, DecodeError> {
    let of_uid = snapshot.operators.get(uid).into_iter().flatten();
    of_uid.map(|bytes| OperatorSnapshot::from_bytes(bytes)).collect()
}

fn balance(snapshot: &JobSnapshot, uid: &str) -> Result<i64, String> {
    let snapshots = decoded(snapshot, uid).map_err(|error| error.to_string())?;
    let all = KeyGroupRange::of_subtask(0, 1, snapshot.max_parallelism);
    let mut sum = 0;
    let summed = SnapshotReader::new(&snapshots, all, 0, 1).keyed("balances", |entry| {
        sum += i64::decode(&mut { entry.value })?;
        Ok::<(), StateError>(())
    });
    summed.map(|()| sum).map_err(|error| error.to_string())
}

/// Amounts in flight to an operator, and how many rows.
pub fn in_flight(snapshot: &JobSnapshot, uid: &str) -> Result<(i64, usize), String> {
    let snapshots = decoded(snapshot, &format!("{uid}/in-flight")).map_err(|error| error.to_string())?;
    let owner = Owner { subtask: 0, parallelism: 1, max_parallelism: snapshot.max_parallelism };
    let (mut sum, mut rows) = (0, 0);
    for record in snapshots.iter().filter_map(|snapshot| snapshot.unions.get("channels")).flatten() {
        let routes = [Route::Hash { columns: vec![0] }];
        let channel = RecoveredChannel::of_bytes(record, owner, &routes).map_err(|error| error.to_string())?;
        let mut channel = channel.ok_or("one subtask owns all")?;
        while let Some(element) = channel.next_element().map_err(|error| error.to_string())? {
            if let Element::Batch(batch) = element {
                rows += batch.num_rows();
                sum += batch.column(1).as_primitive::<Int64Type>().values().iter().sum::<i64>();
            }
        }
    }
    Ok((sum, rows))
}

/// Bank: what was taken is what was given, and what is on its way.
pub fn bank(snapshot: &JobSnapshot) -> Verdict {
    let (taken, given) = (balance(snapshot, DEBIT)?, balance(snapshot, CREDIT)?);
    let (on_its_way, _) = in_flight(snapshot, CREDIT)?;
    if taken + given + on_its_way == 0 {
        return Ok(());
    }
    Err(format!("checkpoint {}: {taken} taken, {given} given, {on_its_way} on its way", snapshot.checkpoint_id))
}
