//! Options of the execution of tables and SQL: `table.exec.*`. Keys, defaults and older keys are Flink's;
//! a test compares them with the catalogue.

use std::time::Duration;

use crate::memory::MemorySize;

flink_options! {
    /// The max number of async i/o operation that the async lookup join can trigger.
    ASYNC_LOOKUP_BUFFER_CAPACITY: i32 = "table.exec.async-lookup.buffer-capacity", "100";
    /// When true, async lookup joins would follow the upsert key order in cdc streams.
    ASYNC_LOOKUP_KEY_ORDERED_ENABLED: bool = "table.exec.async-lookup.key-ordered-enabled", "false";
    /// Output mode for asynchronous operations which will convert to {@see AsyncDataStream.OutputMode}, ORDERED by
    /// default.
    ASYNC_LOOKUP_OUTPUT_MODE: AsyncOutputMode = "table.exec.async-lookup.output-mode", "ORDERED";
    /// The async timeout for the asynchronous operation to complete.
    ASYNC_LOOKUP_TIMEOUT: Duration = "table.exec.async-lookup.timeout", "3 min";
    /// The max number of async retry attempts to make before task execution is failed.
    ASYNC_SCALAR_MAX_ATTEMPTS: i32 = "table.exec.async-scalar.max-attempts", "3";
    /// The max number of async i/o operation that the async scalar function can trigger.
    ASYNC_SCALAR_MAX_CONCURRENT_OPERATIONS: i32 = "table.exec.async-scalar.max-concurrent-operations", "10", "table.exec.async-scalar.buffer-capacity";
    /// The delay to wait before trying again.
    ASYNC_SCALAR_RETRY_DELAY: Duration = "table.exec.async-scalar.retry-delay", "100 ms";
    /// The async timeout for the asynchronous operation to complete.
    ASYNC_SCALAR_TIMEOUT: Duration = "table.exec.async-scalar.timeout", "3 min";
    /// Set whether the job (especially the sinks) is sensitive to INSERT messages and UPDATE_AFTER messages.
    DEDUPLICATE_INSERT_UPDATE_AFTER_SENSITIVE_ENABLED: bool = "table.exec.deduplicate.insert-update-after-sensitive-enabled", "true";
    /// Set whether to compact the changes sent downstream in row-time mini-batch.
    DEDUPLICATE_MINI_BATCH_COMPACT_CHANGES_ENABLED: bool = "table.exec.deduplicate.mini-batch.compact-changes-enabled", "false";
    /// Whether to enable the cache of delta join.
    DELTA_JOIN_CACHE_ENABLED: bool = "table.exec.delta-join.cache-enabled", "true";
    /// The cache size used to cache the lookup results of the left table in delta join.
    DELTA_JOIN_LEFT_CACHE_SIZE: i64 = "table.exec.delta-join.left.cache-size", "10000";
    /// The cache size used to cache the lookup results of the right table in delta join.
    DELTA_JOIN_RIGHT_CACHE_SIZE: i64 = "table.exec.delta-join.right.cache-size", "10000";
    /// Mainly for testing. A comma-separated list of operator names, each name represents a kind of disabled
    /// operator.
    DISABLED_OPERATORS: String = "table.exec.disabled-operators", none;
    /// If the collector collects more data than the threshold (default is 8M), an empty DynamicFilterEvent with a
    /// flag only will be sent to Coordinator, which could avoid exceeding the pekko limit and out-of-memory (see
    /// pekko.framesize).
    DYNAMIC_FILTERING_THRESHOLD: MemorySize = "table.exec.dynamic-filtering.threshold", "8 mb";
    /// Specifies a minimum time interval for how long cleanup unmatched records in the interval join operator.
    INTERVAL_JOIN_MIN_CLEANUP_INTERVAL: Duration = "table.exec.interval-join.min-cleanup-interval", "0 ms";
    /// Determines whether CAST will operate following the legacy behaviour or the new one that introduces various
    /// fixes and improvements.
    LEGACY_CAST_BEHAVIOUR: LegacyCastBehaviour = "table.exec.legacy-cast-behaviour", "DISABLED";
    /// The distinct value rate can be defined as the number of local aggregation results for the sampled data divided
    /// by the sampling threshold (see table.exec.local-hash-agg.adaptive.sampling-threshold).
    LOCAL_HASH_AGG_ADAPTIVE_DISTINCT_VALUE_RATE_THRESHOLD: f64 = "table.exec.local-hash-agg.adaptive.distinct-value-rate-threshold", "0.5";
    /// Whether to enable adaptive local hash aggregation.
    LOCAL_HASH_AGG_ADAPTIVE_ENABLED: bool = "table.exec.local-hash-agg.adaptive.enabled", "true";
    /// If adaptive local hash aggregation is enabled, this value defines how many records will be used as sampled
    /// data to calculate distinct value rate (see parameter.
    LOCAL_HASH_AGG_ADAPTIVE_SAMPLING_THRESHOLD: i64 = "table.exec.local-hash-agg.adaptive.sampling-threshold", "500000";
    /// The maximum latency can be used for MiniBatch to buffer input records.
    MINI_BATCH_ALLOW_LATENCY: Duration = "table.exec.mini-batch.allow-latency", "0 ms";
    /// Specifies whether to enable MiniBatch optimization.
    MINI_BATCH_ENABLED: bool = "table.exec.mini-batch.enabled", "false";
    /// The maximum number of input records can be buffered for MiniBatch.
    MINI_BATCH_SIZE: i64 = "table.exec.mini-batch.size", "-1";
    /// If true, multiple physical operators will be compiled into a single operator by planner which can improve the
    /// performance.
    OPERATOR_FUSION_CODEGEN_ENABLED: bool = "table.exec.operator-fusion-codegen.enabled", "false";
    /// Rank operators have a cache which caches partial state contents to reduce state access.
    RANK_TOPN_CACHE_SIZE: i64 = "table.exec.rank.topn-cache-size", "10000";
    /// Sets default parallelism for all operators (such as aggregate, join, filter) to run with parallel instances.
    RESOURCE_DEFAULT_PARALLELISM: i32 = "table.exec.resource.default-parallelism", "-1";
    /// Sets the external buffer memory size that is used in sort merge join and nested join and over window.
    RESOURCE_EXTERNAL_BUFFER_MEMORY: MemorySize = "table.exec.resource.external-buffer-memory", "10 mb";
    /// Sets the managed memory size of hash aggregate operator.
    RESOURCE_HASH_AGG_MEMORY: MemorySize = "table.exec.resource.hash-agg.memory", "128 mb";
    /// Sets the managed memory for hash join operator.
    RESOURCE_HASH_JOIN_MEMORY: MemorySize = "table.exec.resource.hash-join.memory", "128 mb";
    /// Sets the managed buffer memory size for sort operator.
    RESOURCE_SORT_MEMORY: MemorySize = "table.exec.resource.sort.memory", "128 mb";
    /// When it is true, the optimizer will simplify the operator name with id and type of ExecNode and keep detail in
    /// description.
    SIMPLIFY_OPERATOR_NAME_ENABLED: bool = "table.exec.simplify-operator-name-enabled", "true";
    /// In order to minimize the distributed disorder problem when writing data into table with primary keys that many
    /// users suffers.
    SINK_KEYED_SHUFFLE: SinkKeyedShuffle = "table.exec.sink.keyed-shuffle", "AUTO";
    /// Determines if constraints should be enforced for nested fields.
    SINK_NESTED_CONSTRAINT_ENFORCER: NestedConstraintEnforcer = "table.exec.sink.nested-constraint-enforcer", "IGNORE";
    /// Determines how Flink enforces NOT NULL column constraints when inserting null values.
    SINK_NOT_NULL_ENFORCER: NotNullEnforcer = "table.exec.sink.not-null-enforcer", "ERROR";
    /// When enabled, an error is thrown if the query's upsert key differs from the sink table's primary key and no ON
    /// CONFLICT clause is specified.
    SINK_REQUIRE_ON_CONFLICT: bool = "table.exec.sink.require-on-conflict", "true";
    /// Some sink implementations require a single rowtime attribute in the input that can be inserted into the
    /// underlying stream record.
    SINK_ROWTIME_INSERTER: RowtimeInserter = "table.exec.sink.rowtime-inserter", "ENABLED";
    /// Determines whether values for columns with
    /// CHAR(<length>)/VARCHAR(<length>)/BINARY(<length>)/VARBINARY(<length>) types will be trimmed or padded (only
    /// for CHAR(<length>)/BINARY(<length>)), so that their length will match the one defined by the length of their
    /// respective CHAR/VARCHAR/BINARY/VARBINARY column type.
    SINK_TYPE_LENGTH_ENFORCER: TypeLengthEnforcer = "table.exec.sink.type-length-enforcer", "IGNORE";
    /// Because of the disorder of ChangeLog data caused by Shuffle in distributed system, the data received by Sink
    /// may not be the order of global upsert.
    SINK_UPSERT_MATERIALIZE: UpsertMaterialize = "table.exec.sink.upsert-materialize", "AUTO";
    /// When using strategy=ADAPTIVE, defines the number of entries per key when the implementation is changed from
    /// VALUE to MAP.
    SINK_UPSERT_MATERIALIZE_STRATEGY_ADAPTIVE_THRESHOLD_HIGH: i64 = "table.exec.sink.upsert-materialize-strategy.adaptive.threshold.high", none;
    /// When using strategy=ADAPTIVE, defines the number of entries per key when the implementation is changed from
    /// MAP to VALUE.
    SINK_UPSERT_MATERIALIZE_STRATEGY_ADAPTIVE_THRESHOLD_LOW: i64 = "table.exec.sink.upsert-materialize-strategy.adaptive.threshold.low", none;
    /// Which strategy of SinkUpsertMaterializer to use.
    SINK_UPSERT_MATERIALIZE_STRATEGY_TYPE: UpsertMaterializeStrategy = "table.exec.sink.upsert-materialize-strategy.type", "LEGACY";
    /// Whether to asynchronously merge sorted spill files.
    SORT_ASYNC_MERGE_ENABLED: bool = "table.exec.sort.async-merge-enabled", "true";
    /// Default limit when user don't set a limit after order by.
    SORT_DEFAULT_LIMIT: i32 = "table.exec.sort.default-limit", "-1";
    /// The maximal fan-in for external merge sort.
    SORT_MAX_NUM_FILE_HANDLES: i32 = "table.exec.sort.max-num-file-handles", "128";
    /// Whether a stream may be sorted by other columns than time, at its end.
    SORT_NON_TEMPORAL_ENABLED: bool = "__table.exec.sort.non-temporal.enabled__", "false";
    /// Indicates whether the CDC (Change Data Capture) sources in the job will produce duplicate change events that
    /// requires the framework to deduplicate and get consistent result.
    SOURCE_CDC_EVENTS_DUPLICATE: bool = "table.exec.source.cdc-events-duplicate", "false";
    /// When a source do not receive any elements for the timeout time, it will be marked as temporarily idle.
    SOURCE_IDLE_TIMEOUT: Duration = "table.exec.source.idle-timeout", "0 ms";
    /// The memory size used to do compress when spilling data.
    SPILL_COMPRESSION_BLOCK_SIZE: MemorySize = "table.exec.spill-compression.block-size", "64 kb";
    /// Whether to compress spilled data.
    SPILL_COMPRESSION_ENABLED: bool = "table.exec.spill-compression.enabled", "true";
    /// Specifies a minimum time interval for how long idle state (i.e.
    STATE_TTL: Duration = "table.exec.state.ttl", "0 ms";
    /// Defines the format pattern for generating the UID of an ExecNode streaming transformation.
    UID_FORMAT: String = "table.exec.uid.format", "<id>_<transformation>";
    /// Which version of the unbounded over aggregation to use.
    UNBOUNDED_OVER_VERSION: i32 = "table.exec.unbounded-over.version", "2";
    /// Sets the window elements buffer size limit used in group window agg operator.
    WINDOW_AGG_BUFFER_SIZE_LIMIT: i32 = "table.exec.window-agg.buffer-size-limit", "100000";
}

