//! The coordinator's side of one sink: its committer.

use std::sync::Arc;

use flott_connector::{Committable, Committer, Sink};
use flott_environment::Environment;

use crate::failure::JobFailure;

/// One sink of the job, as it is planned.
pub(crate) struct SinkPlan {
    pub(crate) vertex: u32,
    /// For errors.
    pub(crate) name: String,
    pub(crate) sink: Arc<dyn Sink>,
    /// What was to be committed with the snapshot that the job is restored from.
    pub(crate) restored: Vec<Committable>,
}

/// One sink of the job, with its committer.
pub(crate) struct SinkDesk {
    pub(crate) plan: SinkPlan,
    committer: Option<Box<dyn Committer>>,
}

impl SinkDesk {
    /// Makes the committer.
    pub(crate) fn start(plan: SinkPlan, environment: &Environment) -> Self {
        let committer = plan.sink.committer(environment);
        SinkDesk { plan, committer }
    }

    /// Removes what was prepared and will never be committed.
    pub(crate) fn discard(&mut self, committables: Vec<Vec<u8>>) -> Result<(), JobFailure> {
        let Some(committer) = &mut self.committer else { return Ok(()) };
        let discarded = committer.discard(&typed(committables));
        discarded.map_err(|error| self.plan.failure(error.to_string()))
    }

    /// Makes committables visible.
    pub(crate) fn commit(&mut self, committables: Vec<Vec<u8>>) -> Result<(), JobFailure> {
        let committed = match &mut self.committer {
            Some(committer) => committer.commit(&typed(committables)).map_err(|error| error.to_string()),
            None => Err("its writers prepared something to commit, but it has no committer".to_string()),
        };
        committed.map_err(|cause| self.plan.failure(cause))
    }
}

impl SinkPlan {
    fn failure(&self, cause: String) -> JobFailure {
        JobFailure { operator: self.name.clone(), subtask: None, cause }
    }
}

fn typed(committables: Vec<Vec<u8>>) -> Vec<Committable> {
    committables.into_iter().map(|state| Committable { state }).collect()
}
