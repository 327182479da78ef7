//! The arithmetic of windows: which window or slice a time is in, when a window is over, in which clock.
//!
//! Windows are counted in window time: milliseconds of the wall clock as if it were UTC. For TIMESTAMP columns that is the column itself, for
//! TIMESTAMP_LTZ and processing time the wall clock of the session's time zone, so that days begin at local midnight.

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, Int64Array};
use arrow_schema::{DataType as ArrowType, TimeUnit};
use flott_evaluation::zone::Zone;
use flott_job::window::{Window, WindowKind, WindowTime};

use crate::interface::{OperatorError, Setup};

const HOUR_MS: i64 = 3_600_000;

/// Start of the window of this size that holds a time.
pub(crate) fn window_start_ms(time_ms: i64, offset_ms: i64, size_ms: i64) -> i64 {
    time_ms.saturating_sub(time_ms.wrapping_sub(offset_ms).rem_euclid(size_ms))
}

/// How windows are made of slices. A slice is the time between two neighbouring ends of windows; it has its end for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slicing {
    /// A window is one slice.
    Unshared {
        /// Size and offset; `None` if rows bring their window's end.
        size_and_offset: Option<(i64, i64)>,
    },
    /// A window is the last slices of `size_ms`; windows end with each slice.
    Hop { slice_ms: i64, size_ms: i64, offset_ms: i64 },
    /// A window is all slices since the last multiple of `max_ms`.
    Cumulate { step_ms: i64, max_ms: i64, offset_ms: i64 },
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl Slicing {
    /// The slices of a window; windows that rows bring along share nothing.
    ///
    /// # Errors
    /// A session has no slices; sizes are positive.
    pub(crate) fn new(window: &Window) -> Result<Self, OperatorError> {
        let attached = matches!(window.time, WindowTime::Attached { .. });
        let slicing = match window.kind {
            WindowKind::Session { .. } => {
                return Err(OperatorError::Failed("not supported: slices of a SESSION window".to_string()));
            }
            _ if attached => Slicing::Unshared { size_and_offset: None },
            WindowKind::Tumble { size_ms, offset_ms } => {
                Slicing::Unshared { size_and_offset: Some((size_ms, offset_ms)) }
            }
            WindowKind::Hop { slide_ms, size_ms, offset_ms } => {
                Slicing::Hop { slice_ms: greatest_common_divisor(size_ms, slide_ms), size_ms, offset_ms }
            }
            WindowKind::Cumulate { step_ms, max_ms, offset_ms } => Slicing::Cumulate { step_ms, max_ms, offset_ms },
        };
        let least = match slicing {
            Slicing::Unshared { size_and_offset } => size_and_offset.map_or(1, |(size_ms, _)| size_ms),
            Slicing::Hop { slice_ms, size_ms, .. } => slice_ms.min(size_ms),
            Slicing::Cumulate { step_ms, max_ms, .. } => step_ms.min(max_ms),
        };
        if least <= 0 {
            return Err(OperatorError::Failed("the size of a window is not positive".to_string()));
        }
        Ok(slicing)
    }

    /// Start and end of the slice that holds a time.
    pub(crate) fn slice_of(&self, time_ms: i64) -> (i64, i64) {
        let (size_ms, offset_ms) = match *self {
            Slicing::Unshared { size_and_offset: Some(size_and_offset) } => size_and_offset,
            Slicing::Unshared { size_and_offset: None } => (1, 0),
            Slicing::Hop { slice_ms, offset_ms, .. } => (slice_ms, offset_ms),
            Slicing::Cumulate { step_ms, offset_ms, .. } => (step_ms, offset_ms),
        };
        let start_ms = window_start_ms(time_ms, offset_ms, size_ms);
        (start_ms, start_ms.saturating_add(size_ms))
    }

    /// End of the last window that a slice is part of.
    pub(crate) fn last_window_end(&self, slice_end: i64) -> i64 {
        match *self {
            Slicing::Unshared { .. } => slice_end,
            Slicing::Hop { slice_ms, size_ms, .. } => slice_end.saturating_add(size_ms - slice_ms),
            Slicing::Cumulate { max_ms, offset_ms, .. } => {
                window_start_ms(slice_end - 1, offset_ms, max_ms).saturating_add(max_ms)
            }
        }
    }

    /// Distance of the ends of two windows of a slice; 0 if it has one window.
    pub(crate) fn step_ms(&self) -> i64 {
        match *self {
            Slicing::Unshared { .. } => 0,
            Slicing::Hop { slice_ms, .. } => slice_ms,
            Slicing::Cumulate { step_ms, .. } => step_ms,
        }
    }

    /// End of the slice that keeps what all slices of a cumulating window have merged.
    pub(crate) fn first_slice_end(&self, slice_end: i64) -> i64 {
        match *self {
            Slicing::Cumulate { step_ms, max_ms, offset_ms } => {
                window_start_ms(slice_end - 1, offset_ms, max_ms).saturating_add(step_ms)
            }
            _ => slice_end,
        }
    }
}

/// Start of the window of a kind that has this end.
pub(crate) fn start_of_window(kind: &WindowKind, window_end: i64) -> i64 {
    match *kind {
        WindowKind::Tumble { size_ms, .. } | WindowKind::Hop { size_ms, .. } => window_end.saturating_sub(size_ms),
        WindowKind::Cumulate { max_ms, offset_ms, .. } => window_start_ms(window_end - 1, offset_ms, max_ms),
        WindowKind::Session { gap_ms } => window_end.saturating_sub(gap_ms),
    }
}

