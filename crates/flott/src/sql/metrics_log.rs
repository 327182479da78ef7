//! `--metrics-json FILE`: the metrics of all jobs under Flink's names, written every few seconds while a job runs and when it ends.

use std::collections::VecDeque;
use std::path::PathBuf;

use flott_client::JobHandle;
use flott_environment::Environment;
use flott_metric::{GaugeValue, HistogramSnapshot, MetricSample, MetricValue};
use serde_json::{Map, Value, json};

use super::notice::notice;

/// Time between two files while a job runs, milliseconds; rates need a sample every 5 seconds.
const INTERVAL_MS: u64 = 2_000;
/// Jobs whose metrics are kept after their end; a session may run any number.
const ENDED_JOBS_MAX: usize = 64;

/// Metrics of the jobs that have run and of the one that runs.
pub struct MetricsLog {
    /// Where they go; `None` if nobody asked for them.
    path: Option<PathBuf>,
    environment: Environment,
    ended: VecDeque<Vec<MetricSample>>,
    written_ns: u64,
}

impl MetricsLog {
    /// A log that goes to this file, or nowhere.
    pub fn new(path: Option<&str>, environment: &Environment) -> Self {
        let path = path.map(PathBuf::from);
        MetricsLog { path, environment: environment.clone(), ended: VecDeque::new(), written_ns: 0 }
    }

    /// Looks at a running job; to be called often, does something now and then.
    pub fn observe(&mut self, job: &JobHandle) {
        let now_ns = self.environment.clock().monotonic_ns();
        if self.path.is_none() || now_ns.saturating_sub(self.written_ns) < INTERVAL_MS * 1_000_000 {
            return;
        }
        self.written_ns = now_ns;
        let running = job.metrics();
        self.write(Some(&running));
    }

    /// Takes the last metrics of a job that has ended.
    pub fn end(&mut self, job: &JobHandle) {
        let metrics = job.close_metrics();
        if self.path.is_none() {
            return;
        }
        if self.ended.len() == ENDED_JOBS_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(metrics);
        self.write(None);
    }

    /// Writes the file, which exists from the beginning on: whoever waits for metrics sees at once whether it can be written.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn begin(&self) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        self.environment.disk().write(path, self.text(None).as_bytes()).map_err(|error| error.to_string())
    }

    /// A job doesn't end because its metrics cannot be written; it is said once.
    fn write(&mut self, running: Option<&[MetricSample]>) {
        let Some(path) = &self.path else { return };
        if let Err(error) = self.environment.disk().write(path, self.text(running).as_bytes()) {
            notice(format!("[WARN] no metrics are written any more: {error}"));
            self.path = None;
        }
    }

    fn text(&self, running: Option<&[MetricSample]>) -> String {
        let samples = self.ended.iter().flatten().chain(running.unwrap_or_default());
        let lines: Vec<String> = samples.map(|sample| entry(sample).to_string()).collect();
        format!("[\n{}\n]\n", lines.join(",\n"))
    }
}

fn entry(sample: &MetricSample) -> Value {
    let scope: Map<String, Value> = sample.variables.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    json!({ "id": sample.identifier, "name": sample.name, "value": value(&sample.value), "scope": scope })
}

/// Rates are shown as Flink's REST interface shows them: the number alone.
fn value(value: &MetricValue) -> Value {
    match value {
        MetricValue::Counter(count) => json!(count),
        MetricValue::Gauge(GaugeValue::Integer(number)) => json!(number),
        MetricValue::Gauge(GaugeValue::Float(number)) => json!(number),
        MetricValue::Gauge(GaugeValue::Text(text)) => json!(text),
        MetricValue::Gauge(GaugeValue::Boolean(is_so)) => json!(is_so),
        MetricValue::Meter { per_second, .. } => json!(per_second),
        MetricValue::Histogram(seen) => histogram(seen),
    }
}

fn histogram(seen: &HistogramSnapshot) -> Value {
    let HistogramSnapshot { count, min, max, mean, p50, p75, p95, p98, p99, p999 } = seen;
    json!({
        "count": count, "min": min, "max": max, "mean": mean,
        "p50": p50, "p75": p75, "p95": p95, "p98": p98, "p99": p99, "p999": p999
    })
}
