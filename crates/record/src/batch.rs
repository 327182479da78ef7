//! Rows in columns, each with its place in the changelog.
//!
//! **Row order is meaning.** A batch may be cut anywhere, also between `-U` and `+U`; consumers treat `-U` as `-D`
//! and never rely on adjacency. Physical cuts never change results.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, UInt32Array};
use arrow_buffer::ScalarBuffer;
use arrow_schema::ArrowError;
use arrow_select::{concat::concat, filter::FilterBuilder, take::take};

use crate::row_kind::RowKind;

/// Rows in columns. Cloning shares the columns.
///
/// Invariants: every column, the row kinds and the event times have `rows` entries.
#[derive(Clone, Debug)]
pub struct Batch {
    columns: Arc<[ArrayRef]>,
    rows: usize,
    kinds: Option<ScalarBuffer<u8>>,
    event_time: Option<Int64Array>,
}

impl Batch {
    /// A batch of `+I` rows.
    ///
    /// # Panics
    /// If a column has another length than `rows`: a fault of the caller, never of data.
    pub fn new(columns: Vec<ArrayRef>, rows: usize) -> Self {
        assert!(columns.iter().all(|column| column.len() == rows), "columns of a batch have one length");
        Batch { columns: columns.into(), rows, kinds: None, event_time: None }
    }

    /// The same rows with these kinds (codes of [`RowKind`]). All-insert kinds are dropped.
    pub fn with_kinds(mut self, kinds: ScalarBuffer<u8>) -> Self {
        assert_eq!(kinds.len(), self.rows, "row kinds have the batch's length");
        debug_assert!(kinds.iter().all(|kind| *kind <= RowKind::Delete as u8));
        let all_insert = kinds.iter().all(|kind| *kind == RowKind::Insert as u8);
        self.kinds = if all_insert { None } else { Some(kinds) };
        self
    }

    /// The same rows with these kinds.
    pub fn with_row_kinds(self, kinds: &[RowKind]) -> Self {
        self.with_kinds(kinds.iter().map(|kind| *kind as u8).collect())
    }

    /// The same rows and kinds over other columns of the same length.
    pub fn with_columns(&self, columns: Vec<ArrayRef>) -> Self {
        assert!(columns.iter().all(|column| column.len() == self.rows), "columns of a batch have one length");
        Batch { columns: columns.into(), ..self.clone() }
    }

    /// The same rows with event times, in milliseconds since the epoch.
    pub fn with_event_time(mut self, event_time: Option<Int64Array>) -> Self {
        assert!(event_time.as_ref().is_none_or(|times| times.len() == self.rows));
        self.event_time = event_time;
        self
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The columns.
    pub fn columns(&self) -> &[ArrayRef] {
        &self.columns
    }

    /// One column.
    pub fn column(&self, index: usize) -> &ArrayRef {
        &self.columns[index]
    }

    /// The row kinds' codes; `None` if all are `+I`.
    pub fn kinds(&self) -> Option<&[u8]> {
        self.kinds.as_deref()
    }

    /// The row kinds' buffer, to be shared; `None` if all are `+I`.
    pub fn kinds_buffer(&self) -> Option<&ScalarBuffer<u8>> {
        self.kinds.as_ref()
    }

    /// The event times, if the stream carries them beside its columns (typed streams do, SQL has a column).
    pub fn event_time(&self) -> Option<&Int64Array> {
        self.event_time.as_ref()
    }

    /// The kind of one row.
    pub fn kind(&self, row: usize) -> RowKind {
        self.kinds.as_ref().map_or(RowKind::Insert, |kinds| RowKind::from_u8(kinds[row]))
    }

    /// Rows `offset..offset + length`, sharing memory.
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        if offset == 0 && length == self.rows {
            return self.clone();
        }
        Batch {
            columns: self.columns.iter().map(|column| column.slice(offset, length)).collect(),
            rows: length,
            kinds: self.kinds.as_ref().map(|kinds| kinds.slice(offset, length)),
            event_time: self.event_time.as_ref().map(|times| times.slice(offset, length)),
        }
    }

    /// The columns of these indices, in this order.
    pub fn project(&self, indices: &[usize]) -> Self {
        Batch { columns: indices.iter().map(|index| self.columns[*index].clone()).collect(), ..self.clone() }
    }

