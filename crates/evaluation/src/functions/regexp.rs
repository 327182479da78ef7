//! The functions on regular expressions.
//!
//! Expressions are Java's. A constant is compiled once, others go through a bounded cache. What Java refuses gives NULL (`REGEXP`:
//! false), as in Flink; what Java knows and flott does not is an error that names it.

pub(in crate::functions) mod pattern;
mod translation;

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::types::Int32Type;

use self::pattern::PatternCache;
use super::constants::{
    Column, Numbers, Texts, build_booleans, build_numbers, build_slices, build_texts, scalars, valid_rows,
};
use super::mapping::is_valid;
use super::{CallSite, Frame, ScalarFunction};
use crate::evaluator::{CompileError, EvaluationError};

/// A function of this family over a batch.
type Kernel = fn(&[ArrayRef], &Frame, &mut PatternCache) -> Column;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    let kernel: Kernel = match call.name.as_str() {
        "REGEXP" => matches,
        "REGEXP_REPLACE" => replace,
        "REGEXP_EXTRACT" => extract,
        "REGEXP_EXTRACT_ALL" => extract_all,
        "REGEXP_COUNT" => count,
        "REGEXP_INSTR" => position,
        "REGEXP_SUBSTR" => first_match,
        _ => return None,
    };
    let mut patterns = PatternCache::default();
    if let Some(literal) = call.text_literal(1)
        && let Err(message) = patterns.prepare(literal)
    {
        return Some(Err(CompileError::NotSupported(format!("{} in a regular expression", message))));
    }
    Some(Ok(scalars(move |arguments, frame| kernel(arguments, frame, &mut patterns))))
}

/// Keeps the first error of rows computed where no error can be returned.
fn keep<T>(result: Result<T, EvaluationError>, failure: &mut Option<EvaluationError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            failure.get_or_insert(error);
            None
        }
    }
}

fn finish(column: Column, failure: Option<EvaluationError>) -> Column {
    failure.map_or(column, Err)
}

fn matches(arguments: &[ArrayRef], frame: &Frame, patterns: &mut PatternCache) -> Column {
    let (text, regex) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    let mut failure = None;
    let column = build_booleans(arguments, frame.rows, |row| {
        let regex = regex.at(row);
        if regex.is_empty() {
            return Some(false);
        }
        let pattern = keep(patterns.find(regex, row), &mut failure)?;
        Some(pattern.is_some_and(|pattern| pattern.is_match(text.at(row))))
    });
    finish(column, failure)
}

fn replace(arguments: &[ArrayRef], frame: &Frame, patterns: &mut PatternCache) -> Column {
    let [text, regex, replacement] = [0, 1, 2].map(|index| Texts::of(&arguments[index]));
    build_texts(arguments, frame.rows, |row, out| {
        let Some(pattern) = patterns.find(regex.at(row), row)? else { return Ok(false) };
        let (text, replacement) = (text.at(row), replacement.at(row));
        let mut last = 0;
        for (start, end) in pattern.matches(text) {
            out.push_str(&text[last..start]);
            out.push_str(replacement);
            last = end;
        }
        out.push_str(&text[last..]);
        Ok(true)
    })
}

fn extract(arguments: &[ArrayRef], frame: &Frame, patterns: &mut PatternCache) -> Column {
    let (text, regex) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    let group = arguments.get(2).map(Numbers::<Int32Type>::of);
    let mut failure = None;
    let column = build_slices(arguments, frame.rows, text.bytes(), |row| {
        let pattern = keep(patterns.find(regex.at(row), row), &mut failure)??;
        let group = usize::try_from(group.map_or(0, |group| group.at(row))).ok()?;
        let text = text.at(row);
        let (start, end) = pattern.group_of_first(text, group)?;
        Some(&text[start..end])
    });
    finish(column, failure)
}

fn first_match(arguments: &[ArrayRef], frame: &Frame, patterns: &mut PatternCache) -> Column {
    extract(&arguments[..2], frame, patterns)
}

fn extract_all(arguments: &[ArrayRef], frame: &Frame, patterns: &mut PatternCache) -> Column {
    let (text, regex) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    let group = arguments.get(2).map(Numbers::<Int32Type>::of);
    let valid = valid_rows(arguments, frame.rows);
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..frame.rows {
        let pattern = if is_valid(&valid, row) { patterns.find(regex.at(row), row)? } else { None };
        let group = if is_valid(&valid, row) { group.map_or(1, |group| group.at(row)) } else { 0 };
        let group = usize::try_from(group).ok();
        let found = pattern.zip(group).and_then(|(pattern, group)| pattern.group_of_all(text.at(row), group));
        let Some(found) = found else {
            lists.append(false);
            continue;
        };
        for place in found {
            lists.values().append_option(place.map(|(start, end)| &text.at(row)[start..end]));
        }
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}

fn count(arguments: &[ArrayRef], frame: &Frame, patterns: &mut PatternCache) -> Column {
    let (text, regex) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    build_numbers::<Int32Type>(arguments, frame.rows, |row| {
        let pattern = patterns.find(regex.at(row), row)?;
        Ok(pattern.map(|pattern| pattern.matches(text.at(row)).count() as i32))
    })
}

fn position(arguments: &[ArrayRef], frame: &Frame, patterns: &mut PatternCache) -> Column {
    let (text, regex) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    build_numbers::<Int32Type>(arguments, frame.rows, |row| {
        let text = text.at(row);
        let pattern = patterns.find(regex.at(row), row)?;
        Ok(pattern.map(|pattern| {
            let first = pattern.matches(text).next();
            first.map_or(0, |(start, _)| text[..start].chars().count() as i32 + 1)
        }))
    })
}
