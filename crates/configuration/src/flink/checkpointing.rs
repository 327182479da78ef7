//! Options of checkpoints: `execution.checkpointing.*`. Keys, defaults and older keys are Flink's;
//! a test compares them with the catalogue.

use std::time::Duration;

use crate::memory::MemorySize;

flink_options! {
    /// Only relevant if execution.checkpointing.unaligned.enabled is enabled.If timeout is 0, checkpoints will always
    /// start unaligned.If timeout has a positive value, checkpoints will start aligned.
    ALIGNED_CHECKPOINT_TIMEOUT: Duration = "execution.checkpointing.aligned-checkpoint-timeout", "0 ms", "execution.checkpointing.alignment-timeout";
    /// Feature toggle for enabling checkpointing even if some of tasks have finished.
    CHECKPOINTS_AFTER_TASKS_FINISH: bool = "execution.checkpointing.checkpoints-after-tasks-finish", "true", "execution.checkpointing.checkpoints-after-tasks-finish.enabled";
    /// Option whether to discard a checkpoint's states in parallel using the ExecutorService passed into the cleaner.
    CLEANER_PARALLEL_MODE: bool = "execution.checkpointing.cleaner.parallel-mode", "true", "state.checkpoint.cleaner.parallel-mode";
    /// Whether to create sub-directories named by job id under the 'execution.checkpointing.dir' to store the data
    /// files and meta data of checkpoints.
    CREATE_SUBDIR: bool = "execution.checkpointing.create-subdir", "true", "state.checkpoints.create-subdir";
    /// The minimum size of state data files.
    DATA_INLINE_THRESHOLD: MemorySize = "execution.checkpointing.data-inline-threshold", "20 kb", "state.storage.fs.memory-threshold", "state.backend.fs.memory-threshold";
    /// The default directory used for storing the data files and meta data of checkpoints in a Flink supported
    /// filesystem.
    DIR: String = "execution.checkpointing.dir", none, "state.checkpoints.dir", "state.backend.fs.checkpointdir";
    /// Whether to enable checkpointing during recovery from an unaligned checkpoint.
    DURING_RECOVERY_ENABLED: bool = "execution.checkpointing.during-recovery.enabled", "false";
    /// Externalized checkpoints write their meta data out to persistent storage and are not automatically cleaned up
    /// when the owning job fails or is suspended (terminating with job status JobStatus#FAILED or
    /// JobStatus#SUSPENDED).
    EXTERNALIZED_CHECKPOINT_RETENTION: CheckpointRetention = "execution.checkpointing.externalized-checkpoint-retention", "NO_EXTERNALIZED_CHECKPOINTS";
    /// Option whether to create incremental checkpoints, if possible.
    INCREMENTAL: bool = "execution.checkpointing.incremental", "false", "state.backend.incremental";
    /// Gets the interval in which checkpoints are periodically scheduled.This setting defines the base interval.
    INTERVAL: Duration = "execution.checkpointing.interval", none;
    /// If it is not null and any source reports isProcessingBacklog=true, it is the interval in which checkpoints are
    /// periodically scheduled.Checkpoint triggering may be delayed by the settings execution.checkpointing.max-
    /// concurrent-checkpoints and execution.checkpointing.min-pause.Note.
    INTERVAL_DURING_BACKLOG: Duration = "execution.checkpointing.interval-during-backlog", none;
    /// The config parameter defining the root directories for storing file-based state for local recovery.
    LOCAL_BACKUP_DIRS: String = "execution.checkpointing.local-backup.dirs", none, "taskmanager.state.local.root-dirs";
    /// This option configures local backup for the state backend, which indicates whether to make backup checkpoint
    /// on local disk.
    LOCAL_BACKUP_ENABLED: bool = "execution.checkpointing.local-backup.enabled", "false", "execution.state-recovery.from-local", "state.backend.local-recovery";
    /// The maximum number of checkpoint attempts that may be in progress at the same time.
    MAX_CONCURRENT_CHECKPOINTS: i32 = "execution.checkpointing.max-concurrent-checkpoints", "1";
    /// The minimal pause between checkpointing attempts.
    MIN_PAUSE: Duration = "execution.checkpointing.min-pause", "0 ms";
    /// The checkpointing mode (exactly-once vs.
    MODE: CheckpointingMode = "execution.checkpointing.mode", "EXACTLY_ONCE";
    /// The maximum number of completed checkpoints to retain.
    NUM_RETAINED: i32 = "execution.checkpointing.num-retained", "1", "state.checkpoints.num-retained";
    /// The default directory for savepoints.
    SAVEPOINT_DIR: String = "execution.checkpointing.savepoint-dir", none, "state.savepoints.dir", "savepoints.state.backend.fs.dir";
    /// Tells if we should use compression for the state snapshot data or not.
    SNAPSHOT_COMPRESSION: bool = "execution.checkpointing.snapshot-compression", "false";
    /// The checkpoint storage implementation to be used to checkpoint state.The implementation can be specified
    /// either via their shortcut name, or via the class name of a CheckpointStorageFactory.
    STORAGE: String = "execution.checkpointing.storage", none, "state.checkpoint-storage";
    /// The maximum time that a checkpoint may take before being discarded.
    TIMEOUT: Duration = "execution.checkpointing.timeout", "10 min";
    /// The tolerable checkpoint consecutive failure number.
    TOLERABLE_FAILED_CHECKPOINTS: i32 = "execution.checkpointing.tolerable-failed-checkpoints", "0";
    /// Enables unaligned checkpoints, which greatly reduce checkpointing times under backpressure.Unaligned
    /// checkpoints contain data stored in buffers as part of the checkpoint state, which allows checkpoint barriers
    /// to overtake these buffers.
    UNALIGNED_ENABLED: bool = "execution.checkpointing.unaligned.enabled", "false", "execution.checkpointing.unaligned";
    /// Forces unaligned checkpoints, particularly allowing them for iterative jobs.
    UNALIGNED_FORCED: bool = "execution.checkpointing.unaligned.forced", "false";
    /// Allows unaligned checkpoints to skip timers that are currently being fired.
    UNALIGNED_INTERRUPTIBLE_TIMERS_ENABLED: bool = "execution.checkpointing.unaligned.interruptible-timers.enabled", "false";
    /// Defines the maximum number of subtasks that share the same channel state file.
    UNALIGNED_MAX_SUBTASKS_PER_CHANNEL_STATE_FILE: i32 = "execution.checkpointing.unaligned.max-subtasks-per-channel-state-file", "5";
    /// Whether recovering output buffers of upstream task on downstream task directly when job restores from the
    /// unaligned checkpoint.
    UNALIGNED_RECOVER_OUTPUT_ON_DOWNSTREAM_ENABLED: bool = "execution.checkpointing.unaligned.recover-output-on-downstream.enabled", "false";
    /// The default size of the write buffer for the checkpoint streams that write to file systems.
    WRITE_BUFFER_SIZE: i32 = "execution.checkpointing.write-buffer-size", "4096", "state.storage.fs.write-buffer-size", "state.backend.fs.write-buffer-size";
}

crate::configuration_enum! {
    /// What becomes of a cancelled job's checkpoints.
    pub enum CheckpointRetention {
        /// They are deleted.
        DeleteOnCancellation = "DELETE_ON_CANCELLATION",
        /// They are kept.
        RetainOnCancellation = "RETAIN_ON_CANCELLATION",
        /// They are not meant to outlive the job.
        NoExternalizedCheckpoints = "NO_EXTERNALIZED_CHECKPOINTS",
    }
}

crate::configuration_enum! {
    /// What a checkpoint guarantees.
    pub enum CheckpointingMode {
        /// Each record counts once.
        ExactlyOnce = "EXACTLY_ONCE",
        /// Each record counts at least once; barriers are not aligned.
        AtLeastOnce = "AT_LEAST_ONCE",
    }
}
