//! Data types: from syntax to logical types, with Flink's defaults and limits.

use flott_record::data_type::{DECIMAL_PRECISION_MAX, LENGTH_MAX};
use flott_record::{DataType, Field, TypeKind};
use flott_syntax::Span;
use flott_syntax::ast::{self, DataTypeKind as Kind, TimeUnit, TimeZoneKind};

use crate::error::{Result, SqlError};

/// Largest precision of TIME and of the timestamps, digits of a second's fraction.
const TIME_PRECISION_MAX: u32 = 9;
/// Precision of TIMESTAMP and TIMESTAMP_LTZ where none is written.
const TIMESTAMP_PRECISION_DEFAULT: u32 = 6;
/// Precision of DECIMAL where none is written.
const DECIMAL_PRECISION_DEFAULT: u32 = 10;

/// The logical type of a written one.
///
/// # Errors
/// Lengths and precisions out of range, and types that flott lacks.
pub fn bind_data_type(data_type: &ast::DataType) -> Result<DataType> {
    let kind = bind_kind(&data_type.kind, data_type.span)?;
    Ok(kind.nullable().with_nullable(data_type.nullable))
}

fn bind_kind(kind: &Kind, span: Span) -> Result<TypeKind> {
    Ok(match kind {
        Kind::Boolean => TypeKind::Boolean,
        Kind::TinyInt => TypeKind::TinyInt,
        Kind::SmallInt => TypeKind::SmallInt,
        Kind::Int => TypeKind::Int,
        Kind::BigInt => TypeKind::BigInt,
        Kind::Float => TypeKind::Float,
        Kind::Double => TypeKind::Double,
        Kind::Decimal { precision, scale } => decimal(*precision, *scale, span)?,
        Kind::Char { length } => TypeKind::Char(checked_length("Character", *length, span)?),
        // Without a length these two are as long as can be; CHAR and BINARY have one character or byte.
        Kind::VarChar { length: None } => TypeKind::string(),
        Kind::VarBinary { length: None } => TypeKind::Varbinary(LENGTH_MAX),
        Kind::VarChar { length } => TypeKind::Varchar(checked_length("Variable character", *length, span)?),
        Kind::String => TypeKind::string(),
        Kind::Binary { length } => TypeKind::Binary(checked_length("Binary", *length, span)?),
        Kind::VarBinary { length } => TypeKind::Varbinary(checked_length("Variable binary", *length, span)?),
        Kind::Bytes => TypeKind::Varbinary(LENGTH_MAX),
        Kind::Date => TypeKind::Date,
        Kind::Time { precision, zone: TimeZoneKind::Without } => {
            TypeKind::Time(time_precision("Time", *precision, 0, span)?)
        }
        Kind::Time { .. } => return Err(SqlError::not_supported(span, "TIME WITH TIME ZONE")),
        Kind::Timestamp { precision, zone } => timestamp(*precision, *zone, span)?,
        Kind::Interval(qualifier) => interval(qualifier)?,
        Kind::Array(element) => TypeKind::Array(Box::new(bind_data_type(element)?)),
        Kind::Multiset(element) => TypeKind::Multiset(Box::new(bind_data_type(element)?)),
        Kind::Map { key, value } => TypeKind::Map(Box::new(bind_data_type(key)?), Box::new(bind_data_type(value)?)),
        Kind::Row(fields) => TypeKind::Row(row_fields(fields)?),
        Kind::Variant => TypeKind::Variant,
        Kind::Bitmap => TypeKind::Bitmap,
        Kind::Null => TypeKind::Null,
        Kind::Structured { class, fields } => TypeKind::Structured(class.clone(), row_fields(fields)?),
        Kind::Raw { .. } => return Err(SqlError::not_supported(span, "RAW types")),
        Kind::Any => return Err(SqlError::not_supported(span, "type ANY")),
        Kind::Named(name) => {
            let parts: Vec<&str> = name.parts.iter().map(|part| part.value.as_str()).collect();
            return Err(SqlError::not_supported(span, format!("user-defined type {}", parts.join("."))));
        }
    })
}

