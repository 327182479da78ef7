//! `JSON_QUOTE` and `JSON_UNQUOTE`.

use super::value_parsing::{parse, read_escape};
use crate::functions::constants::{Texts, build_texts, infallible};
use crate::functions::{CallSite, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    let write: fn(&str, &mut String) = match call.name.as_str() {
        "JSON_QUOTE" => quote,
        "JSON_UNQUOTE" => unquote,
        _ => return None,
    };
    Some(infallible(move |arguments, frame| {
        let text = Texts::of(&arguments[0]);
        build_texts(arguments, frame.rows, |row, out| {
            write(text.at(row), out);
            Ok(true)
        })
    }))
}

/// Quotes a text. Characters beyond ASCII become `\uXXXX`; control characters without a short form stay.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' | '/' => out.extend(['\\', c]),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii() => out.push(c),
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    out.push('"');
}

/// What stands in the quotes of a JSON string. Any other text, valid or not, stays as it is.
fn unquote(text: &str, out: &mut String) {
    let start = out.len();
    if !write_unquoted(text, out) {
        out.truncate(start);
        out.push_str(text);
    }
}

fn write_unquoted(text: &str, out: &mut String) -> bool {
    let inside = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(mut rest) = inside.filter(|_| parse(text).is_ok()) else { return false };
    while let Some(backslash) = rest.find('\\') {
        out.push_str(&rest[..backslash]);
        let Some((c, length)) = read_escape(&rest[backslash..]) else { return false };
        out.push(c);
        rest = &rest[backslash + length..];
    }
    out.push_str(rest);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = String::new();
        quote(text, &mut out);
        out
    }

    fn unquoted(text: &str) -> String {
        let mut out = String::new();
        unquote(text, &mut out);
        out
    }

    #[test]
    fn quoting_is_that_of_flink() {
        assert_eq!(quoted("é/\"\u{7}"), "\"\\u00e9\\/\\\"\u{7}\"");
        assert_eq!(quoted("a\tb\\u0041"), "\"a\\tb\\\\u0041\"");
    }

    #[test]
    fn unquoting_is_that_of_flink() {
        let cases = [
            (r#""\u00aa""#, "ª"),
            (r#""[\u0041]""#, "[A]"),
            (r#"""""#, "\""),
            ("[]", "[]"),
            (r#"""\ufffa""#, "\"\u{fffa}"),
            (r#"{"key":1}"#, r#"{"key":1}"#),
            ("true", "true"),
            ("[}", "[}"),
            ("\"", "\""),
            ("", ""),
            (r#""pass through ""\uzzzz""#, r#""pass through ""\uzzzz""#),
            (r#""valid \uD801\uDC00""#, "valid 𐐀"),
            (r#""a\/b""#, "a/b"),
        ];
        for (text, result) in cases {
            assert_eq!(unquoted(text), result, "{text}");
        }
    }
}
