//! From encoded keys back to columns: the inverse of [`flott_record::KeyRows`].
//!
//! Operators keep keys as bytes only; where results are not made row by row from the input, the key columns come from here. What
//! the encoding does not tell apart comes back as one (0.0 for -0.0, maps ordered by key).

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, StringBuilder};
use arrow_array::types::{
    Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalYearMonthType, Time32MillisecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{ArrayRef, ArrowPrimitiveType, ListArray, MapArray, NullArray, PrimitiveArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::{DataType as ArrowType, FieldRef, Fields, TimeUnit};
use flott_state::DecodeError;
use flott_state::encoding::take;

use crate::interface::OperatorError;

/// Decodes keys of some column types.
#[derive(Clone, Debug)]
pub(crate) struct KeyDecoder {
    types: Vec<ArrowType>,
}

impl KeyDecoder {
    /// For keys with these columns.
    pub(crate) fn new(types: Vec<ArrowType>) -> Self {
        KeyDecoder { types }
    }

    /// The key columns, one row a key.
    ///
    /// # Errors
    /// Bytes that are no such key: a damaged snapshot.
    pub(crate) fn decode<'a>(
        &self,
        keys: impl ExactSizeIterator<Item = &'a [u8]>,
    ) -> Result<Vec<ArrayRef>, OperatorError> {
        let mut builders: Vec<Box<dyn Cells>> =
            self.types.iter().map(|arrow| cells(arrow, keys.len())).collect::<Result<_, _>>()?;
        for mut key in keys {
            for builder in &mut builders {
                read_cell(builder.as_mut(), &mut key)?;
            }
            if !key.is_empty() {
                return Err(DecodeError(format!("a key has {} bytes too many", key.len())).into());
            }
        }
        builders.iter_mut().map(|builder| builder.finish()).collect()
    }
}

/// Collects one column.
trait Cells {
    /// Takes a value's payload.
    fn value(&mut self, bytes: &mut &[u8]) -> Result<(), DecodeError>;

    /// Adds NULL.
    fn null(&mut self);

    /// The column.
    fn finish(&mut self) -> Result<ArrayRef, OperatorError>;
}

fn read_cell(cells: &mut dyn Cells, bytes: &mut &[u8]) -> Result<(), DecodeError> {
    match take(bytes, 1)?[0] {
        0 => {
            cells.null();
            Ok(())
        }
        1 => cells.value(bytes),
        other => Err(DecodeError(format!("a key's cell begins with {other}"))),
    }
}

macro_rules! integer {
    ($arrow:expr, $rows:expr, $array:ty, $native:ty, $unsigned:ty) => {
        number::<$array>($arrow, $rows, |bytes| {
            let mut array = [0; size_of::<$unsigned>()];
            array.copy_from_slice(take(bytes, size_of::<$unsigned>())?);
            Ok((<$unsigned>::from_be_bytes(array) ^ (1 << (<$unsigned>::BITS - 1))) as $native)
        })
    };
}

fn cells(arrow: &ArrowType, rows: usize) -> Result<Box<dyn Cells>, OperatorError> {
    Ok(match arrow {
        ArrowType::Int8 => integer!(arrow, rows, Int8Type, i8, u8),
        ArrowType::Int16 => integer!(arrow, rows, Int16Type, i16, u16),
        ArrowType::Int32 => integer!(arrow, rows, Int32Type, i32, u32),
        ArrowType::Int64 => integer!(arrow, rows, Int64Type, i64, u64),
        ArrowType::Date32 => integer!(arrow, rows, Date32Type, i32, u32),
        ArrowType::Time32(_) => integer!(arrow, rows, Time32MillisecondType, i32, u32),
        ArrowType::Interval(_) => integer!(arrow, rows, IntervalYearMonthType, i32, u32),
        ArrowType::Duration(_) => integer!(arrow, rows, DurationMillisecondType, i64, u64),
        ArrowType::Decimal128(_, _) => integer!(arrow, rows, Decimal128Type, i128, u128),
        ArrowType::Timestamp(TimeUnit::Millisecond, _) => integer!(arrow, rows, TimestampMillisecondType, i64, u64),
        ArrowType::Timestamp(TimeUnit::Microsecond, _) => {
            number::<TimestampMicrosecondType>(arrow, rows, |bytes| fine_timestamp(bytes, 1_000))
        }
        ArrowType::Timestamp(_, _) => {
            number::<TimestampNanosecondType>(arrow, rows, |bytes| fine_timestamp(bytes, 1_000_000))
        }
        ArrowType::Float32 => number::<Float32Type>(arrow, rows, read_float),
        ArrowType::Float64 => number::<Float64Type>(arrow, rows, read_double),
        ArrowType::Boolean => Box::new(BooleanBuilder::with_capacity(rows)),
        ArrowType::Utf8 => Box::new(StringBuilder::with_capacity(rows, 16 * rows)),
        ArrowType::Binary => Box::new(BinaryBuilder::with_capacity(rows, 16 * rows)),
        ArrowType::Null => Box::new(NullCells(0)),
        ArrowType::Struct(fields) => struct_cells(fields)?,
        ArrowType::List(field) => {
            let child = cells(field.data_type(), rows)?;
            Box::new(ListCells {
                field: field.clone(),
                child,
                lengths: Vec::new(),
                nulls: NullBufferBuilder::new(rows),
            })
        }
        ArrowType::Map(field, _) => match field.data_type() {
            ArrowType::Struct(fields) => map_cells(field, fields, rows)?,
            other => return Err(OperatorError::Failed(format!("a map's entries are no {other}"))),
        },
        other => return Err(OperatorError::Failed(format!("not supported: key of type {other}"))),
    })
}

type Read<N> = fn(&mut &[u8]) -> Result<N, DecodeError>;

struct NumberCells<T: ArrowPrimitiveType> {
    arrow: ArrowType,
    values: Vec<T::Native>,
    nulls: NullBufferBuilder,
    read: Read<T::Native>,
}

fn number<T: ArrowPrimitiveType>(arrow: &ArrowType, rows: usize, read: Read<T::Native>) -> Box<dyn Cells> {
    let (values, nulls) = (Vec::with_capacity(rows), NullBufferBuilder::new(rows));
    Box::new(NumberCells::<T> { arrow: arrow.clone(), values, nulls, read })
}

impl<T: ArrowPrimitiveType> Cells for NumberCells<T> {
    fn value(&mut self, bytes: &mut &[u8]) -> Result<(), DecodeError> {
        self.values.push((self.read)(bytes)?);
        self.nulls.append_non_null();
        Ok(())
    }

    fn null(&mut self) {
        self.values.push(T::Native::default());
        self.nulls.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, OperatorError> {
        let array = PrimitiveArray::<T>::new(std::mem::take(&mut self.values).into(), self.nulls.finish());
        Ok(Arc::new(array.with_data_type(self.arrow.clone())))
    }
}

fn fine_timestamp(bytes: &mut &[u8], units_per_ms: i64) -> Result<i64, DecodeError> {
    let mut millis = [0; 8];
    millis.copy_from_slice(take(bytes, 8)?);
    let mut nanos = [0; 4];
    nanos.copy_from_slice(take(bytes, 4)?);
    let millis = (u64::from_be_bytes(millis) ^ (1 << 63)) as i64;
    let nanos = i64::from(u32::from_be_bytes(nanos) ^ (1 << 31));
    Ok(millis.wrapping_mul(units_per_ms).wrapping_add(nanos / (1_000_000 / units_per_ms)))
}

fn read_float(bytes: &mut &[u8]) -> Result<f32, DecodeError> {
    let mut array = [0; 4];
    array.copy_from_slice(take(bytes, 4)?);
    let bits = u32::from_be_bytes(array);
    Ok(f32::from_bits(if bits >> 31 == 1 { bits ^ (1 << 31) } else { !bits }))
}

fn read_double(bytes: &mut &[u8]) -> Result<f64, DecodeError> {
    let mut array = [0; 8];
    array.copy_from_slice(take(bytes, 8)?);
    let bits = u64::from_be_bytes(array);
    Ok(f64::from_bits(if bits >> 63 == 1 { bits ^ (1 << 63) } else { !bits }))
}

impl Cells for BooleanBuilder {
    fn value(&mut self, bytes: &mut &[u8]) -> Result<(), DecodeError> {
        self.append_value(take(bytes, 1)?[0] == 1);
        Ok(())
    }

    fn null(&mut self) {
        self.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, OperatorError> {
        Ok(Arc::new(BooleanBuilder::finish(self)))
    }
}

/// Takes bytes that end with `00 01`; 00 among them is written `00 ff`.
fn read_bytes(bytes: &mut &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut value = Vec::new();
    loop {
        let Some(zero) = bytes.iter().position(|byte| *byte == 0) else {
            return Err(DecodeError("a key's text has no end".to_string()));
        };
        value.extend_from_slice(take(bytes, zero)?);
        match take(bytes, 2)?[1] {
            1 => return Ok(value),
            0xff => value.push(0),
            other => return Err(DecodeError(format!("a key's text has {other} after 0"))),
        }
    }
}

impl Cells for StringBuilder {
    fn value(&mut self, bytes: &mut &[u8]) -> Result<(), DecodeError> {
        let value = read_bytes(bytes)?;
        let text = std::str::from_utf8(&value).map_err(|error| DecodeError(error.to_string()))?;
        self.append_value(text);
        Ok(())
    }

    fn null(&mut self) {
        self.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, OperatorError> {
        Ok(Arc::new(StringBuilder::finish(self)))
    }
}

impl Cells for BinaryBuilder {
    fn value(&mut self, bytes: &mut &[u8]) -> Result<(), DecodeError> {
        self.append_value(read_bytes(bytes)?);
        Ok(())
    }

    fn null(&mut self) {
        self.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, OperatorError> {
        Ok(Arc::new(BinaryBuilder::finish(self)))
    }
}

/// A column of type NULL: only its length is known.
struct NullCells(usize);

impl Cells for NullCells {
    fn value(&mut self, _bytes: &mut &[u8]) -> Result<(), DecodeError> {
        Err(DecodeError("a key of type NULL has a value".to_string()))
    }

    fn null(&mut self) {
        self.0 += 1;
    }

    fn finish(&mut self) -> Result<ArrayRef, OperatorError> {
        Ok(Arc::new(NullArray::new(self.0)))
    }
}

struct StructCells {
    fields: Fields,
    children: Vec<Box<dyn Cells>>,
    nulls: NullBufferBuilder,
}

fn struct_cells(fields: &Fields) -> Result<Box<dyn Cells>, OperatorError> {
    let children = fields.iter().map(|field| cells(field.data_type(), 0)).collect::<Result<_, _>>()?;
    Ok(Box::new(StructCells { fields: fields.clone(), children, nulls: NullBufferBuilder::new(0) }))
}

impl Cells for StructCells {
    fn value(&mut self, bytes: &mut &[u8]) -> Result<(), DecodeError> {
        self.nulls.append_non_null();
        self.children.iter_mut().try_for_each(|child| read_cell(child.as_mut(), bytes))
    }

    fn null(&mut self) {
        self.nulls.append_null();
        self.children.iter_mut().for_each(|child| child.null());
    }

    fn finish(&mut self) -> Result<ArrayRef, OperatorError> {
        let rows = self.nulls.len();
        let nulls = self.nulls.finish();
        if self.fields.is_empty() {
            return Ok(Arc::new(StructArray::new_empty_fields(rows, nulls)));
        }
        let children = self.children.iter_mut().map(|child| child.finish()).collect::<Result<_, _>>()?;
        Ok(Arc::new(StructArray::try_new(self.fields.clone(), children, nulls)?))
    }
}

struct ListCells {
    field: FieldRef,
    child: Box<dyn Cells>,
    lengths: Vec<usize>,
    nulls: NullBufferBuilder,
}

impl Cells for ListCells {
    fn value(&mut self, bytes: &mut &[u8]) -> Result<(), DecodeError> {
        let mut length = 0;
        while take(bytes, 1)?[0] != 0 {
            read_cell(self.child.as_mut(), bytes)?;
            length += 1;
        }
        self.lengths.push(length);
        self.nulls.append_non_null();
        Ok(())
    }

    fn null(&mut self) {
        self.lengths.push(0);
        self.nulls.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, OperatorError> {
        let offsets = OffsetBuffer::from_lengths(self.lengths.drain(..));
        Ok(Arc::new(ListArray::try_new(self.field.clone(), offsets, self.child.finish()?, self.nulls.finish())?))
    }
}

struct MapCells {
    field: FieldRef,
    fields: Fields,
    children: [Box<dyn Cells>; 2],
    lengths: Vec<usize>,
    nulls: NullBufferBuilder,
}

fn map_cells(field: &FieldRef, fields: &Fields, rows: usize) -> Result<Box<dyn Cells>, OperatorError> {
    let children = [cells(fields[0].data_type(), rows)?, cells(fields[1].data_type(), rows)?];
    let nulls = NullBufferBuilder::new(rows);
    Ok(Box::new(MapCells { field: field.clone(), fields: fields.clone(), children, lengths: Vec::new(), nulls }))
}

impl Cells for MapCells {
    fn value(&mut self, bytes: &mut &[u8]) -> Result<(), DecodeError> {
        let mut length = 0;
        while take(bytes, 1)?[0] != 0 {
            self.children.iter_mut().try_for_each(|child| read_cell(child.as_mut(), bytes))?;
            length += 1;
        }
        self.lengths.push(length);
        self.nulls.append_non_null();
        Ok(())
    }

    fn null(&mut self) {
        self.lengths.push(0);
        self.nulls.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, OperatorError> {
        let offsets = OffsetBuffer::from_lengths(self.lengths.drain(..));
        let children = self.children.iter_mut().map(|child| child.finish()).collect::<Result<_, _>>()?;
        let entries = StructArray::try_new(self.fields.clone(), children, None)?;
        Ok(Arc::new(MapArray::try_new(self.field.clone(), offsets, entries, self.nulls.finish(), false)?))
    }
}

#[cfg(test)]
mod tests {
    use flott_record::value_array::{array_from_values, value_at};
    use flott_record::{DataType, Field, KeyRows, TypeKind, Value};

    use super::*;

    fn check(data_type: DataType, values: Vec<Value>) {
        let column = array_from_values(&data_type, &values).expect("of its type");
        let keys = KeyRows::encode(&[column.clone(), column], values.len());
        let decoder = KeyDecoder::new(vec![data_type.to_arrow(), data_type.to_arrow()]);
        let columns = decoder.decode((0..keys.len()).map(|row| keys.key(row))).expect("just encoded");
        for (row, value) in values.iter().enumerate() {
            assert_eq!(value_at(&columns[1], row, &data_type), *value, "{data_type}");
        }
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        let text = |text: &str| Value::String(text.to_string());
        check(TypeKind::TinyInt.nullable(), vec![Value::TinyInt(-3), Value::Null]);
        check(TypeKind::BigInt.nullable(), vec![Value::BigInt(i64::MIN), Value::Null, Value::BigInt(7)]);
        check(TypeKind::Double.nullable(), vec![Value::Double(-1.5), Value::Double(2.25)]);
        check(TypeKind::Float.nullable(), vec![Value::Float(-1.5), Value::Float(f32::INFINITY)]);
        check(TypeKind::Boolean.nullable(), vec![Value::Boolean(true), Value::Null]);
        check(TypeKind::string().nullable(), vec![text("a\0b"), text(""), Value::Null]);
        check(TypeKind::Varbinary(9).nullable(), vec![Value::Bytes(vec![0, 255, 0])]);
        check(TypeKind::Timestamp(6).nullable(), vec![Value::Timestamp(-1_234_567, 6)]);
        check(TypeKind::Timestamp(9).nullable(), vec![Value::Timestamp(-1_234_567_891, 9)]);
        check(TypeKind::Decimal { precision: 38, scale: 2 }.nullable(), vec![Value::Decimal(-5, 2), Value::Null]);
        let row = TypeKind::Row(vec![Field::new("x", TypeKind::Int.nullable())]);
        check(row.nullable(), vec![Value::Row(vec![Value::Int(1)]), Value::Null]);
        let array = TypeKind::Array(Box::new(TypeKind::string().nullable()));
        check(array.nullable(), vec![Value::Array(vec![text("x"), Value::Null]), Value::Array(vec![]), Value::Null]);
        let map = TypeKind::Map(Box::new(TypeKind::Int.not_null()), Box::new(TypeKind::Int.nullable()));
        check(map.nullable(), vec![Value::Map(vec![(Value::Int(1), Value::Null), (Value::Int(2), Value::Int(3))])]);
    }

    #[test]
    fn damaged_keys_are_errors() {
        let decoder = KeyDecoder::new(vec![ArrowType::Utf8]);
        for bytes in [vec![1, 97], vec![2], vec![1, 97, 0, 3], vec![1, 0, 1, 9]] {
            assert!(decoder.decode([bytes.as_slice()].into_iter()).is_err());
        }
    }
}
