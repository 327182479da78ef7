//! Windows as data.

use serde::{Deserialize, Serialize};

/// How rows are assigned to windows. All in milliseconds; a window is `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WindowKind {
    /// TUMBLE
    Tumble {
        /// Length.
        size_ms: i64,
        /// Shift of all windows against the epoch.
        offset_ms: i64,
    },
    /// HOP; `size_ms` is a multiple of `slide_ms`.
    Hop {
        /// Distance of two starts.
        slide_ms: i64,
        /// Length.
        size_ms: i64,
        /// Shift of all windows against the epoch.
        offset_ms: i64,
    },
    /// CUMULATE; `max_ms` is a multiple of `step_ms`.
    Cumulate {
        /// Distance of two ends.
        step_ms: i64,
        /// Length of the longest window.
        max_ms: i64,
        /// Shift of all windows against the epoch.
        offset_ms: i64,
    },
    /// SESSION: closes after this long without a row.
    Session {
        /// The gap.
        gap_ms: i64,
    },
}

/// Where a window's time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WindowTime {
    /// An event-time column: TIMESTAMP(3) or, with `local` set, TIMESTAMP_LTZ(3), whose windows follow the session time zone.
    Rowtime {
        /// Position in the input.
        column: usize,
        /// The column is TIMESTAMP_LTZ.
        local: bool,
    },
    /// The clock, in the session time zone.
    Proctime,
    /// The input has been assigned to windows before; these are its columns.
    Attached {
        /// Position of `window_start`.
        start: usize,
        /// Position of `window_end`.
        end: usize,
        /// Whether the windows are of event time.
        rowtime: bool,
        /// Whether they follow the session time zone: they were made of a TIMESTAMP_LTZ column or of the clock.
        local: bool,
    },
}

impl WindowTime {
    /// Whether windows follow the session time zone.
    pub fn is_local(&self) -> bool {
        match self {
            WindowTime::Rowtime { local, .. } | WindowTime::Attached { local, .. } => *local,
            WindowTime::Proctime => true,
        }
    }
}

/// A window as an operator needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// How rows are assigned.
    pub kind: WindowKind,
    /// By which time.
    pub time: WindowTime,
}

/// A column that a window operator adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WindowProperty {
    /// `window_start`, TIMESTAMP(3)
    Start,
    /// `window_end`, TIMESTAMP(3)
    End,
    /// `window_time`, end - 1 ms; TIMESTAMP(3), or TIMESTAMP_LTZ(3) for `local` windows and the clock's
    Time,
}
