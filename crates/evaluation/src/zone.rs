//! Time zones: between instants and wall-clock time, both in milliseconds.

use std::cell::Cell;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// A time zone by its IANA name or offset.
#[derive(Clone, Debug)]
pub struct Zone {
    zone: TimeZone,
    /// The period of constant offset that was used last: neighbouring rows mostly lie in one.
    period: Cell<Period>,
}

/// An offset and the instants (milliseconds, end exclusive) between which it holds.
#[derive(Clone, Copy, Debug)]
struct Period {
    start_ms: i64,
    end_ms: i64,
    offset_ms: i64,
}

const NO_PERIOD: Period = Period { start_ms: 0, end_ms: 0, offset_ms: 0 };

impl Zone {
    /// Reads `Europe/Berlin`, `UTC`, `Z`, `+02:00`, `GMT+2`, `UTC-03:30`; `None` if there is no such zone.
    pub fn parse(text: &str) -> Option<Zone> {
        let zone = match text {
            "Z" | "UTC" | "GMT" | "UT" => TimeZone::UTC,
            _ => match offset_seconds(text) {
                Some(seconds) => TimeZone::fixed(Offset::from_seconds(seconds).ok()?),
                None => TimeZone::get(text).ok()?,
            },
        };
        Some(Zone { zone, period: Cell::new(NO_PERIOD) })
    }

    /// The wall clock at an instant.
    pub fn to_local_ms(&self, instant_ms: i64) -> i64 {
        instant_ms.saturating_add(self.offset_ms(instant_ms))
    }

    /// The instant of a wall-clock time: the earlier one where the clock shows it twice; where it is skipped, as much later as the
    /// clock jumps (as Java's `LocalDateTime.atZone`).
    pub fn to_instant_ms(&self, local_ms: i64) -> i64 {
        let day_ms = flott_record::civil::DAY_MS;
        // Offsets on both sides of whatever change is near: equal nearly always.
        let before = self.offset_ms(local_ms.saturating_sub(day_ms));
        let after = self.offset_ms(local_ms.saturating_add(day_ms));
        if before == after {
            return local_ms.saturating_sub(before);
        }
        self.precise_instant_ms(local_ms).unwrap_or(local_ms.saturating_sub(before))
    }

    /// [`Zone::to_instant_ms`], but the later instant where the clock shows the time twice.
    pub fn to_later_instant_ms(&self, local_ms: i64) -> i64 {
        let earlier = self.to_instant_ms(local_ms);
        let after = self.offset_ms(local_ms.saturating_add(flott_record::civil::DAY_MS));
        let later = local_ms.saturating_sub(after);
        if later > earlier && self.to_local_ms(later) == local_ms { later } else { earlier }
    }

    /// How far the wall clock is ahead of UTC at an instant. Beyond the years ±9999 the last known offset counts.
    fn offset_ms(&self, instant_ms: i64) -> i64 {
        let period = self.period.get();
        if (period.start_ms..period.end_ms).contains(&instant_ms) {
            return period.offset_ms;
        }
        let clamped = instant_ms.clamp(Timestamp::MIN.as_millisecond() + 1, Timestamp::MAX.as_millisecond() - 1);
        let Ok(timestamp) = Timestamp::from_millisecond(clamped) else { return 0 };
        let offset_ms = i64::from(self.zone.to_offset(timestamp).seconds()) * 1_000;
        // The transition that follows is strictly later; the one that precedes is looked for from one millisecond later, so that
        // an instant on a transition belongs to the period which begins there.
        let next = Timestamp::from_millisecond(clamped + 1).unwrap_or(timestamp);
        let start = self.zone.preceding(next).next().map_or(i64::MIN, |change| change.timestamp().as_millisecond());
        let end = self.zone.following(timestamp).next().map_or(i64::MAX, |change| change.timestamp().as_millisecond());
        self.period.set(Period { start_ms: start, end_ms: end, offset_ms });
        offset_ms
    }

    fn precise_instant_ms(&self, local_ms: i64) -> Option<i64> {
        let at_utc = Timestamp::from_millisecond(local_ms).ok()?;
        let local: DateTime = Offset::UTC.to_datetime(at_utc);
        Some(self.zone.to_ambiguous_timestamp(local).compatible().ok()?.as_millisecond())
    }
}

/// Seconds of `+02:00`, `-3`, `GMT+2`, `UTC-03:30`, `+0230`.
fn offset_seconds(text: &str) -> Option<i32> {
    let rest = ["UTC", "GMT", "UT"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    let (sign, digits) = match rest.as_bytes().first()? {
        b'+' => (1, &rest[1..]),
        b'-' => (-1, &rest[1..]),
        _ => return None,
    };
    let parts: Vec<&str> = if digits.contains(':') {
        digits.split(':').collect()
    } else if digits.len() == 4 && digits.is_ascii() {
        vec![&digits[..2], &digits[2..]]
    } else {
        vec![digits]
    };
    let numbers: Option<Vec<i32>> = parts.iter().map(|part| part.parse().ok()).collect();
    match numbers?.as_slice() {
        [hours] if *hours <= 18 => Some(sign * hours * 3_600),
        [hours, minutes] if *hours <= 18 && *minutes < 60 => Some(sign * (hours * 3_600 + minutes * 60)),
        [hours, minutes, seconds] if *hours <= 18 && *minutes < 60 && *seconds < 60 => {
            Some(sign * (hours * 3_600 + minutes * 60 + seconds))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).expect("a zone")
    }

    #[test]
    fn skipped_and_repeated_times_are_those_of_java() {
        let new_york = zone("America/New_York");
        // 2024-03-10 02:30 does not exist; it is 03:30 in summer time, 07:30 UTC.
        assert_eq!(new_york.to_instant_ms(1_710_037_800_000), 1_710_055_800_000);
        // 2024-11-03 01:30 comes twice; the first is in summer time, 05:30 UTC.
        assert_eq!(new_york.to_instant_ms(1_730_597_400_000), 1_730_611_800_000);
        assert_eq!(new_york.to_later_instant_ms(1_730_597_400_000), 1_730_615_400_000);
        assert_eq!(new_york.to_later_instant_ms(1_710_037_800_000), 1_710_055_800_000);
        assert_eq!(new_york.to_local_ms(0), -18_000_000);
    }

    #[test]
    fn transitions_belong_to_the_period_that_begins() {
        let new_york = zone("America/New_York");
        let spring = 1_710_054_000_000; // 2024-03-10 07:00 UTC
        assert_eq!(new_york.to_local_ms(spring - 1), spring - 1 - 18_000_000);
        assert_eq!(new_york.to_local_ms(spring), spring - 14_400_000);
        assert_eq!(new_york.to_local_ms(spring - 1), spring - 1 - 18_000_000);
    }

    #[test]
    fn offsets_are_zones() {
        assert_eq!(zone("+02:00").to_local_ms(0), 7_200_000);
        assert_eq!(zone("GMT-3").to_local_ms(0), -10_800_000);
        assert_eq!(zone("UTC").to_instant_ms(5), 5);
        assert!(Zone::parse("Mars/Olympus").is_none());
    }
}
