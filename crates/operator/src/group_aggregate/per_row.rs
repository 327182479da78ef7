//! One change set an input row: what Flink's `GroupAggFunction` emits, made by columns.
//!
//! First each row's group is found and what the row does to it (make, update, delete, nothing); a key that comes again after its group was
//! deleted gets another slot, so that the calls can then run over all rows, one call after the other, each recording its results
//! before and after each row. From these trails the changed rows are gathered.

use arrow_array::{ArrayRef, UInt32Array};
use arrow_select::take::take;
use flott_record::{Batch, KeyRows, RowKind};

use super::groups::Groups;
use crate::accumulator::is_retraction;
use crate::changes::mark_changed;
use crate::interface::{Context, OperatorError};

/// What a row does to its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    First,
    Update,
    Delete,
}

/// Buffers that are kept from batch to batch.
#[derive(Default)]
pub(super) struct PerRow {
    keys: KeyRows,
    slots: Vec<u32>,
    effects: Vec<Effect>,
    /// Rows that concern no group; empty if there are none.
    ignored: Vec<usize>,
    released: Vec<u32>,
    changed: Vec<bool>,
}

/// What the aggregation wants.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Positions of the keys.
    pub(super) keys: Vec<usize>,
    pub(super) input_retracts: bool,
    pub(super) emit_update_before: bool,
    /// Whether each row changes its group's results, as COUNT(*) does.
    pub(super) always_changes: bool,
}

impl PerRow {
    pub(super) fn process(
        &mut self,
        groups: &mut Groups,
        rules: &Rules,
        batch: &Batch,
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        let key_columns: Vec<ArrayRef> = rules.keys.iter().map(|index| batch.column(*index).clone()).collect();
        self.keys.encode_into(&key_columns, batch.num_rows());
        groups.prefetch(&self.keys)?;
        self.resolve(groups, rules, batch.kinds(), context.now_ms);
        if self.ignored.is_empty() {
            self.emit(groups, rules, batch, key_columns, context)?;
        } else {
            let mut keep = vec![true; batch.num_rows()];
            self.ignored.iter().for_each(|row| keep[*row] = false);
            let kept = batch.filter(&keep.into())?;
            let key_columns = rules.keys.iter().map(|index| kept.column(*index).clone()).collect();
            self.emit(groups, rules, &kept, key_columns, context)?;
        }
        groups.clean(&mut self.released, batch.num_rows(), context.now_ms);
        Ok(())
    }

    fn resolve(&mut self, groups: &mut Groups, rules: &Rules, kinds: Option<&[u8]>, now_ms: i64) {
        self.slots.clear();
        self.effects.clear();
        self.ignored.clear();
        if rules.input_retracts || groups.expires() {
            return self.resolve_with_retractions(groups, rules, kinds, now_ms);
        }
        let Groups { table, accumulators, .. } = groups;
        for row in 0..self.keys.len() {
            let (hash, key) = (self.keys.hash(row), self.keys.key(row));
            // Neighbouring rows often share their key, and all do where there is none.
            if row > 0 && self.keys.is_same(row, row - 1) {
                self.slots.push(self.slots[row - 1]);
                self.effects.push(Effect::Update);
                continue;
            }
            let (slot, new) = table.get_or_insert_with(hash, key, || accumulators.allocate());
            self.slots.push(*slot);
            self.effects.push(if new { Effect::First } else { Effect::Update });
        }
    }

    fn resolve_with_retractions(&mut self, groups: &mut Groups, rules: &Rules, kinds: Option<&[u8]>, now_ms: i64) {
        for row in 0..self.keys.len() {
            let (hash, key) = (self.keys.hash(row), self.keys.key(row));
            let retract = kinds.is_some_and(|kinds| is_retraction(kinds[row]));
            let (slot, mut effect) = match groups.find(hash, key, now_ms, &mut self.released) {
                Some(slot) => (slot, Effect::Update),
                None if retract => {
                    self.ignored.push(row);
                    continue;
                }
                None => (groups.insert(hash, key), Effect::First),
            };
            if rules.input_retracts {
                let rows = &mut groups.accumulators.rows_mut()[slot as usize];
                *rows += if retract { -1 } else { 1 };
                if *rows == 0 {
                    effect = Effect::Delete;
                    groups.table.remove(hash, key);
                    self.released.push(slot);
                }
            }
            groups.touch(&[slot], now_ms);
            self.slots.push(slot);
            self.effects.push(effect);
        }
    }

