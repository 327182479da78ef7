//! `FLOOR(value TO unit)` and `CEIL(value TO unit)`.

use flott_record::TypeKind;
use flott_record::civil::{DAY_MS, civil_from_days, days_from_civil};

use super::calendar::weekday;
use super::session_zone;
use super::stamps::{Stamps, build_stamps};
use super::unit::Unit;
use crate::evaluator::CompileError;
use crate::functions::constants::scalars;
use crate::functions::mapping::failed;
use crate::functions::{CallSite, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    let floor = match call.name.as_str() {
        "FLOOR" => true,
        "CEIL" => false,
        _ => return None,
    };
    // With one argument it is a function of numbers.
    (call.len() == 2).then(|| compile_rounding(call, floor))
}

fn compile_rounding(call: &CallSite, floor: bool) -> Result<Box<dyn ScalarFunction>, CompileError> {
    let unit = Unit::of_argument(call, 1)?;
    let kind = call.kind(0).clone();
    let zone = match kind {
        TypeKind::TimestampLtz(_) => Some(session_zone(call)?),
        TypeKind::Date | TypeKind::Time(_) | TypeKind::Timestamp(_) => None,
        _ => return Err(call.not_supported()),
    };
    if unit.millis().is_none() && unit.months().is_none() {
        return Err(call.not_supported());
    }
    Ok(scalars(move |arguments, frame| {
        let arguments = &arguments[..1];
        let Some(stamps) = Stamps::of(&arguments[0], &kind) else { return Err(failed(0, format!("FLOOR of {kind}"))) };
        build_stamps(&kind, arguments, frame.rows, |row| {
            let millis = stamps.millis(row);
            let rounded = match &kind {
                TypeKind::Date => round_date(millis.div_euclid(DAY_MS), unit, floor) * DAY_MS,
                TypeKind::Time(_) => {
                    let rounded = round_time(millis, unit, floor);
                    if rounded >= DAY_MS {
                        return Err(failed(row, "Hour out of range: [24]"));
                    }
                    rounded
                }
                _ => {
                    let offset = zone.as_ref().map_or(0, |zone| zone.to_local_ms(millis) - millis);
                    let up = unit == Unit::Millisecond && !floor && stamps.nanos_of_milli(row) > 0;
                    round_timestamp(millis + offset, unit, floor) - offset + i64::from(up)
                }
            };
            Ok(Some((rounded, 0)))
        })
    }))
}

/// Times of day and parts of a day.
fn round_time(millis: i64, unit: Unit, floor: bool) -> i64 {
    let length = unit.millis().unwrap_or(DAY_MS);
    let down = millis.div_euclid(length) * length;
    if floor || down == millis { down } else { down + length }
}

fn round_timestamp(millis: i64, unit: Unit, floor: bool) -> i64 {
    match unit {
        Unit::Day | Unit::Hour | Unit::Minute | Unit::Second | Unit::Millisecond => round_time(millis, unit, floor),
        // Weeks and longer units look at the date alone: the first day's afternoon rounds up to its own start.
        _ => round_date(millis.div_euclid(DAY_MS), unit, floor) * DAY_MS,
    }
}

/// A day rounded. Decades, centuries and millennia always round up to the next one, days to the next day, as in Flink.
fn round_date(days: i64, unit: Unit, floor: bool) -> i64 {
    let (year, month, day) = civil_from_days(days);
    let up = |step: i64| if floor { 0 } else { step };
    let first_day_of = |year: i64| days_from_civil(year, 1, 1);
    match unit {
        Unit::Millennium => first_day_of((year + 999).div_euclid(1_000) * 1_000 - 999 + up(1_000)),
        Unit::Century => first_day_of((year + 99).div_euclid(100) * 100 - 99 + up(100)),
        Unit::Decade => first_day_of(year.div_euclid(10) * 10 + up(10)),
        Unit::Year => first_day_of(year + up(i64::from(month > 1 || day > 1))),
        Unit::Quarter => {
            let quarter = i64::from(month - 1) / 3 + up(i64::from((month - 1) % 3 > 0 || day > 1));
            days_from_civil(year + quarter / 4, (quarter % 4 * 3 + 1) as u32, 1)
        }
        Unit::Month => {
            let month = i64::from(month - 1) + up(i64::from(day > 1));
            days_from_civil(year + month / 12, (month % 12 + 1) as u32, 1)
        }
        Unit::Week => {
            let since_sunday = weekday(days);
            days - since_sunday + if since_sunday > 0 { up(7) } else { 0 }
        }
        Unit::Day => days + up(1),
        _ => days,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_as_in_flink() {
        let day = days_from_civil;
        let cases = [
            (day(2021, 3, 1), Unit::Week, true, day(2021, 2, 28)),
            (day(2021, 2, 27), Unit::Day, false, day(2021, 2, 28)),
            (day(2021, 2, 27), Unit::Week, false, day(2021, 2, 28)),
            (day(2021, 3, 1), Unit::Week, false, day(2021, 3, 7)),
            (day(2020, 1, 1), Unit::Decade, false, day(2030, 1, 1)),
            (day(2018, 3, 27), Unit::Century, false, day(2101, 1, 1)),
            (day(1999, 1, 1), Unit::Millennium, false, day(2001, 1, 1)),
            (day(2000, 12, 31), Unit::Century, true, day(1901, 1, 1)),
            (day(2018, 12, 2), Unit::Month, false, day(2019, 1, 1)),
            (day(1990, 10, 14), Unit::Quarter, false, day(1991, 1, 1)),
            (day(2018, 5, 2), Unit::Quarter, true, day(2018, 4, 1)),
            (day(2020, 1, 1), Unit::Hour, false, day(2020, 1, 1)),
        ];
        for (days, unit, floor, rounded) in cases {
            assert_eq!(round_date(days, unit, floor), rounded, "{days} {unit:?} {floor}");
        }
    }

    #[test]
    fn timestamps_before_the_epoch_round_down() {
        assert_eq!(round_timestamp(-500, Unit::Second, true), -1_000);
        assert_eq!(round_timestamp(-500, Unit::Hour, true), -3_600_000);
        assert_eq!(round_timestamp(-500, Unit::Second, false), 0);
        // 2018-03-01 21:00:01 is on the first day of its month.
        let first = days_from_civil(2018, 3, 1) * DAY_MS;
        assert_eq!(round_timestamp(first + 75_601_000, Unit::Month, false), first);
    }
}
