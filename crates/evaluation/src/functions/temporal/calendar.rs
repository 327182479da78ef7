//! Weeks and parts of a date, from days since 1970-01-01.

use flott_record::civil::{civil_from_days, days_from_civil};

/// Day of the week, Sunday is 0.
pub(super) fn weekday(days: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    (days + 4).rem_euclid(7)
}

/// Day of the week, Monday is 1, Sunday 7.
pub(super) fn iso_weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// Day of the year, from 1.
pub(super) fn day_of_year(days: i64) -> i64 {
    let (year, ..) = civil_from_days(days);
    days - days_from_civil(year, 1, 1) + 1
}

/// Year and week by ISO 8601: weeks begin on Monday, the first one has the year's first Thursday.
pub(super) fn iso_year_and_week(days: i64) -> (i64, i64) {
    let thursday = days - iso_weekday(days) + 4;
    let (year, ..) = civil_from_days(thursday);
    (year, (thursday - days_from_civil(year, 1, 1)) / 7 + 1)
}

/// Year and week as in the United States: weeks begin on Sunday, the first one has 1 January.
pub(super) fn us_year_and_week(days: i64) -> (i64, i64) {
    let saturday = days - weekday(days) + 6;
    let (year, ..) = civil_from_days(saturday);
    let first_saturday = {
        let first = days_from_civil(year, 1, 1);
        first - weekday(first) + 6
    };
    (year, (saturday - first_saturday) / 7 + 1)
}

/// Week of the month as in the United States: weeks begin on Sunday, the first one has the first day.
pub(super) fn us_week_of_month(days: i64) -> i64 {
    let (year, month, day) = civil_from_days(days);
    let first = weekday(days_from_civil(year, month, 1));
    (i64::from(day) - 1 + first) / 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_iso_weeks() {
        assert_eq!(iso_year_and_week(days_from_civil(2021, 1, 1)), (2020, 53));
        assert_eq!(iso_year_and_week(days_from_civil(1950, 1, 1)), (1949, 52));
        assert_eq!(iso_year_and_week(days_from_civil(1969, 12, 31)), (1970, 1));
        assert_eq!(us_year_and_week(days_from_civil(2024, 2, 29)), (2024, 9));
        assert_eq!(us_week_of_month(days_from_civil(2024, 2, 29)), 5);
    }
}
