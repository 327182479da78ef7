//! Reading JSON text.

use super::value::{Json, number_text};
use crate::limits::JSON_DEPTH_MAX;

/// A text that is no JSON: what is wrong, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JsonError {
    pub(super) message: String,
    /// Column of the first line, in bytes from 1.
    pub(super) column: usize,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at line: 1, column: {}", self.message, self.column)
    }
}

/// Whether an object may have a key twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duplicates {
    /// The last value counts.
    LastWins,
    Refused,
}

/// The first JSON value of a text; what follows it is ignored.
pub(super) fn parse(text: &str) -> Result<Json, JsonError> {
    parse_with(text, Duplicates::LastWins)
}

/// The same with a choice about keys that come twice.
pub(super) fn parse_with(text: &str, duplicates: Duplicates) -> Result<Json, JsonError> {
    let mut parser = Parser { text, place: 0, open: Vec::new(), duplicates };
    let value = parser.value()?;
    // A number or word at the root ends with a blank or the text.
    let ends_openly = matches!(value, Json::Number(_) | Json::Boolean(_) | Json::Null);
    match parser.peek() {
        Some(byte) if ends_openly && !byte.is_ascii_whitespace() => Err(parser.error("Unexpected character")),
        _ => Ok(value),
    }
}

struct Parser<'a> {
    text: &'a str,
    place: usize,
    /// Where the arrays and objects begin that are not closed yet.
    open: Vec<usize>,
    duplicates: Duplicates,
}

