//! Durations in Flink's forms: `10 s`, `1min`, `500 ms`, `PT10S`.

use std::time::Duration;

use crate::value::Expected;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Units with their labels, longest unit first, and their length in nanoseconds.
const UNITS: [(&[&str], u128); 7] = [
    (&["d", "day", "days"], 86_400 * NANOS_PER_SECOND),
    (&["h", "hour", "hours"], 3_600 * NANOS_PER_SECOND),
    (&["min", "m", "minute", "minutes"], 60 * NANOS_PER_SECOND),
    (&["s", "sec", "secs", "second", "seconds"], NANOS_PER_SECOND),
    (&["ms", "milli", "millis", "millisecond", "milliseconds"], 1_000_000),
    (&["µs", "micro", "micros", "microsecond", "microseconds"], 1_000),
    (&["ns", "nano", "nanos", "nanosecond", "nanoseconds"], 1),
];

fn refused() -> Expected {
    Expected("a duration such as '500 ms', '10 s', '1 min', '2 h', '1 d' or 'PT10S'".to_string())
}

/// Reads a duration: a whole number and a unit (milliseconds where it is left out), or the ISO-8601 form.
///
/// # Errors
/// The form that was expected.
pub fn parse_duration(text: &str) -> Result<Duration, Expected> {
    let trimmed = text.trim();
    if trimmed.starts_with(['P', 'p']) {
        return parse_iso(trimmed).ok_or_else(refused);
    }
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = trimmed[..digits].parse().map_err(|_| refused())?;
    let unit = trimmed[digits..].trim().to_lowercase();
    let nanos_per_unit = if unit.is_empty() {
        1_000_000
    } else {
        let known = UNITS.iter().find(|(labels, _)| labels.contains(&unit.as_str()));
        known.map(|(_, nanos)| *nanos).ok_or_else(refused)?
    };
    from_nanos(u128::from(number) * nanos_per_unit).ok_or_else(refused)
}

fn from_nanos(nanos: u128) -> Option<Duration> {
    let seconds = u64::try_from(nanos / NANOS_PER_SECOND).ok()?;
    Some(Duration::new(seconds, (nanos % NANOS_PER_SECOND) as u32))
}

/// `PnDTnHnMn.nS`, each part optional but not all; none negative.
fn parse_iso(text: &str) -> Option<Duration> {
    let upper = text.to_ascii_uppercase();
    let body = upper.strip_prefix('P')?;
    let (days, times) = match body.split_once('T') {
        Some((_, "")) => return None,
        Some((days, times)) => (days, times),
        None => (body, ""),
    };
    if days.is_empty() && times.is_empty() {
        return None;
    }
    let mut nanos: u128 = 0;
    if !days.is_empty() {
        nanos += days.strip_suffix('D')?.parse::<u32>().ok().map(u128::from)? * UNITS[0].1;
    }
    let mut rest = times;
    for (designator, nanos_per_unit) in [('H', UNITS[1].1), ('M', UNITS[2].1)] {
        if let Some((number, after)) = rest.split_once(designator) {
            nanos += number.parse::<u32>().ok().map(u128::from)? * nanos_per_unit;
            rest = after;
        }
    }
    if !rest.is_empty() {
        nanos += seconds_as_nanos(rest.strip_suffix('S')?)?;
    }
    from_nanos(nanos)
}

fn seconds_as_nanos(text: &str) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: u64 = whole.parse().ok()?;
    let fraction_nanos: u128 = format!("{fraction:0<9}").parse().ok()?;
    Some(u128::from(seconds) * NANOS_PER_SECOND + fraction_nanos)
}

/// Writes a duration with the longest unit that holds it exactly, as Flink does: `1 min`, `1500 ms`; zero is `0 ms`.
pub fn format_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0 ms".to_string();
    }
    let exact = UNITS.iter().find(|(_, nanos_per_unit)| nanos.is_multiple_of(*nanos_per_unit));
    match exact {
        Some((labels, nanos_per_unit)) => format!("{} {}", nanos / nanos_per_unit, labels[0]),
        None => format!("{nanos} ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        for (text, millis) in [
            ("10 s", 10_000),
            ("1min", 60_000),
            ("500 ms", 500),
            ("5 m", 300_000),
            ("250", 250),
            ("2 HOURS", 7_200_000),
            ("1d", 86_400_000),
            ("PT10S", 10_000),
            ("pt1.5s", 1_500),
            ("P1DT2H3M", 93_780_000),
            ("0 ms", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(parse_duration("7 µs"), Ok(Duration::from_micros(7)));
    }

    #[test]
    fn refuses_what_is_none() {
        for text in
            ["", "s", "-1 s", "1.5 s", "1 parsec", "P", "PT", "PT-1S", "P1H", "99999999999999999999 s", "PT1.x5S"]
        {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn writes_the_longest_exact_unit_and_reads_it_back() {
        for (millis, text) in [(60_000, "1 min"), (1_500, "1500 ms"), (86_400_000, "1 d"), (0, "0 ms")] {
            assert_eq!(format_duration(Duration::from_millis(millis)), text);
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)));
        }
    }
}
