//! `ROUND`, `TRUNCATE`, and `CEIL` and `FLOOR` of numbers.
//!
//! ROUND goes half up on the decimal text of a number (1.005 rounds to 1.01), as Java's BigDecimal does.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use arrow_array::{Array, ArrayRef};
use flott_record::TypeKind;

use super::decimal_text;
use crate::decimal::{fit, power_of_ten};
use crate::evaluator::{CompileError, EvaluationError};
use crate::functions::constants::{Column, Numbers, build_numbers, scalars};
use crate::functions::mapping::failed;
use crate::functions::{CallSite, Frame, ScalarFunction};

/// Which way digits are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    HalfUp,
    TowardsZero,
    Floor,
    Ceiling,
}

pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    let mode = match (call.name.as_str(), call.len()) {
        ("ROUND", 1 | 2) => Mode::HalfUp,
        ("TRUNCATE", 1 | 2) => Mode::TowardsZero,
        ("FLOOR", 1) => Mode::Floor,
        ("CEIL", 1) => Mode::Ceiling,
        _ => return None,
    };
    Some(compile_mode(call, mode))
}

fn compile_mode(call: &CallSite, mode: Mode) -> Result<Box<dyn ScalarFunction>, CompileError> {
    Ok(match call.kind(0).clone() {
        TypeKind::TinyInt => scalars(move |arguments, frame| integers::<Int8Type>(arguments, frame, mode)),
        TypeKind::SmallInt => scalars(move |arguments, frame| integers::<Int16Type>(arguments, frame, mode)),
        TypeKind::Int => scalars(move |arguments, frame| integers::<Int32Type>(arguments, frame, mode)),
        TypeKind::BigInt => scalars(move |arguments, frame| integers::<Int64Type>(arguments, frame, mode)),
        TypeKind::Float => scalars(move |arguments, frame| {
            reals::<Float32Type>(arguments, frame, mode, f64::from, |value| value as f32)
        }),
        TypeKind::Double => {
            scalars(move |arguments, frame| reals::<Float64Type>(arguments, frame, mode, |value| value, |value| value))
        }
        TypeKind::Decimal { scale, .. } => {
            let TypeKind::Decimal { precision: to_precision, scale: to_scale } = call.data_type.kind else {
                return Err(call.not_supported());
            };
            scalars(move |arguments, frame| decimals(arguments, frame, mode, scale, (to_precision, to_scale)))
        }
        _ => return Err(call.not_supported()),
    })
}

/// Reads the number of places of each row; 0 without one.
fn places(arguments: &[ArrayRef]) -> impl Fn(usize) -> i32 + '_ {
    let places = arguments.get(1).map(Numbers::<Int32Type>::of);
    move |row| places.map_or(0, |places| places.at(row))
}

/// Integers round before the point only; what no longer fits wraps.
fn integers<T>(arguments: &[ArrayRef], frame: &Frame, mode: Mode) -> Column
where
    T: ArrowPrimitiveType,
    T::Native: Into<i64> + Wrapped,
{
    let (value, places) = (Numbers::<T>::of(&arguments[0]), places(arguments));
    build_numbers::<T>(arguments, frame.rows, |row| {
        let places = places(row);
        if places >= 0 {
            return Ok(Some(value.at(row)));
        }
        let rounded = drop_digits(i128::from(value.at(row).into()), places.unsigned_abs(), mode);
        Ok(Some(T::Native::wrapped(rounded)))
    })
}

/// Integers cut to their type's bits.
trait Wrapped {
    fn wrapped(value: i128) -> Self;
}

macro_rules! wrapped {
    ($($type:ty),*) => {
        $(impl Wrapped for $type {
            fn wrapped(value: i128) -> Self {
                value as $type
            }
        })*
    };
}

wrapped!(i8, i16, i32, i64);

/// Makes the last digits of a number zero.
fn drop_digits(value: i128, digits: u32, mode: Mode) -> i128 {
    if digits > 38 {
        return 0;
    }
    let unit = 10i128.pow(digits);
    let (quotient, remainder) = (value / unit, value % unit);
    let away = match mode {
        Mode::HalfUp => remainder.unsigned_abs() >= unit.unsigned_abs().div_ceil(2) && remainder != 0,
        Mode::TowardsZero => false,
        Mode::Floor => remainder < 0,
        Mode::Ceiling => remainder > 0,
    };
    let step = if away { value.signum() } else { 0 };
    (quotient + step).saturating_mul(unit)
}

fn reals<T: ArrowPrimitiveType>(
    arguments: &[ArrayRef],
    frame: &Frame,
    mode: Mode,
    widen: impl Fn(T::Native) -> f64,
    narrow: impl Fn(f64) -> T::Native,
) -> Column {
    let (value, places) = (Numbers::<T>::of(&arguments[0]), places(arguments));
    build_numbers::<T>(arguments, frame.rows, |row| {
        let wide = widen(value.at(row));
        let rounded = match mode {
            Mode::Floor => wide.floor(),
            Mode::Ceiling => wide.ceil(),
            _ => round_real(wide, places(row), mode == Mode::HalfUp, row)?,
        };
        Ok(Some(narrow(rounded)))
    })
}

fn round_real(value: f64, places: i32, half_up: bool, row: usize) -> Result<f64, EvaluationError> {
    if !value.is_finite() {
        return Err(failed(row, format!("ROUND of {}", flott_record::number_text::double_text(value))));
    }
    Ok(decimal_text::round(value, places, half_up))
}

/// Decimals get the scale of the result, which is at least as coarse as the rounding if that is a constant.
fn decimals(
    arguments: &[ArrayRef],
    frame: &Frame,
    mode: Mode,
    scale: u8,
    (to_precision, to_scale): (u8, u8),
) -> Column {
    let (value, places) = (Numbers::<Decimal128Type>::of(&arguments[0]), places(arguments));
    let shrink = power_of_ten(scale.saturating_sub(to_scale));
    let rounded = build_numbers::<Decimal128Type>(arguments, frame.rows, |row| {
        let kept = places(row).min(i32::from(scale));
        let rounded = drop_digits(value.at(row), (i32::from(scale) - kept) as u32, mode);
        Ok(fit(rounded / shrink, to_precision))
    })?;
    let typed = rounded.as_primitive::<Decimal128Type>().clone();
    let typed = typed.with_precision_and_scale(to_precision, to_scale as i8);
    typed.map(|array| Arc::new(array) as Arc<dyn Array>).map_err(|error| failed(0, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_dropped_as_in_java() {
        assert_eq!(drop_digits(45, 1, Mode::HalfUp), 50);
        assert_eq!(drop_digits(-45, 1, Mode::HalfUp), -50);
        assert_eq!(drop_digits(44, 1, Mode::HalfUp), 40);
        assert_eq!(drop_digits(-49, 1, Mode::TowardsZero), -40);
        assert_eq!(drop_digits(-15, 1, Mode::Floor), -20);
        assert_eq!(drop_digits(-15, 1, Mode::Ceiling), -10);
        assert_eq!(drop_digits(255, 5, Mode::HalfUp), 0);
        assert_eq!(i8::wrapped(drop_digits(127, 1, Mode::HalfUp)), -126);
        assert_eq!(i64::wrapped(drop_digits(i128::from(i64::MAX), 2, Mode::HalfUp)), 9_223_372_036_854_775_800);
    }
}
