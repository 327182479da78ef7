//! Flink's logical types, and how each lies in Arrow arrays.
//!
//! A type is a kind and whether NULL is allowed. `Display` gives Flink's summary form (`INT NOT NULL`,
//! `DECIMAL(10, 2)`, `ROW<a INT, b STRING>`), which users see in DESCRIBE, EXPLAIN and errors.

use std::fmt;
use std::sync::Arc;

use arrow_schema::{DataType as ArrowType, Field as ArrowField, Fields, IntervalUnit, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::schema::Field;

/// Length of `STRING` and `BYTES`, as in Flink: VARCHAR(2147483647).
pub const LENGTH_MAX: u32 = i32::MAX as u32;

/// Largest precision of DECIMAL.
pub const DECIMAL_PRECISION_MAX: u8 = 38;

/// A logical type: its kind and whether it holds NULL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DataType {
    /// What values look like.
    pub kind: TypeKind,
    /// Whether NULL is a value of the type.
    pub nullable: bool,
}

/// The kind of a type. Lengths count characters or bytes, precisions count digits, as in SQL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TypeKind {
    /// CHAR(n)
    Char(u32),
    /// VARCHAR(n); STRING is VARCHAR(2147483647)
    Varchar(u32),
    /// BOOLEAN
    Boolean,
    /// BINARY(n)
    Binary(u32),
    /// VARBINARY(n); BYTES is VARBINARY(2147483647)
    Varbinary(u32),
    /// DECIMAL(precision, scale)
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point, 0 to `precision`.
        scale: u8,
    },
    /// TINYINT, 8 bits
    TinyInt,
    /// SMALLINT, 16 bits
    SmallInt,
    /// INT, 32 bits
    Int,
    /// BIGINT, 64 bits
    BigInt,
    /// FLOAT, 32 bits
    Float,
    /// DOUBLE, 64 bits
    Double,
    /// DATE, days since 1970-01-01
    Date,
    /// TIME(p), milliseconds of the day whatever p is, as in Flink
    Time(u8),
    /// TIMESTAMP(p), wall-clock time without a zone
    Timestamp(u8),
    /// TIMESTAMP_LTZ(p), an instant
    TimestampLtz(u8),
    /// An INTERVAL of years and months, in months; Flink's planner names all of them INTERVAL MONTH
    IntervalYearMonth,
    /// An INTERVAL of days to seconds, in milliseconds; Flink's planner names all of them INTERVAL SECOND(3)
    IntervalDayTime,
    /// `ARRAY<t>`
    Array(Box<DataType>),
    /// `MAP<k, v>`
    Map(Box<DataType>, Box<DataType>),
    /// `MULTISET<t>`: each element with its count
    Multiset(Box<DataType>),
    /// `ROW<name type, …>`
    Row(Vec<Field>),
    /// `STRUCTURED<'class', name type, …>`: a row whose type has a name too
    Structured(String, Vec<Field>),
    /// VARIANT, kept as JSON text in canonical form
    Variant,
    /// BITMAP of unsigned 32-bit members, kept as portable roaring bytes
    Bitmap,
    /// The type of a NULL that nothing else types
    Null,
}

impl TypeKind {
    /// The kind as a nullable type.
    pub fn nullable(self) -> DataType {
        DataType { kind: self, nullable: true }
    }

    /// The kind as a type without NULL.
    pub fn not_null(self) -> DataType {
        DataType { kind: self, nullable: false }
    }

    /// VARCHAR of the greatest length.
    pub fn string() -> Self {
        TypeKind::Varchar(LENGTH_MAX)
    }

    /// CHAR or VARCHAR.
    pub fn is_character(&self) -> bool {
        matches!(self, TypeKind::Char(_) | TypeKind::Varchar(_))
    }

    /// BINARY or VARBINARY.
    pub fn is_binary(&self) -> bool {
        matches!(self, TypeKind::Binary(_) | TypeKind::Varbinary(_))
    }

    /// TINYINT to BIGINT.
    pub fn is_integer(&self) -> bool {
        matches!(self, TypeKind::TinyInt | TypeKind::SmallInt | TypeKind::Int | TypeKind::BigInt)
    }

