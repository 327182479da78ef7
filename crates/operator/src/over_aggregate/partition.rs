//! The state of one partition of an OVER aggregation, and the rows that wait for their time.

use std::collections::{BTreeMap, VecDeque};

use flott_record::key::murmur3_32;
use flott_state::encoding::{read_length, read_ordered_time, take, write_length, write_ordered_time};
use flott_state::{DecodeError, SnapshotReader, SnapshotWriter, StateError, StateValue, ValueCodec};

use crate::accumulator::Accumulators;

/// A row with its time.
pub(super) type TimedRow = (i64, Vec<u8>);

/// A partition.
#[derive(Debug)]
pub(super) struct Partition {
    /// Where its accumulators are.
    pub(super) slot: u32,
    /// The greatest time of a row that was emitted; `i64::MIN` if there is none.
    pub(super) last_ms: i64,
    /// When the partition was written, by the clock.
    pub(super) written_ms: i64,
    /// Rows in the frame, oldest first; empty if frames are unbounded.
    pub(super) frame: VecDeque<TimedRow>,
}

impl Partition {
    pub(super) fn new(slot: u32, now_ms: i64) -> Self {
        Partition { slot, last_ms: i64::MIN, written_ms: now_ms, frame: VecDeque::new() }
    }

    /// Appends the partition with its accumulators' state.
    pub(super) fn encode(&self, accumulators: &[u8], out: &mut Vec<u8>) {
        self.last_ms.encode(out);
        self.written_ms.encode(out);
        write_length(out, self.frame.len() as u64);
        self.frame.iter().for_each(|row| row.encode(out));
        write_length(out, accumulators.len() as u64);
        out.extend_from_slice(accumulators);
    }

    /// A partition in this slot, and its accumulators' state.
    pub(super) fn decode<'a>(slot: u32, bytes: &mut &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let mut partition = Partition::new(slot, 0);
        partition.last_ms = i64::decode(bytes)?;
        partition.written_ms = i64::decode(bytes)?;
        for _ in 0..read_length(bytes)? {
            partition.frame.push_back(StateValue::decode(bytes)?);
        }
        let length = read_length(bytes)? as usize;
        Ok((partition, take(bytes, length)?))
    }
}

/// A partition as bytes, with its accumulators.
pub(super) struct PartitionCodec<'a>(pub(super) &'a mut Accumulators);

impl ValueCodec<Partition> for PartitionCodec<'_> {
    fn encode(&self, partition: &Partition, out: &mut Vec<u8>) {
        let mut state = Vec::new();
        self.0.encode_state(partition.slot, &mut state);
        partition.encode(&state, out);
    }

    fn decode(&mut self, mut bytes: &[u8]) -> Result<Partition, StateError> {
        let slot = self.0.allocate();
        let (partition, mut state) = Partition::decode(slot, &mut bytes)?;
        self.0.restore_state(slot, &mut state)?;
        if state.is_empty() && bytes.is_empty() {
            Ok(partition)
        } else {
            Err(DecodeError("an accumulator's state is too long".to_string()).into())
        }
    }

    fn evict(&mut self, partition: Partition) {
        self.0.release(partition.slot);
    }
}

/// Rows of one partition and one time.
#[derive(Debug)]
pub(super) struct Peers {
    pub(super) time_ms: i64,
    pub(super) hash: u32,
    pub(super) key: Vec<u8>,
    pub(super) rows: Vec<Vec<u8>>,
}

/// The hash of a key, and rows of one time.
type RowsOfKey = (u32, Vec<Vec<u8>>);

/// Rows that wait for their time, by time and then by key.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    rows: BTreeMap<(i64, Vec<u8>), RowsOfKey>,
}

impl Waiting {
    pub(super) fn push(&mut self, time_ms: i64, hash: u32, key: &[u8], row: &[u8]) {
        let (_, rows) = self.rows.entry((time_ms, key.to_vec())).or_insert_with(|| (hash, Vec::new()));
        rows.push(row.to_vec());
    }

    /// The earliest time.
    pub(super) fn first_ms(&self) -> Option<i64> {
        self.rows.first_key_value().map(|((time_ms, _), _)| *time_ms)
    }

    /// Takes the first peers whose time is `until_ms` or before.
    pub(super) fn pop_due(&mut self, until_ms: i64) -> Option<Peers> {
        let first = self.rows.first_entry().filter(|first| first.key().0 <= until_ms)?;
        let ((time_ms, key), (hash, rows)) = first.remove_entry();
        Some(Peers { time_ms, hash, key, rows })
    }

    pub(super) fn snapshot(&self, state: &str, writer: &mut SnapshotWriter) {
        let mut part = writer.state(state);
        for ((time_ms, key), (hash, rows)) in &self.rows {
            let write_key = |out: &mut Vec<u8>| {
                write_ordered_time(out, *time_ms);
                out.extend_from_slice(key);
            };
            part.put(*hash, write_key, |out| {
                write_length(out, rows.len() as u64);
                rows.iter().for_each(|row| row.encode(out));
            });
        }
    }

    pub(super) fn restore(state: &str, reader: &SnapshotReader<'_>) -> Result<Self, StateError> {
        let mut waiting = Waiting::default();
        reader.keyed(state, |entry| {
            let (mut key, mut input) = (entry.key, entry.value);
            let time_ms = read_ordered_time(&mut key)?;
            let count = read_length(&mut input)?;
            let rows: Result<_, DecodeError> = (0..count).map(|_| Vec::decode(&mut input)).collect();
            waiting.rows.insert((time_ms, key.to_vec()), (murmur3_32(key), rows?));
            Ok::<(), StateError>(())
        })?;
        Ok(waiting)
    }
}
