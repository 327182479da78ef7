//! One change set a key and bundle: rows are accumulated at once, what has changed is emitted when the bundle ends.
//!
//! A bundle holds the keys that it touched, in order of arrival, and their results as they were before.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_schema::DataType as ArrowType;
use arrow_select::concat::concat;
use arrow_select::take::take;
use flott_record::{Batch, KeyRows, RowKind};

use super::groups::{Groups, KeptKeys};
use super::per_row::Rules;
use crate::accumulator::is_retraction;
use crate::changes::mark_changed;
use crate::interface::{Context, OperatorError};
use crate::key_decoder::KeyDecoder;

/// The open bundle.
#[derive(Default)]
pub(super) struct Bundle {
    /// Rows taken in.
    pub(super) rows: usize,
    slots: Vec<u32>,
    /// Whether the group was made by this bundle.
    new: Vec<bool>,
    keys: KeptKeys,
    /// By slot the bundle that touched it last.
    touched: Vec<u64>,
    /// Number of bundles that have ended.
    number: u64,
    /// Results before, in pieces, for all touched groups in order.
    before: Vec<Vec<ArrayRef>>,
    key_rows: KeyRows,
    released: Vec<u32>,
}

impl Bundle {
    /// Whether no row has come since the last bundle ended.
    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Takes rows in; partial states if `partials`, else raw rows.
    pub(super) fn add(
        &mut self,
        groups: &mut Groups,
        rules: &Rules,
        partials: bool,
        batch: &Batch,
        now_ms: i64,
    ) -> Result<(), OperatorError> {
        let key_columns: Vec<ArrayRef> = rules.keys.iter().map(|index| batch.column(*index).clone()).collect();
        self.key_rows.encode_into(&key_columns, batch.num_rows());
        if self.is_empty() {
            groups.prefetch(&self.key_rows)?;
        } else {
            groups.prefetch_more(&self.key_rows)?;
        }
        let begin = self.slots.len();
        let (slots, ignored) = self.resolve(groups, partials, batch.kinds(), now_ms);
        self.rows += batch.num_rows();
        self.before.push(groups.accumulators.values(&self.slots[begin..])?);
        let kept;
        let batch = if ignored.is_empty() {
            batch
        } else {
            let mut keep = vec![true; batch.num_rows()];
            ignored.iter().for_each(|row| keep[*row] = false);
            kept = batch.filter(&keep.into())?;
            &kept
        };
        if partials {
            merge_partials(groups, &slots, batch, rules.keys.len())?;
        } else {
            groups.accumulators.count(&slots, batch.kinds());
            groups.accumulators.update(&slots, batch.columns(), batch.kinds())?;
        }
        groups.touch(&slots, now_ms);
        Ok(())
    }

    /// Each row's slot, and the rows that retract from unknown keys.
    fn resolve(
        &mut self,
        groups: &mut Groups,
        partials: bool,
        kinds: Option<&[u8]>,
        now_ms: i64,
    ) -> (Vec<u32>, Vec<usize>) {
        let (mut slots, mut ignored) = (Vec::with_capacity(self.key_rows.len()), Vec::new());
        for row in 0..self.key_rows.len() {
            let (hash, key) = (self.key_rows.hash(row), self.key_rows.key(row));
            let retract = !partials && kinds.is_some_and(|kinds| is_retraction(kinds[row]));
            let found = groups.find(hash, key, now_ms, &mut self.released);
            let (slot, new) = match found {
                Some(slot) => (slot, false),
                None if retract => {
                    ignored.push(row);
                    continue;
                }
                None => (groups.insert(hash, key), true),
            };
            if self.touch(slot) {
                self.slots.push(slot);
                self.new.push(new);
                self.keys.push(&self.key_rows, row);
            }
            slots.push(slot);
        }
        (slots, ignored)
    }

    /// Ends the bundle: emits what has changed.
    pub(super) fn finish(
        &mut self,
        groups: &mut Groups,
        rules: &Rules,
        key_types: &[ArrowType],
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        let after = groups.accumulators.values(&self.slots)?;
        let count = self.slots.len();
        let mut columns = Vec::with_capacity(after.len());
        let mut changed = vec![false; count];
        for (call, after) in after.iter().enumerate() {
            let pieces = self.before.iter().map(|piece| piece[call].as_ref()).chain([after.as_ref()]);
            let both = concat(&pieces.collect::<Vec<&dyn Array>>())?;
            mark_changed(&both, &mut changed, |group| (group, count + group));
            columns.push(both);
        }
        let (mut places, mut sources, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        let mut push = |group: usize, after: bool, kind: RowKind| {
            places.push((if after { count + group } else { group }) as u32);
            sources.push(group);
            kinds.push(kind as u8);
        };
        for (group, slot) in self.slots.iter().enumerate() {
            let gone = rules.input_retracts && groups.accumulators.rows(*slot) == Some(0);
            if gone {
                groups.table.remove(self.keys.hash(group), self.keys.key(group));
                self.released.push(*slot);
            }
            match (self.new[group], gone) {
                (true, true) => {}
                (true, false) => push(group, true, RowKind::Insert),
                (false, true) => push(group, false, RowKind::Delete),
                (false, false) if changed[group] => {
                    if rules.emit_update_before {
                        push(group, false, RowKind::UpdateBefore);
                    }
                    push(group, true, RowKind::UpdateAfter);
                }
                (false, false) => {}
            }
        }
        if !kinds.is_empty() {
            let keys = sources.iter().map(|group| self.keys.key(*group));
            let mut output = KeyDecoder::new(key_types.to_vec()).decode(keys)?;
            let places = UInt32Array::from(places);
            for column in &columns {
                output.push(take(column, &places, None)?);
            }
            context.emit(Batch::new(output, kinds.len()).with_kinds(kinds.into()));
        }
        groups.clean(&mut self.released, self.rows, context.now_ms);
        self.clear();
        Ok(())
    }

    /// Marks a slot; true if the bundle had not touched it.
    fn touch(&mut self, slot: u32) -> bool {
        let slot = slot as usize;
        if slot >= self.touched.len() {
            self.touched.resize((slot + 1).next_power_of_two(), 0);
        }
        let open = self.number + 1;
        std::mem::replace(&mut self.touched[slot], open) != open
    }

    fn clear(&mut self) {
        self.rows = 0;
        self.slots.clear();
        self.new.clear();
        self.keys.clear();
        self.number += 1;
        self.before.clear();
    }
}

/// Merges the partial states of a column into groups.
pub(super) fn merge_partials(
    groups: &mut Groups,
    slots: &[u32],
    batch: &Batch,
    column: usize,
) -> Result<(), OperatorError> {
    let column = batch.column(column);
    if *column.data_type() != ArrowType::Binary {
        return Err(OperatorError::Failed("partial aggregates are not in the column after the keys".to_string()));
    }
    let bytes = column.as_binary::<i32>();
    groups.accumulators.merge_partials(slots, (0..bytes.len()).map(|row| bytes.value(row)))
}
