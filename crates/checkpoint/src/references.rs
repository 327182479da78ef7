//! Which objects the job's checkpoints need, as a pure state machine: says what may be reused and what is deleted.
//!
//! A checkpoint's new objects are its own until it is complete; then later checkpoints may refer to them as long as it is kept: tasks are told the
//! newest complete one as a base, and what their parts refer to is checked again when these arrive. Objects go when no retained checkpoint and none under way needs
//! them, the pointer has moved on, and a grace has passed. Borrowed objects (of a checkpoint that the job was restored from without claiming it)
//! are never reused and never deleted. Savepoints belong to the user: they are not known here, count for nothing and need nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use flott_environment::ObjectName;

use crate::TaskId;
use crate::limits::DELETION_GRACE_MS;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceEvent {
    /// The job was restored from this.
    Restored {
        /// Its id.
        checkpoint_id: u64,
        /// Its metadata object.
        metadata: ObjectName,
        /// All other objects that it needs.
        objects: Vec<ObjectName>,
        /// Whether the job owns it from now on.
        is_claimed: bool,
    },
    /// A task's part is durable.
    Registered {
        /// Of which checkpoint.
        checkpoint_id: u64,
        /// Whose part.
        task: TaskId,
        /// Objects that were written for it.
        new: Vec<ObjectName>,
        /// Objects of an earlier checkpoint that it refers to.
        reused: Vec<ObjectName>,
    },
    /// The metadata of a checkpoint is written, or may be. Not told where it certainly is not: what lies under its name then is another's.
    Written {
        /// Of which checkpoint.
        checkpoint_id: u64,
        /// The object.
        metadata: ObjectName,
    },
    /// The pointer has moved to a checkpoint.
    Completed {
        /// Which.
        checkpoint_id: u64,
    },
    /// A checkpoint is given up.
    GivenUp {
        /// Which.
        checkpoint_id: u64,
        /// Whether it certainly is not durable and will not be; where not, its objects are left to the sweeper.
        is_settled: bool,
    },
    /// A checkpoint that was given up while it was written: that write was answered, and nothing of it appears any more.
    Settled {
        /// Which.
        checkpoint_id: u64,
        /// The metadata object, if it was written.
        metadata: Option<ObjectName>,
    },
    /// The job has ended and a durable record says that its checkpoints are not needed any more.
    Released,
    /// Time has passed.
    Tick,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceAction {
    /// The task's part counts.
    Accept {
        /// Of which checkpoint.
        checkpoint_id: u64,
        /// Whose part.
        task: TaskId,
    },
    /// The task's part refers to an object that is not the job's any more: the checkpoint cannot be.
    Refuse {
        /// Of which checkpoint.
        checkpoint_id: u64,
        /// Whose part.
        task: TaskId,
        /// The object.
        name: ObjectName,
    },
    /// Nobody needs this object.
    Delete {
        /// The object.
        name: ObjectName,
    },
}

impl fmt::Display for ReferenceAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReferenceAction::Accept { checkpoint_id, task } => write!(formatter, "accept {checkpoint_id} {task}"),
            ReferenceAction::Refuse { checkpoint_id, task, name } => {
                write!(formatter, "refuse {checkpoint_id} {task}: {name}")
            }
            ReferenceAction::Delete { name } => write!(formatter, "delete {name}"),
        }
    }
}

/// What one checkpoint needs.
#[derive(Clone, Debug, Default)]
struct Needs {
    metadata: Option<ObjectName>,
    objects: BTreeSet<ObjectName>,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct References {
    retained_max: usize,
    grace_ms: u64,
    /// Complete checkpoints, oldest first.
    retained: BTreeMap<u64, Needs>,
    under_way: BTreeMap<u64, Needs>,
    /// Given up, but something of them may yet appear.
    unsettled: BTreeMap<u64, Needs>,
    borrowed: BTreeSet<ObjectName>,
    /// What goes when its time has come.
    doomed: BTreeMap<i64, Vec<ObjectName>>,
}

impl References {
    /// The machine of a job that keeps so many complete checkpoints (at least one).
    pub fn new(retained_max: usize) -> Self {
        References {
            retained_max: retained_max.max(1),
            grace_ms: DELETION_GRACE_MS,
            retained: BTreeMap::new(),
            under_way: BTreeMap::new(),
            unsettled: BTreeMap::new(),
            borrowed: BTreeSet::new(),
            doomed: BTreeMap::new(),
        }
    }

    /// Where nobody else reads the store, nothing is kept longer than needed.
    pub fn without_grace(self) -> Self {
        References { grace_ms: 0, ..self }
    }

    /// A checkpoint begins.
    pub fn begin(&mut self, checkpoint_id: u64) {
        self.under_way.entry(checkpoint_id).or_default();
    }

    /// The newest complete checkpoint, whose shared objects may be reused.
    pub fn base_id(&self) -> Option<u64> {
        self.retained.keys().next_back().copied()
    }

    /// The complete checkpoints that are kept, oldest first.
    pub fn retained_ids(&self) -> Vec<u64> {
        self.retained.keys().copied().collect()
    }

