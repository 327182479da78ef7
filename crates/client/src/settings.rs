//! How a job runs beside what it computes: checkpoints, recovery and restarts, from Flink's options.

use std::time::Duration;

use flott_checkpoint::CheckpointSettings;
use flott_checkpoint::coordinator::CoordinatorSettings;
use flott_checkpoint::store::Retention;
use flott_configuration::flink::checkpointing::{self, CheckpointRetention, CheckpointingMode};
use flott_configuration::flink::execution::{self, ClaimMode};
use flott_configuration::flink::restart_strategy as restart;
use flott_configuration::flink::{state, taskmanager};
use flott_configuration::{ConfigOption, ConfigValue, Configuration, ConfigurationError, Origin};
use flott_taskmanager::{BackendKind, Checkpointing, StateSettings};

use crate::restart::RestartStrategy;

/// Where a job begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// A checkpoint's or savepoint's folder, or a job's (`execution.state-recovery.path`).
    pub path: String,
    /// Whether the job owns it from now on (`execution.state-recovery.claim-mode`).
    pub is_claimed: bool,
    /// Whether state of operators that the job has not is left out (`execution.state-recovery.ignore-unclaimed-state`).
    pub ignores_unclaimed_state: bool,
}

/// How a job runs.
#[derive(Clone, Debug, Default)]
pub struct JobRunSettings {
    /// Its checkpoints.
    pub checkpointing: Checkpointing,
    /// Its restarts.
    pub restart: RestartStrategy,
    /// Where it begins; `None` begins anew.
    pub recovery: Option<Recovery>,
}

impl JobRunSettings {
    /// What the options say.
    ///
    /// # Errors
    /// The option whose value does not fit.
    pub fn of_configuration(configuration: &Configuration) -> Result<Self, ConfigurationError> {
        let checkpointing = checkpointing_of(configuration)?;
        Ok(JobRunSettings {
            restart: restart_of(configuration, checkpointing.coordinator.interval_ms.is_some())?,
            recovery: recovery_of(configuration)?,
            checkpointing,
        })
    }
}

