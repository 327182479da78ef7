//! Arithmetic of DECIMAL: 128-bit unscaled numbers of at most 38 digits, rounded half up, NULL where they overflow.

use arrow_buffer::i256;

/// Ten to the power of 0..=38.
const POWERS: [i128; 39] = {
    let mut powers = [1i128; 39];
    let mut index = 1;
    while index < 39 {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

/// Ten to a power of at most 38.
pub(crate) fn power_of_ten(exponent: u8) -> i128 {
    POWERS[usize::from(exponent)]
}

/// The number if it has at most `precision` digits.
pub(crate) fn fit(unscaled: i128, precision: u8) -> Option<i128> {
    (unscaled.unsigned_abs() < power_of_ten(precision).unsigned_abs()).then_some(unscaled)
}

/// The number at another scale, rounded half up; `None` if it then has more than `precision` digits.
pub(crate) fn rescale(unscaled: i128, from_scale: u8, precision: u8, scale: u8) -> Option<i128> {
    let scaled = if scale >= from_scale {
        unscaled.checked_mul(power_of_ten(scale - from_scale))?
    } else {
        divide_half_up(unscaled, power_of_ten(from_scale - scale))
    };
    fit(scaled, precision)
}

/// The quotient rounded half up (away from zero). The divisor is not 0.
pub(crate) fn divide_half_up(dividend: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    let (rest, size) = (remainder.unsigned_abs(), divisor.unsigned_abs());
    if rest < size - rest {
        return quotient;
    }
    if (dividend < 0) == (divisor < 0) { quotient + 1 } else { quotient - 1 }
}

/// The whole part, towards zero.
pub(crate) fn truncate(unscaled: i128, scale: u8) -> i128 {
    unscaled / power_of_ten(scale)
}

/// `a + b` of these scales at another precision and scale; through 256 bits where 128 do not suffice.
pub(crate) fn add(left: i128, s1: u8, right: i128, s2: u8, precision: u8, scale: u8) -> Option<i128> {
    let common = s1.max(s2);
    let align = |number: i128, from: u8| number.checked_mul(power_of_ten(common - from));
    if let (Some(a), Some(b)) = (align(left, s1), align(right, s2))
        && let Some(sum) = a.checked_add(b)
    {
        return rescale(sum, common, precision, scale);
    }
    let wide = |number: i128, from: u8| wide_power(i256::from_i128(number), i32::from(common - from));
    let sum = wide(left, s1)?.checked_add(wide(right, s2)?)?;
    wide_rescale(sum, i32::from(common), i32::from(scale), precision)
}

/// `a * b` of scale `from_scale` at another scale; through 256 bits where 128 do not suffice.
pub(crate) fn multiply(left: i128, right: i128, from_scale: u8, precision: u8, scale: u8) -> Option<i128> {
    match left.checked_mul(right) {
        Some(product) if scale <= from_scale && from_scale - scale <= 38 => {
            rescale(product, from_scale, precision, scale)
        }
        _ => {
            let product = i256::from_i128(left).checked_mul(i256::from_i128(right))?;
            wide_rescale(product, i32::from(from_scale), i32::from(scale), precision)
        }
    }
}

/// `a / b` at a scale: `left * 10^shift / right`, where `shift` is the result's scale plus the divisor's less the dividend's. The divisor
/// is not 0.
pub(crate) fn divide(left: i128, right: i128, shift: i32, precision: u8) -> Option<i128> {
    if let Ok(up) = u8::try_from(shift)
        && up <= 38
        && let Some(dividend) = left.checked_mul(power_of_ten(up))
    {
        return fit(divide_half_up(dividend, right), precision);
    }
    let (dividend, divisor) = if shift >= 0 {
        (wide_power(i256::from_i128(left), shift)?, i256::from_i128(right))
    } else {
        (i256::from_i128(left), wide_power(i256::from_i128(right), -shift)?)
    };
    fit(wide_half_up(dividend, divisor)?.to_i128()?, precision)
}

fn wide_power(number: i256, exponent: i32) -> Option<i256> {
    (0..exponent).try_fold(number, |number, _| number.checked_mul(i256::from_i128(10)))
}

fn wide_rescale(number: i256, from_scale: i32, scale: i32, precision: u8) -> Option<i128> {
    let scaled = if scale >= from_scale {
        wide_power(number, scale - from_scale)?
    } else {
        wide_half_up(number, wide_power(i256::ONE, from_scale - scale)?)?
    };
    fit(scaled.to_i128()?, precision)
}

fn wide_half_up(dividend: i256, divisor: i256) -> Option<i256> {
    let quotient = dividend.checked_div(divisor)?;
    let rest = dividend.checked_rem(divisor)?.wrapping_abs();
    let size = divisor.wrapping_abs();
    if rest < size.checked_sub(rest)? {
        return Some(quotient);
    }
    let one = i256::ONE;
    if dividend.is_negative() == divisor.is_negative() { quotient.checked_add(one) } else { quotient.checked_sub(one) }
}

/// Text that is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotANumber;

/// Reads `-12.340`, `+.5`, `1e-3` at a precision and scale, rounded half up; `Ok(None)` if it overflows.
pub(crate) fn parse(text: &str, precision: u8, scale: u8) -> Result<Option<i128>, NotANumber> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.as_bytes() {
        [b'-', ..] => (true, &mantissa[1..]),
        [b'+', ..] => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = || whole.bytes().chain(fraction.bytes());
    if whole.len() + fraction.len() == 0 || !all().all(|digit| digit.is_ascii_digit()) {
        return Err(NotANumber);
    }
    // How many of the digits lie before the place at which the result ends.
    let kept = whole.len() as i64 + exponent + i64::from(scale);
    let mut unscaled: i128 = 0;
    let mut read = 0;
    for digit in all() {
        if read >= kept {
            let up = read == kept && digit >= b'5';
            unscaled += i128::from(up);
            break;
        }
        read += 1;
        let Some(next) = unscaled.checked_mul(10).and_then(|tens| tens.checked_add(i128::from(digit - b'0'))) else {
            return Ok(None);
        };
        unscaled = next;
    }
    let missing = kept.saturating_sub(read);
    if missing > 0 && unscaled != 0 && read < kept {
        let power = u8::try_from(missing).ok().filter(|power| *power <= 38);
        let Some(scaled) = power.and_then(|power| unscaled.checked_mul(power_of_ten(power))) else { return Ok(None) };
        unscaled = scaled;
    }
    Ok(fit(if negative { -unscaled } else { unscaled }, precision))
}

fn parse_exponent(text: &str) -> Result<i64, NotANumber> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(NotANumber);
    }
    let exponent: i64 = digits.parse().map_err(|_| NotANumber)?;
    Ok(if text.starts_with('-') { -exponent } else { exponent })
}

