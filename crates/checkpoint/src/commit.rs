//! What sinks prepared and when it becomes visible, as a pure state machine.
//!
//! What a sink's subtask prepared at barrier n belongs to checkpoint n and, until it is committed, to all later ones. It is committed when a
//! checkpoint that includes it is durable, and stays in later checkpoints until the commit has been acknowledged: who recovers commits again,
//! which changes nothing where it was done. What was prepared for a checkpoint that is given up is carried over to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::TaskId;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitEvent {
    /// The job goes on from a durable checkpoint that includes these.
    Restored {
        /// The sink's vertex.
        sink: u32,
        /// In their order.
        committables: Vec<Vec<u8>>,
    },
    /// A subtask passed a barrier. Told also where it prepared nothing.
    Passed {
        /// The subtask of the sink's vertex.
        task: TaskId,
        /// The barrier's checkpoint.
        checkpoint_id: u64,
        /// What it prepared there.
        committables: Vec<Vec<u8>>,
    },
    /// A subtask ended.
    Ended {
        /// The subtask of the sink's vertex.
        task: TaskId,
        /// What it prepared since the last barrier that it passed.
        committables: Vec<Vec<u8>>,
    },
    /// A checkpoint is durable.
    Durable {
        /// Which.
        checkpoint_id: u64,
    },
    /// A checkpoint is given up.
    GivenUp {
        /// Which.
        checkpoint_id: u64,
        /// Whether it certainly is not durable and will not be.
        is_settled: bool,
    },
    /// A checkpoint that was given up while it was written: it is not durable and will not be.
    Settled {
        /// Which.
        checkpoint_id: u64,
    },
    /// The job ended well, and no checkpoint is to come: all is committed.
    EndedWell,
    /// The job ended badly: what no checkpoint can need is removed.
    EndedBadly,
    /// A sink has committed all that it was told to.
    Committed {
        /// The sink's vertex.
        sink: u32,
    },
    /// Another leader has taken the job over.
    Fenced,
}

/// What a sink is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitAction {
    /// Make these visible; again changes nothing.
    Commit {
        /// The sink's vertex.
        sink: u32,
        /// The leader's epoch: an older one's commits are refused by who can.
        epoch: u64,
        /// In their order.
        committables: Vec<Vec<u8>>,
    },
    /// Remove these: they never become visible.
    Discard {
        /// The sink's vertex.
        sink: u32,
        /// In their order.
        committables: Vec<Vec<u8>>,
    },
}

impl fmt::Display for CommitAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |committables: &[Vec<u8>]| {
            let texts: Vec<_> = committables.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect();
            texts.join(" ")
        };
        match self {
            CommitAction::Commit { sink, epoch, committables } => {
                write!(formatter, "commit at {sink} in epoch {epoch}: {}", text(committables))
            }
            CommitAction::Discard { sink, committables } => {
                write!(formatter, "discard at {sink}: {}", text(committables))
            }
        }
    }
}

/// One thing that a sink prepared.
#[derive(Clone, Debug)]
struct Prepared {
    sink: u32,
    /// The first checkpoint that can include it.
    since_id: u64,
    committable: Vec<u8>,
    /// Whether the sink was told to commit it.
    is_told: bool,
    /// Checkpoints that include it and are durable, or may be; 0 stands for the one that the job was restored from.
    durable_in: BTreeSet<u64>,
}

/// The machine, for all sinks of a job.
#[derive(Clone, Debug)]
pub struct Commits {
    epoch: u64,
    /// In the order in which they were prepared.
    prepared: BTreeMap<u64, Prepared>,
    next_number: u64,
    /// The last barrier that each subtask passed.
    passed: BTreeMap<TaskId, u64>,
    /// What each checkpoint under way includes, by number.
    included: BTreeMap<u64, BTreeSet<u64>>,
    is_fenced: bool,
}

impl Commits {
    /// The machine of a leader of this epoch.
    pub fn new(epoch: u64) -> Self {
        Commits {
            epoch,
            prepared: BTreeMap::new(),
            next_number: 0,
            passed: BTreeMap::new(),
            included: BTreeMap::new(),
            is_fenced: false,
        }
    }

