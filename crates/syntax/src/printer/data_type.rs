//! Data types.

use super::{Text, write_if, write_list};
use crate::ast::{DataType, DataTypeKind, FieldDefinition, TimeZoneKind};
use std::fmt::{Display, Formatter, Result};

impl Display for DataType {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.kind)?;
        write_if(f, !self.nullable, " NOT NULL")
    }
}

impl Display for DataTypeKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            DataTypeKind::Boolean => f.write_str("BOOLEAN"),
            DataTypeKind::TinyInt => f.write_str("TINYINT"),
            DataTypeKind::SmallInt => f.write_str("SMALLINT"),
            DataTypeKind::Int => f.write_str("INT"),
            DataTypeKind::BigInt => f.write_str("BIGINT"),
            DataTypeKind::Float => f.write_str("FLOAT"),
            DataTypeKind::Double => f.write_str("DOUBLE"),
            DataTypeKind::String => f.write_str("STRING"),
            DataTypeKind::Bytes => f.write_str("BYTES"),
            DataTypeKind::Date => f.write_str("DATE"),
            DataTypeKind::Variant => f.write_str("VARIANT"),
            DataTypeKind::Bitmap => f.write_str("BITMAP"),
            DataTypeKind::Null => f.write_str("NULL"),
            DataTypeKind::Any => f.write_str("ANY"),
            DataTypeKind::Named(name) => write!(f, "{name}"),
            _ => write_parameterized(f, self),
        }
    }
}

fn write_parameterized(f: &mut Formatter<'_>, kind: &DataTypeKind) -> Result {
    match kind {
        DataTypeKind::Decimal { precision, scale } => {
            f.write_str("DECIMAL")?;
            match (precision, scale) {
                (Some(precision), Some(scale)) => write!(f, "({precision}, {scale})"),
                (precision, _) => write_parameter(f, *precision),
            }
        }
        DataTypeKind::Char { length } => write_sized(f, "CHAR", *length),
        DataTypeKind::VarChar { length } => write_sized(f, "VARCHAR", *length),
        DataTypeKind::Binary { length } => write_sized(f, "BINARY", *length),
        DataTypeKind::VarBinary { length } => write_sized(f, "VARBINARY", *length),
        DataTypeKind::Time { precision, zone } => {
            write_sized(f, "TIME", *precision)?;
            write_zone(f, *zone)
        }
        DataTypeKind::Timestamp { precision, zone: TimeZoneKind::Local } => write_sized(f, "TIMESTAMP_LTZ", *precision),
        DataTypeKind::Timestamp { precision, zone } => {
            write_sized(f, "TIMESTAMP", *precision)?;
            write_zone(f, *zone)
        }
        DataTypeKind::Interval(qualifier) => write!(f, "INTERVAL {qualifier}"),
        _ => write_nested(f, kind),
    }
}

fn write_nested(f: &mut Formatter<'_>, kind: &DataTypeKind) -> Result {
    match kind {
        DataTypeKind::Array(element) => write!(f, "ARRAY<{element}>"),
        DataTypeKind::Multiset(element) => write!(f, "MULTISET<{element}>"),
        DataTypeKind::Map { key, value } => write!(f, "MAP<{key}, {value}>"),
        DataTypeKind::Row(fields) => {
            f.write_str("ROW<")?;
            write_list(f, fields)?;
            f.write_str(">")
        }
        DataTypeKind::Structured { class, fields } => {
            write!(f, "STRUCTURED<{}", Text(class))?;
            super::write_clause(f, ", ", fields, "")?;
            f.write_str(">")
        }
        DataTypeKind::Raw { class, snapshot } => {
            write!(f, "RAW({}, {})", Text(class), Text(snapshot))
        }
        _ => Ok(()),
    }
}

fn write_sized(f: &mut Formatter<'_>, name: &str, parameter: Option<u32>) -> Result {
    f.write_str(name)?;
    write_parameter(f, parameter)
}

fn write_parameter(f: &mut Formatter<'_>, parameter: Option<u32>) -> Result {
    match parameter {
        Some(parameter) => write!(f, "({parameter})"),
        None => Ok(()),
    }
}

fn write_zone(f: &mut Formatter<'_>, zone: TimeZoneKind) -> Result {
    f.write_str(match zone {
        TimeZoneKind::Without => "",
        TimeZoneKind::With => " WITH TIME ZONE",
        TimeZoneKind::Local => " WITH LOCAL TIME ZONE",
    })
}

impl Display for FieldDefinition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {}", self.name, self.data_type)?;
        match &self.comment {
            Some(comment) => write!(f, " {}", Text(comment)),
            None => Ok(()),
        }
    }
}
