//! Deals splits out to readers as they ask, as a pure state machine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use flott_connector::Split;

/// An answer to a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deal {
    /// Read this.
    Assign(Split),
    /// Nothing now.
    NotNow,
    /// Nothing any more.
    NoMore,
}

/// The splits of one source that nobody reads yet, and the readers that wait for one.
///
/// Splits are dealt out in the order in which they were found, also after a restore: where that is their order in time, no reader goes
/// back in time.
///
/// Nobody gets a second split before every reader has asked once: where there is a split for each reader, a reader that is quick (or
/// alone on a core at first) would otherwise take another's, whose rows would then come late.
#[derive(Debug, Default)]
pub(crate) struct SplitPool {
    /// Number of readers.
    readers: usize,
    /// Readers that have asked at least once.
    known: BTreeSet<u32>,
    /// Readers that have had a split.
    served: BTreeSet<u32>,
    splits: VecDeque<Split>,
    /// Number of the first of `splits` in the order of all.
    next_number: u64,
    /// Numbers and ids of the splits that a subtask may still be reading.
    assigned: BTreeMap<u32, Vec<(u64, String)>>,
    /// Subtasks in the order in which they asked, with whether they were told that there is nothing now.
    waiting: VecDeque<(u32, bool)>,
    is_complete: bool,
}

impl SplitPool {
    /// A pool for so many readers.
    pub(crate) fn new(readers: usize) -> Self {
        SplitPool { readers, ..SplitPool::default() }
    }

    /// Adds splits that were found.
    pub(crate) fn add(&mut self, splits: Vec<Split>) {
        self.splits.extend(splits);
    }

    /// No split will be found any more.
    pub(crate) fn complete(&mut self) {
        self.is_complete = true;
    }

    /// A reader has read all that it had.
    pub(crate) fn ask(&mut self, subtask: u32) {
        self.assigned.remove(&subtask);
        self.known.insert(subtask);
        self.waiting.push_back((subtask, false));
    }

    /// Splits that nobody reads yet.
    pub(crate) fn unassigned(&self) -> Vec<Split> {
        self.splits.iter().cloned().collect()
    }

    /// Ids of all splits that are not read to their end, as far as is known, in order.
    pub(crate) fn order(&self) -> Vec<String> {
        let mut assigned: Vec<&(u64, String)> = self.assigned.values().flatten().collect();
        assigned.sort();
        assigned.into_iter().map(|(_, id)| id.clone()).chain(self.splits.iter().map(|split| split.id.clone())).collect()
    }

    /// Position among those who wait of the first that may have a split.
    fn next_waiting(&self) -> Option<usize> {
        let unserved = self.waiting.iter().position(|(subtask, _)| !self.served.contains(subtask));
        unserved.or_else(|| (self.known.len() >= self.readers && !self.waiting.is_empty()).then_some(0))
    }

    /// The answers that can be given now.
    pub(crate) fn deal(&mut self) -> Vec<(u32, Deal)> {
        let mut deals = Vec::new();
        while !self.splits.is_empty()
            && let Some(position) = self.next_waiting()
        {
            if let (Some((subtask, _)), Some(split)) = (self.waiting.remove(position), self.splits.pop_front()) {
                self.assigned.entry(subtask).or_default().push((self.next_number, split.id.clone()));
                self.next_number += 1;
                self.served.insert(subtask);
                deals.push((subtask, Deal::Assign(split)));
            }
        }
        if !self.splits.is_empty() {
            // Those who wait have had one; they are not idle, their turn comes.
            return deals;
        }
        if self.is_complete {
            deals.extend(self.waiting.drain(..).map(|(subtask, _)| (subtask, Deal::NoMore)));
        }
        let untold = self.waiting.iter_mut().filter(|(_, told)| !told);
        deals.extend(untold.map(|(subtask, told)| {
            *told = true;
            (*subtask, Deal::NotNow)
        }));
        deals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(id: &str) -> Split {
        Split { id: id.to_string(), state: Vec::new() }
    }

    #[test]
    fn nobody_gets_a_second_split_before_all_have_asked() {
        let mut pool = SplitPool::new(2);
        pool.add(vec![split("a"), split("b"), split("c")]);
        pool.complete();
        pool.ask(1);
        assert_eq!(pool.deal(), [(1, Deal::Assign(split("a")))]);
        pool.ask(1);
        assert_eq!(pool.deal(), [], "reader 0 may want one");
        pool.ask(0);
        assert_eq!(pool.deal(), [(0, Deal::Assign(split("b"))), (1, Deal::Assign(split("c")))]);
    }

    #[test]
    fn readers_get_splits_in_the_order_in_which_they_asked() {
        let mut pool = SplitPool::default();
        pool.ask(1);
        assert_eq!(pool.deal(), [(1, Deal::NotNow)]);
        assert_eq!(pool.deal(), [], "told once");
        pool.ask(0);
        pool.add(vec![split("a"), split("b"), split("c")]);
        assert_eq!(pool.deal(), [(1, Deal::Assign(split("a"))), (0, Deal::Assign(split("b")))]);
        assert_eq!(pool.unassigned(), [split("c")]);
        assert_eq!(pool.order(), ["a", "b", "c"]);
        pool.complete();
        assert_eq!(pool.deal(), []);
        pool.ask(1);
        assert_eq!(pool.order(), ["b", "c"]);
        pool.ask(0);
        assert_eq!(pool.deal(), [(1, Deal::Assign(split("c"))), (0, Deal::NoMore)]);
    }
}
