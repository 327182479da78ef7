//! Fields read from a text by a pattern, and the date and time they make.

use flott_record::civil::{DAY_MS, days_from_civil, days_in_month};

use super::calendar::weekday;
use super::pattern::Field;

/// A date and time as read: milliseconds on the wall clock since the epoch, and nanoseconds beyond them.
pub(super) type LocalParts = (i64, i64);

/// What was read. Fields that did not occur are absent.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) year: Option<i64>,
    pub(super) month: Option<i64>,
    pub(super) day: Option<i64>,
    pub(super) day_of_year: Option<i64>,
    pub(super) weekday: Option<i64>,
    pub(super) hour: Option<i64>,
    /// 0 to 11
    pub(super) half_day_hour: Option<i64>,
    pub(super) afternoon: Option<bool>,
    pub(super) minute: Option<i64>,
    pub(super) second: Option<i64>,
    pub(super) nano: Option<i64>,
    pub(super) offset_ms: Option<i64>,
}

impl Fields {
    /// Takes a number; false for a field that is not read.
    pub(super) fn set(&mut self, field: Field, value: i64) -> bool {
        match field {
            Field::Year | Field::ProlepticYear => self.year = Some(value),
            Field::Month => self.month = Some(value),
            Field::Day => self.day = Some(value),
            Field::DayOfYear => self.day_of_year = Some(value),
            Field::Hour => self.hour = Some(value),
            Field::HourFromOne => self.hour = Some(if value == 24 { 0 } else { value }),
            Field::ClockHour => self.half_day_hour = Some(if value == 12 { 0 } else { value }),
            Field::HourOfHalfDay => self.half_day_hour = Some(value),
            Field::Minute => self.minute = Some(value),
            Field::Second => self.second = Some(value),
            Field::Millisecond => self.nano = Some(value * 1_000_000),
            Field::NanoOfSecond => self.nano = Some(value),
            _ => return false,
        }
        true
    }

    /// Whether a number is in its field's range.
    pub(super) fn admits(field: Field, value: i64) -> bool {
        match field {
            Field::Month | Field::ClockHour => (1..=12).contains(&value),
            Field::Day => (1..=31).contains(&value),
            Field::DayOfYear => (1..=366).contains(&value),
            Field::Hour => (0..=23).contains(&value),
            Field::HourFromOne => (1..=24).contains(&value),
            Field::HourOfHalfDay => (0..=11).contains(&value),
            Field::Minute | Field::Second => (0..=59).contains(&value),
            _ => true,
        }
    }

    /// As Java's "smart" resolution with Flink's completion: a day beyond its month's end is the last one; what is missing is
    /// 1970-01-01 00:00; an hour of the half day counts only with AM or PM.
    pub(super) fn resolve_smart(&self) -> Option<LocalParts> {
        let days = match (self.year, self.month, self.day, self.day_of_year) {
            (Some(year), Some(month), Some(day), _) => {
                let last = i64::from(days_in_month(year, month as u32));
                days_from_civil(year, month as u32, day.min(last) as u32)
            }
            (Some(year), None, None, Some(day)) => days_from_civil(year, 1, 1) + day - 1,
            (year, month, day, _) => {
                let (year, month, day) = (year.unwrap_or(1970), month.unwrap_or(1) as u32, day.unwrap_or(1) as u32);
                if day > days_in_month(year, month) {
                    return None;
                }
                days_from_civil(year, month, day)
            }
        };
        let complete = self.year.is_some() && self.day.or(self.day_of_year).is_some();
        if complete && self.weekday.is_some_and(|read| read != weekday(days)) {
            return None;
        }
        let of_half_day = self.half_day_hour.zip(self.afternoon).map(|(hour, pm)| hour + if pm { 12 } else { 0 });
        let hour = self.hour.or(of_half_day).unwrap_or(0);
        Some(self.on_clock(days, hour))
    }

    /// As Java's lenient calendar: each field may be beyond its range and moves the date.
    pub(super) fn resolve_lenient(&self) -> LocalParts {
        let months = self.year.unwrap_or(1970) * 12 + self.month.unwrap_or(1) - 1;
        let first = days_from_civil(months.div_euclid(12), months.rem_euclid(12) as u32 + 1, 1);
        let days = match (self.day, self.day_of_year) {
            (None, Some(day)) => days_from_civil(self.year.unwrap_or(1970), 1, 1) + day - 1,
            (day, _) => first + day.unwrap_or(1) - 1,
        };
        let of_half_day = self.half_day_hour.map(|hour| hour + if self.afternoon == Some(true) { 12 } else { 0 });
        let hour = self.hour.or(of_half_day).unwrap_or(if self.afternoon == Some(true) { 12 } else { 0 });
        self.on_clock(days, hour)
    }

    fn on_clock(&self, days: i64, hour: i64) -> LocalParts {
        let nanos = self.nano.unwrap_or(0);
        let seconds = hour * 3_600 + self.minute.unwrap_or(0) * 60 + self.second.unwrap_or(0);
        (days * DAY_MS + seconds * 1_000 + nanos.div_euclid(1_000_000), nanos.rem_euclid(1_000_000))
    }
}
