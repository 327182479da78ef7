//! The values of a column for given rows.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalYearMonthType, Time32MillisecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{ArrayRef, BooleanArray, ListArray, MapArray, PrimitiveArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType as ArrowType, TimeUnit};
use flott_record::civil::DAY_MS;
use flott_record::data_type::units_per_millisecond;
use flott_record::value_array::array_from_values;
use flott_record::value_array::value_at;
use flott_record::{TypeKind, Value};

use super::draw::CellDraw;
use super::field::{Generated, Origin};
use crate::contract::ConnectorError;

/// What the values of a batch depend on.
#[derive(Clone, Copy)]
pub struct Moment {
    /// Wall clock, milliseconds since the epoch.
    pub now_ms: i64,
    /// Seed of the source.
    pub seed: u64,
}

fn failed(error: &impl std::fmt::Display) -> ConnectorError {
    ConnectorError::new(error.to_string())
}

/// The values of a column, numbered `column` among all columns and parts of columns, for rows of these numbers.
///
/// # Errors
/// None that options could bring about; Arrow's checks may fail.
pub fn generate(field: &Generated, column: u64, rows: &[u64], moment: Moment) -> Result<ArrayRef, ConnectorError> {
    let values = Values { field, rows, moment, seed: CellDraw::column_seed(moment.seed, column) };
    values.make(column)
}

/// The values of one column.
struct Values<'a> {
    field: &'a Generated,
    rows: &'a [u64],
    moment: Moment,
    seed: u64,
}

