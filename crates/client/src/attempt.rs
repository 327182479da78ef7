//! Everything from which a job is started, once and again.

use std::sync::Arc;

use flott_checkpoint::store::{JobEnding, SnapshotPath};
use flott_connector::Registry;
use flott_environment::{Environment, MemoryStore, Store};
use flott_job::JobGraph;
use flott_metric::{MetricGroup, MetricRegistry};
use flott_taskmanager::{
    CheckpointStorage, Checkpointing, CustomOperators, Deployment, JobError, JobSnapshot, RunningJob, deploy,
    load_snapshot, store_opener,
};

use crate::settings::Recovery;

/// Name of this process's task manager in metric scopes.
const TASK_MANAGER_ID: &str = "embedded";

/// A job as it is started by each attempt.
#[derive(Clone)]
pub(crate) struct Blueprint {
    pub(crate) environment: Environment,
    pub(crate) graph: JobGraph,
    pub(crate) connectors: Registry,
    pub(crate) operators: CustomOperators,
    pub(crate) metrics: MetricRegistry,
    pub(crate) checkpointing: Checkpointing,
    pub(crate) ignores_unclaimed_state: bool,
    pub(crate) cancel_on_interrupt: bool,
    pub(crate) may_restart: bool,
    pub(crate) job_id: String,
    /// From where the first attempt goes on, and later ones as long as no checkpoint is complete.
    pub(crate) restore_from: Option<Arc<JobSnapshot>>,
    /// Checkpoints that have no other place.
    pub(crate) memory: Store,
}

/// What an attempt begins with: the job's checkpoints, and the newest one.
pub(crate) struct Opened {
    pub(crate) storage: CheckpointStorage,
    pub(crate) newest: Option<Arc<JobSnapshot>>,
}

/// An attempt that runs, with its metrics.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) job: Arc<RunningJob>,
    metrics: [MetricGroup; 2],
}

impl Attempt {
    /// Takes the metrics of an attempt that has ended away, so that the next one's have their place.
    pub(crate) fn close_metrics(&self) {
        self.metrics.iter().for_each(MetricGroup::close);
    }
}

/// Checkpoints that are kept in memory.
pub(crate) fn memory_store() -> Store {
    Store::new(Arc::new(MemoryStore::new()))
}

impl Blueprint {
    /// Takes the job's checkpoints over and reads the newest. Blocks.
    ///
    /// # Errors
    /// If the place cannot be used, or what lies there cannot be read: an older checkpoint is no substitute.
    pub(crate) fn open(&self) -> Result<Opened, JobError> {
        let (storage, newest) =
            CheckpointStorage::open(&self.environment, &self.checkpointing, &self.job_id, &self.memory)?;
        let loaded = newest.map(|located| load_snapshot(&located, storage.reader())).transpose();
        let newest =
            loaded.map_err(|fault| JobError::Rejected(format!("the last checkpoint cannot be used: {fault}")))?;
        Ok(Opened { storage, newest })
    }

    /// Reads the checkpoint or savepoint that the job is to go on from. Blocks.
    ///
    /// # Errors
    /// If there is none, it cannot be read, or it cannot be claimed.
    pub(crate) fn recover(&mut self, recovery: &Recovery, storage: &mut CheckpointStorage) -> Result<(), JobError> {
        let refused = |fault: String| {
            JobError::Rejected(format!(
                "the job cannot go on from {} (execution.state-recovery.path): {fault}",
                recovery.path
            ))
        };
        let found = SnapshotPath::new(&recovery.path).find(&store_opener(&self.environment));
        let (located, reader) = found.map_err(|fault| refused(fault.to_string()))?;
        let snapshot = load_snapshot(&located, &reader).map_err(|fault| refused(fault.to_string()))?;
        storage.adopt(&located, recovery.is_claimed)?;
        self.restore_from = Some(snapshot);
        self.ignores_unclaimed_state = recovery.ignores_unclaimed_state;
        Ok(())
    }

    /// Starts an attempt.
    ///
    /// # Errors
    /// If the graph is invalid, a table is refused, or the snapshot doesn't fit.
    pub(crate) fn start(&self, opened: Opened) -> Result<Attempt, JobError> {
        let host = self.environment.host().name;
        let (metrics, coordinator_metrics) =
            (self.metrics.task_manager(&host, TASK_MANAGER_ID), self.metrics.job_manager(&host));
        let job = deploy(Deployment {
            environment: self.environment.clone(),
            graph: self.graph.clone(),
            connectors: self.connectors.clone(),
            operators: self.operators.clone(),
            metrics: metrics.clone(),
            coordinator_metrics: coordinator_metrics.clone(),
            job_id: Some(self.job_id.clone()),
            restore_from: opened.newest.or_else(|| self.restore_from.clone()),
            ignores_unclaimed_state: self.ignores_unclaimed_state,
            checkpointing: self.checkpointing.clone(),
            storage: Some(opened.storage),
            cancel_on_interrupt: self.cancel_on_interrupt,
            may_restart: self.may_restart,
        })?;
        Ok(Attempt { job: Arc::new(job), metrics: [metrics, coordinator_metrics] })
    }

    /// The job has failed for good: removes its checkpoints unless they are to be kept. Blocks.
    ///
    /// # Errors
    /// Why something was left.
    pub(crate) fn release(&self) -> Result<(), String> {
        let retention = self.checkpointing.retention;
        if self.checkpointing.dir.is_none() || retention.keeps(JobEnding::Failed) {
            return Ok(());
        }
        let opened = CheckpointStorage::open(&self.environment, &self.checkpointing, &self.job_id, &self.memory);
        opened.map_err(|error| error.to_string())?.0.end(retention, JobEnding::Failed)
    }
}
