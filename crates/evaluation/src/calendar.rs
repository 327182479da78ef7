//! Months and days: adding and counting months as Calcite does.

use flott_record::civil::{DAY_MS, civil_from_days, days_from_civil, days_in_month};

/// The day so many months later (or earlier); the month's last day if it has no such day.
pub(crate) fn add_months(days: i64, months: i64) -> i64 {
    let (year, month, day) = civil_from_days(days);
    let count = year * 12 + i64::from(month) - 1 + months;
    let (year, month) = (count.div_euclid(12), count.rem_euclid(12) as u32 + 1);
    days_from_civil(year, month, day.min(days_in_month(year, month)))
}

/// Whole months from the second moment to the first, both in milliseconds of the wall clock.
pub(crate) fn months_between(later_ms: i64, earlier_ms: i64) -> i64 {
    let (later, later_of_day) = (later_ms.div_euclid(DAY_MS), later_ms.rem_euclid(DAY_MS));
    let (earlier, earlier_of_day) = (earlier_ms.div_euclid(DAY_MS), earlier_ms.rem_euclid(DAY_MS));
    let months = months_between_days(later, earlier);
    let same_day = add_months(earlier, months) == later;
    if same_day && later_of_day < earlier_of_day { months - 1 } else { months }
}

/// Whole months from the second day to the first.
pub(crate) fn months_between_days(later: i64, earlier: i64) -> i64 {
    if later < earlier {
        return -months_between_days(earlier, later);
    }
    // No month has more than 31 days, so this is never too many.
    let mut months = (later - earlier) / 31;
    while add_months(earlier, months) < later && add_months(earlier, months + 1) <= later {
        months += 1;
    }
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_on_their_last_day() {
        let january = days_from_civil(2024, 1, 31);
        assert_eq!(civil_from_days(add_months(january, 1)), (2024, 2, 29));
        assert_eq!(civil_from_days(add_months(january, -14)), (2022, 11, 30));
        assert_eq!(months_between_days(days_from_civil(2024, 2, 29), january), 1);
        assert_eq!(months_between_days(january, days_from_civil(2023, 12, 31)), 1);
        assert_eq!(months_between_days(days_from_civil(2023, 12, 31), january), -1);
    }
}
