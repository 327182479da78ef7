//! Signatures of the construction functions.

use super::{Argument, Resolution, SignatureError};

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(_name: &str, _arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    None
}
