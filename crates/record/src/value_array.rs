//! Values to arrays and back: the slow, general way, for literals, printing and tests.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, PrimitiveBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalYearMonthType, Time32MillisecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef, ListArray, MapArray, NullArray, StructArray, new_null_array};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType as ArrowType, TimeUnit};
use thiserror::Error;

use crate::batch::Batch;
use crate::data_type::{DataType, TypeKind, row_fields, timestamp_unit};
use crate::row_kind::RowKind;
use crate::schema::Schema;
use crate::value::Value;

/// A value that its column's type cannot hold.
#[derive(Debug, Error)]
pub enum ValueError {
    /// The value is of another kind than the type.
    #[error("value {value:?} is not of type {data_type}")]
    WrongKind {
        /// What was given.
        value: Value,
        /// What was wanted.
        data_type: DataType,
    },
    /// Arrow refused the array.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

type Result<T> = std::result::Result<T, ValueError>;

fn wrong(value: &Value, data_type: &DataType) -> ValueError {
    ValueError::WrongKind { value: value.clone(), data_type: data_type.clone() }
}

fn primitive<T: ArrowPrimitiveType>(
    values: &[Value],
    data_type: &DataType,
    get: impl Fn(&Value) -> Option<T::Native>,
) -> Result<ArrayRef> {
    let mut builder = PrimitiveBuilder::<T>::with_capacity(values.len()).with_data_type(data_type.to_arrow());
    for value in values {
        match value {
            Value::Null => builder.append_null(),
            other => builder.append_value(get(other).ok_or_else(|| wrong(other, data_type))?),
        }
    }
    Ok(Arc::new(builder.finish()))
}

macro_rules! number {
    ($arrow:ty, $values:expr, $type:expr, $variant:path) => {
        primitive::<$arrow>($values, $type, |value| match value {
            $variant(inner) => Some(*inner),
            _ => None,
        })
    };
}

/// An array of a type from its values.
pub fn array_from_values(data_type: &DataType, values: &[Value]) -> Result<ArrayRef> {
    match &data_type.kind {
        TypeKind::TinyInt => number!(Int8Type, values, data_type, Value::TinyInt),
        TypeKind::SmallInt => number!(Int16Type, values, data_type, Value::SmallInt),
        TypeKind::Int => number!(Int32Type, values, data_type, Value::Int),
        TypeKind::BigInt => number!(Int64Type, values, data_type, Value::BigInt),
        TypeKind::Float => number!(Float32Type, values, data_type, Value::Float),
        TypeKind::Double => number!(Float64Type, values, data_type, Value::Double),
        TypeKind::Date => number!(Date32Type, values, data_type, Value::Date),
        TypeKind::Time(_) => number!(Time32MillisecondType, values, data_type, Value::Time),
        TypeKind::IntervalYearMonth => number!(IntervalYearMonthType, values, data_type, Value::IntervalYearMonth),
        TypeKind::IntervalDayTime => number!(DurationMillisecondType, values, data_type, Value::IntervalDayTime),
        TypeKind::Decimal { scale, .. } => primitive::<Decimal128Type>(values, data_type, |value| match value {
            Value::Decimal(unscaled, given) if given == scale => Some(*unscaled),
            _ => None,
        }),
        TypeKind::Timestamp(precision) | TypeKind::TimestampLtz(precision) => timestamps(values, data_type, *precision),
        TypeKind::Boolean => booleans(values, data_type),
        TypeKind::Char(_) | TypeKind::Varchar(_) | TypeKind::Variant => strings(values, data_type),
        TypeKind::Binary(_) | TypeKind::Varbinary(_) | TypeKind::Bitmap => binaries(values, data_type),
        TypeKind::Array(element) => arrays(values, data_type, element),
        TypeKind::Map(key, value) => maps(values, data_type, key, value),
        TypeKind::Multiset(element) => maps(values, data_type, element, &TypeKind::Int.not_null()),
        TypeKind::Row(_) | TypeKind::Structured(..) => rows(values, data_type),
        TypeKind::Null => Ok(Arc::new(NullArray::new(values.len()))),
    }
}

fn timestamps(values: &[Value], data_type: &DataType, precision: u8) -> Result<ArrayRef> {
    let ltz = matches!(data_type.kind, TypeKind::TimestampLtz(_));
    let get = |value: &Value| match value {
        Value::Timestamp(value, p) if !ltz && timestamp_unit(*p) == timestamp_unit(precision) => Some(*value),
        Value::TimestampLtz(value, p) if ltz && timestamp_unit(*p) == timestamp_unit(precision) => Some(*value),
        _ => None,
    };
    match timestamp_unit(precision) {
        TimeUnit::Millisecond => primitive::<TimestampMillisecondType>(values, data_type, get),
        TimeUnit::Microsecond => primitive::<TimestampMicrosecondType>(values, data_type, get),
        _ => primitive::<TimestampNanosecondType>(values, data_type, get),
    }
}

fn booleans(values: &[Value], data_type: &DataType) -> Result<ArrayRef> {
    let mut builder = BooleanBuilder::with_capacity(values.len());
    for value in values {
        match value {
            Value::Null => builder.append_null(),
            Value::Boolean(value) => builder.append_value(*value),
            other => return Err(wrong(other, data_type)),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn strings(values: &[Value], data_type: &DataType) -> Result<ArrayRef> {
    let mut builder = StringBuilder::new();
    for value in values {
        match value {
            Value::Null => builder.append_null(),
            Value::String(text) => builder.append_value(text),
            other => return Err(wrong(other, data_type)),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn binaries(values: &[Value], data_type: &DataType) -> Result<ArrayRef> {
    let mut builder = BinaryBuilder::new();
    for value in values {
        match value {
            Value::Null => builder.append_null(),
            Value::Bytes(bytes) => builder.append_value(bytes),
            other => return Err(wrong(other, data_type)),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn arrays(values: &[Value], data_type: &DataType, element: &DataType) -> Result<ArrayRef> {
    let mut flat = Vec::new();
    let mut lengths = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Value::Null => lengths.push(0),
            Value::Array(items) => {
                flat.extend(items.iter().cloned());
                lengths.push(items.len());
            }
            other => return Err(wrong(other, data_type)),
        }
    }
    let ArrowType::List(field) = data_type.to_arrow() else { return Err(wrong(&Value::Null, data_type)) };
    let child = array_from_values(element, &flat)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(field, offsets, child, validity(values))?))
}

fn maps(values: &[Value], data_type: &DataType, key: &DataType, item: &DataType) -> Result<ArrayRef> {
    let (mut keys, mut items, mut lengths) = (Vec::new(), Vec::new(), Vec::with_capacity(values.len()));
    for value in values {
        match value {
            Value::Null => lengths.push(0),
            Value::Map(entries) => {
                keys.extend(entries.iter().map(|(key, _)| key.clone()));
                items.extend(entries.iter().map(|(_, item)| item.clone()));
                lengths.push(entries.len());
            }
            other => return Err(wrong(other, data_type)),
        }
    }
    let ArrowType::Map(entries, _) = data_type.to_arrow() else { return Err(wrong(&Value::Null, data_type)) };
    let ArrowType::Struct(fields) = entries.data_type().clone() else { return Err(wrong(&Value::Null, data_type)) };
    let children = vec![array_from_values(key, &keys)?, array_from_values(item, &items)?];
    let structs = StructArray::try_new(fields, children, None)?;
    Ok(Arc::new(MapArray::try_new(entries, OffsetBuffer::from_lengths(lengths), structs, validity(values), false)?))
}

fn rows(values: &[Value], data_type: &DataType) -> Result<ArrayRef> {
    let Some(fields) = data_type.kind.fields() else { return Err(wrong(&Value::Null, data_type)) };
    let mut columns = vec![Vec::with_capacity(values.len()); fields.len()];
    for value in values {
        match value {
            Value::Null => columns.iter_mut().for_each(|column| column.push(Value::Null)),
            Value::Row(cells) if cells.len() == fields.len() => {
                columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell.clone()));
            }
            other => return Err(wrong(other, data_type)),
        }
    }
    let children: Result<Vec<ArrayRef>> =
        fields.iter().zip(&columns).map(|(field, column)| array_from_values(&field.data_type, column)).collect();
    let children = children?;
    if fields.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(values.len(), validity(values))));
    }
    Ok(Arc::new(StructArray::try_new(row_fields(fields), children, validity(values))?))
}

fn validity(values: &[Value]) -> Option<NullBuffer> {
    values.iter().any(Value::is_null).then(|| values.iter().map(|value| !value.is_null()).collect())
}

/// The value of one cell of an array that lies as `data_type` does.
pub fn value_at(array: &dyn Array, row: usize, data_type: &DataType) -> Value {
    if array.is_null(row) || data_type.kind == TypeKind::Null {
        return Value::Null;
    }
    match &data_type.kind {
        TypeKind::Boolean => Value::Boolean(array.as_boolean().value(row)),
        TypeKind::TinyInt => Value::TinyInt(array.as_primitive::<Int8Type>().value(row)),
        TypeKind::SmallInt => Value::SmallInt(array.as_primitive::<Int16Type>().value(row)),
        TypeKind::Int => Value::Int(array.as_primitive::<Int32Type>().value(row)),
        TypeKind::BigInt => Value::BigInt(array.as_primitive::<Int64Type>().value(row)),
        TypeKind::Float => Value::Float(array.as_primitive::<Float32Type>().value(row)),
        TypeKind::Double => Value::Double(array.as_primitive::<Float64Type>().value(row)),
        TypeKind::Decimal { scale, .. } => Value::Decimal(array.as_primitive::<Decimal128Type>().value(row), *scale),
        TypeKind::Date => Value::Date(array.as_primitive::<Date32Type>().value(row)),
        TypeKind::Time(_) => Value::Time(array.as_primitive::<Time32MillisecondType>().value(row)),
        TypeKind::Timestamp(p) => Value::Timestamp(timestamp_value(array, row), *p),
        TypeKind::TimestampLtz(p) => Value::TimestampLtz(timestamp_value(array, row), *p),
        TypeKind::IntervalYearMonth => {
            Value::IntervalYearMonth(array.as_primitive::<IntervalYearMonthType>().value(row))
        }
        TypeKind::IntervalDayTime => Value::IntervalDayTime(array.as_primitive::<DurationMillisecondType>().value(row)),
        TypeKind::Char(_) | TypeKind::Varchar(_) | TypeKind::Variant => {
            Value::String(array.as_string::<i32>().value(row).to_string())
        }
        TypeKind::Binary(_) | TypeKind::Varbinary(_) | TypeKind::Bitmap => {
            Value::Bytes(array.as_binary::<i32>().value(row).to_vec())
        }
        TypeKind::Array(element) => {
            let items = array.as_list::<i32>().value(row);
            Value::Array((0..items.len()).map(|i| value_at(&items, i, element)).collect())
        }
        TypeKind::Map(key, value) => map_value(array, row, key, value),
        TypeKind::Multiset(element) => map_value(array, row, element, &TypeKind::Int.not_null()),
        TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
            let columns = array.as_struct();
            let cell = |(i, field): (usize, &crate::Field)| value_at(columns.column(i), row, &field.data_type);
            Value::Row(fields.iter().enumerate().map(cell).collect())
        }
        TypeKind::Null => Value::Null,
    }
}

