//! Constants: numbers get the least of Flink's types that hold them, texts their own length, times the precision that is written.

use flott_expression::Expression;
use flott_record::civil::{DAY_MS, days_from_civil, days_in_month};
use flott_record::data_type::{DECIMAL_PRECISION_MAX, units_per_millisecond};
use flott_record::{TypeKind, Value};
use flott_syntax::ast::Literal;

use crate::bind::expression::interval;
use crate::error::{Result, SqlError};

/// Digits of a second's fraction that TIME keeps.
const TIME_PRECISION_MAX: usize = 9;

/// The typed constant.
pub(super) fn bind(literal: &Literal) -> Result<Expression> {
    let bound = match literal {
        Literal::Null => Expression::literal(Value::Null, TypeKind::Null.nullable()),
        Literal::Unknown => Expression::literal(Value::Null, TypeKind::Boolean.nullable()),
        Literal::Boolean(value) => Expression::literal(Value::Boolean(*value), TypeKind::Boolean.not_null()),
        Literal::Number(text) => number(text)?,
        Literal::ApproximateNumber(text) => {
            let value = text.parse().map_err(|_| SqlError::new(format!("'{text}' is no number")))?;
            Expression::literal(Value::Double(value), TypeKind::Double.not_null())
        }
        Literal::String(text) => {
            let kind = TypeKind::Char(length(text.chars().count())?);
            Expression::literal(Value::String(text.clone()), kind.not_null())
        }
        Literal::Binary(bytes) => {
            let kind = TypeKind::Binary(length(bytes.len())?);
            Expression::literal(Value::Bytes(bytes.clone()), kind.not_null())
        }
        Literal::Date(text) => {
            let days = parse_date(text.trim()).ok_or_else(|| illegal("DATE", text, "yyyy-MM-dd"))?;
            Expression::literal(Value::Date(days as i32), TypeKind::Date.not_null())
        }
        Literal::Time(text) => time(text)?,
        Literal::Timestamp(text) => timestamp(text)?,
        Literal::TimestampLtz(text) => {
            let local = timestamp(text)?;
            let TypeKind::Timestamp(precision) = local.data_type().kind else { return Ok(local) };
            local.cast_to(&TypeKind::TimestampLtz(precision).not_null())
        }
        Literal::Interval(literal) => interval::bind(literal)?,
    };
    Ok(bound)
}

fn length(count: usize) -> Result<u32> {
    i32::try_from(count).map(|count| count as u32).map_err(|_| SqlError::new("the literal is too long"))
}

fn number(text: &str) -> Result<Expression> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}");
    if fraction.is_empty()
        && let Ok(value) = digits.parse::<i64>()
    {
        return Ok(match i32::try_from(value) {
            Ok(value) => Expression::literal(Value::Int(value), TypeKind::Int.not_null()),
            Err(_) => Expression::literal(Value::BigInt(value), TypeKind::BigInt.not_null()),
        });
    }
    let (precision, scale) = (digits.len(), fraction.len());
    if precision > usize::from(DECIMAL_PRECISION_MAX) {
        let message = format!("Numeric literal '{text}' out of range: more than {DECIMAL_PRECISION_MAX} digits");
        return Err(SqlError::new(message));
    }
    let unscaled = digits.parse().map_err(|_| SqlError::new(format!("'{text}' is no number")))?;
    let kind = TypeKind::Decimal { precision: precision as u8, scale: scale as u8 };
    Ok(Expression::literal(Value::Decimal(unscaled, scale as u8), kind.not_null()))
}

fn illegal(what: &str, text: &str, format: &str) -> SqlError {
    SqlError::new(format!("Illegal {what} literal '{text}': not in format '{format}'"))
}

fn time(text: &str) -> Result<Expression> {
    let wrong = || illegal("TIME", text, "HH:mm:ss");
    let (nanos, precision) = parse_time(text.trim()).ok_or_else(wrong)?;
    let millis = (nanos / 1_000_000) as i32;
    Ok(Expression::literal(Value::Time(millis), TypeKind::Time(precision).not_null()))
}

