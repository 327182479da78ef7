//! Numbers as text the way Java writes them: `1.0`, `1.0E10`, `NaN`, `Infinity`, and plain decimals.

use std::fmt::{self, Write};

/// Digits of a number, without an allocation.
struct Digits {
    bytes: [u8; Digits::CAPACITY],
    length: usize,
}

impl Digits {
    /// Bytes of the longest text: a 128-bit integer has 39 digits, a double in scientific form at most 24 characters.
    const CAPACITY: usize = 40;

    fn of(arguments: fmt::Arguments<'_>) -> Digits {
        let mut digits = Digits { bytes: [0; Digits::CAPACITY], length: 0 };
        // The capacity holds every number.
        let _infallible = digits.write_fmt(arguments);
        digits
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or("")
    }
}

impl fmt::Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// `Double.toString`: plain between 10^-3 and 10^7, else with an exponent; always a digit after the point.
/// Digits are the shortest that read back as the same number (JDK 19 and later; older JDKs sometimes print more).
pub fn double_text(value: f64) -> String {
    let mut out = String::new();
    write_double(&mut out, value);
    out
}

/// `Float.toString`.
pub fn float_text(value: f32) -> String {
    let mut out = String::new();
    write_float(&mut out, value);
    out
}

/// Appends [`double_text`].
pub fn write_double(out: &mut String, value: f64) {
    if value.is_finite() && value != 0.0 {
        let digits = Digits::of(format_args!("{value:e}"));
        java_layout(
            out,
            nearer(digits, Digits::of(format_args!("{value:.1e}")), |text| text.parse() == Ok(value)).text(),
        );
    } else {
        write_special(out, value);
    }
}

/// Appends [`float_text`].
pub fn write_float(out: &mut String, value: f32) {
    if value.is_finite() && value != 0.0 {
        let digits = Digits::of(format_args!("{value:e}"));
        java_layout(
            out,
            nearer(digits, Digits::of(format_args!("{value:.1e}")), |text| text.parse() == Ok(value)).text(),
        );
    } else {
        write_special(out, f64::from(value));
    }
}

/// Where one digit is enough Java takes the two digits that come nearest: `4.9E-324`, not `5.0E-324`.
fn nearer(shortest: Digits, two: Digits, reads_back: impl Fn(&str) -> bool) -> Digits {
    let closer = !two.text().contains(".0e") && !shortest.text().contains('.') && reads_back(two.text());
    if closer { two } else { shortest }
}

fn write_special(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("NaN");
        return;
    }
    if value.is_sign_negative() {
        out.push('-');
    }
    out.push_str(if value == 0.0 { "0.0" } else { "Infinity" });
}

/// Lays `[-]d[.ddd]e[-]x` out as Java does.
fn java_layout(out: &mut String, scientific: &str) {
    let unsigned = scientific.trim_start_matches('-');
    if unsigned.len() < scientific.len() {
        out.push('-');
    }
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    match exponent {
        -3..0 => {
            out.push_str("0.");
            push_zeros(out, (-exponent - 1) as usize);
            out.push_str(first);
            out.push_str(rest);
        }
        0..7 => {
            let whole = (exponent as usize).min(rest.len());
            out.push_str(first);
            out.push_str(&rest[..whole]);
            push_zeros(out, exponent as usize - whole);
            out.push('.');
            out.push_str(if rest.len() > whole { &rest[whole..] } else { "0" });
        }
        _ => {
            out.push_str(first);
            out.push('.');
            out.push_str(if rest.is_empty() { "0" } else { rest });
            let _infallible = write!(out, "E{exponent}");
        }
    }
}

fn push_zeros(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n('0', count));
}

/// An unscaled decimal as plain digits with exactly `scale` digits after the point.
pub fn write_decimal(out: &mut String, unscaled: i128, scale: u8) {
    let scale = usize::from(scale);
    if unscaled < 0 {
        out.push('-');
    }
    let digits = Digits::of(format_args!("{}", unscaled.unsigned_abs()));
    let digits = digits.text();
    if digits.len() <= scale {
        out.push_str("0.");
        push_zeros(out, scale - digits.len());
        out.push_str(digits);
        return;
    }
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    out.push_str(whole);
    if scale > 0 {
        out.push('.');
        out.push_str(fraction);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_look_as_in_java() {
        let cases = [
            (1.0, "1.0"),
            (0.4, "0.4"),
            (4.9e-324, "4.9E-324"),
            (1e10, "1.0E10"),
            (1234567.0, "1234567.0"),
            (12345678.0, "1.2345678E7"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (-0.0, "-0.0"),
            (123.456, "123.456"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (1.5e-3, "0.0015"),
            (-9_999_999.5, "-9999999.5"),
            (f64::MIN_POSITIVE, "2.2250738585072014E-308"),
            (100.0, "100.0"),
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
        assert_eq!(text(0, 2), "0.00");
        assert_eq!(text(i128::MIN, 38), "-1.70141183460469231731687303715884105728");
    }
}
