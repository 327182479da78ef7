//! Groups: metrics of one owner, which come and go together.

use std::sync::Arc;

use crate::handle::{Counter, Gauge, GaugeValue};
use crate::histogram::Histogram;
use crate::rate::{Rate, RateSource, TimeCounter};
use crate::registry::{Metric, MetricRegistry};
use crate::scope::{OperatorIdentity, Scope, TaskIdentity};

/// Metrics of one owner: a process, a job, a task, an operator, or a part of these. Clones are the same group.
#[derive(Clone)]
pub struct MetricGroup {
    registry: MetricRegistry,
    scope: Arc<Scope>,
    /// This group's id, after those of the groups above it.
    group_ids: Arc<[u64]>,
}

impl MetricGroup {
    pub(crate) fn root(registry: MetricRegistry, scope: Scope) -> Self {
        let group_ids = Arc::from([registry.new_group_id()]);
        MetricGroup { registry, scope: Arc::new(scope), group_ids }
    }

    fn below(&self, scope: Scope) -> Self {
        let id = self.registry.new_group_id();
        let group_ids = self.group_ids.iter().copied().chain([id]).collect();
        MetricGroup { registry: self.registry.clone(), scope: Arc::new(scope), group_ids }
    }

    /// A group that shows nowhere, for code that runs outside a task.
    pub fn detached() -> Self {
        MetricRegistry::new().task_manager("localhost", "detached")
    }

    /// The group of a job in this process: `….<job_name>`.
    pub fn job(&self, job_id: &str, job_name: &str) -> MetricGroup {
        self.below(self.scope.job(job_id, job_name))
    }

    /// The group of a task of this job: `….<task_name>.<subtask_index>`.
    pub fn task(&self, task: &TaskIdentity) -> MetricGroup {
        self.below(self.scope.task(task))
    }

    /// The group of an operator of this task: `….<operator_name>.<subtask_index>`.
    pub fn operator(&self, operator: &OperatorIdentity) -> MetricGroup {
        self.below(self.scope.operator(operator))
    }

    /// A group inside this one: `….<name>`.
    pub fn add_group(&self, name: &str) -> MetricGroup {
        self.below(self.scope.named(name))
    }

    /// A group inside this one with a label: `….<key>.<value>`. The values must be few: each makes new metrics.
    pub fn add_group_with_value(&self, key: &str, value: &str) -> MetricGroup {
        self.below(self.scope.named_with_value(key, value))
    }

    /// The full name that a metric of this group has.
    pub fn identifier(&self, name: &str) -> String {
        self.scope.identifier(name)
    }

    /// A new counter.
    pub fn counter(&self, name: &str) -> Counter {
        let counter = Counter::new();
        self.register_counter(name, &counter);
        counter
    }

    /// Shows a counter that is counted elsewhere (a task shows its first operator's input as its own).
    pub fn register_counter(&self, name: &str, counter: &Counter) {
        self.register(name, Metric::Counter(counter.clone()));
    }

    /// A new gauge.
    pub fn gauge(&self, name: &str, initial: i64) -> Gauge {
        let gauge = Gauge::new(initial);
        self.register_gauge(name, &gauge);
        gauge
    }

    /// Shows a gauge that is set elsewhere.
    pub fn register_gauge(&self, name: &str, gauge: &Gauge) {
        self.register(name, Metric::Gauge(gauge.clone()));
    }

    /// A gauge that is computed when somebody looks. `function` runs on the looker's thread, must be quick and must not
    /// register metrics.
    pub fn gauge_function<V: Into<GaugeValue>>(&self, name: &str, function: impl Fn() -> V + Send + Sync + 'static) {
        self.register(name, Metric::Function(Box::new(move || function().into())));
    }

    /// A rate per second of a counter, over the last minute.
    pub fn meter(&self, name: &str, counter: &Counter) {
        self.register(name, Metric::Rate(Rate::new(RateSource::Count(counter.clone()))));
    }

    /// Shows time spent in one way: `accumulated` in milliseconds, `per_second` in milliseconds per second.
    pub fn time(&self, accumulated: &str, per_second: &str) -> TimeCounter {
        let time = TimeCounter::new();
        self.register(accumulated, Metric::Time(time.clone()));
        self.register(per_second, Metric::Rate(Rate::new(RateSource::TimeMs(time.clone()))));
        time
    }

    /// A new histogram.
    pub fn histogram(&self, name: &str) -> Histogram {
        let histogram = Histogram::new();
        self.register(name, Metric::Histogram(histogram.clone()));
        histogram
    }

    /// Removes the metrics of this group and of all groups inside it. Handles go on working but show nowhere.
    pub fn close(&self) {
        if let Some(id) = self.group_ids.last() {
            self.registry.remove_group(*id);
        }
    }

    fn register(&self, name: &str, metric: Metric) {
        self.registry.register(&self.scope, &self.group_ids, name, metric);
    }
}
