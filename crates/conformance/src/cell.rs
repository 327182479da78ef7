//! Cells of records as values of a type, and types of cells that have none.

use flott_record::civil::{DAY_MS, days_from_civil};
use flott_record::data_type::units_per_millisecond;
use flott_record::{DataType, Field, TypeKind, Value};
use flott_sql::bind::data_type::bind_data_type;
use roaring::RoaringBitmap;
use serde_json::Value as Json;

type Result<T> = std::result::Result<T, String>;

/// Precision and scale that Flink gives to a Java `BigDecimal` of which nothing else is known.
const DECIMAL_OF_JAVA: TypeKind = TypeKind::Decimal { precision: 38, scale: 18 };

/// The type that a text such as `ARRAY<INT> NOT NULL` names.
pub(crate) fn data_type(text: &str) -> Result<DataType> {
    let parsed = flott_syntax::parse_data_type(text).map_err(|error| format!("type {text}: {error}"))?;
    bind_data_type(&parsed).map_err(|error| format!("type {text}: {error}"))
}

/// Whether a cell holds something that only Java code could make.
pub(crate) fn needs_java(cell: &Json) -> bool {
    match cell {
        Json::Object(members) => members.iter().any(|(key, inner)| key == "$java" || needs_java(inner)),
        Json::Array(cells) => cells.iter().any(needs_java),
        _ => false,
    }
}

/// A cell as a value of a type.
///
/// # Errors
/// If the cell is of another kind.
pub(crate) fn value(cell: &Json, data_type: &DataType) -> Result<Value> {
    let wrong = || format!("{cell} is no value of type {data_type}");
    match cell {
        Json::Null => Ok(Value::Null),
        Json::Bool(truth) => Ok(Value::Boolean(*truth)),
        Json::Number(number) => self::number(number, data_type).ok_or_else(wrong),
        Json::String(text) => match data_type.kind {
            TypeKind::Char(_) | TypeKind::Varchar(_) => Ok(Value::String(text.clone())),
            // A text in SQL's form stands for what it says.
            TypeKind::Date => tagged("$date", cell, data_type),
            TypeKind::Time(_) => tagged("$time", cell, data_type),
            TypeKind::Timestamp(_) => tagged("$ts", &Json::String(text.replacen(' ', "T", 1)), data_type),
            _ => Err(wrong()),
        },
        Json::Array(_) => Err(wrong()),
        Json::Object(members) => {
            let tagged = members.iter().find(|(tag, _)| tag.starts_with('$'));
            let (tag, inner) = tagged.ok_or_else(wrong)?;
            if tag == "$pojo" {
                return structured(cell, data_type);
            }
            self::tagged(tag, inner, data_type).map_err(|error| format!("{}: {error}", wrong()))
        }
    }
}

fn number(number: &serde_json::Number, data_type: &DataType) -> Option<Value> {
    let whole = number.as_i64();
    Some(match data_type.kind {
        TypeKind::TinyInt => Value::TinyInt(i8::try_from(whole?).ok()?),
        TypeKind::SmallInt => Value::SmallInt(i16::try_from(whole?).ok()?),
        TypeKind::Int => Value::Int(i32::try_from(whole?).ok()?),
        TypeKind::BigInt => Value::BigInt(whole?),
        TypeKind::Float => Value::Float(number.as_f64()? as f32),
        TypeKind::Double => Value::Double(number.as_f64()?),
        TypeKind::Decimal { scale, .. } => decimal(&number.to_string(), scale).ok()?,
        TypeKind::IntervalYearMonth => Value::IntervalYearMonth(i32::try_from(whole?).ok()?),
        TypeKind::IntervalDayTime => Value::IntervalDayTime(whole?),
        // The time of a record of a data stream.
        TypeKind::Timestamp(3) => Value::Timestamp(whole?, 3),
        _ => return None,
    })
}

