//! Functions that put arrays together, cut or turn them, and join their elements to a text.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as ArrowType;

use super::gather::{ListPlan, Lists, element_type};
use crate::functions::constants::{Column, Numbers, Texts, build_texts, infallible, valid_rows};
use crate::functions::mapping::is_valid;
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    let element = element_type(&call.data_type);
    Some(match call.name.as_str() {
        "ARRAY_CONCAT" => infallible(move |arguments, frame| concatenate(arguments, frame, &element)),
        "ARRAY_REVERSE" => infallible(move |arguments, frame| reverse(arguments, frame, &element)),
        "ARRAY_SLICE" => infallible(move |arguments, frame| slice(arguments, frame, &element)),
        "ARRAY_JOIN" => infallible(join),
        _ => return None,
    })
}

fn concatenate(arguments: &[ArrayRef], frame: &Frame, element: &ArrowType) -> Column {
    let lists: Vec<Lists<'_>> = arguments.iter().map(Lists::of).collect();
    let valid = valid_rows(arguments, frame.rows);
    let mut plan = ListPlan::with_rows(frame.rows);
    for row in 0..frame.rows {
        let present = is_valid(&valid, row);
        if present {
            lists.iter().enumerate().for_each(|(source, lists)| plan.extend(source, lists.range(row)));
        }
        plan.end_row(present);
    }
    let sources: Vec<&dyn Array> = lists.iter().map(|lists| lists.elements() as &dyn Array).collect();
    plan.finish(&sources, element)
}

fn reverse(arguments: &[ArrayRef], frame: &Frame, element: &ArrowType) -> Column {
    let lists = Lists::of(&arguments[0]);
    let valid = valid_rows(arguments, frame.rows);
    let mut plan = ListPlan::with_rows(frame.rows);
    for row in 0..frame.rows {
        let present = is_valid(&valid, row);
        if present {
            lists.range(row).rev().for_each(|place| plan.push(0, place));
        }
        plan.end_row(present);
    }
    plan.finish(&[lists.elements()], element)
}

fn slice(arguments: &[ArrayRef], frame: &Frame, element: &ArrowType) -> Column {
    let lists = Lists::of(&arguments[0]);
    let start = Numbers::<Int32Type>::of(&arguments[1]);
    let end = arguments.get(2).map(Numbers::<Int32Type>::of);
    let valid = valid_rows(arguments, frame.rows);
    let mut plan = ListPlan::with_rows(frame.rows);
    for row in 0..frame.rows {
        let present = is_valid(&valid, row);
        if present {
            let range = lists.range(row);
            let end = end.map(|end| i64::from(end.at(row)));
            let part = slice_range(range.len(), i64::from(start.at(row)), end);
            plan.extend(0, range.start + part.start..range.start + part.end);
        }
        plan.end_row(present);
    }
    plan.finish(&[lists.elements()], element)
}

/// Positions count from 1, negative ones from the end; 0 is 1.
fn slice_range(length: usize, start: i64, end: Option<i64>) -> std::ops::Range<usize> {
    let length = length as i64;
    let from_end = |position: i64| if position < 0 { position + length + 1 } else { position };
    let start = from_end(start).max(1);
    let end = match end.map_or(length, from_end) {
        0 => 1,
        end => end.min(length),
    };
    if end < start || length == 0 { 0..0 } else { start as usize - 1..end as usize }
}

/// Elements that are NULL are left out, or replaced by the third argument.
fn join(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let lists = Lists::of(&arguments[0]);
    let texts = lists.elements().as_string::<i32>();
    let separator = Texts::of(&arguments[1]);
    let replacement = arguments.get(2).map(Texts::of);
    build_texts(arguments, frame.rows, |row, out| {
        let mut first = true;
        for place in lists.range(row) {
            let text = if texts.is_valid(place) { Some(texts.value(place)) } else { None };
            let Some(text) = text.or_else(|| replacement.map(|replacement| replacement.at(row))) else { continue };
            if !first {
                out.push_str(separator.at(row));
            }
            out.push_str(text);
            first = false;
        }
        Ok(true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_those_of_flink() {
        let cases = [
            (5, -123, None, 0..5),
            (5, 0, None, 0..5),
            (5, -3, None, 2..5),
            (5, 5, Some(6), 4..5),
            (5, 20, Some(30), 0..0),
            (5, -123, Some(123), 0..5),
            (8, 1, Some(0), 0..1),
            (3, 2, Some(1), 0..0),
            (3, -2, Some(-1), 1..3),
            (3, 3, Some(-1), 2..3),
            (3, -1, Some(1), 0..0),
            (3, 0, Some(0), 0..1),
            (3, -10, Some(-5), 0..0),
            (0, 1, None, 0..0),
        ];
        for (length, start, end, range) in cases {
            assert_eq!(slice_range(length, start, end), range, "{length} {start} {end:?}");
        }
    }
}
