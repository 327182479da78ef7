//! Functions between texts and dates or times.

use arrow_array::ArrayRef;
use arrow_array::types::{Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{cast::AsArray, types::Decimal128Type};
use flott_record::TypeKind;
use flott_record::civil::DAY_MS;

use super::formatting::{DateFormatter, LocalMoment};
use super::moment::now_ms;
use super::pattern::{Dialect, PatternError};
use super::reading::DateReader;
use super::reading_fields::LocalParts;
use super::session_zone;
use super::short_zones;
use super::stamps::{Stamps, build_timestamps};
use super::text_forms::{read_date, read_sql_timestamp, read_timestamp};
use crate::evaluator::{CompileError, EvaluationError};
use crate::functions::constants::{Numbers, Texts, build_numbers, build_texts, scalars};
use crate::functions::mapping::failed;
use crate::functions::{CallSite, ScalarFunction};
use crate::zone::Zone;

type Compiled = Result<Box<dyn ScalarFunction>, CompileError>;

/// The pattern of functions that are given none.
const DEFAULT_PATTERN: &str = "yyyy-MM-dd HH:mm:ss";

pub(super) fn compile(call: &CallSite) -> Option<Compiled> {
    Some(match call.name.as_str() {
        "DATE_FORMAT" if call.kind(0).is_character() => reformat(call),
        "DATE_FORMAT" => date_format(call),
        "FROM_UNIXTIME" => from_unixtime(call),
        "UNIX_TIMESTAMP" => unix_timestamp(call),
        "CONVERT_TZ" => convert_zone(),
        "TO_DATE" => to_date(call),
        "TO_TIMESTAMP" => to_timestamp(call),
        "TO_TIMESTAMP_LTZ" if call.kind(0).is_character() => to_instant_from_text(call),
        "TO_TIMESTAMP_LTZ" => to_instant_from_number(call),
        _ => return None,
    })
}

/// Makes something from a text.
type Make<T> = dyn Fn(&str) -> Result<T, PatternError> + Send;

/// Something made from a text that is constant or rarely changes from row to row.
struct Cached<T> {
    make: Box<Make<T>>,
    last: Option<(String, T)>,
}

impl<T> Cached<T> {
    /// With the constant argument of a call made at once, so that a wrong one is refused when compiling.
    fn new(
        call: &CallSite,
        index: usize,
        make: impl Fn(&str) -> Result<T, PatternError> + Send + 'static,
    ) -> Result<Self, CompileError> {
        let last = match call.text_literal(index) {
            Some(text) => Some((text.to_string(), make(text)?)),
            None => None,
        };
        Ok(Cached { make: Box::new(make), last })
    }

    fn get(&mut self, text: &str) -> Result<&mut T, PatternError> {
        let made = match self.last.take() {
            Some((last, made)) if last == text => made,
            _ => (self.make)(text)?,
        };
        Ok(&mut self.last.insert((text.to_string(), made)).1)
    }
}

fn formatters(call: &CallSite, dialect: Dialect) -> Result<Cached<DateFormatter>, CompileError> {
    Cached::new(call, 1, move |text| DateFormatter::new(text, dialect))
}

fn readers(call: &CallSite, dialect: Dialect) -> Result<Cached<DateReader>, CompileError> {
    Cached::new(call, 1, move |text| DateReader::new(text, dialect))
}

fn wrong(row: usize) -> impl Fn(PatternError) -> EvaluationError {
    move |error| failed(row, error.message())
}

/// A timestamp by a pattern of `DateTimeFormatter`.
fn date_format(call: &CallSite) -> Compiled {
    let kind = call.kind(0).clone();
    let zone = if matches!(kind, TypeKind::TimestampLtz(_)) { Some(session_zone(call)?) } else { None };
    let constant = call.text_literal(1).is_some();
    let mut formatters = formatters(call, Dialect::DateTimeFormatter)?;
    Ok(scalars(move |arguments, frame| {
        let Some(stamps) = Stamps::of(&arguments[0], &kind) else {
            return Err(failed(0, format!("DATE_FORMAT of {kind}")));
        };
        let pattern = Texts::of(&arguments[1]);
        let moment = |row| {
            let millis = stamps.millis(row);
            let local = zone.as_ref().map_or(millis, |zone| zone.to_local_ms(millis));
            LocalMoment { millis: local, nanos_of_milli: stamps.nanos_of_milli(row), offset_ms: local - millis }
        };
        if constant && frame.rows > 0 {
            let formatter = formatters.get(pattern.at(0)).map_err(wrong(0))?;
            return build_texts(arguments, frame.rows, |row, out| {
                formatter.write(moment(row), out);
                Ok(true)
            });
        }
        build_texts(arguments, frame.rows, |row, out| {
            formatters.get(pattern.at(row)).map_err(wrong(row))?.write(moment(row), out);
            Ok(true)
        })
    }))
}

/// A text of the default form by another pattern, both of `SimpleDateFormat`.
fn reformat(call: &CallSite) -> Compiled {
    let reader = DateReader::new(DEFAULT_PATTERN, Dialect::SimpleDateFormat)?;
    let mut formatters = formatters(call, Dialect::SimpleDateFormat)?;
    Ok(scalars(move |arguments, frame| {
        let (text, pattern) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
        build_texts(arguments, frame.rows, |row, out| {
            let formatter = formatters.get(pattern.at(row)).map_err(wrong(row))?;
            let Some((millis, _)) = reader.read(text.at(row)) else { return Ok(false) };
            formatter.write(LocalMoment { millis, nanos_of_milli: 0, offset_ms: 0 }, out);
            Ok(true)
        })
    }))
}

fn from_unixtime(call: &CallSite) -> Compiled {
    let zone = session_zone(call)?;
    let mut formatters = formatters(call, Dialect::SimpleDateFormat)?;
    Ok(scalars(move |arguments, frame| {
        let seconds = Numbers::<Int64Type>::of(&arguments[0]);
        let pattern = arguments.get(1).map(Texts::of);
        build_texts(arguments, frame.rows, |row, out| {
            let pattern = pattern.map_or(DEFAULT_PATTERN, |pattern| pattern.at(row));
            let formatter = formatters.get(pattern).map_err(wrong(row))?;
            let millis = seconds.at(row).wrapping_mul(1_000);
            let local = zone.to_local_ms(millis);
            formatter.write(LocalMoment { millis: local, nanos_of_milli: 0, offset_ms: local - millis }, out);
            Ok(true)
        })
    }))
}

/// Seconds since the epoch, now or of a text; the least BIGINT for a text that cannot be read, as in Flink.
fn unix_timestamp(call: &CallSite) -> Compiled {
    if call.len() == 0 {
        let session = call.session.clone();
        return Ok(scalars(move |_, frame| {
            let seconds = now_ms(&session, frame).div_euclid(1_000);
            build_numbers::<Int64Type>(&[], frame.rows, |_| Ok(Some(seconds)))
        }));
    }
    let zone = session_zone(call)?;
    let mut readers = readers(call, Dialect::SimpleDateFormat)?;
    Ok(scalars(move |arguments, frame| {
        let text = Texts::of(&arguments[0]);
        let pattern = arguments.get(1).map(Texts::of);
        build_numbers::<Int64Type>(arguments, frame.rows, |row| {
            let pattern = pattern.map_or(DEFAULT_PATTERN, |pattern| pattern.at(row));
            let reader = readers.get(pattern).map_err(wrong(row))?;
            let seconds = match reader.read_with_offset(text.at(row)) {
                Some(((local, _), Some(offset))) => (local - offset) / 1_000,
                // Java's calendar takes the second of two equal times, where `LocalDateTime` takes the first.
                Some(((local, _), None)) => zone.to_later_instant_ms(local) / 1_000,
                None => i64::MIN,
            };
            Ok(Some(seconds))
        })
    }))
}

/// A text of the default form from one zone to another; an unknown zone is UTC, as in Java's `TimeZone.getTimeZone`.
fn convert_zone() -> Compiled {
    let reader = DateReader::new(DEFAULT_PATTERN, Dialect::SimpleDateFormat)?;
    let mut formatter = DateFormatter::new(DEFAULT_PATTERN, Dialect::SimpleDateFormat)?;
    let (mut from_zone, mut to_zone) = (None, None);
    Ok(scalars(move |arguments, frame| {
        let [text, from, to] = [0, 1, 2].map(|index| Texts::of(&arguments[index]));
        build_texts(arguments, frame.rows, |row, out| {
            let Some((local, _)) = reader.read(text.at(row)) else { return Ok(false) };
            let (from, to) = (zone_of(&mut from_zone, from.at(row), row)?, zone_of(&mut to_zone, to.at(row), row)?);
            let millis = to.to_local_ms(from.to_instant_ms(local));
            formatter.write(LocalMoment { millis, nanos_of_milli: 0, offset_ms: 0 }, out);
            Ok(true)
        })
    }))
}

/// A zone and the name it was found by.
type NamedZone = Option<(String, Zone)>;

/// The zone of a name, with the last one kept.
fn zone_of<'a>(last: &'a mut NamedZone, name: &str, row: usize) -> Result<&'a Zone, EvaluationError> {
    let zone = match last.take() {
        Some((known, zone)) if known == name => zone,
        _ => {
            // A bare offset is no name of a zone.
            let offset = name.starts_with(['+', '-']) || name.starts_with("UTC+") || name.starts_with("UTC-");
            let zone = if offset { None } else { Zone::parse(short_zones::full_name(name)) };
            let zone = zone.or_else(|| Zone::parse("UTC"));
            zone.ok_or_else(|| failed(row, format!("no time zone '{name}'")))?
        }
    };
    Ok(&last.insert((name.to_string(), zone)).1)
}

