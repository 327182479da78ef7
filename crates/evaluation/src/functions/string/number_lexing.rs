//! Which texts Java's `Double.parseDouble` reads, apart from hexadecimal ones.

/// Whether a text, blanks around it aside, is a number for Java: `1`, `-1.`, `.5`, `1e5`, `1f`, `NaN`, `Infinity`.
pub(super) fn is_java_double(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c <= ' ');
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    if text == "NaN" || text == "Infinity" {
        return true;
    }
    let text = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    is_mantissa(mantissa) && exponent.is_none_or(is_exponent)
}

fn is_mantissa(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    whole.len() + fraction.len() > 0 && digits(whole) && digits(fraction)
}

fn is_exponent(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_java() {
        for text in ["1.5", "+1", "-1", "1.", ".5", "1e5", "1E-5", " 1", "NaN", "1f"] {
            assert!(is_java_double(text), "{text}");
        }
        for text in ["", "-", ".", "abc", "0x1F", "1L", "1e", "1.2.3", "1 2"] {
            assert!(!is_java_double(text), "{text}");
        }
    }
}
