//! The registry: all metrics of a process, their snapshot and the guard of their number.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::group::MetricGroup;
use crate::handle::{Counter, Gauge, GaugeValue};
use crate::histogram::{Histogram, HistogramSnapshot};
use crate::limits::MAX_METRICS;
use crate::rate::{Rate, TimeCounter};
use crate::scope::Scope;

/// All metrics of a process. Clones share it.
#[derive(Clone)]
pub struct MetricRegistry {
    state: Arc<Mutex<State>>,
}

struct State {
    metrics: BTreeMap<Key, Entry>,
    max_metrics: usize,
    dropped: u64,
    warning: Option<String>,
    next_group_id: u64,
}

/// Identifier, then logical name: an operator that has its task's name shares the former only.
type Key = (String, String);

struct Entry {
    scope: Arc<Scope>,
    name: String,
    group_ids: Arc<[u64]>,
    metric: Metric,
}

/// A registered metric.
pub(crate) enum Metric {
    Counter(Counter),
    Gauge(Gauge),
    Function(Box<dyn Fn() -> GaugeValue + Send + Sync>),
    Time(TimeCounter),
    Rate(Rate),
    Histogram(Histogram),
}

/// What a metric shows.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricValue {
    /// A number that only grows.
    Counter(u64),
    /// A number that goes up and down, or text.
    Gauge(GaugeValue),
    /// A rate per second, and the number it is taken of.
    Meter {
        /// The number so far.
        count: u64,
        /// Its growth per second over the last minute.
        per_second: f64,
    },
    /// A distribution.
    Histogram(HistogramSnapshot),
}

impl fmt::Display for MetricValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MetricValue::Counter(count) => count.fmt(formatter),
            MetricValue::Gauge(value) => value.fmt(formatter),
            MetricValue::Meter { per_second, .. } => write!(formatter, "{per_second:?}"),
            MetricValue::Histogram(seen) => write!(
                formatter,
                "count={} min={} max={} mean={:?} p50={} p95={} p99={}",
                seen.count, seen.min, seen.max, seen.mean, seen.p50, seen.p95, seen.p99
            ),
        }
    }
}

/// One metric at the time of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSample {
    /// Flink's full name: `<host>.taskmanager.<tm_id>.<job_name>.<operator_name>.<subtask_index>.<metric>`.
    pub identifier: String,
    /// The name without what varies: `taskmanager.job.task.operator.<metric>`; exporters with labels use it.
    pub logical_name: String,
    /// The metric's own name.
    pub name: String,
    /// The scope's variables: `host`, `tm_id`, `job_id`, `job_name`, `task_id`, … and the labels of groups with value.
    pub variables: BTreeMap<String, String>,
    /// What it shows.
    pub value: MetricValue,
}

impl Default for MetricRegistry {
    fn default() -> Self {
        MetricRegistry::new()
    }
}

impl MetricRegistry {
    /// A registry that holds up to [`MAX_METRICS`] metrics.
    pub fn new() -> Self {
        MetricRegistry::with_limit(MAX_METRICS)
    }

    /// A registry that holds up to `max_metrics` metrics. Beyond it metrics are dropped and counted; their handles work
    /// but show nowhere.
    pub fn with_limit(max_metrics: usize) -> Self {
        let state = State { metrics: BTreeMap::new(), max_metrics, dropped: 0, warning: None, next_group_id: 0 };
        MetricRegistry { state: Arc::new(Mutex::new(state)) }
    }

    /// The group of a task manager: `<host>.taskmanager.<tm_id>`.
    pub fn task_manager(&self, host: &str, tm_id: &str) -> MetricGroup {
        MetricGroup::root(self.clone(), Scope::task_manager(host, tm_id))
    }

    /// The group of a job manager: `<host>.jobmanager`.
    pub fn job_manager(&self, host: &str) -> MetricGroup {
        MetricGroup::root(self.clone(), Scope::job_manager(host))
    }

    /// Takes a sample for all rates. To be called every 5 seconds or more often (what comes too early is ignored), with
    /// the wall clock in milliseconds.
    pub fn sample(&self, now_ms: i64) {
        for entry in self.lock().metrics.values_mut() {
            if let Metric::Rate(rate) = &mut entry.metric {
                rate.sample(now_ms);
            }
        }
    }

