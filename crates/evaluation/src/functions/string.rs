//! The string functions.
//!
//! Positions and lengths count characters (code points), as in Flink's `BinaryStringData`; `POSITION` and its like start at 1.

mod assembly;
mod characters;
mod encoding;
mod number_lexing;
mod printf;
mod search;
mod slice;
mod split;

pub(in crate::functions) use self::encoding::{write_base64, write_hex_lower};

use super::{CallSite, ScalarFunction};
use crate::evaluator::CompileError;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    let plain =
        [slice::compile, characters::compile, search::compile, assembly::compile, split::compile, encoding::compile];
    match plain.iter().find_map(|compile| compile(call)) {
        Some(function) => Some(Ok(function)),
        None => printf::compile(call),
    }
}

/// Where the character `index` begins, in bytes; `None` beyond the last one.
fn byte_offset(text: &str, index: usize) -> Option<usize> {
    if index == 0 {
        return Some(0);
    }
    if text.is_ascii() {
        return (index < text.len()).then_some(index);
    }
    text.char_indices().nth(index).map(|(offset, _)| offset)
}
