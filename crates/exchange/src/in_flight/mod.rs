//! In-flight data: what lies before a barrier that overtook it. Part of the receiving subtask's snapshot, given to whichever subtasks own it
//! on restore, and processed there before anything new.
//!
//! ```text
//! channel   (edge, sender, receiver)  route, watermark, then elements in order
//! element   batch: row kinds, columns, hash of the key | watermark | idle | active
//! ```
//!
//! A record of a channel is versioned and describes itself: batches are Arrow IPC streams with their schema, and rows of a hash edge carry
//! the hash of their key, so that they find their new subtask without an expression.

mod decode;
mod encode;
mod frame;

use arrow_schema::ArrowError;
use flott_record::{Element, MIN_WATERMARK};
use thiserror::Error;

pub use decode::{Owner, RecoveredChannel};

/// The version in front of a channel's record.
pub const IN_FLIGHT_VERSION: u32 = 1;

/// Which channel: the one identity of it, made when it is wired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChannelId {
    /// Position of the edge among those that lead into the receiving vertex.
    pub edge: u32,
    /// Subtask that sends.
    pub sender: u32,
    /// Subtask that receives.
    pub receiver: u32,
}

/// Where rows of a channel may go on restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the subtask that owns the key group of these columns.
    Hash {
        /// Positions in the batches.
        columns: Vec<usize>,
    },
    /// To any subtask, all rows of a channel to one.
    Any,
    /// To the first subtask.
    First,
    /// Nowhere else: a barrier never overtakes them.
    Fixed,
}

impl Route {
    /// Whether a barrier may overtake rows that are routed so.
    pub fn may_overtake(&self) -> bool {
        *self != Route::Fixed
    }
}

/// Records that cannot be written or read.
#[derive(Debug, Error)]
pub enum InFlightError {
    /// Arrow cannot write or read a batch.
    #[error("in-flight data: {0}")]
    Arrow(#[from] ArrowError),
    /// The bytes are no record of a known version.
    #[error("in-flight data cannot be read: {0}")]
    Damaged(String),
}

/// What was captured of one channel.
#[derive(Clone, Debug)]
pub struct CapturedChannel {
    /// Which.
    pub id: ChannelId,
    /// Where its rows may go.
    pub route: Route,
    /// Number of subtasks that receive.
    pub receivers: u32,
    /// Its watermark when the snapshot was taken.
    pub watermark_ms: i64,
    /// Whether it was idle then.
    pub is_idle: bool,
    /// What lay before its barrier, in order.
    pub elements: Vec<Element>,
}

impl CapturedChannel {
    /// Whether there is nothing that a restored subtask would miss.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// Adds an element; what says nothing to a restored subtask is left out.
    pub fn push(&mut self, element: Element) {
        match element {
            Element::Batch(_) | Element::Watermark(_) | Element::Idle | Element::Active => self.elements.push(element),
            Element::Barrier(_) | Element::CancelBarrier(_) | Element::LatencyMarker(_) | Element::EndOfInput => {}
        }
    }

    /// Rows that were captured.
    pub fn rows(&self) -> usize {
        let rows = |element: &Element| if let Element::Batch(batch) = element { batch.num_rows() } else { 0 };
        self.elements.iter().map(rows).sum()
    }
}

/// What one subtask captured for a checkpoint.
#[derive(Clone, Debug, Default)]
pub struct InFlight {
    /// The merged watermark of each input, `MIN_WATERMARK` before the first.
    pub watermarks_ms: Vec<i64>,
    /// Channels that have something, in the order in which they are to be replayed.
    pub channels: Vec<CapturedChannel>,
}

impl InFlight {
    /// Whether a restored subtask would do without it.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.watermarks_ms.iter().all(|watermark_ms| *watermark_ms == MIN_WATERMARK)
    }

    /// The records of all channels, one each, in the order in which they are to be replayed.
    ///
    /// # Errors
    /// If Arrow cannot write a batch.
    pub fn records(&self) -> Result<Vec<Vec<u8>>, InFlightError> {
        self.channels.iter().map(CapturedChannel::to_bytes).collect()
    }