fn to_date(call: &CallSite) -> Compiled {
    let mut readers = readers(call, Dialect::SimpleDateFormat)?;
    Ok(scalars(move |arguments, frame| {
        let text = Texts::of(&arguments[0]);
        let pattern = arguments.get(1).map(Texts::of);
        build_numbers::<Date32Type>(arguments, frame.rows, |row| {
            let days = match pattern {
                None => read_date(text.at(row)),
                Some(pattern) => {
                    let reader = readers.get(pattern.at(row)).map_err(wrong(row))?;
                    reader.read(text.at(row)).map(|(millis, _)| millis.div_euclid(DAY_MS))
                }
            };
            Ok(days.map(|days| days as i32))
        })
    }))
}

/// A timestamp by a pattern of `DateTimeFormatter`, or else, whatever the pattern, in SQL's form.
fn read_by_pattern(reader: &DateReader, text: &str) -> Option<LocalParts> {
    reader.read(text).or_else(|| read_sql_timestamp(text.trim()))
}

fn to_timestamp(call: &CallSite) -> Compiled {
    let mut readers = lenient_readers(call)?;
    let TypeKind::Timestamp(precision) = call.data_type.kind else { return Err(call.not_supported()) };
    Ok(scalars(move |arguments, frame| {
        let text = Texts::of(&arguments[0]);
        let pattern = arguments.get(1).map(Texts::of);
        build_timestamps(arguments, frame.rows, precision, |row| {
            let Some(pattern) = pattern else { return Ok(read_timestamp(text.at(row))) };
            let reader = readers.get(pattern.at(row)).map_err(wrong(row))?;
            Ok(reader.as_ref().and_then(|reader| read_by_pattern(reader, text.at(row))))
        })
    }))
}

