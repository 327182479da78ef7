//! Which types can be cast to which, by Flink's cast matrix.

use flott_record::{DataType, Field, TypeKind};

/// Whether `CAST(x AS to)` is allowed for an `x` of type `from`. Nullability plays no part.
pub fn can_cast(from: &DataType, to: &DataType) -> bool {
    kinds_cast(&from.kind, &to.kind)
}

/// Why a cast is refused, in Flink's words; `None` if it is allowed.
pub fn cast_refusal(from: &DataType, to: &DataType) -> Option<String> {
    if can_cast(from, to) {
        return None;
    }
    let (source, target) = (full_name(&from.kind), full_name(&to.kind));
    let general = || format!("Cast function cannot convert value of type {source} to type {target}");
    Some(cast_advice(from, to).map_or_else(general, str::to_string))
}

/// What Flink advises in place of a cast between a number and a timestamp, which it refuses; `None` for other pairs.
pub fn cast_advice(from: &DataType, to: &DataType) -> Option<&'static str> {
    match (&from.kind, &to.kind) {
        (TypeKind::Timestamp(_), target) if target.is_numeric() => Some(
            "The cast from TIMESTAMP type to NUMERIC type is not allowed. It's recommended to use \
             UNIX_TIMESTAMP(CAST(timestamp_col AS STRING)) instead.",
        ),
        (TypeKind::TimestampLtz(_), target) if target.is_numeric() => {
            Some("The cast from TIMESTAMP_LTZ type to NUMERIC type is not allowed.")
        }
        (source, TypeKind::Timestamp(_)) if source.is_numeric() => Some(
            "The cast from NUMERIC type to TIMESTAMP type is not allowed. It's recommended to use \
             TO_TIMESTAMP(FROM_UNIXTIME(numeric_col)) instead, note the numeric is in seconds.",
        ),
        (source, TypeKind::TimestampLtz(_)) if source.is_numeric() => Some(
            "The cast from NUMERIC type to TIMESTAMP_LTZ type is not allowed. It's recommended to use \
             TO_TIMESTAMP_LTZ(numeric_col, precision) instead.",
        ),
        _ => None,
    }
}

/// The type as the validator's messages spell it.
pub(super) fn full_name(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Int => "INTEGER".to_string(),
        TypeKind::Varchar(length) => format!("VARCHAR({length})"),
        TypeKind::Varbinary(length) => format!("VARBINARY({length})"),
        TypeKind::TimestampLtz(precision) => format!("TIMESTAMP_WITH_LOCAL_TIME_ZONE({precision})"),
        TypeKind::Map(key, value) => format!("({}, {}) MAP", full_name(&key.kind), full_name(&value.kind)),
        TypeKind::Multiset(element) => format!("{} MULTISET", full_name(&element.kind)),
        TypeKind::Array(element) => format!("{} ARRAY", full_name(&element.kind)),
        other => other.to_string(),
    }
}

fn kinds_cast(from: &TypeKind, to: &TypeKind) -> bool {
    use TypeKind as K;
    if from == to {
        return true;
    }
    match (from, to) {
        (K::Null, _) => true,
        (_, K::Null) => false,
        (K::Array(a), K::Array(b)) | (K::Multiset(a), K::Multiset(b)) => can_cast(a, b),
        (K::Map(a, x), K::Map(b, y)) => can_cast(a, b) && can_cast(x, y),
        (K::Structured(a, _), K::Structured(b, _)) if a != b => false,
        (K::Row(a) | K::Structured(_, a), K::Row(b) | K::Structured(_, b)) => rows_cast(a, b),
        (K::Row(_) | K::Structured(..) | K::Array(_) | K::Map(..) | K::Multiset(_), to) => {
            to.is_character() && parts_cast(from, to)
        }
        (from, to) if to.is_character() => {
            from.is_character()
                || from.is_binary()
                || from.is_numeric()
                || from.is_datetime()
                || from.is_interval()
                || matches!(from, K::Boolean | K::Bitmap)
        }
        (from, to) if from.is_character() => scalar_of_text(to),
        (from, to) if to.is_binary() => from.is_binary() || *from == K::Bitmap,
        (K::Boolean, to) => to.is_numeric(),
        (from, K::Boolean) => from.is_numeric(),
        (from, to) if to.is_numeric() => from.is_numeric(),
        (from, to) if from.is_integer() || matches!(from, K::Decimal { .. }) => to.is_interval(),
        (K::Time(_), to) => matches!(to, K::Time(_)) || to.is_timestamp(),
        (K::Date, to) => to.is_timestamp(),
        (from, to) if from.is_timestamp() => to.is_datetime(),
        (from, to) if from.is_interval() => to.is_interval() && from == to,
        _ => false,
    }
}

