//! Values of any type written as JSON.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::TimeUnit;
use flott_record::civil::{split_timestamp, write_date};
use flott_record::data_type::timestamp_unit;
use flott_record::number_text::{double_text, write_decimal};
use flott_record::{DataType, TypeKind};

use super::value::{number_text, write_string};
use crate::functions::string::write_base64;

/// How values of a type are written.
#[derive(Clone, Debug)]
pub(super) enum Writer {
    Text,
    /// Text that is JSON already.
    Json,
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Float,
    Double,
    Decimal(u8),
    Bytes,
    /// Precision, and whether it is an instant.
    Timestamp(u8, bool),
    Array(Box<Writer>),
    /// Keys are texts.
    Map(Box<Writer>),
    /// Keys as JSON text, positions of the fields, and their writers, in order of the keys.
    Row(Vec<(String, usize, Writer)>),
    Null,
}

impl Writer {
    /// `None` for a type without a JSON form.
    pub(super) fn of(data_type: &DataType) -> Option<Self> {
        Some(match &data_type.kind {
            kind if kind.is_character() => Writer::Text,
            kind if kind.is_binary() => Writer::Bytes,
            TypeKind::Variant => Writer::Json,
            TypeKind::Boolean => Writer::Boolean,
            TypeKind::TinyInt => Writer::TinyInt,
            TypeKind::SmallInt => Writer::SmallInt,
            TypeKind::Int => Writer::Int,
            TypeKind::BigInt => Writer::BigInt,
            TypeKind::Float => Writer::Float,
            TypeKind::Double => Writer::Double,
            TypeKind::Decimal { scale, .. } => Writer::Decimal(*scale),
            TypeKind::Timestamp(precision) => Writer::Timestamp(*precision, false),
            TypeKind::TimestampLtz(precision) => Writer::Timestamp(*precision, true),
            TypeKind::Array(element) => Writer::Array(Box::new(Writer::of(element)?)),
            TypeKind::Map(key, value) if key.kind.is_character() => Writer::Map(Box::new(Writer::of(value)?)),
            TypeKind::Multiset(element) if element.kind.is_character() => Writer::Map(Box::new(Writer::Int)),
            TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
                let mut members = Vec::with_capacity(fields.len());
                for (index, field) in fields.iter().enumerate() {
                    let mut key = String::new();
                    write_string(&field.name, &mut key);
                    members.push((field.name.as_str(), (key, index, Writer::of(&field.data_type)?)));
                }
                members.sort_by(|left, right| left.0.cmp(right.0));
                Writer::Row(members.into_iter().map(|(_, member)| member).collect())
            }
            TypeKind::Null => Writer::Null,
            _ => return None,
        })
    }

    /// Appends the value of a row. The error says which number JSON does not have.
    pub(super) fn write(&self, array: &ArrayRef, row: usize, out: &mut String) -> Result<(), String> {
        if array.is_null(row) || matches!(self, Writer::Null) {
            out.push_str("null");
            return Ok(());
        }
        match self {
            Writer::Text => write_string(array.as_string::<i32>().value(row), out),
            Writer::Json => out.push_str(array.as_string::<i32>().value(row)),
            Writer::Boolean => out.push_str(if array.as_boolean().value(row) { "true" } else { "false" }),
            Writer::TinyInt => out.push_str(&array.as_primitive::<Int8Type>().value(row).to_string()),
            Writer::SmallInt => out.push_str(&array.as_primitive::<Int16Type>().value(row).to_string()),
            Writer::Int => out.push_str(&array.as_primitive::<Int32Type>().value(row).to_string()),
            Writer::BigInt => out.push_str(&array.as_primitive::<Int64Type>().value(row).to_string()),
            Writer::Float => write_real(f64::from(array.as_primitive::<Float32Type>().value(row)), out)?,
            Writer::Double => write_real(array.as_primitive::<Float64Type>().value(row), out)?,
            Writer::Decimal(scale) => {
                let mut text = String::new();
                write_decimal(&mut text, array.as_primitive::<Decimal128Type>().value(row), *scale);
                out.push_str(&number_text(&text));
            }
            Writer::Bytes => {
                out.push('"');
                write_base64(array.as_binary::<i32>().value(row), out);
                out.push('"');
            }
            Writer::Timestamp(precision, instant) => write_timestamp(array, row, *precision, *instant, out),
            Writer::Array(element) => {
                let offsets = array.as_list::<i32>().value_offsets();
                let places = offsets[row] as usize..offsets[row + 1] as usize;
                let values = array.as_list::<i32>().values();
                write_joined(places, ('[', ']'), out, |place, out| element.write(values, place, out))?;
            }
            Writer::Map(value) => write_map(array, row, value, out)?,
            Writer::Row(members) => {
                let columns = array.as_struct();
                write_joined(members.iter(), ('{', '}'), out, |(key, index, writer), out| {
                    out.push_str(key);
                    out.push(':');
                    writer.write(columns.column(*index), row, out)
                })?;
            }
            Writer::Null => {}
        }
        Ok(())
    }
}

fn write_joined<T>(
    items: impl Iterator<Item = T>,
    brackets: (char, char),
    out: &mut String,
    mut write: impl FnMut(T, &mut String) -> Result<(), String>,
) -> Result<(), String> {
    out.push(brackets.0);
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(item, out)?;
    }
    out.push(brackets.1);
    Ok(())
}

/// A number as `BigDecimal.valueOf` of Java shows it.
fn write_real(value: f64, out: &mut String) -> Result<(), String> {
    if !value.is_finite() {
        return Err(format!("{} is no number in JSON", double_text(value)));
    }
    out.push_str(&number_text(&double_text(value)));
    Ok(())
}

fn write_map(array: &ArrayRef, row: usize, value: &Writer, out: &mut String) -> Result<(), String> {
    let map = array.as_map();
    let offsets = map.value_offsets();
    let keys = map.keys().as_string::<i32>();
    let mut places: Vec<usize> = (offsets[row] as usize..offsets[row + 1] as usize).collect();
    places.sort_by(|left, right| keys.value(*left).cmp(keys.value(*right)));
    write_joined(places.into_iter(), ('{', '}'), out, |place, out| {
        write_string(keys.value(place), out);
        out.push(':');
        value.write(map.values(), place, out)
    })
}

/// ISO 8601 with seconds; an instant with `Z` and its fraction in groups of three digits.
fn write_timestamp(array: &ArrayRef, row: usize, precision: u8, instant: bool, out: &mut String) {
    let value = match timestamp_unit(precision) {
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(row),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(row),
        _ => array.as_primitive::<TimestampNanosecondType>().value(row),
    };
    let (days, millis, nanos) = split_timestamp(value, precision);
    out.push('"');
    write_date(out, days);
    let (hour, minute, second) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
    out.push_str(&format!("T{hour:02}:{minute:02}:{second:02}"));
    let nanos = millis % 1_000 * 1_000_000 + nanos;
    if nanos > 0 {
        let digits = format!("{nanos:09}");
        let shortest = digits.trim_end_matches('0').len();
        let length = if instant { shortest.div_ceil(3) * 3 } else { shortest };
        out.push('.');
        out.push_str(&digits[..length]);
    }
    out.push_str(if instant { "Z\"" } else { "\"" });
}
