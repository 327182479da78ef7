//! One checkpoint under way.

use std::collections::BTreeSet;

use crate::TaskId;
use crate::coordinator::RequestKind;

/// How far it is. From [`Stage::MovingPointer`] on it may already be what recovery finds, so it is not given up on a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Parts are missing.
    Collecting,
    /// The metadata is being written.
    Writing,
    /// The metadata is being read again. It may have been written, or may yet be.
    Resolving,
    /// The store could not be read; it is asked again at this time.
    ResolveAgain { at_ms: i64 },
    /// It waits for an earlier one to move the pointer.
    AwaitingPointer,
    /// The pointer is being moved, or read since the answer was unclear.
    MovingPointer,
    /// The pointer could not be read; it is asked again at this time.
    ReadAgain { at_ms: i64 },
}

/// A checkpoint under way.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) kind: RequestKind,
    /// Who asked for it; `None` for periodic ones.
    pub(super) request: Option<u64>,
    pub(super) deadline_ms: i64,
    /// Tasks whose part is still missing.
    pub(super) missing: BTreeSet<TaskId>,
    pub(super) stage: Stage,
    /// Whether it is open if the metadata was written, or the pointer moved.
    pub(super) is_unclear: bool,
}

impl Pending {
    /// Whether the pointer may name it already.
    pub(super) fn may_be_found(&self) -> bool {
        matches!(self.stage, Stage::MovingPointer | Stage::ReadAgain { .. })
    }

    /// Whether all of its writes have been answered, so that nothing of it appears later.
    pub(super) fn is_settled(&self) -> bool {
        match self.stage {
            Stage::Collecting | Stage::AwaitingPointer => true,
            Stage::Resolving | Stage::ResolveAgain { .. } => !self.is_unclear,
            Stage::Writing | Stage::MovingPointer | Stage::ReadAgain { .. } => false,
        }
    }
}