fn map_value(array: &dyn Array, row: usize, key: &DataType, value: &DataType) -> Value {
    let entries = array.as_map().value(row);
    let (keys, values) = (entries.column(0), entries.column(1));
    Value::Map((0..entries.len()).map(|i| (value_at(keys, i, key), value_at(values, i, value))).collect())
}

/// A timestamp in its array's own unit, whichever that is.
fn timestamp_value(array: &dyn Array, row: usize) -> i64 {
    match array.data_type() {
        ArrowType::Timestamp(TimeUnit::Millisecond, _) => array.as_primitive::<TimestampMillisecondType>().value(row),
        ArrowType::Timestamp(TimeUnit::Microsecond, _) => array.as_primitive::<TimestampMicrosecondType>().value(row),
        _ => array.as_primitive::<TimestampNanosecondType>().value(row),
    }
}

/// A batch from rows of values with their kinds.
pub fn batch_from_rows(schema: &Schema, rows: &[(RowKind, Vec<Value>)]) -> Result<Batch> {
    let column = |index: usize| {
        let cells: Vec<Value> = rows.iter().map(|(_, cells)| cells[index].clone()).collect();
        array_from_values(schema.data_type(index), &cells)
    };
    let columns: Result<Vec<ArrayRef>> = (0..schema.len()).map(column).collect();
    let kinds: Vec<RowKind> = rows.iter().map(|(kind, _)| *kind).collect();
    Ok(Batch::new(columns?, rows.len()).with_row_kinds(&kinds))
}

