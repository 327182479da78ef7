//! Rows to columns. The bytes may come from a damaged snapshot, so every length is checked before it is used.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalYearMonthType, Time32MillisecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, ListArray, MapArray, NullArray, PrimitiveArray, StringArray, StructArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType as ArrowType, Fields, TimeUnit};

use super::{Column, Layout, Place};
use crate::encoding::{DecodeError, read_length, take};

type Result<T> = std::result::Result<T, DecodeError>;

pub(super) fn decode(layout: &Layout, rows: &[&[u8]]) -> Result<Vec<ArrayRef>> {
    rows.iter().try_for_each(|row| check(layout, row))?;
    layout.columns.iter().enumerate().map(|(position, column)| decode_column(layout, position, column, rows)).collect()
}

/// Checks what the columns' decoders rely on: the head is there, the ends ascend, the last one is the row's end.
fn check(layout: &Layout, row: &[u8]) -> Result<()> {
    let head = layout.head_bytes();
    let Some(variable) = row.len().checked_sub(head) else {
        return Err(DecodeError(format!("a row of {} bytes has no room for its head of {head}", row.len())));
    };
    let mut last = 0;
    for index in 0..layout.variable {
        let end = variable_end(layout, row, index);
        if end < last {
            return Err(DecodeError("the ends of a row's values do not ascend".to_string()));
        }
        last = end;
    }
    if last == variable {
        Ok(())
    } else {
        Err(DecodeError(format!("a row's values end at {last} of {variable} bytes")))
    }
}

fn variable_end(layout: &Layout, row: &[u8], index: usize) -> usize {
    let at = layout.fixed_end + 4 * index;
    u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]) as usize
}

/// The bytes of one value of variable width; the row has been checked.
fn variable<'a>(layout: &Layout, row: &'a [u8], index: usize) -> &'a [u8] {
    let start = if index == 0 { 0 } else { variable_end(layout, row, index - 1) };
    &row[layout.head_bytes() + start..layout.head_bytes() + variable_end(layout, row, index)]
}

fn is_null(row: &[u8], position: usize) -> bool {
    row[position / 8] >> (position % 8) & 1 == 1
}

fn nulls(position: usize, rows: &[&[u8]]) -> Option<NullBuffer> {
    if !rows.iter().any(|row| is_null(row, position)) {
        return None;
    }
    Some(NullBuffer::new(BooleanBuffer::collect_bool(rows.len(), |row| !is_null(rows[row], position))))
}

fn decode_column(layout: &Layout, position: usize, column: &Column, rows: &[&[u8]]) -> Result<ArrayRef> {
    match column.place {
        Place::Nowhere => Ok(Arc::new(NullArray::new(rows.len()))),
        Place::Fixed { offset } => fixed_column(&column.arrow, offset, nulls(position, rows), rows),
        Place::Variable { index } => {
            let payloads: Vec<&[u8]> = rows.iter().map(|row| variable(layout, row, index)).collect();
            variable_column(column, &payloads, nulls(position, rows))
        }
    }
}

/// A value as it lies in a row.
trait LittleEndian: Copy {
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! little_endian {
    ($($native:ty),*) => {
        $(impl LittleEndian for $native {
            fn read(bytes: &[u8]) -> Self {
                let mut array = [0; size_of::<$native>()];
                array.copy_from_slice(&bytes[..size_of::<$native>()]);
                <$native>::from_le_bytes(array)
            }
        })*
    };
}

little_endian!(i8, i16, i32, i64, i128, f32, f64);

fn fixed_column(arrow: &ArrowType, offset: usize, nulls: Option<NullBuffer>, rows: &[&[u8]]) -> Result<ArrayRef> {
    macro_rules! primitive {
        ($arrow:ty) => {
            primitive::<$arrow>(arrow, offset, nulls, rows)
        };
    }
    Ok(match arrow {
        ArrowType::Boolean => {
            let values = BooleanBuffer::collect_bool(rows.len(), |row| rows[row][offset] != 0);
            Arc::new(BooleanArray::new(values, nulls))
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
    })
}

fn primitive<T>(arrow: &ArrowType, offset: usize, nulls: Option<NullBuffer>, rows: &[&[u8]]) -> ArrayRef
where
    T: ArrowPrimitiveType,
    T::Native: LittleEndian,
{
    let values: Vec<T::Native> = rows.iter().map(|row| T::Native::read(&row[offset..])).collect();
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls).with_data_type(arrow.clone()))
}

