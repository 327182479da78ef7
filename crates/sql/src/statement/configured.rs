//! The planner's settings out of a session's configuration.

use std::time::Duration;

use flott_configuration::flink::execution::{self, RuntimeMode};
use flott_configuration::flink::table::{AggregatePhaseStrategy, NonDeterministicUpdateStrategy};
use flott_configuration::flink::table_exec::{
    self, NestedConstraintEnforcer, NotNullEnforcer as NotNull, TypeLengthEnforcer,
};
use flott_configuration::flink::{pipeline, table};
use flott_configuration::{ConfigOption, ConfigValue, Configuration};
use flott_job::MiniBatch;
use flott_job::spec::{LengthEnforcer, NestedEnforcer, NotNullEnforcer};
use flott_record::limits::{KEY_GROUPS_DEFAULT, KEY_GROUPS_MAX};

use super::{PlannerSettings, UpsertMaterialize};
use crate::error::{Result, SqlError};

/// What planning takes from outside the configuration.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Parallelism where none is configured: the machine's cores.
    pub cores: u32,
    /// Zone for which `table.local-time-zone` = `default` stands.
    pub system_time_zone: String,
    /// The wall clock, milliseconds since the epoch.
    pub now_ms: i64,
}

impl PlannerSettings {
    /// The settings that a configuration gives.
    ///
    /// # Errors
    /// A value that does not fit its option, or options that contradict each other.
    pub fn of_configuration(configuration: &Configuration, surroundings: &Surroundings) -> Result<Self> {
        let read = Reader(configuration);
        let parallelism = read.parallelism(surroundings.cores)?;
        let zone = read.value(&table::LOCAL_TIME_ZONE)?;
        let time_zone = if zone == "default" { surroundings.system_time_zone.clone() } else { zone };
        let buffer_timeout = match read.value(&execution::BUFFER_TIMEOUT_ENABLED)? {
            true => read.millis(&execution::BUFFER_TIMEOUT_INTERVAL)?,
            false => -1,
        };
        Ok(PlannerSettings {
            pipeline_name: read.optional(&pipeline::NAME)?.unwrap_or_else(String::new),
            time_zone,
            batch_mode: read.value(&execution::RUNTIME_MODE)? == RuntimeMode::Batch,
            parallelism,
            max_parallelism: read.max_parallelism(parallelism)?,
            mini_batch: read.mini_batch()?,
            two_phase: read.value(&table::OPTIMIZER_AGG_PHASE_STRATEGY)? != AggregatePhaseStrategy::OnePhase,
            state_ttl_ms: read.millis(&table_exec::STATE_TTL)?,
            auto_watermark_interval_ms: read.millis(&pipeline::AUTO_WATERMARK_INTERVAL)?,
            source_idle_timeout_ms: read.millis(&table_exec::SOURCE_IDLE_TIMEOUT)?,
            buffer_timeout_ms: buffer_timeout,
            not_null: match read.value(&table_exec::SINK_NOT_NULL_ENFORCER)? {
                NotNull::Error => NotNullEnforcer::Error,
                NotNull::Drop => NotNullEnforcer::Drop,
            },
            length: match read.value(&table_exec::SINK_TYPE_LENGTH_ENFORCER)? {
                TypeLengthEnforcer::Ignore => LengthEnforcer::Ignore,
                TypeLengthEnforcer::TrimPad => LengthEnforcer::TrimPad,
                TypeLengthEnforcer::Error => LengthEnforcer::Error,
            },
            nested: match read.value(&table_exec::SINK_NESTED_CONSTRAINT_ENFORCER)? {
                NestedConstraintEnforcer::Ignore => NestedEnforcer::Ignore,
                NestedConstraintEnforcer::Rows => NestedEnforcer::Rows,
                NestedConstraintEnforcer::RowsAndCollections => NestedEnforcer::RowsAndCollections,
            },
            upsert_materialize: match read.value(&table_exec::SINK_UPSERT_MATERIALIZE)? {
                table_exec::UpsertMaterialize::None => UpsertMaterialize::None,
                table_exec::UpsertMaterialize::Auto => UpsertMaterialize::Auto,
                table_exec::UpsertMaterialize::Force => UpsertMaterialize::Force,
            },
            require_on_conflict: read.value(&table_exec::SINK_REQUIRE_ON_CONFLICT)?,
            distinct_buckets: match read.value(&table::OPTIMIZER_DISTINCT_AGG_SPLIT_ENABLED)? {
                true => Some(read.value(&table::OPTIMIZER_DISTINCT_AGG_SPLIT_BUCKET_NUM)?.max(1)),
                false => None,
            },
            cdc_events_duplicate: read.value(&table_exec::SOURCE_CDC_EVENTS_DUPLICATE)?,
            non_temporal_sort: read.value(&table_exec::SORT_NON_TEMPORAL_ENABLED)?,
            resolves_non_deterministic: read.value(&table::OPTIMIZER_NON_DETERMINISTIC_UPDATE_STRATEGY)?
                == NonDeterministicUpdateStrategy::TryResolve,
            query_start_ms: surroundings.now_ms,
        })
    }
}