    /// The rows where `keep` is true (NULL counts as false).
    pub fn filter(&self, keep: &BooleanArray) -> Result<Self, ArrowError> {
        assert_eq!(keep.len(), self.rows, "a filter has the batch's length");
        let rows = keep.true_count();
        if rows == self.rows {
            return Ok(self.clone());
        }
        let mut builder = FilterBuilder::new(keep);
        if self.columns.len() > 1 {
            builder = builder.optimize();
        }
        let predicate = builder.build();
        let columns: Result<Arc<[ArrayRef]>, ArrowError> =
            self.columns.iter().map(|column| predicate.filter(column)).collect();
        let kinds = self.kinds.as_ref().map(|kinds| {
            let kept = (0..self.rows).filter(|row| keep.is_valid(*row) && keep.value(*row));
            kept.map(|row| kinds[row]).collect::<ScalarBuffer<u8>>()
        });
        let event_time = match &self.event_time {
            Some(times) => Some(Int64Array::from(predicate.filter(times)?.to_data())),
            None => None,
        };
        Ok(Batch { columns: columns?, rows, kinds, event_time })
    }

    /// The rows of these indices, in this order; stable, repeats allowed.
    pub fn take(&self, indices: &UInt32Array) -> Result<Self, ArrowError> {
        let columns: Result<Arc<[ArrayRef]>, ArrowError> =
            self.columns.iter().map(|column| take(column, indices, None)).collect();
        let kinds = self
            .kinds
            .as_ref()
            .map(|kinds| indices.values().iter().map(|row| kinds[*row as usize]).collect::<ScalarBuffer<u8>>());
        let event_time = match &self.event_time {
            Some(times) => Some(Int64Array::from(take(times, indices, None)?.to_data())),
            None => None,
        };
        Ok(Batch { columns: columns?, rows: indices.len(), kinds, event_time })
    }

    /// One batch of the rows of all, in order. All have the same columns; at least one batch is given.
    pub fn concat(batches: &[Batch]) -> Result<Self, ArrowError> {
        if let [only] = batches {
            return Ok(only.clone());
        }
        let rows = batches.iter().map(Batch::num_rows).sum();
        let width = batches[0].columns.len();
        let column = |index: usize| {
            let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.columns[index].as_ref()).collect();
            concat(&parts)
        };
        let columns: Result<Arc<[ArrayRef]>, ArrowError> = (0..width).map(column).collect();
        let kinds = batches.iter().any(|batch| batch.kinds.is_some()).then(|| {
            let codes = |batch: &Batch| (0..batch.rows).map(|row| batch.kind(row) as u8).collect::<Vec<u8>>();
            batches.iter().flat_map(codes).collect::<ScalarBuffer<u8>>()
        });
        let event_time = match batches.iter().map(|batch| batch.event_time.as_ref()).collect::<Option<Vec<_>>>() {
            Some(times) => {
                let parts: Vec<&dyn Array> = times.into_iter().map(|times| times as &dyn Array).collect();
                Some(Int64Array::from(concat(&parts)?.to_data()))
            }
            None => None,
        };
        Ok(Batch { columns: columns?, rows, kinds, event_time })
    }

    /// Bytes which the batch keeps alive: for bounds on queues and budgets, not exact where memory is shared.
    pub fn memory_bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(slice_bytes).sum();
        columns + self.kinds.as_ref().map_or(0, |kinds| kinds.len()) + std::mem::size_of::<Self>()
    }
}

/// Bytes of an array's own rows: a slice counts what it shows, not the buffer which it shares.
fn slice_bytes(column: &ArrayRef) -> usize {
    column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(values: Vec<i64>, kinds: &[RowKind]) -> Batch {
        let rows = values.len();
        Batch::new(vec![Arc::new(Int64Array::from(values)) as ArrayRef], rows).with_row_kinds(kinds)
    }

    #[test]
    fn kinds_follow_their_rows_through_filter_take_slice_and_concat() {
        use RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};
        let all = batch(vec![1, 2, 3, 4], &[Insert, UpdateBefore, UpdateAfter, Delete]);
        let filtered = all.filter(&BooleanArray::from(vec![true, false, true, true])).expect("same length");
        assert_eq!(filtered.kind(1), UpdateAfter);
        let taken = all.take(&UInt32Array::from(vec![3, 0])).expect("in range");
        assert_eq!((taken.kind(0), taken.kind(1)), (Delete, Insert));
        let rejoined = Batch::concat(&[all.slice(0, 1), all.slice(1, 3)]).expect("same columns");
        assert_eq!(rejoined.kinds(), all.kinds());
    }

    #[test]
    fn inserts_alone_carry_no_kinds() {
        assert!(batch(vec![1, 2], &[RowKind::Insert, RowKind::Insert]).kinds().is_none());
    }
}