fn timestamp(text: &str) -> Result<Expression> {
    let wrong = || illegal("TIMESTAMP", text, "yyyy-MM-dd HH:mm:ss");
    let (date, time) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let days = parse_date(date).ok_or_else(wrong)?;
    let (nanos, precision) = parse_time(time.trim()).ok_or_else(wrong)?;
    let units = units_per_millisecond(precision);
    let of_day = nanos / (1_000_000 / units);
    let value = days.checked_mul(DAY_MS * units).and_then(|value| value.checked_add(of_day)).ok_or_else(|| {
        SqlError::new(format!("TIMESTAMP literal '{text}' is out of the range of TIMESTAMP({precision})"))
    })?;
    Ok(Expression::literal(Value::Timestamp(value, precision), TypeKind::Timestamp(precision).not_null()))
}

/// Days since 1970-01-01 of `yyyy-MM-dd`; `None` if there is no such day.
fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() > 4 {
        return None;
    }
    let (year, month, day) = (digits(year)?, digits(month)?, digits(day)?);
    let exists = (1..=12).contains(&month) && (1..=days_in_month(year, month as u32)).contains(&(day as u32));
    exists.then(|| days_from_civil(year, month as u32, day as u32))
}

/// Nanoseconds of the day of `HH:mm:ss[.f]`, and how many digits the fraction has.
fn parse_time(text: &str) -> Option<(i64, u8)> {
    let mut parts = text.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (second, fraction) = match second.split_once('.') {
        Some((second, fraction)) => (second, fraction),
        None => (second, ""),
    };
    let (hour, minute, second) = (digits(hour)?, digits(minute)?, digits(second)?);
    if hour > 23 || minute > 59 || second > 59 || fraction.len() > TIME_PRECISION_MAX {
        return None;
    }
    let nanos = if fraction.is_empty() { 0 } else { digits(&format!("{fraction:0<9}"))? };
    let seconds = hour * 3_600 + minute * 60 + second;
    Some((seconds * 1_000_000_000 + nanos, fraction.len() as u8))
}

/// A number of nothing but digits.
fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_and_value(literal: Literal) -> String {
        match bind(&literal) {
            Ok(Expression::Literal { value, data_type }) => format!("{value} {data_type}"),
            Ok(other) => other.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn numbers_have_the_least_type_that_holds_them() {
        let number = |text: &str| type_and_value(Literal::Number(text.to_string()));
        assert_eq!(number("2147483647"), "2147483647 INT NOT NULL");
        assert_eq!(number("2147483648"), "2147483648 BIGINT NOT NULL");
        assert_eq!(number("9223372036854775808"), "9223372036854775808 DECIMAL(19, 0) NOT NULL");
        assert_eq!(number("0.10"), "0.10 DECIMAL(3, 2) NOT NULL");
        assert_eq!(number(".5"), "0.5 DECIMAL(1, 1) NOT NULL");
    }

    #[test]
    fn times_have_the_precision_that_is_written() {
        let timestamp = |text: &str| type_and_value(Literal::Timestamp(text.to_string()));
        assert_eq!(timestamp("2024-02-29 12:34:56"), "2024-02-29T12:34:56 TIMESTAMP(0) NOT NULL");
        assert_eq!(timestamp("1969-12-31 23:59:59.120"), "1969-12-31T23:59:59.120 TIMESTAMP(3) NOT NULL");
        assert_eq!(
            timestamp("2024-02-30 00:00:00"),
            "Illegal TIMESTAMP literal '2024-02-30 00:00:00': not in format 'yyyy-MM-dd HH:mm:ss'"
        );
        assert_eq!(type_and_value(Literal::Time("01:02:03.5".to_string())), "01:02:03.500 TIME(1) NOT NULL");
        assert_eq!(
            type_and_value(Literal::Date("2023-02-29".to_string())),
            "Illegal DATE literal '2023-02-29': not in format 'yyyy-MM-dd'"
        );
    }
}
