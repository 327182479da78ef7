//! A regular join: INNER, LEFT, RIGHT, FULL, SEMI or ANTI over two changelogs.
//!
//! Emits   for each arrived row its changes of the result, in order of arrival. An inner join forwards the row's kind; outer joins retract
//!         NULL-padded rows with `-D` and replace them with `+I`. In batch mode rows without a match wait for the end of both inputs.
//! Keys    NULL equals nothing where `filter_nulls` says so.
//! State   `left`, `right`: join key to rows (as bytes, in order of arrival); a row goes away when it is retracted or has not been written for the side's
//!         TTL. An outer side's rows know with how many rows of the other side they are associated.
//! Speed   keys and rows are encoded by columns; the pairs of many rows are gathered first, then decoded, tested and emitted by columns.

mod candidates;
mod changes;
mod row_bag;
mod side;

use std::collections::VecDeque;

use arrow_array::{Array, BooleanArray, UInt32Array};
use flott_evaluation::Evaluator;
use flott_job::spec::{JoinKind, JoinSpec};
use flott_record::Batch;
use flott_record::value_array::null_array;
use flott_state::{DiskBackend, SnapshotReader, SnapshotWriter};

use self::candidates::{Candidates, left_then_right, residual, take_all};
use self::changes::{Arrived, Changes, Rules, Stored, apply, is_counted};
use self::side::{Arrivals, Side, SideParts};
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::limits::{JOIN_CANDIDATES_PER_STEP, ROWS_PER_CHUNK};

/// The operator; see the module's text.
pub struct Join {
    kind: JoinKind,
    left: Side,
    right: Side,
    condition: Option<Evaluator>,
    /// Rows without a match are emitted at the end (batch mode).
    deferred: bool,
    ended: [bool; 2],
    /// Once both inputs have ended in batch mode: rows without a match that are still to be emitted, and whether each is a left one.
    unmatched: Option<VecDeque<(bool, Vec<u8>)>>,
}

impl Join {
    /// Compiles the residual condition and lays out the state.
    ///
    /// # Errors
    /// The condition is not supported.
    pub fn new(spec: &JoinSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let condition = match &spec.condition {
            Some(condition) => Some(Evaluator::new(condition, &setup.session)?),
            None => None,
        };
        let left = Side::new(SideParts {
            name: "left",
            keys: &spec.left_keys,
            filter_nulls: &spec.filter_nulls,
            side_key: &spec.left_side,
            schema: &spec.left,
            ttl_ms: spec.left_ttl_ms,
            counted: is_counted(spec.kind, true),
        });
        let right = Side::new(SideParts {
            name: "right",
            keys: &spec.right_keys,
            filter_nulls: &spec.filter_nulls,
            side_key: &spec.right_side,
            schema: &spec.right,
            ttl_ms: spec.right_ttl_ms,
            counted: is_counted(spec.kind, false),
        });
        Ok(Join {
            kind: spec.kind,
            left,
            right,
            condition,
            deferred: setup.batch_mode,
            ended: [false; 2],
            unmatched: None,
        })
    }

    /// Joins rows from `first_row` on; gives how far it came.
    fn join_some(
        &mut self,
        arrived_left: bool,
        arrivals: &Arrivals,
        first_row: usize,
        context: &mut Context<'_>,
    ) -> Result<usize, OperatorError> {
        let rules = Rules::new(self.kind, arrived_left, self.deferred);
        let (own, other) =
            if arrived_left { (&mut self.left, &mut self.right) } else { (&mut self.right, &mut self.left) };
        let mut step = Probe { rules, arrivals, condition: self.condition.as_mut() };
        if self.kind == JoinKind::Inner {
            step.inner(own, other, first_row, context)
        } else {
            step.counted(own, other, first_row, context)
        }
    }

