//! The bounds of this crate: each with its unit and the reason for its size.

/// Milliseconds a real worker or waiter parks at most before it compares its wake-up time with the wall clock again.
/// Wakes are never lost, so this bounds only how late a timer may be after somebody sets the wall clock forward.
pub const MAX_PARK_MS: i64 = 1_000;

/// Bytes of an OS thread's stack. Operators recurse only over expression trees, but a debug build's frames are large.
pub const WORKER_STACK_BYTES: usize = 8 * 1024 * 1024;

/// Threads of the I/O pool. They wait for disks and object stores most of the time, so there are more of them than cores; enough to keep
/// several uploads under way, few enough that a slow store is not flooded.
pub const IO_THREADS: usize = 8;

/// Tasks that wait for a thread of the I/O pool; each holds an object to be written at most. Who finds the queue full waits for its wake.
pub const IO_QUEUE_TASKS: usize = 1_024;

/// Bytes of the buffer through which [`crate::Disk::read`] reads a whole file at first; it grows with the file.
pub const READ_BUFFER_BYTES: usize = 64 * 1024;

/// Folders within folders that a local store lists: names have far fewer segments, deeper ones are a link that leads back up.
pub const STORE_FOLDER_DEPTH_MAX: usize = 64;

/// Times that a local store makes a folder anew which somebody removes, as it is empty, before the object is in it.
pub const STORE_FOLDER_RETRIES: usize = 16;
