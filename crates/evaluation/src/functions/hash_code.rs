//! HASH_CODE: Java's `hashCode` of a value as Flink holds it. Of texts the absolute value.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType,
};
use arrow_array::{Array, ArrayRef, Int32Array, PrimitiveArray};
use flott_record::TypeKind;
use flott_record::data_type::units_per_millisecond;

use super::{CallSite, Frame, Infallible, ScalarFunction};
use crate::cast::stored;
use crate::evaluator::{CompileError, EvaluationError};

/// Compiles a call; `None` if the function is another.
pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    if call.name != "HASH_CODE" {
        return None;
    }
    let kind = call.kind(0).clone();
    if hashes(&kind, &arrow_array::new_empty_array(&call.argument_types[0].to_arrow())).is_none() {
        return Some(Err(call.not_supported()));
    }
    Some(Ok(Box::new(Infallible(move |arguments: &[ArrayRef], frame: &Frame| {
        let codes = hashes(&kind, &arguments[0]).ok_or_else(|| EvaluationError {
            message: format!("HASH_CODE of {kind}"),
            row: None,
            expression: None,
        })?;
        let codes: ArrayRef = Arc::new(codes);
        if codes.len() == frame.rows {
            return Ok(codes);
        }
        let first = arrow_array::UInt32Array::from(vec![0; frame.rows]);
        Ok::<ArrayRef, EvaluationError>(arrow_select::take::take(&codes, &first, None)?)
    }))))
}

/// The codes of a column; `None` of a type that has none.
fn hashes(kind: &TypeKind, array: &ArrayRef) -> Option<Int32Array> {
    Some(match kind {
        TypeKind::Char(_) | TypeKind::Varchar(_) => {
            let texts = array.as_string::<i32>();
            texts.iter().map(|text| text.map(|text| of_text(text).wrapping_abs())).collect()
        }
        TypeKind::Boolean => array.as_boolean().iter().map(|value| value.map(of_truth)).collect(),
        TypeKind::TinyInt => array.as_primitive::<Int8Type>().unary(i32::from),
        TypeKind::SmallInt => array.as_primitive::<Int16Type>().unary(i32::from),
        TypeKind::Int => array.as_primitive::<Int32Type>().clone(),
        TypeKind::BigInt => array.as_primitive::<Int64Type>().unary(of_long),
        TypeKind::Float => array.as_primitive::<Float32Type>().unary(|value| value.to_bits() as i32),
        TypeKind::Double => array.as_primitive::<Float64Type>().unary(|value| of_long(value.to_bits() as i64)),
        TypeKind::Decimal { scale, .. } => {
            let scale = i32::from(*scale);
            array.as_primitive::<Decimal128Type>().unary(|value| of_decimal(value, scale))
        }
        TypeKind::Date => array.as_primitive::<Date32Type>().unary(|days| days),
        TypeKind::Time(_) => array.as_primitive::<Time32MillisecondType>().unary(|millis| millis),
        TypeKind::Timestamp(precision) => {
            let units = units_per_millisecond(*precision);
            let codes = stored(array, *precision).iter().map(|value| of_timestamp(*value, units));
            PrimitiveArray::new(codes.collect(), array.nulls().cloned())
        }
        _ => return None,
    })
}

/// `String.hashCode`, over UTF-16 units.
pub(in crate::functions) fn of_text(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

fn of_truth(value: bool) -> i32 {
    if value { 1_231 } else { 1_237 }
}

/// `Long.hashCode`
fn of_long(value: i64) -> i32 {
    (value ^ ((value as u64) >> 32) as i64) as i32
}

/// `BigDecimal.hashCode`: the digits of the magnitude, 32 bits each, then the scale.
fn of_decimal(unscaled: i128, scale: i32) -> i32 {
    let magnitude = unscaled.unsigned_abs();
    let digit = |place: u32| (magnitude >> (32 * place)) as u32 as i32;
    let first = (0..4).rev().find(|place| digit(*place) != 0).unwrap_or(0);
    let hash = (0..=first).rev().fold(0i32, |hash, place| hash.wrapping_mul(31).wrapping_add(digit(place)));
    let hash = if unscaled < 0 { hash.wrapping_neg() } else { hash };
    hash.wrapping_mul(31).wrapping_add(scale)
}

/// Milliseconds and the nanoseconds of the millisecond.
fn of_timestamp(value: i64, units_per_ms: i64) -> i32 {
    let (millis, rest) = (value.div_euclid(units_per_ms), value.rem_euclid(units_per_ms));
    let nanos = rest * (1_000_000 / units_per_ms);
    of_long(millis).wrapping_mul(31).wrapping_add(nanos as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_java() {
        assert_eq!(of_text("abc"), 96_354);
        assert_eq!(of_long(9_000_000_000), 410_065_410);
        assert_eq!(of_decimal(12_345, 3), 382_698);
        assert_eq!(of_decimal(-1_250, 2), -38_748);
        assert_eq!(of_timestamp(1_709_212_455_123_456_789, 1_000_000), -1_424_960_841);
    }
}
