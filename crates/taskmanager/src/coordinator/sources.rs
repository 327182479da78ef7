//! The coordinator's side of one source: its enumerator, its pool of splits, the mailboxes of its readers.

use std::sync::Arc;

use flott_connector::{ConnectorError, Enumerator, Source};
use flott_environment::Environment;

use crate::coordinator::split_pool::{Deal, SplitPool};
use crate::failure::JobFailure;
use crate::mailbox::Mailbox;
use crate::message::ToTask;
use crate::snapshot::SourceSnapshot;

/// One source of the job, as it is planned.
pub(crate) struct SourcePlan {
    pub(crate) vertex: u32,
    pub(crate) uid: String,
    /// For errors.
    pub(crate) name: String,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) readers: Vec<Mailbox<ToTask>>,
    pub(crate) restored: Option<SourceSnapshot>,
    /// Whether it had ended before the snapshot that the job is restored from: nothing is read.
    pub(crate) has_ended: bool,
}

/// One source of the job, with its enumerator.
pub(crate) struct SourceDesk {
    pub(crate) plan: SourcePlan,
    enumerator: Box<dyn Enumerator>,
    pool: SplitPool,
    next_discovery_ms: Option<i64>,
}

impl SourceDesk {
    /// Makes the enumerator and finds the first splits.
    pub(crate) fn start(mut plan: SourcePlan, environment: &Environment) -> Result<Self, JobFailure> {
        let parallelism = plan.readers.len() as u32;
        let now_ms = environment.clock().now_ms();
        let enumerator = plan.source.enumerator(environment, parallelism).map_err(|error| plan.failure(&error))?;
        let restored = plan.restored.take();
        let pool = SplitPool::new(plan.readers.len());
        let mut desk = SourceDesk { plan, enumerator, pool, next_discovery_ms: Some(now_ms) };
        if let Some(restored) = restored {
            desk.enumerator.restore(&restored.enumerator).map_err(|error| desk.plan.failure(&error))?;
            desk.pool.add(restored.splits);
        }
        Ok(desk)
    }

    /// Looks for splits if it is time.
    pub(crate) fn discover_due(&mut self, now_ms: i64) -> Result<(), JobFailure> {
        if self.next_discovery_ms.is_some_and(|next_ms| next_ms <= now_ms) {
            let splits = self.enumerator.discover(now_ms).map_err(|error| self.plan.failure(&error))?;
            self.pool.add(splits);
            self.next_discovery_ms = self.enumerator.next_discovery_ms();
            if self.next_discovery_ms.is_none() {
                self.pool.complete();
            }
        }
        Ok(())
    }

    /// When to look for splits again, milliseconds since the epoch.
    pub(crate) fn next_discovery_ms(&self) -> Option<i64> {
        self.next_discovery_ms
    }

    /// A reader wants a split.
    pub(crate) fn ask(&mut self, subtask: u32) {
        self.pool.ask(subtask);
    }

    /// Answers the readers that can be answered.
    pub(crate) fn deal(&mut self) -> Result<(), JobFailure> {
        for (subtask, deal) in self.pool.deal() {
            let message = match deal {
                Deal::Assign(split) => ToTask::AssignSplit(split),
                Deal::NotNow => ToTask::NoSplitNow,
                Deal::NoMore => ToTask::NoMoreSplits,
            };
            self.tell(subtask, message)?;
        }
        Ok(())
    }

    /// Sends a message to a reader's subtask.
    pub(crate) fn tell(&self, subtask: u32, message: ToTask) -> Result<(), JobFailure> {
        let sent = self.plan.readers[subtask as usize].send(message);
        sent.map_err(|error| self.plan.failure(&ConnectorError::new(error.to_string())))
    }

    /// Enumerator and unassigned splits.
    pub(crate) fn snapshot(&self) -> SourceSnapshot {
        SourceSnapshot { enumerator: self.enumerator.snapshot(), splits: self.pool.unassigned() }
    }

    /// Ids of the splits that are not read to their end, in the order in which they are dealt out.
    pub(crate) fn split_order(&self) -> Vec<String> {
        self.pool.order()
    }
}

impl SourcePlan {
    fn failure(&self, error: &ConnectorError) -> JobFailure {
        JobFailure { operator: self.name.clone(), subtask: None, cause: error.to_string() }
    }
}
