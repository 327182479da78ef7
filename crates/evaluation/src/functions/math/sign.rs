//! `ABS` and `SIGN`: for each type in its own numbers; the least integer has no absolute value and stays, as in Java.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use flott_record::TypeKind;

use crate::decimal::power_of_ten;
use crate::evaluator::CompileError;
use crate::functions::{CallSite, Frame, ScalarFunction};

/// Each number of a column turned into another of the same type.
macro_rules! each {
    ($type:ty, $compute:expr) => {
        Box::new(|arguments: &[ArrayRef], _: &Frame| {
            let values = arguments[0].as_primitive::<$type>();
            let computed =
                values.unary::<_, $type>($compute).with_data_type(arrow_array::Array::data_type(values).clone());
            Ok(Arc::new(computed) as ArrayRef)
        })
    };
}

pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    match call.name.as_str() {
        "ABS" => Some(absolute(call)),
        "SIGN" => Some(sign(call)),
        _ => None,
    }
}

fn absolute(call: &CallSite) -> Result<Box<dyn ScalarFunction>, CompileError> {
    Ok(match call.kind(0) {
        TypeKind::TinyInt => each!(Int8Type, i8::wrapping_abs),
        TypeKind::SmallInt => each!(Int16Type, i16::wrapping_abs),
        TypeKind::Int => each!(Int32Type, i32::wrapping_abs),
        TypeKind::BigInt => each!(Int64Type, i64::wrapping_abs),
        TypeKind::Float => each!(Float32Type, f32::abs),
        TypeKind::Double => each!(Float64Type, f64::abs),
        TypeKind::Decimal { .. } => each!(Decimal128Type, i128::wrapping_abs),
        _ => return Err(call.not_supported()),
    })
}

fn sign(call: &CallSite) -> Result<Box<dyn ScalarFunction>, CompileError> {
    Ok(match call.kind(0) {
        TypeKind::TinyInt => each!(Int8Type, i8::signum),
        TypeKind::SmallInt => each!(Int16Type, i16::signum),
        TypeKind::Int => each!(Int32Type, i32::signum),
        TypeKind::BigInt => each!(Int64Type, i64::signum),
        // Zeros and NaN are their own signs.
        TypeKind::Float => {
            each!(Float32Type, |value| if value == 0.0 || value.is_nan() { value } else { value.signum() })
        }
        TypeKind::Double => {
            each!(Float64Type, |value| if value == 0.0 || value.is_nan() { value } else { value.signum() })
        }
        TypeKind::Decimal { scale, .. } => {
            let one = power_of_ten(*scale);
            Box::new(move |arguments: &[ArrayRef], _: &Frame| {
                let values = arguments[0].as_primitive::<Decimal128Type>();
                let signs = values.unary::<_, Decimal128Type>(|value| value.signum() * one);
                Ok(Arc::new(signs.with_data_type(arrow_array::Array::data_type(values).clone())) as ArrayRef)
            })
        }
        _ => return Err(call.not_supported()),
    })
}