impl Values<'_> {
    fn draw(&self, row: u64) -> CellDraw {
        CellDraw::new(self.seed, row)
    }

    fn nulls(&self) -> Option<NullBuffer> {
        let rate = self.field.null_rate;
        // NULL or not is drawn from numbers of its own, so that the rate doesn't change the values.
        let valid = |row: &u64| CellDraw::new(!self.seed, *row).fraction() >= rate;
        (rate > 0.0).then(|| self.rows.iter().map(valid).collect())
    }

    fn primitive<T: ArrowPrimitiveType>(&self, value: impl Fn(u64) -> T::Native) -> ArrayRef {
        let values: ScalarBuffer<T::Native> = self.rows.iter().map(|row| value(*row)).collect();
        let array = PrimitiveArray::<T>::new(values, self.nulls());
        Arc::new(array.with_data_type(self.field.data_type.to_arrow()))
    }

    fn make(&self, column: u64) -> Result<ArrayRef, ConnectorError> {
        match &self.field.origin {
            Origin::Sequence { start, .. } => self.sequence(*start),
            Origin::Whole(low, high) => Ok(self.whole(|row| self.draw(row).between(*low, *high))),
            Origin::Approximate(low, high) => {
                let value = |row| low + (high - low) * self.draw(row).fraction();
                Ok(match self.field.data_type.kind {
                    TypeKind::Float => self.primitive::<Float32Type>(|row| value(row) as f32),
                    _ => self.primitive::<Float64Type>(value),
                })
            }
            Origin::Decimal(low, high) => {
                Ok(self.primitive::<Decimal128Type>(|row| self.draw(row).between_wide(*low, *high)))
            }
            Origin::Boolean => {
                let values = self.rows.iter().map(|row| self.draw(*row).bits() & 1 == 1).collect();
                Ok(Arc::new(BooleanArray::new(values, self.nulls())))
            }
            Origin::Sized { length, varies } => Ok(self.sized(*length, *varies)),
            Origin::Now => {
                let now_ms = self.moment.now_ms;
                Ok(match self.field.data_type.kind {
                    TypeKind::Date => self.primitive::<Date32Type>(|_| now_ms.div_euclid(DAY_MS) as i32),
                    _ => self.primitive::<Time32MillisecondType>(|_| now_ms.rem_euclid(DAY_MS) as i32),
                })
            }
            Origin::Past(max_ms) => Ok(self.past(*max_ms)),
            Origin::Collection { length, parts } => self.collection(*length, parts, column),
            Origin::Row(fields) => self.row(fields, column),
        }
    }

    /// Whole numbers in the column's type.
    fn whole(&self, value: impl Fn(u64) -> i64) -> ArrayRef {
        match self.field.data_type.kind {
            TypeKind::TinyInt => self.primitive::<Int8Type>(|row| value(row) as i8),
            TypeKind::SmallInt => self.primitive::<Int16Type>(|row| value(row) as i16),
            TypeKind::Int => self.primitive::<Int32Type>(|row| value(row) as i32),
            TypeKind::IntervalYearMonth => self.primitive::<IntervalYearMonthType>(|row| value(row) as i32),
            TypeKind::IntervalDayTime => self.primitive::<DurationMillisecondType>(value),
            _ => self.primitive::<Int64Type>(value),
        }
    }

    fn sequence(&self, start: i64) -> Result<ArrayRef, ConnectorError> {
        let value = |row: u64| start.wrapping_add(row as i64);
        Ok(match self.field.data_type.kind {
            TypeKind::Char(_) | TypeKind::Varchar(_) => {
                let values: Vec<Value> = self.rows.iter().map(|row| Value::String(value(*row).to_string())).collect();
                array_from_values(&self.field.data_type, &values).map_err(|error| failed(&error))?
            }
            TypeKind::Float => self.primitive::<Float32Type>(|row| value(row) as f32),
            TypeKind::Double => self.primitive::<Float64Type>(|row| value(row) as f64),
            TypeKind::Decimal { scale, .. } => {
                let unit = 10_i128.pow(u32::from(scale));
                self.primitive::<Decimal128Type>(|row| i128::from(value(row)) * unit)
            }
            _ => self.whole(value),
        })
    }

    fn past(&self, max_ms: i64) -> ArrayRef {
        let precision = match self.field.data_type.kind {
            TypeKind::Timestamp(precision) | TypeKind::TimestampLtz(precision) => precision,
            _ => 3,
        };
        let units = units_per_millisecond(precision);
        let now_ms = self.moment.now_ms;
        let value = |row| {
            let past_ms = if max_ms == 0 { 0 } else { self.draw(row).between(0, max_ms - 1) };
            now_ms.saturating_sub(past_ms).saturating_mul(units)
        };
        match self.field.data_type.to_arrow() {
            ArrowType::Timestamp(TimeUnit::Millisecond, _) => self.primitive::<TimestampMillisecondType>(value),
            ArrowType::Timestamp(TimeUnit::Microsecond, _) => self.primitive::<TimestampMicrosecondType>(value),
            _ => self.primitive::<TimestampNanosecondType>(value),
        }
    }

    fn sized(&self, length: usize, varies: bool) -> ArrayRef {
        let nulls = self.nulls();
        let is_null = |index: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(index));
        let own_length = |draw: &mut CellDraw| {
            if varies && length > 0 { 1 + draw.up_to(length as u64 - 1) as usize } else { length }
        };
        if self.field.data_type.kind.is_character() {
            let mut builder = StringBuilder::with_capacity(self.rows.len(), self.rows.len() * length);
            let mut text = String::with_capacity(length + 16);
            for (index, row) in self.rows.iter().enumerate() {
                let mut draw = self.draw(*row);
                let wanted = own_length(&mut draw);
                text.clear();
                while text.len() < wanted {
                    push_hexadecimal(&mut text, draw.bits());
                }
                text.truncate(wanted);
                builder.append_option((!is_null(index)).then_some(&text));
            }
            return Arc::new(builder.finish());
        }
        let mut builder = BinaryBuilder::with_capacity(self.rows.len(), self.rows.len() * length);
        let mut bytes = Vec::with_capacity(length + 8);
        for (index, row) in self.rows.iter().enumerate() {
            let mut draw = self.draw(*row);
            let wanted = own_length(&mut draw);
            bytes.clear();
            while bytes.len() < wanted {
                bytes.extend_from_slice(&draw.bits().to_le_bytes());
            }
            bytes.truncate(wanted);
            builder.append_option((!is_null(index)).then_some(&bytes));
        }
        Arc::new(builder.finish())
    }

    /// The parts of all elements of the collections: element `k` of row `r` is the part's row `r * length + k`.
    fn parts(&self, length: usize, parts: &[Generated], column: u64) -> Result<Vec<ArrayRef>, ConnectorError> {
        let of_row = |row: &u64| {
            let first = row.wrapping_mul(length as u64);
            (0..length as u64).map(move |element| first.wrapping_add(element))
        };
        let rows: Vec<u64> = self.rows.iter().flat_map(of_row).collect();
        let part =
            |(number, part): (usize, &Generated)| generate(part, part_column(column, number), &rows, self.moment);
        parts.iter().enumerate().map(part).collect()
    }

    fn collection(&self, length: usize, parts: &[Generated], column: u64) -> Result<ArrayRef, ConnectorError> {
        let children = self.parts(length, parts, column)?;
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(length, self.rows.len()));
        match (self.field.data_type.to_arrow(), &children[..], parts) {
            (ArrowType::List(field), [element], _) => {
                let array = ListArray::try_new(field, offsets, element.clone(), self.nulls());
                array.map(|array| Arc::new(array) as ArrayRef).map_err(|error| failed(&error))
            }
            (ArrowType::Map(..), [keys, values], [key, value]) => self.map((key, keys), (value, values), length),
            (other, ..) => Err(ConnectorError::new(format!("unexpected layout {other}"))),
        }
    }

    /// Maps, in which of equal keys the last one counts and a NULL key doesn't occur.
    fn map(
        &self,
        (key, keys): (&Generated, &ArrayRef),
        (value, values): (&Generated, &ArrayRef),
        length: usize,
    ) -> Result<ArrayRef, ConnectorError> {
        let (mut kept_keys, mut kept_values, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..self.rows.len() {
            let start = kept_keys.len();
            for element in row * length..(row + 1) * length {
                let found = value_at(keys, element, &key.data_type);
                if found.is_null() || kept_keys[start..].contains(&found) {
                    continue;
                }
                kept_keys.push(found);
                kept_values.push(value_at(values, element, &value.data_type));
            }
            lengths.push(kept_keys.len() - start);
        }
        let build = || -> Result<ArrayRef, ArrowError> {
            let invalid = |error: flott_record::value_array::ValueError| ArrowError::ExternalError(Box::new(error));
            let ArrowType::Map(entry, ordered) = self.field.data_type.to_arrow() else {
                return Err(ArrowError::InvalidArgumentError("not a map".into()));
            };
            let ArrowType::Struct(fields) = entry.data_type().clone() else {
                return Err(ArrowError::InvalidArgumentError("not a map".into()));
            };
            let columns = vec![
                array_from_values(&key.data_type, &kept_keys).map_err(invalid)?,
                array_from_values(&value.data_type, &kept_values).map_err(invalid)?,
            ];
            let entries = StructArray::try_new(fields, columns, None)?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            Ok(Arc::new(MapArray::try_new(entry, offsets, entries, self.nulls(), ordered)?))
        };
        build().map_err(|error| failed(&error))
    }

    fn row(&self, fields: &[Generated], column: u64) -> Result<ArrayRef, ConnectorError> {
        let ArrowType::Struct(arrow) = self.field.data_type.to_arrow() else {
            return Err(ConnectorError::new("a row lies in a struct"));
        };
        if fields.is_empty() {
            return Ok(Arc::new(StructArray::new_empty_fields(self.rows.len(), self.nulls())));
        }
        let children = self.parts(1, fields, column)?;
        let array = StructArray::try_new(arrow, children, self.nulls()).map_err(|error| failed(&error))?;
        Ok(Arc::new(array))
    }
}

/// A number for a part of a column that no other part has, as far as chance goes.
fn part_column(column: u64, part: usize) -> u64 {
    CellDraw::column_seed(column, part as u64 + 1)
}

fn push_hexadecimal(text: &mut String, bits: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for shift in (0..64).step_by(4) {
        text.push(char::from(DIGITS[(bits >> shift & 15) as usize]));
    }
}