fn invalid<T>(option: &ConfigOption<T>, configuration: &Configuration, expected: &str) -> ConfigurationError {
    let text = configuration.iter().find(|(key, _)| *key == option.key() || option.fallback_keys().contains(key));
    ConfigurationError::InvalidValue {
        key: option.key().to_string(),
        value: text.map_or_else(String::new, |(_, text)| text.to_string()),
        origin: Origin::Program,
        expected: expected.to_string(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A number that must not be below `least`.
fn number(configuration: &Configuration, option: &ConfigOption<i32>, least: i32) -> Result<u32, ConfigurationError> {
    let value = configuration.get(option)?;
    if value < least {
        return Err(invalid(option, configuration, &format!("a number that is at least {least}")));
    }
    Ok(value.unsigned_abs())
}

/// The value of an option that is set; its default counts as not set.
fn if_set<T: ConfigValue>(
    configuration: &Configuration,
    option: &ConfigOption<T>,
) -> Result<Option<T>, ConfigurationError> {
    if configuration.contains(option) { configuration.get(option).map(Some) } else { Ok(None) }
}

fn checkpointing_of(configuration: &Configuration) -> Result<Checkpointing, ConfigurationError> {
    let interval = configuration.get_optional(&checkpointing::INTERVAL)?;
    let dir = configuration.get_optional(&checkpointing::DIR)?;
    let is_periodic = interval.is_some_and(|interval| !interval.is_zero());
    let retention = match configuration.get(&checkpointing::EXTERNALIZED_CHECKPOINT_RETENTION)? {
        CheckpointRetention::DeleteOnCancellation => Retention::DeleteOnCancellation,
        CheckpointRetention::RetainOnCancellation => Retention::RetainOnCancellation,
        CheckpointRetention::NoExternalizedCheckpoints => Retention::NotRetained,
    };
    let coordinator = CoordinatorSettings {
        interval_ms: interval.map(millis).filter(|interval_ms| *interval_ms > 0),
        min_pause_ms: millis(configuration.get(&checkpointing::MIN_PAUSE)?),
        timeout_ms: millis(configuration.get(&checkpointing::TIMEOUT)?),
        concurrent_max: number(configuration, &checkpointing::MAX_CONCURRENT_CHECKPOINTS, 1)?,
        failures_tolerated: number(configuration, &checkpointing::TOLERABLE_FAILED_CHECKPOINTS, 0)?,
        after_tasks_finish: configuration.get(&checkpointing::CHECKPOINTS_AFTER_TASKS_FINISH)?,
        final_checkpoint: is_periodic && dir.is_some(),
    };
    if coordinator.concurrent_max > 1 {
        let expected = "1: not supported: several checkpoints at a time";
        return Err(invalid(&checkpointing::MAX_CONCURRENT_CHECKPOINTS, configuration, expected));
    }
    let at_least_once = configuration.get(&checkpointing::MODE)? == CheckpointingMode::AtLeastOnce;
    let unaligned = if_set(configuration, &checkpointing::UNALIGNED_ENABLED)?;
    let timeout = if_set(configuration, &checkpointing::ALIGNED_CHECKPOINT_TIMEOUT)?;
    let timeout_ms = timeout.map(|timeout| i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
    let settings = CheckpointSettings::of_options(at_least_once, unaligned, timeout_ms)
        .map_err(|error| invalid(&checkpointing::UNALIGNED_ENABLED, configuration, &error.to_string()))?;
    Ok(Checkpointing {
        coordinator,
        alignment: settings.alignment,
        dir,
        savepoint_dir: configuration.get_optional(&checkpointing::SAVEPOINT_DIR)?,
        inline_bytes_max: configuration.get(&checkpointing::DATA_INLINE_THRESHOLD)?.bytes(),
        retained_max: number(configuration, &checkpointing::NUM_RETAINED, 1)? as usize,
        retention,
        state: state_of(configuration)?,
    })
}

/// Where state is kept. What is managed is half a gigabyte, as with Flink's own default configuration, where nothing else is said.
fn state_of(configuration: &Configuration) -> Result<StateSettings, ConfigurationError> {
    const MANAGED_BYTES: u64 = 512 << 20;
    let name = configuration.get(&state::BACKEND_TYPE)?;
    let kind = BackendKind::from_option(&name)
        .map_err(|error| invalid(&state::BACKEND_TYPE, configuration, &format!("another backend: {error}")))?;
    let managed = configuration.get_optional(&taskmanager::MEMORY_MANAGED_SIZE)?.map(|size| size.bytes());
    let process = configuration.get_optional(&taskmanager::MEMORY_PROCESS_SIZE)?.map(|size| size.bytes());
    let fraction = configuration.get(&taskmanager::MEMORY_MANAGED_FRACTION)?;
    let share = process.map(|bytes| (bytes as f64 * fraction) as u64);
    Ok(StateSettings {
        kind,
        managed_bytes: managed.or(share).unwrap_or(MANAGED_BYTES),
        local_dir: configuration.get_optional(&state::BACKEND_ROCKSDB_LOCALDIR)?,
    })
}

fn recovery_of(configuration: &Configuration) -> Result<Option<Recovery>, ConfigurationError> {
    let Some(path) = configuration.get_optional(&execution::STATE_RECOVERY_PATH)? else { return Ok(None) };
    let is_claimed = match configuration.get(&execution::STATE_RECOVERY_CLAIM_MODE)? {
        ClaimMode::Claim => true,
        ClaimMode::NoClaim => false,
        ClaimMode::Legacy => {
            let expected = "CLAIM or NO_CLAIM; not supported: LEGACY";
            return Err(invalid(&execution::STATE_RECOVERY_CLAIM_MODE, configuration, expected));
        }
    };
    let ignores_unclaimed_state = configuration.get(&execution::STATE_RECOVERY_IGNORE_UNCLAIMED_STATE)?;
    Ok(Some(Recovery { path, is_claimed, ignores_unclaimed_state }))
}

fn restart_of(configuration: &Configuration, is_periodic: bool) -> Result<RestartStrategy, ConfigurationError> {
    let name = configuration.get_optional(&restart::TYPE)?;
    let name = name.as_deref().map(str::to_ascii_lowercase);
    let by_default = if is_periodic { "exponential-delay" } else { "none" };
    Ok(match name.as_deref().unwrap_or(by_default) {
        "none" | "off" | "disable" => RestartStrategy::None,
        "fixed-delay" | "fixeddelay" => RestartStrategy::FixedDelay {
            attempts: number(configuration, &restart::FIXED_DELAY_ATTEMPTS, 0)?,
            delay_ms: millis(configuration.get(&restart::FIXED_DELAY_DELAY)?),
        },
        "failure-rate" | "failurerate" => RestartStrategy::FailureRate {
            failures_max: number(configuration, &restart::FAILURE_RATE_MAX, 1)?,
            interval_ms: millis(configuration.get(&restart::FAILURE_RATE_INTERVAL)?),
            delay_ms: millis(configuration.get(&restart::FAILURE_RATE_DELAY)?),
        },
        "exponential-delay" | "exponentialdelay" => RestartStrategy::ExponentialDelay {
            initial_ms: millis(configuration.get(&restart::EXPONENTIAL_DELAY_INITIAL)?),
            max_ms: millis(configuration.get(&restart::EXPONENTIAL_DELAY_MAX)?),
            multiplier: configuration.get(&restart::EXPONENTIAL_DELAY_MULTIPLIER)?,
            reset_ms: millis(configuration.get(&restart::EXPONENTIAL_DELAY_RESET)?),
            jitter: configuration.get(&restart::EXPONENTIAL_DELAY_JITTER)?,
            attempts_max: number(configuration, &restart::EXPONENTIAL_DELAY_ATTEMPTS, 1)?,
        },
        _ => {
            return Err(invalid(&restart::TYPE, configuration, "none, fixed-delay, failure-rate or exponential-delay"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<JobRunSettings, String> {
        let mut configuration = Configuration::new();
        for (key, value) in pairs {
            configuration.set(*key, *value, Origin::Program);
        }
        JobRunSettings::of_configuration(&configuration).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_flinks() {
        let settings = settings(&[]).expect("defaults fit");
        assert_eq!(settings.restart, RestartStrategy::None);
        assert_eq!(settings.recovery, None);
        let checkpointing = settings.checkpointing;
        assert_eq!(checkpointing.coordinator.interval_ms, None);
        assert_eq!(checkpointing.coordinator.timeout_ms, 600_000);
        assert_eq!((checkpointing.inline_bytes_max, checkpointing.retained_max), (20 * 1024, 1));
        assert_eq!(checkpointing.retention, Retention::NotRetained);
    }

    #[test]
    fn with_checkpoints_a_job_is_restarted_with_growing_pauses() {
        let settings = settings(&[("execution.checkpointing.interval", "3 s")]).expect("it fits");
        assert_eq!(settings.checkpointing.coordinator.interval_ms, Some(3_000));
        assert!(matches!(settings.restart, RestartStrategy::ExponentialDelay { initial_ms: 1_000, .. }));
    }

    #[test]
    fn state_is_in_memory_unless_it_is_to_be_on_disk() {
        let state = |pairs: &[(&str, &str)]| settings(pairs).expect("it fits").checkpointing.state;
        assert_eq!(state(&[]).kind, BackendKind::Memory);
        let on_disk = [("state.backend.type", "disk"), ("taskmanager.memory.process.size", "1000 mb")];
        assert_eq!(state(&on_disk).kind, BackendKind::Disk);
        assert_eq!(state(&on_disk).managed_bytes, 400 << 20);
        let managed = [on_disk[0], on_disk[1], ("taskmanager.memory.managed.size", "100 mb")];
        assert_eq!(state(&managed).managed_bytes, 100 << 20);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (key, value) in [
            ("restart-strategy.type", "sometimes"),
            ("execution.checkpointing.max-concurrent-checkpoints", "2"),
            ("execution.checkpointing.num-retained", "0"),
            ("execution.checkpointing.mode", "TWICE"),
            ("state.backend.type", "rocksdb"),
        ] {
            let error = settings(&[(key, value)]).expect_err(key);
            assert!(error.contains(key) && error.contains(value), "{error}");
        }
        let legacy = [("execution.state-recovery.path", "/x"), ("execution.state-recovery.claim-mode", "LEGACY")];
        assert!(settings(&legacy).expect_err("LEGACY").contains("not supported"));
    }
}