/// Readers of patterns; a pattern that Java refuses reads nothing.
fn lenient_readers(call: &CallSite) -> Result<Cached<Option<DateReader>>, CompileError> {
    Cached::new(call, 1, |text| match DateReader::new(text, Dialect::DateTimeFormatter) {
        Ok(reader) => Ok(Some(reader)),
        Err(PatternError::Illegal(_)) => Ok(None),
        Err(error) => Err(error),
    })
}

/// The least and the last instant that Flink has: the years 0 to 9999.
const INSTANTS_MS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// From text in UTC or a zone that is given.
fn to_instant_from_text(call: &CallSite) -> Compiled {
    let TypeKind::TimestampLtz(precision) = call.data_type.kind else { return Err(call.not_supported()) };
    if let Some(pattern) = call.text_literal(1) {
        DateReader::new(pattern, Dialect::DateTimeFormatter).map_err(|error| {
            CompileError::WrongConstant(format!("Invalid pattern for parsing TIMESTAMP_LTZ: {}", error.message()))
        })?;
    }
    if let Some(zone) = call.text_literal(2)
        && Zone::parse(zone).is_none()
    {
        return Err(CompileError::WrongConstant(format!(
            "Invalid timezone for parsing TIMESTAMP_LTZ: Invalid ID for region-based ZoneId, invalid format: {zone}"
        )));
    }
    let mut readers = lenient_readers(call)?;
    let mut last_zone: Option<(String, Option<Zone>)> = None;
    Ok(scalars(move |arguments, frame| {
        let text = Texts::of(&arguments[0]);
        let (pattern, zone) = (arguments.get(1).map(Texts::of), arguments.get(2).map(Texts::of));
        build_timestamps(arguments, frame.rows, precision, |row| {
            let Some(pattern) = pattern else {
                let read = read_timestamp(text.at(row));
                let failure = || failed(row, format!("Text '{}' could not be parsed", text.at(row)));
                return read.map(Some).ok_or_else(failure);
            };
            let reader = readers.get(pattern.at(row)).map_err(wrong(row))?;
            let read = reader.as_ref().and_then(|reader| read_by_pattern(reader, text.at(row)));
            let (Some((local, nanos)), Some(zone)) = (read, zone) else { return Ok(read) };
            let name = zone.at(row);
            if last_zone.as_ref().is_none_or(|(known, _)| known != name) {
                last_zone = Some((name.to_string(), Zone::parse(name)));
            }
            let zone = last_zone.as_ref().and_then(|(_, zone)| zone.as_ref());
            Ok(zone.map(|zone| (zone.to_instant_ms(local), nanos)))
        })
    }))
}

