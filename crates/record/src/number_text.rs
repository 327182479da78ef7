//! Numbers as text the way Java writes them: `1.0`, `1.0E10`, `NaN`, `Infinity`, and plain decimals.

use std::fmt::Write;

/// `Double.toString`: plain between 10^-3 and 10^7, else with an exponent; always a digit after the point.
/// Digits are the shortest that read back as the same number (JDK 19 and later; older JDKs sometimes print more).
pub fn double_text(value: f64) -> String {
    if !value.is_finite() {
        return non_finite_text(value);
    }
    java_layout(&format!("{value:e}"), value == 0.0, value.is_sign_negative())
}

/// `Float.toString`.
pub fn float_text(value: f32) -> String {
    if !value.is_finite() {
        return non_finite_text(f64::from(value));
    }
    java_layout(&format!("{value:e}"), value == 0.0, value.is_sign_negative())
}

fn non_finite_text(value: f64) -> String {
    let text = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    text.to_string()
}

/// Lays `[-]d[.ddd]e[-]x` out as Java does.
fn java_layout(scientific: &str, zero: bool, negative: bool) -> String {
    let sign = if negative { "-" } else { "" };
    if zero {
        return format!("{sign}0.0");
    }
    let unsigned = scientific.trim_start_matches('-');
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let body = if (-3..7).contains(&exponent) {
        plain_layout(&digits, exponent)
    } else {
        let rest = if digits.len() > 1 { &digits[1..] } else { "0" };
        format!("{}.{rest}E{exponent}", &digits[..1])
    };
    format!("{sign}{body}")
}

fn plain_layout(digits: &str, exponent: i32) -> String {
    if exponent < 0 {
        let zeros = "0".repeat((-exponent - 1) as usize);
        return format!("0.{zeros}{digits}");
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        format!("{digits}{}.0", "0".repeat(whole - digits.len()))
    } else {
        format!("{}.{}", &digits[..whole], &digits[whole..])
    }
}

/// An unscaled decimal as plain digits with exactly `scale` digits after the point.
pub fn write_decimal(out: &mut String, unscaled: i128, scale: u8) {
    let scale = usize::from(scale);
    if unscaled < 0 {
        out.push('-');
    }
    let digits = unscaled.unsigned_abs().to_string();
    if scale == 0 {
        out.push_str(&digits);
        return;
    }
    let padded =
        if digits.len() <= scale { format!("{}{digits}", "0".repeat(scale + 1 - digits.len())) } else { digits };
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    // Writing to a String cannot fail.
    let _infallible = write!(out, "{whole}.{fraction}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_look_as_in_java() {
        let cases = [
            (1.0, "1.0"),
            (1e10, "1.0E10"),
            (1234567.0, "1234567.0"),
            (12345678.0, "1.2345678E7"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (-0.0, "-0.0"),
            (123.456, "123.456"),
            (f64::NAN, "NaN"),
        ];
        for (value, text) in cases {
            assert_eq!(double_text(value), text);
        }
        assert_eq!(float_text(1.1), "1.1");
    }

    #[test]
    fn decimals_keep_their_scale() {
        let text = |unscaled, scale| {
            let mut out = String::new();
            write_decimal(&mut out, unscaled, scale);
            out
        };
        assert_eq!(text(120, 2), "1.20");
        assert_eq!(text(-5, 3), "-0.005");
        assert_eq!(text(7, 0), "7");
    }
}