/// The rows of a batch as values with their kinds.
pub fn rows_of_batch(schema: &Schema, batch: &Batch) -> Vec<(RowKind, Vec<Value>)> {
    let cells = |row: usize| {
        let cell = |(i, field): (usize, &crate::Field)| value_at(batch.column(i), row, &field.data_type);
        schema.fields.iter().enumerate().map(cell).collect()
    };
    (0..batch.num_rows()).map(|row| (batch.kind(row), cells(row))).collect()
}

/// An array of `rows` NULLs of a type.
pub fn null_array(data_type: &DataType, rows: usize) -> ArrayRef {
    new_null_array(&data_type.to_arrow(), rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;

    #[test]
    fn values_survive_the_way_through_arrays() {
        let row_type = TypeKind::Row(vec![Field::new("x", TypeKind::Int.nullable())]).nullable();
        let cases = [
            (
                TypeKind::Array(Box::new(TypeKind::Int.nullable())).nullable(),
                Value::Array(vec![Value::Int(1), Value::Null]),
            ),
            (
                TypeKind::Map(Box::new(TypeKind::string().not_null()), Box::new(TypeKind::Double.nullable()))
                    .nullable(),
                Value::Map(vec![(Value::String("k".into()), Value::Double(2.5))]),
            ),
            (row_type, Value::Row(vec![Value::Int(7)])),
            (TypeKind::Decimal { precision: 10, scale: 2 }.nullable(), Value::Decimal(123, 2)),
            (TypeKind::Timestamp(9).nullable(), Value::Timestamp(5, 9)),
        ];
        for (data_type, value) in cases {
            let array = array_from_values(&data_type, &[value.clone(), Value::Null]).expect("of its type");
            assert_eq!(array.data_type(), &data_type.to_arrow());
            assert_eq!(value_at(&array, 0, &data_type), value);
            assert_eq!(value_at(&array, 1, &data_type), Value::Null);
        }
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        assert!(array_from_values(&TypeKind::Int.nullable(), &[Value::String("1".into())]).is_err());
    }
}