    /// Takes one event.
    pub fn step(&mut self, event: CommitEvent) -> Vec<CommitAction> {
        match event {
            CommitEvent::Restored { sink, committables } => {
                let numbers = self.add(sink, 0, committables);
                self.mark_durable(&numbers, 0);
                self.commit(&numbers)
            }
            CommitEvent::Passed { task, checkpoint_id, committables } => {
                self.passed.insert(task, checkpoint_id);
                self.add(task.vertex, checkpoint_id, committables);
                Vec::new()
            }
            CommitEvent::Ended { task, committables } => {
                let since_id = self.passed.get(&task).map_or(0, |passed| passed.saturating_add(1));
                self.add(task.vertex, since_id, committables);
                Vec::new()
            }
            CommitEvent::Durable { checkpoint_id } => {
                let numbers = self.included.remove(&checkpoint_id).unwrap_or_default();
                self.mark_durable(&numbers, checkpoint_id);
                self.commit(&numbers)
            }
            CommitEvent::GivenUp { checkpoint_id, is_settled } => {
                let numbers = self.included.remove(&checkpoint_id).unwrap_or_default();
                if !is_settled {
                    self.mark_durable(&numbers, checkpoint_id);
                }
                Vec::new()
            }
            CommitEvent::Settled { checkpoint_id } => {
                for prepared in self.prepared.values_mut() {
                    prepared.durable_in.remove(&checkpoint_id);
                }
                Vec::new()
            }
            CommitEvent::EndedWell => {
                let numbers = self.prepared.keys().copied().collect();
                self.commit(&numbers)
            }
            CommitEvent::EndedBadly => self.discard(),
            CommitEvent::Committed { sink } => {
                self.prepared.retain(|_, prepared| !(prepared.is_told && prepared.sink == sink));
                Vec::new()
            }
            CommitEvent::Fenced => {
                self.is_fenced = true;
                Vec::new()
            }
        }
    }

    /// What a checkpoint that is about to be written includes, by sink. What comes later belongs to the next.
    pub fn include(&mut self, checkpoint_id: u64) -> BTreeMap<u32, Vec<Vec<u8>>> {
        let mut by_sink: BTreeMap<u32, Vec<Vec<u8>>> = BTreeMap::new();
        let mut numbers = BTreeSet::new();
        for (number, prepared) in self.prepared.iter().filter(|(_, prepared)| prepared.since_id <= checkpoint_id) {
            numbers.insert(*number);
            by_sink.entry(prepared.sink).or_default().push(prepared.committable.clone());
        }
        self.included.insert(checkpoint_id, numbers);
        by_sink
    }

    /// Number of committables whose commit has not been acknowledged.
    pub fn uncommitted(&self) -> usize {
        self.prepared.len()
    }

    fn add(&mut self, sink: u32, since_id: u64, committables: Vec<Vec<u8>>) -> BTreeSet<u64> {
        let mut numbers = BTreeSet::new();
        for committable in committables {
            let prepared = Prepared { sink, since_id, committable, is_told: false, durable_in: BTreeSet::new() };
            self.prepared.insert(self.next_number, prepared);
            numbers.insert(self.next_number);
            self.next_number += 1;
        }
        numbers
    }

    fn mark_durable(&mut self, numbers: &BTreeSet<u64>, checkpoint_id: u64) {
        for number in numbers {
            if let Some(prepared) = self.prepared.get_mut(number) {
                prepared.durable_in.insert(checkpoint_id);
            }
        }
    }

    fn commit(&mut self, numbers: &BTreeSet<u64>) -> Vec<CommitAction> {
        if self.is_fenced {
            return Vec::new();
        }
        let mut by_sink: BTreeMap<u32, Vec<Vec<u8>>> = BTreeMap::new();
        for number in numbers {
            if let Some(prepared) = self.prepared.get_mut(number).filter(|prepared| !prepared.is_told) {
                prepared.is_told = true;
                by_sink.entry(prepared.sink).or_default().push(prepared.committable.clone());
            }
        }
        let epoch = self.epoch;
        by_sink.into_iter().map(|(sink, committables)| CommitAction::Commit { sink, epoch, committables }).collect()
    }

    fn discard(&mut self) -> Vec<CommitAction> {
        if self.is_fenced {
            return Vec::new();
        }
        let mut by_sink: BTreeMap<u32, Vec<Vec<u8>>> = BTreeMap::new();
        self.prepared.retain(|_, prepared| {
            if prepared.durable_in.is_empty() {
                by_sink.entry(prepared.sink).or_default().push(std::mem::take(&mut prepared.committable));
            }
            !prepared.durable_in.is_empty()
        });
        by_sink.into_iter().map(|(sink, committables)| CommitAction::Discard { sink, committables }).collect()
    }
}
