//! Comparison, tests for NULL and truth, NOT, IN, LIKE and SIMILAR TO.

use std::sync::Arc;

use arrow_arith::boolean::{not, or_kleene};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::BooleanBuffer;
use flott_record::TypeKind;

use super::comparator::{Comparator, Comparison};
use super::{CallSite, Frame, Infallible, ScalarFunction, like, membership};
use crate::evaluator::{CompileError, EvaluationError};
use crate::logic::truth_of;

type Compiled = Result<Box<dyn ScalarFunction>, CompileError>;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Compiled> {
    Some(match call.name.as_str() {
        "=" => compare(call, Comparison::Equal),
        "<>" => compare(call, Comparison::NotEqual),
        "<" => compare(call, Comparison::Less),
        "<=" => compare(call, Comparison::LessOrEqual),
        ">" => compare(call, Comparison::Greater),
        ">=" => compare(call, Comparison::GreaterOrEqual),
        "IS DISTINCT FROM" => compare(call, Comparison::Distinct),
        "IS NOT DISTINCT FROM" => compare(call, Comparison::NotDistinct),
        "IS NULL" | "IS UNKNOWN" => Ok(test(|array| nulls(array, true))),
        "IS NOT NULL" | "IS NOT UNKNOWN" => Ok(test(|array| nulls(array, false))),
        "IS TRUE" => Ok(test(|array| truth(array, true, false))),
        "IS NOT TRUE" => Ok(test(|array| truth(array, true, true))),
        "IS FALSE" => Ok(test(|array| truth(array, false, false))),
        "IS NOT FALSE" => Ok(test(|array| truth(array, false, true))),
        "NOT" => Ok(Box::new(Infallible(|arguments: &[ArrayRef], _: &Frame| {
            Ok(Arc::new(not(&truth_of(&arguments[0]))?) as ArrayRef)
        }))),
        "IN" | "NOT IN" => member(call),
        "LIKE" | "NOT LIKE" | "SIMILAR TO" | "NOT SIMILAR TO" => like::compile(call),
        _ => return None,
    })
}

fn compare(call: &CallSite, comparison: Comparison) -> Compiled {
    if call.len() != 2 {
        return Err(call.not_supported());
    }
    let mut comparator = Comparator::compile(call, 0, 1, comparison)?;
    Ok(Box::new(Infallible(move |arguments: &[ArrayRef], frame: &Frame| {
        Ok(Arc::new(comparator.compare(&arguments[0], &arguments[1], frame)?) as ArrayRef)
    })))
}

/// A test of one argument that is never NULL.
fn test(decide: impl Fn(&ArrayRef) -> BooleanBuffer + Send + 'static) -> Box<dyn ScalarFunction> {
    Box::new(Infallible(move |arguments: &[ArrayRef], _: &Frame| {
        Ok::<ArrayRef, EvaluationError>(Arc::new(BooleanArray::new(decide(&arguments[0]), None)))
    }))
}

fn nulls(array: &ArrayRef, wanted: bool) -> BooleanBuffer {
    match array.logical_nulls() {
        Some(nulls) if wanted => !nulls.inner(),
        Some(nulls) => nulls.inner().clone(),
        None if wanted => BooleanBuffer::new_unset(array.len()),
        None => BooleanBuffer::new_set(array.len()),
    }
}

/// Where a truth value is known to be `wanted`, or (`negated`) is not.
fn truth(array: &ArrayRef, wanted: bool, negated: bool) -> BooleanBuffer {
    let truth = truth_of(array);
    let values = if wanted { truth.values().clone() } else { !truth.values() };
    let known = match truth.nulls() {
        Some(nulls) => &values & nulls.inner(),
        None => values,
    };
    if negated { !&known } else { known }
}

/// The first argument among the others.
fn member(call: &CallSite) -> Compiled {
    let negated = call.name == "NOT IN";
    if let Some(function) = membership::compile(call, negated) {
        return Ok(function);
    }
    let comparators: Result<Vec<Comparator>, CompileError> =
        (1..call.len()).map(|index| Comparator::compile(call, 0, index, Comparison::Equal)).collect();
    let mut comparators = comparators?;
    if comparators.is_empty() || *call.kind(0) == TypeKind::Null && call.len() < 2 {
        return Err(call.not_supported());
    }
    Ok(Box::new(Infallible(move |arguments: &[ArrayRef], frame: &Frame| {
        let mut found: Option<BooleanArray> = None;
        for (comparator, candidate) in comparators.iter_mut().zip(&arguments[1..]) {
            let equal = comparator.compare(&arguments[0], candidate, frame)?;
            found = Some(match found {
                None => equal,
                Some(found) => or_kleene(&found, &equal)?,
            });
        }
        let found = found.unwrap_or_else(|| BooleanArray::new(BooleanBuffer::new_unset(frame.rows), None));
        Ok(Arc::new(if negated { not(&found)? } else { found }) as ArrayRef)
    })))
}
