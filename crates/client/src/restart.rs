//! When a job that failed is restarted, as a pure state machine: Flink's restart strategies.

use std::collections::VecDeque;

/// How failures are answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RestartStrategy {
    /// The job fails for good.
    #[default]
    None,
    /// A number of restarts, each after the same pause.
    FixedDelay {
        /// How many.
        attempts: u32,
        /// The pause, milliseconds.
        delay_ms: u64,
    },
    /// As long as failures are rare.
    FailureRate {
        /// Failures in the interval that are borne.
        failures_max: u32,
        /// The interval, milliseconds.
        interval_ms: u64,
        /// The pause, milliseconds.
        delay_ms: u64,
    },
    /// With pauses that grow from failure to failure.
    ExponentialDelay {
        /// The first pause, milliseconds.
        initial_ms: u64,
        /// The longest pause, milliseconds.
        max_ms: u64,
        /// By how much it grows.
        multiplier: f64,
        /// How long the job runs until the next pause is the first again, milliseconds.
        reset_ms: u64,
        /// The share of the pause by which chance changes it.
        jitter: f64,
        /// Failures without such a time between them, after which the job fails for good.
        attempts_max: u32,
    },
}

/// The machine of one job.
#[derive(Clone, Debug)]
pub struct Restarts {
    strategy: RestartStrategy,
    attempts: u32,
    failures_ms: VecDeque<i64>,
    pause_ms: u64,
    /// When the last restart was due.
    restarted_ms: Option<i64>,
}

impl Restarts {
    /// A job that has not failed yet.
    pub fn new(strategy: RestartStrategy) -> Self {
        Restarts { strategy, attempts: 0, failures_ms: VecDeque::new(), pause_ms: 0, restarted_ms: None }
    }

    /// Restarts so far.
    pub fn count(&self) -> u32 {
        self.attempts
    }

    /// The job failed. Returns the milliseconds until it is restarted; `None` if it is not. `chance` is drawn from `0.0..1.0`.
    pub fn failed(&mut self, now_ms: i64, chance: f64) -> Option<u64> {
        let pause_ms = match self.strategy.clone() {
            RestartStrategy::None => None,
            RestartStrategy::FixedDelay { attempts, delay_ms } => (self.attempts < attempts).then_some(delay_ms),
            RestartStrategy::FailureRate { failures_max, interval_ms, delay_ms } => {
                self.failures_ms.push_back(now_ms);
                self.failures_ms.retain(|failed_ms| now_ms.saturating_sub_unsigned(interval_ms) <= *failed_ms);
                (self.failures_ms.len() <= failures_max as usize).then_some(delay_ms)
            }
            RestartStrategy::ExponentialDelay { initial_ms, max_ms, multiplier, reset_ms, jitter, attempts_max } => {
                let ran_ms = self.restarted_ms.map_or(i64::MAX, |restarted_ms| now_ms.saturating_sub(restarted_ms));
                if u64::try_from(ran_ms).is_ok_and(|ran_ms| ran_ms >= reset_ms) {
                    self.pause_ms = initial_ms;
                    self.failures_ms.clear();
                } else {
                    self.pause_ms = ((self.pause_ms as f64 * multiplier) as u64).min(max_ms);
                }
                self.failures_ms.push_back(now_ms);
                let spread = self.pause_ms as f64 * jitter * (2.0 * chance - 1.0);
                let pause_ms = ((self.pause_ms as f64 + spread) as u64).min(max_ms);
                // Only their number counts, and that is bounded by the pauses between them.
                (self.failures_ms.len() <= attempts_max as usize).then_some(pause_ms)
            }
        }?;
        self.attempts += 1;
        self.restarted_ms = Some(now_ms.saturating_add_unsigned(pause_ms));
        Some(pause_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_strategy_a_failure_is_final() {
        assert_eq!(Restarts::new(RestartStrategy::None).failed(0, 0.5), None);
    }

    #[test]
    fn a_fixed_number_of_restarts_after_the_same_pause() {
        let mut restarts = Restarts::new(RestartStrategy::FixedDelay { attempts: 2, delay_ms: 7 });
        assert_eq!([0, 1, 2].map(|now_ms| restarts.failed(now_ms, 0.5)), [Some(7), Some(7), None]);
        assert_eq!(restarts.count(), 2);
    }

    #[test]
    fn failures_are_borne_while_they_are_rare() {
        let strategy = RestartStrategy::FailureRate { failures_max: 2, interval_ms: 100, delay_ms: 7 };
        let mut restarts = Restarts::new(strategy);
        let failed = [0, 50, 151, 200, 201].map(|now_ms| restarts.failed(now_ms, 0.5));
        assert_eq!(failed, [Some(7), Some(7), Some(7), Some(7), None]);
    }

    #[test]
    fn pauses_grow_and_begin_anew_after_a_long_run() {
        let mut restarts = Restarts::new(RestartStrategy::ExponentialDelay {
            initial_ms: 1_000,
            max_ms: 3_000,
            multiplier: 2.0,
            reset_ms: 60_000,
            jitter: 0.1,
            attempts_max: u32::MAX,
        });
        assert_eq!(restarts.failed(0, 0.5), Some(1_000));
        assert_eq!(restarts.failed(2_000, 0.5), Some(2_000));
        assert_eq!(restarts.failed(5_000, 0.5), Some(3_000), "the longest");
        assert_eq!(restarts.failed(10_000, 0.0), Some(2_700), "chance makes it shorter");
        assert_eq!(restarts.failed(80_000, 0.5), Some(1_000), "it ran for more than a minute");
    }

    #[test]
    fn exponential_restarts_can_be_counted() {
        let mut restarts = Restarts::new(RestartStrategy::ExponentialDelay {
            initial_ms: 1,
            max_ms: 1,
            multiplier: 1.0,
            reset_ms: 1_000,
            jitter: 0.0,
            attempts_max: 2,
        });
        assert_eq!([0, 1, 2].map(|now_ms| restarts.failed(now_ms, 0.5)), [Some(1), Some(1), None]);
    }
}
