//! Interval literals: sub-fields by their qualifier, checked as in standard SQL.

use flott_expression::Expression;
use flott_record::civil::DAY_MS;
use flott_record::{TypeKind, Value};
use flott_syntax::ast::{IntervalLiteral, IntervalQualifier, TimeUnit};

use crate::bind::expression::call::sql_type;
use crate::error::{Result, SqlError};

/// Digits of the leading field where none are written.
const LEADING_PRECISION_DEFAULT: u32 = 2;

/// The typed interval.
pub(super) fn bind(literal: &IntervalLiteral) -> Result<Expression> {
    let qualifier = &literal.qualifier;
    let text = literal.value.trim();
    let (negative, fields) = match text.as_bytes().first() {
        Some(b'-') => (true, text[1..].trim()),
        Some(b'+') => (false, text[1..].trim()),
        _ => (false, text),
    };
    let total = amount(fields, qualifier, &literal.value)?;
    let total = if negative != literal.negative { -total } else { total };
    of_total(total, qualifier)
}

/// Units of one field: months for years and months, milliseconds for the rest; and whether it counts months.
pub(super) fn unit_size(unit: TimeUnit) -> Option<(i64, bool)> {
    Some(match unit {
        TimeUnit::Year => (12, true),
        TimeUnit::Quarter => (3, true),
        TimeUnit::Month => (1, true),
        TimeUnit::Week => (7 * DAY_MS, false),
        TimeUnit::Day => (DAY_MS, false),
        TimeUnit::Hour => (3_600_000, false),
        TimeUnit::Minute => (60_000, false),
        TimeUnit::Second => (1_000, false),
        TimeUnit::Millisecond => (1, false),
        _ => return None,
    })
}

/// An interval of this many months or milliseconds.
pub(super) fn of_total(total: i64, qualifier: &IntervalQualifier) -> Result<Expression> {
    match unit_size(qualifier.start) {
        Some((_, true)) => {
            let months = i32::try_from(total).map_err(|_| SqlError::at(qualifier.span, "interval out of range"))?;
            Ok(Expression::literal(Value::IntervalYearMonth(months), TypeKind::IntervalYearMonth.not_null()))
        }
        Some((_, false)) => {
            Ok(Expression::literal(Value::IntervalDayTime(total), TypeKind::IntervalDayTime.not_null()))
        }
        None => Err(SqlError::not_supported(qualifier.span, format!("intervals of {}", unit_name(qualifier.start)))),
    }
}

/// A number cast to an interval: a constant counts units of the interval's only field, other numbers count months or milliseconds (`None`: an
/// ordinary cast).
///
/// # Errors
/// The interval has several fields.
pub(super) fn of_number(input: &Expression, qualifier: &IntervalQualifier) -> Result<Option<Expression>> {
    if !input.data_type().kind.is_numeric() {
        return Ok(None);
    }
    if qualifier.end.is_some() {
        let (from, to) = (sql_type(&input.data_type().kind), qualifier_name(qualifier));
        let message = format!("Cast function cannot convert value of type {from} to type INTERVAL {to}");
        return Err(SqlError::at(qualifier.span, message));
    }
    match (input, unit_size(qualifier.start)) {
        (Expression::Literal { value: Value::Int(count), .. }, Some((size, _))) => {
            of_total(i64::from(*count) * size, qualifier).map(Some)
        }
        _ => Ok(None),
    }
}

/// The units from the first to the last field.
fn fields_of(qualifier: &IntervalQualifier) -> Option<Vec<TimeUnit>> {
    const YEAR_MONTH: [TimeUnit; 2] = [TimeUnit::Year, TimeUnit::Month];
    const DAY_TIME: [TimeUnit; 4] = [TimeUnit::Day, TimeUnit::Hour, TimeUnit::Minute, TimeUnit::Second];
    let Some(end) = qualifier.end else { return Some(vec![qualifier.start]) };
    [YEAR_MONTH.as_slice(), DAY_TIME.as_slice()].into_iter().find_map(|units| {
        let from = units.iter().position(|unit| *unit == qualifier.start)?;
        let to = units.iter().position(|unit| *unit == end)?;
        (from < to).then(|| units[from..=to].to_vec())
    })
}