/// Between instants and window time.
#[derive(Clone, Debug)]
pub(crate) struct WindowClock {
    /// `None` if both are the same.
    zone: Option<Zone>,
}

impl WindowClock {
    /// The clock of a window.
    ///
    /// # Errors
    /// The session's time zone is not known.
    pub(crate) fn new(time: &WindowTime, setup: &Setup) -> Result<Self, OperatorError> {
        let name = setup.session.time_zone.as_str();
        if !time.is_local() || matches!(name, "UTC" | "Z" | "GMT") {
            return Ok(WindowClock { zone: None });
        }
        let unknown = || OperatorError::Failed(format!("time zone {name} is not known"));
        Ok(WindowClock { zone: Some(Zone::parse(name).ok_or_else(unknown)?) })
    }

    /// Window time at an instant.
    pub(crate) fn to_window_ms(&self, instant_ms: i64) -> i64 {
        self.zone.as_ref().map_or(instant_ms, |zone| zone.to_local_ms(instant_ms))
    }

    /// The instant of a window time, the earlier one where there are two: the value of `window_time`.
    pub(crate) fn to_instant_ms(&self, window_ms: i64) -> i64 {
        self.zone.as_ref().map_or(window_ms, |zone| zone.to_instant_ms(window_ms))
    }

    /// The last instant of a window: the watermark that ends it. Where the clock is set back, the later of two instants.
    pub(crate) fn last_instant_ms(&self, window_end: i64) -> i64 {
        let last_ms = window_end.saturating_sub(1);
        let Some(zone) = &self.zone else { return last_ms };
        let first = zone.to_instant_ms(last_ms);
        let hour_later = zone.to_instant_ms(last_ms.saturating_add(HOUR_MS));
        if hour_later.saturating_sub(first) > HOUR_MS { first + HOUR_MS } else { first }
    }

    /// Whether the watermark has ended a window.
    pub(crate) fn is_over(&self, window_end: i64, watermark_ms: i64) -> bool {
        watermark_ms >= self.last_instant_ms(window_end)
    }

    /// A rowtime column in window time.
    pub(crate) fn column(&self, column: &ArrayRef) -> Result<Int64Array, OperatorError> {
        let times = milliseconds(column)?;
        match &self.zone {
            None => Ok(times),
            Some(zone) => Ok(times.unary(|instant_ms| zone.to_local_ms(instant_ms))),
        }
    }
}

/// A timestamp column of any precision in milliseconds.
///
/// # Errors
/// The column holds something else.
pub(crate) fn milliseconds(column: &ArrayRef) -> Result<Int64Array, OperatorError> {
    match column.data_type() {
        ArrowType::Timestamp(TimeUnit::Millisecond, _) => {
            Ok(column.as_primitive::<TimestampMillisecondType>().reinterpret_cast())
        }
        ArrowType::Timestamp(TimeUnit::Microsecond, _) => {
            Ok(column.as_primitive::<TimestampMicrosecondType>().unary(|value| value.div_euclid(1_000)))
        }
        ArrowType::Timestamp(TimeUnit::Nanosecond, _) => {
            Ok(column.as_primitive::<TimestampNanosecondType>().unary(|value| value.div_euclid(1_000_000)))
        }
        other => Err(OperatorError::Failed(format!("a time column is no timestamp but {other}"))),
    }
}

/// What Flink says of a row without a time.
pub(crate) const NULL_ROWTIME: &str = "RowTime field should not be null, please convert it to a non-null long value.";

/// A rowtime column in window time, none of it NULL.
///
/// # Errors
/// A row has no time.
pub(crate) fn rowtimes(clock: &WindowClock, column: &ArrayRef) -> Result<Int64Array, OperatorError> {
    if column.null_count() > 0 {
        return Err(OperatorError::Failed(NULL_ROWTIME.to_string()));
    }
    clock.column(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop() -> Slicing {
        let kind = WindowKind::Hop { slide_ms: 2, size_ms: 10, offset_ms: 0 };
        Slicing::new(&Window { kind, time: WindowTime::Proctime }).expect("slices")
    }

    #[test]
    fn windows_before_the_epoch_are_aligned() {
        assert_eq!(window_start_ms(-1, 0, 10), -10);
        assert_eq!(window_start_ms(3, 5, 10), -5);
        assert_eq!(window_start_ms(-8, -3, 10), -13);
    }

    #[test]
    fn slices_know_their_last_window() {
        assert_eq!(hop().slice_of(7), (6, 8));
        assert_eq!(hop().last_window_end(8), 16);
        let cumulate = Slicing::Cumulate { step_ms: 5, max_ms: 20, offset_ms: 0 };
        assert_eq!(cumulate.last_window_end(15), 20);
        assert_eq!(cumulate.last_window_end(20), 20);
        assert_eq!(cumulate.first_slice_end(20), 5);
        assert_eq!(cumulate.first_slice_end(25), 25);
    }

    #[test]
    fn a_window_that_ends_in_the_repeated_hour_ends_the_second_time() {
        let clock = WindowClock { zone: Zone::parse("America/Los_Angeles") };
        // 2021-11-07: at 02:00 the clock is set back to 01:00. The window that ends at 02:00 wall clock ends at 10:00 UTC.
        let two = 1_636_250_400_000;
        assert_eq!(clock.last_instant_ms(two), two + 8 * HOUR_MS - 1);
        assert_eq!(clock.last_instant_ms(two - HOUR_MS), two + 6 * HOUR_MS - 1);
    }
}
