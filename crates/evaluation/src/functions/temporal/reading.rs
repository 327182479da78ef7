//! Reading dates and times by a pattern.

use super::pattern::{self, Dialect, Field, Item, MONTHS, PatternError, WEEKDAYS};
use super::reading_fields::{Fields, LocalParts};

/// A pattern for reading.
#[derive(Debug)]
pub(super) struct DateReader {
    dialect: Dialect,
    items: Vec<Item>,
}

impl DateReader {
    pub(super) fn new(text: &str, dialect: Dialect) -> Result<Self, PatternError> {
        let items = pattern::parse(text, dialect)?;
        match items.iter().find_map(unreadable) {
            Some(letter) => Err(PatternError::NotSupported(letter)),
            None => Ok(DateReader { dialect, items }),
        }
    }

    /// The date and time that a text shows; `None` if it does not follow the pattern. An offset in the text is skipped.
    pub(super) fn read(&self, text: &str) -> Option<LocalParts> {
        self.read_with_offset(text).map(|(parts, _)| parts)
    }

    /// The same with the offset from UTC, if the text shows one.
    pub(super) fn read_with_offset(&self, text: &str) -> Option<(LocalParts, Option<i64>)> {
        let mut fields = Fields::default();
        match self.dialect {
            Dialect::DateTimeFormatter => {
                let rest = read_strictly(&self.items, text, &mut fields)?;
                rest.is_empty().then_some(())?;
                Some((fields.resolve_smart()?, fields.offset_ms))
            }
            Dialect::SimpleDateFormat => {
                // Whatever follows is ignored.
                read_leniently(&self.items, text, &mut fields)?;
                Some((fields.resolve_lenient(), fields.offset_ms))
            }
        }
    }
}

/// A letter that can be written, but not read.
fn unreadable(item: &Item) -> Option<char> {
    let Item::Field(field, _) = item else {
        let Item::Optional(items) = item else { return None };
        return items.iter().find_map(unreadable);
    };
    Some(match field {
        Field::WeekYear => 'Y',
        Field::WeekOfYear => 'w',
        Field::WeekOfMonth => 'W',
        Field::WeekdayInMonth => 'F',
        Field::WeekdayFromSunday => 'e',
        Field::WeekdayFromMonday => 'u',
        Field::Quarter => 'Q',
        Field::MilliOfDay => 'A',
        Field::NanoOfDay => 'N',
        _ => return None,
    })
}

/// Reads items one after the other; gives what is left of the text.
fn read_strictly<'a>(items: &[Item], text: &'a str, fields: &mut Fields) -> Option<&'a str> {
    let mut rest = text;
    for (i, item) in items.iter().enumerate() {
        rest = match item {
            Item::Literal(literal) => rest.strip_prefix(literal.as_str())?,
            Item::Optional(inner) => {
                let mut tried = fields.clone();
                match read_strictly(inner, rest, &mut tried) {
                    Some(after) => {
                        *fields = tried;
                        after
                    }
                    None => rest,
                }
            }
            Item::Field(field, count) => match read_word(*field, *count, rest, fields, false) {
                Word::Read(after) => after,
                Word::Missing => return None,
                Word::IsNumber => read_strict_number(*field, *count, &items[i + 1..], rest, fields)?,
            },
        };
    }
    Some(rest)
}

/// What came of reading a field as a word.
enum Word<'a> {
    Read(&'a str),
    Missing,
    /// The field is a number.
    IsNumber,
}

/// Fields that are words: names, AM and PM, offsets, eras.
fn read_word<'a>(field: Field, count: usize, text: &'a str, fields: &mut Fields, any_case: bool) -> Word<'a> {
    let read = match field {
        Field::Month if count >= 3 => read_name(&MONTHS, text, any_case, count != 3).map(|(month, rest)| {
            fields.month = Some(month as i64 + 1);
            rest
        }),
        Field::Weekday => read_name(&WEEKDAYS, text, any_case, count > 3).map(|(day, rest)| {
            fields.weekday = Some(day as i64);
            rest
        }),
        Field::AmPm => read_half_day(text, any_case).map(|(afternoon, rest)| {
            fields.afternoon = Some(afternoon);
            rest
        }),
        Field::Era => text.strip_prefix("AD"),
        Field::OffsetRfc | Field::OffsetIso => read_offset(text).map(|(offset_ms, rest)| {
            fields.offset_ms = Some(offset_ms);
            rest
        }),
        _ => return Word::IsNumber,
    };
    read.map_or(Word::Missing, Word::Read)
}

