//! Named bounds of this crate, each with its unit and reason.

/// Rows that a source or operator puts into one batch at the most: large enough that work per batch (dispatch,
/// hashing, allocation) is amortised, small enough that a batch of wide rows stays within the L2 cache.
pub const BATCH_ROWS_MAX: usize = 8_192;

/// Key groups a job may have at the most, as in Flink (`pipeline.max-parallelism`).
pub const KEY_GROUPS_MAX: u32 = 32_768;

/// Key groups of a job that does not say otherwise and has at most 85 subtasks (Flink's lower bound).
pub const KEY_GROUPS_DEFAULT: u32 = 128;
