//! Arrays as sets: distinct elements, union, intersection, difference, in the order of their first occurrence.

use std::collections::HashSet;

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as ArrowType;
use flott_record::KeyRows;

use super::gather::{ListPlan, Lists, element_type};
use crate::functions::constants::{Column, infallible, valid_rows};
use crate::functions::mapping::is_valid;
use crate::functions::{CallSite, Frame, ScalarFunction};

/// Which elements of the first array are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Intersect,
    Except,
}

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    let operation = match call.name.as_str() {
        // The union of an array alone.
        "ARRAY_DISTINCT" | "ARRAY_UNION" => Operation::Union,
        "ARRAY_INTERSECT" => Operation::Intersect,
        "ARRAY_EXCEPT" => Operation::Except,
        _ => return None,
    };
    let element = element_type(&call.data_type);
    Some(infallible(move |arguments, frame| combine(arguments, frame, operation, &element)))
}

fn combine(arguments: &[ArrayRef], frame: &Frame, operation: Operation, element: &ArrowType) -> Column {
    let lists: Vec<Lists<'_>> = arguments.iter().map(Lists::of).collect();
    let encode = |lists: &Lists<'_>| KeyRows::encode(std::slice::from_ref(lists.elements()), lists.elements().len());
    let keys: Vec<KeyRows> = lists.iter().map(encode).collect();
    let valid = valid_rows(arguments, frame.rows);
    let mut plan = ListPlan::with_rows(frame.rows);
    let mut seen: HashSet<&[u8]> = HashSet::new();
    for row in 0..frame.rows {
        let present = is_valid(&valid, row);
        if present && operation == Operation::Union {
            seen.clear();
            for (source, (lists, keys)) in lists.iter().zip(&keys).enumerate() {
                lists
                    .range(row)
                    .filter(|place| seen.insert(keys.key(*place)))
                    .for_each(|place| plan.push(source, place));
            }
        } else if present {
            let mut others: HashSet<&[u8]> = lists[1].range(row).map(|place| keys[1].key(place)).collect();
            for place in lists[0].range(row) {
                let key = keys[0].key(place);
                // Each element counts once: what is kept is taken out of the wanted ones, or put to the unwanted ones.
                let kept = if operation == Operation::Intersect { others.remove(key) } else { others.insert(key) };
                if kept {
                    plan.push(0, place);
                }
            }
        }
        plan.end_row(present);
    }
    let sources: Vec<&dyn Array> = lists.iter().map(|lists| lists.elements() as &dyn Array).collect();
    plan.finish(&sources, element)
}
