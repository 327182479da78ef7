//! Rows of several partitions as columns, while these partitions are worked on.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_select::take::take;
use flott_evaluation::{Evaluator, Instant};
use flott_record::Batch;

use super::path::{Path, RowNumber};
use crate::interface::OperatorError;

/// Rows of partitions, one partition after the other.
pub(crate) struct Frame {
    /// The rows.
    pub(crate) batch: Batch,
    /// The moment for expressions.
    pub(crate) instant: Instant,
}

/// Where the rows of one partition lie in a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Number of the first row that is there.
    pub(crate) first: RowNumber,
    /// Its position.
    pub(crate) start: usize,
    /// Number of rows.
    pub(crate) len: usize,
}

impl Place {
    /// Position of a row; `None` if it is not there.
    pub(crate) fn index(&self, row: RowNumber) -> Option<u32> {
        let offset = row.checked_sub(self.first).filter(|offset| *offset < self.len as u64)?;
        Some((self.start as u64 + offset) as u32)
    }

    /// Positions of rows that are all there.
    pub(crate) fn indices(&self, rows: Range<RowNumber>) -> impl Iterator<Item = u32> {
        rows.filter_map(|row| self.index(row))
    }
}

/// What an expression over matched rows is evaluated for.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    /// The rows of the match or partial match.
    pub(crate) path: &'a Path,
    /// Those of them up to the current row.
    pub(crate) running: &'a Path,
    /// Where the partition's rows lie.
    pub(crate) place: Place,
    /// The match's number; 0 before there is a match.
    pub(crate) number: u64,
    /// The match's time.
    pub(crate) time_ms: i64,
}

/// An expression over rows of a frame: evaluated for all of them at once, or, if one of them fails, for those alone that are asked for.
pub(crate) struct RowValue {
    evaluator: Evaluator,
    all: Option<ArrayRef>,
}

impl RowValue {
    pub(crate) fn new(evaluator: Evaluator) -> Self {
        RowValue { evaluator, all: None }
    }

    /// Values for the rows of another frame.
    pub(crate) fn prepare(&mut self, frame: &Frame) {
        self.all = self.evaluator.evaluate(&frame.batch, frame.instant).ok();
    }

    /// The value of one row, as an array of one.
    pub(crate) fn one(&mut self, frame: &Frame, row: u32) -> Result<ArrayRef, OperatorError> {
        match &self.all {
            Some(all) => Ok(all.slice(row as usize, 1)),
            None => Ok(self.evaluator.evaluate(&frame.batch.slice(row as usize, 1), frame.instant)?),
        }
    }

    /// The values of rows; NULL where there is no row.
    pub(crate) fn take(&mut self, frame: &Frame, rows: &UInt32Array) -> Result<ArrayRef, OperatorError> {
        if let Some(all) = &self.all {
            return Ok(take(all, rows, None)?);
        }
        let there: Vec<u32> = rows.iter().flatten().collect();
        let mut places = 0..there.len() as u32;
        let places: UInt32Array = rows.iter().map(|row| row.and_then(|_| places.next())).collect();
        let values = self.evaluator.evaluate(&take_rows(&frame.batch, &UInt32Array::from(there))?, frame.instant)?;
        Ok(take(&values, &places, None)?)
    }
}

/// Rows of a batch.
pub(crate) fn take_rows(batch: &Batch, rows: &UInt32Array) -> Result<Batch, OperatorError> {
    let columns = batch.columns().iter().map(|column| take(column, rows, None));
    Ok(Batch::new(columns.collect::<Result<_, _>>()?, rows.len()))
}
