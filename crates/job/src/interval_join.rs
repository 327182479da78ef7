//! An interval join as data.

use serde::{Deserialize, Serialize};

use crate::spec::JoinSpec;

/// A join of append-only rows whose times are within bounds of each other; emits at once, insert-only. The kind is INNER, LEFT, RIGHT or FULL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalJoinSpec {
    /// Keys, condition (without the bounds) and kind as in a regular join.
    pub join: JoinSpec,
    /// Positions of the rowtime columns on the left and on the right; `None` = by the clock.
    pub rowtimes: Option<(usize, usize)>,
    /// Least difference of the left row's time and the right row's, milliseconds.
    pub lower_ms: i64,
    /// Greatest such difference, inclusive.
    pub upper_ms: i64,
}
