//! `PRINTF`: Java's `String.format` over constants and columns. Whatever Java refuses is NULL.

use arrow_array::{Array, ArrayRef};
use flott_record::{DataType, TypeKind, Value, value_array};

use crate::evaluator::CompileError;
use crate::functions::constants::{Texts, build_texts, scalars};
use crate::functions::{CallSite, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    if call.name != "PRINTF" {
        return None;
    }
    let has_text = |data_type: &DataType| {
        let nested = matches!(
            data_type.kind,
            TypeKind::Array(_)
                | TypeKind::Map(..)
                | TypeKind::Multiset(_)
                | TypeKind::Row(_)
                | TypeKind::Structured(..)
                | TypeKind::Bitmap
        );
        !nested && !data_type.kind.is_binary()
    };
    if !call.argument_types[1..].iter().all(has_text) {
        return Some(Err(call.not_supported()));
    }
    let types = call.argument_types.clone();
    Some(Ok(scalars(move |arguments, frame| {
        let format = Texts::of(&arguments[0]);
        build_texts(&arguments[..1], frame.rows, |row, out| {
            let values: Vec<Operand> =
                arguments[1..].iter().zip(&types[1..]).map(|(array, kind)| operand(array, row, kind)).collect();
            Ok(write_format(format.at(row), &values, out).is_some())
        })
    })))
}

/// An argument as Java's formatter sees it.
#[derive(Clone, Debug)]
enum Operand {
    Null,
    /// An integer and the bits of its type.
    Integer(i64, u32),
    Real(f64),
    Boolean(bool),
    Text(String),
    /// Of a class that has a text, but is no number for Java (Flink's decimals and timestamps).
    Other(String),
}

fn operand(array: &ArrayRef, row: usize, data_type: &DataType) -> Operand {
    let row = if array.len() == 1 { 0 } else { row };
    match value_array::value_at(array, row, data_type) {
        Value::Null => Operand::Null,
        Value::TinyInt(value) => Operand::Integer(i64::from(value), 8),
        Value::SmallInt(value) => Operand::Integer(i64::from(value), 16),
        Value::Int(value) | Value::Date(value) | Value::Time(value) | Value::IntervalYearMonth(value) => {
            Operand::Integer(i64::from(value), 32)
        }
        Value::BigInt(value) | Value::IntervalDayTime(value) => Operand::Integer(value, 64),
        Value::Float(value) => Operand::Real(value.to_string().parse().unwrap_or(f64::from(value))),
        Value::Double(value) => Operand::Real(value),
        Value::Boolean(value) => Operand::Boolean(value),
        Value::String(text) => Operand::Text(text),
        Value::TimestampLtz(value, precision) => Operand::Other(Value::Timestamp(value, precision).to_string()),
        other => Operand::Other(other.to_string()),
    }
}

