//! What travels between subtasks, in band and in order.

use crate::batch::Batch;

/// The watermark before any other: nothing is known about event time.
pub const MIN_WATERMARK: i64 = i64::MIN;

/// The watermark of finished input: event time has passed altogether, all timers fire.
pub const MAX_WATERMARK: i64 = i64::MAX;

/// A checkpoint's cut through the stream: what is before it belongs to the checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Barrier {
    /// Ascending within a job.
    pub checkpoint_id: u64,
    /// When the coordinator triggered it, milliseconds since the epoch.
    pub triggered_at_ms: i64,
    /// Whether it must not overtake rows, as a savepoint's: what it cuts off has no in-flight data.
    pub must_align: bool,
}

/// Measures how long an element takes from its source; takes part in nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencyMarker {
    /// When it was made, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// Vertex of the source that made it.
    pub source_vertex: u32,
    /// Subtask of the source that made it.
    pub source_subtask: u32,
}

/// One element of a stream.
#[derive(Clone, Debug)]
pub enum Element {
    /// Rows.
    Batch(Batch),
    /// Event time has passed this many milliseconds since the epoch: no row with a smaller or equal time is
    /// expected any more. A watermark lies between rows.
    Watermark(i64),
    /// The channel will say nothing for a while and is excluded from the minimum of watermarks.
    Idle,
    /// The channel speaks again.
    Active,
    /// A checkpoint's cut.
    Barrier(Barrier),
    /// The checkpoint of this number is given up: nobody waits for its barrier any more.
    CancelBarrier(u64),
    /// A measurement.
    LatencyMarker(LatencyMarker),
    /// Nothing follows. Counts as `MAX_WATERMARK` and as every later barrier.
    EndOfInput,
}

impl Element {
    /// Bytes which the element occupies in a queue, for byte-bounded channels.
    pub fn queue_bytes(&self) -> usize {
        match self {
            Element::Batch(batch) => batch.memory_bytes(),
            _ => std::mem::size_of::<Element>(),
        }
    }
}
