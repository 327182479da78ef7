//! Writing dates and times by a pattern.

use flott_record::civil::{DAY_MS, civil_from_days};

use super::calendar::{day_of_year, iso_weekday, us_week_of_month, us_year_and_week, weekday};
use super::pattern::{self, Dialect, Field, Item, MONTHS, PatternError, WEEKDAYS};

/// A pattern for writing. The text of its leading fields, if these are of the date alone, is kept from row to row.
#[derive(Debug)]
pub(super) struct DateFormatter {
    dialect: Dialect,
    /// The leading items that only the date decides.
    date_items: Vec<Item>,
    rest: Vec<Item>,
    date: Date,
    date_text: String,
}

/// A day and its place in the calendar.
#[derive(Clone, Copy, Debug)]
struct Date {
    days: i64,
    year: i64,
    month: u32,
    day: u32,
}

/// A moment on the wall clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct LocalMoment {
    /// Milliseconds since the epoch, as the clock shows them.
    pub(super) millis: i64,
    /// Nanoseconds beyond them.
    pub(super) nanos_of_milli: i64,
    /// How far the clock is ahead of UTC.
    pub(super) offset_ms: i64,
}

impl DateFormatter {
    pub(super) fn new(text: &str, dialect: Dialect) -> Result<Self, PatternError> {
        let mut items = flatten(pattern::parse(text, dialect)?);
        if dialect == Dialect::DateTimeFormatter
            && items.iter().any(|item| matches!(item, Item::Field(Field::OffsetRfc | Field::OffsetIso, _)))
        {
            return Err(PatternError::Illegal("Unable to extract an offset from a date and time without zone".into()));
        }
        let of_date = items.iter().take_while(|item| is_of_date(item)).count();
        let rest = items.split_off(of_date);
        let date = Date { days: i64::MIN, year: 0, month: 1, day: 1 };
        Ok(DateFormatter { dialect, date_items: items, rest, date, date_text: String::new() })
    }

    /// Appends the text of a moment.
    pub(super) fn write(&mut self, moment: LocalMoment, out: &mut String) {
        let days = moment.millis.div_euclid(DAY_MS);
        if days != self.date.days {
            let (year, month, day) = civil_from_days(days);
            self.date = Date { days, year, month, day };
            self.date_text.clear();
            for item in &self.date_items {
                write_item(item, self.dialect, &self.date, moment, &mut self.date_text);
            }
        }
        out.push_str(&self.date_text);
        for item in &self.rest {
            write_item(item, self.dialect, &self.date, moment, out);
        }
    }
}

/// Optional parts are always written.
fn flatten(items: Vec<Item>) -> Vec<Item> {
    items
        .into_iter()
        .flat_map(|item| match item {
            Item::Optional(items) => flatten(items),
            other => vec![other],
        })
        .collect()
}

fn is_of_date(item: &Item) -> bool {
    use Field as F;
    match item {
        Item::Literal(_) => true,
        Item::Field(field, _) => matches!(
            field,
            F::Era
                | F::Year
                | F::ProlepticYear
                | F::WeekYear
                | F::Month
                | F::Day
                | F::DayOfYear
                | F::Weekday
                | F::WeekdayFromSunday
                | F::WeekdayFromMonday
                | F::WeekOfYear
                | F::WeekOfMonth
                | F::WeekdayInMonth
                | F::Quarter
        ),
        Item::Optional(_) => false,
    }
}

fn write_item(item: &Item, dialect: Dialect, date: &Date, moment: LocalMoment, out: &mut String) {
    match item {
        Item::Literal(text) => out.push_str(text),
        Item::Field(field, count) if is_of_date(item) => write_date_field(*field, *count, dialect, date, out),
        Item::Field(field, count) => write_time_field(*field, *count, moment, out),
        Item::Optional(items) => items.iter().for_each(|item| write_item(item, dialect, date, moment, out)),
    }
}

fn write_date_field(field: Field, count: usize, dialect: Dialect, date: &Date, out: &mut String) {
    let number = match field {
        Field::Era => return out.push_str(if date.year > 0 { "AD" } else { "BC" }),
        Field::Year => {
            let of_era = if date.year > 0 { date.year } else { 1 - date.year };
            return write_year(of_era, count, dialect, out);
        }
        Field::ProlepticYear => return write_year(date.year, count, dialect, out),
        Field::WeekYear => return write_year(us_year_and_week(date.days).0, count, dialect, out),
        Field::Month if count >= 3 => return write_name(MONTHS[date.month as usize - 1], count, dialect, out),
        Field::Weekday => return write_name(WEEKDAYS[weekday(date.days) as usize], count, dialect, out),
        Field::WeekdayFromSunday if count >= 3 => {
            return write_name(WEEKDAYS[weekday(date.days) as usize], count, dialect, out);
        }
        Field::Quarter if count == 3 => return out.push_str(&format!("Q{}", date.month.div_ceil(3))),
        Field::Month => i64::from(date.month),
        Field::Day => i64::from(date.day),
        Field::DayOfYear => day_of_year(date.days),
        Field::WeekdayFromSunday => weekday(date.days) + 1,
        Field::WeekdayFromMonday => iso_weekday(date.days),
        Field::WeekOfYear => us_year_and_week(date.days).1,
        Field::WeekOfMonth => us_week_of_month(date.days),
        // The dialects mean different things: the day of a week that begins with the month, and the how-manieth such weekday.
        Field::WeekdayInMonth if dialect == Dialect::DateTimeFormatter => i64::from((date.day - 1) % 7 + 1),
        Field::WeekdayInMonth => i64::from((date.day - 1) / 7 + 1),
        _ => i64::from(date.month.div_ceil(3)),
    };
    write_number(number, count, out);
}

