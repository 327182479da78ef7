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
