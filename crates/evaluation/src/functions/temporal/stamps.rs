//! Dates, times and timestamps of any precision, read from and written to columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Int64Type, Time32MillisecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_schema::TimeUnit;
use flott_record::TypeKind;
use flott_record::civil::DAY_MS;
use flott_record::data_type::{timestamp_unit, units_per_millisecond};

use crate::evaluator::EvaluationError;
use crate::functions::constants::{Column, build_numbers};

/// An argument that is a date, a time or a timestamp, as milliseconds since the epoch (a time: of the day).
#[derive(Clone, Copy)]
pub(super) struct Stamps<'a> {
    values: Values<'a>,
    step: usize,
    units_per_ms: i64,
}

#[derive(Clone, Copy)]
enum Values<'a> {
    Days(&'a [i32]),
    Millis(&'a [i32]),
    Units(&'a [i64]),
}

impl<'a> Stamps<'a> {
    /// The argument of a kind; `None` if that is no date, time or timestamp.
    pub(super) fn of(array: &'a ArrayRef, kind: &TypeKind) -> Option<Self> {
        let (values, units_per_ms) = match kind {
            TypeKind::Date => (Values::Days(array.as_primitive_opt::<Date32Type>()?.values()), 1),
            TypeKind::Time(_) => (Values::Millis(array.as_primitive_opt::<Time32MillisecondType>()?.values()), 1),
            TypeKind::Timestamp(precision) | TypeKind::TimestampLtz(precision) => {
                let units: &[i64] = match timestamp_unit(*precision) {
                    TimeUnit::Millisecond => array.as_primitive_opt::<TimestampMillisecondType>()?.values(),
                    TimeUnit::Microsecond => array.as_primitive_opt::<TimestampMicrosecondType>()?.values(),
                    _ => array.as_primitive_opt::<TimestampNanosecondType>()?.values(),
                };
                (Values::Units(units), units_per_millisecond(*precision))
            }
            _ => return None,
        };
        Some(Stamps { values, step: usize::from(array.len() != 1), units_per_ms })
    }

    /// Milliseconds, rounded down.
    pub(super) fn millis(&self, row: usize) -> i64 {
        let row = row * self.step;
        match self.values {
            Values::Days(days) => i64::from(days[row]) * DAY_MS,
            Values::Millis(millis) => i64::from(millis[row]),
            Values::Units(units) if self.units_per_ms == 1 => units[row],
            Values::Units(units) => units[row].div_euclid(self.units_per_ms),
        }
    }

    /// Nanoseconds beyond the milliseconds.
    pub(super) fn nanos_of_milli(&self, row: usize) -> i64 {
        match self.values {
            Values::Units(units) if self.units_per_ms > 1 => {
                units[row * self.step].rem_euclid(self.units_per_ms) * (1_000_000 / self.units_per_ms)
            }
            _ => 0,
        }
    }
}

/// A column of timestamps of a precision; `compute` gives milliseconds and the nanoseconds beyond them.
pub(super) fn build_timestamps(
    arguments: &[ArrayRef],
    rows: usize,
    precision: u8,
    mut compute: impl FnMut(usize) -> Result<Option<(i64, i64)>, EvaluationError>,
) -> Column {
    let units_per_ms = units_per_millisecond(precision);
    let nanos_per_unit = 1_000_000 / units_per_ms;
    let units = build_numbers::<Int64Type>(arguments, rows, |row| {
        let value = compute(row)?;
        Ok(value.and_then(|(millis, nanos)| millis.checked_mul(units_per_ms)?.checked_add(nanos / nanos_per_unit)))
    })?;
    let (_, values, nulls) = units.as_primitive::<Int64Type>().clone().into_parts();
    Ok(match timestamp_unit(precision) {
        TimeUnit::Millisecond => Arc::new(PrimitiveArray::<TimestampMillisecondType>::new(values, nulls)),
        TimeUnit::Microsecond => Arc::new(PrimitiveArray::<TimestampMicrosecondType>::new(values, nulls)),
        _ => Arc::new(PrimitiveArray::<TimestampNanosecondType>::new(values, nulls)),
    })
}

/// A column of a date, time or timestamp kind from milliseconds (and nanoseconds beyond them).
pub(super) fn build_stamps(
    kind: &TypeKind,
    arguments: &[ArrayRef],
    rows: usize,
    mut compute: impl FnMut(usize) -> Result<Option<(i64, i64)>, EvaluationError>,
) -> Column {
    match kind {
        TypeKind::Timestamp(precision) | TypeKind::TimestampLtz(precision) => {
            build_timestamps(arguments, rows, *precision, compute)
        }
        TypeKind::Time(_) => build_numbers::<Time32MillisecondType>(arguments, rows, |row| {
            Ok(compute(row)?.map(|(millis, _)| millis as i32))
        }),
        _ => build_numbers::<Date32Type>(arguments, rows, |row| {
            Ok(compute(row)?.map(|(millis, _)| millis.div_euclid(DAY_MS) as i32))
        }),
    }
}
