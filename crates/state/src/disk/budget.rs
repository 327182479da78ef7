//! One number for the memory of all tables of a process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the tables of a process may occupy in memory together.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limit_bytes: usize,
    used_bytes: AtomicUsize,
    tables: AtomicUsize,
}

impl MemoryBudget {
    /// A budget of so many bytes.
    pub fn new(limit_bytes: usize) -> Self {
        let (used_bytes, tables) = (AtomicUsize::new(0), AtomicUsize::new(0));
        MemoryBudget { shared: Arc::new(Shared { limit_bytes, used_bytes, tables }) }
    }

    /// What tables have said that they occupy.
    pub fn used_bytes(&self) -> usize {
        self.shared.used_bytes.load(Ordering::Relaxed)
    }

    /// The limit.
    pub fn limit_bytes(&self) -> usize {
        self.shared.limit_bytes
    }

    /// A table's share; it ends when it is dropped.
    pub fn share(&self) -> MemoryShare {
        self.shared.tables.fetch_add(1, Ordering::Relaxed);
        MemoryShare { budget: self.clone(), used_bytes: 0 }
    }
}

/// One table's share of a budget.
#[derive(Debug)]
pub struct MemoryShare {
    budget: MemoryBudget,
    used_bytes: usize,
}

impl MemoryShare {
    /// Says what the table occupies now, and gives what it may: its fair share, and more as long as others leave some.
    pub fn report(&mut self, used_bytes: usize) -> usize {
        let Shared { limit_bytes, used_bytes: all, tables } = &*self.budget.shared;
        all.fetch_add(used_bytes, Ordering::Relaxed);
        all.fetch_sub(self.used_bytes, Ordering::Relaxed);
        self.used_bytes = used_bytes;
        let free = limit_bytes.saturating_sub(all.load(Ordering::Relaxed));
        let fair = limit_bytes / tables.load(Ordering::Relaxed).max(1);
        let over = all.load(Ordering::Relaxed) > *limit_bytes;
        if over { fair } else { fair.max(used_bytes + free) }
    }
}

impl Drop for MemoryShare {
    fn drop(&mut self) {
        self.budget.shared.used_bytes.fetch_sub(self.used_bytes, Ordering::Relaxed);
        self.budget.shared.tables.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_may_use_what_others_leave_but_no_more_than_its_share_when_it_is_tight() {
        let budget = MemoryBudget::new(100);
        let mut one = budget.share();
        assert_eq!(one.report(60), 100);
        let mut other = budget.share();
        assert_eq!(other.report(30), 50);
        assert_eq!(one.report(60), 70);
        assert_eq!(other.report(60), 50);
        assert_eq!(one.report(50), 50);
        drop(other);
        assert_eq!(one.report(50), 100);
        assert_eq!(budget.used_bytes(), 50);
    }
}
