//! Texts of dates and timestamps in the forms that Flink reads without a pattern.

use flott_record::civil::{DAY_MS, days_from_civil, days_in_month};

use super::reading_fields::LocalParts;

/// `DateTimeUtils.parseDate` of Flink: `2024-1-5`, `2024-1`, `2024`; what follows a blank is ignored.
pub(super) fn read_date(text: &str) -> Option<i64> {
    let text = match text.find(' ') {
        Some(blank) if blank > 0 => &text[..blank],
        _ => text,
    };
    let mut parts = text.splitn(3, '-').map(|part| {
        let part = part.trim();
        let digits = !part.is_empty() && part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
        if digits { part.parse::<i64>().ok() } else { None }
    });
    let year = parts.next()??;
    let month = parts.next().unwrap_or(Some(1))?;
    let day = parts.next().unwrap_or(Some(1))?;
    let in_year = (0..=9_999).contains(&year) && (1..=12).contains(&month);
    if !in_year || day < 1 || day > i64::from(days_in_month(year, month as u32)) {
        return None;
    }
    Some(days_from_civil(year, month as u32, day as u32))
}

/// A cursor over ASCII text.
struct Cursor<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl Cursor<'_> {
    /// A number of `least` to `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let start = self.place;
        let mut value = 0;
        while self.place - start < most
            && let Some(byte @ b'0'..=b'9') = self.bytes.get(self.place)
        {
            value = value * 10 + i64::from(byte - b'0');
            self.place += 1;
        }
        (self.place - start >= least).then_some(value)
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        (self.bytes.get(self.place) == Some(&byte)).then(|| self.place += 1)
    }

    /// Digits of a second's fraction as nanoseconds, nine at the most.
    fn fraction(&mut self) -> Option<i64> {
        let start = self.place;
        let value = self.number(0, 9)?;
        Some(value * 10i64.pow(9 - (self.place - start) as u32))
    }

    fn at_end(&self) -> bool {
        self.place == self.bytes.len()
    }
}

/// `TO_TIMESTAMP` without a pattern: `2024-1-5`, `2024-1-5 1:2:3`, with up to nine digits of a fraction. A day beyond its month's end is
/// the last one.
pub(super) fn read_timestamp(text: &str) -> Option<LocalParts> {
    let mut cursor = Cursor { bytes: text.as_bytes(), place: 0 };
    let days = {
        let (year, month, day) = year_month_day(&mut cursor)?;
        days_from_civil(year, month as u32, day.min(i64::from(days_in_month(year, month as u32))) as u32)
    };
    if cursor.at_end() {
        return Some((days * DAY_MS, 0));
    }
    cursor.skip(b' ')?;
    let (hour, minute, second) = hour_minute_second(&mut cursor)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = if cursor.skip(b'.').is_some() { cursor.fraction()? } else { 0 };
    cursor.at_end().then(|| on_clock(days, (hour, minute, second), nanos))
}

/// `java.sql.Timestamp.valueOf`, or `Date.valueOf` for a text without blank: days beyond the month's end and times beyond the day's
/// move on.
pub(super) fn read_sql_timestamp(text: &str) -> Option<LocalParts> {
    let mut cursor = Cursor { bytes: text.as_bytes(), place: 0 };
    let (year, month, day) = year_month_day(&mut cursor)?;
    let days = days_from_civil(year, month as u32, 1) + day - 1;
    if cursor.at_end() {
        return Some((days * DAY_MS, 0));
    }
    cursor.skip(b' ')?;
    let time = hour_minute_second(&mut cursor)?;
    let nanos = if cursor.skip(b'.').is_some() { cursor.fraction()? } else { 0 };
    cursor.at_end().then(|| on_clock(days, time, nanos))
}

fn year_month_day(cursor: &mut Cursor<'_>) -> Option<(i64, i64, i64)> {
    let year = cursor.number(4, 4)?;
    cursor.skip(b'-')?;
    let month = cursor.number(1, 2)?;
    cursor.skip(b'-')?;
    let day = cursor.number(1, 2)?;
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
}

fn hour_minute_second(cursor: &mut Cursor<'_>) -> Option<(i64, i64, i64)> {
    let hour = cursor.number(1, 2)?;
    cursor.skip(b':')?;
    let minute = cursor.number(1, 2)?;
    cursor.skip(b':')?;
    Some((hour, minute, cursor.number(1, 2)?))
}

fn on_clock(days: i64, (hour, minute, second): (i64, i64, i64), nanos: i64) -> LocalParts {
    let seconds = hour * 3_600 + minute * 60 + second;
    (days * DAY_MS + seconds * 1_000 + nanos / 1_000_000, nanos % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_without_pattern_are_those_of_flink() {
        let day = days_from_civil(2024, 1, 5);
        assert_eq!(read_date("2024-1-5"), Some(day));
        assert_eq!(read_date("2024-01-05 12:00:00"), Some(day));
        assert_eq!(read_date("2024"), Some(days_from_civil(2024, 1, 1)));
        for wrong in ["2024-02-30", "invalid value", "", "2024-13-01", "2024-1-5x"] {
            assert_eq!(read_date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn timestamps_without_pattern_are_those_of_flink() {
        let day = days_from_civil(2024, 2, 29) * DAY_MS;
        assert_eq!(read_timestamp("2024-02-29 12:34:56.123456"), Some((day + 45_296_123, 456_000)));
        assert_eq!(read_timestamp("2024-02-30 01:02:03"), Some((day + 3_723_000, 0)));
        assert_eq!(read_timestamp("2024-2-29"), Some((day, 0)));
        for wrong in ["2024-01-05T01:02:03", "2024-01-05 01:02", "garbage", "2024-01-05 24:00:00", ""] {
            assert_eq!(read_timestamp(wrong), None, "{wrong}");
        }
    }
}
