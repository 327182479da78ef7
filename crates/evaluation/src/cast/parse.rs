//! Text to numbers, truth values, dates and times: what is accepted, and the words of each refusal, are Flink's.

use flott_record::civil::{DAY_MS, days_from_civil, days_in_month};

/// The text without the blanks and control characters at both ends that Java's `trim` removes.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|character| character <= ' ')
}

/// A whole number of so many bits; digits after a point are checked and dropped.
pub(super) fn integer(text: &str, bits: u32) -> Result<i64, String> {
    let text = trim(text);
    let refuse = |reason: &str| Err(format!("For input string: '{text}'. {reason}"));
    let (negative, digits) = match text.as_bytes() {
        [] => return refuse("Input is empty."),
        [b'-'] | [b'+'] => return refuse("Input has only positive or negative symbol."),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
    let mut value: i64 = 0;
    for digit in &digits[..point] {
        if !digit.is_ascii_digit() {
            return refuse("Invalid character found.");
        }
        // Negative numbers reach one further, hence the sum is kept negative.
        let next = value.checked_mul(10).and_then(|tens| tens.checked_sub(i64::from(digit - b'0')));
        let Some(next) = next else { return refuse("Overflow.") };
        value = next;
    }
    if !digits.iter().skip(point + 1).all(u8::is_ascii_digit) {
        return refuse("Invalid character found.");
    }
    let least = i64::MIN >> (64 - bits);
    let value = if negative { Some(value) } else { value.checked_neg() };
    match value {
        Some(value) if (least..=-(least + 1)).contains(&value) => Ok(value),
        _ => refuse("Overflow."),
    }
}

/// `Double.parseDouble`
pub(super) fn double(text: &str) -> Result<f64, String> {
    let number = float_text(text)?;
    number.parse().map_err(|_| not_a_number(text))
}

/// `Float.parseFloat`
pub(super) fn float(text: &str) -> Result<f32, String> {
    let number = float_text(text)?;
    number.parse().map_err(|_| not_a_number(text))
}

fn not_a_number(text: &str) -> String {
    match trim(text) {
        "" => "empty String".to_string(),
        trimmed => format!("For input string: \"{trimmed}\""),
    }
}

/// The part of the text that Rust reads as Java would; words in other spellings than Java's are refused.
fn float_text(text: &str) -> Result<&str, String> {
    let trimmed = trim(text);
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if unsigned == "NaN" || unsigned == "Infinity" {
        return Ok(trimmed);
    }
    let number = trimmed.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(trimmed);
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    if number.bytes().all(plain) { Ok(number) } else { Err(not_a_number(text)) }
}

/// `true`, `t`, `yes`, `y`, `1` and their opposites, in any case.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&["t", "true", "y", "yes", "1"]) {
        Ok(true)
    } else if is(&["f", "false", "n", "no", "0"]) {
        Ok(false)
    } else {
        Err(format!("Cannot parse '{text}' as BOOLEAN."))
    }
}

/// Days since 1970-01-01.
pub(super) fn date(text: &str) -> Result<i32, String> {
    parse_date(text).ok_or_else(|| format!("For input string: '{text}'."))
}

/// Milliseconds of the day.
pub(super) fn time(text: &str) -> Result<i32, String> {
    parse_time(text).ok_or_else(|| {
        format!(
            "Invalid time format: '{text}'. Expected format: HH:mm:ss[.fff] where HH is 00-23, mm is 00-59, ss is 00-59"
        )
    })
}

/// Milliseconds on the wall clock and nanoseconds of the millisecond.
pub(super) fn timestamp(text: &str) -> Result<(i64, u32), String> {
    parse_timestamp(text).map_err(|index| match index {
        0 => format!("Text '{text}' could not be parsed at index 0"),
        _ => format!("Text '{text}' could not be parsed, unparsed text found at index {index}"),
    })
}

/// A whole number of digits only, blanks around it allowed.
fn digits(text: &str) -> Option<i64> {
    let text = trim(text);
    let plain = !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// A date `y[-m[-d]]` of the years 0 to 9999; what follows a blank is ignored (`2024-01-31 12:00:00`).
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let text = match text.find(' ') {
        Some(blank) if blank > 0 => &text[..blank],
        _ => text,
    };
    let mut parts = text.splitn(3, '-');
    let year = digits(parts.next()?)?;
    let month = parts.next().map_or(Some(1), digits)?;
    let day = parts.next().map_or(Some(1), digits)?;
    let month = u32::try_from(month).ok().filter(|month| (1..=12).contains(month))?;
    let day = u32::try_from(day).ok().filter(|day| (1..=days_in_month(year, month)).contains(day))?;
    (year <= 9_999).then(|| days_from_civil(year, month, day) as i32)
}

/// A time of day `h[:m[:s[.f]]]`, rounded to milliseconds, with an offset (`+01:00`) that is added as Flink adds it.
pub(crate) fn parse_time(text: &str) -> Option<i32> {
    let (clock, shift) = match text.find(['+', '-']) {
        Some(at) => (&text[..at], parse_offset(&text[at..])?),
        None => (text, 0),
    };
    let mut parts = clock.splitn(3, ':');
    let hour = digits(parts.next()?)?;
    let minute = parts.next().map_or(Some(0), digits)?;
    let (second, millis) = match parts.next() {
        None => (0, 0),
        Some(last) => {
            let (second, fraction) = last.split_once('.').unwrap_or((last, ""));
            (digits(second)?, fraction_millis(trim(fraction))?)
        }
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(((hour * 60 + minute + shift) * 60_000 + second * 1_000 + millis) as i32)
}

fn parse_offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text[1..].split_once(':').unwrap_or((&text[1..], "0"));
    Some(sign * (digits(hours)? * 60 + digits(minutes)?))
}

