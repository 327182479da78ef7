//! The conditional functions.

use super::{CallSite, ScalarFunction};
use crate::evaluator::CompileError;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(_call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    None
}
