//! Dates and times of day as text and back, by the proleptic Gregorian calendar.
//!
//! The day arithmetic is Howard Hinnant's `days_from_civil` (<https://howardhinnant.github.io/date_algorithms.html>).
//! Forms: ISO with `T` and without trailing zeros as Java's `LocalDateTime.toString` has it, or SQL's with a blank.

use std::fmt::Write;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// Year, month (1-12) and day (1-31) of a day counted from 1970-01-01.
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_shifted + 2) / 5 + 1) as u32;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days from 1970-01-01 to a date, which need not exist (30 February is 1 or 2 March).
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_shifted = i64::from(if month > 2 { month - 3 } else { month + 9 });
    let day_of_year = (153 * month_shifted + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Whether a year has a 29 February.
pub fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a month (1-12).
pub fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Two digits of a number from 0 to 99; formatting machinery would cost more than the digits.
fn push_two(out: &mut String, number: i64) {
    for digit in [number / 10 % 10, number % 10] {
        out.push(char::from(b'0' + digit as u8));
    }
}

/// `2024-01-31`
pub fn write_date(out: &mut String, days: i64) {
    let (year, month, day) = civil_from_days(days);
    if (0..10_000).contains(&year) {
        push_two(out, year / 100);
        push_two(out, year % 100);
    } else {
        // Writing to a String cannot fail.
        let _infallible = write!(out, "{year:04}");
    }
    out.push('-');
    push_two(out, i64::from(month));
    out.push('-');
    push_two(out, i64::from(day));
}

/// `12:34` or `12:34:56` or `12:34:56.120`: the shortest that says all, fractions in groups of three, as Java does.
pub fn write_time_iso(out: &mut String, millis_of_day: i64, nanos_of_milli: i64) {
    let (hour, minute) = (millis_of_day / 3_600_000, millis_of_day / 60_000 % 60);
    let second = millis_of_day / 1_000 % 60;
    let nanos = millis_of_day % 1_000 * 1_000_000 + nanos_of_milli;
    let _infallible = write!(out, "{hour:02}:{minute:02}");
    if second == 0 && nanos == 0 {
        return;
    }
    let _infallible = write!(out, ":{second:02}");
    let _infallible = match nanos {
        0 => Ok(()),
        _ if nanos % 1_000_000 == 0 => write!(out, ".{:03}", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => write!(out, ".{:06}", nanos / 1_000),
        _ => write!(out, ".{nanos:09}"),
    };
}

/// `12:34:56` with exactly `precision` (0-9) digits of the second's fraction.
pub fn write_time_sql(out: &mut String, millis_of_day: i64, nanos_of_milli: i64, precision: u8) {
    let (hour, minute) = (millis_of_day / 3_600_000, millis_of_day / 60_000 % 60);
    let second = millis_of_day / 1_000 % 60;
    push_two(out, hour);
    out.push(':');
    push_two(out, minute);
    out.push(':');
    push_two(out, second);
    if precision > 0 {
        let nanos = millis_of_day % 1_000 * 1_000_000 + nanos_of_milli;
        out.push('.');
        let mut unit = 100_000_000;
        for _ in 0..precision.min(9) {
            out.push(char::from(b'0' + (nanos / unit % 10) as u8));
            unit /= 10;
        }
    }
}

/// Splits a timestamp stored in the unit of its precision into days, milliseconds of the day and nanoseconds of the
/// millisecond.
pub fn split_timestamp(value: i64, precision: u8) -> (i64, i64, i64) {
    let units = crate::data_type::units_per_millisecond(precision);
    let millis = value.div_euclid(units);
    let nanos = value.rem_euclid(units) * (1_000_000 / units);
    (millis.div_euclid(DAY_MS), millis.rem_euclid(DAY_MS), nanos)
}

/// `2024-01-31T12:34:56.789`, Java's `LocalDateTime.toString`.
pub fn write_timestamp_iso(out: &mut String, value: i64, precision: u8) {
    let (days, millis, nanos) = split_timestamp(value, precision);
    write_date(out, days);
    out.push('T');
    write_time_iso(out, millis, nanos);
}

/// `2024-01-31 12:34:56.789` with exactly `precision` digits of the fraction, as `CAST(ts AS STRING)` gives it.
pub fn write_timestamp_sql(out: &mut String, value: i64, precision: u8) {
    let (days, millis, nanos) = split_timestamp(value, precision);
    write_date(out, days);
    out.push(' ');
    write_time_sql(out, millis, nanos, precision);
}

/// `+1-02`: years and months of an interval in months.
pub fn write_interval_months(out: &mut String, months: i32) {
    let sign = if months < 0 { '-' } else { '+' };
    let months = months.unsigned_abs();
    let _infallible = write!(out, "{sign}{}-{:02}", months / 12, months % 12);
}

/// `+1 02:03:04.500`: days and time of an interval in milliseconds.
pub fn write_interval_millis(out: &mut String, millis: i64) {
    let sign = if millis < 0 { '-' } else { '+' };
    let millis = millis.unsigned_abs() as i64;
    let _infallible = write!(out, "{sign}{} ", millis / DAY_MS);
    write_time_sql(out, millis % DAY_MS, 0, 3);
}

/// `P14M`, Java's `Period.toString` of an interval in months.
pub fn write_period_iso(out: &mut String, months: i32) {
    let _infallible = if months == 0 { out.write_str("P0D") } else { write!(out, "P{months}M") };
}

/// `PT25H1M30.5S`, Java's `Duration.toString` of an interval in milliseconds; each part has the sign.
pub fn write_duration_iso(out: &mut String, millis: i64) {
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let (seconds, fraction) = (millis / 1_000 % 60, (millis % 1_000).abs());
    out.push_str("PT");
    if hours != 0 {
        let _infallible = write!(out, "{hours}H");
    }
    if minutes != 0 {
        let _infallible = write!(out, "{minutes}M");
    }
    if seconds == 0 && fraction == 0 && (hours != 0 || minutes != 0) {
        return;
    }
    let sign = if millis < 0 && seconds == 0 && fraction != 0 { "-" } else { "" };
    let _infallible = write!(out, "{sign}{seconds}");
    if fraction != 0 {
        let digits = format!("{fraction:03}");
        let _infallible = write!(out, ".{}", digits.trim_end_matches('0'));
    }
    out.push('S');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        for days in (-1_000_000..1_000_000).step_by(997) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
        assert_eq!(civil_from_days(0), (1970, 1, 1));
    }

    #[test]
    fn iso_form_is_the_shortest_of_java() {
        let text = |value, precision| {
            let mut out = String::new();
            write_timestamp_iso(&mut out, value, precision);
            out
        };
        assert_eq!(text(1_704_067_200_000, 3), "2024-01-01T00:00");
        assert_eq!(text(1_704_067_210_500, 3), "2024-01-01T00:00:10.500");
        assert_eq!(text(-1, 6), "1969-12-31T23:59:59.999999");
    }

    #[test]
    fn durations_are_those_of_java() {
        let text = |millis| {
            let mut out = String::new();
            write_duration_iso(&mut out, millis);
            out
        };
        assert_eq!(text(90_000), "PT1M30S");
        assert_eq!(text(0), "PT0S");
        assert_eq!(text(-86_400_000), "PT-24H");
        assert_eq!(text(2_865_906_700), "PT796H5M6.7S");
        assert_eq!(text(-7), "PT-0.007S");
    }
}
