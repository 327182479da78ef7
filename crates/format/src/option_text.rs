//! Reading a format's options.

use std::collections::BTreeMap;

use flott_configuration::{ConfigValue, Expected};

use crate::contract::FormatError;

/// A table's options, typed.
#[derive(Clone, Copy)]
pub struct OptionText<'a>(pub &'a BTreeMap<String, String>);

impl<'a> OptionText<'a> {
    /// The option's text, if it is given.
    pub fn text(self, key: &str) -> Option<&'a str> {
        self.0.get(key).map(String::as_str)
    }

    /// A boolean, or its default.
    pub fn flag(self, key: &str, default: bool) -> Result<bool, FormatError> {
        match self.text(key) {
            None => Ok(default),
            Some(text) => bool::parse_config(text).map_err(|Expected(form)| invalid(key, text, &form)),
        }
    }

    /// A single ASCII character; `\t` and its like may be written as in Java.
    pub fn character(self, key: &str) -> Result<Option<u8>, FormatError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let unescaped = match text {
            "\\t" => "\t",
            "\\n" => "\n",
            "\\r" => "\r",
            "\\\\" => "\\",
            _ => text,
        };
        let coded = unescaped.strip_prefix("\\u").and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (coded, unescaped.as_bytes()) {
            (Some(code), _) if code.is_ascii() => Ok(Some(code)),
            (_, [byte]) if byte.is_ascii() => Ok(Some(*byte)),
            _ if unescaped.chars().count() == 1 => Err(FormatError::Table(format!(
                "not supported: option '{key}' = '{text}', which isn't an ASCII character"
            ))),
            _ => Err(invalid(key, text, "a single character")),
        }
    }
}

/// The error of a value that doesn't fit.
pub fn invalid(key: &str, text: &str, expected: &str) -> FormatError {
    FormatError::Table(format!("invalid value '{text}' for option '{key}': expected {expected}"))
}
