//! Options of restarts after failures: `restart-strategy.*`. Keys, defaults and older keys are Flink's; a test compares them with the catalogue.

use std::time::Duration;

flink_options! {
    /// Failures after which the job fails for good, if none of them let the backoff begin anew.
    EXPONENTIAL_DELAY_ATTEMPTS: i32 = "restart-strategy.exponential-delay.attempts-before-reset-backoff", "2147483647";
    /// By how much the pause grows from failure to failure.
    EXPONENTIAL_DELAY_MULTIPLIER: f64 = "restart-strategy.exponential-delay.backoff-multiplier", "1.5";
    /// The first pause.
    EXPONENTIAL_DELAY_INITIAL: Duration = "restart-strategy.exponential-delay.initial-backoff", "1 s";
    /// The share of the pause by which chance makes it longer or shorter.
    EXPONENTIAL_DELAY_JITTER: f64 = "restart-strategy.exponential-delay.jitter-factor", "0.1";
    /// The longest pause.
    EXPONENTIAL_DELAY_MAX: Duration = "restart-strategy.exponential-delay.max-backoff", "1 min";
    /// How long a job runs until its next pause is the first again.
    EXPONENTIAL_DELAY_RESET: Duration = "restart-strategy.exponential-delay.reset-backoff-threshold", "1 h";
    /// The pause.
    FAILURE_RATE_DELAY: Duration = "restart-strategy.failure-rate.delay", "1 s";
    /// The time in which failures are counted.
    FAILURE_RATE_INTERVAL: Duration = "restart-strategy.failure-rate.failure-rate-interval", "1 min";
    /// Failures in that time that the job bears.
    FAILURE_RATE_MAX: i32 = "restart-strategy.failure-rate.max-failures-per-interval", "1";
    /// Restarts after which the job fails for good.
    FIXED_DELAY_ATTEMPTS: i32 = "restart-strategy.fixed-delay.attempts", "1";
    /// The pause.
    FIXED_DELAY_DELAY: Duration = "restart-strategy.fixed-delay.delay", "1 s";
    /// The strategy's name.
    TYPE: String = "restart-strategy.type", none, "restart-strategy";
}
