//! The bounds of this crate: each with its unit and the reason for its size.

/// Metrics a registry holds. A task has about 60 and an operator about 20, so this is some thousand subtasks in one
/// process; more is a leak or a label with unbounded values, which must not take the process's memory.
pub const MAX_METRICS: usize = 100_000;

/// Bits of precision within each power of two of a histogram: 32 steps, so a quantile is at most 3 % off, and a whole
/// histogram takes at most 15 KiB.
pub const HISTOGRAM_PRECISION_BITS: u32 = 5;

/// Milliseconds between two samples of a rate, as in Flink.
pub const SAMPLE_INTERVAL_MS: i64 = 5_000;

/// Milliseconds over which a rate of records or bytes is taken, as in Flink.
pub const RATE_WINDOW_MS: i64 = 60_000;

/// Characters of an operator's name that its scope shows, as in Flink: longer ones are cut.
pub const MAX_OPERATOR_NAME_CHARS: usize = 80;
