//! Pairs of arrived rows and stored rows of the same key, found for many rows at once, and which of them match.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow_select::take::take;
use flott_evaluation::{Evaluator, Instant};
use flott_record::Batch;

use super::side::{Arrivals, Side};
use crate::interface::OperatorError;
use crate::limits::JOIN_CANDIDATES_PER_STEP;

/// Pairs in order of the arrived rows, then in order of the stored rows' arrival.
pub(super) struct Candidates<'a> {
    /// For each pair the arrived row.
    pub(super) rows: Vec<u32>,
    /// For each pair the stored row's bytes.
    pub(super) stored: Vec<&'a [u8]>,
    /// For each pair where the stored row lies in its bag.
    pub(super) offsets: Vec<usize>,
    /// One past the last arrived row that was looked up.
    pub(super) end_row: usize,
}

impl<'a> Candidates<'a> {
    /// Looks up rows from `first_row` on, until there are enough pairs.
    pub(super) fn gather(arrivals: &Arrivals, other: &'a Side, first_row: usize, now_ms: i64) -> Self {
        let mut found = Candidates { rows: Vec::new(), stored: Vec::new(), offsets: Vec::new(), end_row: first_row };
        let expired = other.expired_until_ms(now_ms);
        while found.end_row < arrivals.keys.len() && found.rows.len() < JOIN_CANDIDATES_PER_STEP {
            let row = found.end_row;
            found.end_row += 1;
            if !arrivals.is_matchable(row) {
                continue;
            }
            let Some(bag) = other.table.get(arrivals.keys.hash(row), arrivals.keys.key(row)) else { continue };
            for entry in bag.iter(other.layout) {
                if expired.is_none_or(|until_ms| entry.written_ms > until_ms) {
                    found.rows.push(row as u32);
                    found.stored.push(entry.row);
                    if other.layout.counted {
                        found.offsets.push(entry.offset);
                    }
                }
            }
        }
        found
    }

    /// Number of pairs.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The columns of the stored rows of some pairs.
    pub(super) fn stored_columns(&self, other: &Side, range: Range<usize>) -> Result<Vec<ArrayRef>, OperatorError> {
        if range.is_empty() {
            let types = other.schema.fields.iter().map(|field| field.data_type.to_arrow());
            return Ok(types.map(|arrow| arrow_array::new_empty_array(&arrow)).collect());
        }
        Ok(other.encoder.decode(&self.stored[range])?)
    }
}

/// Left columns, then right ones, of whichever side arrived.
pub(super) fn left_then_right(arrived_left: bool, arrived: Vec<ArrayRef>, stored: Vec<ArrayRef>) -> Vec<ArrayRef> {
    let (mut first, second) = if arrived_left { (arrived, stored) } else { (stored, arrived) };
    first.extend(second);
    first
}

/// The rows of these columns at these positions; NULL where there is none.
pub(super) fn take_all(columns: &[ArrayRef], rows: &UInt32Array) -> Result<Vec<ArrayRef>, OperatorError> {
    let in_order = rows.null_count() == 0
        && columns.first().is_some_and(|column| column.len() == rows.len())
        && rows.values().iter().enumerate().all(|(at, row)| at == *row as usize);
    if in_order {
        return Ok(columns.to_vec());
    }
    let taken: Result<Vec<ArrayRef>, _> = columns.iter().map(|column| take(column, rows, None)).collect();
    Ok(taken?)
}

/// For each pair whether the residual condition holds; `None` if there is none.
pub(super) fn residual(
    condition: Option<&mut Evaluator>,
    pairs: &Batch,
    instant: Instant,
) -> Result<Option<BooleanArray>, OperatorError> {
    match condition {
        Some(condition) if !pairs.is_empty() => Ok(Some(condition.evaluate_predicate(pairs, instant)?)),
        _ => Ok(None),
    }
}