fn tagged(tag: &str, inner: &Json, data_type: &DataType) -> Result<Value> {
    let text = || inner.as_str().ok_or_else(|| "a text was expected".to_string());
    let cells = || inner.as_array().ok_or_else(|| "a list was expected".to_string());
    match (tag, &data_type.kind) {
        ("$double" | "$float", TypeKind::Float) => float(text()?).map(Value::Float),
        ("$double" | "$float", TypeKind::Double) => float(text()?).map(Value::Double),
        ("$dec" | "$double" | "$float", TypeKind::Decimal { precision, scale }) => {
            Ok(within(decimal(text()?, *scale)?, *precision))
        }
        ("$bytes", TypeKind::Binary(_) | TypeKind::Varbinary(_)) => bytes_of_hex(text()?).map(Value::Bytes),
        ("$date", TypeKind::Date) => Ok(Value::Date(i32::try_from(days(text()?)?).map_err(|error| error.to_string())?)),
        ("$time", TypeKind::Time(_)) => {
            let millis = nanos_of_day(text()?)? / 1_000_000;
            Ok(Value::Time(i32::try_from(millis).map_err(|error| error.to_string())?))
        }
        ("$ts", TypeKind::Timestamp(precision)) => Ok(Value::Timestamp(timestamp(text()?, *precision)?, *precision)),
        ("$instant", TypeKind::TimestampLtz(precision)) => {
            Ok(Value::TimestampLtz(timestamp(text()?.trim_end_matches('Z'), *precision)?, *precision))
        }
        ("$duration", TypeKind::IntervalDayTime) => Ok(Value::IntervalDayTime(duration_ms(text()?)?)),
        ("$period", TypeKind::IntervalYearMonth) => {
            let months = period_months(text()?)?;
            Ok(Value::IntervalYearMonth(i32::try_from(months).map_err(|error| error.to_string())?))
        }
        ("$array", TypeKind::Array(element)) => {
            let values: Result<Vec<Value>> = cells()?.iter().map(|cell| value(cell, element)).collect();
            Ok(Value::Array(values?))
        }
        ("$map", TypeKind::Map(key, item)) => entries(cells()?, key, item),
        ("$map", TypeKind::Multiset(element)) => entries(cells()?, element, &TypeKind::Int.not_null()),
        ("$row", TypeKind::Row(fields) | TypeKind::Structured(_, fields)) => row(cells()?, fields).map(Value::Row),
        ("$bitmap", TypeKind::Bitmap) => bitmap(cells()?),
        ("$variant", TypeKind::Variant) => Ok(Value::String(inner.to_string())),
        _ => Err(format!("{tag} does not fit")),
    }
}

fn entries(cells: &[Json], key: &DataType, item: &DataType) -> Result<Value> {
    let entry = |entry: &Json| Ok((value(&entry[0], key)?, value(&entry[1], item)?));
    let entries: Result<Vec<(Value, Value)>> = cells.iter().map(entry).collect();
    Ok(Value::Map(entries?))
}

/// Cells as values of fields; what a source row has more than the schema is left out.
///
/// # Errors
/// If a cell is of another kind, or there are too few.
pub(crate) fn row(cells: &[Json], fields: &[Field]) -> Result<Vec<Value>> {
    if cells.len() < fields.len() {
        return Err(format!("{} cells for {} columns", cells.len(), fields.len()));
    }
    fields.iter().zip(cells).map(|(field, cell)| value(cell, &field.data_type)).collect()
}

fn structured(cell: &Json, data_type: &DataType) -> Result<Value> {
    let Some(fields) = data_type.kind.fields() else { return Err(format!("{cell} is no value of type {data_type}")) };
    let member = |field: &Field| value(&cell["fields"][&field.name], &field.data_type);
    let members: Result<Vec<Value>> = fields.iter().map(member).collect();
    Ok(Value::Row(members?))
}

fn bitmap(members: &[Json]) -> Result<Value> {
    let member = |member: &Json| {
        let number = member.as_u64().ok_or_else(|| format!("{member} is no member of a bitmap"))?;
        u32::try_from(number).map_err(|error| error.to_string())
    };
    let members: Result<RoaringBitmap> = members.iter().map(member).collect();
    let mut bytes = Vec::new();
    members?.serialize_into(&mut bytes).map_err(|error| error.to_string())?;
    Ok(Value::Bytes(bytes))
}

fn float<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// Bytes of hexadecimal digits.
pub(crate) fn bytes_of_hex(hex: &str) -> Result<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return Err(format!("{hex} is not hexadecimal"));
    }
    let byte = |start: usize| u8::from_str_radix(&hex[start..start + 2], 16).map_err(|error| error.to_string());
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// A decimal of so many digits; NULL if it has more, as where a value becomes a column's.
fn within(value: Value, precision: u8) -> Value {
    match value {
        Value::Decimal(unscaled, _) if unscaled.unsigned_abs() >= 10_u128.pow(u32::from(precision)) => Value::Null,
        other => other,
    }
}

