//! Named bounds of this crate, each with its unit and reason.

/// Nanoseconds after which a subtask's turn ends: short enough that its neighbours in the slot and its own timers are served in time.
pub const TURN_NS: u64 = 2_000_000;

/// Steps (one call of an operator, one poll of an input) after which a turn ends where time stands still, as it does in simulation.
pub const TURN_STEPS_MAX: usize = 64;

/// Calls of operators whose output a subtask sends without credit so that a barrier which overtakes can leave its chain: what one call of the first operator
/// brings about in the others takes a few; one that takes more (all timers of a later operator, say) waits for credit from there on.
pub const OVERDRAWN_STEPS_MAX: usize = 64;

/// Messages from subtasks that wait for the coordinator, per subtask: each has at most one request for a split, one snapshot, one report
/// of its end and two of failures under way.
pub const COORDINATOR_MESSAGES_PER_TASK: usize = 8;

/// Commands of clients that wait for the coordinator beyond those messages.
pub const COMMANDS_MAX: usize = 64;

/// Messages that wait for one subtask: answers to its one request, and triggers, of which one is under way at a time.
pub const TASK_MESSAGES_MAX: usize = 64;

/// Messages that the coordinator handles in one turn.
pub const COORDINATOR_TURN_MESSAGES: usize = 256;

/// Bytes of state up to which a piece lies in the metadata, where `execution.checkpointing.data-inline-threshold` is not set: its default.
pub const STATE_INLINE_BYTES: u64 = 20 * 1024;

/// Rows of a Values source's batch.
pub const VALUES_BATCH_ROWS: usize = flott_record::limits::BATCH_ROWS_MAX;

/// The version in front of a job snapshot's bytes.
pub const JOB_SNAPSHOT_VERSION: u32 = 1;
