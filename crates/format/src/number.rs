//! Numbers from text and back, in the forms that Java's `parseInt`, `parseDouble` and `BigDecimal` take and give.

use flott_record::number_text;

/// The text without what `String.trim` cuts: everything up to and including the blank.
pub fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| *byte > b' ').unwrap_or(text.len());
    let end = text.iter().rposition(|byte| *byte > b' ').map_or(start, |last| last + 1);
    &text[start..end]
}

/// `Long.parseLong`: an optional sign and digits; `None` if it is no number or too large.
#[inline]
pub fn parse_long(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value: i64 = 0;
    if digits.len() <= 18 {
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value = value * 10 + i64::from(digit);
        }
        return Some(if negative { -value } else { value });
    }
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // Counted downwards, as the smallest number has no positive counterpart.
        value = value.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

/// `Double.parseDouble`, without hexadecimal numbers.
pub fn parse_double(text: &[u8]) -> Option<f64> {
    let text = float_text(text)?;
    match non_finite(text) {
        Some(value) => Some(value),
        None => text.parse().ok(),
    }
}

/// `Float.parseFloat`, without hexadecimal numbers.
pub fn parse_float(text: &[u8]) -> Option<f32> {
    let text = float_text(text)?;
    match non_finite(text) {
        Some(value) => Some(value as f32),
        None => text.parse().ok(),
    }
}

/// A float's text without Java's suffix, if it is a number or one of Java's words: Rust would take others (`inf`) too.
fn float_text(text: &[u8]) -> Option<&str> {
    let plain = match text.split_last()? {
        (b'f' | b'F' | b'd' | b'D', rest) => rest,
        _ => text,
    };
    let numeric = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    let is_number = plain.iter().all(numeric) && plain.iter().any(u8::is_ascii_digit);
    let chosen = if is_number { plain } else { text };
    let text = std::str::from_utf8(chosen).ok()?;
    (is_number || non_finite(text).is_some()).then_some(text)
}

