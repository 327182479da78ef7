//! Named bounds of this crate, each with its unit and reason.

/// Threads of the runtime that drives requests: they wait for sockets and sign requests; the callers' threads do the rest.
pub const RUNTIME_THREADS: usize = 2;

/// Milliseconds until a connection is given up: a store that is there answers within a fraction of it.
pub const CONNECT_TIMEOUT_MS: u64 = 5_000;

/// Milliseconds until a request is given up, its body included: an object of 100 MB at 2 MB/s.
pub const REQUEST_TIMEOUT_MS: u64 = 60_000;

/// Times that a read is tried again after a failure of server or network.
pub const READ_RETRIES: usize = 4;

/// Milliseconds in which reads are tried again.
pub const READ_RETRY_MS: u64 = 90_000;

/// Times that a write is sent which was surely not done: the store asked to slow down, or could not be reached.
pub const WRITE_ATTEMPTS: u32 = 4;

/// Milliseconds before a write is sent again; doubled each time.
pub const WRITE_BACKOFF_MS: u64 = 200;

/// Characters of a store's own words in an error message.
pub const REASON_CHARS_MAX: usize = 400;

/// The least bytes of a part that is not the last, as S3 wants it.
pub const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// Plain bytes of one encrypted chunk: the least that a range costs to read, while tags add 16 bytes to each.
pub const ENCRYPTED_CHUNK_BYTES: usize = 64 * 1024;

/// Headers of encrypted objects that are remembered, so that reading ranges of them costs one request each; about 300 bytes apiece.
pub const KNOWN_HEADERS_MAX: usize = 1_024;
