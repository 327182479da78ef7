//! Random data types and interval qualifiers.

use super::Choices;
use flott_syntax::Span;
use flott_syntax::ast::{DataType, DataTypeKind, FieldDefinition, IntervalQualifier, TimeUnit, TimeZoneKind};

pub fn data_type(c: &mut Choices<'_>, depth: usize) -> DataType {
    DataType {
        kind: match depth {
            0 => flat(c),
            _ => nested(c, depth - 1),
        },
        nullable: !c.flag(),
        span: Span::default(),
    }
}

fn flat(c: &mut Choices<'_>) -> DataTypeKind {
    match c.below(20) {
        0 => DataTypeKind::Int,
        1 => DataTypeKind::Boolean,
        2 => DataTypeKind::TinyInt,
        3 => DataTypeKind::SmallInt,
        4 => DataTypeKind::BigInt,
        5 => DataTypeKind::Float,
        6 => DataTypeKind::Double,
        7 => {
            let precision = c.maybe(Choices::small);
            let scale = match precision {
                Some(_) => c.maybe(Choices::small),
                None => None,
            };
            DataTypeKind::Decimal { precision, scale }
        }
        8 => DataTypeKind::Char { length: c.maybe(Choices::small) },
        9 => DataTypeKind::VarChar { length: c.maybe(Choices::small) },
        10 => DataTypeKind::String,
        11 => DataTypeKind::Binary { length: c.maybe(Choices::small) },
        12 => DataTypeKind::VarBinary { length: c.maybe(Choices::small) },
        13 => DataTypeKind::Bytes,
        14 => DataTypeKind::Date,
        15 => DataTypeKind::Time { precision: c.maybe(Choices::small), zone: zone(c) },
        16 => DataTypeKind::Timestamp { precision: c.maybe(Choices::small), zone: zone(c) },
        17 => DataTypeKind::Interval(qualifier(c)),
        18 => c_simple(c),
        _ => DataTypeKind::Raw { class: c.text(), snapshot: c.text() },
    }
}

fn c_simple(c: &mut Choices<'_>) -> DataTypeKind {
    match c.below(5) {
        0 => DataTypeKind::Variant,
        1 => DataTypeKind::Bitmap,
        2 => DataTypeKind::Null,
        3 => DataTypeKind::Any,
        _ => DataTypeKind::Named(c.object_name()),
    }
}

fn nested(c: &mut Choices<'_>, depth: usize) -> DataTypeKind {
    match c.below(6) {
        0 => flat(c),
        1 => DataTypeKind::Array(Box::new(data_type(c, depth))),
        2 => DataTypeKind::Multiset(Box::new(data_type(c, depth))),
        3 => DataTypeKind::Map { key: Box::new(data_type(c, depth)), value: Box::new(data_type(c, depth)) },
        4 => DataTypeKind::Row(c.list(0, |c| field(c, depth))),
        _ => DataTypeKind::Structured { class: c.text(), fields: c.list(0, |c| field(c, depth)) },
    }
}

fn field(c: &mut Choices<'_>, depth: usize) -> FieldDefinition {
    FieldDefinition {
        name: c.identifier(),
        data_type: data_type(c, depth),
        comment: c.maybe(Choices::text),
        span: Span::default(),
    }
}

fn zone(c: &mut Choices<'_>) -> TimeZoneKind {
    c.one_of(&[TimeZoneKind::Without, TimeZoneKind::With, TimeZoneKind::Local])
}

pub fn qualifier(c: &mut Choices<'_>) -> IntervalQualifier {
    let start = c.unit();
    let precision = c.maybe(Choices::small);
    let end = c.maybe(Choices::unit);
    let fraction_fits =
        end == Some(TimeUnit::Second) || end.is_none() && start == TimeUnit::Second && precision.is_some();
    let fractional_precision = match fraction_fits {
        true => c.maybe(Choices::small),
        false => None,
    };
    IntervalQualifier { start, precision, end, fractional_precision, span: Span::default() }
}
