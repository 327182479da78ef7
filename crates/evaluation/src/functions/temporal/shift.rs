//! `TIMESTAMPADD` and `TIMESTAMPDIFF`.

use arrow_array::ArrayRef;
use arrow_array::types::{Int32Type, Int64Type};
use flott_record::TypeKind;
use flott_record::civil::DAY_MS;

use super::stamps::{Stamps, build_stamps};
use super::unit::Unit;
use crate::calendar::{add_months, months_between};
use crate::evaluator::CompileError;
use crate::functions::constants::{Column, Numbers, build_numbers, scalars};
use crate::functions::mapping::failed;
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    match call.name.as_str() {
        "TIMESTAMPADD" => Some(compile_add(call)),
        "TIMESTAMPDIFF" => Some(compile_difference(call)),
        _ => None,
    }
}

fn compile_add(call: &CallSite) -> Result<Box<dyn ScalarFunction>, CompileError> {
    let unit = Unit::of_argument(call, 0)?;
    if unit.millis().is_none() && unit.months().is_none() {
        return Err(call.not_supported());
    }
    let (from, to) = (call.kind(2).clone(), call.data_type.kind.clone());
    Ok(scalars(move |arguments, frame| {
        let count = Numbers::<Int64Type>::of(&arguments[1]);
        let Some(stamps) = Stamps::of(&arguments[2], &from) else {
            return Err(failed(0, format!("TIMESTAMPADD of {from}")));
        };
        let is_time = matches!(to, TypeKind::Time(_));
        build_stamps(&to, &arguments[1..], frame.rows, |row| {
            let shifted = shift(stamps.millis(row), count.at(row), unit, is_time);
            let shifted = shifted.ok_or_else(|| failed(row, "TIMESTAMPADD: the result is out of range"))?;
            Ok(Some((shifted, stamps.nanos_of_milli(row))))
        })
    }))
}

/// A time of day turns round at midnight, and has no months.
fn shift(millis: i64, count: i64, unit: Unit, is_time: bool) -> Option<i64> {
    if let Some(length) = unit.millis() {
        let shifted = millis.checked_add(count.checked_mul(length)?)?;
        return Some(if is_time { shifted.rem_euclid(DAY_MS) } else { shifted });
    }
    if is_time {
        return Some(millis);
    }
    let months = count.checked_mul(unit.months()?)?;
    // A hundred thousand years are beyond all timestamps.
    if months.abs() > 1_200_000 {
        return None;
    }
    Some(add_months(millis.div_euclid(DAY_MS), months) * DAY_MS + millis.rem_euclid(DAY_MS))
}

fn compile_difference(call: &CallSite) -> Result<Box<dyn ScalarFunction>, CompileError> {
    let unit = Unit::of_argument(call, 0)?;
    let sub_millis = matches!(unit, Unit::Microsecond | Unit::Nanosecond);
    if unit.millis().is_none() && unit.months().is_none() && !sub_millis {
        return Err(call.not_supported());
    }
    let (from, to) = (call.kind(1).clone(), call.kind(2).clone());
    Ok(scalars(move |arguments, frame| difference(&arguments[1..], frame, unit, (&from, &to))))
}

fn difference(arguments: &[ArrayRef], frame: &Frame, unit: Unit, (from, to): (&TypeKind, &TypeKind)) -> Column {
    let (Some(earlier), Some(later)) = (Stamps::of(&arguments[0], from), Stamps::of(&arguments[1], to)) else {
        return Err(failed(0, format!("TIMESTAMPDIFF of {from} and {to}")));
    };
    if unit == Unit::Nanosecond {
        return build_numbers::<Int64Type>(arguments, frame.rows, |row| {
            Ok(Some(units_between(later.millis(row), earlier.millis(row), unit)))
        });
    }
    build_numbers::<Int32Type>(arguments, frame.rows, |row| {
        let (earlier, later) = (earlier.millis(row), later.millis(row));
        Ok(Some(units_between(later, earlier, unit) as i32))
    })
}

/// Whole units between two times, cut towards zero.
fn units_between(later: i64, earlier: i64, unit: Unit) -> i64 {
    match (unit, unit.millis()) {
        (_, Some(length)) => (later - earlier) / length,
        (Unit::Microsecond, _) => (later - earlier).wrapping_mul(1_000),
        (Unit::Nanosecond, _) => (later - earlier).wrapping_mul(1_000_000),
        // Flink divides the months of decades as those of years.
        (Unit::Decade, _) => months_between(later, earlier) / 12,
        _ => months_between(later, earlier) / unit.months().unwrap_or(1),
    }
}

#[cfg(test)]
mod tests {
    use flott_record::civil::days_from_civil;

    use super::*;

    fn at(year: i64, month: u32, day: u32, hour: i64) -> i64 {
        days_from_civil(year, month, day) * DAY_MS + hour * 3_600_000
    }

    #[test]
    fn differences_are_those_of_flink() {
        assert_eq!(units_between(at(2024, 1, 1, 12), at(2024, 1, 2, 0), Unit::Day), 0);
        assert_eq!(units_between(at(2024, 2, 29, 11), at(2024, 3, 30, 10), Unit::Month), -1);
        assert_eq!(units_between(at(2024, 2, 29, 11), at(2024, 1, 31, 12), Unit::Month), 0);
        assert_eq!(units_between(at(2016, 8, 1, 0), at(2019, 9, 1, 0), Unit::Month), -37);
        assert_eq!(units_between(at(2018, 5, 19, 0), at(2016, 6, 15, 11), Unit::Quarter), 7);
        assert_eq!(units_between(at(2025, 1, 1, 0), at(2000, 1, 1, 0), Unit::Decade), 25);
    }

    #[test]
    fn shifts_are_those_of_flink() {
        assert_eq!(shift(at(2017, 11, 29, 22), -1000, Unit::Month, false), Some(at(1934, 7, 29, 22)));
        assert_eq!(shift(86_399_000, 1, Unit::Second, true), Some(0));
        assert_eq!(shift(86_399_000, 6, Unit::Month, true), Some(86_399_000));
    }
}
