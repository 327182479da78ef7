//! Bounds of the runner.

/// Milliseconds that a job may take before it is cancelled and counts as failed: the cases have tens of rows.
pub const JOB_TIME_MAX_MS: u64 = 10_000;

/// Milliseconds between two looks at whether sources have given all their rows.
pub const READING_POLL_MS: u64 = 1;

/// Rows of a batch that the `values` source gives. One, so that watermarks and changes come as Flink's test sources give them.
pub const SOURCE_BATCH_ROWS: usize = 1;

/// Characters of a failure's explanation in the report.
pub const WHY_CHARACTERS_MAX: usize = 600;

/// Largest difference, relative to the result, between functions of a mathematics library and Java's: a few units in the last place.
pub const LIBRARY_MATH_TOLERANCE: f64 = 1e-14;

/// Seed of the simulated schedule; any other would do.
pub const SIMULATION_SEED: u64 = 1;

/// Turns of workers after which a case has hung: the cases take some thousands.
pub const SIMULATION_TURNS_MAX: u64 = 2_000_000;

/// Milliseconds of simulated time between a source's last row and a savepoint: those of a timer of the same instant have left.
pub const SETTLE_MS: u64 = 20;

/// The same where sources never end and windows of processing time have to close: longer than any of the programs' windows.
pub const SETTLE_WINDOWS_MS: u64 = 60_000;
