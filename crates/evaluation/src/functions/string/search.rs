//! Functions that look for a text in another. Positions count characters from 1; 0 is "not found".

use arrow_array::ArrayRef;
use arrow_array::types::Int32Type;

use super::byte_offset;
use crate::functions::constants::{
    AnyBytes, Column, Numbers, Texts, build_booleans, build_numbers, infallible, scalars,
};
use crate::functions::mapping::failed;
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    Some(match call.name.as_str() {
        "POSITION" | "LOCATE" => infallible(locate),
        "INSTR" => scalars(instr),
        "STARTSWITH" => infallible(|arguments, frame| compare(arguments, frame, |whole, part| whole.starts_with(part))),
        "ENDSWITH" => infallible(|arguments, frame| compare(arguments, frame, |whole, part| whole.ends_with(part))),
        _ => return None,
    })
}

fn locate(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let (part, text) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    let from = arguments.get(2).map(Numbers::<Int32Type>::of);
    build_numbers::<Int32Type>(arguments, frame.rows, |row| {
        let from = from.map_or(1, |from| from.at(row));
        Ok(Some(position(text.at(row), part.at(row), i64::from(from) - 1)))
    })
}

/// Position of `part` at or after the character `from` (0-based). Nothing is found at once, wherever the search begins.
fn position(text: &str, part: &str, from: i64) -> i32 {
    if part.is_empty() {
        return 1;
    }
    let skipped = from.max(0) as usize;
    let Some(start) = byte_offset(text, skipped) else { return 0 };
    text[start..].find(part).map_or(0, |found| (skipped + text[start..start + found].chars().count() + 1) as i32)
}

fn instr(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let (text, part) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    let from = arguments.get(2).map(Numbers::<Int32Type>::of);
    let nth = arguments.get(3).map(Numbers::<Int32Type>::of);
    build_numbers::<Int32Type>(arguments, frame.rows, |row| {
        let (from, nth) = (from.map_or(1, |from| from.at(row)), nth.map_or(1, |nth| nth.at(row)));
        if nth <= 0 {
            return Err(failed(row, "nthAppearance must be positive!"));
        }
        Ok(Some(appearance(text.at(row), part.at(row), from, nth)))
    })
}

/// Position of the nth appearance from a start; a negative start searches backwards from that far before the end.
fn appearance(text: &str, part: &str, from: i32, nth: i32) -> i32 {
    if from == 0 {
        return 0;
    }
    if from < 0 {
        let reversed = |text: &str| text.chars().rev().collect::<String>();
        let found = appearance(&reversed(text), &reversed(part), from.saturating_neg(), nth);
        let lengths = text.chars().count() as i32 - part.chars().count() as i32;
        return if found == 0 { 0 } else { lengths + 2 - found };
    }
    let mut start = i64::from(from);
    let mut found = 0;
    for _ in 0..nth {
        found = position(text, part, start - 1);
        if found == 0 {
            return 0;
        }
        start = i64::from(found) + 1;
    }
    found
}

fn compare(arguments: &[ArrayRef], frame: &Frame, holds: impl Fn(&[u8], &[u8]) -> bool) -> Column {
    let (whole, part) = (AnyBytes::of(&arguments[0]), AnyBytes::of(&arguments[1]));
    build_booleans(arguments, frame.rows, |row| Some(holds(whole.at(row), part.at(row))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        assert_eq!(position("xxxtest", "test", 0), 4);
        assert_eq!(position("aaads", "aa", 1), 2);
        assert_eq!(position("xxxtest", "testx", 0), 0);
        assert_eq!(position("banana", "a", -4), 2);
        assert_eq!(position("banana", "", 2), 1);
        assert_eq!(position("世界a", "a", 0), 3);
    }

    #[test]
    fn appearances_are_counted_from_either_end() {
        assert_eq!(appearance("Corporate Floor", "or", 3, 2), 14);
        assert_eq!(appearance("Tech on the net", "e", 1, 2), 11);
        assert_eq!(appearance("Tech on the net", "e", -3, 2), 2);
        assert_eq!(appearance("Tech on the net", "e", -1, 1), 14);
        assert_eq!(appearance("banana", "a", 0, 1), 0);
    }
}
