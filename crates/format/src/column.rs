//! Columns under construction. Other than Arrow's builders they can take back what was appended: a row that turns out to be bad in its last
//! field leaves no trace.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalYearMonthType, Time32MillisecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, ListArray, MapArray, NullArray, PrimitiveArray, StringArray, StructArray,
};
use arrow_buffer::{
    ArrowNativeType, BooleanBufferBuilder, Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer,
};
use arrow_schema::{ArrowError, DataType as ArrowType, TimeUnit};
use flott_record::{DataType, TypeKind};

/// Texts or byte strings, one behind the other.
pub struct Texts {
    /// All bytes.
    pub bytes: Vec<u8>,
    offsets: Vec<i32>,
}

impl Texts {
    fn new() -> Self {
        Texts { bytes: Vec::new(), offsets: vec![0] }
    }

    /// The text of a row.
    pub fn get(&self, row: usize) -> &[u8] {
        &self.bytes[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }

    /// Ends the text whose bytes were appended since the last end.
    #[inline]
    fn end(&mut self) {
        self.offsets.push(self.bytes.len() as i32);
    }

    fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.bytes.truncate(self.offsets[rows] as usize);
    }

    fn take(&mut self) -> (OffsetBuffer<i32>, Buffer) {
        // The next batch will be of about the same size: no growing step by step.
        let mut next_offsets = Vec::with_capacity(self.offsets.len());
        next_offsets.push(0);
        let next_bytes = Vec::with_capacity(self.bytes.len());
        let offsets = std::mem::replace(&mut self.offsets, next_offsets);
        let bytes = std::mem::replace(&mut self.bytes, next_bytes);
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), Buffer::from_vec(bytes))
    }
}

/// A field of a row under construction.
pub struct NamedColumn {
    /// The field's name.
    pub name: String,
    /// Its values.
    pub column: Column,
}

/// The values of a column by kind of type.
pub enum Cells {
    /// BOOLEAN
    Boolean(BooleanBufferBuilder),
    /// TINYINT
    TinyInt(Vec<i8>),
    /// SMALLINT
    SmallInt(Vec<i16>),
    /// INT, INTERVAL YEAR TO MONTH
    Int(Vec<i32>),
    /// BIGINT, INTERVAL DAY TO SECOND
    BigInt(Vec<i64>),
    /// FLOAT
    Float(Vec<f32>),
    /// DOUBLE
    Double(Vec<f64>),
    /// DECIMAL(precision, scale)
    Decimal(Vec<i128>, u8, u8),
    /// DATE
    Date(Vec<i32>),
    /// TIME(precision)
    Time(Vec<i32>, u8),
    /// TIMESTAMP(precision)
    Timestamp(Vec<i64>, u8),
    /// TIMESTAMP_LTZ(precision)
    TimestampLtz(Vec<i64>, u8),
    /// CHAR, VARCHAR, VARIANT; always UTF-8
    Text(Texts),
    /// BINARY, VARBINARY
    Bytes(Texts),
    /// ARRAY: where each ends among the elements
    Array(Vec<i32>, Box<Column>),
    /// MAP, MULTISET: where each ends among keys and values
    Map(Vec<i32>, Box<Column>, Box<Column>),
    /// ROW
    Row(Vec<NamedColumn>),
    /// NULL
    Null,
}

/// A column under construction.
pub struct Column {
    data_type: DataType,
    /// The values; NULL has a placeholder.
    pub cells: Cells,
    valid: NullBufferBuilder,
}

