//! Row-by-row functions over arrays: NULL in, NULL out, one pass, one allocation per column.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, PrimitiveBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType as ArrowType;

use crate::evaluator::EvaluationError;

/// A failure of one row.
pub(crate) fn failed(row: usize, message: impl Into<String>) -> EvaluationError {
    EvaluationError { message: message.into(), row: Some(row), expression: None }
}

/// The rows that are not NULL in any of the arrays; `None` if no array has NULLs.
pub(crate) fn valid_rows(arguments: &[ArrayRef]) -> Option<NullBuffer> {
    arguments.iter().fold(None, |valid, array| NullBuffer::union(valid.as_ref(), array.logical_nulls().as_ref()))
}

/// Whether a row is valid.
pub(crate) fn is_valid(valid: &Option<NullBuffer>, row: usize) -> bool {
    valid.as_ref().is_none_or(|valid| valid.is_valid(row))
}

/// The argument as text; it has a character type.
pub(crate) fn strings(array: &ArrayRef) -> &StringArray {
    array.as_string::<i32>()
}

/// Texts made row by row: `write` appends a row's text to `out` and says whether the row has a value. It is called only for rows
/// where all arguments are valid.
pub(crate) fn map_to_strings(
    arguments: &[ArrayRef],
    rows: usize,
    write: impl FnMut(usize, &mut String) -> Result<bool, EvaluationError>,
) -> Result<ArrayRef, EvaluationError> {
    build_strings(valid_rows(arguments), rows, write)
}

/// Texts made row by row, for all rows that are valid.
pub(crate) fn build_strings(
    valid: Option<NullBuffer>,
    rows: usize,
    mut write: impl FnMut(usize, &mut String) -> Result<bool, EvaluationError>,
) -> Result<ArrayRef, EvaluationError> {
    let mut builder = StringBuilder::with_capacity(rows, rows * TEXT_BYTES_GUESS);
    let mut text = String::new();
    for row in 0..rows {
        text.clear();
        if is_valid(&valid, row) && write(row, &mut text)? {
            builder.append_value(&text);
        } else {
            builder.append_null();
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// First guess at the length of a text, in bytes; the builder grows beyond it.
const TEXT_BYTES_GUESS: usize = 16;

/// Each text turned into another; `write` appends it to `out`, false is NULL.
pub(crate) fn map_strings(
    argument: &ArrayRef,
    mut write: impl FnMut(&str, &mut String) -> bool,
) -> Result<ArrayRef, EvaluationError> {
    let input = strings(argument);
    build_strings(input.nulls().cloned(), input.len(), |row, out| Ok(write(input.value(row), out)))
}

/// Bytes made row by row, as [`map_to_strings`].
pub(crate) fn map_to_binaries(
    arguments: &[ArrayRef],
    rows: usize,
    mut write: impl FnMut(usize, &mut Vec<u8>) -> Result<bool, EvaluationError>,
) -> Result<ArrayRef, EvaluationError> {
    let valid = valid_rows(arguments);
    let mut builder = BinaryBuilder::with_capacity(rows, rows * TEXT_BYTES_GUESS);
    let mut bytes = Vec::new();
    for row in 0..rows {
        bytes.clear();
        if is_valid(&valid, row) && write(row, &mut bytes)? {
            builder.append_value(&bytes);
        } else {
            builder.append_null();
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// Numbers (also dates, times …) made row by row; `None` is NULL. Called only for rows where all arguments are valid.
pub(crate) fn map_to_numbers<T: ArrowPrimitiveType>(
    arguments: &[ArrayRef],
    rows: usize,
    arrow_type: &ArrowType,
    mut compute: impl FnMut(usize) -> Result<Option<T::Native>, EvaluationError>,
) -> Result<ArrayRef, EvaluationError> {
    let valid = valid_rows(arguments);
    let mut builder = PrimitiveBuilder::<T>::with_capacity(rows).with_data_type(arrow_type.clone());
    for row in 0..rows {
        let value = if is_valid(&valid, row) { compute(row)? } else { None };
        builder.append_option(value);
    }
    Ok(Arc::new(builder.finish()))
}

/// Truth values made row by row; `None` is NULL. Called only for rows where all arguments are valid.
pub(crate) fn map_to_booleans(
    arguments: &[ArrayRef],
    rows: usize,
    mut compute: impl FnMut(usize) -> Result<Option<bool>, EvaluationError>,
) -> Result<ArrayRef, EvaluationError> {
    let valid = valid_rows(arguments);
    let mut builder = BooleanBuilder::with_capacity(rows);
    for row in 0..rows {
        let value = if is_valid(&valid, row) { compute(row)? } else { None };
        builder.append_option(value);
    }
    Ok(Arc::new(builder.finish()))
}