/// Reads options, errors as the planner's.
struct Reader<'a>(&'a Configuration);

impl Reader<'_> {
    fn value<T: ConfigValue>(&self, option: &ConfigOption<T>) -> Result<T> {
        self.0.get(option).map_err(|error| SqlError::new(error.to_string()))
    }

    fn optional<T: ConfigValue>(&self, option: &ConfigOption<T>) -> Result<Option<T>> {
        self.0.get_optional(option).map_err(|error| SqlError::new(error.to_string()))
    }

    fn millis(&self, option: &ConfigOption<Duration>) -> Result<i64> {
        let millis = self.value(option)?.as_millis();
        i64::try_from(millis).map_err(|_| SqlError::new(format!("option '{}' is too long a time", option.key())))
    }

    fn parallelism(&self, cores: u32) -> Result<u32> {
        let of_table = self.value(&table_exec::RESOURCE_DEFAULT_PARALLELISM)?;
        if of_table > 0 {
            return Ok(of_table as u32);
        }
        if !self.0.contains(&execution::PARALLELISM_DEFAULT) {
            return Ok(cores.max(1));
        }
        match self.value(&execution::PARALLELISM_DEFAULT)? {
            parallelism @ 1.. => Ok(parallelism as u32),
            -1 => Ok(cores.max(1)),
            other => Err(SqlError::new(format!("option 'parallelism.default' is {other}; it must be at least 1"))),
        }
    }

    /// As Flink derives it: half as much again as the parallelism, rounded up to a power of two, at least 128.
    fn max_parallelism(&self, parallelism: u32) -> Result<u32> {
        match self.value(&pipeline::MAX_PARALLELISM)? {
            given @ 1.. if (given as u32) < parallelism => Err(SqlError::new(format!(
                "option 'pipeline.max-parallelism' is {given}, less than the parallelism {parallelism}"
            ))),
            given @ 1.. => Ok((given as u32).min(KEY_GROUPS_MAX)),
            _ => Ok((parallelism + parallelism / 2).next_power_of_two().clamp(KEY_GROUPS_DEFAULT, KEY_GROUPS_MAX)),
        }
    }

    fn mini_batch(&self) -> Result<Option<MiniBatch>> {
        if !self.value(&table_exec::MINI_BATCH_ENABLED)? {
            return Ok(None);
        }
        let latency_ms = self.millis(&table_exec::MINI_BATCH_ALLOW_LATENCY)?;
        if latency_ms <= 0 {
            let key = table_exec::MINI_BATCH_ALLOW_LATENCY.key();
            return Err(SqlError::new(format!("{key} must be greater than 0 when mini-batch is enabled")));
        }
        let rows = self.value(&table_exec::MINI_BATCH_SIZE)?;
        let Some(rows_max) = usize::try_from(rows).ok().filter(|rows| *rows > 0) else {
            return Err(SqlError::new(format!(
                "Key: '{}' , default: -1 must be positive",
                table_exec::MINI_BATCH_SIZE.key()
            )));
        };
        Ok(Some(MiniBatch { latency_ms, rows_max }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<PlannerSettings> {
        let configuration: Configuration = pairs.iter().copied().collect();
        let surroundings = Surroundings { cores: 4, system_time_zone: "UTC".to_string(), now_ms: 7 };
        PlannerSettings::of_configuration(&configuration, &surroundings)
    }

    #[test]
    fn defaults_are_those_of_flink() {
        let settings = settings(&[]).expect("valid");
        assert_eq!((settings.parallelism, settings.max_parallelism, settings.buffer_timeout_ms), (4, 128, 100));
        assert_eq!((settings.time_zone.as_str(), settings.query_start_ms), ("UTC", 7));
        assert!(settings.mini_batch.is_none() && settings.two_phase && !settings.batch_mode);
    }

    #[test]
    fn values_are_read_and_checked() {
        let settings = |pairs: &[(&str, &str)]| settings(pairs);
        let given = settings(&[
            ("parallelism.default", "100"),
            ("table.exec.state.ttl", "1 h"),
            ("table.exec.mini-batch.enabled", "true"),
            ("table.exec.mini-batch.allow-latency", "2 s"),
            ("table.exec.mini-batch.size", "50"),
        ]);
        let given = given.expect("valid");
        assert_eq!((given.parallelism, given.max_parallelism, given.state_ttl_ms), (100, 256, 3_600_000));
        let mini_batch = given.mini_batch.map(|mini_batch| (mini_batch.latency_ms, mini_batch.rows_max));
        assert_eq!(mini_batch, Some((2_000, 50)));
        let error = settings(&[("table.exec.state.ttl", "soon")]).expect_err("no duration");
        assert!(error.message.contains("table.exec.state.ttl"), "{error}");
        assert!(settings(&[("table.exec.mini-batch.enabled", "true")]).is_err());
    }
}
