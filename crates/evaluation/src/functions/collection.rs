//! The functions on arrays and maps.
//!
//! Elements are equal if their canonical keys are; NULL equals NULL. Results are gathered from the arguments' elements by position, so that
//! one way serves elements of every type.

mod element;
mod gather;
mod map;
mod order;
mod set;
mod shape;

use super::{CallSite, ScalarFunction};
use crate::evaluator::CompileError;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    element::compile(call)
        .or_else(|| shape::compile(call))
        .or_else(|| set::compile(call))
        .or_else(|| order::compile(call))
        .or_else(|| map::compile(call))
        .map(Ok)
}
