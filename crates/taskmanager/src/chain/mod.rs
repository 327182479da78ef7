//! Drives the operators of a subtask without recursion: always the most downstream one that has work.
//!
//! An operator that yields is called again only after everything that it emitted has passed the rest of the chain, so no queue holds
//! more than the output of one call.

pub(crate) mod stage;
#[cfg(test)]
mod tests;
pub(crate) mod work;

use flott_operator::Output;
use flott_record::{Barrier, Batch};

use crate::chain::stage::{Stage, StepOutput};
use crate::chain::work::{Work, WorkQueue};
use crate::operator_state::OperatorState;

/// An operator's failure, with its name.
#[derive(Debug)]
pub(crate) struct ChainFailure {
    pub(crate) operator: String,
    pub(crate) cause: String,
}

/// The operators of one subtask, in order, and what has come out of the last one.
pub(crate) struct Chain {
    stages: Vec<Stage>,
    /// What waits for the sink or the output gates.
    pub(crate) out: WorkQueue,
    output: Output,
    max_parallelism: u32,
    /// States of the operators that the barrier under way has passed.
    states: Vec<(String, OperatorState)>,
}

impl Chain {
    /// A chain of these operators, possibly none.
    pub(crate) fn new(stages: Vec<Stage>, max_parallelism: u32) -> Self {
        Chain { stages, out: WorkQueue::new(), output: Output::default(), max_parallelism, states: Vec::new() }
    }

    /// Adds work for the first operator.
    pub(crate) fn push(&mut self, work: Work) {
        match self.stages.first_mut() {
            Some(first) => first.queue.push_back(work),
            None => self.out.push_back(work),
        }
    }

    /// Lets a barrier overtake what waits in front of the first operator. Returns the rows that wait there and stay: in-flight data. What
    /// other operators have before them passes first, as always.
    pub(crate) fn overtake(&mut self, barrier: Barrier) -> Vec<Batch> {
        let queue = self.stages.first_mut().map_or(&mut self.out, |first| &mut first.queue);
        let rows = |work: &Work| if let Work::Batch { batch, .. } = work { Some(batch.clone()) } else { None };
        let rest = queue.iter().filter_map(rows).collect();
        queue.push_front(Work::Barrier(barrier));
        rest
    }

    /// Whether nothing waits anywhere: the next element may come.
    pub(crate) fn is_drained(&self) -> bool {
        self.out.is_empty() && self.stages.iter().all(|stage| stage.queue.is_empty())
    }

    /// Lets the most downstream operator that has work do a step; false if none has.
    pub(crate) fn step(&mut self, now_ms: i64) -> Result<bool, ChainFailure> {
        let Some(index) = self.stages.iter().rposition(|stage| !stage.queue.is_empty()) else { return Ok(false) };
        let (head, tail) = self.stages.split_at_mut(index + 1);
        let next = tail.first_mut().map_or(&mut self.out, |stage| &mut stage.queue);
        let stage = &mut head[index];
        let mut out = StepOutput { output: &mut self.output, next };
        match stage.step(now_ms, self.max_parallelism, &mut out) {
            Ok(state) => self.states.extend(state.map(|state| (stage.node.uid.clone(), OperatorState::Frozen(state)))),
            Err(error) => return Err(ChainFailure { operator: stage.node.name.clone(), cause: error.to_string() }),
        }
        Ok(true)
    }

    /// Calls operators whose time has come; false if none's has. Only while nothing waits.
    pub(crate) fn fire_due(&mut self, now_ms: i64) -> bool {
        let due =
            self.stages.iter_mut().filter(|stage| stage.wake_at_ms().is_some_and(|wake_at_ms| wake_at_ms <= now_ms));
        due.map(|stage| stage.queue.push_back(Work::ProcessingTime)).count() > 0
    }

    /// When an operator wants to be called next, milliseconds since the epoch.
    pub(crate) fn wake_at_ms(&self) -> Option<i64> {
        self.stages.iter().filter_map(Stage::wake_at_ms).min()
    }

    /// The states that the barrier found when it passed, once it has come out.
    pub(crate) fn take_states(&mut self) -> Vec<(String, OperatorState)> {
        std::mem::take(&mut self.states)
    }

    /// The states as of now, at the end of a chain.
    pub(crate) fn snapshot(&mut self) -> Result<Vec<(String, OperatorState)>, ChainFailure> {
        let max_parallelism = self.max_parallelism;
        let state = |stage: &mut Stage| match stage.snapshot(max_parallelism) {
            Ok(state) => Ok((stage.node.uid.clone(), OperatorState::Frozen(state))),
            Err(error) => Err(ChainFailure { operator: stage.node.name.clone(), cause: error.to_string() }),
        };
        self.stages.iter_mut().map(state).collect()
    }
}
