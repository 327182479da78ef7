//! Metrics of checkpoints, under Flink's names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use flott_checkpoint::coordinator::RequestKind;
use flott_metric::{Gauge, MetricGroup};

/// The metrics of one job's checkpoints.
pub(crate) struct CheckpointMetrics {
    completed: Gauge,
    failed: Gauge,
    in_progress: Gauge,
    total: Gauge,
    last_id: Gauge,
    last_duration_ms: Gauge,
    last_bytes: Gauge,
    last_full_bytes: Gauge,
    last_metadata_bytes: Gauge,
    last_completed_at_ms: Gauge,
    restored_at_ms: Gauge,
    last_path: Arc<Mutex<String>>,
    under_way: BTreeMap<u64, UnderWay>,
}

struct UnderWay {
    triggered_at_ms: i64,
    metadata_bytes: u64,
    state_bytes: u64,
    path: String,
}

impl CheckpointMetrics {
    /// Registers them in the job's group. Gauges of the last checkpoint are -1 before the first, as in Flink.
    pub(crate) fn register(group: &MetricGroup) -> Self {
        let last_path = Arc::new(Mutex::new("n/a".to_string()));
        let path = last_path.clone();
        group.gauge_function("lastCheckpointExternalPath", move || {
            path.lock().unwrap_or_else(PoisonError::into_inner).clone()
        });
        CheckpointMetrics {
            completed: group.gauge("numberOfCompletedCheckpoints", 0),
            failed: group.gauge("numberOfFailedCheckpoints", 0),
            in_progress: group.gauge("numberOfInProgressCheckpoints", 0),
            total: group.gauge("totalNumberOfCheckpoints", 0),
            last_id: group.gauge("lastCompletedCheckpointId", -1),
            last_duration_ms: group.gauge("lastCheckpointDuration", -1),
            last_bytes: group.gauge("lastCheckpointSize", -1),
            last_full_bytes: group.gauge("lastCheckpointFullSize", -1),
            last_metadata_bytes: group.gauge("lastCheckpointMetadataSize", -1),
            last_completed_at_ms: group.gauge("lastCheckpointCompletedTimestamp", -1),
            restored_at_ms: group.gauge("lastCheckpointRestoreTimestamp", -1),
            last_path,
            under_way: BTreeMap::new(),
        }
    }

    /// The job goes on from a checkpoint.
    pub(crate) fn restored(&self, now_ms: i64) {
        self.restored_at_ms.set(now_ms);
    }

    pub(crate) fn triggered(&mut self, checkpoint_id: u64, now_ms: i64) {
        self.total.add(1);
        let under_way = UnderWay { triggered_at_ms: now_ms, metadata_bytes: 0, state_bytes: 0, path: String::new() };
        self.under_way.insert(checkpoint_id, under_way);
    }

    pub(crate) fn written(&mut self, checkpoint_id: u64, metadata_bytes: u64, state_bytes: u64, path: &str) {
        if let Some(under_way) = self.under_way.get_mut(&checkpoint_id) {
            under_way.metadata_bytes = metadata_bytes;
            under_way.state_bytes = state_bytes;
            under_way.path = path.to_string();
        }
    }

    pub(crate) fn completed(&mut self, checkpoint_id: u64, kind: RequestKind, now_ms: i64) {
        let Some(under_way) = self.under_way.remove(&checkpoint_id) else { return };
        self.completed.add(1);
        self.last_id.set(checkpoint_id as i64);
        self.last_duration_ms.set(now_ms - under_way.triggered_at_ms);
        self.last_bytes.set(under_way.state_bytes as i64);
        self.last_full_bytes.set(under_way.state_bytes as i64);
        self.last_metadata_bytes.set(under_way.metadata_bytes as i64);
        self.last_completed_at_ms.set(now_ms);
        if !kind.is_savepoint() && !under_way.path.is_empty() {
            *self.last_path.lock().unwrap_or_else(PoisonError::into_inner) = under_way.path;
        }
    }

    pub(crate) fn failed(&mut self, checkpoint_id: u64) {
        if self.under_way.remove(&checkpoint_id).is_some() {
            self.failed.add(1);
        }
    }

    pub(crate) fn in_progress(&self, count: usize) {
        self.in_progress.set(count as i64);
    }
}