    fn emit(
        &mut self,
        groups: &mut Groups,
        rules: &Rules,
        batch: &Batch,
        key_columns: Vec<ArrayRef>,
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        let changes = rules.always_changes || groups.expires();
        if changes && !rules.emit_update_before && !rules.input_retracts {
            return self.emit_after(groups, batch, key_columns, context);
        }
        let trails = groups.accumulators.scan(&self.slots, batch.columns(), batch.kinds())?;
        self.changed.clear();
        let changes = changes && (groups.expires() || !rules.input_retracts);
        self.changed.resize(self.slots.len(), changes);
        if !changes {
            trails.iter().for_each(|trail| mark_changed(trail, &mut self.changed, |row| (2 * row, 2 * row + 1)));
        }
        let plan = self.plan(rules.emit_update_before);
        if plan.kinds.is_empty() {
            return Ok(());
        }
        let rows = plan.kinds.len();
        let (sources, places) = (UInt32Array::from(plan.sources), UInt32Array::from(plan.places));
        let keys = key_columns.iter().map(|column| take(column, &sources, None));
        let values = trails.iter().map(|trail| take(trail, &places, None));
        let columns: Result<Vec<ArrayRef>, _> = keys.chain(values).collect();
        context.emit(Batch::new(columns?, rows).with_kinds(plan.kinds.into()));
        Ok(())
    }

    /// Where each row emits one row, the result after it: keys and results are columns as they are.
    fn emit_after(
        &mut self,
        groups: &mut Groups,
        batch: &Batch,
        key_columns: Vec<ArrayRef>,
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        let results = groups.accumulators.scan_after(&self.slots, batch.columns(), batch.kinds())?;
        let kind = |effect: &Effect| match effect {
            Effect::First => RowKind::Insert as u8,
            _ => RowKind::UpdateAfter as u8,
        };
        let kinds: Vec<u8> = self.effects.iter().map(kind).collect();
        let columns = key_columns.into_iter().chain(results).collect();
        context.emit(Batch::new(columns, kinds.len()).with_kinds(kinds.into()));
        Ok(())
    }

    fn plan(&self, emit_update_before: bool) -> Plan {
        let mut plan = Plan::with_capacity(2 * self.slots.len());
        for (row, (effect, changed)) in self.effects.iter().zip(&self.changed).enumerate() {
            match effect {
                Effect::First => plan.after(row, RowKind::Insert),
                Effect::Delete => plan.before(row, RowKind::Delete),
                Effect::Update if *changed => {
                    if emit_update_before {
                        plan.before(row, RowKind::UpdateBefore);
                    }
                    plan.after(row, RowKind::UpdateAfter);
                }
                Effect::Update => {}
            }
        }
        plan
    }
}

/// Which rows to emit: for each the input row with its key, its place in the trails, its kind.
struct Plan {
    sources: Vec<u32>,
    places: Vec<u32>,
    kinds: Vec<u8>,
}

impl Plan {
    fn with_capacity(rows: usize) -> Self {
        Plan { sources: Vec::with_capacity(rows), places: Vec::with_capacity(rows), kinds: Vec::with_capacity(rows) }
    }

    fn before(&mut self, row: usize, kind: RowKind) {
        self.push(row, 2 * row, kind);
    }

    fn after(&mut self, row: usize, kind: RowKind) {
        self.push(row, 2 * row + 1, kind);
    }

    fn push(&mut self, row: usize, place: usize, kind: RowKind) {
        self.sources.push(row as u32);
        self.places.push(place as u32);
        self.kinds.push(kind as u8);
    }
}
