//! Bounds on nesting and tree height, see [`crate::limits`].

use super::{Parsed, Parser};
use crate::limits::{MAX_NESTING_LEVELS, MAX_TREE_LEVELS};

impl Parser<'_> {
    /// Parses something nested by one level: one level more of parser stack.
    pub(super) fn nested<T>(&mut self, item: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting_levels >= MAX_NESTING_LEVELS {
            return Err(self.error_here(format!("not supported: nesting deeper than {MAX_NESTING_LEVELS} levels")));
        }
        self.nesting_levels += 1;
        let enclosing = std::mem::replace(&mut self.tree_levels, 0);
        let result = item(self);
        self.nesting_levels -= 1;
        self.tree_levels = enclosing.max(self.tree_levels + 1);
        result
    }

    /// Notes that a chain (`a + b + c`, joins, unions) has grown by one level to the left: what was built since
    /// [`Parser::nested`] began now lies one level lower.
    pub(super) fn grow_tree(&mut self) -> Parsed<()> {
        self.tree_levels += 1;
        if self.tree_levels > MAX_TREE_LEVELS {
            return Err(self
                .error_here(format!("not supported: an expression or query with more than {MAX_TREE_LEVELS} levels")));
        }
        Ok(())
    }
}