impl Parser<'_> {
    fn error(&self, message: &str) -> JsonError {
        JsonError { message: message.to_string(), column: self.place + 1 }
    }

    /// The text ends too early; the innermost array or object that is open is named.
    fn unfinished(&self) -> JsonError {
        match self.open.last() {
            Some(start) => self.error(&format!(
                "Unexpected end-of-input: expected close marker (start marker at line: 1, column: {})",
                start + 1
            )),
            None => self.error("Unexpected end-of-input"),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.place += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek().is_none() {
            return Err(self.unfinished());
        }
        if self.peek() != Some(byte) {
            return Err(self.error(&format!("Unexpected character: was expecting '{}'", char::from(byte))));
        }
        self.place += 1;
        Ok(())
    }

    fn value(&mut self) -> Result<Json, JsonError> {
        self.skip_blanks();
        match self.peek() {
            None => Err(self.unfinished()),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
        }
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Result<Json, JsonError>) -> Result<Json, JsonError> {
        if self.open.len() >= JSON_DEPTH_MAX {
            return Err(self.error(&format!("Document nesting depth exceeds the maximum allowed ({JSON_DEPTH_MAX})")));
        }
        self.open.push(self.place);
        self.place += 1;
        let value = parse(self);
        self.open.pop();
        value
    }

    fn array(&mut self) -> Result<Json, JsonError> {
        let mut elements = Vec::new();
        self.skip_blanks();
        if self.peek() == Some(b']') {
            self.place += 1;
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            self.skip_blanks();
            if self.peek() == Some(b']') {
                self.place += 1;
                return Ok(Json::Array(elements));
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self) -> Result<Json, JsonError> {
        let mut members = Vec::new();
        self.skip_blanks();
        if self.peek() == Some(b'}') {
            self.place += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_blanks();
            if self.peek().is_none() {
                return Err(self.unfinished());
            }
            if self.peek() != Some(b'"') {
                return Err(self.error("Unexpected character: was expecting double-quote to start field name"));
            }
            let key = self.string()?;
            self.skip_blanks();
            self.expect(b':')?;
            let value = self.value()?;
            members.push((key, value));
            self.skip_blanks();
            if self.peek() == Some(b'}') {
                self.place += 1;
                break;
            }
            self.expect(b',')?;
        }
        let count = members.len();
        match Json::object(members) {
            Json::Object(unique) if unique.len() < count && self.duplicates == Duplicates::Refused => {
                Err(self.error("VARIANT_DUPLICATE_KEY"))
            }
            object => Ok(object),
        }
    }

    fn word(&mut self) -> Result<Json, JsonError> {
        let words = [("null", Json::Null), ("true", Json::Boolean(true)), ("false", Json::Boolean(false))];
        let rest = &self.text[self.place..];
        for (word, value) in words {
            if rest.starts_with(word) {
                self.place += word.len();
                return match self.peek() {
                    Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' => Err(self.error("Unrecognized token")),
                    _ => Ok(value),
                };
            }
        }
        let token: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        self.place += token.len();
        Err(self.error(&format!("Unrecognized token '{token}'")))
    }

    fn digits(&mut self) -> usize {
        let start = self.place;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.place += 1;
        }
        self.place - start
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.place;
        if self.peek() == Some(b'-') {
            self.place += 1;
        }
        let first = self.peek();
        let whole = self.digits();
        if whole == 0 || (whole > 1 && first == Some(b'0')) {
            return Err(self.error("Invalid numeric value"));
        }
        if self.peek() == Some(b'.') {
            self.place += 1;
            if self.digits() == 0 {
                return Err(self.error("Decimal point not followed by a digit"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.place += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.place += 1;
            }
            if self.digits() == 0 {
                return Err(self.error("Exponent indicator not followed by a digit"));
            }
        }
        Ok(Json::Number(number_text(&self.text[start..self.place])))
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.place += 1;
        let mut out = String::new();
        loop {
            let start = self.place;
            while self.peek().is_some_and(|byte| byte != b'"' && byte != b'\\' && byte >= b' ') {
                self.place += 1;
            }
            out.push_str(&self.text[start..self.place]);
            match self.peek() {
                Some(b'"') => {
                    self.place += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    let (c, length) = read_escape(&self.text[self.place..])
                        .ok_or_else(|| self.error("Unrecognized character escape"))?;
                    out.push(c);
                    self.place += length;
                }
                Some(_) => return Err(self.error("Illegal unquoted character")),
                None => return Err(self.error("Unexpected end-of-input in a string")),
            }
        }
    }
}

/// The character of an escape at the start of a text, and the escape's length in bytes. A surrogate without its other half becomes
/// U+FFFD.
pub(super) fn read_escape(text: &str) -> Option<(char, usize)> {
    let c = match text.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return read_unicode(text),
        _ => return None,
    };
    Some((c, 2))
}

fn read_unicode(text: &str) -> Option<(char, usize)> {
    let high = hex_unit(text)?;
    if (0xD800..0xDC00).contains(&high)
        && let Some(low) = text.get(6..).and_then(hex_unit)
        && (0xDC00..0xE000).contains(&low)
    {
        let code = 0x1_0000 + (u32::from(high) - 0xD800) * 0x400 + u32::from(low) - 0xDC00;
        return Some((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12));
    }
    Some((char::from_u32(u32::from(high)).unwrap_or(char::REPLACEMENT_CHARACTER), 6))
}

/// The code unit of `\uXXXX` at the start of a text.
fn hex_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let valid = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if valid { u16::from_str_radix(digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_counts() {
        for text in ["1 2", r#"{"a":1} x"#, "null", " 1 ", r#""""#, "[]", r#"{"a":1,"a":2}"#, "\"\"\"", "-1.5e3"] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in ["", "{a:1}", "NaN", "01", "[1,]", "1x", "truex", "[}", "[", "\"", "{", "'a'", "1.", "+1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn texts_are_written_back_in_order() {
        let value = parse(r#"{"b": 1, "a": {"d": 1.50, "c": "é\/\u0041\uD801\uDC00"}}"#).expect("JSON");
        assert_eq!(value.to_text(), r#"{"a":{"c":"é/A𐐀","d":1.50},"b":1}"#);
        assert!(parse_with(r#"{"a":1,"a":2}"#, Duplicates::Refused).is_err());
    }
}
