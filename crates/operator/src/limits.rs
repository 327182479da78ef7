//! Named bounds of this crate, each with its unit and reason.

/// Rows that one call of an operator emits before it yields (checked at row boundaries of its input), so that a join's fan-out or a mass of
/// timers cannot fill memory while the consumer waits for its turn.
pub const OUTPUT_ROWS_PER_STEP_MAX: usize = 16_384;

/// Rows of a batch that a stateful operator encodes at a time: large enough to work by columns, small enough that little is encoded
/// again after a yield.
pub const ROWS_PER_CHUNK: usize = 1_024;

/// Pairs of rows that a join decodes, tests and emits at a time (checked at row boundaries of its input): the columns of as many wide rows
/// stay within the L2 cache.
pub const JOIN_CANDIDATES_PER_STEP: usize = 4_096;

/// Keys that an operator with expiring state looks at in each batch, beside one for each row, so that expired state goes away
/// without a pause.
pub const EXPIRY_SWEEP_KEYS_MIN: usize = 64;

/// Groups (keys of slices) of which a local window aggregation holds partial states before it sends them all: as many as fit into
/// a few megabytes, so that the phase stays in the cache while most rows of a key still meet.
pub const LOCAL_GROUPS_MAX: usize = 32_768;

/// Rows of a frame, on average of a partition, that are accumulated anew for each row rather than taken out of and brought into one
/// accumulator: sums of floats are then exactly those of the frame's rows, and the cost stays within a small multiple.
pub const OVER_FRAME_ROWS_ANEW: usize = 64;

/// States of one row pattern, which its counted quantifiers multiply: as many as keep an operator's tables within some megabytes.
pub const PATTERN_STATES_MAX: usize = 10_000;

/// Ways from states of one row pattern to the variables that may come next, in all.
pub const PATTERN_STEPS_MAX: usize = 1_000_000;

/// Partial matches of one key of a row pattern. Each row has to be compared with all of them, so that a pattern that collects more
/// (it lacks WITHIN, or its conditions hold for nearly every row) has come to a standstill long before.
pub const PARTIAL_MATCHES_PER_KEY_MAX: usize = 1_000_000;