    /// Rows in the channels.
    pub fn rows(&self) -> usize {
        self.channels.iter().map(CapturedChannel::rows).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use arrow_array::{ArrayRef, Int64Array, StringArray};
    use flott_record::key::{key_group, subtask_of_key_group};
    use flott_record::{Batch, KeyRows, RowKind};
    use proptest::prelude::*;

    use super::*;

    const GROUPS: u32 = 16;

    fn batch(values: &[i64]) -> Batch {
        let keys: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
        let names: ArrayRef =
            Arc::new(values.iter().map(|v| (v % 3 != 0).then(|| format!("n{v}"))).collect::<StringArray>());
        let kinds: Vec<RowKind> = values.iter().map(|value| RowKind::ALL[(value & 3) as usize]).collect();
        Batch::new(vec![keys, names], values.len()).with_row_kinds(&kinds)
    }

    fn channel(receiver: u32, receivers: u32, route: Route, elements: Vec<Element>) -> CapturedChannel {
        let id = ChannelId { edge: 0, sender: 1, receiver };
        CapturedChannel { id, route, receivers, watermark_ms: 5, is_idle: false, elements }
    }

    fn hash() -> Route {
        Route::Hash { columns: vec![0] }
    }

    /// Rows with their kinds, and watermarks, as text.
    fn texts(elements: &[Element]) -> Vec<String> {
        let of_batch = |batch: &Batch| {
            let (keys, names) =
                (batch.column(0).as_primitive::<Int64Type>().clone(), batch.column(1).as_string::<i32>().clone());
            let row = |row: usize| format!("{:?} {} {:?}", batch.kind(row), keys.value(row), names.iter().nth(row));
            (0..batch.num_rows()).map(row).collect::<Vec<_>>()
        };
        let text = |element: &Element| match element {
            Element::Batch(batch) => of_batch(batch),
            other => vec![format!("{other:?}")],
        };
        elements.iter().flat_map(text).collect()
    }

    fn replay(bytes: &[u8], subtask: u32, parallelism: u32, route: Route) -> Vec<Element> {
        let owner = Owner { subtask, parallelism, max_parallelism: GROUPS };
        let recovered = RecoveredChannel::of_bytes(bytes, owner, &[route]).expect("own bytes");
        let Some(mut recovered) = recovered else { return Vec::new() };
        std::iter::from_fn(|| recovered.next_element().expect("own bytes")).collect()
    }

    proptest! {
        /// Whatever the parallelism after, each row of a hash edge is replayed by the owner of its key group alone, in order; also after a part
        /// was replayed and the rest was captured again.
        #[test]
        fn every_row_is_replayed_once_by_its_owner(
            batches in proptest::collection::vec(proptest::collection::vec(0i64..60, 0..20), 0..5),
            before in 1u32..5, between in 1u32..5, after in 1u32..5, replayed in 0usize..4,
        ) {
            let mut replays = Vec::new();
            for receiver in 0..before {
                let owns = |value: &&i64| {
                    let keys = KeyRows::encode(&[Arc::new(Int64Array::from(vec![**value])) as ArrayRef], 1);
                    subtask_of_key_group(key_group(keys.hash(0), GROUPS), before, GROUPS) == receiver
                };
                let own = |values: &Vec<i64>| Element::Batch(batch(&values.iter().filter(owns).copied().collect::<Vec<_>>()));
                let captured = channel(receiver, before, hash(), batches.iter().map(own).collect());
                let bytes = captured.to_bytes().expect("plain columns");
                for middle in 0..between {
                    let owner = Owner { subtask: middle, parallelism: between, max_parallelism: GROUPS };
                    let Some(mut recovered) = RecoveredChannel::of_bytes(&bytes, owner, &[hash()]).expect("own bytes") else { continue };
                    let first: Vec<Element> = (0..replayed).map_while(|_| recovered.next_element().expect("own bytes")).collect();
                    replays.extend(texts(&first));
                    let rest = recovered.rest().expect("own bytes").to_bytes().expect("plain columns");
                    for last in 0..after {
                        replays.extend(texts(&replay(&rest, last, after, hash())));
                    }
                }
            }
            let all: Vec<Element> = batches.iter().map(|values| Element::Batch(batch(values))).collect();
            let mut expected = texts(&all);
            expected.sort();
            replays.sort();
            prop_assert_eq!(replays, expected);
        }
    }

    #[test]
    fn elements_keep_their_order_and_other_routes_their_subtask() {
        let elements = vec![
            Element::Batch(batch(&[1, 2])),
            Element::Watermark(7),
            Element::Idle,
            Element::Active,
            Element::Batch(batch(&[3])),
        ];
        let bytes = channel(3, 4, Route::Any, elements.clone()).to_bytes().expect("plain columns");
        assert_eq!(texts(&replay(&bytes, 1, 2, Route::Any)), texts(&elements));
        assert_eq!(texts(&replay(&bytes, 0, 2, Route::Any)), Vec::<String>::new());
        let bytes = channel(0, 4, Route::First, elements.clone()).to_bytes().expect("plain columns");
        assert_eq!(texts(&replay(&bytes, 0, 3, Route::First)), texts(&elements));
        assert!(replay(&bytes, 1, 3, Route::First).is_empty());
        assert!(channel(0, 1, Route::Fixed, elements).to_bytes().is_err(), "it may go nowhere");
    }

    #[test]
    fn damaged_foreign_and_newer_records_are_refused() {
        let bytes = channel(0, 2, hash(), vec![Element::Batch(batch(&[1, 2, 3])), Element::Watermark(1)])
            .to_bytes()
            .expect("plain");
        let owner = Owner { subtask: 0, parallelism: 1, max_parallelism: GROUPS };
        let read = |bytes: &[u8], routes: &[Route]| {
            let mut channel = RecoveredChannel::of_bytes(bytes, owner, routes)?.expect("one subtask owns all");
            while channel.next_element()?.is_some() {}
            Ok::<(), InFlightError>(())
        };
        assert!(read(&bytes, &[hash()]).is_ok());
        for length in (0..bytes.len()).filter(|length| *length != 4 * 5 + 1 + 8 + 1 && *length != bytes.len() - 9) {
            assert!(read(&bytes[..length], &[hash()]).is_err(), "cut at {length}");
        }
        let mut newer = bytes.clone();
        newer[0] = 9;
        let error = read(&newer, &[hash()]).expect_err("version 9");
        assert_eq!(error.to_string(), "in-flight data cannot be read: version 9 is not known, 1 is");
        assert!(read(&bytes, &[Route::Any]).is_err(), "the edge partitions otherwise");
        assert!(read(&bytes, &[]).is_err(), "there is no such edge");
    }
}