/// One `%[index$][flags][width][.precision]conversion`.
#[derive(Debug, Default)]
struct Specifier {
    index: Option<usize>,
    flags: String,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

/// Appends the formatted text; `None` for what Java refuses.
fn write_format(format: &str, values: &[Operand], out: &mut String) -> Option<()> {
    let mut rest = format;
    let mut next = 0;
    while let Some(percent) = rest.find('%') {
        out.push_str(&rest[..percent]);
        let (specifier, after) = parse_specifier(&rest[percent + 1..])?;
        rest = after;
        let body = match specifier.conversion {
            '%' => "%".to_string(),
            'n' => "\n".to_string(),
            _ => {
                let index = specifier.index.unwrap_or(next);
                next += usize::from(specifier.index.is_none());
                convert(&specifier, values.get(index)?)?
            }
        };
        write_padded(&specifier, &body, out);
    }
    out.push_str(rest);
    Some(())
}

fn parse_specifier(text: &str) -> Option<(Specifier, &str)> {
    let mut specifier = Specifier::default();
    let mut rest = text;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let index = digits(rest);
    if index > 0 && rest[index..].starts_with('$') {
        specifier.index = Some(rest[..index].parse::<usize>().ok()?.checked_sub(1)?);
        rest = &rest[index + 1..];
    }
    let flags = rest.bytes().take_while(|byte| b"-#+ 0,(".contains(byte)).count();
    specifier.flags = rest[..flags].to_string();
    rest = &rest[flags..];
    let width = digits(rest);
    if width > 0 {
        specifier.width = rest[..width].parse().ok()?;
        rest = &rest[width..];
    }
    if let Some(after) = rest.strip_prefix('.') {
        let precision = digits(after);
        specifier.precision = Some(after[..precision].parse().ok()?);
        rest = &after[precision..];
    }
    specifier.conversion = rest.chars().next()?;
    let after = &rest[specifier.conversion.len_utf8()..];
    Some((specifier, after))
}

fn convert(specifier: &Specifier, value: &Operand) -> Option<String> {
    let conversion = specifier.conversion.to_ascii_lowercase();
    let body = match (conversion, value) {
        ('b', Operand::Null) => "false".to_string(),
        ('b', Operand::Boolean(value)) => value.to_string(),
        ('b', _) => "true".to_string(),
        ('s' | 'd' | 'x' | 'o' | 'e' | 'f' | 'g' | 'c', Operand::Null) => "null".to_string(),
        ('s', value) => plain_text(value),
        ('c', Operand::Integer(code, 8..=32)) => u32::try_from(*code).ok().and_then(char::from_u32)?.to_string(),
        ('d', Operand::Integer(value, _)) => {
            return Some(signed(specifier, *value < 0, value.unsigned_abs().to_string()));
        }
        ('x', Operand::Integer(value, bits)) => format!("{:x}", masked(*value, *bits)),
        ('o', Operand::Integer(value, bits)) => format!("{:o}", masked(*value, *bits)),
        ('e' | 'f' | 'g', Operand::Real(value)) => return real(specifier, conversion, *value),
        _ => return None,
    };
    let body = match specifier.precision {
        Some(precision) if matches!(conversion, 's' | 'b') => body.chars().take(precision).collect(),
        Some(_) => return None,
        None => body,
    };
    Some(if specifier.conversion.is_ascii_uppercase() { body.to_uppercase() } else { body })
}

fn plain_text(value: &Operand) -> String {
    match value {
        Operand::Null => "null".to_string(),
        Operand::Integer(value, _) => value.to_string(),
        Operand::Real(value) => flott_record::number_text::double_text(*value),
        Operand::Boolean(value) => value.to_string(),
        Operand::Text(text) | Operand::Other(text) => text.clone(),
    }
}

/// The two's complement of a number in the bits of its type.
fn masked(value: i64, bits: u32) -> u64 {
    value as u64 & (u64::MAX >> (64 - bits))
}

/// Sign, grouping and zeros before the digits, as the flags say.
fn signed(specifier: &Specifier, negative: bool, digits: String) -> String {
    let has = |flag| specifier.flags.contains(flag);
    let mut body = if has(',') { grouped(&digits) } else { digits };
    let (before, after) = match negative {
        true if has('(') => ("(", ")"),
        true => ("-", ""),
        false if has('+') => ("+", ""),
        false if has(' ') => (" ", ""),
        false => ("", ""),
    };
    if has('0') {
        let missing = specifier.width.saturating_sub(body.len() + before.len() + after.len());
        body.insert_str(0, &"0".repeat(missing));
    }
    format!("{before}{body}{after}")
}

fn grouped(digits: &str) -> String {
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

fn real(specifier: &Specifier, conversion: char, value: f64) -> Option<String> {
    if !value.is_finite() {
        return Some(flott_record::number_text::double_text(value));
    }
    let precision = specifier.precision.unwrap_or(6);
    let magnitude = value.abs();
    let digits = match conversion {
        'f' => fixed(magnitude, precision),
        'e' => scientific(magnitude, precision),
        _ => {
            let precision = precision.max(1);
            if magnitude != 0.0 && !(1e-4..10f64.powi(precision as i32)).contains(&magnitude) {
                scientific(magnitude, precision - 1)
            } else {
                let exponent = if magnitude == 0.0 { 0 } else { magnitude.log10().floor() as i32 };
                fixed(magnitude, (precision as i32 - 1 - exponent).max(0) as usize)
            }
        }
    };
    let body = signed(specifier, value.is_sign_negative(), digits);
    Some(if specifier.conversion.is_ascii_uppercase() { body.to_uppercase() } else { body })
}

/// Java rounds half up on the shortest decimal that reads back as the number.
fn fixed(value: f64, precision: usize) -> String {
    let shortest = format!("{value}");
    let (whole, fraction) = shortest.split_once('.').unwrap_or((&shortest, ""));
    if fraction.len() <= precision {
        let zeros = "0".repeat(precision - fraction.len());
        return if precision == 0 { whole.to_string() } else { format!("{whole}.{fraction}{zeros}") };
    }
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes().take(precision)).collect();
    if fraction.as_bytes()[precision] >= b'5' {
        round_up(&mut digits);
    }
    let text: String = digits.iter().map(|digit| char::from(*digit)).collect();
    if precision == 0 {
        return text;
    }
    let (whole, fraction) = text.split_at(text.len() - precision);
    format!("{whole}.{fraction}")
}

fn round_up(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

fn scientific(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{exponent:0>2}")
}

fn write_padded(specifier: &Specifier, body: &str, out: &mut String) {
    let missing = specifier.width.saturating_sub(body.chars().count());
    let left = specifier.flags.contains('-');
    if !left {
        out.extend(std::iter::repeat_n(' ', missing));
    }
    out.push_str(body);
    if left {
        out.extend(std::iter::repeat_n(' ', missing));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(format: &str, values: &[Operand]) -> Option<String> {
        let mut out = String::new();
        write_format(format, values, &mut out).map(|()| out)
    }

    fn int(value: i64) -> Operand {
        Operand::Integer(value, 32)
    }

    #[test]
    fn formats_are_those_of_java() {
        let text = |text: &str| Operand::Text(text.to_string());
        assert_eq!(
            format("%5d|%-5s|%05d|%x", &[int(1), text("a"), int(2), int(255)]).as_deref(),
            Some("    1|a    |00002|ff")
        );
        assert_eq!(format("%X|%o|%e", &[int(255), int(8), Operand::Real(1.5)]).as_deref(), Some("FF|10|1.500000e+00"));
        let mixed = [Operand::Real(2.5), Operand::Boolean(true), int(1_234_567), int(5)];
        assert_eq!(format("%.3f|%b|%,d|%+d", &mixed).as_deref(), Some("2.500|true|1,234,567|+5"));
        assert_eq!(format("%2$s %1$s", &[text("a"), text("b")]).as_deref(), Some("b a"));
        assert_eq!(format("%S|%10.3s|", &[text("abc"), text("abcdef")]).as_deref(), Some("ABC|       abc|"));
        assert_eq!(format("%g", &[Operand::Real(0.00012345)]).as_deref(), Some("0.000123450"));
        assert_eq!(format("%(d|% d", &[int(-5), int(5)]).as_deref(), Some("(5)| 5"));
        assert_eq!(format("%d %s", &[Operand::Null, Operand::Null]).as_deref(), Some("null null"));
        assert_eq!(format("%.1f", &[Operand::Real(10.24)]).as_deref(), Some("10.2"));
        assert_eq!(format("%s", &[]), None);
        assert_eq!(format("%d", &[text("a")]), None);
    }
}