/// A decimal of a scale; further digits are rounded half up, as where Java's `BigDecimal` becomes a column's value.
fn decimal(text: &str, scale: u8) -> Result<Value> {
    let wrong = || format!("{text} is no decimal of scale {scale}");
    let (mantissa, exponent) = text.split_once(['E', 'e']).unwrap_or((text, "0"));
    let (negative, digits) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let exponent: i64 = exponent.parse().map_err(|_| wrong())?;
    let shift = i64::from(scale) + exponent - fraction.len() as i64;
    let unscaled: i128 = format!("{whole}{fraction}").parse().map_err(|_| wrong())?;
    let power = 10_i128.checked_pow(u32::try_from(shift.abs()).map_err(|_| wrong())?).ok_or_else(wrong)?;
    let unscaled =
        if shift >= 0 { unscaled.checked_mul(power).ok_or_else(wrong)? } else { (unscaled + power / 2) / power };
    Ok(Value::Decimal(if negative { -unscaled } else { unscaled }, scale))
}

fn parts<'a>(text: &'a str, separator: char) -> Result<Vec<i64>> {
    let part = |part: &'a str| part.parse::<i64>().map_err(|_| format!("{text} has an unknown form"));
    text.split(separator).map(part).collect()
}

fn days(text: &str) -> Result<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.trim_start_matches('+')),
    };
    match parts(digits, '-')?.as_slice() {
        [year, month, day] => {
            let year = if negative { -year } else { *year };
            Ok(days_from_civil(year, *month as u32, *day as u32))
        }
        _ => Err(format!("{text} is no date")),
    }
}

fn nanos_of_day(text: &str) -> Result<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let nanos: i64 = format!("{fraction:0<9}").parse().map_err(|_| format!("{text} is no time"))?;
    let seconds = match parts(clock, ':')?.as_slice() {
        [hours, minutes] => hours * 3_600 + minutes * 60,
        [hours, minutes, seconds] => hours * 3_600 + minutes * 60 + seconds,
        _ => return Err(format!("{text} is no time")),
    };
    Ok(seconds * 1_000_000_000 + nanos)
}

fn timestamp(text: &str, precision: u8) -> Result<i64> {
    let (date, time) = text.split_once('T').ok_or_else(|| format!("{text} is no timestamp"))?;
    let nanos_per_unit = 1_000_000 / units_per_millisecond(precision);
    let nanos_per_digit = 10_i64.pow(u32::from(9 - precision.min(9)));
    let nanos_of_day = nanos_of_day(time)? / nanos_per_digit * nanos_per_digit;
    let units_of_day = nanos_of_day / nanos_per_unit;
    let units_per_day = DAY_MS * units_per_millisecond(precision);
    days(date)?
        .checked_mul(units_per_day)
        .and_then(|units| units.checked_add(units_of_day))
        .ok_or_else(|| format!("{text} is out of range"))
}

/// Numbers and their unit letters of an ISO 8601 duration or period.
fn iso_parts(text: &str) -> Result<Vec<(f64, char, bool)>> {
    let (mut found, mut number, mut in_time) = (Vec::new(), String::new(), false);
    for character in text.trim_start_matches('P').chars() {
        match character {
            'T' => in_time = true,
            'A'..='Z' => {
                let amount = number.parse().map_err(|_| format!("{text} is no interval"))?;
                found.push((amount, character, in_time));
                number.clear();
            }
            other => number.push(other),
        }
    }
    Ok(found)
}

fn duration_ms(text: &str) -> Result<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut millis = 0.0;
    for (amount, unit, _) in iso_parts(text)? {
        millis += amount
            * match unit {
                'D' => 86_400_000.0,
                'H' => 3_600_000.0,
                'M' => 60_000.0,
                'S' => 1_000.0,
                _ => return Err(format!("{text} is no duration")),
            };
    }
    let millis = millis.round() as i64;
    Ok(if negative { -millis } else { millis })
}

fn period_months(text: &str) -> Result<i64> {
    let mut months = 0.0;
    for (amount, unit, _) in iso_parts(text)? {
        months += match unit {
            'Y' => amount * 12.0,
            'M' => amount,
            // Days are no part of a year-month interval.
            'D' => 0.0,
            _ => return Err(format!("{text} is no period of months")),
        };
    }
    Ok(months as i64)
}