    /// All metrics, sorted by identifier, then by logical name. Gauges that are functions are called under the
    /// registry's lock: they must be quick and must not register metrics.
    pub fn snapshot(&self) -> Vec<MetricSample> {
        let state = self.lock();
        let sampled = state.metrics.iter().map(|((identifier, logical_name), entry)| MetricSample {
            identifier: identifier.clone(),
            logical_name: logical_name.clone(),
            name: entry.name.clone(),
            variables: entry.variables(),
            value: entry.metric.value(),
        });
        sampled.collect()
    }

    /// The number of metrics.
    pub fn len(&self) -> usize {
        self.lock().metrics.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many metrics were dropped, over the limit or for a name that is taken.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// What to tell the user about dropped metrics: given once, for the first of them. [`MetricRegistry::dropped`]
    /// counts all.
    pub fn take_warning(&self) -> Option<String> {
        self.lock().warning.take()
    }

    pub(crate) fn new_group_id(&self) -> u64 {
        let mut state = self.lock();
        state.next_group_id += 1;
        state.next_group_id
    }

    /// Registers a metric, or drops it where there is no room for it or its name.
    pub(crate) fn register(&self, scope: &Arc<Scope>, group_ids: &Arc<[u64]>, name: &str, metric: Metric) {
        let mut state = self.lock();
        let key = (scope.identifier(name), scope.logical_name(name));
        let reason = if state.metrics.contains_key(&key) {
            format!("metric {} is already registered", key.0)
        } else if state.metrics.len() >= state.max_metrics {
            format!("there are {} metrics already, {} and those that follow are dropped", state.max_metrics, key.0)
        } else {
            let (scope, group_ids) = (scope.clone(), group_ids.clone());
            state.metrics.insert(key, Entry { scope, name: name.to_string(), group_ids, metric });
            return;
        };
        if state.dropped == 0 {
            state.warning = Some(reason);
        }
        state.dropped += 1;
    }

    pub(crate) fn remove_group(&self, group_id: u64) {
        self.lock().metrics.retain(|_, entry| !entry.group_ids.contains(&group_id));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn variables(&self) -> BTreeMap<String, String> {
        let own = self.scope.variables.iter().map(|(name, value)| (name.to_string(), value.clone()));
        let user = self.scope.user_variables.iter().map(|(name, value)| (name.clone(), value.clone()));
        own.chain(user).collect()
    }
}

impl Metric {
    fn value(&self) -> MetricValue {
        match self {
            Metric::Counter(counter) => MetricValue::Counter(counter.get()),
            Metric::Gauge(gauge) => MetricValue::Gauge(GaugeValue::Integer(gauge.get())),
            Metric::Function(function) => MetricValue::Gauge(function()),
            Metric::Time(time) => MetricValue::Gauge(GaugeValue::Integer(time.total_ms() as i64)),
            Metric::Rate(rate) if rate.is_time() => MetricValue::Gauge(GaugeValue::Integer(rate.ms_per_second())),
            Metric::Rate(rate) => MetricValue::Meter { count: rate.total(), per_second: rate.per_second() },
            Metric::Histogram(histogram) => MetricValue::Histogram(histogram.snapshot()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::{OperatorMetrics, TaskMetrics};
    use crate::scope::{OperatorIdentity, TaskIdentity};

    fn task_group(registry: &MetricRegistry) -> MetricGroup {
        let task = TaskIdentity {
            task_id: "cbc357cc".into(),
            task_name: "Source: bids -> Calc".into(),
            attempt_id: "a1".into(),
            attempt_number: 0,
            subtask_index: 1,
        };
        registry.task_manager("host.example", "tm-1").job("j1", "q1").task(&task)
    }

    fn operator_group(registry: &MetricRegistry, name: &str) -> MetricGroup {
        let operator = OperatorIdentity { operator_id: "op1".into(), operator_name: name.into() };
        task_group(registry).operator(&operator)
    }

    fn value_of(registry: &MetricRegistry, logical_name: &str) -> Option<MetricValue> {
        registry.snapshot().into_iter().find(|sample| sample.logical_name == logical_name).map(|sample| sample.value)
    }

    #[test]
    fn scopes_are_flinks() {
        let registry = MetricRegistry::new();
        let metrics = OperatorMetrics::register(&operator_group(&registry, "Calc[2]"));
        metrics.num_records_in.add(3);
        let samples = registry.snapshot();
        let sample = samples.iter().find(|sample| sample.name == "numRecordsIn").expect("registered");
        assert_eq!(sample.identifier, "host.example.taskmanager.tm-1.q1.Calc[2].1.numRecordsIn");
        assert_eq!(sample.logical_name, "taskmanager.job.task.operator.numRecordsIn");
        assert_eq!(sample.value, MetricValue::Counter(3));
        let variables: Vec<_> = sample.variables.keys().map(String::as_str).collect();
        let wanted = [
            "host",
            "job_id",
            "job_name",
            "operator_id",
            "operator_name",
            "subtask_index",
            "task_attempt_id",
            "task_attempt_num",
            "task_id",
            "task_name",
            "tm_id",
        ];
        assert_eq!(variables, wanted);
        assert_eq!(sample.variables["host"], "host.example");
    }

    #[test]
    fn snapshots_are_sorted_and_complete() {
        let registry = MetricRegistry::new();
        TaskMetrics::register(&task_group(&registry));
        OperatorMetrics::register(&operator_group(&registry, "Calc"));
        let names: Vec<_> =
            registry.snapshot().into_iter().map(|sample| (sample.identifier, sample.logical_name)).collect();
        assert!(names.is_sorted());
        assert_eq!(names.len(), registry.len());
        for name in [
            "busyTimeMsPerSecond",
            "backPressuredTimeMsPerSecond",
            "idleTimeMsPerSecond",
            "numRecordsInPerSecond",
            "currentInputWatermark",
            "isBackPressured",
            "accumulateBusyTimeMs",
        ] {
            assert!(value_of(&registry, &format!("taskmanager.job.task.{name}")).is_some(), "{name}");
        }
        let watermark =
            value_of(&registry, "taskmanager.job.task.operator.currentOutputWatermark").expect("registered");
        assert_eq!(watermark.to_string(), "-9223372036854775808");
    }

    #[test]
    fn rates_follow_the_samples() {
        let registry = MetricRegistry::new();
        let task = TaskMetrics::register(&task_group(&registry));
        registry.sample(0);
        task.num_records_in.add(1_000);
        task.busy_time.add_ns(4_000_000_000);
        registry.sample(5_000);
        let rate = value_of(&registry, "taskmanager.job.task.numRecordsInPerSecond");
        assert_eq!(rate, Some(MetricValue::Meter { count: 1_000, per_second: 200.0 }));
        let busy = value_of(&registry, "taskmanager.job.task.busyTimeMsPerSecond");
        assert_eq!(busy, Some(MetricValue::Gauge(GaugeValue::Integer(800))));
        let total = value_of(&registry, "taskmanager.job.task.accumulateBusyTimeMs");
        assert_eq!(total, Some(MetricValue::Gauge(GaugeValue::Integer(4_000))));
    }

    #[test]
    fn too_many_metrics_are_dropped_with_one_warning() {
        let registry = MetricRegistry::with_limit(2);
        let group = registry.task_manager("h", "t");
        for name in ["a", "b", "c", "d"] {
            group.counter(name).add(1);
        }
        assert_eq!((registry.len(), registry.dropped()), (2, 2));
        let warning = registry.take_warning().expect("a warning");
        assert_eq!(warning, "there are 2 metrics already, h.taskmanager.t.c and those that follow are dropped");
        assert_eq!(registry.take_warning(), None);
        group.counter("e");
        assert_eq!((registry.dropped(), registry.take_warning()), (3, None));
    }

    #[test]
    fn a_taken_name_is_dropped_but_an_operator_may_have_its_tasks_name() {
        let registry = MetricRegistry::new();
        let same_name = "Source: bids -> Calc";
        task_group(&registry).counter("numRecordsIn");
        operator_group(&registry, same_name).counter("numRecordsIn");
        assert_eq!((registry.len(), registry.dropped()), (2, 0));
        operator_group(&registry, same_name).counter("numRecordsIn");
        assert_eq!((registry.len(), registry.dropped()), (2, 1));
    }

    #[test]
    fn a_group_takes_its_metrics_along() {
        let registry = MetricRegistry::new();
        let process = registry.task_manager("h", "t");
        process.gauge_function("Status.Cores", || 4i64);
        let job = process.job("j", "q");
        let task = job.task(&TaskIdentity::default());
        task.add_group("Shuffle").histogram("size").record(7);
        task.add_group_with_value("split", "file-1").gauge("currentWatermark", 5);
        let labelled = registry.snapshot().into_iter().find(|sample| sample.name == "currentWatermark");
        assert_eq!(labelled.expect("registered").variables["split"], "file-1");
        assert_eq!(registry.len(), 3);
        job.close();
        assert_eq!(registry.snapshot().len(), 1);
        assert_eq!(value_of(&registry, "taskmanager.Status.Cores"), Some(MetricValue::Gauge(GaugeValue::Integer(4))));
    }
}