crate::configuration_enum! {
    /// In which order asynchronous results go on.
    pub enum AsyncOutputMode {
        /// In the order of their input.
        Ordered = "ORDERED",
        /// As they arrive, where that changes no result.
        AllowUnordered = "ALLOW_UNORDERED",
    }
}

crate::configuration_enum! {
    /// Whether a failing CAST gives null.
    pub enum LegacyCastBehaviour {
        /// It gives null.
        Enabled = "ENABLED",
        /// It fails.
        Disabled = "DISABLED",
    }
}

crate::configuration_enum! {
    /// Whether rows are partitioned by the sink's primary key.
    pub enum SinkKeyedShuffle {
        /// Never.
        None = "NONE",
        /// Where the sink's parallelism or order needs it.
        Auto = "AUTO",
        /// Always.
        Force = "FORCE",
    }
}

crate::configuration_enum! {
    /// Whether constraints inside nested types are enforced.
    pub enum NestedConstraintEnforcer {
        /// Not at all.
        Ignore = "IGNORE",
        /// In rows.
        Rows = "ROWS",
        /// In rows, arrays, maps and multisets.
        RowsAndCollections = "ROWS_AND_COLLECTIONS",
    }
}

crate::configuration_enum! {
    /// What becomes of a null in a NOT NULL column of a sink.
    pub enum NotNullEnforcer {
        /// The job fails.
        Error = "ERROR",
        /// The row is dropped.
        Drop = "DROP",
    }
}

crate::configuration_enum! {
    /// Whether sinks receive the rows' event time.
    pub enum RowtimeInserter {
        /// They do.
        Enabled = "ENABLED",
        /// They don't.
        Disabled = "DISABLED",
    }
}

crate::configuration_enum! {
    /// What becomes of strings and bytes that don't fit their declared length.
    pub enum TypeLengthEnforcer {
        /// They pass unchanged.
        Ignore = "IGNORE",
        /// They are cut or padded.
        TrimPad = "TRIM_PAD",
        /// The job fails.
        Error = "ERROR",
    }
}

crate::configuration_enum! {
    /// Whether a materialisation operator stands before an upsert sink.
    pub enum UpsertMaterialize {
        /// Never.
        None = "NONE",
        /// Where the order of changes could be lost.
        Auto = "AUTO",
        /// Always.
        Force = "FORCE",
    }
}

crate::configuration_enum! {
    /// How the materialisation before an upsert sink keeps its rows.
    pub enum UpsertMaterializeStrategy {
        /// One list a key.
        Legacy = "LEGACY",
        /// One map a key.
        Map = "MAP",
        /// One value a row.
        Value = "VALUE",
        /// From a list to a map as it grows.
        Adaptive = "ADAPTIVE",
    }
}
