//! `EXTRACT` and the functions `YEAR`, `MONTH` … that are written for it.

use arrow_array::ArrayRef;
use arrow_array::types::{DurationMillisecondType, Int64Type, IntervalYearMonthType};
use flott_record::TypeKind;
use flott_record::civil::{DAY_MS, civil_from_days};

use super::calendar::{day_of_year, iso_weekday, iso_year_and_week, weekday};
use super::session_zone;
use super::stamps::Stamps;
use super::unit::Unit;
use crate::evaluator::CompileError;
use crate::functions::constants::{Column, Numbers, build_numbers, infallible};
use crate::functions::mapping::failed;
use crate::functions::{CallSite, Frame, ScalarFunction};
use crate::zone::Zone;

const FUNCTIONS: [&str; 10] =
    ["YEAR", "QUARTER", "MONTH", "WEEK", "DAYOFYEAR", "DAYOFMONTH", "DAYOFWEEK", "HOUR", "MINUTE", "SECOND"];

pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    let (unit, value) = match call.name.as_str() {
        "EXTRACT" => (Unit::of_argument(call, 0), 1),
        name if FUNCTIONS.contains(&name) => (Unit::parse(name).ok_or_else(|| call.not_supported()), 0),
        _ => return None,
    };
    Some(unit.and_then(|unit| of_unit(call, unit, value)))
}

fn of_unit(call: &CallSite, unit: Unit, value: usize) -> Result<Box<dyn ScalarFunction>, CompileError> {
    let kind = call.kind(value).clone();
    let zone = match kind {
        TypeKind::TimestampLtz(_) => Some(session_zone(call)?),
        TypeKind::IntervalYearMonth => {
            return Ok(infallible(move |arguments, frame| {
                let months = Numbers::<IntervalYearMonthType>::of(&arguments[value]);
                build_numbers::<Int64Type>(&arguments[value..=value], frame.rows, |row| {
                    Ok(Some(of_months(i64::from(months.at(row)), unit)))
                })
            }));
        }
        TypeKind::IntervalDayTime => {
            return Ok(infallible(move |arguments, frame| {
                let millis = Numbers::<DurationMillisecondType>::of(&arguments[value]);
                build_numbers::<Int64Type>(&arguments[value..=value], frame.rows, |row| {
                    Ok(Some(of_duration(millis.at(row), unit)))
                })
            }));
        }
        TypeKind::Date | TypeKind::Time(_) | TypeKind::Timestamp(_) => None,
        _ => return Err(call.not_supported()),
    };
    Ok(infallible(move |arguments, frame| of_stamps(&arguments[value..=value], frame, &kind, unit, zone.as_ref())))
}

fn of_stamps(arguments: &[ArrayRef], frame: &Frame, kind: &TypeKind, unit: Unit, zone: Option<&Zone>) -> Column {
    let Some(stamps) = Stamps::of(&arguments[0], kind) else {
        return Err(failed(0, format!("EXTRACT of {kind}")));
    };
    let (mut last_days, mut last_part) = (i64::MIN, 0);
    build_numbers::<Int64Type>(arguments, frame.rows, |row| {
        let millis = stamps.millis(row);
        let local = zone.map_or(millis, |zone| zone.to_local_ms(millis));
        if let Some(part) = of_time(local, || stamps.nanos_of_milli(row), millis, unit) {
            return Ok(Some(part));
        }
        // Neighbouring rows mostly lie on one day.
        let days = local.div_euclid(DAY_MS);
        if days != last_days {
            (last_days, last_part) = (days, of_date(days, unit));
        }
        Ok(Some(last_part))
    })
}

/// Parts finer than a day, and seconds since the epoch; `None` for coarser ones.
fn of_time(local_ms: i64, nanos_of_milli: impl Fn() -> i64, instant_ms: i64, unit: Unit) -> Option<i64> {
    Some(match unit {
        Unit::Hour => local_ms % DAY_MS / 3_600_000,
        Unit::Minute => local_ms % 3_600_000 / 60_000,
        Unit::Second => local_ms % 60_000 / 1_000,
        Unit::Millisecond => local_ms % 1_000,
        Unit::Microsecond => local_ms % 1_000 * 1_000 + nanos_of_milli() / 1_000,
        Unit::Nanosecond => local_ms % 1_000 * 1_000_000 + nanos_of_milli(),
        Unit::Epoch => instant_ms / 1_000,
        _ => return None,
    })
}

fn of_date(days: i64, unit: Unit) -> i64 {
    let (year, month, day) = civil_from_days(days);
    match unit {
        Unit::Millennium => part_of_year(year, 1_000),
        Unit::Century => part_of_year(year, 100),
        Unit::Decade => year.div_euclid(10),
        Unit::Year => year,
        Unit::IsoYear => iso_year_and_week(days).0,
        Unit::Quarter => (i64::from(month) + 2) / 3,
        Unit::Month => i64::from(month),
        Unit::Week => iso_year_and_week(days).1,
        Unit::DayOfYear => day_of_year(days),
        Unit::DayOfWeek => weekday(days) + 1,
        Unit::IsoDayOfWeek => iso_weekday(days),
        _ => i64::from(day),
    }
}

/// Centuries and millennia end with the year that is their multiple: 2000 is of the 20th century.
fn part_of_year(year: i64, years: i64) -> i64 {
    if year > 0 { (year + years - 1) / years } else { -((years - 1 - year) / years) }
}

fn of_months(months: i64, unit: Unit) -> i64 {
    match unit {
        Unit::Year => months / 12,
        Unit::Quarter => months % 12 / 3 + 1,
        _ => months % 12,
    }
}

fn of_duration(millis: i64, unit: Unit) -> i64 {
    match unit {
        Unit::Day => millis / DAY_MS,
        other => of_time(millis, || 0, millis, other).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use flott_record::civil::days_from_civil;

    use super::*;

    #[test]
    fn parts_of_dates_are_those_of_flink() {
        let day = days_from_civil(1996, 11, 10);
        let cases = [
            (Unit::Century, 20),
            (Unit::Decade, 199),
            (Unit::Week, 45),
            (Unit::DayOfYear, 315),
            (Unit::DayOfWeek, 1),
            (Unit::IsoDayOfWeek, 7),
            (Unit::Quarter, 4),
            (Unit::Millennium, 2),
        ];
        for (unit, part) in cases {
            assert_eq!(of_date(day, unit), part, "{unit:?}");
        }
        assert_eq!(of_date(days_from_civil(2000, 1, 1), Unit::Millennium), 2);
    }

    #[test]
    fn times_before_the_epoch_are_cut_towards_zero() {
        assert_eq!(of_time(-500, || 0, -500, Unit::Hour), Some(0));
        assert_eq!(of_time(-500, || 0, -500, Unit::Epoch), Some(0));
        assert_eq!(of_time(44_333, || 123, 0, Unit::Nanosecond), Some(333_000_123));
    }

    #[test]
    fn intervals_have_parts() {
        assert_eq!((of_months(-25, Unit::Year), of_months(-25, Unit::Month)), (-2, -1));
        assert_eq!(of_months(25, Unit::Quarter), 1);
        assert_eq!(of_duration(-93_784_000, Unit::Hour), -2);
    }
}
