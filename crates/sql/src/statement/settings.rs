//! The settings that planning depends on, read from the session's configuration once per statement.

use flott_job::MiniBatch;
use flott_job::spec::{LengthEnforcer, NestedEnforcer, NotNullEnforcer};

/// What the planner needs to know of the configuration.
#[derive(Clone, Debug)]
pub struct PlannerSettings {
    /// `pipeline.name`; empty = derived from the statement.
    pub pipeline_name: String,
    /// `table.local-time-zone`.
    pub time_zone: String,
    /// `execution.runtime-mode` is BATCH.
    pub batch_mode: bool,
    /// `parallelism.default`; all cores where it is not set.
    pub parallelism: u32,
    /// `pipeline.max-parallelism`; derived from the parallelism where it is not set.
    pub max_parallelism: u32,
    /// `table.exec.mini-batch.*`.
    pub mini_batch: Option<MiniBatch>,
    /// `table.optimizer.agg-phase-strategy` is not ONE_PHASE.
    pub two_phase: bool,
    /// `table.exec.state.ttl`, milliseconds; 0 = never.
    pub state_ttl_ms: i64,
    /// `pipeline.auto-watermark-interval`, milliseconds; 0 = after each row.
    pub auto_watermark_interval_ms: i64,
    /// `table.exec.source.idle-timeout`, milliseconds; 0 = never idle.
    pub source_idle_timeout_ms: i64,
    /// `execution.buffer-timeout.interval`, milliseconds.
    pub buffer_timeout_ms: i64,
    /// `table.exec.sink.not-null-enforcer`.
    pub not_null: NotNullEnforcer,
    /// `table.exec.sink.type-length-enforcer`.
    pub length: LengthEnforcer,
    /// `table.exec.sink.nested-constraint-enforcer`.
    pub nested: NestedEnforcer,
    /// `table.exec.sink.upsert-materialize`.
    pub upsert_materialize: UpsertMaterialize,
    /// `table.exec.sink.require-on-conflict`.
    pub require_on_conflict: bool,
    /// `table.optimizer.distinct-agg.split.bucket-num`, if `….split.enabled` is set.
    pub distinct_buckets: Option<i32>,
    /// `table.exec.source.cdc-events-duplicate`.
    pub cdc_events_duplicate: bool,
    /// `__table.exec.sort.non-temporal.enabled__`: a stream may be sorted at its end.
    pub non_temporal_sort: bool,
    /// `table.optimizer.non-deterministic-update.strategy` is TRY_RESOLVE.
    pub resolves_non_deterministic: bool,
    /// When the statement was planned, milliseconds since the epoch.
    pub query_start_ms: i64,
}

/// `table.exec.sink.upsert-materialize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpsertMaterialize {
    /// Never.
    None,
    /// Where the query's upsert key is not the sink's primary key.
    Auto,
    /// Always.
    Force,
}

impl Default for PlannerSettings {
    fn default() -> Self {
        PlannerSettings {
            pipeline_name: String::new(),
            time_zone: "UTC".to_string(),
            batch_mode: false,
            parallelism: 1,
            max_parallelism: flott_record::limits::KEY_GROUPS_DEFAULT,
            mini_batch: None,
            two_phase: true,
            state_ttl_ms: 0,
            auto_watermark_interval_ms: 200,
            source_idle_timeout_ms: 0,
            buffer_timeout_ms: 100,
            not_null: NotNullEnforcer::Error,
            length: LengthEnforcer::Ignore,
            nested: NestedEnforcer::Ignore,
            upsert_materialize: UpsertMaterialize::Auto,
            require_on_conflict: true,
            distinct_buckets: None,
            cdc_events_duplicate: false,
            non_temporal_sort: false,
            resolves_non_deterministic: false,
            query_start_ms: 0,
        }
    }
}
