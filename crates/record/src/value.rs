//! One cell, for literals, results shown to people, and tests. Batches never hold values; hot paths never see them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::civil;
use crate::number_text;

/// A cell's value. Which type it has is known from the column; timestamps and decimals carry what their text needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// NULL of any type.
    Null,
    /// BOOLEAN
    Boolean(bool),
    /// TINYINT
    TinyInt(i8),
    /// SMALLINT
    SmallInt(i16),
    /// INT
    Int(i32),
    /// BIGINT
    BigInt(i64),
    /// FLOAT
    Float(f32),
    /// DOUBLE
    Double(f64),
    /// DECIMAL: the unscaled number and its scale
    Decimal(i128, u8),
    /// CHAR, VARCHAR, VARIANT (as JSON text)
    String(String),
    /// BINARY, VARBINARY, BITMAP
    Bytes(Vec<u8>),
    /// DATE, days since 1970-01-01
    Date(i32),
    /// TIME, milliseconds of the day
    Time(i32),
    /// TIMESTAMP in the unit of its precision (see [`crate::data_type::timestamp_unit`]), and the precision
    Timestamp(i64, u8),
    /// TIMESTAMP_LTZ likewise
    TimestampLtz(i64, u8),
    /// INTERVAL YEAR TO MONTH, months
    IntervalYearMonth(i32),
    /// INTERVAL DAY TO SECOND, milliseconds
    IntervalDayTime(i64),
    /// ARRAY
    Array(Vec<Value>),
    /// MAP; MULTISET has the count as INT
    Map(Vec<(Value, Value)>),
    /// ROW
    Row(Vec<Value>),
}

impl Value {
    /// Whether the value is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}

/// The text which Java's `Row.toString` gives of the value, as the print connector and Flink's tests show it:
/// `null`, `2024-01-01T00:00`, `[a, b]`, `{k=v}`, `+I[1, a]` for a nested row.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        match self {
            Value::Null => out.push_str("null"),
            Value::Boolean(value) => return write!(f, "{value}"),
            Value::TinyInt(value) => return write!(f, "{value}"),
            Value::SmallInt(value) => return write!(f, "{value}"),
            Value::Int(value) => return write!(f, "{value}"),
            Value::BigInt(value) => return write!(f, "{value}"),
            Value::Float(value) => out = number_text::float_text(*value),
            Value::Double(value) => out = number_text::double_text(*value),
            Value::Decimal(unscaled, scale) => number_text::write_decimal(&mut out, *unscaled, *scale),
            Value::String(text) => return f.write_str(text),
            Value::Bytes(bytes) => return write_bytes(f, bytes),
            Value::Date(days) => civil::write_date(&mut out, i64::from(*days)),
            Value::Time(millis) => civil::write_time_iso(&mut out, i64::from(*millis), 0),
            Value::Timestamp(value, precision) => civil::write_timestamp_iso(&mut out, *value, *precision),
            Value::TimestampLtz(value, precision) => {
                civil::write_timestamp_iso(&mut out, *value, *precision);
                if out.len() == "2024-01-01T00:00".len() {
                    out.push_str(":00");
                }
                out.push('Z');
            }
            Value::IntervalYearMonth(months) => civil::write_period_iso(&mut out, *months),
            Value::IntervalDayTime(millis) => civil::write_duration_iso(&mut out, *millis),
            Value::Array(values) => return write_list(f, "[", values, "]"),
            Value::Map(entries) => return write_map(f, entries),
            Value::Row(values) => return write_list(f, "+I[", values, "]"),
        }
        f.write_str(&out)
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, open: &str, values: &[Value], close: &str) -> fmt::Result {
    f.write_str(open)?;
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{value}")?;
    }
    f.write_str(close)
}

fn write_map(f: &mut fmt::Formatter<'_>, entries: &[(Value, Value)]) -> fmt::Result {
    f.write_str("{")?;
    for (i, (key, value)) in entries.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{key}={value}")?;
    }
    f.write_str("}")
}

fn write_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("[")?;
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{}", *byte as i8)?;
    }
    f.write_str("]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_look_as_in_a_row_of_flink() {
        let row = Value::Row(vec![
            Value::Int(1),
            Value::Null,
            Value::Timestamp(1_704_067_200_000, 3),
            Value::Map(vec![(Value::String("a".into()), Value::Double(1.5))]),
            Value::Bytes(vec![1, 255]),
        ]);
        assert_eq!(row.to_string(), "+I[1, null, 2024-01-01T00:00, {a=1.5}, [1, -1]]");
    }
}
