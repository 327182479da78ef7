//! Options of tables and SQL: `table.*`. Keys, defaults and older keys are Flink's;
//! a test compares them with the catalogue.

flink_options! {
    /// The name of the initial catalog to be created when instantiating a TableEnvironment.
    BUILTIN_CATALOG_NAME: String = "table.builtin-catalog-name", "default_catalog";
    /// The name of the default database in the initial catalog to be created when instantiating TableEnvironment.
    BUILTIN_DATABASE_NAME: String = "table.builtin-database-name", "default_database";
    /// Configures the default expansion behavior of 'SELECT *'.
    COLUMN_EXPANSION_STRATEGY: Vec<String> = "table.column-expansion-strategy", "";
    /// When printing the query results to the client console, this parameter determines the number of characters
    /// shown on screen before truncating.
    DISPLAY_MAX_COLUMN_WIDTH: i32 = "table.display.max-column-width", "30";
    /// Specifies if the DML job (i.e.
    DML_SYNC: bool = "table.dml-sync", "false";
    /// Enable or disable the OPTIONS hint used to specify table options dynamically, if disabled, an exception would
    /// be thrown if any OPTIONS hint is specified.
    DYNAMIC_TABLE_OPTIONS_ENABLED: bool = "table.dynamic-table-options.enabled", "true";
    /// Before Flink 2.2, row types defined in SQL e.g.
    LEGACY_NESTED_ROW_NULLABILITY: bool = "table.legacy-nested-row-nullability", "false";
    /// The local time zone defines current session time zone id.
    LOCAL_TIME_ZONE: String = "table.local-time-zone", "default";
    /// Strategy for aggregate phase.
    OPTIMIZER_AGG_PHASE_STRATEGY: AggregatePhaseStrategy = "table.optimizer.agg-phase-strategy", "AUTO";
    /// The maximum number of joined nodes allowed in the bushy join reorder algorithm, otherwise the left-deep join
    /// reorder algorithm will be used.
    OPTIMIZER_BUSHY_JOIN_REORDER_THRESHOLD: i32 = "table.optimizer.bushy-join-reorder-threshold", "12";
    /// Configure the number of buckets when splitting distinct aggregation.
    OPTIMIZER_DISTINCT_AGG_SPLIT_BUCKET_NUM: i32 = "table.optimizer.distinct-agg.split.bucket-num", "1024";
    /// Tells the optimizer whether to split distinct aggregation (e.g.
    OPTIMIZER_DISTINCT_AGG_SPLIT_ENABLED: bool = "table.optimizer.distinct-agg.split.enabled", "false";
    /// When both local aggregation and distinct aggregation splitting are enabled, a distinct aggregation will be
    /// optimized into four aggregations, i.e., local-agg1, global-agg1, local-agg2, and global-agg2.
    OPTIMIZER_INCREMENTAL_AGG_ENABLED: bool = "table.optimizer.incremental-agg-enabled", "true";
    /// Enables join reorder in optimizer.
    OPTIMIZER_JOIN_REORDER_ENABLED: bool = "table.optimizer.join-reorder-enabled", "false";
    /// Enables a multi-way join operator for a chain of streaming joins.
    OPTIMIZER_MULTI_JOIN_ENABLED: bool = "table.optimizer.multi-join.enabled", "false";
    /// When it is true, the optimizer will merge the operators with pipelined shuffling into a multiple input
    /// operator to reduce shuffling and improve performance.
    OPTIMIZER_MULTIPLE_INPUT_ENABLED: bool = "table.optimizer.multiple-input-enabled", "true";
    /// When it is `TRY_RESOLVE`, the optimizer tries to resolve the correctness issue caused by 'Non-Deterministic
    /// Updates' (NDU) in a changelog pipeline.
    OPTIMIZER_NON_DETERMINISTIC_UPDATE_STRATEGY: NonDeterministicUpdateStrategy = "table.optimizer.non-deterministic-update.strategy", "IGNORE";
    /// When it is true, the optimizer will try to find out duplicated table sinks and reuse them.
    OPTIMIZER_REUSE_SINK_ENABLED: bool = "table.optimizer.reuse-sink-enabled", "true";
    /// When it is true, the optimizer will try to find out duplicated table sources and reuse them.
    OPTIMIZER_REUSE_SOURCE_ENABLED: bool = "table.optimizer.reuse-source-enabled", "true";
    /// When it is true, the optimizer will try to find out duplicated sub-plans and reuse them.
    OPTIMIZER_REUSE_SUB_PLAN_ENABLED: bool = "table.optimizer.reuse-sub-plan-enabled", "true";
    /// When it is true, the optimizer will collect and use the statistics from source connectors if the source
    /// extends from SupportsStatisticReport and the statistics from catalog is UNKNOWN.Default value is true.
    OPTIMIZER_SOURCE_REPORT_STATISTICS_ENABLED: bool = "table.optimizer.source.report-statistics-enabled", "true";
    /// If set to true, it will merge projects when converting SqlNode to RelNode.Note.
    OPTIMIZER_SQL2REL_PROJECT_MERGE_ENABLED: bool = "table.optimizer.sql2rel.project-merge.enabled", "false";
    /// When true, the optimizer will breakup the graph at union-all node when it's a breakpoint.
    OPTIMIZER_UNION_ALL_AS_BREAKPOINT_ENABLED: bool = "table.optimizer.union-all-as-breakpoint-enabled", "true";
    /// When false COMPILE PLAN statement will fail if the output plan file is already existing, unless the clause IF
    /// NOT EXISTS is used.
    PLAN_FORCE_RECOMPILE: bool = "table.plan.force-recompile", "false";
    /// Specifies if the CREATE TABLE/REPLACE TABLE/CREATE OR REPLACE AS SELECT statement is executed atomically.
    RTAS_CTAS_ATOMICITY_ENABLED: bool = "table.rtas-ctas.atomicity-enabled", "false";
    /// The SQL dialect defines how to parse a SQL query.
    SQL_DIALECT: String = "table.sql-dialect", "default";
}

crate::configuration_enum! {
    /// Whether aggregates are computed in one phase or two.
    pub enum AggregatePhaseStrategy {
        /// The planner decides.
        Auto = "AUTO",
        /// Only after the exchange.
        OnePhase = "ONE_PHASE",
        /// Before and after the exchange.
        TwoPhase = "TWO_PHASE",
    }
}

crate::configuration_enum! {
    /// What becomes of plans whose retractions may not match.
    pub enum NonDeterministicUpdateStrategy {
        /// Planned so that they match, or refused.
        TryResolve = "TRY_RESOLVE",
        /// Accepted.
        Ignore = "IGNORE",
    }
}
