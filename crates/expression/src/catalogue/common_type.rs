//! The least restrictive type of several: of CASE branches, COALESCE, array elements, set operations, comparisons.

use flott_record::{DataType, Field, TypeKind};

use super::decimal;

/// The type to which values of all these types can be cast without loss of meaning, as Flink derives it; `None` if there is
/// none. It may be NULL if one of them may be.
pub fn common_type(types: &[&DataType]) -> Option<DataType> {
    let mut types = types.iter();
    let first = (*types.next()?).clone();
    types.try_fold(first, |left, right| merge(&left, right))
}

fn merge(left: &DataType, right: &DataType) -> Option<DataType> {
    let nullable = left.nullable || right.nullable;
    if left.kind == TypeKind::Null || right.kind == TypeKind::Null {
        let kind = if left.kind == TypeKind::Null { &right.kind } else { &left.kind };
        return Some(kind.clone().nullable());
    }
    Some(merge_kinds(&left.kind, &right.kind)?.nullable().with_nullable(nullable))
}

fn merge_kinds(left: &TypeKind, right: &TypeKind) -> Option<TypeKind> {
    use TypeKind as K;
    if left == right {
        return Some(left.clone());
    }
    match (left, right) {
        (K::Char(a) | K::Varchar(a), K::Char(b) | K::Varchar(b)) => Some(K::Varchar(*a.max(b))),
        (K::Binary(a) | K::Varbinary(a), K::Binary(b) | K::Varbinary(b)) => Some(K::Varbinary(*a.max(b))),
        (a, b) if a.is_numeric() && b.is_numeric() => Some(merge_numbers(a, b)),
        (K::Time(a), K::Time(b)) => Some(K::Time(*a.max(b))),
        (K::Date, stamp) | (stamp, K::Date) if stamp.is_timestamp() => Some(stamp.clone()),
        (K::Timestamp(a), K::Timestamp(b)) => Some(K::Timestamp(*a.max(b))),
        (K::Timestamp(a) | K::TimestampLtz(a), K::Timestamp(b) | K::TimestampLtz(b)) => {
            Some(K::TimestampLtz(*a.max(b)))
        }
        (K::Array(a), K::Array(b)) => Some(K::Array(Box::new(merge(a, b)?))),
        (K::Multiset(a), K::Multiset(b)) => Some(K::Multiset(Box::new(merge(a, b)?))),
        (K::Map(a, x), K::Map(b, y)) => Some(K::Map(Box::new(merge(a, b)?), Box::new(merge(x, y)?))),
        (K::Row(a), K::Row(b)) if a.len() == b.len() => Some(K::Row(merge_fields(a, b)?)),
        (K::Structured(class, a), K::Structured(other, b)) if class == other && a.len() == b.len() => {
            Some(K::Structured(class.clone(), merge_fields(a, b)?))
        }
        _ => None,
    }
}

fn merge_fields(left: &[Field], right: &[Field]) -> Option<Vec<Field>> {
    let fields = left.iter().zip(right);
    fields.map(|(a, b)| Some(Field::new(a.name.clone(), merge(&a.data_type, &b.data_type)?))).collect()
}

fn merge_numbers(left: &TypeKind, right: &TypeKind) -> TypeKind {
    match (decimal::digits_of(left), decimal::digits_of(right)) {
        (Some(_), Some(_)) if left.is_integer() && right.is_integer() => wider_integer(left, right),
        (Some(a), Some(b)) => decimal::union(a, b),
        // A DECIMAL beside a FLOAT is a DOUBLE; an integer beside a FLOAT is a FLOAT.
        _ => match (left, right) {
            (TypeKind::Float, other) | (other, TypeKind::Float) if *other == TypeKind::Float || other.is_integer() => {
                TypeKind::Float
            }
            _ => TypeKind::Double,
        },
    }
}

/// The wider of two integer kinds.
pub(crate) fn wider_integer(left: &TypeKind, right: &TypeKind) -> TypeKind {
    let width = |kind: &TypeKind| match kind {
        TypeKind::TinyInt => 0,
        TypeKind::SmallInt => 1,
        TypeKind::Int => 2,
        _ => 3,
    };
    if width(left) >= width(right) { left.clone() } else { right.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(left: TypeKind, right: TypeKind) -> Option<String> {
        common_type(&[&left.not_null(), &right.not_null()]).map(|data_type| data_type.to_string())
    }

    #[test]
    fn the_least_restrictive_type_is_that_of_flink() {
        let decimal = TypeKind::Decimal { precision: 2, scale: 1 };
        assert_eq!(common(TypeKind::Int, decimal).as_deref(), Some("DECIMAL(11, 1) NOT NULL"));
        assert_eq!(common(TypeKind::Char(1), TypeKind::Char(3)).as_deref(), Some("VARCHAR(3) NOT NULL"));
        assert_eq!(common(TypeKind::Int, TypeKind::Null).as_deref(), Some("INT"));
        assert_eq!(common(TypeKind::TinyInt, TypeKind::BigInt).as_deref(), Some("BIGINT NOT NULL"));
        assert_eq!(common(TypeKind::Int, TypeKind::Boolean), None);
    }
}
