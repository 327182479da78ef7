//! The state of one partition: rows that wait for their time, rows that open attempts may still need, the attempts.

use std::collections::{BTreeMap, VecDeque};

use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

use super::machine::Attempts;
use super::path::RowNumber;

/// When a waiting row is due: its time, its sort key, its arrival.
pub(crate) type DueAt = (i64, Vec<u8>, u64);

/// One partition.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    /// Rows that have not been looked at yet.
    pub(crate) waiting: BTreeMap<DueAt, Vec<u8>>,
    /// Number of rows that ever waited.
    pub(crate) arrived: u64,
    /// Number of the first row in `rows`.
    pub(crate) first: RowNumber,
    /// Rows that were looked at and are still needed: all since the first row of the first open attempt, and those before it that PREV may ask for.
    pub(crate) rows: VecDeque<Vec<u8>>,
    /// Attempts at a match.
    pub(crate) attempts: Attempts,
    /// When the partition's timer fires; not part of the snapshot.
    pub(crate) timer_ms: Option<i64>,
}

impl Partition {
    /// Adds a row.
    pub(crate) fn wait(&mut self, time_ms: i64, sort: &[u8], row: &[u8]) {
        self.waiting.insert((time_ms, sort.to_vec(), self.arrived), row.to_vec());
        self.arrived += 1;
    }

    /// The row after the last that was looked at.
    pub(crate) fn next(&self) -> RowNumber {
        self.first + self.rows.len() as u64
    }

    /// Forgets rows that neither an attempt nor PREV over `rows_before` rows can ask for.
    pub(crate) fn forget(&mut self, rows_before: u64) {
        let oldest = self.attempts.first_row().unwrap_or(self.next()).saturating_sub(rows_before);
        while self.first < oldest && self.rows.pop_front().is_some() {
            self.first += 1;
        }
    }

    /// Whether nothing would be lost with the partition, but its count of matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.rows.is_empty() && self.attempts.is_idle()
    }
}

impl StateValue for Partition {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.waiting.len() as u64);
        for ((time_ms, sort, arrival), row) in &self.waiting {
            time_ms.encode(out);
            sort.encode(out);
            write_length(out, *arrival);
            row.encode(out);
        }
        write_length(out, self.arrived);
        write_length(out, self.first);
        write_length(out, self.rows.len() as u64);
        self.rows.iter().for_each(|row| row.encode(out));
        self.attempts.encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut partition = Partition::default();
        for _ in 0..read_length(bytes)? {
            let due = (i64::decode(bytes)?, Vec::decode(bytes)?, read_length(bytes)?);
            partition.waiting.insert(due, Vec::decode(bytes)?);
        }
        partition.arrived = read_length(bytes)?;
        partition.first = read_length(bytes)?;
        for _ in 0..read_length(bytes)? {
            partition.rows.push_back(Vec::decode(bytes)?);
        }
        partition.attempts = Attempts::decode(bytes)?;
        Ok(partition)
    }
}