fn non_finite(text: &str) -> Option<f64> {
    match text {
        "NaN" | "+NaN" | "-NaN" => Some(f64::NAN),
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// A decimal read from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimal {
    /// The unscaled number at the wanted scale.
    Value(i128),
    /// A number with more digits than the type has; it reads as NULL, as in Flink.
    TooLarge,
}

/// `new BigDecimal(text)` at a precision and scale, rounded half up; `None` if it is no number.
pub fn parse_decimal(text: &[u8], precision: u8, scale: u8) -> Option<Decimal> {
    let (negative, rest) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let exponent_at = rest.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match exponent_at {
        Some(at) => (&rest[..at], i64::from(i32::try_from(parse_long(&rest[at + 1..])?).ok()?)),
        None => (rest, 0),
    };
    let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
    let fraction = mantissa.get(point + 1..).unwrap_or_default();
    let digits = || mantissa[..point].iter().chain(fraction);
    if digits().next().is_none() || !digits().all(u8::is_ascii_digit) {
        return None;
    }
    // How many of the digits stand before the wanted scale ends.
    let kept = point as i64 + exponent + i64::from(scale);
    let all = (point + fraction.len()) as i64;
    let mut value: i128 = 0;
    let push = |value: i128, digit: u8| value.checked_mul(10).and_then(|value| value.checked_add(i128::from(digit)));
    for byte in digits().take(kept.clamp(0, all) as usize) {
        match push(value, byte - b'0') {
            Some(next) => value = next,
            None => return Some(Decimal::TooLarge),
        }
    }
    for _ in all..kept {
        if value == 0 {
            break;
        }
        match push(value, 0) {
            Some(next) => value = next,
            None => return Some(Decimal::TooLarge),
        }
    }
    if (0..all).contains(&kept) && digits().nth(kept as usize).is_some_and(|byte| *byte >= b'5') {
        value += 1;
    }
    if value >= 10_i128.pow(u32::from(precision)) {
        return Some(Decimal::TooLarge);
    }
    Some(Decimal::Value(if negative { -value } else { value }))
}

/// Appends an integer.
pub fn write_long(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends `Double.toString`.
pub fn write_double(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(number_text::double_text(value).as_bytes());
}

/// Appends `Float.toString`.
pub fn write_float(out: &mut Vec<u8>, value: f32) {
    out.extend_from_slice(number_text::float_text(value).as_bytes());
}

/// How a decimal is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalForm {
    /// All digits of the scale: `1.50`.
    Plain,
    /// Without trailing zeros, never with an exponent: `1.5`, `100`.
    StrippedPlain,
    /// `BigDecimal.toString` without trailing zeros: `1.5`, `1E+2`, `1E-10`.
    Stripped,
}

/// Appends a decimal.
pub fn write_decimal(out: &mut Vec<u8>, unscaled: i128, scale: u8, form: DecimalForm) {
    let (mut value, mut scale) = (unscaled, i32::from(scale));
    if form != DecimalForm::Plain {
        if value == 0 {
            scale = 0;
        }
        while value != 0 && value % 10 == 0 {
            value /= 10;
            scale -= 1;
        }
    }
    if form != DecimalForm::Stripped && scale < 0 {
        value *= 10_i128.pow(scale.unsigned_abs());
        scale = 0;
    }
    let digits = value.unsigned_abs().to_string();
    let adjusted = digits.len() as i32 - 1 - scale;
    if scale < 0 || (form == DecimalForm::Stripped && adjusted < -6) {
        if value < 0 {
            out.push(b'-');
        }
        let (first, rest) = digits.split_at(1);
        out.extend_from_slice(first.as_bytes());
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest.as_bytes());
        }
        out.extend_from_slice(if adjusted < 0 { b"E" } else { b"E+" });
        write_long(out, i64::from(adjusted));
        return;
    }
    let mut text = String::new();
    number_text::write_decimal(&mut text, value, scale as u8);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_those_of_java() {
        let cases: [(&str, Option<i64>); 10] = [
            ("0", Some(0)),
            ("+7", Some(7)),
            ("-007", Some(-7)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("", None),
            ("-", None),
            ("1.0", None),
            ("1_0", None),
        ];
        for (text, value) in cases {
            assert_eq!(parse_long(text.as_bytes()), value, "{text}");
        }
        assert_eq!(trim(b" \t5 \n"), b"5");
        assert_eq!(trim(b"  "), b"");
    }

    #[test]
    fn floats_are_those_of_java() {
        assert_eq!(parse_double(b"1.5f"), Some(1.5));
        assert_eq!(parse_double(b".5"), Some(0.5));
        assert_eq!(parse_double(b"5."), Some(5.0));
        assert_eq!(parse_double(b"1e400"), Some(f64::INFINITY));
        assert_eq!(parse_double(b"-Infinity"), Some(f64::NEG_INFINITY));
        assert!(parse_double(b"NaN").is_some_and(f64::is_nan));
        assert_eq!(parse_float(b"1e50"), Some(f32::INFINITY));
        for text in ["inf", "nan", "", "f", "e5", "1e", "1 2", "--1", "infinity", "0x1p3"] {
            assert_eq!(parse_double(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn decimals_are_rounded_half_up_and_overflow_to_null() {
        let read = |text: &str| parse_decimal(text.as_bytes(), 4, 1);
        assert_eq!(read("1.25"), Some(Decimal::Value(13)));
        assert_eq!(read("-1.25"), Some(Decimal::Value(-13)));
        assert_eq!(read("1e2"), Some(Decimal::Value(1_000)));
        assert_eq!(read("0.04"), Some(Decimal::Value(0)));
        assert_eq!(read("0.5e-1"), Some(Decimal::Value(1)));
        assert_eq!(read("12345"), Some(Decimal::TooLarge));
        assert_eq!(read("999.95"), Some(Decimal::TooLarge));
        assert_eq!(read("1e99999"), Some(Decimal::TooLarge));
        assert_eq!(read("0e99999"), Some(Decimal::Value(0)));
        assert_eq!(read("1e-99999"), Some(Decimal::Value(0)));
        for text in ["", ".", "-", " 1", "1e", "1.2.3", "x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_are_written_as_big_decimals() {
        let text = |unscaled, scale, form| {
            let mut out = Vec::new();
            write_decimal(&mut out, unscaled, scale, form);
            String::from_utf8(out).expect("ASCII")
        };
        assert_eq!(text(1_500, 3, DecimalForm::Stripped), "1.5");
        assert_eq!(text(1, 10, DecimalForm::Stripped), "1E-10");
        assert_eq!(text(12, 11, DecimalForm::Stripped), "1.2E-10");
        assert_eq!(text(-10_000, 2, DecimalForm::Stripped), "-1E+2");
        assert_eq!(text(10_000, 2, DecimalForm::StrippedPlain), "100");
        assert_eq!(text(0, 2, DecimalForm::Stripped), "0");
        assert_eq!(text(1_500, 3, DecimalForm::Plain), "1.500");
        assert_eq!(text(5, 6, DecimalForm::Stripped), "0.000005");
        let mut out = Vec::new();
        write_long(&mut out, i64::MIN);
        write_long(&mut out, 0);
        assert_eq!(out, b"-92233720368547758080");
    }
}
