//! `ARRAY_SORT`, `ARRAY_MAX`, `ARRAY_MIN`.

use std::cmp::Ordering;

use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array, cast::AsArray};
use arrow_ord::ord::{DynComparator, make_comparator};
use arrow_schema::{DataType as ArrowType, SortOptions};
use arrow_select::take::take;

use super::gather::{ListPlan, Lists, element_type};
use crate::functions::constants::{Column, scalars, valid_rows};
use crate::functions::mapping::{failed, is_valid};
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    Some(match call.name.as_str() {
        "ARRAY_SORT" => {
            let element = element_type(&call.data_type);
            scalars(move |arguments, frame| sort(arguments, frame, &element))
        }
        "ARRAY_MAX" => scalars(|arguments, frame| extreme(arguments, frame, Ordering::Greater)),
        "ARRAY_MIN" => scalars(|arguments, frame| extreme(arguments, frame, Ordering::Less)),
        _ => return None,
    })
}

/// Compares elements of one array that are not NULL.
fn comparator(elements: &ArrayRef) -> Result<DynComparator, crate::evaluator::EvaluationError> {
    make_comparator(elements, elements, SortOptions::default()).map_err(|error| failed(0, error.to_string()))
}

/// The flag of a row: a constant, a column, or the default.
fn flag(array: Option<&BooleanArray>, row: usize) -> Option<bool> {
    array.map(|array| array.value(if array.len() == 1 { 0 } else { row }))
}

/// Ascending with NULLs first, descending with NULLs last, if nothing else is said.
fn sort(arguments: &[ArrayRef], frame: &Frame, element: &ArrowType) -> Column {
    let lists = Lists::of(&arguments[0]);
    let elements = lists.elements();
    let compare = comparator(elements)?;
    let nulls = elements.logical_nulls();
    let (ascending, nulls_first) =
        (arguments.get(1).map(|array| array.as_boolean()), arguments.get(2).map(|array| array.as_boolean()));
    let valid = valid_rows(arguments, frame.rows);
    let mut plan = ListPlan::with_rows(frame.rows);
    let mut places: Vec<usize> = Vec::new();
    for row in 0..frame.rows {
        let present = is_valid(&valid, row);
        if present {
            let ascending = flag(ascending, row).unwrap_or(true);
            let nulls_first = flag(nulls_first, row).unwrap_or(ascending);
            places.clear();
            places.extend(lists.range(row));
            places.sort_by(|left, right| match (is_valid(&nulls, *left), is_valid(&nulls, *right)) {
                (true, true) if ascending => compare(*left, *right),
                (true, true) => compare(*right, *left),
                (false, false) => Ordering::Equal,
                (left, _) => {
                    if left == nulls_first {
                        Ordering::Greater
                    } else {
                        Ordering::Less
                    }
                }
            });
            places.iter().for_each(|place| plan.push(0, *place));
        }
        plan.end_row(present);
    }
    plan.finish(&[elements], element)
}

/// The greatest or least element; NULL of an array without any.
fn extreme(arguments: &[ArrayRef], frame: &Frame, wanted: Ordering) -> Column {
    let lists = Lists::of(&arguments[0]);
    let elements = lists.elements();
    let compare = comparator(elements)?;
    let nulls = elements.logical_nulls();
    let valid = valid_rows(arguments, frame.rows);
    let best = |row: usize| {
        let mut places = lists.range(row).filter(|place| is_valid(&nulls, *place));
        let first = places.next()?;
        let better = |best: usize, place: usize| if compare(place, best) == wanted { place } else { best };
        Some(places.fold(first, better) as u32)
    };
    let places: UInt32Array = (0..frame.rows).map(|row| if is_valid(&valid, row) { best(row) } else { None }).collect();
    take(elements, &places, None).map_err(|error| failed(0, error.to_string()))
}
