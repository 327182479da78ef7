//! Rounding a DOUBLE on its shortest decimal digits, as `BigDecimal.valueOf(double).setScale` of Java does.

/// The number with so many places after the point (before it, if negative), half up or towards zero.
pub(super) fn round(value: f64, places: i32, half_up: bool) -> f64 {
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    // Digits before the place that is rounded to; they stand for digits[..kept] * 10^(exponent - kept + 1).
    let kept = i64::from(exponent) + 1 + i64::from(places);
    if kept >= digits.len() as i64 {
        return value;
    }
    if kept < 0 {
        return 0.0;
    }
    let kept = kept as usize;
    let up = half_up && digits[kept] >= b'5';
    digits.truncate(kept);
    let mut exponent = exponent;
    if up && round_up(&mut digits) {
        exponent += 1;
    }
    let text: String = digits.iter().map(|digit| char::from(*digit)).collect();
    if text.is_empty() {
        return 0.0;
    }
    let magnitude: f64 = format!("0.{text}e{}", exponent + 1).parse().unwrap_or(0.0);
    if value < 0.0 && magnitude != 0.0 { -magnitude } else { magnitude }
}

/// Adds one to the last digit; whether there is a digit more than before.
fn round_up(digits: &mut Vec<u8>) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return false;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_follows_the_text() {
        assert_eq!(round(1.005, 2, true), 1.01);
        assert_eq!(round(0.46, 1, true), 0.5);
        assert_eq!(round(-2.5, 0, true), -3.0);
        assert_eq!(round(-0.4, 0, true).to_bits(), 0.0f64.to_bits());
        assert_eq!(round(0.96, 1, true), 1.0);
        assert_eq!(round(0.6, 0, true), 1.0);
        assert_eq!(round(1e300, 2, true), 1e300);
        assert_eq!(round(1234.5, -2, true), 1200.0);
        assert_eq!(round(f64::from(1.55f32), 1, true), 1.5);
        assert_eq!(round(-42.345, 1, false), -42.3);
        assert_eq!(round(0.45, 0, false), 0.0);
    }
}