/// The type of a column whose record doesn't say it, from its cells.
pub(crate) fn infer<'a>(cells: impl Iterator<Item = &'a Json>) -> Option<DataType> {
    let mut found: Option<TypeKind> = None;
    for cell in cells {
        let Some(kind) = infer_cell(cell) else { continue };
        found = match (found, kind) {
            (Some(TypeKind::BigInt), TypeKind::Int) => Some(TypeKind::BigInt),
            (Some(TypeKind::Int) | None, kind) => Some(kind),
            (known, _) => known,
        };
    }
    found.map(TypeKind::nullable)
}

fn infer_cell(cell: &Json) -> Option<TypeKind> {
    let members = match cell {
        Json::Bool(_) => return Some(TypeKind::Boolean),
        Json::Number(number) => {
            let fits = number.as_i64().is_some_and(|whole| i32::try_from(whole).is_ok());
            return Some(if fits { TypeKind::Int } else { TypeKind::BigInt });
        }
        Json::String(_) => return Some(TypeKind::string()),
        Json::Object(members) => members,
        _ => return None,
    };
    let (tag, inner) = members.iter().find(|(tag, _)| tag.starts_with('$'))?;
    let cells = inner.as_array();
    Some(match tag.as_str() {
        "$double" => TypeKind::Double,
        "$float" => TypeKind::Float,
        "$dec" => DECIMAL_OF_JAVA,
        "$bytes" => TypeKind::Varbinary(flott_record::data_type::LENGTH_MAX),
        "$date" => TypeKind::Date,
        "$time" => TypeKind::Time(0),
        "$ts" => TypeKind::Timestamp(3),
        "$instant" => TypeKind::TimestampLtz(3),
        "$duration" => TypeKind::IntervalDayTime,
        "$period" => TypeKind::IntervalYearMonth,
        "$variant" => TypeKind::Variant,
        "$bitmap" => TypeKind::Bitmap,
        "$array" => TypeKind::Array(Box::new(infer(cells?.iter())?)),
        "$map" => {
            let (keys, items) = (cells?.iter().map(|entry| &entry[0]), cells?.iter().map(|entry| &entry[1]));
            TypeKind::Map(Box::new(infer(keys)?), Box::new(infer(items)?))
        }
        "$row" => {
            let field =
                |(index, cell): (usize, &Json)| Some(Field::new(format!("f{index}"), infer(std::iter::once(cell))?));
            TypeKind::Row(cells?.iter().enumerate().map(field).collect::<Option<Vec<_>>>()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(cell: &Json, name: &str) -> Value {
        value(cell, &data_type(name).expect("a type")).expect("a value")
    }

    #[test]
    fn cells_become_values_of_their_type() {
        assert_eq!(read(&json!(12), "TINYINT"), Value::TinyInt(12));
        assert_eq!(read(&json!({"$dec": "-0.05"}), "DECIMAL(5, 3)"), Value::Decimal(-50, 3));
        assert_eq!(read(&json!({"$ts": "1970-01-02T00:00"}), "TIMESTAMP(3)"), Value::Timestamp(86_400_000, 3));
        assert_eq!(
            read(&json!({"$instant": "1970-01-01T00:00:01.5Z"}), "TIMESTAMP_LTZ(6)"),
            Value::TimestampLtz(1_500_000, 6)
        );
        assert_eq!(read(&json!({"$duration": "PT12H"}), "INTERVAL DAY TO SECOND"), Value::IntervalDayTime(43_200_000));
        assert_eq!(read(&json!({"$period": "P10Y4M"}), "INTERVAL YEAR TO MONTH"), Value::IntervalYearMonth(124));
        assert_eq!(read(&json!(86_400_000), "TIMESTAMP(3)"), Value::Timestamp(86_400_000, 3));
        assert!(value(&json!("x"), &TypeKind::Int.nullable()).is_err());
    }

    #[test]
    fn types_are_inferred_from_cells() {
        let cells = [json!(1), json!(null), json!(5_000_000_000_i64)];
        assert_eq!(infer(cells.iter()), Some(TypeKind::BigInt.nullable()));
        assert_eq!(infer([json!(null)].iter()), None);
    }
}
