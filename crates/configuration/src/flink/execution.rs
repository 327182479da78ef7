//! Options of a job's execution: `execution.*`, `parallelism.*`. Keys, defaults and older keys are Flink's;
//! a test compares them with the catalogue.

use std::time::Duration;

flink_options! {
    /// Specifies if the pipeline is submitted in attached or detached mode.
    ATTACHED: bool = "execution.attached", "false";
    /// A flag to enable or disable batch runtime specific state backend and timer service for keyed operators.
    BATCH_STATE_BACKEND_ENABLED: bool = "execution.batch-state-backend.enabled", "true";
    /// If disabled, the config execution.buffer-timeout.interval will not take effect and the flushing will be
    /// triggered only when the output buffer is full thus maximizing throughput.
    BUFFER_TIMEOUT_ENABLED: bool = "execution.buffer-timeout.enabled", "true";
    /// The maximum time frequency (milliseconds) for the flushing of the output buffers.
    BUFFER_TIMEOUT_INTERVAL: Duration = "execution.buffer-timeout.interval", "100 ms", "execution.buffer-timeout";
    /// Runtime execution mode of DataStream programs.
    RUNTIME_MODE: RuntimeMode = "execution.runtime-mode", "STREAMING";
    /// A flag to enable or disable sorting inputs of keyed operators.
    SORTED_INPUTS_ENABLED: bool = "execution.sorted-inputs.enabled", "true";
    /// Describes the mode how Flink should restore from the given savepoint or retained checkpoint.
    STATE_RECOVERY_CLAIM_MODE: ClaimMode = "execution.state-recovery.claim-mode", "NO_CLAIM", "execution.savepoint-restore-mode";
    /// Allow to skip savepoint state that cannot be restored.
    STATE_RECOVERY_IGNORE_UNCLAIMED_STATE: bool = "execution.state-recovery.ignore-unclaimed-state", "false", "execution.savepoint.ignore-unclaimed-state";
    /// Path to a savepoint to restore the job from (for example hdfs:///flink/savepoint-1537).
    STATE_RECOVERY_PATH: String = "execution.state-recovery.path", none, "execution.savepoint.path";
    /// The deployment target for the execution.
    TARGET: String = "execution.target", none;
    /// Default parallelism for jobs.
    PARALLELISM_DEFAULT: i32 = "parallelism.default", "1";
}

crate::configuration_enum! {
    /// How a job treats time and changes.
    pub enum RuntimeMode {
        /// Results appear as rows arrive, with changes.
        Streaming = "STREAMING",
        /// Bounded input, final results only.
        Batch = "BATCH",
        /// Batch where all sources are bounded, else streaming.
        Automatic = "AUTOMATIC",
    }
}

crate::configuration_enum! {
    /// Who owns the snapshot that a job is restored from.
    pub enum ClaimMode {
        /// The job, which deletes it when it is no longer needed.
        Claim = "CLAIM",
        /// The user; the job's first checkpoint doesn't refer to it.
        NoClaim = "NO_CLAIM",
        /// The user, although later checkpoints may refer to it.
        Legacy = "LEGACY",
    }
}
