//! The mathematical functions.

mod chance;
mod decimal_text;
mod rounding;
mod sign;

use arrow_array::ArrayRef;
use arrow_array::types::Float64Type;

use super::constants::{Column, Numbers, build_numbers, infallible};
use super::{CallSite, Frame, ScalarFunction};
use crate::evaluator::CompileError;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    of_doubles(call)
        .map(Ok)
        .or_else(|| sign::compile(call))
        .or_else(|| rounding::compile(call))
        .or_else(|| chance::compile(call))
}

/// Functions from DOUBLE to DOUBLE.
fn of_doubles(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    Some(match (call.name.as_str(), call.len()) {
        ("SQRT", 1) => unary(f64::sqrt),
        ("LN" | "LOG", 1) => unary(f64::ln),
        ("LOG10", 1) => unary(f64::log10),
        // As Java computes it: a quotient of logarithms.
        ("LOG2", 1) => unary(|value| value.ln() / std::f64::consts::LN_2),
        ("LOG", 2) => binary(|base, value| value.ln() / base.ln()),
        ("EXP", 1) => unary(f64::exp),
        ("POWER", 2) => binary(power),
        ("SIN", 1) => unary(f64::sin),
        ("SINH", 1) => unary(f64::sinh),
        ("COS", 1) => unary(f64::cos),
        ("COSH", 1) => unary(f64::cosh),
        ("TAN", 1) => unary(f64::tan),
        ("TANH", 1) => unary(f64::tanh),
        ("COT", 1) => unary(|value| 1.0 / value.tan()),
        ("ASIN", 1) => unary(f64::asin),
        ("ACOS", 1) => unary(f64::acos),
        ("ATAN", 1) => unary(f64::atan),
        ("ATAN2", 2) => binary(f64::atan2),
        ("DEGREES", 1) => unary(|value| value * DEGREES_PER_RADIAN),
        ("RADIANS", 1) => unary(|value| value * RADIANS_PER_DEGREE),
        ("PI", 0) => constant(std::f64::consts::PI),
        ("E", 0) => constant(std::f64::consts::E),
        _ => return None,
    })
}

const DEGREES_PER_RADIAN: f64 = 57.295_779_513_082_32;
const RADIANS_PER_DEGREE: f64 = 0.017_453_292_519_943_295;

/// `Math.pow`: unlike C, Java gives NaN for ±1 to an infinite or NaN power.
fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || (base.abs() == 1.0 && exponent.is_infinite()) {
        return f64::NAN;
    }
    base.powf(exponent)
}

fn unary(compute: fn(f64) -> f64) -> Box<dyn ScalarFunction> {
    infallible(move |arguments, frame| {
        let value = Numbers::<Float64Type>::of(&arguments[0]);
        build_numbers::<Float64Type>(arguments, frame.rows, |row| Ok(Some(compute(value.at(row)))))
    })
}

fn binary(compute: fn(f64, f64) -> f64) -> Box<dyn ScalarFunction> {
    infallible(move |arguments, frame| {
        let (left, right) = (Numbers::<Float64Type>::of(&arguments[0]), Numbers::<Float64Type>::of(&arguments[1]));
        build_numbers::<Float64Type>(arguments, frame.rows, |row| Ok(Some(compute(left.at(row), right.at(row)))))
    })
}

fn constant(value: f64) -> Box<dyn ScalarFunction> {
    infallible(move |_: &[ArrayRef], frame: &Frame| -> Column {
        build_numbers::<Float64Type>(&[], frame.rows, |_| Ok(Some(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_those_of_java() {
        assert!(power(1.0, f64::INFINITY).is_nan());
        assert!(power(1.0, f64::NAN).is_nan());
        assert_eq!(power(2.0, 10.0), 1_024.0);
        assert_eq!(power(0.0, -1.0), f64::INFINITY);
    }
}