    /// Rows without a match in an order that depends on nothing but the rows: by side, then by key.
    fn collect_unmatched(&self) -> VecDeque<(bool, Vec<u8>)> {
        let mut rows = VecDeque::new();
        for (is_left, side) in [(true, &self.left), (false, &self.right)] {
            if !side.layout.counted || self.kind == JoinKind::Semi {
                continue;
            }
            let mut bags: Vec<_> = side.table.iter().collect();
            bags.sort_unstable_by_key(|(_, key, _)| *key);
            for (_, _, bag) in bags {
                let unmatched = bag.iter(side.layout).filter(|entry| entry.associations == 0);
                rows.extend(unmatched.map(|entry| (is_left, entry.row.to_vec())));
            }
        }
        rows
    }

    /// Emits some of the rows without a match; they are all of one side.
    fn emit_unmatched(&self, rows: &[(bool, Vec<u8>)], context: &mut Context<'_>) -> Result<(), OperatorError> {
        let Some((is_left, _)) = rows.first() else { return Ok(()) };
        let bytes: Vec<&[u8]> = rows.iter().map(|(_, row)| row.as_slice()).collect();
        let (side, other) = if *is_left { (&self.left, &self.right) } else { (&self.right, &self.left) };
        let present = side.encoder.decode(&bytes)?;
        let columns = if self.kind == JoinKind::Anti {
            present
        } else {
            let absent = other.schema.fields.iter().map(|field| null_array(&field.data_type, rows.len())).collect();
            left_then_right(*is_left, present, absent)
        };
        context.emit(Batch::new(columns, rows.len()));
        Ok(())
    }
}

/// One step over arrived rows.
struct Probe<'a> {
    rules: Rules,
    arrivals: &'a Arrivals,
    condition: Option<&'a mut Evaluator>,
}

impl Probe<'_> {
    /// An inner join: pairs are emitted with the arrived row's kind; nothing is counted.
    fn inner(
        &mut self,
        own: &mut Side,
        other: &Side,
        first_row: usize,
        context: &mut Context<'_>,
    ) -> Result<usize, OperatorError> {
        let found = Candidates::gather(self.arrivals, other, first_row, context.now_ms);
        let mut start = 0;
        while start < found.len() {
            let end = (start + JOIN_CANDIDATES_PER_STEP).min(found.len());
            let rows = UInt32Array::from(found.rows[start..end].to_vec());
            let arrived = take_all(self.arrivals.batch.columns(), &rows)?;
            let stored = found.stored_columns(other, start..end)?;
            let columns = left_then_right(self.rules.arrived_left, arrived, stored);
            let mut pairs = Batch::new(columns, end - start);
            if let Some(kinds) = self.arrivals.batch.kinds() {
                pairs = pairs.with_kinds(rows.values().iter().map(|row| kinds[*row as usize]).collect());
            }
            match residual(self.condition.as_deref_mut(), &pairs, context.instant())? {
                Some(matches) => context.emit(pairs.filter(&matches)?),
                None => context.emit(pairs),
            }
            start = end;
        }
        for row in first_row..found.end_row {
            self.remember(own, row, context.now_ms, 0);
        }
        Ok(found.end_row)
    }

    /// Any other join: rows are applied one after the other, as their changes depend on the associations so far.
    fn counted(
        &mut self,
        own: &mut Side,
        other: &mut Side,
        first_row: usize,
        context: &mut Context<'_>,
    ) -> Result<usize, OperatorError> {
        let found = Candidates::gather(self.arrivals, other, first_row, context.now_ms);
        let stored_columns = found.stored_columns(other, 0..found.len())?;
        let matches = self.matches(&found, &stored_columns, context)?;
        let is_match = |pair: &u32| {
            let pair = *pair as usize;
            matches.as_ref().is_none_or(|matches| matches.is_valid(pair) && matches.value(pair))
        };
        let Candidates { rows, offsets, end_row, .. } = found;
        let mut changes = Changes::default();
        let mut pair = 0;
        for row in first_row..end_row {
            let start = pair;
            pair += rows[start..].iter().take_while(|of| **of as usize == row).count();
            let matches: Vec<u32> = (start as u32..pair as u32).filter(is_match).collect();
            let arrived = Arrived {
                row: row as u32,
                kind: self.arrivals.batch.kind(row),
                matchable: self.arrivals.is_matchable(row),
                matches: &matches,
            };
            let layout = other.layout;
            let bag = if matches.is_empty() || !layout.counted {
                None
            } else {
                other.table.get_mut(self.arrivals.keys.hash(row), self.arrivals.keys.key(row))
            };
            let mut stored = Stored { bag, layout, offsets: &offsets, now_ms: context.now_ms };
            apply(self.rules, &arrived, &mut stored, &mut changes);
            self.remember(own, row, context.now_ms, matches.len() as u32);
        }
        context.emit(changes.into_batch(self.rules, self.arrivals.batch.columns(), &stored_columns)?);
        Ok(end_row)
    }

    /// Which pairs match; `None` = all.
    fn matches(
        &mut self,
        found: &Candidates<'_>,
        stored_columns: &[arrow_array::ArrayRef],
        context: &Context<'_>,
    ) -> Result<Option<BooleanArray>, OperatorError> {
        if self.condition.is_none() {
            return Ok(None);
        }
        let rows = UInt32Array::from(found.rows.clone());
        let arrived = take_all(self.arrivals.batch.columns(), &rows)?;
        let columns = left_then_right(self.rules.arrived_left, arrived, stored_columns.to_vec());
        residual(self.condition.as_deref_mut(), &Batch::new(columns, found.len()), context.instant())
    }

    /// Brings an arrived row into its side's state.
    fn remember(&self, own: &mut Side, row: usize, now_ms: i64, associations: u32) {
        if self.arrivals.batch.kind(row).is_addition() {
            own.add(self.arrivals, row, now_ms, associations);
        } else {
            own.retract(self.arrivals, row);
        }
    }
}