fn damaged(error: &ArrowError) -> DecodeError {
    DecodeError(error.to_string())
}

fn variable_column(column: &Column, payloads: &[&[u8]], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    match (&column.arrow, &column.nested) {
        (ArrowType::Utf8, _) => {
            let (offsets, values) = joined(payloads)?;
            Ok(Arc::new(StringArray::try_new(offsets, values, nulls).map_err(|error| damaged(&error))?))
        }
        (ArrowType::Binary, _) => {
            let (offsets, values) = joined(payloads)?;
            Ok(Arc::new(BinaryArray::try_new(offsets, values, nulls).map_err(|error| damaged(&error))?))
        }
        (ArrowType::Struct(fields), Some(layout)) => struct_column(fields, layout, payloads, nulls),
        (ArrowType::List(item), Some(layout)) => {
            let (offsets, mut items) = items(layout, payloads)?;
            let values = items.pop().ok_or_else(|| DecodeError("a list without items' column".to_string()))?;
            let list = ListArray::try_new(item.clone(), offsets, values, nulls);
            Ok(Arc::new(list.map_err(|error| damaged(&error))?))
        }
        (ArrowType::Map(field, sorted), Some(layout)) => {
            let (offsets, columns) = items(layout, payloads)?;
            let ArrowType::Struct(fields) = field.data_type() else { unreachable!("a map's entries are structs") };
            let entries = StructArray::try_new(fields.clone(), columns, None).map_err(|error| damaged(&error))?;
            let map = MapArray::try_new(field.clone(), offsets, entries, nulls, *sorted);
            Ok(Arc::new(map.map_err(|error| damaged(&error))?))
        }
        (other, _) => unreachable!("{other} has a fixed width"),
    }
}

/// Payloads one after the other, and their offsets.
fn joined(payloads: &[&[u8]]) -> Result<(OffsetBuffer<i32>, Buffer)> {
    let total: usize = payloads.iter().map(|payload| payload.len()).sum();
    if total > i32::MAX as usize {
        return Err(DecodeError(format!("a column of {total} bytes is too large for a batch")));
    }
    let mut values = Vec::with_capacity(total);
    payloads.iter().for_each(|payload| values.extend_from_slice(payload));
    Ok((OffsetBuffer::from_lengths(payloads.iter().map(|payload| payload.len())), Buffer::from_vec(values)))
}

fn struct_column(fields: &Fields, layout: &Layout, payloads: &[&[u8]], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let null_row = layout.null_row();
    let valid = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let rows: Vec<&[u8]> =
        payloads.iter().enumerate().map(|(row, payload)| if valid(row) { payload } else { &null_row[..] }).collect();
    let columns = decode(layout, &rows)?;
    if fields.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(payloads.len(), nulls)));
    }
    Ok(Arc::new(StructArray::try_new(fields.clone(), columns, nulls).map_err(|error| damaged(&error))?))
}

/// The items of all lists one after the other, column-wise, and each list's offsets. A NULL list has no bytes and no items.
fn items(layout: &Layout, payloads: &[&[u8]]) -> Result<(OffsetBuffer<i32>, Vec<ArrayRef>)> {
    let mut rows: Vec<&[u8]> = Vec::new();
    let mut lengths = Vec::with_capacity(payloads.len());
    for payload in payloads {
        let mut input = *payload;
        let before = rows.len();
        let count = if input.is_empty() { 0 } else { read_length(&mut input)? };
        for _ in 0..count {
            let length = read_length(&mut input)? as usize;
            rows.push(take(&mut input, length)?);
        }
        if !input.is_empty() {
            return Err(DecodeError(format!("{} bytes after a list's last item", input.len())));
        }
        lengths.push(rows.len() - before);
    }
    if rows.len() > i32::MAX as usize {
        return Err(DecodeError("a column has too many items for a batch".to_string()));
    }
    Ok((OffsetBuffer::from_lengths(lengths), decode(layout, &rows)?))
}