impl Column {
    /// An empty column of a type.
    pub fn new(data_type: &DataType) -> Self {
        let child = |data_type: &DataType| Box::new(Column::new(data_type));
        let cells = match &data_type.kind {
            TypeKind::Boolean => Cells::Boolean(BooleanBufferBuilder::new(0)),
            TypeKind::TinyInt => Cells::TinyInt(Vec::new()),
            TypeKind::SmallInt => Cells::SmallInt(Vec::new()),
            TypeKind::Int | TypeKind::IntervalYearMonth => Cells::Int(Vec::new()),
            TypeKind::BigInt | TypeKind::IntervalDayTime => Cells::BigInt(Vec::new()),
            TypeKind::Float => Cells::Float(Vec::new()),
            TypeKind::Double => Cells::Double(Vec::new()),
            TypeKind::Decimal { precision, scale } => Cells::Decimal(Vec::new(), *precision, *scale),
            TypeKind::Date => Cells::Date(Vec::new()),
            TypeKind::Time(precision) => Cells::Time(Vec::new(), *precision),
            TypeKind::Timestamp(precision) => Cells::Timestamp(Vec::new(), *precision),
            TypeKind::TimestampLtz(precision) => Cells::TimestampLtz(Vec::new(), *precision),
            TypeKind::Char(_) | TypeKind::Varchar(_) | TypeKind::Variant => Cells::Text(Texts::new()),
            TypeKind::Binary(_) | TypeKind::Varbinary(_) | TypeKind::Bitmap => Cells::Bytes(Texts::new()),
            TypeKind::Array(element) => Cells::Array(vec![0], child(element)),
            TypeKind::Map(key, value) => Cells::Map(vec![0], child(key), child(value)),
            TypeKind::Multiset(element) => Cells::Map(vec![0], child(element), child(&TypeKind::Int.not_null())),
            TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
                let named = |field: &flott_record::Field| NamedColumn {
                    name: field.name.clone(),
                    column: Column::new(&field.data_type),
                };
                Cells::Row(fields.iter().map(named).collect())
            }
            TypeKind::Null => Cells::Null,
        };
        Column { data_type: data_type.clone(), cells, valid: NullBufferBuilder::new(0) }
    }

    /// The type.
    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// Number of values, NULLs included.
    pub fn len(&self) -> usize {
        self.valid.len()
    }

    /// Ends a value that was appended to `cells`.
    #[inline]
    pub fn end_value(&mut self) {
        match &mut self.cells {
            Cells::Text(texts) | Cells::Bytes(texts) => texts.end(),
            Cells::Array(ends, element) => ends.push(element.len() as i32),
            Cells::Map(ends, keys, _) => ends.push(keys.len() as i32),
            _ => {}
        }
        self.valid.append_non_null();
    }

    /// Appends NULL. What was begun of a nested value or text is taken back by `truncate` first.
    pub fn push_null(&mut self) {
        match &mut self.cells {
            Cells::Boolean(values) => values.append(false),
            Cells::TinyInt(values) => values.push(0),
            Cells::SmallInt(values) => values.push(0),
            Cells::Int(values) | Cells::Date(values) | Cells::Time(values, _) => values.push(0),
            Cells::BigInt(values) | Cells::Timestamp(values, _) | Cells::TimestampLtz(values, _) => values.push(0),
            Cells::Float(values) => values.push(0.0),
            Cells::Double(values) => values.push(0.0),
            Cells::Decimal(values, _, _) => values.push(0),
            Cells::Text(texts) | Cells::Bytes(texts) => texts.end(),
            Cells::Array(ends, element) => ends.push(element.len() as i32),
            Cells::Map(ends, keys, _) => ends.push(keys.len() as i32),
            Cells::Row(fields) => fields.iter_mut().for_each(|field| field.column.push_null()),
            Cells::Null => {}
        }
        self.valid.append_null();
    }

    /// Takes back all but the first `rows` values, and whatever was begun after them.
    pub fn truncate(&mut self, rows: usize) {
        match &mut self.cells {
            Cells::Boolean(values) => values.truncate(rows),
            Cells::TinyInt(values) => values.truncate(rows),
            Cells::SmallInt(values) => values.truncate(rows),
            Cells::Int(values) | Cells::Date(values) | Cells::Time(values, _) => values.truncate(rows),
            Cells::BigInt(values) | Cells::Timestamp(values, _) | Cells::TimestampLtz(values, _) => {
                values.truncate(rows)
            }
            Cells::Float(values) => values.truncate(rows),
            Cells::Double(values) => values.truncate(rows),
            Cells::Decimal(values, _, _) => values.truncate(rows),
            Cells::Text(texts) | Cells::Bytes(texts) => texts.truncate(rows),
            Cells::Array(ends, element) => {
                ends.truncate(rows + 1);
                element.truncate(ends[rows] as usize);
            }
            Cells::Map(ends, keys, values) => {
                ends.truncate(rows + 1);
                keys.truncate(ends[rows] as usize);
                values.truncate(ends[rows] as usize);
            }
            Cells::Row(fields) => fields.iter_mut().for_each(|field| field.column.truncate(rows)),
            Cells::Null => {}
        }
        if self.valid.len() > rows {
            self.valid.truncate(rows);
        }
    }

    /// The values as an array; the column is empty after it.
    ///
    /// # Errors
    /// If Arrow refuses them, which only a fault of this crate could bring about.
    pub fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let rows = self.valid.len();
        let nulls = self.valid.finish();
        let arrow = self.data_type.to_arrow();
        Ok(match &mut self.cells {
            Cells::Boolean(values) => Arc::new(BooleanArray::new(values.finish(), nulls)),
            Cells::TinyInt(values) => primitive::<Int8Type>(values, nulls, &arrow),
            Cells::SmallInt(values) => primitive::<Int16Type>(values, nulls, &arrow),
            Cells::Int(values) if arrow == ArrowType::Int32 => primitive::<Int32Type>(values, nulls, &arrow),
            Cells::Int(values) => primitive::<IntervalYearMonthType>(values, nulls, &arrow),
            Cells::BigInt(values) if arrow == ArrowType::Int64 => primitive::<Int64Type>(values, nulls, &arrow),
            Cells::BigInt(values) => primitive::<DurationMillisecondType>(values, nulls, &arrow),
            Cells::Float(values) => primitive::<Float32Type>(values, nulls, &arrow),
            Cells::Double(values) => primitive::<Float64Type>(values, nulls, &arrow),
            Cells::Decimal(values, _, _) => primitive::<Decimal128Type>(values, nulls, &arrow),
            Cells::Date(values) => primitive::<Date32Type>(values, nulls, &arrow),
            Cells::Time(values, _) => primitive::<Time32MillisecondType>(values, nulls, &arrow),
            Cells::Timestamp(values, _) | Cells::TimestampLtz(values, _) => match arrow {
                ArrowType::Timestamp(TimeUnit::Millisecond, _) => {
                    primitive::<TimestampMillisecondType>(values, nulls, &arrow)
                }
                ArrowType::Timestamp(TimeUnit::Microsecond, _) => {
                    primitive::<TimestampMicrosecondType>(values, nulls, &arrow)
                }
                _ => primitive::<TimestampNanosecondType>(values, nulls, &arrow),
            },
            Cells::Text(texts) => {
                let (offsets, bytes) = texts.take();
                Arc::new(StringArray::try_new(offsets, bytes, nulls)?)
            }
            Cells::Bytes(texts) => {
                let (offsets, bytes) = texts.take();
                Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?)
            }
            Cells::Array(ends, element) => finish_list(ends, element, nulls, arrow)?,
            Cells::Map(ends, keys, values) => finish_map(ends, keys, values, nulls, arrow)?,
            Cells::Row(fields) => finish_row(fields, rows, nulls, arrow)?,
            Cells::Null => Arc::new(NullArray::new(rows)),
        })
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
    data_type: &ArrowType,
) -> ArrayRef
where
    T::Native: ArrowNativeType,
{
    let next = Vec::with_capacity(values.len());
    let values = ScalarBuffer::from(std::mem::replace(values, next));
    Arc::new(PrimitiveArray::<T>::new(values, nulls).with_data_type(data_type.clone()))
}

