//! Named bounds of this crate, each with its unit and reason.

/// Average bytes that an option may ask for a generated event: a full batch of such texts stays below the 2 GiB that 32-bit offsets reach.
pub const NEXMARK_EVENT_BYTES_MAX: i64 = 100_000;

/// Milliseconds that a paced generator sleeps at the least, so that it doesn't wake for every single row.
pub const PACE_STEP_MS: i64 = 10;

/// Bytes of printed lines that are collected before they go to the stream: few system calls, and no long silence.
pub const PRINT_BUFFER_BYTES: usize = 64 * 1024;
