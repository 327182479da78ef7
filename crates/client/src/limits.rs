//! Named bounds of this crate, each with its unit and reason.

/// Bytes of results that wait for the client before the job is held back: some batches, so that job and client overlap, while a client
/// that reads a page and pauses costs little.
pub const COLLECT_BYTES_MAX: usize = 4 * 1024 * 1024;