fn write_year(year: i64, count: usize, dialect: Dialect, out: &mut String) {
    if count == 2 {
        return write_number(year.rem_euclid(100), 2, out);
    }
    // A year with more digits than the pattern has shows a sign.
    let exceeds = dialect == Dialect::DateTimeFormatter && count >= 4 && year >= 10i64.pow(count.min(18) as u32);
    if exceeds {
        out.push('+');
    }
    write_number(year, count, out);
}

/// The whole name for four letters, one letter for five, else three.
fn write_name(name: &str, count: usize, dialect: Dialect, out: &mut String) {
    let length = match (count, dialect) {
        (0..=3, _) => 3,
        (5, Dialect::DateTimeFormatter) => 1,
        _ => name.len(),
    };
    out.push_str(&name[..length]);
}

fn write_time_field(field: Field, count: usize, moment: LocalMoment, out: &mut String) {
    let millis = moment.millis.rem_euclid(DAY_MS);
    let hour = millis / 3_600_000;
    let nanos = millis % 1_000 * 1_000_000 + moment.nanos_of_milli;
    let number = match field {
        Field::AmPm => return out.push_str(if hour < 12 { "AM" } else { "PM" }),
        Field::Fraction => return write_fraction(nanos, count, out),
        Field::OffsetRfc => return write_offset(moment.offset_ms, false, out),
        Field::OffsetIso if moment.offset_ms == 0 => return out.push('Z'),
        Field::OffsetIso if count == 1 => {
            let sign = if moment.offset_ms < 0 { '-' } else { '+' };
            out.push(sign);
            return write_number(moment.offset_ms.abs() / 3_600_000, 2, out);
        }
        Field::OffsetIso => return write_offset(moment.offset_ms, count == 3, out),
        Field::Hour => hour,
        Field::HourFromOne => (hour + 23) % 24 + 1,
        Field::ClockHour => (hour + 11) % 12 + 1,
        Field::HourOfHalfDay => hour % 12,
        Field::Minute => millis / 60_000 % 60,
        Field::Second => millis / 1_000 % 60,
        Field::Millisecond => millis % 1_000,
        Field::MilliOfDay => millis,
        Field::NanoOfDay => millis * 1_000_000 + moment.nanos_of_milli,
        _ => nanos,
    };
    write_number(number, count, out);
}

fn write_fraction(nanos: i64, count: usize, out: &mut String) {
    let count = count.min(9);
    write_number(nanos / 10i64.pow(9 - count as u32), count, out);
}

fn write_offset(offset_ms: i64, colon: bool, out: &mut String) {
    out.push(if offset_ms < 0 { '-' } else { '+' });
    let minutes = offset_ms.abs() / 60_000;
    write_number(minutes / 60, 2, out);
    if colon {
        out.push(':');
    }
    write_number(minutes % 60, 2, out);
}

/// A number with zeros before it up to a width.
fn write_number(number: i64, width: usize, out: &mut String) {
    let digit = |number: i64| char::from(b'0' + (number % 10) as u8);
    match (width, number) {
        (2, 0..=99) => out.extend([digit(number / 10), digit(number)]),
        (4, 0..=9_999) => out.extend([digit(number / 1_000), digit(number / 100), digit(number / 10), digit(number)]),
        _ => {
            if number < 0 {
                out.push('-');
            }
            let digits = number.unsigned_abs().to_string();
            out.extend(std::iter::repeat_n('0', width.saturating_sub(digits.len())));
            out.push_str(&digits);
        }
    }
}

#[cfg(test)]
mod tests {
    use flott_record::civil::days_from_civil;

    use super::*;

    fn format(pattern: &str, dialect: Dialect) -> String {
        let millis = days_from_civil(2024, 2, 29) * DAY_MS + 11_045_123;
        let moment = LocalMoment { millis, nanos_of_milli: 456_000, offset_ms: 3_600_000 };
        let mut out = String::new();
        DateFormatter::new(pattern, dialect).expect("a pattern").write(moment, &mut out);
        out
    }

    #[test]
    fn formatter_patterns_are_those_of_java() {
        let format = |pattern| format(pattern, Dialect::DateTimeFormatter);
        assert_eq!(
            format("yyyy-MM-dd hh:mm:ss a E EEEE D e u MMM MMMM Q w W k K n N A"),
            "2024-02-29 03:04:05 AM Thu Thursday 60 5 2024 Feb February 1 9 5 3 3 123456000 11045123456000 11045123"
        );
        assert_eq!(format("yy-M-d H:m:s.S"), "24-2-29 3:4:5.1");
        assert_eq!(format("yyyyy yyy uuuu G EEE EEEEE DDD e c L LLL"), "02024 2024 2024 AD Thu T 060 5 5 2 Feb");
        assert_eq!(format("YYYY-ww F"), "2024-09 1");
        assert_eq!(format("yyyy'T'''HH"), "2024T'03");
        assert_eq!(format("HH:mm:ss.SSSSSS"), "03:04:05.123456");
    }

    #[test]
    fn simple_patterns_are_those_of_java() {
        let format = |pattern| format(pattern, Dialect::SimpleDateFormat);
        assert_eq!(format("yyyy-MM-dd'T'HH:mm:ss EEE u a"), "2024-02-29T03:04:05 Thu 4 AM");
        assert_eq!(format("ss.SSSSS Z X XXX"), "05.00123 +0100 +01 +01:00");
    }
}
