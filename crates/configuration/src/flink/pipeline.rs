//! Options of a pipeline: `pipeline.*`. Keys, defaults and older keys are Flink's;
//! a test compares them with the catalogue.

use std::collections::BTreeMap;
use std::time::Duration;

flink_options! {
    /// When auto-generated UIDs are disabled, users are forced to manually specify UIDs on DataStream applications.It
    /// is highly recommended that users specify UIDs before deploying to production since they are used to match
    /// state in savepoints to operators in a job.
    AUTO_GENERATE_UIDS: bool = "pipeline.auto-generate-uids", "true";
    /// The interval of the automatic watermark emission.
    AUTO_WATERMARK_INTERVAL: Duration = "pipeline.auto-watermark-interval", "200 ms";
    /// Register a custom, serializable user configuration object.
    GLOBAL_JOB_PARAMETERS: BTreeMap<String, String> = "pipeline.global-job-parameters", none;
    /// A parallelism override map (jobVertexId -> parallelism) which will be used to update the parallelism of the
    /// corresponding job vertices of submitted JobGraphs.
    JOBVERTEX_PARALLELISM_OVERRIDES: BTreeMap<String, String> = "pipeline.jobvertex-parallelism-overrides", "";
    /// The program-wide maximum parallelism used for operators which haven't specified a maximum parallelism.
    MAX_PARALLELISM: i32 = "pipeline.max-parallelism", "-1";
    /// The job name used for printing and logging.
    NAME: String = "pipeline.name", none;
    /// When enabled objects that Flink internally uses for deserialization and passing data to user-code functions
    /// will be reused.
    OBJECT_REUSE: bool = "pipeline.object-reuse", "false";
    /// Operators with different max parallelism can be chained together.
    OPERATOR_CHAINING_CHAIN_OPERATORS_WITH_DIFFERENT_MAX_PARALLELISM: bool = "pipeline.operator-chaining.chain-operators-with-different-max-parallelism", "true";
    /// Operator chaining allows non-shuffle operations to be co-located in the same thread fully avoiding
    /// serialization and de-serialization.
    OPERATOR_CHAINING_ENABLED: bool = "pipeline.operator-chaining.enabled", "true", "pipeline.operator-chaining";
    /// Don't pull any data from sources until the first checkpoint is triggered.
    SOURCES_PAUSE_UNTIL_FIRST_CHECKPOINT: bool = "pipeline.sources.pause-until-first-checkpoint", "false";
    /// Whether name of vertex includes topological index or not.
    VERTEX_NAME_INCLUDE_INDEX_PREFIX: bool = "pipeline.vertex-name-include-index-prefix", "false";
    /// If watermark alignment is used, sources with multiple splits will attempt to pause/resume split readers to
    /// avoid watermark drift of source splits.
    WATERMARK_ALIGNMENT_ALLOW_UNALIGNED_SOURCE_SPLITS: bool = "pipeline.watermark-alignment.allow-unaligned-source-splits", "false";
    /// Controls size of the ring buffer used to smooth out watermark alignment due to the inherent latency of the
    /// alignment process.
    WATERMARK_ALIGNMENT_BUFFER_SIZE: i32 = "pipeline.watermark-alignment.buffer-size", "3";
}
