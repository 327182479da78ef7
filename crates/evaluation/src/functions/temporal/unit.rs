//! Units of time.

use flott_record::Value;
use flott_record::civil::DAY_MS;

use crate::evaluator::CompileError;
use crate::functions::CallSite;

/// A unit as it stands in `EXTRACT`, `FLOOR … TO`, `TIMESTAMPADD` and `TIMESTAMPDIFF`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Millennium,
    Century,
    Decade,
    Year,
    IsoYear,
    Quarter,
    Month,
    Week,
    Day,
    DayOfYear,
    DayOfWeek,
    IsoDayOfWeek,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Epoch,
}

impl Unit {
    /// Reads a unit, in any case, with or without `SQL_TSI_`; also the names of the functions `DAYOFYEAR` and the like.
    pub(super) fn parse(text: &str) -> Option<Unit> {
        let text = text.to_ascii_uppercase();
        Some(match text.strip_prefix("SQL_TSI_").unwrap_or(&text) {
            "MILLENNIUM" => Unit::Millennium,
            "CENTURY" => Unit::Century,
            "DECADE" => Unit::Decade,
            "YEAR" => Unit::Year,
            "ISOYEAR" => Unit::IsoYear,
            "QUARTER" => Unit::Quarter,
            "MONTH" => Unit::Month,
            "WEEK" => Unit::Week,
            "DAY" | "DAYOFMONTH" => Unit::Day,
            "DOY" | "DAYOFYEAR" => Unit::DayOfYear,
            "DOW" | "DAYOFWEEK" => Unit::DayOfWeek,
            "ISODOW" => Unit::IsoDayOfWeek,
            "HOUR" => Unit::Hour,
            "MINUTE" => Unit::Minute,
            "SECOND" => Unit::Second,
            "MILLISECOND" => Unit::Millisecond,
            "MICROSECOND" => Unit::Microsecond,
            "NANOSECOND" => Unit::Nanosecond,
            "EPOCH" => Unit::Epoch,
            _ => return None,
        })
    }

    /// The constant unit at an argument of a call.
    pub(super) fn of_argument(call: &CallSite, index: usize) -> Result<Unit, CompileError> {
        match call.literal(index) {
            Some(Value::String(text)) => {
                Unit::parse(text).ok_or_else(|| CompileError::NotSupported(format!("unit {text} in {}", call.name)))
            }
            _ => Err(CompileError::NotSupported(format!("{} of a unit that is no constant", call.name))),
        }
    }

    /// Milliseconds of a unit of fixed length, a week at most.
    pub(super) fn millis(self) -> Option<i64> {
        Some(match self {
            Unit::Week => 7 * DAY_MS,
            Unit::Day => DAY_MS,
            Unit::Hour => 3_600_000,
            Unit::Minute => 60_000,
            Unit::Second => 1_000,
            Unit::Millisecond => 1,
            _ => return None,
        })
    }

    /// Months of a unit of varying length.
    pub(super) fn months(self) -> Option<i64> {
        Some(match self {
            Unit::Millennium => 12_000,
            Unit::Century => 1_200,
            Unit::Decade => 120,
            Unit::Year => 12,
            Unit::Quarter => 3,
            Unit::Month => 1,
            _ => return None,
        })
    }
}