impl Operator for Join {
    fn on_batch(&mut self, input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let arrived_left = input == 0;
        let now_ms = context.now_ms;
        self.left.sweep(now_ms, batch.num_rows());
        self.right.sweep(now_ms, batch.num_rows());
        let mut done = 0;
        while done < batch.num_rows() {
            let chunk = batch.slice(done, ROWS_PER_CHUNK.min(batch.num_rows() - done));
            let own = if arrived_left { &self.left } else { &self.right };
            let arrivals = own.arrivals(chunk);
            self.left.prefetch(&arrivals.keys)?;
            self.right.prefetch(&arrivals.keys)?;
            let mut row = 0;
            while row < arrivals.batch.num_rows() {
                row = self.join_some(arrived_left, &arrivals, row, context)?;
                if context.is_full() && done + row < batch.num_rows() {
                    return Ok(Step::Yield { consumed_rows: done + row });
                }
            }
            done += row;
        }
        Ok(Step::Done)
    }

    fn end_input(&mut self, input: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.ended[input] = true;
        if !self.deferred || self.ended != [true; 2] {
            return Ok(Step::Done);
        }
        let mut unmatched = match self.unmatched.take() {
            Some(unmatched) => unmatched,
            None => self.collect_unmatched(),
        };
        while let Some((is_left, _)) = unmatched.front() {
            let same_side = unmatched.iter().take(ROWS_PER_CHUNK).take_while(|(left, _)| left == is_left).count();
            let rows: Vec<_> = unmatched.drain(..same_side).collect();
            self.emit_unmatched(&rows, context)?;
            if context.is_full() && !unmatched.is_empty() {
                self.unmatched = Some(unmatched);
                return Ok(Step::Yield { consumed_rows: 0 });
            }
        }
        self.unmatched = Some(unmatched);
        Ok(Step::Done)
    }

    fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), OperatorError> {
        if !self.deferred {
            self.left.table.use_disk(backend)?;
            self.right.table.use_disk(backend)?;
        }
        Ok(())
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.left.snapshot(writer)?;
        self.right.snapshot(writer)?;
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.left.restore(reader)?;
        self.right.restore(reader)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
