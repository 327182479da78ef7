//! What waits in front of an operator.

use std::collections::VecDeque;

use flott_record::{Barrier, Batch, LatencyMarker};

/// One thing to be done by an operator, or by what ends its chain.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// Rows of an input.
    Batch { input: usize, batch: Batch },
    /// The combined watermark of all inputs advanced.
    Watermark(i64),
    /// The inputs fell silent.
    Idle,
    /// The inputs speak again.
    Active,
    /// A checkpoint's cut.
    Barrier(Barrier),
    /// The checkpoint of this number is given up.
    CancelBarrier(u64),
    /// The time that the operator asked for has come.
    ProcessingTime,
    /// A measurement, passed on.
    LatencyMarker(LatencyMarker),
    /// An input ended.
    EndInput(usize),
}

/// Work in order. Bounded by what one call of the operator before it emits: that one isn't called again before this is empty.
pub(crate) type WorkQueue = VecDeque<Work>;
