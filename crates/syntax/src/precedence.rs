//! How tightly operators bind, by the numbers of Calcite, Flink's parser. Parser and printer share them.

use crate::ast::{BinaryOperator, UnaryOperator};

/// Least: anything may stand there without parentheses.
pub(crate) const ANY: u8 = 0;
/// Tighter than AND: the lower bound of BETWEEN, which ends at the next AND.
pub(crate) const BETWEEN_LOW: u8 = 25;
/// `NOT`
pub(crate) const NOT: u8 = 26;
/// `IS NULL`, `IS TRUE`, ..
pub(crate) const IS: u8 = 28;
/// Comparisons, `IS DISTINCT FROM` and the predicates on periods and multisets
pub(crate) const COMPARISON: u8 = 30;
/// `BETWEEN`, `IN`, `LIKE`
pub(crate) const PREDICATE: u8 = 32;
/// Unary `+` and `-`
pub(crate) const SIGN: u8 = 80;
/// Names, literals, calls and all that brings its own brackets
pub(crate) const PRIMARY: u8 = 100;

pub(crate) fn of_binary(operator: BinaryOperator) -> u8 {
    match operator {
        BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder | BinaryOperator::Concatenate => {
            60
        }
        BinaryOperator::Plus | BinaryOperator::Minus => 40,
        BinaryOperator::And => 24,
        BinaryOperator::Or => 22,
        BinaryOperator::MultisetIntersect | BinaryOperator::MultisetIntersectDistinct => 18,
        BinaryOperator::MultisetUnion
        | BinaryOperator::MultisetUnionDistinct
        | BinaryOperator::MultisetExcept
        | BinaryOperator::MultisetExceptDistinct => 14,
        _ => COMPARISON,
    }
}

pub(crate) fn of_unary(operator: UnaryOperator) -> u8 {
    match operator {
        UnaryOperator::Not => NOT,
        UnaryOperator::Plus | UnaryOperator::Minus => SIGN,
    }
}

/// The comparisons, which `ANY` and `ALL` may follow.
pub(crate) fn is_comparison(operator: BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::Equal
            | BinaryOperator::NotEqual
            | BinaryOperator::Less
            | BinaryOperator::LessOrEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterOrEqual
    )
}
