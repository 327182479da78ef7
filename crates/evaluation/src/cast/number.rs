//! Between numbers, and between numbers and BOOLEAN, by Java's rules of narrowing.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalYearMonthType,
};
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType as ArrowType;
use flott_record::{DataType, TypeKind};

use super::Convert;
use crate::decimal;
use crate::evaluator::EvaluationError;
use crate::functions::mapping::failed;

/// Whether conversions from this kind are made here.
pub(super) fn is_source(kind: &TypeKind) -> bool {
    kind.is_numeric() || *kind == TypeKind::Boolean
}

/// The conversion of a number or truth value to a number, a truth value, or (from an exact number) an interval.
pub(super) fn conversion(from: &TypeKind, to: &DataType) -> Option<Convert> {
    let target = to.kind.clone();
    let exact = from.is_integer() || matches!(from, TypeKind::Decimal { .. });
    if target.is_interval() && !exact || !(is_source(&target) || target.is_interval()) {
        return None;
    }
    Some(match from {
        TypeKind::Boolean => Box::new(move |array| Ok(from_integer::<Int8Type>(&bytes_of_truth(array), &target))),
        TypeKind::TinyInt => Box::new(move |array| Ok(from_integer::<Int8Type>(array, &target))),
        TypeKind::SmallInt => Box::new(move |array| Ok(from_integer::<Int16Type>(array, &target))),
        TypeKind::Int => Box::new(move |array| Ok(from_integer::<Int32Type>(array, &target))),
        TypeKind::BigInt => Box::new(move |array| Ok(from_integer::<Int64Type>(array, &target))),
        TypeKind::Float => Box::new(move |array| from_double::<Float32Type>(array, &target)),
        TypeKind::Double => Box::new(move |array| from_double::<Float64Type>(array, &target)),
        TypeKind::Decimal { scale, .. } => {
            let scale = *scale;
            Box::new(move |array| Ok(from_decimal(array, scale, &target)))
        }
        _ => return None,
    })
}

fn bytes_of_truth(array: &ArrayRef) -> ArrayRef {
    let truth = array.as_boolean();
    let bytes: Vec<i8> = truth.values().iter().map(i8::from).collect();
    Arc::new(PrimitiveArray::<Int8Type>::new(bytes.into(), truth.nulls().cloned()))
}

fn unary<S, T>(array: &ArrayRef, convert: impl Fn(S::Native) -> T::Native) -> ArrayRef
where
    S: ArrowPrimitiveType,
    T: ArrowPrimitiveType,
{
    Arc::new(array.as_primitive::<S>().unary::<_, T>(convert))
}

/// Whether each number is other than zero.
fn truth<S: ArrowPrimitiveType>(array: &ArrayRef, is_true: impl Fn(S::Native) -> bool) -> ArrayRef {
    let numbers = array.as_primitive::<S>();
    let values = BooleanBuffer::collect_bool(numbers.len(), |row| is_true(numbers.values()[row]));
    Arc::new(BooleanArray::new(values, numbers.nulls().cloned()))
}

fn decimals<S: ArrowPrimitiveType>(
    array: &ArrayRef,
    (precision, scale): (u8, u8),
    convert: impl Fn(S::Native) -> Option<i128>,
) -> ArrayRef {
    let numbers = array.as_primitive::<S>().unary_opt::<_, Decimal128Type>(convert);
    let arrow_type = DataType { kind: TypeKind::Decimal { precision, scale }, nullable: true }.to_arrow();
    Arc::new(numbers.with_data_type(arrow_type))
}

/// Decimals that all fit.
fn exact_decimals<S: ArrowPrimitiveType>(
    array: &ArrayRef,
    (precision, scale): (u8, u8),
    convert: impl Fn(S::Native) -> i128,
) -> ArrayRef {
    let numbers = array.as_primitive::<S>().unary::<_, Decimal128Type>(convert);
    let arrow_type = DataType { kind: TypeKind::Decimal { precision, scale }, nullable: true }.to_arrow();
    Arc::new(numbers.with_data_type(arrow_type))
}

/// Digits of the largest integer of a type.
fn digits_of<S: ArrowPrimitiveType>() -> u8 {
    match size_of::<S::Native>() {
        1 => 3,
        2 => 5,
        4 => 10,
        _ => 19,
    }
}

