//! Named bounds of this crate, each with its unit and reason.

/// Rows that one call of an operator emits before it yields (checked at row boundaries of its input), so that a join's fan-out or a mass of
/// timers cannot fill memory while the consumer waits for its turn.
pub const OUTPUT_ROWS_PER_STEP_MAX: usize = 16_384;
