//! Constants as written. Values stay text where their type decides how to read them.

use crate::Span;

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    /// `NULL`
    Null,
    /// `TRUE`, `FALSE`
    Boolean(bool),
    /// `UNKNOWN`, the third truth value (a NULL of type BOOLEAN)
    Unknown,
    /// An unsigned number without exponent: digits, with at most one point (`12`, `1.50`, `.5`). INT or BIGINT
    /// without a point, DECIMAL with one. The sign is a unary operator.
    Number(String),
    /// An unsigned number with exponent (`1E3`, `1.5e-3`), of type DOUBLE.
    ApproximateNumber(String),
    /// A character string, escapes and continuations resolved.
    String(String),
    /// `X'0aff'`
    Binary(Vec<u8>),
    /// `DATE '2024-01-31'`: the text between the quotes, unchecked
    Date(String),
    /// `TIME '12:30:00.123'`: the text between the quotes, unchecked
    Time(String),
    /// `TIMESTAMP '2024-01-31 12:30:00'`: the text between the quotes, unchecked
    Timestamp(String),
    /// `TIMESTAMP WITH LOCAL TIME ZONE '..'`: the text between the quotes, unchecked
    TimestampLtz(String),
    /// `INTERVAL '1 02:03' DAY TO MINUTE`
    Interval(IntervalLiteral),
}

/// `INTERVAL [+|-] 'value' qualifier`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IntervalLiteral {
    /// Whether a minus stands before the quotes (the text may have one of its own).
    pub negative: bool,
    /// The text between the quotes, unchecked.
    pub value: String,
    pub qualifier: IntervalQualifier,
}

/// `DAY(3) TO SECOND(6)`: the fields an interval has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IntervalQualifier {
    pub start: TimeUnit,
    /// Digits of the leading field.
    pub precision: Option<u32>,
    pub end: Option<TimeUnit>,
    /// Digits of the fraction of a second.
    pub fractional_precision: Option<u32>,
    pub span: Span,
}

/// A unit of time in EXTRACT, FLOOR, TIMESTAMPADD and intervals. Plurals (`DAYS`) are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    Millennium,
    Century,
    Decade,
    Year,
    IsoYear,
    Quarter,
    Month,
    Week,
    /// `DOY`, day of the year
    DayOfYear,
    /// `DOW`, day of the week from Sunday = 1
    DayOfWeek,
    /// `ISODOW`, day of the week from Monday = 1
    IsoDayOfWeek,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Epoch,
}
