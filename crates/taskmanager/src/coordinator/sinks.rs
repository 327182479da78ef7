//! The coordinator's side of one sink: its committer, and what waits to be committed.

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
    /// What was prepared for checkpoints that were given up.
    carried_over: Vec<Committable>,
}

impl SinkDesk {
    /// Makes the committer and commits what a restored snapshot left open.
    pub(crate) fn start(mut plan: SinkPlan, environment: &Environment) -> Result<Self, JobFailure> {
        let committer = plan.sink.committer(environment);
        let restored = std::mem::take(&mut plan.restored);
        let mut desk = SinkDesk { plan, committer, carried_over: Vec::new() };
        desk.commit(restored)?;
        Ok(desk)
    }

    /// Keeps what was prepared for a checkpoint that was given up.
    pub(crate) fn carry_over(&mut self, committables: Vec<Committable>) {
        self.carried_over.extend(committables);
    }

    /// What was kept.
    pub(crate) fn take_carried_over(&mut self) -> Vec<Committable> {
        std::mem::take(&mut self.carried_over)
    }

    /// Removes what was prepared and will never be committed.
    pub(crate) fn discard(&mut self, committables: &[Committable]) -> Result<(), JobFailure> {
        let Some(committer) = &mut self.committer else { return Ok(()) };
        committer.discard(committables).map_err(|error| JobFailure {
            operator: self.plan.name.clone(),
            subtask: None,
            cause: error.to_string(),
        })
    }

    /// Makes committables visible.
    pub(crate) fn commit(&mut self, committables: Vec<Committable>) -> Result<(), JobFailure> {
        let committed = match (&mut self.committer, committables.is_empty()) {
            (_, true) => return Ok(()),
            (Some(committer), false) => committer.commit(&committables).map_err(|error| error.to_string()),
            (None, false) => Err("its writers prepared something to commit, but it has no committer".to_string()),
        };
        committed.map_err(|cause| JobFailure { operator: self.plan.name.clone(), subtask: None, cause })
    }
}
