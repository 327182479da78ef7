//! Named bounds of this crate, each with its unit and reason.

/// Bytes that one record may have: what is longer is a damaged file (a quote or brace that is never closed), and would otherwise be
/// collected in memory up to the end of the file.
pub const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of input after which a batch is closed although it has room for rows: keeps batches of long rows in bounds, and texts within
/// the 2 GiB that 32-bit offsets reach.
pub const BATCH_INPUT_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Bytes of a bad record that are shown in its error: enough to recognise it, and a log line stays readable.
pub const SHOWN_RECORD_BYTES: usize = 200;

/// Levels of nesting in a JSON value that nobody reads or that is kept as text: Jackson's bound, and far from the end of the stack.
pub const JSON_DEPTH_MAX: usize = 1_000;