/// Milliseconds of a fraction's digits, rounded at the fourth.
fn fraction_millis(fraction: &str) -> Option<i64> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digit = |index: usize| fraction.as_bytes().get(index).map_or(0, |byte| i64::from(byte - b'0'));
    Some(digit(0) * 100 + digit(1) * 10 + digit(2) + i64::from(digit(3) >= 5))
}

/// A timestamp `yyyy-M-d[ H:m:s[.f]]`: milliseconds and nanoseconds of the millisecond. Days beyond the month's end (to the 31st) mean its
/// last day.
///
/// # Errors
/// The byte at which the text ceases to be one.
pub(crate) fn parse_timestamp(text: &str) -> Result<(i64, u32), usize> {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
    let (Some(year), true) = (reader.number(4, 9), reader.skip(b'-')) else { return Err(0) };
    let (Some(month), true) = (reader.number(1, 2), reader.skip(b'-')) else { return Err(0) };
    let Some(day) = reader.number(1, 2) else { return Err(0) };
    if year > 9_999 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(0);
    }
    let day = (day as u32).min(days_in_month(year, month as u32));
    let midnight_ms = days_from_civil(year, month as u32, day) * DAY_MS;
    if reader.at == text.len() {
        return Ok((midnight_ms, 0));
    }
    let date_end = reader.at;
    let clock = reader.clock().ok_or(date_end)?;
    if reader.at != text.len() {
        return Err(reader.at);
    }
    Ok((midnight_ms + clock.0, clock.1))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn skip(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if length < least {
            return None;
        }
        self.at += length;
        Some(rest[..length].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
    }

    /// ` H:m:s[.f]`
    fn clock(&mut self) -> Option<(i64, u32)> {
        if !self.skip(b' ') {
            return None;
        }
        let hour = self.number(1, 2)?;
        let minute = self.skip(b':').then(|| self.number(1, 2))??;
        let second = self.skip(b':').then(|| self.number(1, 2))??;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let start = self.at + 1;
        let nanos = if self.skip(b'.') { self.number(0, 9)? } else { 0 };
        let nanos = nanos * 10i64.pow(9 - (self.at.max(start) - start) as u32);
        let millis = (hour * 3_600 + minute * 60 + second) * 1_000 + nanos / 1_000_000;
        Some((millis, (nanos % 1_000_000) as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_drop_their_fraction_and_keep_their_range() {
        assert_eq!(integer(" 12.7 ", 32), Ok(12));
        assert_eq!(integer("-128", 8), Ok(-128));
        assert_eq!(integer("128", 8), Err("For input string: '128'. Overflow.".to_string()));
        assert_eq!(integer("-9223372036854775808", 64), Ok(i64::MIN));
        assert!(integer("9223372036854775808", 64).is_err());
        assert_eq!(integer("abc", 32), Err("For input string: 'abc'. Invalid character found.".to_string()));
        assert_eq!(integer("", 32), Err("For input string: ''. Input is empty.".to_string()));
    }

    #[test]
    fn doubles_read_as_in_java() {
        assert_eq!(double(" 1d"), Ok(1.0));
        assert_eq!(double("Infinity"), Ok(f64::INFINITY));
        assert_eq!(double("abc"), Err("For input string: \"abc\"".to_string()));
        assert!(double("inf").is_err() && double("nan").is_err() && double("0x10").is_err());
        assert_eq!(double(""), Err("empty String".to_string()));
    }

    #[test]
    fn dates_and_times_read_as_in_flink() {
        assert_eq!(parse_date("2024-2"), Some(19_754));
        assert_eq!(parse_date("123"), Some(days_from_civil(123, 1, 1) as i32));
        assert_eq!(parse_date("2024-02-30"), None);
        assert_eq!(parse_date("2021/09/27"), None);
        assert_eq!(parse_time("12:34:56.1239"), Some(45_296_124));
        assert_eq!(parse_time(" 1:2:3 "), Some(3_723_000));
        assert_eq!(parse_time("12:34:56+01:00"), Some(48_896_000));
        assert_eq!(parse_time("24:00:00"), None);
        assert_eq!(parse_time("2021-09-27"), None);
    }

    #[test]
    fn timestamps_clamp_the_day_and_refuse_the_rest() {
        assert_eq!(parse_timestamp("1970-1-1 0:0:1.5"), Ok((1_500, 0)));
        assert_eq!(parse_timestamp("1970-01-01 00:00:00.123456789"), Ok((123, 456_789)));
        assert_eq!(parse_timestamp("2024-02-30"), parse_timestamp("2024-02-29"));
        assert_eq!(parse_timestamp("2024-02-03T04:05:06"), Err(10));
        assert_eq!(parse_timestamp("2024-02-03 04:05"), Err(10));
        assert_eq!(parse_timestamp("garbage"), Err(0));
    }
}
