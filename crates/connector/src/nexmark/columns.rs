//! The columns of a batch under construction: rows of three kinds side by side, each kind's columns filled only where it occurs.
//!
//! A column of one kind is padded in bulk when the next row of the kind comes, so that a bid costs nothing in the columns of persons and
//! auctions.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, Int64Array, StringArray, StructArray, TimestampMillisecondArray};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, Fields};

/// A column of texts of one kind of row.
#[derive(Default)]
pub struct TextColumn {
    /// Bytes of all texts: append here, then call [`TextColumn::end`].
    pub bytes: Vec<u8>,
    offsets: Vec<i32>,
}

impl TextColumn {
    /// Makes the texts of all rows before `row` end where the last one ended.
    #[inline]
    fn pad(&mut self, row: usize) {
        let end = self.bytes.len() as i32;
        self.offsets.resize(row + 1, end);
    }

    /// Ends the text of `row`; returns its length in bytes.
    #[inline]
    pub fn end(&mut self, row: usize, start: usize) -> i64 {
        debug_assert_eq!(self.offsets.len(), row + 1);
        self.offsets.push(self.bytes.len() as i32);
        (self.bytes.len() - start) as i64
    }

    /// Appends a whole text for `row`; returns its length in bytes.
    #[inline]
    pub fn push(&mut self, row: usize, text: &[u8]) -> i64 {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        self.end(row, start)
    }

    fn finish(&mut self, rows: usize, nulls: Option<NullBuffer>) -> Result<ArrayRef, ArrowError> {
        self.pad(rows);
        let capacity = (self.bytes.len(), self.offsets.len());
        let offsets = OffsetBuffer::new(ScalarBuffer::from(std::mem::take(&mut self.offsets)));
        let bytes = Buffer::from_vec(std::mem::take(&mut self.bytes));
        // The next batch will be of the same size: no growing step by step.
        self.bytes.reserve(capacity.0 + capacity.0 / 16);
        self.offsets.reserve(capacity.1);
        Ok(Arc::new(StringArray::try_new(offsets, bytes, nulls)?))
    }
}

/// A column of longs of one kind of row.
#[derive(Default)]
pub struct LongColumn {
    values: Vec<i64>,
}

impl LongColumn {
    /// Appends the value of the row that [`KindColumns::begin`] began.
    #[inline]
    pub fn push(&mut self, value: i64) {
        self.values.push(value);
    }

    fn take(&mut self, rows: usize) -> ScalarBuffer<i64> {
        self.values.resize(rows, 0);
        let next = Vec::with_capacity(rows);
        ScalarBuffer::from(std::mem::replace(&mut self.values, next))
    }
}

/// What the columns of a kind of row hold, in their order in the row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// BIGINT
    Long,
    /// TIMESTAMP(3)
    Time,
    /// STRING
    Text,
}

/// The columns of one kind of row: longs and texts, each numbered in the order in which they occur in the row.
pub struct KindColumns {
    layout: Vec<Holds>,
    /// BIGINT and TIMESTAMP(3) columns.
    pub longs: Vec<LongColumn>,
    /// STRING columns.
    pub texts: Vec<TextColumn>,
    present: BooleanBufferBuilder,
}

impl KindColumns {
    /// Empty columns of this layout.
    pub fn new(layout: Vec<Holds>) -> Self {
        let texts = layout.iter().filter(|holds| **holds == Holds::Text).count();
        KindColumns {
            longs: (texts..layout.len()).map(|_| LongColumn::default()).collect(),
            texts: (0..texts).map(|_| TextColumn::default()).collect(),
            layout,
            present: BooleanBufferBuilder::new(0),
        }
    }

    /// Begins `row`: the caller appends to each column after it.
    #[inline]
    pub fn begin(&mut self, row: usize) {
        let missing = row - self.present.len();
        if missing > 0 {
            self.present.append_n(missing, false);
            self.longs.iter_mut().for_each(|column| column.values.resize(row, 0));
        }
        if missing > 0 || row == 0 {
            self.texts.iter_mut().for_each(|column| column.pad(row));
        }
        self.present.append(true);
    }

    /// The rows as one array of `fields`, NULL where the row is of another kind; the columns are empty again after it.
    pub fn finish(&mut self, rows: usize, fields: &Fields) -> Result<ArrayRef, ArrowError> {
        self.present.resize(rows);
        let nulls = Some(NullBuffer::new(self.present.finish())).filter(|nulls| nulls.null_count() > 0);
        let (mut longs, mut texts) = (self.longs.iter_mut(), self.texts.iter_mut());
        let mut children: Vec<ArrayRef> = Vec::with_capacity(self.layout.len());
        for holds in &self.layout {
            let child: Option<ArrayRef> = match holds {
                Holds::Long => longs.next().map(|c| Arc::new(Int64Array::new(c.take(rows), nulls.clone())) as ArrayRef),
                Holds::Time => longs
                    .next()
                    .map(|c| Arc::new(TimestampMillisecondArray::new(c.take(rows), nulls.clone())) as ArrayRef),
                Holds::Text => texts.next().map(|column| column.finish(rows, nulls.clone())).transpose()?,
            };
            children.extend(child);
        }
        Ok(Arc::new(StructArray::try_new(fields.clone(), children, nulls)?))
    }
}

/// The column `event_type`.
pub fn kind_array(kinds: &mut Vec<i32>) -> ArrayRef {
    let next = Vec::with_capacity(kinds.len());
    Arc::new(Int32Array::from(std::mem::replace(kinds, next)))
}
