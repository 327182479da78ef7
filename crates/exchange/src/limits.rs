//! Named bounds of this crate, each with its unit and reason.

/// Bytes that all channels of one subtask's input hold together: some full batches each, so that producer and consumer overlap, while a
/// machine with many subtasks stays within tens of megabytes.
pub const GATE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes that one channel holds at the least, however many share a gate: less than a batch would make every hand-over a wait.
pub const CHANNEL_BYTES_MIN: usize = 128 * 1024;

/// Rows from which a piece of a batch travels alone. Smaller ones are joined to amortise the work per batch; joining larger ones would
/// cost more in copying than it saves.
pub const COALESCE_ROWS_MIN: usize = 1_024;

/// Bytes of pieces that wait in one target of an output: they are flushed beyond it, however few their rows, since wide rows would hold
/// memory that no channel accounts for.
pub const COALESCE_BYTES_MAX: usize = 256 * 1024;

/// Bytes that one of `channels` channels of a gate may hold.
pub fn channel_bytes(channels: usize) -> usize {
    (GATE_BYTES / channels.max(1)).max(CHANNEL_BYTES_MIN)
}