    /// Which of the complete checkpoints are kept once this one is complete too.
    pub fn retained_with(&self, checkpoint_id: u64) -> Vec<u64> {
        let mut ids: BTreeSet<u64> = self.retained.keys().copied().collect();
        ids.insert(checkpoint_id);
        let surplus = ids.len().saturating_sub(self.retained_max);
        ids.into_iter().skip(surplus).collect()
    }

    /// All objects that are needed, and those that are not deleted yet.
    pub fn needed(&self) -> BTreeSet<ObjectName> {
        let all = self.retained.values().chain(self.under_way.values());
        let needed = all.flat_map(|needs| needs.metadata.iter().chain(&needs.objects));
        needed.chain(&self.borrowed).chain(self.doomed.values().flatten()).cloned().collect()
    }

    /// What is to be deleted although its grace has not passed: the job ends, and nobody looks for older checkpoints any more.
    pub fn take_doomed(&mut self) -> Vec<ObjectName> {
        std::mem::take(&mut self.doomed).into_values().flatten().collect()
    }

    /// When something is to be deleted, milliseconds since the epoch.
    pub fn wake_at_ms(&self) -> Option<i64> {
        self.doomed.keys().next().copied()
    }

    /// Takes one event.
    pub fn step(&mut self, event: ReferenceEvent, now_ms: i64) -> Vec<ReferenceAction> {
        let mut actions = Vec::new();
        match event {
            ReferenceEvent::Restored { checkpoint_id, metadata, objects, is_claimed } => {
                if is_claimed {
                    let needs = Needs { metadata: Some(metadata), objects: objects.into_iter().collect() };
                    self.retained.insert(checkpoint_id, needs);
                } else {
                    self.borrowed.insert(metadata);
                    self.borrowed.extend(objects);
                }
            }
            ReferenceEvent::Registered { checkpoint_id, task, new, reused } => {
                self.register(checkpoint_id, task, new, reused, now_ms, &mut actions);
            }
            ReferenceEvent::Written { checkpoint_id, metadata } => {
                if let Some(needs) = self.under_way.get_mut(&checkpoint_id) {
                    needs.metadata = Some(metadata);
                }
            }
            ReferenceEvent::Completed { checkpoint_id } => self.complete(checkpoint_id, now_ms),
            ReferenceEvent::GivenUp { checkpoint_id, is_settled } => match self.under_way.remove(&checkpoint_id) {
                Some(needs) if is_settled => self.doom(needs, now_ms),
                Some(needs) => drop(self.unsettled.insert(checkpoint_id, needs)),
                None => {}
            },
            ReferenceEvent::Settled { checkpoint_id, metadata } => {
                if let Some(mut needs) = self.unsettled.remove(&checkpoint_id) {
                    needs.metadata = metadata;
                    self.doom(needs, now_ms);
                }
            }
            ReferenceEvent::Released => {
                let all = std::mem::take(&mut self.retained);
                all.into_values().for_each(|needs| self.doom(needs, now_ms));
            }
            ReferenceEvent::Tick => {}
        }
        while let Some(entry) = self.doomed.first_entry().filter(|entry| *entry.key() <= now_ms) {
            actions.extend(entry.remove().into_iter().map(|name| ReferenceAction::Delete { name }));
        }
        actions
    }

    fn register(
        &mut self,
        checkpoint_id: u64,
        task: TaskId,
        new: Vec<ObjectName>,
        reused: Vec<ObjectName>,
        now_ms: i64,
        actions: &mut Vec<ReferenceAction>,
    ) {
        let is_registered = |name: &ObjectName| self.retained.values().any(|needs| needs.objects.contains(name));
        let foreign = reused.iter().find(|name| !is_registered(name)).cloned();
        let Some(needs) = self.under_way.get_mut(&checkpoint_id) else {
            // It was given up or is complete: nobody will ever need what was written for it.
            self.doom(Needs { metadata: None, objects: new.into_iter().collect() }, now_ms);
            return;
        };
        needs.objects.extend(new);
        match foreign {
            Some(name) => actions.push(ReferenceAction::Refuse { checkpoint_id, task, name }),
            None => {
                needs.objects.extend(reused);
                actions.push(ReferenceAction::Accept { checkpoint_id, task });
            }
        }
    }

    fn complete(&mut self, checkpoint_id: u64, now_ms: i64) {
        let Some(needs) = self.under_way.remove(&checkpoint_id) else { return };
        self.retained.insert(checkpoint_id, needs);
        while self.retained.len() > self.retained_max {
            if let Some((_, needs)) = self.retained.pop_first() {
                self.doom(needs, now_ms);
            }
        }
    }

    /// Lets what is needed by nobody else go, the metadata first: it never names what is gone.
    fn doom(&mut self, needs: Needs, now_ms: i64) {
        let is_needed = |name: &ObjectName| {
            let mut others = self.retained.values().chain(self.under_way.values());
            others.any(|needs| needs.objects.contains(name)) || self.borrowed.contains(name)
        };
        let free: Vec<ObjectName> =
            needs.metadata.into_iter().chain(needs.objects).filter(|name| !is_needed(name)).collect();
        if !free.is_empty() {
            self.doomed.entry(now_ms.saturating_add_unsigned(self.grace_ms)).or_default().extend(free);
        }
    }
}