fn amount(text: &str, qualifier: &IntervalQualifier, written: &str) -> Result<i64> {
    let wrong = || {
        let message = format!("Illegal interval literal format '{written}' for INTERVAL {}", qualifier_name(qualifier));
        SqlError::at(qualifier.span, message)
    };
    let units = fields_of(qualifier).ok_or_else(wrong)?;
    let parts = split_fields(text, &units).ok_or_else(wrong)?;
    let mut total: i64 = 0;
    for (position, (unit, part)) in units.iter().zip(&parts).enumerate() {
        let (size, _) = unit_size(*unit)
            .ok_or_else(|| SqlError::not_supported(qualifier.span, format!("intervals of {}", unit_name(*unit))))?;
        let (whole, fraction) = match part.split_once('.') {
            Some((whole, fraction)) if *unit == TimeUnit::Second => (whole, fraction),
            Some(_) => return Err(wrong()),
            None => (*part, ""),
        };
        if !is_digits(whole) || (!fraction.is_empty() && !is_digits(fraction)) {
            return Err(wrong());
        }
        let value: i64 = whole.parse().map_err(|_| wrong())?;
        check_range(position, *unit, value, qualifier)?;
        let millis = &format!("{fraction:0<3}")[..3];
        let millis: i64 = if fraction.is_empty() { 0 } else { millis.parse().map_err(|_| wrong())? };
        total = value.checked_mul(size).and_then(|added| total.checked_add(added + millis)).ok_or_else(wrong)?;
    }
    Ok(total)
}

/// The texts of the fields: `1 02:03:04.5` of DAY TO SECOND, `1-02` of YEAR TO MONTH.
fn split_fields<'t>(text: &'t str, units: &[TimeUnit]) -> Option<Vec<&'t str>> {
    let parts: Vec<&str> = match units {
        [_] => vec![text],
        [TimeUnit::Year, TimeUnit::Month] => text.split('-').collect(),
        [TimeUnit::Day, rest @ ..] if !rest.is_empty() => {
            let (day, time) = text.split_once(' ')?;
            std::iter::once(day).chain(time.trim().split(':')).collect()
        }
        _ => text.split(':').collect(),
    };
    (parts.len() == units.len()).then_some(parts)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first field has a precision, the others the range of a clock.
fn check_range(position: usize, unit: TimeUnit, value: i64, qualifier: &IntervalQualifier) -> Result<()> {
    let precision = qualifier.precision.unwrap_or(LEADING_PRECISION_DEFAULT);
    let limit = match unit {
        _ if position == 0 => 10_i64.checked_pow(precision).unwrap_or(i64::MAX),
        TimeUnit::Month => 12,
        TimeUnit::Hour => 24,
        _ => 60,
    };
    if value < limit {
        return Ok(());
    }
    let name = unit_name(unit);
    let field = if position == 0 { format!("{name}({precision})") } else { name.to_string() };
    let message = format!("Interval field value {value} exceeds precision of {field} field");
    Err(SqlError::at(qualifier.span, message))
}

fn qualifier_name(qualifier: &IntervalQualifier) -> String {
    let precision = qualifier.precision.map_or_else(String::new, |digits| format!("({digits})"));
    let end = qualifier.end.map_or_else(String::new, |end| format!(" TO {}", unit_name(end)));
    format!("{}{precision}{end}", unit_name(qualifier.start))
}

/// A unit's name, as functions take it: `DAY`, `DOY`, `ISODOW`.
pub(super) fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
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
    }
}

#[cfg(test)]
mod tests {
    use flott_syntax::Span;

    use super::*;

    fn bound(value: &str, start: TimeUnit, end: Option<TimeUnit>) -> String {
        let qualifier =
            IntervalQualifier { start, precision: None, end, fractional_precision: None, span: Span::default() };
        let literal = IntervalLiteral { negative: false, value: value.to_string(), qualifier };
        match bind(&literal) {
            Ok(Expression::Literal { value, .. }) => format!("{value:?}"),
            Ok(other) => other.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn fields_add_up() {
        assert_eq!(bound("90", TimeUnit::Second, None), "IntervalDayTime(90000)");
        assert_eq!(bound("1 02:03:04.5", TimeUnit::Day, Some(TimeUnit::Second)), "IntervalDayTime(93784500)");
        assert_eq!(bound("-1-02", TimeUnit::Year, Some(TimeUnit::Month)), "IntervalYearMonth(-14)");
        assert_eq!(bound("2", TimeUnit::Quarter, None), "IntervalYearMonth(6)");
    }

    #[test]
    fn fields_out_of_range_are_refused() {
        assert_eq!(
            bound("100", TimeUnit::Second, None),
            "Interval field value 100 exceeds precision of SECOND(2) field"
        );
        assert_eq!(bound("1:2", TimeUnit::Day, None), "Illegal interval literal format '1:2' for INTERVAL DAY");
    }
}
