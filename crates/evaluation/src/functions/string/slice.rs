//! Functions that give a part of a text without changing it.

use arrow_array::ArrayRef;
use arrow_array::types::Int32Type;

use super::byte_offset;
use crate::functions::constants::{Column, Numbers, Texts, build_slices, infallible};
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    Some(match call.name.as_str() {
        "SUBSTRING" => infallible(substring),
        "LEFT" => infallible(|arguments, frame| side(arguments, frame, left)),
        "RIGHT" => infallible(|arguments, frame| side(arguments, frame, right)),
        "TRIM" => trim_with_flag(call.text_literal(0).unwrap_or("BOTH")),
        "LTRIM" => infallible(|arguments, frame| trim(arguments, frame, Sides { start: true, end: false })),
        "RTRIM" => infallible(|arguments, frame| trim(arguments, frame, Sides { start: false, end: true })),
        "BTRIM" => infallible(|arguments, frame| trim(arguments, frame, Sides { start: true, end: true })),
        _ => return None,
    })
}

fn substring(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let text = Texts::of(&arguments[0]);
    let start = Numbers::<Int32Type>::of(&arguments[1]);
    let length = arguments.get(2).map(Numbers::<Int32Type>::of);
    build_slices(arguments, frame.rows, text.bytes(), |row| {
        let length = length.map_or(i32::MAX, |length| length.at(row));
        substring_of(text.at(row), start.at(row), length)
    })
}

/// `SUBSTRING`: start 0 is 1, a negative start counts from the end; NULL for a negative length.
fn substring_of(text: &str, start: i32, length: i32) -> Option<&str> {
    let length = usize::try_from(length).ok()?;
    let from = if start < 0 {
        let back = start.unsigned_abs() as usize;
        let Some(skipped) = text.chars().count().checked_sub(back) else { return Some("") };
        byte_offset(text, skipped)
    } else {
        byte_offset(text, (start.max(1) - 1) as usize)
    };
    let Some(from) = from else { return Some("") };
    let rest = &text[from..];
    if length >= rest.len() {
        return Some(rest);
    }
    let end = byte_offset(rest, length).unwrap_or(rest.len());
    Some(&rest[..end])
}

fn side(arguments: &[ArrayRef], frame: &Frame, pick: impl Fn(&str, usize) -> &str) -> Column {
    let text = Texts::of(&arguments[0]);
    let length = Numbers::<Int32Type>::of(&arguments[1]);
    build_slices(arguments, frame.rows, text.bytes(), |row| Some(pick(text.at(row), length.at(row).max(0) as usize)))
}

fn left(text: &str, length: usize) -> &str {
    byte_offset(text, length).map_or(text, |end| &text[..end])
}

fn right(text: &str, length: usize) -> &str {
    if length >= text.len() {
        return text;
    }
    let skipped = text.chars().count().saturating_sub(length);
    byte_offset(text, skipped).map_or("", |start| &text[start..])
}

/// At which ends a text is trimmed.
#[derive(Clone, Copy)]
struct Sides {
    start: bool,
    end: bool,
}

fn trim_with_flag(flag: &str) -> Box<dyn ScalarFunction> {
    let sides = match flag {
        "LEADING" => Sides { start: true, end: false },
        "TRAILING" => Sides { start: false, end: true },
        _ => Sides { start: true, end: true },
    };
    infallible(move |arguments, frame| {
        let swapped = [ArrayRef::clone(&arguments[2]), ArrayRef::clone(&arguments[1])];
        trim(&swapped, frame, sides)
    })
}

/// Trims a text (first argument) of all characters that occur in another (second argument, a blank if absent).
fn trim(arguments: &[ArrayRef], frame: &Frame, sides: Sides) -> Column {
    let text = Texts::of(&arguments[0]);
    let characters = arguments.get(1).map(Texts::of);
    build_slices(arguments, frame.rows, text.bytes(), |row| {
        let characters = characters.map_or(" ", |characters| characters.at(row));
        Some(trim_of(text.at(row), characters, sides))
    })
}

fn trim_of<'a>(text: &'a str, characters: &str, sides: Sides) -> &'a str {
    let mut rest = text;
    if sides.start {
        rest = rest.trim_start_matches(|c| characters.contains(c));
    }
    if sides.end {
        rest = rest.trim_end_matches(|c| characters.contains(c));
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substring_counts_characters_from_either_end() {
        assert_eq!(substring_of("hello", 0, i32::MAX), Some("hello"));
        assert_eq!(substring_of("hello", -3, i32::MAX), Some("llo"));
        assert_eq!(substring_of("hello", 2, 3), Some("ell"));
        assert_eq!(substring_of("hello", -3, 2), Some("ll"));
        assert_eq!(substring_of("hello", -10, 3), Some(""));
        assert_eq!(substring_of("hello", 100, 10), Some(""));
        assert_eq!(substring_of("hello", 2, -1), None);
        assert_eq!(substring_of("1世3", 1, 2), Some("1世"));
        assert_eq!(substring_of("1世3", 3, i32::MAX), Some("3"));
        assert_eq!(substring_of("", 1, 5), Some(""));
    }

    #[test]
    fn left_and_right_never_cut_a_character() {
        assert_eq!(left("héllo", 2), "hé");
        assert_eq!(right("héllo", 4), "éllo");
        assert_eq!(right("héllo", 10), "héllo");
        assert_eq!(left("abc", 0), "");
        assert_eq!(right("abc", 0), "");
    }

    #[test]
    fn trim_takes_a_set_of_characters() {
        let both = Sides { start: true, end: true };
        assert_eq!(trim_of("abcddcba", "abc", both), "dd");
        assert_eq!(trim_of("心情开开心心", "开心", both), "情");
        assert_eq!(trim_of(" a ", "", both), " a ");
        assert_eq!(trim_of("abcddcba", "abd", Sides { start: true, end: false }), "cddcba");
    }
}