    /// FLOAT or DOUBLE.
    pub fn is_approximate(&self) -> bool {
        matches!(self, TypeKind::Float | TypeKind::Double)
    }

    /// Integer, DECIMAL, FLOAT or DOUBLE.
    pub fn is_numeric(&self) -> bool {
        self.is_integer() || self.is_approximate() || matches!(self, TypeKind::Decimal { .. })
    }

    /// DATE, TIME, TIMESTAMP or TIMESTAMP_LTZ.
    pub fn is_datetime(&self) -> bool {
        matches!(self, TypeKind::Date | TypeKind::Time(_) | TypeKind::Timestamp(_) | TypeKind::TimestampLtz(_))
    }

    /// TIMESTAMP or TIMESTAMP_LTZ.
    pub fn is_timestamp(&self) -> bool {
        matches!(self, TypeKind::Timestamp(_) | TypeKind::TimestampLtz(_))
    }

    /// The fields of a ROW or structured type.
    pub fn fields(&self) -> Option<&[Field]> {
        match self {
            TypeKind::Row(fields) | TypeKind::Structured(_, fields) => Some(fields),
            _ => None,
        }
    }

    /// Either kind of INTERVAL.
    pub fn is_interval(&self) -> bool {
        matches!(self, TypeKind::IntervalYearMonth | TypeKind::IntervalDayTime)
    }
}

impl DataType {
    /// The same kind with or without NULL.
    pub fn with_nullable(mut self, nullable: bool) -> Self {
        self.nullable = nullable;
        self
    }

    /// The Arrow type that values of this type lie in.
    ///
    /// Timestamps are milliseconds up to precision 3, microseconds up to 6, nanoseconds above; both timestamp
    /// types lie without a zone, TIMESTAMP_LTZ as the instant. Children of nested types are always nullable in Arrow, so that kernels
    /// never refuse a batch over a flag; `DataType` alone says what may be NULL.
    pub fn to_arrow(&self) -> ArrowType {
        match &self.kind {
            TypeKind::Char(_) | TypeKind::Varchar(_) | TypeKind::Variant => ArrowType::Utf8,
            TypeKind::Boolean => ArrowType::Boolean,
            TypeKind::Binary(_) | TypeKind::Varbinary(_) | TypeKind::Bitmap => ArrowType::Binary,
            TypeKind::Decimal { precision, scale } => ArrowType::Decimal128(*precision, *scale as i8),
            TypeKind::TinyInt => ArrowType::Int8,
            TypeKind::SmallInt => ArrowType::Int16,
            TypeKind::Int => ArrowType::Int32,
            TypeKind::BigInt => ArrowType::Int64,
            TypeKind::Float => ArrowType::Float32,
            TypeKind::Double => ArrowType::Float64,
            TypeKind::Date => ArrowType::Date32,
            TypeKind::Time(_) => ArrowType::Time32(TimeUnit::Millisecond),
            TypeKind::Timestamp(p) | TypeKind::TimestampLtz(p) => ArrowType::Timestamp(timestamp_unit(*p), None),
            TypeKind::IntervalYearMonth => ArrowType::Interval(IntervalUnit::YearMonth),
            TypeKind::IntervalDayTime => ArrowType::Duration(TimeUnit::Millisecond),
            TypeKind::Array(element) => ArrowType::List(Arc::new(child("item", element.to_arrow()))),
            TypeKind::Map(key, value) => map_type(key.to_arrow(), value.to_arrow()),
            TypeKind::Multiset(element) => map_type(element.to_arrow(), ArrowType::Int32),
            TypeKind::Row(fields) | TypeKind::Structured(_, fields) => ArrowType::Struct(row_fields(fields)),
            TypeKind::Null => ArrowType::Null,
        }
    }
}

