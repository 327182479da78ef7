//! Functions that cut a text at separators.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, MapArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::DataType as ArrowType;

use crate::evaluator::EvaluationError;
use crate::functions::constants::{Column, Numbers, Texts, build_slices, infallible, scalars, valid_rows};
use crate::functions::mapping::is_valid;
use crate::functions::regexp::pattern::{Pattern, PatternCache};
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    Some(match call.name.as_str() {
        "SPLIT_INDEX" if call.kind(1).is_integer() => infallible(split_index_by_code),
        "SPLIT_INDEX" => infallible(split_index),
        "SPLIT" => infallible(split),
        "STR_TO_MAP" => string_to_map(call),
        _ => return None,
    })
}

fn split_index(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let (text, separator) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    let index = Numbers::<Int32Type>::of(&arguments[2]);
    build_slices(arguments, frame.rows, text.bytes() / 2, |row| {
        let (text, separator) = (text.at(row), separator.at(row));
        let index = usize::try_from(index.at(row)).ok()?;
        if text.is_empty() {
            return None;
        }
        match separator.as_bytes() {
            [] => text.split(char::is_whitespace).nth(index),
            [byte] => text.split(char::from(*byte)).nth(index),
            _ => text.split(separator).nth(index),
        }
    })
}

/// The separator is the character of a code from 1 to 255.
fn split_index_by_code(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let text = Texts::of(&arguments[0]);
    let (code, index) = (Numbers::<Int32Type>::of(&arguments[1]), Numbers::<Int32Type>::of(&arguments[2]));
    build_slices(arguments, frame.rows, text.bytes() / 2, |row| {
        let separator = u8::try_from(code.at(row)).ok().filter(|code| *code > 0).map(char::from)?;
        let index = usize::try_from(index.at(row)).ok()?;
        let text = text.at(row);
        if text.is_empty() { None } else { text.split(separator).nth(index) }
    })
}

/// `SPLIT`: all parts; no part of an empty text; single characters if the separator is empty.
fn split(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let (text, separator) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    let valid = valid_rows(arguments, frame.rows);
    let mut lists = ListBuilder::new(StringBuilder::with_capacity(frame.rows, text.bytes()));
    for row in 0..frame.rows {
        if !is_valid(&valid, row) {
            lists.append(false);
            continue;
        }
        let (text, separator) = (text.at(row), separator.at(row));
        let parts = lists.values();
        if text.is_empty() {
            // No part.
        } else if separator.is_empty() {
            let ends = text.char_indices().map(|(start, c)| &text[start..start + c.len_utf8()]);
            ends.for_each(|character| parts.append_value(character));
        } else {
            text.split(separator).for_each(|part| parts.append_value(part));
        }
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}

/// `STR_TO_MAP`: separators are regular expressions, as in Java's `String.split`; a part without the inner one has the value NULL.
fn string_to_map(call: &CallSite) -> Box<dyn ScalarFunction> {
    let to = call.data_type.to_arrow();
    let (mut outer_patterns, mut inner_patterns) = (PatternCache::default(), PatternCache::default());
    scalars(move |arguments, frame| {
        let text = Texts::of(&arguments[0]);
        let separators =
            arguments.get(1).zip(arguments.get(2)).map(|(outer, inner)| (Texts::of(outer), Texts::of(inner)));
        let valid = valid_rows(arguments, frame.rows);
        let (mut keys, mut values) = (StringBuilder::new(), StringBuilder::new());
        let mut lengths = Vec::with_capacity(frame.rows);
        for row in 0..frame.rows {
            if !is_valid(&valid, row) {
                lengths.push(0);
                continue;
            }
            let (outer, inner) = separators.map_or((",", "="), |(outer, inner)| (outer.at(row), inner.at(row)));
            let (outer, inner) = (outer_patterns.of_row(outer, row)?, inner_patterns.of_row(inner, row)?);
            let entries = pairs_of(text.at(row), outer, inner);
            lengths.push(entries.len());
            for (key, value) in entries {
                keys.append_value(key);
                values.append_option(value);
            }
        }
        let columns: Vec<ArrayRef> = vec![Arc::new(keys.finish()), Arc::new(values.finish())];
        maps_of(&to, columns, lengths, valid)
    })
}

/// The pairs of a text; of pairs with the same key the last one's value stays.
fn pairs_of<'a>(text: &'a str, outer: &Pattern, inner: &Pattern) -> Vec<(&'a str, Option<&'a str>)> {
    let mut entries: Vec<(&str, Option<&str>)> = Vec::new();
    for pair in split_as_java(text, outer, usize::MAX) {
        let parts = split_as_java(pair, inner, 2);
        let entry = if parts.len() < 2 { (pair, None) } else { (parts[0], Some(parts[1])) };
        match entries.iter_mut().find(|(key, _)| *key == entry.0) {
            Some(present) => present.1 = entry.1,
            None => entries.push(entry),
        }
    }
    entries
}

/// Maps of the type in which the result lies.
fn maps_of(to: &ArrowType, columns: Vec<ArrayRef>, lengths: Vec<usize>, valid: Option<NullBuffer>) -> Column {
    let wrong = || EvaluationError { message: format!("a map does not lie as {to}"), row: None, expression: None };
    let ArrowType::Map(entries, _) = to else { return Err(wrong()) };
    let ArrowType::Struct(fields) = entries.data_type() else { return Err(wrong()) };
    let pairs = StructArray::try_new(fields.clone(), columns, None)?;
    Ok(Arc::new(MapArray::try_new(Arc::clone(entries), OffsetBuffer::from_lengths(lengths), pairs, valid, false)?))
}

/// `String.split(regex, limit)` of Java: at most `limit` parts; without a limit empty parts at the end are dropped. An empty
/// text is one empty part, which STR_TO_MAP never sees as a pair.
fn split_as_java<'a>(text: &'a str, pattern: &Pattern, limit: usize) -> Vec<&'a str> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut parts = Vec::new();
    let mut last = 0;
    for (start, end) in pattern.matches(text) {
        if parts.len() + 1 >= limit {
            break;
        }
        // A match of nothing at the start gives no empty first part.
        if end == 0 {
            continue;
        }
        parts.push(&text[last..start]);
        last = end;
    }
    parts.push(&text[last..]);
    if limit == usize::MAX {
        while parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_is_that_of_java() {
        let split = |text, pattern, limit| split_as_java(text, &Pattern::new(pattern).expect("a pattern"), limit);
        assert_eq!(split("a=1,b,c=2=3,,", ",", usize::MAX), ["a=1", "b", "c=2=3"]);
        assert_eq!(split("c=2=3", "=", 2), ["c", "2=3"]);
        assert!(split("a=1.b=2", ".", usize::MAX).is_empty());
        assert_eq!(split(",=1", ",", usize::MAX), ["", "=1"]);
    }
}
