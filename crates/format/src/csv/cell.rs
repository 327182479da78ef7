//! The text of a field as a value of its column's type.

use memchr::memmem;

use super::Settings;
use crate::base64_text;
use crate::column::{Cells, Column};
use crate::number::{Decimal, parse_decimal, parse_double, parse_float, parse_long, trim};
use crate::temporal::{TimestampForm, parse_date_lenient, parse_time, parse_timestamp};

/// Appends a field's value; false if the text has no value of the type: then the caller takes back what was begun.
#[inline]
pub fn push_text(column: &mut Column, text: &[u8], settings: &Settings) -> bool {
    if settings.null_literal.as_deref() == Some(text) {
        column.push_null();
        return true;
    }
    let pushed = match &mut column.cells {
        Cells::Text(texts) => {
            texts.bytes.extend_from_slice(text);
            true
        }
        Cells::Int(values) => push(values, integer(text)),
        Cells::BigInt(values) => push(values, parse_long(trim(text))),
        Cells::Double(values) => push(values, parse_double(trim(text))),
        Cells::SmallInt(values) => push(values, integer(text)),
        Cells::TinyInt(values) => push(values, integer(text)),
        Cells::Float(values) => push(values, parse_float(trim(text))),
        Cells::Boolean(values) => {
            values.append(trim(text).eq_ignore_ascii_case(b"true"));
            true
        }
        Cells::Decimal(values, precision, scale) => match parse_decimal(text, *precision, *scale) {
            Some(Decimal::Value(value)) => push(values, Some(value)),
            Some(Decimal::TooLarge) => {
                column.push_null();
                return true;
            }
            None => false,
        },
        Cells::Date(values) => push(values, parse_date_lenient(text)),
        Cells::Time(values, precision) => push(values, parse_time(text, *precision, true)),
        Cells::Timestamp(values, precision) => {
            push(values, parse_timestamp(trim(text), *precision, TimestampForm::Sql, false))
        }
        Cells::TimestampLtz(values, precision) => {
            push(values, parse_timestamp(trim(text), *precision, TimestampForm::Sql, true))
        }
        Cells::Bytes(texts) => base64_text::decode(text, &mut texts.bytes),
        Cells::Array(_, element) => push_elements(element, text, settings),
        Cells::Row(_) => return push_row(column, text, settings),
        Cells::Map(..) | Cells::Null => false,
    };
    if pushed {
        column.end_value();
    }
    pushed
}

#[inline]
fn integer<T: TryFrom<i64>>(text: &[u8]) -> Option<T> {
    T::try_from(parse_long(trim(text))?).ok()
}

#[inline]
fn push<T>(values: &mut Vec<T>, value: Option<T>) -> bool {
    match value {
        Some(value) => {
            values.push(value);
            true
        }
        None => false,
    }
}

/// Parts of a text between delimiters; no part of an empty text.
fn parts<'a>(text: &'a [u8], delimiter: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = (!text.is_empty()).then_some(text);
    std::iter::from_fn(move || {
        let current = rest?;
        let found = if delimiter.is_empty() { None } else { memmem::find(current, delimiter) };
        let part = match found {
            Some(at) => {
                rest = Some(&current[at + delimiter.len()..]);
                &current[..at]
            }
            None => {
                rest = None;
                current
            }
        };
        Some(part)
    })
}

fn push_elements(element: &mut Column, text: &[u8], settings: &Settings) -> bool {
    parts(text, &settings.element_delimiter).all(|part| push_part(element, part, settings))
}

/// An element or field; unreadable ones are NULL if errors are ignored.
fn push_part(column: &mut Column, part: &[u8], settings: &Settings) -> bool {
    let rows = column.len();
    if push_text(column, part, settings) {
        return true;
    }
    column.truncate(rows);
    if settings.ignore_parse_errors {
        column.push_null();
    }
    settings.ignore_parse_errors
}

/// A row: its fields one after the other; an empty text is NULL, more parts than fields are left out.
fn push_row(column: &mut Column, text: &[u8], settings: &Settings) -> bool {
    if text.is_empty() {
        column.push_null();
        return true;
    }
    let Cells::Row(fields) = &mut column.cells else { return false };
    let mut given = parts(text, &settings.element_delimiter);
    for field in fields {
        let read = match given.next() {
            Some(part) => push_part(&mut field.column, part, settings),
            None if settings.ignore_parse_errors => {
                field.column.push_null();
                true
            }
            None => false,
        };
        if !read {
            return false;
        }
    }
    column.end_value();
    true
}
