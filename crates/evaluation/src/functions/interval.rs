//! Arithmetic of intervals, and of dates and times with them.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, DurationMillisecondType, Int64Type, IntervalYearMonthType, Time32MillisecondType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{ArrayRef, PrimitiveArray};
use arrow_schema::TimeUnit;
use flott_record::TypeKind;
use flott_record::civil::DAY_MS;
use flott_record::data_type::{timestamp_unit, units_per_millisecond};

use super::pairs::zip;
use super::{CallSite, Frame, Infallible, ScalarFunction};
use crate::calendar::{add_months, months_between, months_between_days};
use crate::evaluator::{CompileError, EvaluationError};

type Compiled = Result<Box<dyn ScalarFunction>, CompileError>;

/// Compiles `+`, `-` or `*` with an interval, or the difference of two dates or times.
pub(super) fn compile(call: &CallSite) -> Compiled {
    let (left, right) = (call.kind(0), call.kind(1));
    let sign = if call.name == "-" { -1 } else { 1 };
    match call.name.as_str() {
        "+" | "-" if left.is_interval() && right.is_interval() => intervals(call, sign),
        "+" | "-" if left.is_datetime() && right.is_interval() => shift(call, left, right, false, sign),
        "+" if left.is_interval() && right.is_datetime() => shift(call, right, left, true, 1),
        "-" if left.is_datetime() && right.is_datetime() => difference(call),
        "*" if left.is_interval() => multiple(call, left, false),
        "*" if right.is_interval() => multiple(call, right, true),
        _ => Err(call.not_supported()),
    }
}

/// A function of two number arrays.
fn pairwise<A, B, O>(
    swap: bool,
    compute: impl Fn(A::Native, B::Native) -> O::Native + Send + 'static,
) -> Box<dyn ScalarFunction>
where
    A: ArrowPrimitiveType,
    B: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
{
    Box::new(Infallible(move |arguments: &[ArrayRef], _: &Frame| {
        let (first, second) = if swap { (1, 0) } else { (0, 1) };
        let (left, right) = (arguments[first].as_primitive::<A>(), arguments[second].as_primitive::<B>());
        let values: PrimitiveArray<O> = zip(left, right, &compute)?;
        Ok::<ArrayRef, EvaluationError>(Arc::new(values))
    }))
}

fn intervals(call: &CallSite, sign: i64) -> Compiled {
    match (call.kind(0), call.kind(1)) {
        (TypeKind::IntervalYearMonth, TypeKind::IntervalYearMonth) => {
            let sign = sign as i32;
            Ok(pairwise::<IntervalYearMonthType, IntervalYearMonthType, IntervalYearMonthType>(false, move |a, b| {
                a.wrapping_add(b.wrapping_mul(sign))
            }))
        }
        (TypeKind::IntervalDayTime, TypeKind::IntervalDayTime) => {
            Ok(pairwise::<DurationMillisecondType, DurationMillisecondType, DurationMillisecondType>(
                false,
                move |a, b| a.wrapping_add(b.wrapping_mul(sign)),
            ))
        }
        _ => Err(call.not_supported()),
    }
}

fn multiple(call: &CallSite, interval: &TypeKind, swap: bool) -> Compiled {
    if *call.kind(usize::from(!swap)) != TypeKind::BigInt {
        return Err(call.not_supported());
    }
    Ok(match interval {
        TypeKind::IntervalYearMonth => {
            pairwise::<IntervalYearMonthType, Int64Type, IntervalYearMonthType>(swap, |months, times| {
                i64::from(months).wrapping_mul(times) as i32
            })
        }
        _ => pairwise::<DurationMillisecondType, Int64Type, DurationMillisecondType>(swap, i64::wrapping_mul),
    })
}

