//! Result types of aggregate functions.

use flott_record::{DataType, TypeKind, Value};

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
        return Err(wrong(function, arguments, form(function)));
    };
    if !arity(function).contains(&arguments.len()) {
        return Err(wrong(function, arguments, form(function)));
    }
    let nullable = !grouped || arguments.iter().any(|argument| argument.data_type().nullable);
    let of_kind = |kind: TypeKind| kind.nullable().with_nullable(nullable);
    match function {
        F::Sum | F::Sum0 | F::Avg | F::StddevPop | F::StddevSamp | F::VarPop | F::VarSamp => {
            let kind =
                numeric_result(function, &first.kind).ok_or_else(|| wrong(function, arguments, form(function)))?;
            let nullable = match function {
                F::Sum0 => false,
                F::StddevSamp | F::VarSamp => true,
                _ => nullable,
            };
            Ok(kind.nullable().with_nullable(nullable))
        }
        F::Min | F::Max if !is_comparable(&first.kind) => Err(wrong(function, arguments, form(function))),
        F::Min | F::Max | F::FirstValue | F::LastValue => Ok(of_kind(first.kind.clone())),
        F::SingleValue | F::Lag(_) => Ok(first.kind.clone().nullable()),
        F::ListAgg if arguments.iter().all(|argument| is_text(argument)) => Ok(of_kind(first.kind.clone())),
        F::ListAgg => Err(wrong(function, arguments, form(function))),
        F::Collect => Ok(TypeKind::Multiset(Box::new(first.clone())).not_null()),
        F::ArrayAgg => Ok(of_kind(TypeKind::Array(Box::new(first.clone())))),
        F::Percentile => percentile(arguments),
        F::JsonObjectAgg | F::JsonObjectAggAbsent | F::JsonArrayAgg | F::JsonArrayAggAbsent => {
            Ok(TypeKind::Varchar(JSON_TEXT_CHARS).not_null())
        }
        F::Count | F::ApproxCountDistinct => Ok(TypeKind::BigInt.not_null()),
        F::BitmapBuild | F::BitmapAnd | F::BitmapOr | F::BitmapXor => {
            bitmap(function, arguments).map(|()| TypeKind::Bitmap.nullable())
        }
        F::BitmapBuildCardinality | F::BitmapAndCardinality | F::BitmapOrCardinality | F::BitmapXorCardinality => {
            bitmap(function, arguments).map(|()| TypeKind::BigInt.nullable())
        }
    }
}

fn is_text(argument: &Expression) -> bool {
    argument.data_type().kind.is_character() || argument.is_null_literal()
}

/// How many arguments a function takes.
fn arity(function: AggregateFunction) -> std::ops::RangeInclusive<usize> {
    use AggregateFunction as F;
    match function {
        F::Count => 0..=usize::MAX,
        F::ListAgg | F::Lag(_) => 1..=2,
        F::Percentile => 2..=3,
        F::JsonObjectAgg | F::JsonObjectAggAbsent => 2..=2,
        _ => 1..=1,
    }
}

/// The forms of a call as Flink names them.
fn form(function: AggregateFunction) -> &'static str {
    use AggregateFunction as F;
    match function {
        F::Sum => "SUM(<NUMERIC>)",
        F::Sum0 => "$SUM0(<NUMERIC>)",
        F::Avg => "AVG(<NUMERIC>)",
        F::StddevPop => "STDDEV_POP(<NUMERIC>)",
        F::StddevSamp => "STDDEV_SAMP(<NUMERIC>)",
        F::VarPop => "VAR_POP(<NUMERIC>)",
        F::VarSamp => "VAR_SAMP(<NUMERIC>)",
        F::Min => "MIN(<COMPARABLE_TYPE>)",
        F::Max => "MAX(<COMPARABLE_TYPE>)",
        F::FirstValue => "FIRST_VALUE(<ANY>)",
        F::LastValue => "LAST_VALUE(<ANY>)",
        F::SingleValue => "SINGLE_VALUE(<ANY>)",
        F::Collect => "COLLECT(<ANY>)",
        F::ArrayAgg => "ARRAY_AGG(<ANY>)",
        F::Count => "COUNT(<ANY>)",
        F::ApproxCountDistinct => "APPROX_COUNT_DISTINCT(<ANY>)",
        F::ListAgg => "LISTAGG(<CHARACTER>)\nLISTAGG(<CHARACTER>, <CHARACTER>)",
        F::Percentile => {
            "PERCENTILE(expr <NUMERIC>, percentage [<NUMERIC NOT NULL> | ARRAY<NUMERIC NOT NULL> NOT NULL])\n\
             PERCENTILE(expr <NUMERIC>, percentage [<NUMERIC NOT NULL> | ARRAY<NUMERIC NOT NULL> NOT NULL], \
             frequency <INTEGER_NUMERIC>)"
        }
        F::BitmapBuild => "BITMAP_BUILD_AGG(value <INTEGER>)",
        F::BitmapBuildCardinality => "BITMAP_BUILD_CARDINALITY_AGG(value <INTEGER>)",
        F::BitmapAnd => "BITMAP_AND_AGG(bitmap <BITMAP>)",
        F::BitmapAndCardinality => "BITMAP_AND_CARDINALITY_AGG(bitmap <BITMAP>)",
        F::BitmapOr => "BITMAP_OR_AGG(bitmap <BITMAP>)",
        F::BitmapOrCardinality => "BITMAP_OR_CARDINALITY_AGG(bitmap <BITMAP>)",
        F::BitmapXor => "BITMAP_XOR_AGG(bitmap <BITMAP>)",
        F::BitmapXorCardinality => "BITMAP_XOR_CARDINALITY_AGG(bitmap <BITMAP>)",
        _ => "<ANY>",
    }
}

