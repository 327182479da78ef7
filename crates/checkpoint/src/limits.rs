//! Named bounds of this crate, each with its unit and reason.

/// Bytes of one name in metadata (uid, state, object, type): longer ones are damage. A type's text is the longest of them.
pub const TEXT_BYTES_MAX: u64 = 1 << 20;

/// Requests for checkpoints that wait for those under way; a further one is declined.
pub const REQUESTS_WAITING_MAX: usize = 4;

/// Milliseconds until a store that could not be read is asked again what became of a write.
pub const READ_AGAIN_MS: u64 = 500;

/// Milliseconds for which the end of a job waits for a store to say whether the pointer has moved: a checkpoint that is left unclear costs no
/// data, as whoever goes on reads the pointer first.
pub const ENDING_WAIT_MS: u64 = 30_000;

/// Milliseconds for which the files of a checkpoint that is no longer retained are kept after the pointer has moved: readers that found the
/// pointer before have that long to open them.
pub const DELETION_GRACE_MS: u64 = 5_000;

/// Times that a data object is written under a new name after an answer that leaves open whether it was.
pub const PUT_ATTEMPTS_MAX: u32 = 3;

/// Times that moving the pointer goes on behind a pointer of its own that appeared late.
pub const POINTER_ATTEMPTS_MAX: u32 = 16;

/// The version of metadata that is written, and the only one that is read.
pub const METADATA_VERSION: u32 = 1;

/// The version of pointers that is written, and the only one that is read.
pub const POINTER_VERSION: u32 = 1;

/// Checkpoints whose barriers are counted side by side in at-least-once mode; the oldest is given up beyond it. As many as Flink counts.
pub const AT_LEAST_ONCE_CHECKPOINTS_MAX: usize = 50;

/// Milliseconds after a checkpoint's trigger from which its barriers overtake rows, where the user says nothing: a job that keeps up aligns
/// long before, one under back-pressure completes its checkpoints nevertheless.
pub const ALIGNED_TIMEOUT_MS_DEFAULT: i64 = 30_000;

/// Milliseconds for which the sweeper leaves alone what nobody needs: longer than a write takes whose answer was lost.
pub const SWEEP_GRACE_MS: u64 = 600_000;

/// Complete checkpoints from one sweep to the next: a sweep lists all objects of the job.
pub const CHECKPOINTS_PER_SWEEP: u64 = 100;
