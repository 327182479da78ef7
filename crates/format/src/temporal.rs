//! Dates, times and timestamps from text and back, in the forms of Flink's formats.

use flott_record::civil::{civil_from_days, days_from_civil, days_in_month, split_timestamp};
use flott_record::data_type::units_per_millisecond;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MILLI: i64 = 1_000_000;
const DAY_NANOS: i64 = 86_400 * NANOS_PER_SECOND;

/// How a timestamp is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampForm {
    /// `2024-01-31 12:34:56.789`
    Sql,
    /// `2024-01-31T12:34:56.789`
    Iso,
}

/// What happens to a day that the month doesn't have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overhang {
    /// It is refused.
    Refuse,
    /// 30 February is the last of February.
    Clip,
    /// 30 February is 1 or 2 March.
    Roll,
}

/// Reads text from left to right.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    /// Exactly `count` digits.
    #[inline]
    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.rest.get(..count)?;
        let mut value = 0;
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value = value * 10 + u32::from(digit);
        }
        self.rest = &self.rest[count..];
        Some(value)
    }

    /// One or two digits.
    fn one_or_two_digits(&mut self) -> Option<u32> {
        let two = self.rest.get(1).is_some_and(u8::is_ascii_digit);
        self.digits(if two { 2 } else { 1 })
    }

    #[inline]
    fn byte(&mut self, wanted: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        (*first == wanted).then(|| self.rest = rest)
    }

    /// `yyyy-MM-dd`; a year of more than four digits has a sign.
    fn date(&mut self, overhang: Overhang) -> Option<i64> {
        let signed = matches!(self.rest.first(), Some(b'+' | b'-'));
        let negative = self.rest.first() == Some(&b'-');
        if signed {
            self.rest = &self.rest[1..];
        }
        let length = if signed { self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count() } else { 4 };
        if !(4..=9).contains(&length) {
            return None;
        }
        let year = i64::from(self.digits(length)?);
        self.byte(b'-')?;
        let month = self.digits(2)?;
        self.byte(b'-')?;
        let day = self.digits(2)?;
        days(if negative { -year } else { year }, month, day, overhang)
    }

    /// `HH:mm:ss[.fraction]` in nanoseconds of the day; the seconds may be left out if `short` is given.
    fn time(&mut self, short: bool) -> Option<i64> {
        let hour = self.digits(2)?;
        self.byte(b':')?;
        let minute = self.digits(2)?;
        let mut nanos = i64::from(hour * 3_600 + minute * 60) * NANOS_PER_SECOND;
        let seconds = if short && self.rest.first() != Some(&b':') {
            0
        } else {
            self.byte(b':')?;
            let second = self.digits(2)?;
            if self.byte(b'.').is_some() {
                nanos += self.fraction()?;
            }
            second
        };
        nanos += i64::from(seconds) * NANOS_PER_SECOND;
        (hour < 24 && minute < 60 && seconds < 60).then_some(nanos)
    }

    /// Up to nine digits of a second's fraction, in nanoseconds.
    fn fraction(&mut self) -> Option<i64> {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count > 9 {
            return None;
        }
        let value = self.digits(count)?;
        Some(i64::from(value) * 10_i64.pow(9 - count as u32))
    }

    fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

fn days(year: i64, month: u32, day: u32, overhang: Overhang) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let last = days_in_month(year, month);
    match overhang {
        Overhang::Refuse if day > last => None,
        Overhang::Clip => Some(days_from_civil(year, month, day.min(last))),
        _ => Some(days_from_civil(year, month, day)),
    }
}

/// `java.sql.Date.valueOf`: `yyyy-[m]m-[d]d`; a day too many rolls into the next month.
pub fn parse_date_lenient(text: &[u8]) -> Option<i32> {
    let mut reader = Reader { rest: text };
    let year = reader.digits(4)?;
    reader.byte(b'-')?;
    let month = reader.one_or_two_digits()?;
    reader.byte(b'-')?;
    let day = reader.one_or_two_digits()?;
    reader.end()?;
    i32::try_from(days(i64::from(year), month, day, Overhang::Roll)?).ok()
}

/// `yyyy-MM-dd`.
pub fn parse_date(text: &[u8]) -> Option<i32> {
    let mut reader = Reader { rest: text };
    let days = reader.date(Overhang::Refuse)?;
    reader.end()?;
    i32::try_from(days).ok()
}

/// `HH:mm:ss[.fraction]`, or without seconds if `short`; milliseconds of the day, cut to `precision` digits.
pub fn parse_time(text: &[u8], precision: u8, short: bool) -> Option<i32> {
    let mut reader = Reader { rest: text };
    let nanos = reader.time(short)?;
    reader.end()?;
    let unit = 10_i64.pow(9 - u32::from(precision.min(3)));
    i32::try_from(nanos / unit * unit / NANOS_PER_MILLI).ok()
}

/// A timestamp in the unit in which its precision is stored; `zulu`: it ends with `Z`.
pub fn parse_timestamp(text: &[u8], precision: u8, form: TimestampForm, zulu: bool) -> Option<i64> {
    let mut reader = Reader { rest: text };
    // The resolvers of the two forms differ in Java, for timestamps without a zone.
    let overhang = if form == TimestampForm::Iso && !zulu { Overhang::Refuse } else { Overhang::Clip };
    let days = reader.date(overhang)?;
    let (separator, short) = match form {
        TimestampForm::Sql => (b' ', false),
        TimestampForm::Iso => (b'T', !zulu),
    };
    reader.byte(separator)?;
    let nanos = reader.time(short)?;
    if zulu {
        reader.byte(b'Z')?;
    }
    reader.end()?;
    let units_per_day = units_per_millisecond(precision) * (DAY_NANOS / NANOS_PER_MILLI);
    let nanos_per_unit = NANOS_PER_MILLI / units_per_millisecond(precision);
    days.checked_mul(units_per_day)?.checked_add(nanos / nanos_per_unit)
}

