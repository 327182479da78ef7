//! Columns to rows.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalYearMonthType, Time32MillisecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType as ArrowType, TimeUnit};

use super::{EncodedRows, Layout, Place};
use crate::encoding::write_length;

/// The payloads of a column of variable width.
enum Payloads<'a> {
    /// Strings and bytes: slices of the column's own buffer.
    Borrowed { values: &'a [u8], offsets: &'a [i32] },
    /// Nested values, encoded before.
    Owned(EncodedRows),
}

impl Payloads<'_> {
    fn get(&self, row: usize) -> &[u8] {
        match self {
            Payloads::Borrowed { values, offsets } => &values[offsets[row] as usize..offsets[row + 1] as usize],
            Payloads::Owned(rows) => rows.row(row),
        }
    }
}

pub(super) fn encode(layout: &Layout, columns: &[ArrayRef], rows: usize) -> EncodedRows {
    assert_eq!(columns.len(), layout.columns.len(), "the batch has the encoder's columns");
    let payloads: Vec<Option<Payloads<'_>>> = layout
        .columns
        .iter()
        .zip(columns)
        .map(|(column, array)| payloads(column.nested.as_ref(), array, rows))
        .collect();
    let mut out = sized(layout, columns, &payloads, rows);
    let mut written = vec![0u32; rows];
    for (position, array) in columns.iter().enumerate() {
        mark_nulls(array, position, &mut out);
        match layout.columns[position].place {
            Place::Fixed { offset } => write_fixed(array, offset, &mut out),
            Place::Variable { index } => {
                if let Some(payloads) = &payloads[position] {
                    write_variable(layout, array, payloads, index, &mut written, &mut out);
                }
            }
            Place::Nowhere => {}
        }
    }
    out
}

/// Rows of zeros, each as long as it will be.
fn sized(layout: &Layout, columns: &[ArrayRef], payloads: &[Option<Payloads<'_>>], rows: usize) -> EncodedRows {
    let mut lengths = vec![layout.head_bytes(); rows];
    for (array, payloads) in columns.iter().zip(payloads) {
        let Some(payloads) = payloads else { continue };
        for (row, length) in lengths.iter_mut().enumerate() {
            if array.is_valid(row) {
                *length += payloads.get(row).len();
            }
        }
    }
    let mut total = 0;
    for length in &mut lengths {
        total += *length;
        *length = total;
    }
    EncodedRows { bytes: vec![0; total], ends: lengths }
}

fn mark_nulls(array: &ArrayRef, position: usize, out: &mut EncodedRows) {
    let always = *array.data_type() == ArrowType::Null;
    if !always && array.null_count() == 0 {
        return;
    }
    for row in 0..out.len() {
        if always || array.is_null(row) {
            let start = out.start(row);
            out.bytes[start + position / 8] |= 1 << (position % 8);
        }
    }
}

fn write_variable(
    layout: &Layout,
    array: &ArrayRef,
    payloads: &Payloads<'_>,
    index: usize,
    written: &mut [u32],
    out: &mut EncodedRows,
) {
    let mut start = 0;
    for (row, written) in written.iter_mut().enumerate() {
        if array.is_valid(row) {
            let payload = payloads.get(row);
            let at = start + layout.head_bytes() + *written as usize;
            out.bytes[at..at + payload.len()].copy_from_slice(payload);
            *written += payload.len() as u32;
        }
        let end_at = start + layout.fixed_end + 4 * index;
        out.bytes[end_at..end_at + 4].copy_from_slice(&written.to_le_bytes());
        start = out.ends[row];
    }
}

fn payloads<'a>(nested: Option<&Layout>, array: &'a ArrayRef, rows: usize) -> Option<Payloads<'a>> {
    match (array.data_type(), nested) {
        (ArrowType::Utf8, _) => {
            let array = array.as_string::<i32>();
            Some(Payloads::Borrowed { values: array.values(), offsets: array.value_offsets() })
        }
        (ArrowType::Binary, _) => {
            let array = array.as_binary::<i32>();
            Some(Payloads::Borrowed { values: array.values(), offsets: array.value_offsets() })
        }
        (ArrowType::Struct(_), Some(layout)) => {
            Some(Payloads::Owned(encode(layout, array.as_struct().columns(), rows)))
        }
        (ArrowType::List(_), Some(layout)) => {
            let list = array.as_list::<i32>();
            Some(Payloads::Owned(encode_items(layout, &[list.values().clone()], list.offsets())))
        }
        (ArrowType::Map(_, _), Some(layout)) => {
            let map = array.as_map();
            Some(Payloads::Owned(encode_items(layout, map.entries().columns(), map.offsets())))
        }
        _ => None,
    }
}

/// Each row's items as count, then length and bytes of each.
fn encode_items(layout: &Layout, items: &[ArrayRef], offsets: &OffsetBuffer<i32>) -> EncodedRows {
    let first = offsets[0] as usize;
    let count = offsets[offsets.len() - 1] as usize - first;
    let shown: Vec<ArrayRef> = items.iter().map(|column| column.slice(first, count)).collect();
    let encoded = encode(layout, &shown, count);
    let mut out = EncodedRows::default();
    for bounds in offsets.windows(2) {
        let range = bounds[0] as usize - first..bounds[1] as usize - first;
        write_length(&mut out.bytes, range.len() as u64);
        for item in range {
            write_length(&mut out.bytes, encoded.row(item).len() as u64);
            out.bytes.extend_from_slice(encoded.row(item));
        }
        out.ends.push(out.bytes.len());
    }
    out
}

fn write_fixed(array: &ArrayRef, offset: usize, out: &mut EncodedRows) {
    macro_rules! primitive {
        ($arrow:ty) => {{
            let values = array.as_primitive::<$arrow>().values();
            scatter(array, offset, out, |row| values[row].to_le_bytes())
        }};
    }
    match array.data_type() {
        ArrowType::Boolean => {
            let values = array.as_boolean().values();
            scatter(array, offset, out, |row| [u8::from(values.value(row))]);
        }
        ArrowType::Int8 => primitive!(Int8Type),
        ArrowType::Int16 => primitive!(Int16Type),
        ArrowType::Int32 => primitive!(Int32Type),
        ArrowType::Int64 => primitive!(Int64Type),
        ArrowType::Float32 => primitive!(Float32Type),
        ArrowType::Float64 => primitive!(Float64Type),
        ArrowType::Decimal128(_, _) => primitive!(Decimal128Type),
        ArrowType::Date32 => primitive!(Date32Type),
        ArrowType::Time32(_) => primitive!(Time32MillisecondType),
        ArrowType::Interval(_) => primitive!(IntervalYearMonthType),
        ArrowType::Duration(_) => primitive!(DurationMillisecondType),
        ArrowType::Timestamp(TimeUnit::Millisecond, _) => primitive!(TimestampMillisecondType),
        ArrowType::Timestamp(TimeUnit::Microsecond, _) => primitive!(TimestampMicrosecondType),
        ArrowType::Timestamp(_, _) => primitive!(TimestampNanosecondType),
        other => unreachable!("{other} has no fixed width"),
    }
}

/// Writes each valid row's value at its place.
fn scatter<const WIDTH: usize>(
    array: &ArrayRef,
    offset: usize,
    out: &mut EncodedRows,
    value: impl Fn(usize) -> [u8; WIDTH],
) {
    let mut start = 0;
    let all_valid = array.null_count() == 0;
    for (row, end) in out.ends.iter().enumerate() {
        if all_valid || array.is_valid(row) {
            out.bytes[start + offset..start + offset + WIDTH].copy_from_slice(&value(row));
        }
        start = *end;
    }
}