/// A double at a precision and scale, through its shortest text as Java's `BigDecimal.valueOf`; `scratch` is overwritten. `Ok(None)` if it
/// overflows, an error if it is not finite.
pub(crate) fn from_double(
    value: f64,
    precision: u8,
    scale: u8,
    scratch: &mut String,
) -> Result<Option<i128>, NotANumber> {
    use std::fmt::Write;
    if !value.is_finite() {
        return Err(NotANumber);
    }
    scratch.clear();
    // Writing to a String cannot fail.
    let _infallible = write!(scratch, "{value:e}");
    parse(scratch, precision, scale)
}

/// The nearest double.
pub(crate) fn to_double(unscaled: i128, scale: u8) -> f64 {
    const EXACT: u128 = 1 << 53;
    if unscaled.unsigned_abs() <= EXACT && scale <= 22 {
        // Both are exact doubles, so that the quotient is rounded once.
        return unscaled as f64 / power_of_ten(scale) as f64;
    }
    let mut text = String::new();
    flott_record::number_text::write_decimal(&mut text, unscaled, scale);
    // Plain digits with one point always read as a number.
    text.parse().unwrap_or(unscaled as f64 / power_of_ten(scale) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_as_java_reads_it() {
        assert_eq!(parse("12.345", 10, 2), Ok(Some(1235)));
        assert_eq!(parse("-12.345", 10, 2), Ok(Some(-1235)));
        assert_eq!(parse("1e3", 10, 2), Ok(Some(100_000)));
        assert_eq!(parse("1.5E-3", 10, 4), Ok(Some(15)));
        assert_eq!(parse(".5", 1, 0), Ok(Some(1)));
        assert_eq!(parse("0.04", 2, 1), Ok(Some(0)));
        assert_eq!(parse("99.95", 3, 1), Ok(None));
        assert_eq!(parse("0e99", 3, 1), Ok(Some(0)));
        for wrong in ["", ".", "-", "1.2.3", "e5", "1e", "abc", "1 "] {
            assert_eq!(parse(wrong, 10, 2), Err(NotANumber), "{wrong}");
        }
    }

    #[test]
    fn rounding_is_half_up_and_overflow_is_none() {
        assert_eq!(rescale(25, 1, 2, 0), Some(3));
        assert_eq!(rescale(-25, 1, 2, 0), Some(-3));
        assert_eq!(rescale(999, 0, 3, 1), None);
        assert_eq!(divide(2, 3, 6, 38), Some(666_667));
        assert_eq!(multiply(power_of_ten(37), power_of_ten(20), 38, 38, 6), Some(power_of_ten(25)));
    }

    #[test]
    fn doubles_go_through_their_shortest_text() {
        let mut scratch = String::new();
        assert_eq!(from_double(3.123456, 8, 4, &mut scratch), Ok(Some(31_235)));
        assert_eq!(from_double(f64::MAX, 38, 0, &mut scratch), Ok(None));
        assert_eq!(to_double(987, 2), 9.87);
        assert_eq!(to_double(12_345_678_901_234_567_890_123, 3), 12_345_678_901_234_567_890.123);
    }
}
