//! COALESCE, IFNULL, NULLIF, GREATEST, LEAST and TYPEOF. (IF is a CASE of the tree.)

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, StringArray};
use arrow_buffer::BooleanBuffer;
use arrow_select::interleave::interleave;
use arrow_select::nullif::nullif;
use arrow_select::zip::zip;

use super::comparator::{Comparator, Comparison};
use super::{CallSite, Frame, Infallible, ScalarFunction};
use crate::evaluator::{CompileError, EvaluationError};

type Compiled = Result<Box<dyn ScalarFunction>, CompileError>;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Compiled> {
    Some(match call.name.as_str() {
        "COALESCE" | "IFNULL" => {
            Ok(Box::new(Infallible(|arguments: &[ArrayRef], frame: &Frame| first_valid(arguments, frame.rows))))
        }
        "NULLIF" if call.len() == 2 => null_if(call),
        "GREATEST" => extreme(call, Comparison::Greater),
        "LEAST" => extreme(call, Comparison::Less),
        "TYPEOF" => Ok(type_of(call)),
        _ => return None,
    })
}

/// For each row the first argument that is not NULL.
fn first_valid(arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef, EvaluationError> {
    let first = &arguments[0];
    if first.null_count() == 0 && first.len() == rows && !first.data_type().is_null() {
        return Ok(Arc::clone(first));
    }
    let steps: Vec<usize> = arguments.iter().map(|array| usize::from(array.len() == rows)).collect();
    let valid = |index: usize, row: usize| {
        let array = &arguments[index];
        !array.data_type().is_null() && array.is_valid(row * steps[index])
    };
    let last = arguments.len() - 1;
    let pick = |row: usize| {
        let index = (0..last).find(|index| valid(*index, row)).unwrap_or(last);
        (index, row * steps[index])
    };
    let picks: Vec<(usize, usize)> = (0..rows).map(pick).collect();
    let parts: Vec<&dyn Array> = arguments.iter().map(AsRef::as_ref).collect();
    Ok(interleave(&parts, &picks)?)
}

/// The first argument, NULL where it equals the second.
fn null_if(call: &CallSite) -> Compiled {
    let mut comparator = Comparator::compile(call, 0, 1, Comparison::Equal)?;
    Ok(Box::new(move |arguments: &[ArrayRef], frame: &Frame| {
        let equal = comparator.compare(&arguments[0], &arguments[1], frame)?;
        Ok(nullif(&arguments[0], &equal)?)
    }))
}

/// The greatest or least argument; NULL if one is.
fn extreme(call: &CallSite, better: Comparison) -> Compiled {
    let comparators: Result<Vec<Comparator>, CompileError> =
        (1..call.len()).map(|index| Comparator::compile(call, index, 0, better)).collect();
    let mut comparators = comparators?;
    Ok(Box::new(move |arguments: &[ArrayRef], frame: &Frame| {
        let mut best = Arc::clone(&arguments[0]);
        for (comparator, candidate) in comparators.iter_mut().zip(&arguments[1..]) {
            let wins = comparator.compare(candidate, &best, frame)?;
            let null = BooleanBuffer::collect_bool(frame.rows, |row| candidate.is_null(row) || best.is_null(row));
            best = nullif(&zip(&wins, candidate, &best)?, &BooleanArray::new(null, None))?;
        }
        Ok(best)
    }))
}

fn type_of(call: &CallSite) -> Box<dyn ScalarFunction> {
    let name = call.argument_types.first().map_or_else(String::new, ToString::to_string);
    Box::new(Infallible(move |_: &[ArrayRef], frame: &Frame| {
        let names = std::iter::repeat_n(name.as_str(), frame.rows);
        Ok::<ArrayRef, EvaluationError>(Arc::new(StringArray::from_iter_values(names)))
    }))
}
