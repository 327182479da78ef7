//! Data types as written in casts and column definitions.

use super::{Identifier, IntervalQualifier, ObjectName};
use crate::Span;

/// A data type with its nullability.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DataType {
    pub kind: DataTypeKind,
    /// False after `NOT NULL`.
    pub nullable: bool,
    pub span: Span,
}

/// A data type without nullability. Lengths and precisions are `None` where not written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataTypeKind {
    Boolean,
    TinyInt,
    SmallInt,
    /// `INT`, `INTEGER`
    Int,
    BigInt,
    /// `FLOAT`, `REAL`
    Float,
    /// `DOUBLE [PRECISION]`
    Double,
    /// `DECIMAL`, `DEC`, `NUMERIC`
    Decimal {
        precision: Option<u32>,
        scale: Option<u32>,
    },
    /// `CHAR`, `CHARACTER`; length in characters
    Char {
        length: Option<u32>,
    },
    /// `VARCHAR`, `CHARACTER VARYING`; length in characters
    VarChar {
        length: Option<u32>,
    },
    String,
    /// Length in bytes
    Binary {
        length: Option<u32>,
    },
    /// `VARBINARY`, `BINARY VARYING`; length in bytes
    VarBinary {
        length: Option<u32>,
    },
    Bytes,
    Date,
    Time {
        precision: Option<u32>,
        zone: TimeZoneKind,
    },
    /// `TIMESTAMP`, `TIMESTAMP_LTZ`
    Timestamp {
        precision: Option<u32>,
        zone: TimeZoneKind,
    },
    Interval(IntervalQualifier),
    /// `ARRAY<t>`, `t ARRAY`
    Array(Box<DataType>),
    /// `MULTISET<t>`, `t MULTISET`
    Multiset(Box<DataType>),
    Map {
        key: Box<DataType>,
        value: Box<DataType>,
    },
    /// `ROW<..>`, `ROW(..)`
    Row(Vec<FieldDefinition>),
    /// `STRUCTURED<'class', ..>`
    Structured {
        class: String,
        fields: Vec<FieldDefinition>,
    },
    /// `RAW('class', 'serializer snapshot')`
    Raw {
        class: String,
        snapshot: String,
    },
    Variant,
    Bitmap,
    /// `NULL`
    Null,
    /// `ANY`
    Any,
    /// The name of a user-defined type
    Named(ObjectName),
}

/// What a TIME or TIMESTAMP type says of time zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeZoneKind {
    /// `WITHOUT TIME ZONE`, the default
    Without,
    /// `WITH TIME ZONE`
    With,
    /// `WITH LOCAL TIME ZONE`
    Local,
}

/// A field of a ROW or STRUCTURED type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldDefinition {
    pub name: Identifier,
    pub data_type: DataType,
    pub comment: Option<String>,
    pub span: Span,
}
