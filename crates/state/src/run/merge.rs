//! Several runs as one: of each key the newest entry.

use std::sync::Arc;

use flott_record::KeyGroupRange;

use super::reader::{Run, RunCursor};
use crate::error::StateError;

/// Goes through the entries of runs in order of their keys; stands on an entry until it is done.
pub struct Merge {
    /// Newest first.
    cursors: Vec<RunCursor>,
    current: Option<usize>,
    with_tombstones: bool,
}

impl Merge {
    /// The entries of these runs, oldest first, each with the key groups that count. Tombstones are told of only `with_tombstones`: where
    /// there are older runs that are not merged.
    ///
    /// # Errors
    /// Where a source fails or is damaged.
    pub fn new(
        runs: impl DoubleEndedIterator<Item = (Arc<Run>, KeyGroupRange)>,
        with_tombstones: bool,
    ) -> Result<Self, StateError> {
        let cursors: Result<Vec<_>, _> = runs.rev().map(|(run, key_groups)| run.cursor(key_groups)).collect();
        let mut merge = Merge { cursors: cursors?, current: None, with_tombstones };
        merge.settle()?;
        Ok(merge)
    }

    /// Key with its key group in front, and value or tombstone; `None` at the end.
    pub fn entry(&self) -> Option<(&[u8], Option<&[u8]>)> {
        let cursor = &self.cursors[self.current?];
        Some((cursor.run_key(), cursor.value()))
    }

    /// Goes to the next entry.
    ///
    /// # Errors
    /// Where a source fails or is damaged.
    pub fn advance(&mut self) -> Result<(), StateError> {
        self.skip_current()?;
        self.settle()
    }

    /// Moves all cursors beyond the current key.
    fn skip_current(&mut self) -> Result<(), StateError> {
        let Some(current) = self.current else { return Ok(()) };
        let (newer, rest) = self.cursors.split_at_mut(current);
        debug_assert!(newer.iter().all(|cursor| cursor.is_done() || cursor.run_key() > rest[0].run_key()));
        if let Some((current, older)) = rest.split_first_mut() {
            for cursor in older {
                if !cursor.is_done() && cursor.run_key() == current.run_key() {
                    cursor.advance()?;
                }
            }
            current.advance()?;
        }
        Ok(())
    }

    /// Finds the least key; of equals the newest.
    fn settle(&mut self) -> Result<(), StateError> {
        loop {
            let mut least: Option<usize> = None;
            for (index, cursor) in self.cursors.iter().enumerate() {
                let is_less = || least.is_none_or(|least| cursor.run_key() < self.cursors[least].run_key());
                if !cursor.is_done() && is_less() {
                    least = Some(index);
                }
            }
            self.current = least;
            match least {
                Some(index) if !self.with_tombstones && self.cursors[index].value().is_none() => self.skip_current()?,
                _ => return Ok(()),
            }
        }
    }
}