fn push_two(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
}

/// Appends `yyyy-MM-dd`.
pub fn write_date(out: &mut Vec<u8>, days: i64) {
    let (year, month, day) = civil_from_days(days);
    if (0..10_000).contains(&year) {
        push_two(out, year / 100);
        push_two(out, year % 100);
    } else {
        out.extend_from_slice(format!("{year:+05}").as_bytes());
    }
    out.push(b'-');
    push_two(out, i64::from(month));
    out.push(b'-');
    push_two(out, i64::from(day));
}

/// Appends `HH:mm:ss` and as many digits of the fraction as it has.
pub fn write_time(out: &mut Vec<u8>, millis_of_day: i64, nanos_of_milli: i64) {
    let seconds = millis_of_day / 1_000;
    push_two(out, seconds / 3_600);
    out.push(b':');
    push_two(out, seconds / 60 % 60);
    out.push(b':');
    push_two(out, seconds % 60);
    let mut nanos = millis_of_day % 1_000 * NANOS_PER_MILLI + nanos_of_milli;
    if nanos == 0 {
        return;
    }
    out.push(b'.');
    let mut unit = NANOS_PER_SECOND / 10;
    while nanos > 0 {
        out.push(b'0' + (nanos / unit) as u8);
        nanos %= unit;
        unit /= 10;
    }
}

/// Appends a timestamp that is stored in the unit of its precision; `zulu`: with a `Z` at its end.
pub fn write_timestamp(out: &mut Vec<u8>, value: i64, precision: u8, form: TimestampForm, zulu: bool) {
    let (days, millis, nanos) = split_timestamp(value, precision);
    write_date(out, days);
    out.push(if form == TimestampForm::Sql { b' ' } else { b'T' });
    write_time(out, millis, nanos);
    if zulu {
        out.push(b'Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_java_reads_them() {
        assert_eq!(parse_date_lenient(b"2024-1-2"), Some(19_724));
        assert_eq!(parse_date_lenient(b"2024-02-30"), parse_date(b"2024-03-01"));
        assert_eq!(parse_date(b"2024-02-30"), None);
        assert_eq!(parse_date(b"+12024-02-03").map(i64::from), Some(days_from_civil(12_024, 2, 3)));
        for text in ["", "2024-01", "20240102", " 2024-01-02", "2024-13-01", "2024-00-01", "2024-01-32", "12345-01-01"]
        {
            assert_eq!(parse_date_lenient(text.as_bytes()), None, "{text}");
            assert_eq!(parse_date(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn times_are_cut_to_their_precision() {
        assert_eq!(parse_time(b"10:11:12.5", 3, false), Some(36_672_500));
        assert_eq!(parse_time(b"10:11:12.5", 0, false), Some(36_672_000));
        assert_eq!(parse_time(b"10:11", 0, true), Some(36_660_000));
        for text in ["10:11", "24:00:00", "10:11:12Z", "1:11:12", ""] {
            assert_eq!(parse_time(text.as_bytes(), 3, false), None, "{text}");
        }
    }

    #[test]
    fn timestamps_have_one_form_at_a_time() {
        let sql = |text: &str, precision| parse_timestamp(text.as_bytes(), precision, TimestampForm::Sql, false);
        assert_eq!(sql("1970-01-01 00:00:01.1234567", 3), Some(1_123));
        assert_eq!(sql("1970-01-01 00:00:01.1234567", 6), Some(1_123_456));
        assert_eq!(sql("1970-01-01 00:00:01.", 9), Some(1_000_000_000));
        assert_eq!(sql("2024-02-30 00:00:00", 3), sql("2024-02-29 00:00:00", 3));
        assert_eq!(sql("1969-12-31 23:59:59.999", 3), Some(-1));
        for text in ["2024-01-02T03:04:05", "2024-01-02 03:04", "2024-01-02", "2024-01-02 03:04:05Z"] {
            assert_eq!(sql(text, 3), None, "{text}");
        }
        assert_eq!(sql("9999-01-01 00:00:00", 9), None, "nanoseconds reach to the year 2262 only");
        assert_eq!(parse_timestamp(b"1970-01-01T00:01", 3, TimestampForm::Iso, false), Some(60_000));
        assert_eq!(parse_timestamp(b"1970-01-01 00:00:01Z", 3, TimestampForm::Sql, true), Some(1_000));
        assert_eq!(parse_timestamp(b"1970-01-01 00:00:01", 3, TimestampForm::Sql, true), None);
    }

    #[test]
    fn what_is_written_has_no_trailing_zeros() {
        let text = |value, precision, form, zulu| {
            let mut out = Vec::new();
            write_timestamp(&mut out, value, precision, form, zulu);
            String::from_utf8(out).expect("ASCII")
        };
        assert_eq!(text(1_100, 3, TimestampForm::Sql, false), "1970-01-01 00:00:01.1");
        assert_eq!(text(-1, 9, TimestampForm::Iso, true), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(text(0, 3, TimestampForm::Iso, false), "1970-01-01T00:00:00");
    }
}