/// A name in whole or its first three letters; only one of the two where case matters.
fn read_name<'a>(names: &[&str], text: &'a str, any_case: bool, whole: bool) -> Option<(usize, &'a str)> {
    let starts = |name: &str| match text.get(..name.len()) {
        Some(start) if any_case => start.eq_ignore_ascii_case(name),
        Some(start) => start == name,
        None => false,
    };
    let find = |length: fn(&str) -> usize| {
        let place = names.iter().position(|name| starts(&name[..length(name)]))?;
        Some((place, &text[length(names[place])..]))
    };
    let (long, short) = (find(str::len), find(|_| 3));
    match (any_case, whole) {
        (true, _) => long.or(short),
        (false, true) => long,
        (false, false) => short,
    }
}

fn read_half_day(text: &str, any_case: bool) -> Option<(bool, &str)> {
    let start = text.get(..2)?;
    let is = |word: &str| start == word || (any_case && start.eq_ignore_ascii_case(word));
    let afternoon = if is("AM") { false } else { is("PM").then_some(true)? };
    Some((afternoon, &text[2..]))
}

/// `Z`, `+01`, `+0100`, `+01:00`
fn read_offset(text: &str) -> Option<(i64, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((0, rest));
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = fixed_number(&text[1..], 2)?;
    let after_colon = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = fixed_number(after_colon, 2).unwrap_or((0, rest));
    Some((sign * (hours * 60 + minutes) * 60_000, rest))
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn fixed_number(text: &str, width: usize) -> Option<(i64, &str)> {
    if digits(text) < width {
        return None;
    }
    Some((text[..width].parse().ok()?, &text[width..]))
}

/// Numbers of `DateTimeFormatter`: one letter reads all digits that the following fields of fixed width leave, two or more letters a
/// fixed width (years: at least it).
fn read_strict_number<'a>(
    field: Field,
    count: usize,
    following: &[Item],
    text: &'a str,
    fields: &mut Fields,
) -> Option<&'a str> {
    if field == Field::Fraction {
        let (number, rest) = fixed_number(text, count)?;
        fields.nano = Some(number * 10i64.checked_pow(9u32.checked_sub(count as u32)?)?);
        return Some(rest);
    }
    let (least, most) = widths(field, count);
    let width = if least == most { least } else { digits(text).saturating_sub(reserved(following)).min(most) };
    if width < least {
        return None;
    }
    let (number, rest) = fixed_number(text, width)?;
    let is_short_year = matches!(field, Field::Year | Field::ProlepticYear) && count == 2;
    let number = if is_short_year { 2_000 + number } else { number };
    (Fields::admits(field, number) && fields.set(field, number)).then_some(rest)
}

/// Least and most digits of a number.
fn widths(field: Field, count: usize) -> (usize, usize) {
    match field {
        Field::Year | Field::ProlepticYear if count == 2 => (2, 2),
        // More digits than four would need a sign.
        Field::Year | Field::ProlepticYear => (count, count.max(4)),
        Field::DayOfYear => (count, 3),
        Field::NanoOfSecond => (count, 9),
        _ if count == 1 => (1, 9),
        _ => (count, count),
    }
}

/// Digits that belong to the fields of fixed width which follow directly.
fn reserved(following: &[Item]) -> usize {
    let mut sum = 0;
    for item in following {
        match item {
            Item::Field(Field::Fraction, count) => sum += count,
            Item::Field(field, count) if !is_word(*field, *count) => match widths(*field, *count) {
                (least, most) if least == most => sum += least,
                _ => break,
            },
            _ => break,
        }
    }
    sum
}

fn is_word(field: Field, count: usize) -> bool {
    match field {
        Field::Month => count >= 3,
        Field::Weekday | Field::AmPm | Field::Era | Field::OffsetRfc | Field::OffsetIso => true,
        _ => false,
    }
}

