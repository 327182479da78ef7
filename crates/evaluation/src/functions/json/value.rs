//! A JSON value in memory, and its text.

use std::borrow::Cow;

/// A JSON value. Numbers keep their text, so that no digit is lost; members are in order of their keys, each key once.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Boolean(bool),
    /// As `BigInteger` or `BigDecimal` of Java would show it.
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Whether it is neither array nor object.
    pub(super) fn is_scalar(&self) -> bool {
        !matches!(self, Json::Array(_) | Json::Object(_))
    }

    /// The text of a scalar: of a string without quotes.
    pub(super) fn scalar_text(&self) -> Cow<'_, str> {
        match self {
            Json::Null => Cow::Borrowed("null"),
            Json::Boolean(true) => Cow::Borrowed("true"),
            Json::Boolean(false) => Cow::Borrowed("false"),
            Json::Number(text) | Json::String(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_text()),
        }
    }

    /// Its JSON text, without blanks.
    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Appends its JSON text.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Json::Number(text) => out.push_str(text),
            Json::String(text) => write_string(text, out),
            Json::Array(elements) => write_list(elements, ('[', ']'), out, |element, out| element.write(out)),
            Json::Object(members) => write_list(members, ('{', '}'), out, |(key, value), out| {
                write_string(key, out);
                out.push(':');
                value.write(out);
            }),
        }
    }

    /// An object of members in any order; of equal keys the last counts.
    pub(super) fn object(members: Vec<(String, Json)>) -> Json {
        let mut members = members;
        // A stable sort keeps the order of equal keys.
        members.sort_by(|left, right| left.0.encode_utf16().cmp(right.0.encode_utf16()));
        let mut unique: Vec<(String, Json)> = Vec::with_capacity(members.len());
        for member in members {
            match unique.last_mut() {
                Some(last) if last.0 == member.0 => *last = member,
                _ => unique.push(member),
            }
        }
        Json::Object(unique)
    }
}

fn write_list<T>(items: &[T], brackets: (char, char), out: &mut String, write: impl Fn(&T, &mut String)) {
    out.push(brackets.0);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(brackets.1);
}

/// Appends a string in quotes, escaped as Jackson does: quotes, backslashes and control characters only.
pub(super) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A number's text as Java's `BigInteger` (without point and exponent) or `BigDecimal.toString` gives it.
pub(super) fn number_text(text: &str) -> String {
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().unwrap_or(0)),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let scale = fraction.len() as i64 - exponent;
    let digits = format!("{whole}{fraction}");
    let trimmed = digits.trim_start_matches('0');
    let digits = if trimmed.is_empty() { "0" } else { trimmed };
    let sign = if negative && digits != "0" { "-" } else { "" };
    let adjusted = digits.len() as i64 - 1 - scale;
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    if scale > 0 && adjusted >= -6 {
        let scale = scale as usize;
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        return format!("{sign}{whole}.{fraction}");
    }
    let point = if digits.len() > 1 { "." } else { "" };
    let exponent = match adjusted {
        0 => String::new(),
        positive if positive > 0 => format!("E+{positive}"),
        negative => format!("E{negative}"),
    };
    format!("{sign}{}{point}{}{exponent}", &digits[..1], &digits[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_big_decimal() {
        let cases = [
            ("1.50", "1.50"),
            ("1e2", "1E+2"),
            ("1.0E20", "1.0E+20"),
            ("12345678901234567890", "12345678901234567890"),
            ("-0", "0"),
            ("0.0000001", "1E-7"),
            ("0.000001", "0.000001"),
            ("1.23456789E7", "12345678.9"),
            ("0.00", "0.00"),
        ];
        for (text, shown) in cases {
            assert_eq!(number_text(text), shown, "{text}");
        }
    }

    #[test]
    fn keys_are_sorted_and_unique() {
        let number = |text: &str| Json::Number(text.to_string());
        let members = vec![("b".into(), number("1")), ("a".into(), number("2")), ("b".into(), number("3"))];
        assert_eq!(Json::object(members).to_text(), r#"{"a":2,"b":3}"#);
    }
}
