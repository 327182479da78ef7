//! What one arrived row changes in the result of an outer, semi or anti join, by the rules of Flink's `StreamingJoinOperator` and
//! `StreamingSemiAntiJoinOperator`.

use arrow_array::{ArrayRef, UInt32Array};
use flott_job::spec::JoinKind;
use flott_record::{Batch, RowKind};

use super::candidates::{left_then_right, take_all};
use super::row_bag::{BagLayout, RowBag};
use crate::interface::OperatorError;

/// Emitted rows: an arrived row or none, a stored row or none, and the kind.
#[derive(Default)]
pub(super) struct Changes {
    kinds: Vec<u8>,
    arrived: Vec<Option<u32>>,
    stored: Vec<Option<u32>>,
}

impl Changes {
    fn push(&mut self, kind: RowKind, arrived: Option<u32>, stored: Option<u32>) {
        self.kinds.push(kind as u8);
        self.arrived.push(arrived);
        self.stored.push(stored);
    }

    /// The emitted rows as a batch.
    pub(super) fn into_batch(
        self,
        rules: Rules,
        arrived: &[ArrayRef],
        stored: &[ArrayRef],
    ) -> Result<Batch, OperatorError> {
        let rows = self.kinds.len();
        let arrived_rows = UInt32Array::from(self.arrived);
        let stored_rows = UInt32Array::from(self.stored);
        let columns = match (rules.left_only, rules.arrived_left) {
            (true, true) => take_all(arrived, &arrived_rows)?,
            (true, false) => take_all(stored, &stored_rows)?,
            (false, arrived_left) => {
                left_then_right(arrived_left, take_all(arrived, &arrived_rows)?, take_all(stored, &stored_rows)?)
            }
        };
        Ok(Batch::new(columns, rows).with_kinds(self.kinds.into()))
    }
}

/// What of the join's kind matters for rows of one side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Rows of the left side arrive.
    pub(super) arrived_left: bool,
    /// SEMI or ANTI: the result has left columns only.
    left_only: bool,
    anti: bool,
    own_outer: bool,
    other_outer: bool,
    /// Rows without a match are emitted at the end of input instead of at once.
    deferred: bool,
}

impl Rules {
    pub(super) fn new(kind: JoinKind, arrived_left: bool, deferred: bool) -> Self {
        let outer = |left: bool| is_counted(kind, left) && !matches!(kind, JoinKind::Semi | JoinKind::Anti);
        Rules {
            arrived_left,
            left_only: matches!(kind, JoinKind::Semi | JoinKind::Anti),
            anti: kind == JoinKind::Anti,
            own_outer: outer(arrived_left),
            other_outer: outer(!arrived_left),
            deferred,
        }
    }
}

/// Whether rows of a side count their associations.
pub(super) fn is_counted(kind: JoinKind, left: bool) -> bool {
    match kind {
        JoinKind::Inner => false,
        JoinKind::Left | JoinKind::Semi | JoinKind::Anti => left,
        JoinKind::Right => !left,
        JoinKind::Full => true,
    }
}

/// An arrived row and its matches.
pub(super) struct Arrived<'a> {
    pub(super) row: u32,
    pub(super) kind: RowKind,
    /// Whether its key can equal any; a row that cannot is not in state and final at once.
    pub(super) matchable: bool,
    /// Positions of the stored rows among the candidates.
    pub(super) matches: &'a [u32],
}

/// The stored rows of the arrived row's key.
pub(super) struct Stored<'a> {
    /// Present if there are matches and the other side counts.
    pub(super) bag: Option<&'a mut RowBag>,
    pub(super) layout: BagLayout,
    /// Places of the candidates in their bags.
    pub(super) offsets: &'a [usize],
    pub(super) now_ms: i64,
}

impl Stored<'_> {
    /// Adds `change` to a stored row's associations and gives what they were.
    fn associate(&mut self, stored: u32, change: i32) -> u32 {
        let Some(bag) = &mut self.bag else { unreachable!("a match lies in a bag") };
        let offset = self.offsets[stored as usize];
        let before = bag.associations(self.layout, offset);
        bag.set_associations(self.layout, offset, before.saturating_add_signed(change), self.now_ms);
        before
    }
}

/// Emits what an arrived row changes and updates the associations of the stored rows.
pub(super) fn apply(rules: Rules, arrived: &Arrived<'_>, stored: &mut Stored<'_>, changes: &mut Changes) {
    match (rules.left_only, rules.arrived_left, arrived.kind.is_addition()) {
        (true, true, _) => filter_left(rules, arrived, changes),
        (true, false, _) => filter_by_right(rules, arrived, stored, changes),
        (false, _, true) => accumulate(rules, arrived, stored, changes),
        (false, _, false) => retract(rules, arrived, stored, changes),
    }
}

fn accumulate(rules: Rules, arrived: &Arrived<'_>, stored: &mut Stored<'_>, changes: &mut Changes) {
    let row = Some(arrived.row);
    if arrived.matches.is_empty() {
        if rules.own_outer && !(rules.deferred && arrived.matchable) {
            changes.push(RowKind::Insert, row, None);
        }
        return;
    }
    if rules.other_outer {
        for matched in arrived.matches {
            if stored.associate(*matched, 1) == 0 && !rules.deferred {
                changes.push(RowKind::Delete, None, Some(*matched));
            }
        }
    }
    let kind = if rules.own_outer || rules.other_outer { RowKind::Insert } else { arrived.kind };
    arrived.matches.iter().for_each(|matched| changes.push(kind, row, Some(*matched)));
}

fn retract(rules: Rules, arrived: &Arrived<'_>, stored: &mut Stored<'_>, changes: &mut Changes) {
    let row = Some(arrived.row);
    if arrived.matches.is_empty() {
        if rules.own_outer && !(rules.deferred && arrived.matchable) {
            changes.push(RowKind::Delete, row, None);
        }
        return;
    }
    let kind = if rules.own_outer { RowKind::Delete } else { arrived.kind };
    arrived.matches.iter().for_each(|matched| changes.push(kind, row, Some(*matched)));
    if rules.other_outer {
        for matched in arrived.matches {
            if stored.associate(*matched, -1) == 1 && !rules.deferred {
                changes.push(RowKind::Insert, None, Some(*matched));
            }
        }
    }
}

/// A left row of a SEMI or ANTI join.
fn filter_left(rules: Rules, arrived: &Arrived<'_>, changes: &mut Changes) {
    let passes = arrived.matches.is_empty() == rules.anti;
    let waits = rules.anti && rules.deferred && arrived.matchable;
    if passes && !waits {
        changes.push(arrived.kind, Some(arrived.row), None);
    }
}

/// A right row of a SEMI or ANTI join: left rows come or go with their first and last match.
fn filter_by_right(rules: Rules, arrived: &Arrived<'_>, stored: &mut Stored<'_>, changes: &mut Changes) {
    let adds = arrived.kind.is_addition();
    for matched in arrived.matches {
        let before = stored.associate(*matched, if adds { 1 } else { -1 });
        let turns = before == if adds { 0 } else { 1 };
        if !turns || (rules.anti && rules.deferred) {
            continue;
        }
        let kind = match (rules.anti, adds) {
            (true, true) => RowKind::Delete,
            (true, false) => RowKind::Insert,
            (false, _) => arrived.kind,
        };
        changes.push(kind, None, Some(*matched));
    }
}