/// From a number of seconds, milliseconds (the default) or finer units since the epoch; NULL beyond the years 0 to 9999.
fn to_instant_from_number(call: &CallSite) -> Compiled {
    let TypeKind::TimestampLtz(precision) = call.data_type.kind else { return Err(call.not_supported()) };
    let kind = call.kind(0).clone();
    Ok(scalars(move |arguments, frame| {
        let numbers = whole_numbers(&arguments[0], &kind)?;
        let number = Numbers::<Int64Type>::of(&numbers);
        let digits = arguments.get(1).map(Numbers::<Int32Type>::of);
        build_timestamps(arguments, frame.rows, precision, |row| {
            let digits = digits.map_or(3, |digits| digits.at(row));
            let Some(digits) = u32::try_from(digits).ok().filter(|digits| *digits <= 9) else {
                return Err(failed(row, format!("The precision value '{digits}' is not between 0 and 9.")));
            };
            Ok(instant_of(number.at(row), digits))
        })
    }))
}

/// A number of units of 10^-digits seconds as milliseconds and nanoseconds.
fn instant_of(number: i64, digits: u32) -> Option<LocalParts> {
    let nanos = i128::from(number) * 10i128.pow(9 - digits);
    let millis = i64::try_from(nanos.div_euclid(1_000_000)).ok()?;
    INSTANTS_MS.contains(&millis).then_some((millis, nanos.rem_euclid(1_000_000) as i64))
}

/// Numbers of any type as BIGINT, cut towards zero; beyond its range the nearest bound.
fn whole_numbers(array: &ArrayRef, kind: &TypeKind) -> Result<ArrayRef, EvaluationError> {
    macro_rules! whole {
        ($type:ty, $convert:expr) => {{
            let values = array.as_primitive::<$type>();
            std::sync::Arc::new(values.unary::<_, Int64Type>($convert)) as ArrayRef
        }};
    }
    Ok(match kind {
        TypeKind::TinyInt => whole!(Int8Type, i64::from),
        TypeKind::SmallInt => whole!(Int16Type, i64::from),
        TypeKind::Int => whole!(Int32Type, i64::from),
        TypeKind::BigInt => ArrayRef::clone(array),
        TypeKind::Float => whole!(Float32Type, |value| value as i64),
        TypeKind::Double => whole!(Float64Type, |value| value as i64),
        TypeKind::Decimal { scale, .. } => {
            let divisor = 10i128.pow(u32::from(*scale));
            let clamp = |value: i128| value.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
            whole!(Decimal128Type, |value| clamp(value / divisor))
        }
        other => return Err(failed(0, format!("TO_TIMESTAMP_LTZ of {other}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_beyond_ten_thousand_years_are_null() {
        assert_eq!(instant_of(1_234, 3), Some((1_234, 0)));
        assert_eq!(instant_of(-100, 0), Some((-100_000, 0)));
        assert_eq!(instant_of(1_234_567, 6), Some((1_234, 567_000)));
        assert_eq!(instant_of(253_402_300_799_999, 3), Some((253_402_300_799_999, 0)));
        assert_eq!(instant_of(253_402_300_800_000, 3), None);
        assert_eq!(instant_of(i64::MAX, 0), None);
    }
}
