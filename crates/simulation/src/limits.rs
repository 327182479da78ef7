//! The bounds of this crate: each with its unit and the reason for its size.

/// Turns of all workers of one simulation, after which a wait fails: a job that never ends must not hang the tests.
/// At some microseconds a turn this is minutes.
pub const MAX_TURNS: u64 = 100_000_000;

/// Lines of the trace that are kept; all lines, kept or not, go into the hash. About 100 MB.
pub const MAX_TRACE_LINES: usize = 1_000_000;

/// Steps that may pass between the wake of a waiter and its look at its condition: the main thread is as late there
/// as threads are on a busy machine.
pub const MAX_WAITER_DELAY_STEPS: u64 = 4;

/// The least simulated time that a turn takes, in nanoseconds.
pub const MIN_TURN_NS: u64 = 1_000;

/// Doublings of [`MIN_TURN_NS`] that a turn may take: 1 µs to 1 ms, as real turns do, all magnitudes equally likely.
pub const TURN_DOUBLINGS: u64 = 10;

/// The least simulated time that a task of the I/O pool takes, in nanoseconds.
pub const MIN_IO_DELAY_NS: u64 = 10_000;

/// Doublings of [`MIN_IO_DELAY_NS`] that a task may take: 10 µs to 0.65 s, as disks and object stores do.
pub const IO_DELAY_DOUBLINGS: u64 = 16;

/// Calls of a faulty store after which a late effect has come at the latest.
pub const MAX_LATE_CALLS: u64 = 8;