fn bitmap(function: AggregateFunction, arguments: &[&Expression]) -> Result<(), SignatureError> {
    let builds = matches!(function, AggregateFunction::BitmapBuild | AggregateFunction::BitmapBuildCardinality);
    let fits = match (&arguments[0].data_type().kind, builds) {
        (TypeKind::TinyInt | TypeKind::SmallInt | TypeKind::Int | TypeKind::Null, true) => true,
        (kind, false) => matches!(kind, TypeKind::Bitmap | TypeKind::Null),
        _ => false,
    };
    if fits { Ok(()) } else { Err(wrong(function, arguments, form(function))) }
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
            | TypeKind::Structured(..)
            | TypeKind::Variant
            | TypeKind::Bitmap
    )
}

/// Shares are numbers that are never NULL; constant ones lie between 0 and 1.
fn percentile(arguments: &[&Expression]) -> Result<DataType, SignatureError> {
    let function = AggregateFunction::Percentile;
    let refused = || wrong(function, arguments, form(function));
    let numeric = |index: usize| {
        let kind = &arguments[index].data_type().kind;
        kind.is_numeric() || *kind == TypeKind::Null
    };
    let counts = arguments.get(2).is_none_or(|frequency| frequency.data_type().kind.is_integer());
    let share = arguments[1].data_type();
    if !numeric(0) || !counts || share.nullable || constant_share(arguments[1]).is_some_and(is_no_share) {
        return Err(refused());
    }
    match &share.kind {
        TypeKind::Array(element) if element.kind.is_numeric() && !element.nullable => {
            Ok(TypeKind::Array(Box::new(TypeKind::Double.nullable())).nullable())
        }
        kind if kind.is_numeric() => Ok(TypeKind::Double.nullable()),
        _ => Err(refused()),
    }
}

fn is_no_share(share: f64) -> bool {
    !(0.0..=1.0).contains(&share)
}

/// The number that a constant is, also behind a minus.
fn constant_share(expression: &Expression) -> Option<f64> {
    match expression {
        Expression::Literal { value, .. } => match value {
            Value::TinyInt(value) => Some(f64::from(*value)),
            Value::SmallInt(value) => Some(f64::from(*value)),
            Value::Int(value) => Some(f64::from(*value)),
            Value::BigInt(value) => Some(*value as f64),
            Value::Float(value) => Some(f64::from(*value)),
            Value::Double(value) => Some(*value),
            Value::Decimal(unscaled, scale) => Some(*unscaled as f64 / 10f64.powi(i32::from(*scale))),
            _ => None,
        },
        Expression::Call { function, arguments, .. } if function == "-" => match arguments.as_slice() {
            [only] => constant_share(only).map(|share| -share),
            _ => None,
        },
        _ => None,
    }
}

fn wrong(function: AggregateFunction, arguments: &[&Expression], expected: &str) -> SignatureError {
    let given: Vec<String> = arguments.iter().map(|argument| argument.data_type().kind.to_string()).collect();
    SignatureError::WrongArguments {
        name: function.sql_name().to_string(),
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
