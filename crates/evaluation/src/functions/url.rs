//! The functions on URLs, as `java.net.URL`, `URLEncoder` and `URLDecoder` treat them.

mod parts;

use std::fmt::Write;

use arrow_array::ArrayRef;

use self::parts::Url;
use super::constants::{Column, Texts, build_slices, build_texts, infallible};
use super::{CallSite, Frame, ScalarFunction};
use crate::evaluator::CompileError;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    let function = match call.name.as_str() {
        "PARSE_URL" => infallible(parse_url),
        "URL_ENCODE" => infallible(|arguments, frame| recode(arguments, frame, write_encoded)),
        "URL_DECODE" => infallible(|arguments, frame| recode(arguments, frame, write_decoded)),
        _ => return None,
    };
    Some(Ok(function))
}

/// A part of a URL, or the value of a key of its query; NULL if there is none or the text is no URL.
fn parse_url(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let (text, part) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    let key = arguments.get(2).map(Texts::of);
    build_slices(arguments, frame.rows, text.bytes() / 2, |row| {
        let url = Url::parse(text.at(row))?;
        match key {
            Some(key) if part.at(row) == "QUERY" => url.query_value(key.at(row)),
            Some(_) => None,
            None => url.part(part.at(row)),
        }
    })
}

fn recode(arguments: &[ArrayRef], frame: &Frame, write: fn(&str, &mut String) -> bool) -> Column {
    let text = Texts::of(&arguments[0]);
    build_texts(arguments, frame.rows, |row, out| Ok(write(text.at(row), out)))
}

/// `application/x-www-form-urlencoded` in UTF-8.
fn write_encoded(text: &str, out: &mut String) -> bool {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => {
                // Writing to a String cannot fail.
                let _infallible = write!(out, "%{other:02X}");
            }
        }
    }
    true
}

fn write_decoded(text: &str, out: &mut String) -> bool {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
                let [high, low, after @ ..] = rest else { return false };
                let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return false };
                bytes.push(high << 4 | low);
                rest = after;
            }
            other => bytes.push(*other),
        }
    }
    out.push_str(&String::from_utf8_lossy(&bytes));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coding_is_that_of_java() {
        let mut out = String::new();
        write_encoded("a*b-c_d.e~é/ ", &mut out);
        assert_eq!(out, "a*b-c_d.e%7E%C3%A9%2F+");
        let decode = |text| {
            let mut out = String::new();
            write_decoded(text, &mut out).then_some(out)
        };
        assert_eq!(decode("%C3%A9+").as_deref(), Some("é "));
        assert_eq!(decode("%C3").as_deref(), Some("\u{FFFD}"));
        assert_eq!(decode("%zz"), None);
    }
}
