//! What of a table has changed since which checkpoint, so that a checkpoint writes only that.
//!
//! Each entry holds the **generation** (number of snapshots taken before) of its last change. The runs of the latest completed checkpoint
//! form **levels**, oldest first: each has what changed in its generations, the first one everything up to them. A new checkpoint refers to
//! the levels from the oldest on and writes one run with what changed since. Small levels are written again as part of the new run,
//! so that there are few; when what lies above the first level gets half as large as that, all is written anew.
//! A checkpoint that is not known to be complete is never referred to: its changes are part of the next one, too.

use hashbrown::HashSet;

use super::KeyBytes;
use crate::limits::{CHANGES_PER_ENTRY_MAX, DELTAS_PER_BASE_DIVISOR, LEVEL_GROWTH_FACTOR, PENDING_CHECKPOINTS_MAX};
use crate::run::RunRef;

/// A key that was removed, or of which nothing but the key is known to have changed.
#[derive(Debug)]
pub(crate) struct Removed {
    pub(crate) generation: u32,
    pub(crate) hash: u32,
    pub(crate) key: KeyBytes,
    /// Whether the key was there before, so that an earlier run may have it.
    pub(crate) was_there: bool,
}

/// A run and the generations whose changes it has.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    pub(crate) run: RunRef,
    /// The last of its generations.
    pub(crate) until: u32,
}

/// A checkpoint that is not known to be complete.
#[derive(Debug)]
struct Pending {
    checkpoint_id: u64,
    levels: Vec<Level>,
}

/// What the next checkpoint writes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Everything.
    Full,
    /// What changed after this generation, above this number of levels.
    Since { generation: u32, levels: usize },
}

/// Changes since the latest completed checkpoint that had everything.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    levels: Vec<Level>,
    pending: Vec<Pending>,
    /// What changed in this generation or before is in the first level.
    floor: u32,
    /// Where entries were when they changed first in a generation, or were moved to: candidates, perhaps changed or moved again since.
    slots: Vec<u32>,
    /// For each generation after `floor` where its part of `slots` begins.
    starts: Vec<(u32, usize)>,
    /// In the order of their generations.
    removed: Vec<Removed>,
}

impl Changes {
    /// The entry in a slot has changed for the first time in the current generation, or is new, or was moved there.
    pub(crate) fn push(&mut self, slot: u32) {
        self.slots.push(slot);
    }

    /// Whether an entry that changed last in this generation is needed in some slot list.
    pub(crate) fn is_tracked(&self, generation: u32) -> bool {
        generation > self.floor
    }

    pub(crate) fn push_removed(&mut self, removed: Removed) {
        self.removed.push(removed);
    }

    /// A checkpoint has become known to be complete.
    pub(crate) fn complete(&mut self, completed_id: u64) {
        let Some(index) = self.pending.iter().position(|pending| pending.checkpoint_id == completed_id) else {
            return;
        };
        let done = self.pending.drain(..=index).next_back();
        self.levels = done.map(|pending| pending.levels).unwrap_or_default();
        self.forget_until(self.levels.first().map_or(0, |base| base.until));
    }

    /// Forgets changes up to a generation.
    fn forget_until(&mut self, floor: u32) {
        if floor > self.floor {
            self.floor = floor;
            let first = self.first_slot_after(floor);
            self.slots.drain(..first);
            self.starts.retain_mut(|(generation, start)| {
                *start = start.saturating_sub(first);
                *generation > floor
            });
            self.removed.retain(|removed| removed.generation > floor);
        }
    }

    fn first_slot_after(&self, generation: u32) -> usize {
        let index = self.starts.partition_point(|(of, _)| *of <= generation);
        self.starts.get(index).map_or(self.slots.len(), |(_, start)| *start)
    }

    /// What a checkpoint writes that ends a generation of a table with this many entries.
    pub(crate) fn plan(&mut self, generation: u32, entries: usize) -> Plan {
        let most = entries.max(self.levels.first().map_or(0, |base| base.run.facts.entries as usize));
        if self.slots.len() + self.removed.len() > (most + 1) * CHANGES_PER_ENTRY_MAX {
            self.levels.clear();
            self.pending.clear();
            self.forget_until(generation);
        }
        let Some(base) = self.levels.first().map(|level| level.run.facts) else { return Plan::Full };
        let completed = self.levels[self.levels.len() - 1].until;
        let changed = self.slots.len() - self.first_slot_after(completed) + self.removed.len();
        let mut bytes = changed as u64 * (base.bytes / base.entries.max(1));
        let deltas: u64 = self.levels[1..].iter().map(|level| level.run.facts.bytes).sum();
        if (deltas + bytes) * DELTAS_PER_BASE_DIVISOR > base.bytes {
            return Plan::Full;
        }
        let mut levels = self.levels.len();
        while levels > 1 && self.levels[levels - 1].run.facts.bytes <= bytes * LEVEL_GROWTH_FACTOR {
            levels -= 1;
            bytes += self.levels[levels].run.facts.bytes;
        }
        Plan::Since { generation: self.levels[levels - 1].until, levels }
    }

    /// The levels that a plan refers to.
    pub(crate) fn kept(&self, levels: usize) -> &[Level] {
        &self.levels[..levels]
    }

    /// Candidates for entries that changed after a generation, in ascending order, each once.
    pub(crate) fn slots_since(&self, generation: u32) -> Vec<u32> {
        let mut slots = self.slots[self.first_slot_after(generation)..].to_vec();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Keys removed after a generation, each once, with its first removal.
    pub(crate) fn removed_since(&self, generation: u32) -> impl Iterator<Item = &Removed> {
        let first = self.removed.partition_point(|removed| removed.generation <= generation);
        let mut seen = HashSet::with_hasher(foldhash::fast::FixedState::default());
        self.removed[first..].iter().filter(move |removed| seen.insert(removed.key.as_slice()))
    }

    /// A checkpoint has been taken, ending a generation, that refers to some levels and has a run above them, if anything has changed.
    pub(crate) fn taken(&mut self, checkpoint_id: u64, generation: u32, levels: usize, run: Option<RunRef>) {
        let mut all = self.levels[..levels].to_vec();
        match (run, all.last_mut()) {
            (Some(run), _) => all.push(Level { run, until: generation }),
            (None, Some(last)) => last.until = generation,
            (None, None) => {}
        }
        self.pending.push(Pending { checkpoint_id, levels: all });
        if self.pending.len() > PENDING_CHECKPOINTS_MAX {
            self.pending.remove(0);
        }
        self.starts.push((generation + 1, self.slots.len()));
    }
}
