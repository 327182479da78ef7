//! The text of any cell as CAST gives it: `1.0E10`, `TRUE`, `2024-01-01 00:00:00.000`, `[1, NULL]`, `{a=1}`, `(1, a)`.

use std::fmt::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalYearMonthType, Time32MillisecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array, BinaryArray, BooleanArray, ListArray, MapArray, PrimitiveArray, StringArray, StructArray};
use arrow_schema::TimeUnit;
use flott_record::data_type::{timestamp_unit, units_per_millisecond};
use flott_record::{DataType, TypeKind, civil, number_text};

use crate::zone::Zone;

/// An array with the way to write its cells: one dispatch per cell, no downcast.
pub(crate) enum Cells<'a> {
    Null,
    Boolean(&'a BooleanArray),
    TinyInt(&'a PrimitiveArray<Int8Type>),
    SmallInt(&'a PrimitiveArray<Int16Type>),
    Int(&'a PrimitiveArray<Int32Type>),
    BigInt(&'a PrimitiveArray<Int64Type>),
    Float(&'a PrimitiveArray<Float32Type>),
    Double(&'a PrimitiveArray<Float64Type>),
    Decimal(&'a PrimitiveArray<Decimal128Type>, u8),
    String(&'a StringArray),
    Bytes(&'a BinaryArray),
    Bitmap(&'a BinaryArray),
    Date(&'a PrimitiveArray<Date32Type>),
    Time(&'a PrimitiveArray<Time32MillisecondType>, u8),
    Timestamp(&'a [i64], &'a dyn Array, u8, Option<&'a Zone>),
    Months(&'a PrimitiveArray<IntervalYearMonthType>),
    Millis(&'a PrimitiveArray<DurationMillisecondType>),
    Row(&'a StructArray, Vec<Cells<'a>>),
    /// A structured type, whose fields are named in the text.
    Structured(&'a StructArray, Vec<(String, Cells<'a>)>),
    List(&'a ListArray, Box<Cells<'a>>),
    Map(&'a MapArray, Box<(Cells<'a>, Cells<'a>)>),
}

impl<'a> Cells<'a> {
    /// The cells of an array of a type; `zone` is that in which instants are written.
    pub(crate) fn of(data_type: &DataType, array: &'a dyn Array, zone: &'a Zone) -> Cells<'a> {
        match &data_type.kind {
            TypeKind::Null => Cells::Null,
            TypeKind::Boolean => Cells::Boolean(array.as_boolean()),
            TypeKind::TinyInt => Cells::TinyInt(array.as_primitive()),
            TypeKind::SmallInt => Cells::SmallInt(array.as_primitive()),
            TypeKind::Int => Cells::Int(array.as_primitive()),
            TypeKind::BigInt => Cells::BigInt(array.as_primitive()),
            TypeKind::Float => Cells::Float(array.as_primitive()),
            TypeKind::Double => Cells::Double(array.as_primitive()),
            TypeKind::Decimal { scale, .. } => Cells::Decimal(array.as_primitive(), *scale),
            TypeKind::Char(_) | TypeKind::Varchar(_) | TypeKind::Variant => Cells::String(array.as_string()),
            TypeKind::Binary(_) | TypeKind::Varbinary(_) => Cells::Bytes(array.as_binary()),
            TypeKind::Bitmap => Cells::Bitmap(array.as_binary()),
            TypeKind::Date => Cells::Date(array.as_primitive()),
            TypeKind::Time(precision) => Cells::Time(array.as_primitive(), *precision),
            TypeKind::Timestamp(precision) => Cells::Timestamp(stored(array, *precision), array, *precision, None),
            TypeKind::TimestampLtz(precision) => {
                Cells::Timestamp(stored(array, *precision), array, *precision, Some(zone))
            }
            TypeKind::IntervalYearMonth => Cells::Months(array.as_primitive()),
            TypeKind::IntervalDayTime => Cells::Millis(array.as_primitive()),
            TypeKind::Structured(_, fields) => {
                let rows = array.as_struct();
                let columns = fields.iter().zip(rows.columns());
                let cells =
                    columns.map(|(field, column)| (field.name.clone(), Cells::of(&field.data_type, column, zone)));
                Cells::Structured(rows, cells.collect())
            }
            TypeKind::Row(fields) => {
                let rows = array.as_struct();
                let columns = fields.iter().zip(rows.columns());
                Cells::Row(rows, columns.map(|(field, column)| Cells::of(&field.data_type, column, zone)).collect())
            }
            TypeKind::Array(element) => {
                let lists = array.as_list::<i32>();
                Cells::List(lists, Box::new(Cells::of(element, lists.values(), zone)))
            }
            TypeKind::Map(key, value) => Cells::map(array.as_map(), key, value, zone),
            TypeKind::Multiset(element) => Cells::map(array.as_map(), element, &TypeKind::Int.not_null(), zone),
        }
    }

    fn map(maps: &'a MapArray, key: &DataType, value: &DataType, zone: &'a Zone) -> Cells<'a> {
        Cells::Map(maps, Box::new((Cells::of(key, maps.keys(), zone), Cells::of(value, maps.values(), zone))))
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Cells::Null => true,
            Cells::Boolean(array) => array.is_null(row),
            Cells::TinyInt(array) => array.is_null(row),
            Cells::SmallInt(array) => array.is_null(row),
            Cells::Int(array) => array.is_null(row),
            Cells::BigInt(array) => array.is_null(row),
            Cells::Float(array) => array.is_null(row),
            Cells::Double(array) => array.is_null(row),
            Cells::Decimal(array, _) => array.is_null(row),
            Cells::String(array) => array.is_null(row),
            Cells::Bytes(array) | Cells::Bitmap(array) => array.is_null(row),
            Cells::Date(array) => array.is_null(row),
            Cells::Time(array, _) => array.is_null(row),
            Cells::Timestamp(_, array, ..) => array.is_null(row),
            Cells::Months(array) => array.is_null(row),
            Cells::Millis(array) => array.is_null(row),
            Cells::Row(array, _) | Cells::Structured(array, _) => array.is_null(row),
            Cells::List(array, _) => array.is_null(row),
            Cells::Map(array, _) => array.is_null(row),
        }
    }

    /// Appends a cell's text; a NULL (inside a nested value) is `NULL`.
    pub(crate) fn write(&self, row: usize, out: &mut String) {
        if self.is_null(row) {
            out.push_str("NULL");
            return;
        }
        // Writing to a String cannot fail.
        let _infallible = match self {
            Cells::Null => Ok(()),
            Cells::Boolean(array) => out.write_str(if array.value(row) { "TRUE" } else { "FALSE" }),
            Cells::TinyInt(array) => write!(out, "{}", array.value(row)),
            Cells::SmallInt(array) => write!(out, "{}", array.value(row)),
            Cells::Int(array) => write!(out, "{}", array.value(row)),
            Cells::BigInt(array) => write!(out, "{}", array.value(row)),
            Cells::String(array) => out.write_str(array.value(row)),
            Cells::Bytes(array) => out.write_str(&String::from_utf8_lossy(array.value(row))),
            other => {
                other.write_other(row, out);
                Ok(())
            }
        };
    }

    fn write_other(&self, row: usize, out: &mut String) {
        match self {
            Cells::Float(array) => number_text::write_float(out, array.value(row)),
            Cells::Double(array) => number_text::write_double(out, array.value(row)),
            Cells::Decimal(array, scale) => number_text::write_decimal(out, array.value(row), *scale),
            Cells::Date(array) => civil::write_date(out, i64::from(array.value(row))),
            Cells::Time(array, precision) => write_time(out, array.value(row), *precision),
            Cells::Timestamp(values, _, precision, zone) => {
                let local = zone.map_or(values[row], |zone| localize(values[row], *precision, zone));
                civil::write_timestamp_sql(out, local, *precision);
            }
            Cells::Bitmap(array) => write_members(array.value(row), out),
            Cells::Months(array) => civil::write_interval_months(out, array.value(row)),
            Cells::Millis(array) => civil::write_interval_millis(out, array.value(row)),
            Cells::Row(_, columns) => {
                out.push('(');
                separated(out, 0..columns.len(), |column, out| columns[column].write(row, out));
                out.push(')');
            }
            Cells::Structured(_, columns) => {
                out.push('(');
                separated(out, 0..columns.len(), |column, out| {
                    out.push_str(&columns[column].0);
                    out.push('=');
                    columns[column].1.write(row, out);
                });
                out.push(')');
            }
            Cells::List(lists, items) => {
                out.push('[');
                separated(out, range(lists.value_offsets(), row), |item, out| items.write(item, out));
                out.push(']');
            }
            Cells::Map(maps, entries) => {
                out.push('{');
                separated(out, range(maps.value_offsets(), row), |entry, out| {
                    entries.0.write(entry, out);
                    out.push('=');
                    entries.1.write(entry, out);
                });
                out.push('}');
            }
            _ => {}
        }
    }
}

/// The members of a bitmap: `{1,2}`. Bytes that are none have no members.
fn write_members(bytes: &[u8], out: &mut String) {
    let members = roaring::RoaringBitmap::deserialize_from(bytes).unwrap_or_else(|_| roaring::RoaringBitmap::new());
    let members: Vec<String> = members.iter().map(|member| member.to_string()).collect();
    out.push('{');
    out.push_str(&members.join(","));
    out.push('}');
}

fn range(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    offsets[row] as usize..offsets[row + 1] as usize
}

fn separated(out: &mut String, items: std::ops::Range<usize>, mut write: impl FnMut(usize, &mut String)) {
    let first = items.start;
    for item in items {
        if item > first {
            out.push_str(", ");
        }
        write(item, out);
    }
}

/// Timestamps as they are stored, in the unit of their precision.
pub(crate) fn stored(array: &dyn Array, precision: u8) -> &[i64] {
    match timestamp_unit(precision) {
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().values(),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values(),
        _ => array.as_primitive::<TimestampNanosecondType>().values(),
    }
}

/// The wall clock of an instant, both in the unit of the precision.
fn localize(instant: i64, precision: u8, zone: &Zone) -> i64 {
    let units = units_per_millisecond(precision);
    let instant_ms = instant.div_euclid(units);
    instant + (zone.to_local_ms(instant_ms) - instant_ms) * units
}

/// A time of day: no fraction at precision 0, else at least one digit and no zeros after it.
fn write_time(out: &mut String, millis: i32, precision: u8) {
    civil::write_time_sql(out, i64::from(millis), 0, precision.min(3));
    if precision > 0 {
        let least = out.rfind('.').map_or(0, |point| point + 2);
        while out.len() > least && out.ends_with('0') {
            out.pop();
        }
    }
}
