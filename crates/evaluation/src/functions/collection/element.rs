//! Functions of an array and one element.

use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as ArrowType;
use flott_record::KeyRows;

use super::gather::{ListPlan, Lists, element_type};
use crate::functions::constants::{Column, build_booleans, build_numbers, infallible, valid_rows};
use crate::functions::mapping::is_valid;
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    let element = element_type(&call.data_type);
    Some(match call.name.as_str() {
        "ARRAY_CONTAINS" => infallible(contains),
        "ARRAY_POSITION" => infallible(position),
        "ARRAY_REMOVE" => infallible(move |arguments, frame| remove(arguments, frame, &element)),
        "ARRAY_APPEND" => infallible(move |arguments, frame| extend(arguments, frame, &element, false)),
        "ARRAY_PREPEND" => infallible(move |arguments, frame| extend(arguments, frame, &element, true)),
        _ => return None,
    })
}

/// An array's elements and what is looked for in it, as keys.
struct Search<'a> {
    lists: Lists<'a>,
    elements: KeyRows,
    needles: KeyRows,
    needle_step: usize,
}

impl<'a> Search<'a> {
    fn of(arguments: &'a [ArrayRef]) -> Self {
        let lists = Lists::of(&arguments[0]);
        let elements = lists.elements();
        Search {
            lists,
            elements: KeyRows::encode(std::slice::from_ref(elements), elements.len()),
            needles: KeyRows::encode(&arguments[1..2], arguments[1].len()),
            needle_step: usize::from(arguments[1].len() != 1),
        }
    }

    /// Whether an element is the one of the row.
    fn is_found(&self, place: usize, row: usize) -> bool {
        self.elements.key(place) == self.needles.key(row * self.needle_step)
    }

    /// Place of the first such element in the row's array.
    fn first(&self, row: usize) -> Option<usize> {
        self.lists.range(row).position(|place| self.is_found(place, row))
    }
}

fn contains(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let search = Search::of(arguments);
    build_booleans(&arguments[..1], frame.rows, |row| Some(search.first(row).is_some()))
}

fn position(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let search = Search::of(arguments);
    build_numbers::<Int32Type>(arguments, frame.rows, |row| {
        Ok(Some(search.first(row).map_or(0, |place| place as i32 + 1)))
    })
}

fn remove(arguments: &[ArrayRef], frame: &Frame, element: &ArrowType) -> Column {
    let search = Search::of(arguments);
    let valid = valid_rows(&arguments[..1], frame.rows);
    let mut plan = ListPlan::with_rows(frame.rows);
    for row in 0..frame.rows {
        let present = is_valid(&valid, row);
        if present {
            let kept = search.lists.range(row).filter(|place| !search.is_found(*place, row));
            kept.for_each(|place| plan.push(0, place));
        }
        plan.end_row(present);
    }
    plan.finish(&[search.lists.elements()], element)
}

fn extend(arguments: &[ArrayRef], frame: &Frame, element: &ArrowType, before: bool) -> Column {
    let lists = Lists::of(&arguments[0]);
    let step = usize::from(arguments[1].len() != 1);
    let valid = valid_rows(&arguments[..1], frame.rows);
    let mut plan = ListPlan::with_rows(frame.rows);
    for row in 0..frame.rows {
        let present = is_valid(&valid, row);
        if present && before {
            plan.push(1, row * step);
        }
        if present {
            plan.extend(0, lists.range(row));
        }
        if present && !before {
            plan.push(1, row * step);
        }
        plan.end_row(present);
    }
    plan.finish(&[lists.elements(), &arguments[1]], element)
}