fn scalar_of_text(to: &TypeKind) -> bool {
    to.is_binary() || to.is_numeric() || to.is_datetime() || *to == TypeKind::Boolean
}

fn rows_cast(from: &[Field], to: &[Field]) -> bool {
    from.len() == to.len() && from.iter().zip(to).all(|(a, b)| can_cast(&a.data_type, &b.data_type))
}

/// Whether each part of a nested value can be text.
fn parts_cast(from: &TypeKind, text: &TypeKind) -> bool {
    match from {
        TypeKind::Array(element) | TypeKind::Multiset(element) => kinds_cast(&element.kind, text),
        TypeKind::Map(key, value) => kinds_cast(&key.kind, text) && kinds_cast(&value.kind, text),
        TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
            fields.iter().all(|field| kinds_cast(&field.data_type.kind, text))
        }
        _ => true,
    }
}

/// Whether a value is converted without being asked for where another type is wanted: integers widen, exact numbers become
/// approximate, texts and bytes lengthen, timestamps change their precision.
pub fn can_cast_implicitly(from: &DataType, to: &DataType) -> bool {
    use TypeKind as K;
    let rank = |kind: &TypeKind| match kind {
        K::TinyInt => Some(0),
        K::SmallInt => Some(1),
        K::Int => Some(2),
        K::BigInt => Some(3),
        K::Decimal { .. } => Some(4),
        K::Float => Some(5),
        K::Double => Some(6),
        _ => None,
    };
    if from.kind == to.kind || from.kind == K::Null {
        return true;
    }
    if let (Some(from), Some(to)) = (rank(&from.kind), rank(&to.kind)) {
        return from <= to;
    }
    match (&from.kind, &to.kind) {
        (K::Char(_) | K::Varchar(_), K::Varchar(_)) | (K::Binary(_) | K::Varbinary(_), K::Varbinary(_)) => true,
        (K::Time(_), K::Time(_)) | (K::Date, K::Timestamp(_) | K::TimestampLtz(_)) => true,
        (a, b) if a.is_timestamp() && b.is_timestamp() => true,
        (K::Array(a), K::Array(b)) | (K::Multiset(a), K::Multiset(b)) => can_cast_implicitly(a, b),
        (K::Map(a, x), K::Map(b, y)) => can_cast_implicitly(a, b) && can_cast_implicitly(x, y),
        (K::Structured(a, _), K::Structured(b, _)) if a != b => false,
        (K::Row(a), K::Row(b)) | (K::Structured(_, a), K::Structured(_, b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| can_cast_implicitly(&x.data_type, &y.data_type))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_that_of_flink() {
        let can = |from: TypeKind, to: TypeKind| can_cast(&from.nullable(), &to.nullable());
        assert!(can(TypeKind::string(), TypeKind::Int) && can(TypeKind::Int, TypeKind::string()));
        assert!(can(TypeKind::Int, TypeKind::Boolean) && !can(TypeKind::Date, TypeKind::Boolean));
        assert!(can(TypeKind::Int, TypeKind::IntervalDayTime) && !can(TypeKind::IntervalDayTime, TypeKind::Int));
        assert!(!can(TypeKind::Int, TypeKind::Timestamp(3)) && !can(TypeKind::Timestamp(3), TypeKind::Int));
        assert!(can(TypeKind::Date, TypeKind::Timestamp(3)) && !can(TypeKind::Date, TypeKind::Time(0)));
        assert!(!can(TypeKind::Int, TypeKind::Varbinary(3)));
        let refusal = cast_refusal(&TypeKind::Int.nullable(), &TypeKind::TimestampLtz(3).nullable());
        assert!(refusal.is_some_and(|message| message.contains("use TO_TIMESTAMP_LTZ(numeric_col, precision)")));
        let refusal = cast_refusal(&TypeKind::Int.nullable(), &TypeKind::Date.nullable());
        assert_eq!(refusal.as_deref(), Some("Cast function cannot convert value of type INTEGER to type DATE"));
    }
}