/// The unit in which timestamps of a precision lie in Arrow.
pub fn timestamp_unit(precision: u8) -> TimeUnit {
    match precision {
        0..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

/// How many stored units of a timestamp of this precision make one millisecond.
pub fn units_per_millisecond(precision: u8) -> i64 {
    match precision {
        0..=3 => 1,
        4..=6 => 1_000,
        _ => 1_000_000,
    }
}

fn child(name: &str, data_type: ArrowType) -> ArrowField {
    ArrowField::new(name, data_type, true)
}

/// The Arrow fields of a row type.
pub fn row_fields(fields: &[Field]) -> Fields {
    fields.iter().map(|field| child(&field.name, field.data_type.to_arrow())).collect()
}

fn map_type(key: ArrowType, value: ArrowType) -> ArrowType {
    let entries = vec![ArrowField::new("keys", key, false), child("values", value)];
    ArrowType::Map(Arc::new(ArrowField::new("entries", ArrowType::Struct(entries.into()), false)), false)
}

impl fmt::Display for TypeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TypeKind::Char(length) => write!(f, "CHAR({length})"),
            TypeKind::Varchar(LENGTH_MAX) => f.write_str("STRING"),
            TypeKind::Varchar(length) => write!(f, "VARCHAR({length})"),
            TypeKind::Boolean => f.write_str("BOOLEAN"),
            TypeKind::Binary(length) => write!(f, "BINARY({length})"),
            TypeKind::Varbinary(LENGTH_MAX) => f.write_str("BYTES"),
            TypeKind::Varbinary(length) => write!(f, "VARBINARY({length})"),
            TypeKind::Decimal { precision, scale } => write!(f, "DECIMAL({precision}, {scale})"),
            TypeKind::TinyInt => f.write_str("TINYINT"),
            TypeKind::SmallInt => f.write_str("SMALLINT"),
            TypeKind::Int => f.write_str("INT"),
            TypeKind::BigInt => f.write_str("BIGINT"),
            TypeKind::Float => f.write_str("FLOAT"),
            TypeKind::Double => f.write_str("DOUBLE"),
            TypeKind::Date => f.write_str("DATE"),
            TypeKind::Time(precision) => write!(f, "TIME({precision})"),
            TypeKind::Timestamp(precision) => write!(f, "TIMESTAMP({precision})"),
            TypeKind::TimestampLtz(precision) => write!(f, "TIMESTAMP_LTZ({precision})"),
            TypeKind::IntervalYearMonth => f.write_str("INTERVAL MONTH"),
            TypeKind::IntervalDayTime => f.write_str("INTERVAL SECOND(3)"),
            TypeKind::Array(element) => write!(f, "ARRAY<{element}>"),
            TypeKind::Map(key, value) => write!(f, "MAP<{key}, {value}>"),
            TypeKind::Multiset(element) => write!(f, "MULTISET<{element}>"),
            TypeKind::Row(fields) => {
                f.write_str("ROW<")?;
                write_fields(f, fields)
            }
            TypeKind::Structured(class, fields) => {
                write!(f, "STRUCTURED<'{}'", class.replace('\'', "''"))?;
                f.write_str(if fields.is_empty() { "" } else { ", " })?;
                write_fields(f, fields)
            }
            TypeKind::Variant => f.write_str("VARIANT"),
            TypeKind::Bitmap => f.write_str("BITMAP"),
            TypeKind::Null => f.write_str("NULL"),
        }
    }
}

fn write_fields(f: &mut fmt::Formatter<'_>, fields: &[Field]) -> fmt::Result {
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write!(f, "`{}` {}", field.name.replace('`', "``"), field.data_type)?;
    }
    f.write_str(">")
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if !self.nullable && self.kind != TypeKind::Null {
            f.write_str(" NOT NULL")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_the_summary_form_of_flink() {
        let row = TypeKind::Row(vec![
            Field::new("a", TypeKind::Int.not_null()),
            Field::new("b", TypeKind::string().nullable()),
        ]);
        assert_eq!(row.nullable().to_string(), "ROW<`a` INT NOT NULL, `b` STRING>");
        assert_eq!(TypeKind::Decimal { precision: 17, scale: 6 }.not_null().to_string(), "DECIMAL(17, 6) NOT NULL");
    }

    #[test]
    fn timestamps_lie_in_the_unit_of_their_precision() {
        assert_eq!(TypeKind::Timestamp(3).nullable().to_arrow(), ArrowType::Timestamp(TimeUnit::Millisecond, None));
        assert_eq!(TypeKind::TimestampLtz(9).nullable().to_arrow(), ArrowType::Timestamp(TimeUnit::Nanosecond, None));
    }
}