fn decimal(precision: Option<u32>, scale: Option<u32>, span: Span) -> Result<TypeKind> {
    let precision = precision.unwrap_or(DECIMAL_PRECISION_DEFAULT);
    let scale = scale.unwrap_or(0);
    let max = u32::from(DECIMAL_PRECISION_MAX);
    if !(1..=max).contains(&precision) {
        return Err(SqlError::at(span, format!("Decimal precision must be between 1 and {max} (both inclusive).")));
    }
    if scale > precision {
        let message = format!("Decimal scale must be between 0 and the precision {precision} (both inclusive).");
        return Err(SqlError::at(span, message));
    }
    Ok(TypeKind::Decimal { precision: precision as u8, scale: scale as u8 })
}

fn checked_length(what: &str, length: Option<u32>, span: Span) -> Result<u32> {
    let length = length.unwrap_or(1);
    if (1..=LENGTH_MAX).contains(&length) {
        return Ok(length);
    }
    let message = format!("{what} string length must be between 1 and {LENGTH_MAX} (both inclusive).");
    Err(SqlError::at(span, message))
}

fn time_precision(what: &str, precision: Option<u32>, default: u32, span: Span) -> Result<u8> {
    let precision = precision.unwrap_or(default);
    if precision <= TIME_PRECISION_MAX {
        return Ok(precision as u8);
    }
    Err(SqlError::at(span, format!("{what} precision must be between 0 and {TIME_PRECISION_MAX} (both inclusive).")))
}

fn timestamp(precision: Option<u32>, zone: TimeZoneKind, span: Span) -> Result<TypeKind> {
    let checked = |what| time_precision(what, precision, TIMESTAMP_PRECISION_DEFAULT, span);
    match zone {
        TimeZoneKind::Without => checked("Timestamp").map(TypeKind::Timestamp),
        TimeZoneKind::Local => checked("Timestamp with local time zone").map(TypeKind::TimestampLtz),
        TimeZoneKind::With => Err(SqlError::not_supported(span, "TIMESTAMP WITH TIME ZONE")),
    }
}

fn interval(qualifier: &ast::IntervalQualifier) -> Result<TypeKind> {
    match qualifier.start {
        TimeUnit::Year | TimeUnit::Quarter | TimeUnit::Month => Ok(TypeKind::IntervalYearMonth),
        TimeUnit::Week | TimeUnit::Day | TimeUnit::Hour | TimeUnit::Minute | TimeUnit::Second => {
            Ok(TypeKind::IntervalDayTime)
        }
        _ => Err(SqlError::not_supported(qualifier.span, "intervals of this unit")),
    }
}

fn row_fields(fields: &[ast::FieldDefinition]) -> Result<Vec<Field>> {
    let mut bound: Vec<Field> = Vec::with_capacity(fields.len());
    for field in fields {
        if bound.iter().any(|known| known.name == field.name.value) {
            let message = format!("Field names must be unique. Found duplicates: [{}]", field.name.value);
            return Err(SqlError::at(field.span, message));
        }
        bound.push(Field::new(&field.name.value, bind_data_type(&field.data_type)?));
    }
    Ok(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(kind: Kind) -> String {
        let data_type = ast::DataType { kind, nullable: true, span: Span::default() };
        match bind_data_type(&data_type) {
            Ok(data_type) => data_type.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn defaults_are_those_of_flink() {
        assert_eq!(bound(Kind::Decimal { precision: None, scale: None }), "DECIMAL(10, 0)");
        assert_eq!(bound(Kind::Timestamp { precision: None, zone: TimeZoneKind::Local }), "TIMESTAMP_LTZ(6)");
        assert_eq!(bound(Kind::Time { precision: None, zone: TimeZoneKind::Without }), "TIME(0)");
        assert_eq!(bound(Kind::Char { length: None }), "CHAR(1)");
    }

    #[test]
    fn precisions_out_of_range_are_refused() {
        assert_eq!(
            bound(Kind::Decimal { precision: Some(39), scale: None }),
            "Decimal precision must be between 1 and 38 (both inclusive)."
        );
        assert_eq!(
            bound(Kind::Timestamp { precision: Some(10), zone: TimeZoneKind::Without }),
            "Timestamp precision must be between 0 and 9 (both inclusive)."
        );
    }
}
