//! Result types of aggregate functions.

use flott_record::{DataType, TypeKind};

use super::SignatureError;
use crate::aggregate::AggregateFunction;
use crate::tree::Expression;

/// Result type of an aggregate; see [`crate::aggregate::aggregate_type`].
pub(crate) fn aggregate_return_type(
    function: AggregateFunction,
    arguments: &[&Expression],
    grouped: bool,
) -> Result<DataType, SignatureError> {
    use AggregateFunction as F;
    if let F::Count | F::ApproxCountDistinct = function {
        return Ok(TypeKind::BigInt.not_null());
    }
    let Some(first) = arguments.first().map(|argument| argument.data_type()) else {
        return Err(wrong(function, arguments, "one argument at least"));
    };
    let nullable = !grouped || arguments.iter().any(|argument| argument.data_type().nullable);
    let of_kind = |kind: TypeKind| kind.nullable().with_nullable(nullable);
    match function {
        F::Sum | F::Sum0 | F::Avg | F::StddevPop | F::StddevSamp | F::VarPop | F::VarSamp => {
            let kind = numeric_result(function, &first.kind).ok_or_else(|| wrong(function, arguments, "<NUMERIC>"))?;
            let nullable = match function {
                F::Sum0 => first.nullable,
                F::StddevSamp | F::VarSamp => true,
                _ => nullable,
            };
            Ok(kind.nullable().with_nullable(nullable))
        }
        F::Min | F::Max if !is_comparable(&first.kind) => Err(wrong(function, arguments, "<COMPARABLE>")),
        F::Min | F::Max | F::FirstValue | F::LastValue => Ok(of_kind(first.kind.clone())),
        F::SingleValue => Ok(first.kind.clone().nullable()),
        F::ListAgg if first.kind.is_character() => Ok(of_kind(first.kind.clone())),
        F::ListAgg => Err(wrong(function, arguments, "<CHARACTER> or <CHARACTER>, <CHARACTER>")),
        F::Collect => Ok(TypeKind::Multiset(Box::new(first.clone())).not_null()),
        F::ArrayAgg => Ok(TypeKind::Array(Box::new(first.clone())).not_null()),
        F::Percentile => percentile(arguments),
        F::JsonObjectAgg | F::JsonArrayAgg => Ok(TypeKind::Varchar(JSON_TEXT_CHARS).not_null()),
        F::Count | F::ApproxCountDistinct => Ok(TypeKind::BigInt.not_null()),
    }
}

/// Length of the VARCHAR which Calcite gives JSON aggregates.
const JSON_TEXT_CHARS: u32 = 2_000;

fn numeric_result(function: AggregateFunction, kind: &TypeKind) -> Option<TypeKind> {
    let sum = matches!(function, AggregateFunction::Sum | AggregateFunction::Sum0);
    match kind {
        TypeKind::Decimal { scale, .. } if sum => Some(TypeKind::Decimal { precision: 38, scale: *scale }),
        TypeKind::Decimal { scale, .. } => Some(TypeKind::Decimal { precision: 38, scale: (*scale).max(6) }),
        TypeKind::Null => Some(TypeKind::Int),
        kind if kind.is_numeric() => Some(kind.clone()),
        _ => None,
    }
}

fn is_comparable(kind: &TypeKind) -> bool {
    !matches!(
        kind,
        TypeKind::Array(_)
            | TypeKind::Map(..)
            | TypeKind::Multiset(_)
            | TypeKind::Row(_)
            | TypeKind::Variant
            | TypeKind::Bitmap
    )
}

fn percentile(arguments: &[&Expression]) -> Result<DataType, SignatureError> {
    match arguments.get(1).map(|argument| &argument.data_type().kind) {
        Some(TypeKind::Array(_)) => Ok(TypeKind::Array(Box::new(TypeKind::Double.nullable())).nullable()),
        Some(kind) if kind.is_numeric() => Ok(TypeKind::Double.nullable()),
        _ => Err(wrong(AggregateFunction::Percentile, arguments, "<NUMERIC>, <NUMERIC or ARRAY OF NUMERIC>")),
    }
}

fn wrong(function: AggregateFunction, arguments: &[&Expression], expected: &str) -> SignatureError {
    let given: Vec<String> = arguments.iter().map(|argument| argument.data_type().kind.to_string()).collect();
    SignatureError::WrongArguments {
        name: format!("{function:?}").to_uppercase(),
        given: format!("({})", given.join(", ")),
        expected: expected.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(function: AggregateFunction, argument: DataType, grouped: bool) -> String {
        let column = Expression::column(0, argument);
        aggregate_return_type(function, &[&column], grouped).expect("typed").to_string()
    }

    #[test]
    fn types_are_those_of_flink() {
        let decimal = TypeKind::Decimal { precision: 3, scale: 2 }.not_null();
        assert_eq!(of(AggregateFunction::Sum, decimal.clone(), false), "DECIMAL(38, 2)");
        assert_eq!(of(AggregateFunction::Avg, decimal, true), "DECIMAL(38, 6) NOT NULL");
        assert_eq!(of(AggregateFunction::Sum, TypeKind::TinyInt.not_null(), false), "TINYINT");
        assert_eq!(of(AggregateFunction::StddevSamp, TypeKind::Int.not_null(), true), "INT");
        assert_eq!(of(AggregateFunction::Count, TypeKind::Int.nullable(), false), "BIGINT NOT NULL");
        assert_eq!(of(AggregateFunction::Collect, TypeKind::Int.not_null(), false), "MULTISET<INT NOT NULL> NOT NULL");
    }

    #[test]
    fn a_text_has_no_sum() {
        let column = Expression::column(0, TypeKind::string().nullable());
        assert!(aggregate_return_type(AggregateFunction::Sum, &[&column], true).is_err());
    }
}
