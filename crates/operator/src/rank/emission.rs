//! What a row that comes to or goes from a Top-N changes in its result.
//!
//! Without ranks in the output: a row that is pushed out is deleted, then the new row is inserted; a row that moves up is inserted after the
//! deletion. With ranks (or with an offset, or where a single row is wanted and never retracted): every rank whose row changes is updated.

use flott_job::spec::{RankSpec, RankStrategy};
use flott_record::RowKind;

use crate::row_output::RowOutput;

/// Which ranks are emitted, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Emission {
    start: usize,
    /// Last rank that is wanted.
    pub(super) end: usize,
    output_rank: bool,
    /// Each rank is a place of its own, of which updates are emitted.
    pub(super) has_places: bool,
    emit_update_before: bool,
}

/// Whether the best row alone is wanted of an input that only inserts or improves: Flink's `FastTop1Function`, which replaces a row by a strictly
/// better one.
pub(super) fn is_top_one(spec: &RankSpec) -> bool {
    (spec.start, spec.end) == (1, 1) && spec.strategy != RankStrategy::Retract && spec.window_end.is_none()
}

impl Emission {
    pub(super) fn new(spec: &RankSpec) -> Self {
        let rank = |given: i64| usize::try_from(given.max(0)).unwrap_or(usize::MAX);
        Emission {
            start: rank(spec.start.max(1)),
            end: rank(spec.end),
            output_rank: spec.output_rank,
            has_places: spec.output_rank || spec.start > 1 || is_top_one(spec),
            emit_update_before: spec.emit_update_before,
        }
    }

    /// Emits a row at a rank, if the rank is wanted.
    pub(super) fn push(&self, out: &mut RowOutput, kind: RowKind, row: &[u8], rank: usize) {
        if rank < self.start || rank > self.end {
            return;
        }
        if self.output_rank {
            out.push_ranked(kind, row, rank as i64);
        } else {
            out.push(kind, row);
        }
    }

    /// Emits that the row at a rank is another now.
    pub(super) fn update(&self, out: &mut RowOutput, before: &[u8], after: &[u8], rank: usize) {
        if self.emit_update_before {
            self.push(out, RowKind::UpdateBefore, before, rank);
        }
        self.push(out, RowKind::UpdateAfter, after, rank);
    }

    /// A row comes at position `index`, before the `following` rows.
    pub(super) fn insert<'a>(
        &self,
        out: &mut RowOutput,
        row: &'a [u8],
        index: usize,
        mut following: impl Iterator<Item = &'a [u8]>,
    ) {
        if index >= self.end {
            return;
        }
        if !self.has_places {
            if let Some(evicted) = following.nth(self.end - 1 - index) {
                self.push(out, RowKind::Delete, evicted, self.end);
            }
            self.push(out, RowKind::Insert, row, index + 1);
            return;
        }
        let (mut current, mut rank) = (row, index + 1);
        for before in following.take(self.end - index) {
            self.update(out, before, current, rank);
            (current, rank) = (before, rank + 1);
        }
        self.push(out, RowKind::Insert, current, rank);
    }

    /// The row at position `index` goes; the `following` rows came after it.
    pub(super) fn remove<'a>(
        &self,
        out: &mut RowOutput,
        row: &'a [u8],
        index: usize,
        mut following: impl Iterator<Item = &'a [u8]>,
    ) {
        if index >= self.end {
            return;
        }
        if !self.has_places {
            self.push(out, RowKind::Delete, row, index + 1);
            if let Some(risen) = following.nth(self.end - 1 - index) {
                self.push(out, RowKind::Insert, risen, self.end);
            }
            return;
        }
        let (mut before, mut rank) = (row, index + 1);
        for current in following.take(self.end - index) {
            self.update(out, before, current, rank);
            (before, rank) = (current, rank + 1);
        }
        self.push(out, RowKind::Delete, before, rank);
    }

    /// A row of the Top-N is replaced: `old` was at position `from`, `new` is at position `to` (both counted without the row's other self); `between` are the rows
    /// that give way, in their order.
    pub(super) fn replace<'a>(
        &self,
        out: &mut RowOutput,
        (old, from): (&'a [u8], usize),
        (new, to): (&'a [u8], usize),
        between: &[&'a [u8]],
    ) {
        if !self.has_places {
            self.update(out, old, new, to + 1);
        } else if to <= from {
            let mut current = new;
            for (step, before) in between.iter().enumerate() {
                self.update(out, before, current, to + 1 + step);
                current = before;
            }
            self.update(out, old, current, from + 1);
        } else {
            let mut before = old;
            for (step, current) in between.iter().enumerate() {
                self.update(out, before, current, from + 1 + step);
                before = current;
            }
            self.update(out, before, new, to + 1);
        }
    }
}
