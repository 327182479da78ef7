//! Signatures of the operators: arithmetic, comparison and logic, conditional functions, construction of and access to nested
//! values.

use super::{Argument, Resolution, SignatureError, arithmetic, comparison, conditional, construction};

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    arithmetic::resolve(name, arguments)
        .or_else(|| comparison::resolve(name, arguments))
        .or_else(|| conditional::resolve(name, arguments))
        .or_else(|| construction::resolve(name, arguments))
}
