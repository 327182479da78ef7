//! `+ - * / %` and negation, by Java's rules: integers wrap, division by zero fails for exact numbers and is infinite for
//! approximate ones, decimals that overflow are NULL.

use std::sync::Arc;

use arrow_arith::numeric::{add_wrapping, mul_wrapping, neg_wrapping, sub_wrapping};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalYearMonthType,
};
use arrow_array::{Array, ArrayRef, Datum, PrimitiveArray, Scalar};
use arrow_schema::ArrowError;
use flott_record::TypeKind;
use flott_record::data_type::DECIMAL_PRECISION_MAX;

use super::pairs::{zip, zip_checked, zip_divide};
use super::{CallSite, Frame, Infallible, ScalarFunction, WithScalars, interval};
use crate::decimal;
use crate::evaluator::{CompileError, EvaluationError};

type Compiled = Result<Box<dyn ScalarFunction>, CompileError>;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Compiled> {
    let name = call.name.as_str();
    if !matches!(name, "+" | "-" | "*" | "/" | "%" | "MOD") {
        return None;
    }
    let temporal = |index: usize| call.kind(index).is_interval() || call.kind(index).is_datetime();
    Some(match call.len() {
        1 => unary(call),
        2 if temporal(0) || temporal(1) => interval::compile(call),
        2 => binary(call),
        _ => Err(call.not_supported()),
    })
}

fn unary(call: &CallSite) -> Compiled {
    if call.name == "+" {
        return Ok(Box::new(Infallible(|arguments: &[ArrayRef], _: &Frame| Ok(Arc::clone(&arguments[0])))));
    }
    Ok(match call.kind(0) {
        TypeKind::IntervalYearMonth => negation::<IntervalYearMonthType>(i32::wrapping_neg),
        TypeKind::IntervalDayTime => negation::<DurationMillisecondType>(i64::wrapping_neg),
        kind if kind.is_numeric() => {
            Box::new(Infallible(|arguments: &[ArrayRef], _: &Frame| Ok(neg_wrapping(&arguments[0])?)))
        }
        _ => return Err(call.not_supported()),
    })
}

fn negation<T: ArrowPrimitiveType>(negate: fn(T::Native) -> T::Native) -> Box<dyn ScalarFunction> {
    Box::new(Infallible(move |arguments: &[ArrayRef], _: &Frame| {
        let negated: PrimitiveArray<T> = arguments[0].as_primitive::<T>().unary(negate);
        Ok(Arc::new(negated) as ArrayRef)
    }))
}

fn binary(call: &CallSite) -> Compiled {
    if let (TypeKind::Decimal { scale: s1, .. }, TypeKind::Decimal { scale: s2, .. }) = (call.kind(0), call.kind(1)) {
        return decimals(call, *s1, *s2);
    }
    if call.kind(0) != call.kind(1) || !call.kind(0).is_numeric() {
        return Err(call.not_supported());
    }
    match call.name.as_str() {
        "+" => Ok(kernel(add_wrapping)),
        "-" => Ok(kernel(sub_wrapping)),
        "*" => Ok(kernel(mul_wrapping)),
        "/" => division(call),
        _ => remainder(call),
    }
}

type Kernel = fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError>;

/// A kernel of Arrow, with literals as scalars.
fn kernel(apply: Kernel) -> Box<dyn ScalarFunction> {
    Box::new(Infallible(move |arguments: &[ArrayRef], frame: &Frame| {
        let (left, right) = (&arguments[0], &arguments[1]);
        Ok(match (left.len() == frame.rows, right.len() == frame.rows) {
            (true, true) => apply(left, right)?,
            (true, false) => apply(left, &Scalar::new(Arc::clone(right)))?,
            _ => apply(&Scalar::new(Arc::clone(left)), right)?,
        })
    }))
}

/// What a division by zero is called: the planner's words where both are constants, else Java's.
fn zero_message(call: &CallSite) -> &'static str {
    let constant = call.name == "/" && call.literals.iter().all(Option::is_some);
    if constant { DECIMAL_ZERO } else { "/ by zero" }
}

const DECIMAL_ZERO: &str = "Division by zero";

fn division(call: &CallSite) -> Compiled {
    let message = zero_message(call);
    let constant = call.literals.iter().all(Option::is_some);
    Ok(match call.kind(0) {
        TypeKind::TinyInt => integers::<Int8Type>(message, i8::wrapping_div),
        TypeKind::SmallInt => integers::<Int16Type>(message, i16::wrapping_div),
        TypeKind::Int => integers::<Int32Type>(message, i32::wrapping_div),
        TypeKind::BigInt => integers::<Int64Type>(message, i64::wrapping_div),
        // Constants are divided by the planner, to which zero is an error whatever the type.
        TypeKind::Float if constant => integers::<Float32Type>(DECIMAL_ZERO, |a, b| a / b),
        TypeKind::Double if constant => integers::<Float64Type>(DECIMAL_ZERO, |a, b| a / b),
        TypeKind::Float => approximate::<Float32Type>(|a, b| a / b),
        _ => approximate::<Float64Type>(|a, b| a / b),
    })
}