/// A date or time moved by an interval.
fn shift(call: &CallSite, moment: &TypeKind, interval: &TypeKind, swap: bool, sign: i64) -> Compiled {
    let months = *interval == TypeKind::IntervalYearMonth;
    Ok(match moment {
        TypeKind::Date if months => {
            pairwise::<Date32Type, IntervalYearMonthType, Date32Type>(swap, move |day, count| {
                add_months(i64::from(day), i64::from(count) * sign) as i32
            })
        }
        // What is less than a day has no effect.
        TypeKind::Date => pairwise::<Date32Type, DurationMillisecondType, Date32Type>(swap, move |day, millis| {
            day.wrapping_add((millis.wrapping_mul(sign) / DAY_MS) as i32)
        }),
        TypeKind::Time(_) if months => {
            pairwise::<Time32MillisecondType, IntervalYearMonthType, Time32MillisecondType>(swap, |time, _| time)
        }
        TypeKind::Time(_) => pairwise::<Time32MillisecondType, DurationMillisecondType, Time32MillisecondType>(
            swap,
            move |time, millis| i64::from(time).wrapping_add(millis.wrapping_mul(sign)).rem_euclid(DAY_MS) as i32,
        ),
        TypeKind::Timestamp(precision) | TypeKind::TimestampLtz(precision) => match timestamp_unit(*precision) {
            TimeUnit::Millisecond => shift_stamp::<TimestampMillisecondType>(*precision, months, swap, sign),
            TimeUnit::Microsecond => shift_stamp::<TimestampMicrosecondType>(*precision, months, swap, sign),
            _ => shift_stamp::<TimestampNanosecondType>(*precision, months, swap, sign),
        },
        _ => return Err(call.not_supported()),
    })
}

fn shift_stamp<T>(precision: u8, months: bool, swap: bool, sign: i64) -> Box<dyn ScalarFunction>
where
    T: ArrowPrimitiveType<Native = i64>,
{
    let units = units_per_millisecond(precision);
    if months {
        let day = DAY_MS * units;
        return pairwise::<T, IntervalYearMonthType, T>(swap, move |value, count| {
            add_months(value.div_euclid(day), i64::from(count) * sign) * day + value.rem_euclid(day)
        });
    }
    // A timestamp of seconds stays one of seconds.
    let step = if precision < 3 { 10i64.pow(u32::from(3 - precision)) } else { 1 };
    pairwise::<T, DurationMillisecondType, T>(swap, move |value, millis| {
        value.wrapping_add(millis.wrapping_mul(units * sign)) / step * step
    })
}

/// `a - b` of two dates or two times: the result's type says in which kind of interval.
fn difference(call: &CallSite) -> Compiled {
    let months = call.data_type.kind == TypeKind::IntervalYearMonth;
    let same = std::mem::discriminant(call.kind(0)) == std::mem::discriminant(call.kind(1));
    if !same || !call.data_type.kind.is_interval() {
        return Err(call.not_supported());
    }
    Ok(match (call.kind(0), call.kind(1)) {
        (TypeKind::Date, _) if months => pairwise::<Date32Type, Date32Type, IntervalYearMonthType>(false, |a, b| {
            months_between_days(i64::from(a), i64::from(b)) as i32
        }),
        (TypeKind::Date, _) => pairwise::<Date32Type, Date32Type, DurationMillisecondType>(false, |a, b| {
            (i64::from(a) - i64::from(b)) * DAY_MS
        }),
        (TypeKind::Time(_), _) if !months => {
            pairwise::<Time32MillisecondType, Time32MillisecondType, DurationMillisecondType>(false, |a, b| {
                i64::from(a) - i64::from(b)
            })
        }
        (TypeKind::Timestamp(p) | TypeKind::TimestampLtz(p), TypeKind::Timestamp(q) | TypeKind::TimestampLtz(q))
            if timestamp_unit(*p) == timestamp_unit(*q) =>
        {
            match timestamp_unit(*p) {
                TimeUnit::Millisecond => stamp_difference::<TimestampMillisecondType>(*p, months),
                TimeUnit::Microsecond => stamp_difference::<TimestampMicrosecondType>(*p, months),
                _ => stamp_difference::<TimestampNanosecondType>(*p, months),
            }
        }
        _ => return Err(call.not_supported()),
    })
}

fn stamp_difference<T>(precision: u8, months: bool) -> Box<dyn ScalarFunction>
where
    T: ArrowPrimitiveType<Native = i64>,
{
    let units = units_per_millisecond(precision);
    let millis = move |value: i64| value.div_euclid(units);
    if months {
        return pairwise::<T, T, IntervalYearMonthType>(false, move |a, b| months_between(millis(a), millis(b)) as i32);
    }
    pairwise::<T, T, DurationMillisecondType>(false, move |a, b| millis(a).wrapping_sub(millis(b)))
}
