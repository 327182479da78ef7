//! A row's place in the changelog.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a row says about the table it belongs to. The numbers are those of Flink's `RowKind` and part of formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum RowKind {
    /// `+I`: the row is new.
    Insert = 0,
    /// `-U`: the row's former content, followed some time by its new one.
    UpdateBefore = 1,
    /// `+U`: the row's new content.
    UpdateAfter = 2,
    /// `-D`: the row is gone.
    Delete = 3,
}

impl RowKind {
    /// All kinds, by their number.
    pub const ALL: [RowKind; 4] = [RowKind::Insert, RowKind::UpdateBefore, RowKind::UpdateAfter, RowKind::Delete];

    /// The kind of a number; numbers above 3 do not occur in a batch (asserted).
    pub fn from_u8(code: u8) -> RowKind {
        Self::ALL[code as usize]
    }

    /// Whether the row adds to the table (`+I`, `+U`).
    pub fn is_addition(self) -> bool {
        matches!(self, RowKind::Insert | RowKind::UpdateAfter)
    }

    /// Whether the row takes from the table (`-U`, `-D`).
    pub fn is_retraction(self) -> bool {
        !self.is_addition()
    }

    /// `+I`, `-U`, `+U` or `-D`.
    pub fn short(self) -> &'static str {
        match self {
            RowKind::Insert => "+I",
            RowKind::UpdateBefore => "-U",
            RowKind::UpdateAfter => "+U",
            RowKind::Delete => "-D",
        }
    }

    /// The kind of a short form.
    pub fn from_short(text: &str) -> Option<RowKind> {
        Self::ALL.into_iter().find(|kind| kind.short() == text)
    }
}

impl fmt::Display for RowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

/// Which kinds of rows a stream holds, as EXPLAIN CHANGELOG_MODE shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChangelogMode {
    /// `-U` occurs.
    pub update_before: bool,
    /// `+U` occurs.
    pub update_after: bool,
    /// `-D` occurs.
    pub delete: bool,
}

impl ChangelogMode {
    /// `+I` alone.
    pub const INSERT_ONLY: Self = ChangelogMode { update_before: false, update_after: false, delete: false };
    /// Everything.
    pub const ALL: Self = ChangelogMode { update_before: true, update_after: true, delete: true };
    /// Updates by key, without `-U`.
    pub const UPSERT: Self = ChangelogMode { update_before: false, update_after: true, delete: true };

    /// Whether only `+I` occurs.
    pub fn is_insert_only(self) -> bool {
        self == Self::INSERT_ONLY
    }

    /// Whether a kind occurs.
    pub fn contains(self, kind: RowKind) -> bool {
        match kind {
            RowKind::Insert => true,
            RowKind::UpdateBefore => self.update_before,
            RowKind::UpdateAfter => self.update_after,
            RowKind::Delete => self.delete,
        }
    }
}

impl fmt::Display for ChangelogMode {
    /// `[I,UB,UA,D]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[I")?;
        for (present, name) in [(self.update_before, "UB"), (self.update_after, "UA"), (self.delete, "D")] {
            if present {
                write!(f, ",{name}")?;
            }
        }
        f.write_str("]")
    }
}