fn take_ends(ends: &mut Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(ends, vec![0])))
}

fn wrong_layout(arrow: &ArrowType) -> ArrowError {
    ArrowError::InvalidArgumentError(format!("unexpected layout {arrow}"))
}

fn finish_list(
    ends: &mut Vec<i32>,
    element: &mut Column,
    nulls: Option<NullBuffer>,
    arrow: ArrowType,
) -> Result<ArrayRef, ArrowError> {
    let ArrowType::List(field) = arrow else { return Err(wrong_layout(&arrow)) };
    Ok(Arc::new(ListArray::try_new(field, take_ends(ends), element.finish()?, nulls)?))
}

fn finish_map(
    ends: &mut Vec<i32>,
    keys: &mut Column,
    values: &mut Column,
    nulls: Option<NullBuffer>,
    arrow: ArrowType,
) -> Result<ArrayRef, ArrowError> {
    let ArrowType::Map(entry, ordered) = arrow else { return Err(wrong_layout(&arrow)) };
    let ArrowType::Struct(fields) = entry.data_type().clone() else { return Err(wrong_layout(entry.data_type())) };
    let entries = StructArray::try_new(fields, vec![keys.finish()?, values.finish()?], None)?;
    Ok(Arc::new(MapArray::try_new(entry, take_ends(ends), entries, nulls, ordered)?))
}

fn finish_row(
    columns: &mut [NamedColumn],
    rows: usize,
    nulls: Option<NullBuffer>,
    arrow: ArrowType,
) -> Result<ArrayRef, ArrowError> {
    let ArrowType::Struct(fields) = arrow else { return Err(wrong_layout(&arrow)) };
    if columns.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(rows, nulls)));
    }
    let children: Result<Vec<ArrayRef>, ArrowError> = columns.iter_mut().map(|field| field.column.finish()).collect();
    Ok(Arc::new(StructArray::try_new(fields, children?, nulls)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;
    use flott_record::value_array::value_at;
    use flott_record::{Field, Value};

    #[test]
    fn what_is_taken_back_leaves_no_trace() {
        let row = TypeKind::Row(vec![
            Field::new("a", TypeKind::Array(Box::new(TypeKind::Int.nullable())).nullable()),
            Field::new("t", TypeKind::string().nullable()),
        ]);
        let data_type = row.nullable();
        let mut column = Column::new(&data_type);
        let push = |column: &mut Column, number: i32| {
            let Cells::Row(fields) = &mut column.cells else { panic!("a row") };
            let Cells::Array(_, element) = &mut fields[0].column.cells else { panic!("an array") };
            let Cells::Int(values) = &mut element.cells else { panic!("an int") };
            values.push(number);
            element.end_value();
            fields[0].column.end_value();
            let Cells::Text(texts) = &mut fields[1].column.cells else { panic!("a text") };
            texts.bytes.extend_from_slice(b"xy");
            fields[1].column.end_value();
            column.end_value();
        };
        push(&mut column, 1);
        push(&mut column, 2);
        column.truncate(1);
        column.push_null();
        push(&mut column, 3);
        let array = column.finish().expect("consistent");
        let value = |number| Value::Row(vec![Value::Array(vec![Value::Int(number)]), Value::String("xy".into())]);
        let read: Vec<Value> = (0..array.len()).map(|row| value_at(&array, row, &data_type)).collect();
        assert_eq!(read, [value(1), Value::Null, value(3)]);
        assert_eq!(column.len(), 0);
    }
}
