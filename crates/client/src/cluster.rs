//! The embedded cluster.

use std::ops::Deref;
use std::sync::Arc;

use flott_connector::{Connector, Registry};
use flott_environment::Environment;
use flott_job::JobGraph;
use flott_metric::{MetricGroup, MetricRegistry, MetricSample};
use flott_taskmanager::{Checkpointing, CustomOperators, Deployment, JobError, JobSnapshot, RunningJob, deploy};

/// Name of this process's task manager in metric scopes.
const TASK_MANAGER_ID: &str = "embedded";

/// Runs jobs in this process. Cheap to clone; jobs run side by side.
#[derive(Clone)]
pub struct EmbeddedCluster {
    environment: Environment,
    connectors: Registry,
    operators: CustomOperators,
    metrics: MetricRegistry,
}

/// How a job is to run.
#[derive(Clone, Default)]
pub struct RunOptions {
    /// From where to go on; `None` begins anew.
    pub restore_from: Option<Arc<JobSnapshot>>,
    /// Connectors of this run alone, beside the cluster's.
    pub connectors: Vec<Arc<dyn Connector>>,
    /// How checkpoints are taken.
    pub checkpointing: Checkpointing,
    /// Whether Ctrl-C and SIGTERM cancel the job.
    pub cancel_on_interrupt: bool,
}

impl RunOptions {
    /// Adds a connector for this run.
    pub fn with_connector(mut self, connector: Arc<dyn Connector>) -> Self {
        self.connectors.push(connector);
        self
    }

    /// Goes on from a snapshot.
    pub fn with_snapshot(mut self, snapshot: Arc<JobSnapshot>) -> Self {
        self.restore_from = Some(snapshot);
        self
    }

    /// Takes checkpoints so.
    pub fn with_checkpointing(mut self, checkpointing: impl Into<Checkpointing>) -> Self {
        self.checkpointing = checkpointing.into();
        self
    }

    /// Lets Ctrl-C and SIGTERM cancel the job.
    pub fn cancelled_by_interrupt(mut self) -> Self {
        self.cancel_on_interrupt = true;
        self
    }
}

/// A running job; see [`RunningJob`] for waiting, cancelling, progress and checkpoints. Dropping it leaves the job running.
pub struct JobHandle {
    job: RunningJob,
    metrics: MetricRegistry,
    /// What this run has registered.
    group: MetricGroup,
    environment: Environment,
}

impl Deref for JobHandle {
    type Target = RunningJob;

    fn deref(&self) -> &RunningJob {
        &self.job
    }
}

impl JobHandle {
    /// All metrics of the cluster as they are now, under Flink's names, sorted.
    pub fn metrics(&self) -> Vec<MetricSample> {
        self.metrics.sample(self.environment.clock().now_ms());
        self.metrics.snapshot()
    }

    /// The metrics of this job as they are now; they are removed from the cluster's, so that another run of the same job can register
    /// its own. To be called when the job has ended.
    pub fn close_metrics(&self) -> Vec<MetricSample> {
        let is_own = |sample: &MetricSample| sample.variables.get("job_id").is_some_and(|id| id == self.job.id());
        let own = self.metrics().into_iter().filter(is_own).collect();
        self.group.close();
        own
    }
}

impl EmbeddedCluster {
    /// A cluster with these connectors.
    pub fn new(environment: Environment, connectors: Registry) -> Self {
        let operators = CustomOperators::new();
        EmbeddedCluster { environment, connectors, operators, metrics: MetricRegistry::new() }
    }

    /// With operators that jobs name by `OperatorSpec::Custom`.
    pub fn with_operators(mut self, operators: CustomOperators) -> Self {
        self.operators = operators;
        self
    }

    /// With metrics that go into a registry of the caller's.
    pub fn with_metrics(mut self, metrics: MetricRegistry) -> Self {
        self.metrics = metrics;
        self
    }

    /// The clock, workers and disk that it uses.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Starts a job on as many threads as its greatest parallelism and returns at once.
    ///
    /// # Errors
    /// [`JobError::Rejected`] if the graph is invalid, a table is refused, or the snapshot doesn't fit.
    pub fn run(&self, graph: JobGraph, options: RunOptions) -> Result<JobHandle, JobError> {
        let mut connectors = self.connectors.clone();
        options.connectors.into_iter().for_each(|connector| connectors.register(connector));
        let group = self.metrics.task_manager(&self.environment.host().name, TASK_MANAGER_ID);
        let job = deploy(Deployment {
            environment: self.environment.clone(),
            graph,
            connectors,
            operators: self.operators.clone(),
            metrics: group.clone(),
            restore_from: options.restore_from,
            ignores_unclaimed_state: false,
            checkpointing: options.checkpointing,
            storage: None,
            job_id: None,
            coordinator_metrics: self.metrics.job_manager(&self.environment.host().name),
            cancel_on_interrupt: options.cancel_on_interrupt,
        })?;
        Ok(JobHandle { job, metrics: self.metrics.clone(), group, environment: self.environment.clone() })
    }
}