fn from_integer<S: ArrowPrimitiveType>(array: &ArrayRef, to: &TypeKind) -> ArrayRef
where
    S::Native: Into<i64>,
{
    match to {
        TypeKind::TinyInt => unary::<S, Int8Type>(array, |value| value.into() as i8),
        TypeKind::SmallInt => unary::<S, Int16Type>(array, |value| value.into() as i16),
        TypeKind::Int => unary::<S, Int32Type>(array, |value| value.into() as i32),
        TypeKind::Float => unary::<S, Float32Type>(array, |value| value.into() as f32),
        TypeKind::Double => unary::<S, Float64Type>(array, |value| value.into() as f64),
        TypeKind::Boolean => truth::<S>(array, |value| value.into() != 0),
        TypeKind::IntervalYearMonth => unary::<S, IntervalYearMonthType>(array, |value| value.into() as i32),
        TypeKind::IntervalDayTime => unary::<S, DurationMillisecondType>(array, |value| value.into()),
        TypeKind::Decimal { precision, scale } => {
            let digits = (*precision, *scale);
            if precision - scale >= digits_of::<S>() {
                let factor = decimal::power_of_ten(*scale);
                return exact_decimals::<S>(array, digits, move |value| i128::from(value.into()) * factor);
            }
            decimals::<S>(array, digits, move |value| decimal::rescale(i128::from(value.into()), 0, digits.0, digits.1))
        }
        _ => unary::<S, Int64Type>(array, Into::into),
    }
}

fn from_double<S: ArrowPrimitiveType>(array: &ArrayRef, to: &TypeKind) -> Result<ArrayRef, EvaluationError>
where
    S::Native: Into<f64>,
{
    Ok(match to {
        // Java narrows to the small integers by way of int.
        TypeKind::TinyInt => unary::<S, Int8Type>(array, |value| value.into() as i32 as i8),
        TypeKind::SmallInt => unary::<S, Int16Type>(array, |value| value.into() as i32 as i16),
        TypeKind::Int => unary::<S, Int32Type>(array, |value| value.into() as i32),
        TypeKind::BigInt => unary::<S, Int64Type>(array, |value| value.into() as i64),
        TypeKind::Float => unary::<S, Float32Type>(array, |value| value.into() as f32),
        TypeKind::Boolean => truth::<S>(array, |value| value.into() != 0.0),
        TypeKind::Decimal { precision, scale } => decimals_of_doubles::<S>(array, *precision, *scale)?,
        _ => unary::<S, Float64Type>(array, Into::into),
    })
}

fn decimals_of_doubles<S: ArrowPrimitiveType>(
    array: &ArrayRef,
    precision: u8,
    scale: u8,
) -> Result<ArrayRef, EvaluationError>
where
    S::Native: Into<f64>,
{
    let numbers = array.as_primitive::<S>();
    let arrow_type = DataType { kind: TypeKind::Decimal { precision, scale }, nullable: true }.to_arrow();
    let mut scratch = String::new();
    crate::functions::mapping::map_to_numbers::<Decimal128Type>(
        std::slice::from_ref(array),
        numbers.len(),
        &arrow_type,
        |row| {
            let value: f64 = numbers.value(row).into();
            decimal::from_double(value, precision, scale, &mut scratch)
                .map_err(|_| failed(row, format!("{value} is no decimal number: infinite or NaN")))
        },
    )
}

fn from_decimal(array: &ArrayRef, from_scale: u8, to: &TypeKind) -> ArrayRef {
    let whole = move |value: i128| decimal::truncate(value, from_scale) as i64;
    match to {
        TypeKind::TinyInt => unary::<Decimal128Type, Int8Type>(array, |value| whole(value) as i8),
        TypeKind::SmallInt => unary::<Decimal128Type, Int16Type>(array, |value| whole(value) as i16),
        TypeKind::Int => unary::<Decimal128Type, Int32Type>(array, |value| whole(value) as i32),
        TypeKind::BigInt => unary::<Decimal128Type, Int64Type>(array, whole),
        TypeKind::Float => {
            unary::<Decimal128Type, Float32Type>(array, |value| decimal::to_double(value, from_scale) as f32)
        }
        TypeKind::Boolean => truth::<Decimal128Type>(array, |value| value != 0),
        TypeKind::IntervalYearMonth => {
            unary::<Decimal128Type, IntervalYearMonthType>(array, |value| whole(value) as i32)
        }
        TypeKind::IntervalDayTime => unary::<Decimal128Type, DurationMillisecondType>(array, whole),
        TypeKind::Decimal { precision, scale } => {
            let digits = (*precision, *scale);
            let from_precision =
                if let ArrowType::Decimal128(precision, _) = array.data_type() { *precision } else { 38 };
            if *scale >= from_scale && precision - scale >= from_precision - from_scale {
                let factor = decimal::power_of_ten(scale - from_scale);
                return exact_decimals::<Decimal128Type>(array, digits, move |value| value.wrapping_mul(factor));
            }
            decimals::<Decimal128Type>(array, digits, move |value| {
                decimal::rescale(value, from_scale, digits.0, digits.1)
            })
        }
        _ => unary::<Decimal128Type, Float64Type>(array, |value| decimal::to_double(value, from_scale)),
    }
}