/// Reads as `SimpleDateFormat` does: blanks before a field are skipped; a number has as many digits as its letters only if another
/// field follows directly.
fn read_leniently(items: &[Item], text: &str, fields: &mut Fields) -> Option<()> {
    let mut rest = text;
    for (i, item) in items.iter().enumerate() {
        let (field, count) = match item {
            Item::Literal(literal) => {
                rest = rest.strip_prefix(literal.as_str())?;
                continue;
            }
            Item::Optional(_) => return None,
            Item::Field(field, count) => (*field, *count),
        };
        rest = rest.trim_start_matches([' ', '\t']);
        let abuts = matches!(items.get(i + 1), Some(Item::Field(..)));
        rest = match read_word(field, count, rest, fields, true) {
            Word::Read(after) => after,
            Word::Missing => return None,
            Word::IsNumber => read_lenient_number(field, count, abuts, rest, fields)?,
        };
    }
    Some(())
}

fn read_lenient_number<'a>(
    field: Field,
    count: usize,
    abuts: bool,
    text: &'a str,
    fields: &mut Fields,
) -> Option<&'a str> {
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let available = digits(unsigned);
    let width = if abuts { available.min(count) } else { available.min(18) };
    if width == 0 {
        return None;
    }
    let (number, rest) = fixed_number(unsigned, width)?;
    let number = if negative { -number } else { number };
    let is_short_year = field == Field::Year && count <= 2 && width == 2 && !negative;
    let number = if is_short_year { century_of(number) } else { number };
    fields.set(field, number).then_some(rest)
}

/// Java takes a year of two digits as within 80 years before and 20 after today; here that window is fixed as of the 2020s.
fn century_of(year: i64) -> i64 {
    if year < 46 { 2_000 + year } else { 1_900 + year }
}

#[cfg(test)]
mod tests {
    use flott_record::civil::write_timestamp_iso;

    use super::*;

    fn read(pattern: &str, dialect: Dialect, text: &str) -> Option<String> {
        let (millis, nanos) = DateReader::new(pattern, dialect).expect("a pattern").read(text)?;
        let mut out = String::new();
        write_timestamp_iso(&mut out, millis * 1_000_000 + nanos, 9);
        Some(out)
    }

    #[test]
    fn formatter_reads_as_java() {
        let read = |pattern, text| read(pattern, Dialect::DateTimeFormatter, text);
        let some = |text: &str| Some(text.to_string());
        assert_eq!(read("yyyyMMddHHmmss", "20170915000000"), some("2017-09-15T00:00"));
        assert_eq!(read("yyyyMMdd mm:ss.SSSSSSS", "20000202 59:59.1234567"), some("2000-02-02T00:59:59.123456700"));
        assert_eq!(read("SSSSSSS", "1234567"), some("1970-01-01T00:00:00.123456700"));
        assert_eq!(read("yyyy-MM-dd", "2024-02-30"), some("2024-02-29T00:00"));
        assert_eq!(read("d MMM yyyy", "5 Jan 2024"), some("2024-01-05T00:00"));
        assert_eq!(read("yyyy-MM-dd hh a", "2024-01-05 01 PM"), some("2024-01-05T13:00"));
        assert_eq!(read("yyyy-MM-dd hh a", "2024-01-05 13 PM"), None);
        assert_eq!(read("yyyy-MM-dd HH:mm:ss Z", "2024-01-05 01:02:03 +0200"), some("2024-01-05T01:02:03"));
        assert_eq!(read("yyyy-MM-dd", "2024-01-05 01:02:03"), None);
        assert_eq!(read("yyyy[-MM]", "2024"), some("2024-01-01T00:00"));
        assert_eq!(read("HH:mm:ss", "01:02:03"), some("1970-01-01T01:02:03"));
    }

    #[test]
    fn simple_format_reads_leniently() {
        let read = |pattern, text| read(pattern, Dialect::SimpleDateFormat, text);
        let some = |text: &str| Some(text.to_string());
        assert_eq!(read("yyyy-MM-dd HH:mm:ss", "2024-02-30 00:00:00"), some("2024-03-01T00:00"));
        assert_eq!(read("yyyy/MM/dd HH:mm:ss.S", "2015/07/25 02:02:02.6"), some("2015-07-25T02:02:02.006"));
        assert_eq!(read("yyyyMMdd", "20240229"), some("2024-02-29T00:00"));
        assert_eq!(read("yyyy-MM-dd", "2024-1-5 trailing"), some("2024-01-05T00:00"));
        assert_eq!(read("yyyy-MM-dd HH:mm:ss", "garbage"), None);
        assert_eq!(read("yyyy-MM-dd HH:mm:ss", "2024-02-29"), None);
    }
}
