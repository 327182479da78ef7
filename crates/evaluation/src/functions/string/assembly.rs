//! Functions that put texts together.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_select::interleave::interleave;

use super::byte_offset;
use crate::functions::constants::{
    AnyBytes, Column, Numbers, Texts, build_slices, build_texts, infallible, scalars, valid_rows,
};
use crate::functions::mapping::{failed, is_valid};
use crate::functions::random::RandomBits;
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    Some(match call.name.as_str() {
        "||" if call.kind(0).is_binary() => infallible(concatenate_bytes),
        "||" | "CONCAT" => infallible(concatenate),
        "CONCAT_WS" => infallible(concatenate_with_separator),
        "OVERLAY" => infallible(overlay),
        "LPAD" => infallible(|arguments, frame| pad(arguments, frame, true)),
        "RPAD" => infallible(|arguments, frame| pad(arguments, frame, false)),
        "ELT" => infallible(elt),
        "UUID" => uuid(call),
        _ => return None,
    })
}

/// Texts one after the other; written straight into the result.
fn concatenate(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let parts: Vec<Texts<'_>> = arguments.iter().map(Texts::of).collect();
    if let [only] = parts.as_slice() {
        return build_slices(arguments, frame.rows, only.bytes(), |row| Some(only.at(row)));
    }
    let valid = valid_rows(arguments, frame.rows);
    let bytes = parts.iter().map(Texts::bytes).sum();
    let mut builder = StringBuilder::with_capacity(frame.rows, bytes);
    for row in 0..frame.rows {
        if !is_valid(&valid, row) {
            builder.append_null();
            continue;
        }
        for part in &parts {
            // Writing to a builder in memory cannot fail.
            let _infallible = std::fmt::Write::write_str(&mut builder, part.at(row));
        }
        builder.append_value("");
    }
    Ok(Arc::new(builder.finish()))
}

fn concatenate_bytes(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let parts: Vec<AnyBytes<'_>> = arguments.iter().map(AnyBytes::of).collect();
    let valid = valid_rows(arguments, frame.rows);
    let mut builder = BinaryBuilder::new();
    let mut bytes = Vec::new();
    for row in 0..frame.rows {
        if !is_valid(&valid, row) {
            builder.append_null();
            continue;
        }
        bytes.clear();
        parts.iter().for_each(|part| bytes.extend_from_slice(part.at(row)));
        builder.append_value(&bytes);
    }
    Ok(Arc::new(builder.finish()))
}

/// `CONCAT_WS`: NULL only if the separator is; other NULLs are left out.
fn concatenate_with_separator(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let parts: Vec<Texts<'_>> = arguments.iter().map(Texts::of).collect();
    let (separator, parts) = (parts[0], &parts[1..]);
    build_texts(&arguments[..1], frame.rows, |row, out| {
        let mut first = true;
        for text in parts.iter().filter_map(|part| part.get(row)) {
            if !first {
                out.push_str(separator.at(row));
            }
            out.push_str(text);
            first = false;
        }
        Ok(true)
    })
}

fn overlay(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let (text, part) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    let start = Numbers::<Int32Type>::of(&arguments[2]);
    let length = arguments.get(3).map(Numbers::<Int32Type>::of);
    build_texts(arguments, frame.rows, |row, out| {
        let (text, part) = (text.at(row), part.at(row));
        let length = length.map_or_else(|| part.chars().count() as i64, |length| i64::from(length.at(row)));
        write_overlay(text, part, i64::from(start.at(row)), length, out);
        Ok(true)
    })
}

/// Replaces `length` characters from `start` (1-based). Outside the text nothing happens; a length that is not positive or reaches
/// beyond the end drops the rest.
fn write_overlay(text: &str, part: &str, start: i64, length: i64, out: &mut String) {
    let characters = text.chars().count() as i64;
    if start <= 0 || start > characters {
        out.push_str(text);
        return;
    }
    let from = byte_offset(text, (start - 1) as usize).unwrap_or(text.len());
    out.push_str(&text[..from]);
    out.push_str(part);
    if length > 0 && start + length <= characters {
        let rest = byte_offset(text, (start - 1 + length) as usize).unwrap_or(text.len());
        out.push_str(&text[rest..]);
    }
}

fn pad(arguments: &[ArrayRef], frame: &Frame, before: bool) -> Column {
    let (text, filler) = (Texts::of(&arguments[0]), Texts::of(&arguments[2]));
    let length = Numbers::<Int32Type>::of(&arguments[1]);
    build_texts(arguments, frame.rows, |row, out| {
        let (text, filler) = (text.at(row), filler.at(row));
        let Ok(length) = usize::try_from(length.at(row)) else { return Ok(false) };
        if filler.is_empty() {
            return Ok(false);
        }
        let missing = length.saturating_sub(text.chars().count());
        if before {
            out.extend(filler.chars().cycle().take(missing));
        }
        out.push_str(byte_offset(text, length).map_or(text, |end| &text[..end]));
        if !before {
            out.extend(filler.chars().cycle().take(missing));
        }
        Ok(true)
    })
}

/// `ELT`: the argument at a position; NULL beyond the last.
fn elt(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let index = Numbers::<Int64Type>::of(&arguments[0]);
    let valid = valid_rows(&arguments[..1], frame.rows);
    let nothing = arrow_array::new_null_array(arguments[1].data_type(), 1);
    let mut choices: Vec<&dyn Array> = arguments[1..].iter().map(|array| array as &dyn Array).collect();
    let null = (choices.len(), 0);
    choices.push(&nothing);
    let chosen = |row: usize| {
        let place = if is_valid(&valid, row) { usize::try_from(index.at(row)).unwrap_or(0) } else { 0 };
        if place == 0 || place > null.0 {
            return null;
        }
        let constant = choices[place - 1].len() != frame.rows;
        (place - 1, if constant { 0 } else { row })
    };
    let places: Vec<(usize, usize)> = (0..frame.rows).map(chosen).collect();
    interleave(&choices, &places).map_err(|error| failed(0, error.to_string()))
}

/// Random UUIDs of version 4.
fn uuid(call: &CallSite) -> Box<dyn ScalarFunction> {
    let mut random = RandomBits::new(&call.session);
    scalars(move |_, frame| {
        build_texts(&[], frame.rows, |_, out| {
            let high = (random.next() & !0xF000) | 0x4000;
            let low = (random.next() & !(0b11 << 62)) | (0b10 << 62);
            let text = format!("{high:016x}{low:016x}");
            for (i, part) in [0..8, 8..12, 12..16, 16..20, 20..32].into_iter().enumerate() {
                if i > 0 {
                    out.push('-');
                }
                out.push_str(&text[part]);
            }
            Ok(true)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlay_is_that_of_flink() {
        let overlay = |text, part, start, length| {
            let mut out = String::new();
            write_overlay(text, part, start, length, &mut out);
            out
        };
        assert_eq!(overlay("xxxxxtest", "xxxx", 6, 2), "xxxxxxxxxst");
        assert_eq!(overlay("123456789", "It", -1, 4), "123456789");
        assert_eq!(overlay("123456789", "abc", 2, 100), "1abc");
        assert_eq!(overlay("This is a test String.", "IS", 6, -1), "This IS");
        assert_eq!(overlay("hello", "XX", 2, 1), "hXXllo");
        assert_eq!(overlay("abc", "XY", 1, 0), "XY");
    }
}