fn remainder(call: &CallSite) -> Compiled {
    let message = zero_message(call);
    let narrow = call.data_type.kind.clone();
    let function = match call.kind(0) {
        TypeKind::TinyInt => integers::<Int8Type>(message, i8::wrapping_rem),
        TypeKind::SmallInt => integers::<Int16Type>(message, i16::wrapping_rem),
        TypeKind::Int => integers::<Int32Type>(message, i32::wrapping_rem),
        TypeKind::BigInt => integers::<Int64Type>(message, i64::wrapping_rem),
        _ => return Err(call.not_supported()),
    };
    if narrow == *call.kind(0) {
        return Ok(function);
    }
    // The remainder is smaller than its divisor, whose narrower type the result has.
    let cast = crate::cast::compile(
        &call.argument_types[0],
        &narrow.nullable(),
        flott_expression::CastMode::Cast,
        &call.session,
    )?;
    Ok(match cast {
        Some(cast) => Box::new(Narrowed { function, cast }),
        None => function,
    })
}

struct Narrowed {
    function: Box<dyn ScalarFunction>,
    cast: Box<dyn ScalarFunction>,
}

impl ScalarFunction for Narrowed {
    fn call(&mut self, arguments: &[ArrayRef], frame: &Frame) -> Result<ArrayRef, EvaluationError> {
        let wide = self.function.call(arguments, frame)?;
        self.cast.call(&[wide], frame)
    }

    fn takes_scalars(&self) -> bool {
        true
    }
}

fn integers<T: ArrowPrimitiveType>(
    message: &'static str,
    compute: fn(T::Native, T::Native) -> T::Native,
) -> Box<dyn ScalarFunction> {
    Box::new(WithScalars(move |arguments: &[ArrayRef], _: &Frame| {
        let (left, right) = (arguments[0].as_primitive::<T>(), arguments[1].as_primitive::<T>());
        Ok(Arc::new(zip_divide(left, right, message, compute)?) as ArrayRef)
    }))
}

fn approximate<T: ArrowPrimitiveType>(compute: fn(T::Native, T::Native) -> T::Native) -> Box<dyn ScalarFunction> {
    Box::new(Infallible(move |arguments: &[ArrayRef], _: &Frame| {
        let (left, right) = (arguments[0].as_primitive::<T>(), arguments[1].as_primitive::<T>());
        let quotients: PrimitiveArray<T> = zip(left, right, compute)?;
        Ok(Arc::new(quotients) as ArrayRef)
    }))
}

/// An operator over decimals of these scales.
fn decimals(call: &CallSite, s1: u8, s2: u8) -> Compiled {
    let TypeKind::Decimal { precision, scale } = call.data_type.kind else {
        return Err(call.not_supported());
    };
    let common = s1.max(s2);
    // A result of fewer than 38 digits was not cut, so that each sum and product fits.
    let exact = precision < DECIMAL_PRECISION_MAX;
    let (up1, up2) = (decimal::power_of_ten(common - s1), decimal::power_of_ten(common - s2));
    let aligned = move |a: i128, b: i128| Some((a.checked_mul(up1)?, b.checked_mul(up2)?));
    Ok(match call.name.as_str() {
        "+" if exact && scale == common => {
            exact_function(call, move |a, b| a.wrapping_mul(up1).wrapping_add(b.wrapping_mul(up2)))
        }
        "-" if exact && scale == common => {
            exact_function(call, move |a, b| a.wrapping_mul(up1).wrapping_sub(b.wrapping_mul(up2)))
        }
        "*" if exact && scale == s1 + s2 => exact_function(call, i128::wrapping_mul),
        "+" => decimal_function(call, false, move |a, b| decimal::add(a, s1, b, s2, precision, scale)),
        "-" => decimal_function(call, false, move |a, b| decimal::add(a, s1, -b, s2, precision, scale)),
        "*" => decimal_function(call, false, move |a, b| decimal::multiply(a, b, s1 + s2, precision, scale)),
        "/" => {
            let shift = i32::from(scale) + i32::from(s2) - i32::from(s1);
            decimal_function(call, true, move |a, b| decimal::divide(a, b, shift, precision))
        }
        _ => decimal_function(call, true, move |a, b| {
            let (a, b) = aligned(a, b)?;
            decimal::rescale(a % b, common, precision, scale)
        }),
    })
}

/// An operator over decimals whose results all fit.
fn exact_function(call: &CallSite, compute: impl Fn(i128, i128) -> i128 + Send + 'static) -> Box<dyn ScalarFunction> {
    let arrow_type = call.data_type.to_arrow();
    Box::new(Infallible(move |arguments: &[ArrayRef], _: &Frame| {
        let left = arguments[0].as_primitive::<Decimal128Type>();
        let right = arguments[1].as_primitive::<Decimal128Type>();
        let numbers: PrimitiveArray<Decimal128Type> = zip(left, right, &compute)?;
        Ok(Arc::new(numbers.with_data_type(arrow_type.clone())) as ArrayRef)
    }))
}

fn decimal_function(
    call: &CallSite,
    divides: bool,
    compute: impl Fn(i128, i128) -> Option<i128> + Send + 'static,
) -> Box<dyn ScalarFunction> {
    let arrow_type = call.data_type.to_arrow();
    let function = move |arguments: &[ArrayRef], _: &Frame| {
        let left = arguments[0].as_primitive::<Decimal128Type>();
        let right = arguments[1].as_primitive::<Decimal128Type>();
        let numbers: PrimitiveArray<Decimal128Type> =
            zip_checked(left, right, |a, b| if divides && b == 0 { Err(DECIMAL_ZERO) } else { Ok(compute(a, b)) })?;
        Ok(Arc::new(numbers.with_data_type(arrow_type.clone())) as ArrayRef)
    };
    if divides { Box::new(WithScalars(function)) } else { Box::new(Infallible(function)) }
}
