//! Metric registry with Flink's scopes and names.
//!
//! A [`MetricRegistry`] holds metrics in [`MetricGroup`]s, whose scopes are Flink's: `<host>.taskmanager.<tm_id>.…`.
//! Registration happens when a task opens and takes a lock; the handles that it gives ([`Counter`], [`Gauge`],
//! [`TimeCounter`], [`Histogram`]) are updated once per batch without one. Rates are computed by
//! [`MetricRegistry::sample`], which whoever owns the clock calls now and then with the time.
//! [`MetricRegistry::snapshot`] gives all metrics in sorted order, for tests and exporters.
//! [`OperatorMetrics`] and [`TaskMetrics`] register what every operator and task has.

mod group;
mod handle;
mod histogram;
pub mod limits;
pub mod names;
mod operator;
mod rate;
mod registry;
mod scope;

pub use group::MetricGroup;
pub use handle::{Counter, Gauge, GaugeValue};
pub use histogram::{Histogram, HistogramSnapshot};
pub use operator::{OperatorMetrics, SinkMetrics, SourceMetrics, TaskMetrics};
pub use rate::TimeCounter;
pub use registry::{MetricRegistry, MetricSample, MetricValue};
pub use scope::{OperatorIdentity, TaskIdentity};
