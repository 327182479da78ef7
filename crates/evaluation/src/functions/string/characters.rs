//! Functions of the characters of one text: case, order, length, class, replacement.

use arrow_array::ArrayRef;
use arrow_array::types::{Int32Type, Int64Type};
use flott_record::TypeKind;

use super::number_lexing::is_java_double;
use crate::functions::constants::{Column, Numbers, Texts, build_numbers, build_texts, infallible, valid_rows};
use crate::functions::mapping::is_valid;
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    Some(match call.name.as_str() {
        "UPPER" => change_case(call, str::make_ascii_uppercase, str::to_uppercase),
        "LOWER" => change_case(call, str::make_ascii_lowercase, str::to_lowercase),
        "INITCAP" => each_text(initcap),
        "REVERSE" => each_text(|text, out| out.extend(text.chars().rev())),
        "CHAR_LENGTH" => number_of_text(|text| text.chars().count() as i32),
        // Java's bytes are signed.
        "ASCII" => number_of_text(|text| text.as_bytes().first().map_or(0, |byte| i32::from(*byte as i8))),
        "CHR" => infallible(chr),
        "REPEAT" => infallible(repeat),
        "REPLACE" => infallible(replace),
        "TRANSLATE" => infallible(translate),
        "IS_ALPHA" => character_class(call, |kind| kind.is_character(), is_alpha),
        "IS_DIGIT" => character_class(call, |kind| kind.is_character() || kind.is_integer(), is_digit),
        "IS_DECIMAL" => {
            let admits = |kind: &TypeKind| kind.is_character() || kind.is_integer() || kind.is_approximate();
            character_class(call, admits, |text| is_java_double(text) || is_digit(text))
        }
        _ => return None,
    })
}

/// Each text turned into another.
fn each_text(write: impl Fn(&str, &mut String) + Send + 'static) -> Box<dyn ScalarFunction> {
    infallible(move |arguments, frame| {
        let text = Texts::of(&arguments[0]);
        build_texts(arguments, frame.rows, |row, out| {
            write(text.at(row), out);
            Ok(true)
        })
    })
}

/// Upper or lower case. A constant keeps its declared length, as Flink's folding of constants has it.
fn change_case(call: &CallSite, ascii: fn(&mut str), full: fn(&str) -> String) -> Box<dyn ScalarFunction> {
    let length = match (call.literal(0), &call.data_type.kind) {
        (Some(_), TypeKind::Char(length) | TypeKind::Varchar(length)) => *length as usize,
        _ => usize::MAX,
    };
    each_text(move |text, out| {
        if text.is_ascii() {
            out.push_str(text);
            ascii(out);
        } else {
            out.extend(full(text).chars().take(length));
        }
    })
}

/// The first letter of each ASCII word in upper case, the others in lower case; other characters end a word.
fn initcap(text: &str, out: &mut String) {
    let mut inside = false;
    for c in text.chars() {
        let word = c.is_ascii_alphanumeric();
        out.push(match (word, inside) {
            (true, false) => c.to_ascii_uppercase(),
            (true, true) => c.to_ascii_lowercase(),
            (false, _) => c,
        });
        inside = word;
    }
}

fn number_of_text(compute: impl Fn(&str) -> i32 + Send + 'static) -> Box<dyn ScalarFunction> {
    infallible(move |arguments, frame| {
        let text = Texts::of(&arguments[0]);
        build_numbers::<Int32Type>(arguments, frame.rows, |row| Ok(Some(compute(text.at(row)))))
    })
}

/// `CHR`: the character of the number modulo 256; nothing for negative numbers.
fn chr(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let number = Numbers::<Int64Type>::of(&arguments[0]);
    build_texts(arguments, frame.rows, |row, out| {
        let number = number.at(row);
        if number >= 0 {
            out.push(char::from((number & 0xFF) as u8));
        }
        Ok(true)
    })
}

fn repeat(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let (text, times) = (Texts::of(&arguments[0]), Numbers::<Int32Type>::of(&arguments[1]));
    build_texts(arguments, frame.rows, |row, out| {
        for _ in 0..times.at(row).max(0) {
            out.push_str(text.at(row));
        }
        Ok(true)
    })
}

fn replace(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let [text, from, to] = [0, 1, 2].map(|index| Texts::of(&arguments[index]));
    build_texts(arguments, frame.rows, |row, out| {
        let (text, from, to) = (text.at(row), from.at(row), to.at(row));
        let mut last = 0;
        for (start, found) in text.match_indices(from) {
            out.push_str(&text[last..start]);
            out.push_str(to);
            last = start + found.len();
        }
        out.push_str(&text[last..]);
        Ok(true)
    })
}

/// `TRANSLATE`: each character that occurs in the second argument becomes the one at its place in the third, or nothing.
fn translate(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let [text, from, to] = [0, 1, 2].map(|index| Texts::of(&arguments[index]));
    build_texts(&arguments[..1], frame.rows, |row, out| {
        let (from, to) = (from.get(row).unwrap_or(""), to.get(row).unwrap_or(""));
        for c in text.at(row).chars() {
            match from.chars().position(|candidate| candidate == c) {
                None => out.push(c),
                Some(place) => out.extend(to.chars().nth(place)),
            }
        }
        Ok(true)
    })
}

/// A test that says false of NULL; numbers pass it if their type does.
fn character_class(
    call: &CallSite,
    admits: impl Fn(&TypeKind) -> bool,
    test: impl Fn(&str) -> bool + Send + 'static,
) -> Box<dyn ScalarFunction> {
    let kind = call.kind(0);
    let (is_text, passes) = (kind.is_character(), admits(kind));
    infallible(move |arguments, frame| {
        let valid = valid_rows(arguments, frame.rows);
        let passed: arrow_array::BooleanArray = if is_text {
            let text = Texts::of(&arguments[0]);
            (0..frame.rows).map(|row| Some(is_valid(&valid, row) && test(text.at(row)))).collect()
        } else {
            (0..frame.rows).map(|row| Some(passes && is_valid(&valid, row))).collect()
        };
        Ok(std::sync::Arc::new(passed) as ArrayRef)
    })
}

fn is_alpha(text: &str) -> bool {
    !text.is_empty() && text.chars().all(char::is_alphabetic)
}

fn is_digit(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initcap_knows_ascii_words_only() {
        let mut out = String::new();
        initcap("éa b1C_dD hello WORLD", &mut out);
        assert_eq!(out, "éA B1c_Dd Hello World");
    }

    #[test]
    fn hash_codes_are_those_of_java() {
        assert_eq!(crate::functions::hash_code::of_text("abc"), 96_354);
        assert_eq!(crate::functions::hash_code::of_text("polygenelubricants"), i32::MIN);
    }

    #[test]
    fn classes_are_false_for_nothing() {
        assert!(is_alpha("é") && !is_alpha("") && !is_alpha("a b"));
        assert!(is_digit("١2") && !is_digit("") && !is_digit("11.4"));
    }
}
