//! Literals.

use super::{Text, write_optional};
use crate::ast::{IntervalLiteral, IntervalQualifier, Literal, TimeUnit};
use std::fmt::{Display, Formatter, Result};

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Literal::Null => f.write_str("NULL"),
            Literal::Boolean(true) => f.write_str("TRUE"),
            Literal::Boolean(false) => f.write_str("FALSE"),
            Literal::Unknown => f.write_str("UNKNOWN"),
            Literal::Number(text) | Literal::ApproximateNumber(text) => f.write_str(text),
            Literal::String(text) => write!(f, "{}", Text(text)),
            Literal::Binary(bytes) => {
                f.write_str("X'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("'")
            }
            Literal::Date(text) => write!(f, "DATE {}", Text(text)),
            Literal::Time(text) => write!(f, "TIME {}", Text(text)),
            Literal::Timestamp(text) => write!(f, "TIMESTAMP {}", Text(text)),
            Literal::TimestampLtz(text) => {
                write!(f, "TIMESTAMP WITH LOCAL TIME ZONE {}", Text(text))
            }
            Literal::Interval(interval) => write!(f, "{interval}"),
        }
    }
}

impl Display for IntervalLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let sign = if self.negative { "-" } else { "" };
        write!(f, "INTERVAL {sign}{} {}", Text(&self.value), self.qualifier)
    }
}

impl Display for IntervalQualifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.start)?;
        match (self.precision, self.fractional_precision, self.end) {
            (Some(precision), Some(fraction), None) => write!(f, "({precision}, {fraction})")?,
            (Some(precision), _, _) => write!(f, "({precision})")?,
            (None, _, _) => {}
        }
        write_optional(f, " TO ", self.end.as_ref())?;
        match (self.end, self.fractional_precision) {
            (Some(_), Some(fraction)) => write!(f, "({fraction})"),
            _ => Ok(()),
        }
    }
}

impl Display for TimeUnit {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            TimeUnit::Millennium => "MILLENNIUM",
            TimeUnit::Century => "CENTURY",
            TimeUnit::Decade => "DECADE",
            TimeUnit::Year => "YEAR",
            TimeUnit::IsoYear => "ISOYEAR",
            TimeUnit::Quarter => "QUARTER",
            TimeUnit::Month => "MONTH",
            TimeUnit::Week => "WEEK",
            TimeUnit::DayOfYear => "DOY",
            TimeUnit::DayOfWeek => "DOW",
            TimeUnit::IsoDayOfWeek => "ISODOW",
            TimeUnit::Day => "DAY",
            TimeUnit::Hour => "HOUR",
            TimeUnit::Minute => "MINUTE",
            TimeUnit::Second => "SECOND",
            TimeUnit::Millisecond => "MILLISECOND",
            TimeUnit::Microsecond => "MICROSECOND",
            TimeUnit::Nanosecond => "NANOSECOND",
            TimeUnit::Epoch => "EPOCH",
        })
    }
}
