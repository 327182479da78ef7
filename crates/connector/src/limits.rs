//! Named bounds of this crate, each with its unit and reason.

/// Average bytes that an option may ask for a generated event: a full batch of such texts stays below the 2 GiB that 32-bit offsets reach.
pub const NEXMARK_EVENT_BYTES_MAX: i64 = 100_000;

/// Milliseconds that a paced generator sleeps at the least, so that it doesn't wake for every single row.
pub const PACE_STEP_MS: i64 = 10;

/// Bytes of printed lines that are collected before they go to the stream: few system calls, and no long silence.
pub const PRINT_BUFFER_BYTES: usize = 64 * 1024;

/// Bytes that are read off a file at once: few system calls, and a chunk with the batch made of it stays within the cache.
pub const READ_CHUNK_BYTES: usize = 256 * 1024;

/// Chunks that are read in one turn at the most before others on the thread have theirs, where a file gives no rows (comments, bad records).
pub const POLL_CHUNKS_MAX: usize = 256;

/// Folders within folders that are searched for files: deeper ones are a link that leads back up.
pub const FOLDER_DEPTH_MAX: usize = 64;

/// Bytes of bad records that are collected before they are written.
pub const DEAD_LETTER_BUFFER_BYTES: usize = 64 * 1024;

/// Bytes of encoded rows that are collected before they are written to a part file.
pub const WRITE_BUFFER_BYTES: usize = 256 * 1024;

/// Partitions that one writer has open at a time: each holds a file and a buffer. The one without rows for the longest time is ended first.
pub const OPEN_PARTITIONS_MAX: usize = 128;

/// Characters or bytes that a generated value has at the most: a full batch of them stays below the 2 GiB that 32-bit offsets reach.
pub const DATAGEN_LENGTH_MAX: i64 = 100_000;

/// Elements that a generated collection has at the most, for the same reason.
pub const DATAGEN_ELEMENTS_MAX: i64 = 1_000;

/// Bytes of an upload's parts, but the last: large enough that a request's own cost doesn't count, and for every store.
pub const UPLOAD_PART_BYTES: usize = 8 * 1024 * 1024;

/// Parts of one upload that are under way or wait for it; then its writer takes no more rows.
pub const UPLOAD_PARTS_IN_FLIGHT: usize = 4;

/// Bytes that one writer's open part files hold back together until they are enough for a part of an upload.
pub const UPLOAD_BUFFERED_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Times that a store is asked before the job fails: one bad answer must not restart a job, and an outage must not hang it.
pub const STORE_ATTEMPTS: u32 = 3;
