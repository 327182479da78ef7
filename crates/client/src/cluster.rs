//! The embedded cluster.

use std::sync::Arc;

use flott_connector::{Connector, Registry};
use flott_environment::Environment;
use flott_job::JobGraph;
use flott_metric::MetricRegistry;
use flott_taskmanager::{Checkpointing, CustomOperators, JobError, JobSnapshot};

use crate::attempt::{Blueprint, memory_store};
use crate::handle::{JobHandle, Run};
use crate::restart::RestartStrategy;
use crate::settings::{JobRunSettings, Recovery};
use crate::supervisor::supervise;

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
    /// Which stored checkpoint or savepoint to go on from.
    pub recovery: Option<Recovery>,
    /// Connectors of this run alone, beside the cluster's.
    pub connectors: Vec<Arc<dyn Connector>>,
    /// How checkpoints are taken.
    pub checkpointing: Checkpointing,
    /// Whether and when the job is restarted after a failure.
    pub restart: RestartStrategy,
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

    /// Restarts after failures so.
    pub fn with_restarts(mut self, restart: RestartStrategy) -> Self {
        self.restart = restart;
        self
    }

    /// Goes on from a stored checkpoint or savepoint.
    pub fn with_recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Takes checkpoints, restarts and recovers as options say.
    pub fn with_settings(mut self, settings: JobRunSettings) -> Self {
        self.checkpointing = settings.checkpointing;
        self.restart = settings.restart;
        self.recovery = settings.recovery;
        self
    }

    /// Lets Ctrl-C and SIGTERM cancel the job.
    pub fn cancelled_by_interrupt(mut self) -> Self {
        self.cancel_on_interrupt = true;
        self
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

    /// Starts a job on as many threads as its greatest parallelism and returns at once; where it goes on from something stored, when that is read.
    ///
    /// # Errors
    /// [`JobError::Rejected`] if the graph is invalid, a table is refused, the snapshot cannot be read or doesn't fit, or no checkpoints can be kept.
    pub fn run(&self, graph: JobGraph, options: RunOptions) -> Result<JobHandle, JobError> {
        let mut connectors = self.connectors.clone();
        options.connectors.into_iter().for_each(|connector| connectors.register(connector));
        let environment = &self.environment;
        let job_id = format!("{:016x}{:016x}", environment.random_seed(), environment.random_seed());
        let mut blueprint = Blueprint {
            environment: environment.clone(),
            graph,
            connectors,
            operators: self.operators.clone(),
            metrics: self.metrics.clone(),
            checkpointing: options.checkpointing,
            ignores_unclaimed_state: false,
            cancel_on_interrupt: options.cancel_on_interrupt,
            may_restart: options.restart != RestartStrategy::None,
            job_id: job_id.clone(),
            restore_from: options.restore_from,
            memory: memory_store(),
        };
        let mut opened = blueprint.open()?;
        if let Some(recovery) = &options.recovery {
            blueprint.recover(recovery, &mut opened.storage)?;
        }
        let attempt = blueprint.start(opened)?;
        let run = match options.restart {
            RestartStrategy::None => Run::Once(attempt),
            strategy => {
                let (shared, worker) = supervise(blueprint, attempt, strategy);
                Run::Supervised(shared, worker)
            }
        };
        Ok(JobHandle { id: job_id, run, metrics: self.metrics.clone(), environment: environment.clone() })
    }
}
