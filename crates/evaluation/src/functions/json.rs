//! The JSON functions. JSON is read as Flink reads it with Jackson: the first value of a text counts, what follows is ignored;
//! keys are written in order.

mod constructor;
mod escape;
mod extraction;
mod filter;
pub(in crate::functions) mod item;
mod path;
mod path_parsing;
mod predicate;
mod value;
mod value_parsing;
mod variant;
mod writer;

use super::{CallSite, ScalarFunction};
use crate::evaluator::CompileError;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    extraction::compile(call)
        .or_else(|| constructor::compile(call))
        .or_else(|| predicate::compile(call).map(Ok))
        .or_else(|| escape::compile(call).map(Ok))
        .or_else(|| variant::compile(call).map(Ok))
}
