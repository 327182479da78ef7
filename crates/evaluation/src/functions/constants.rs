//! Arguments of which some are constants: an array of one row stands for all rows.
//!
//! [`scalars`] makes a function that takes literals so; [`Texts`], [`ByteStrings`] and [`Numbers`] read either kind of argument,
//! and the builders below make a column from them, NULL where an argument is NULL.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, PrimitiveBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, ArrayRef, BinaryArray, PrimitiveArray, StringArray};
use arrow_buffer::NullBuffer;

use super::mapping::is_valid;
use super::{Frame, Infallible, ScalarFunction, WithScalars};
use crate::evaluator::EvaluationError;

/// What a function gives for a batch.
pub(crate) type Column = Result<ArrayRef, EvaluationError>;

/// A function that takes literals as arrays of one row.
pub(crate) fn scalars(function: impl FnMut(&[ArrayRef], &Frame) -> Column + Send + 'static) -> Box<dyn ScalarFunction> {
    Box::new(WithScalars(function))
}

/// The same for a function of which no row fails, so that it may be evaluated on rows that do not need it.
pub(crate) fn infallible(
    function: impl FnMut(&[ArrayRef], &Frame) -> Column + Send + 'static,
) -> Box<dyn ScalarFunction> {
    Box::new(Infallible(function))
}

/// How far to step in an array per row: not at all in a constant.
fn step(array: &dyn Array) -> usize {
    usize::from(array.len() != 1)
}

/// An argument of character type.
#[derive(Clone, Copy)]
pub(crate) struct Texts<'a> {
    array: &'a StringArray,
    step: usize,
}

impl<'a> Texts<'a> {
    pub(crate) fn of(array: &'a ArrayRef) -> Self {
        Texts { array: array.as_string::<i32>(), step: step(array) }
    }

    /// The text of a row that is not NULL.
    pub(crate) fn at(&self, row: usize) -> &'a str {
        self.array.value(row * self.step)
    }

    /// The text of a row, or NULL.
    pub(crate) fn get(&self, row: usize) -> Option<&'a str> {
        let row = row * self.step;
        self.array.is_valid(row).then(|| self.array.value(row))
    }

    /// Bytes of all texts together, as a guess at the size of the result.
    pub(crate) fn bytes(&self) -> usize {
        self.array.value_data().len()
    }
}

/// An argument of binary type.
#[derive(Clone, Copy)]
pub(crate) struct ByteStrings<'a> {
    array: &'a BinaryArray,
    step: usize,
}

impl<'a> ByteStrings<'a> {
    pub(crate) fn of(array: &'a ArrayRef) -> Self {
        ByteStrings { array: array.as_binary::<i32>(), step: step(array) }
    }

    /// The bytes of a row that is not NULL.
    pub(crate) fn at(&self, row: usize) -> &'a [u8] {
        self.array.value(row * self.step)
    }
}

/// The bytes of an argument of character or binary type.
#[derive(Clone, Copy)]
pub(crate) enum AnyBytes<'a> {
    Text(Texts<'a>),
    Binary(ByteStrings<'a>),
}

impl<'a> AnyBytes<'a> {
    pub(crate) fn of(array: &'a ArrayRef) -> Self {
        match array.as_string_opt::<i32>() {
            Some(_) => AnyBytes::Text(Texts::of(array)),
            None => AnyBytes::Binary(ByteStrings::of(array)),
        }
    }

    /// The bytes of a row that is not NULL.
    pub(crate) fn at(&self, row: usize) -> &'a [u8] {
        match self {
            AnyBytes::Text(texts) => texts.at(row).as_bytes(),
            AnyBytes::Binary(bytes) => bytes.at(row),
        }
    }
}

/// An argument of a type that lies in numbers.
pub(crate) struct Numbers<'a, T: ArrowPrimitiveType> {
    array: &'a PrimitiveArray<T>,
    step: usize,
}

impl<T: ArrowPrimitiveType> Clone for Numbers<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ArrowPrimitiveType> Copy for Numbers<'_, T> {}

impl<'a, T: ArrowPrimitiveType> Numbers<'a, T> {
    pub(crate) fn of(array: &'a ArrayRef) -> Self {
        Numbers { array: array.as_primitive::<T>(), step: step(array) }
    }

    /// The number of a row that is not NULL.
    pub(crate) fn at(&self, row: usize) -> T::Native {
        self.array.value(row * self.step)
    }
}

/// The rows in which no argument is NULL; `None` if that is all of them.
pub(crate) fn valid_rows(arguments: &[ArrayRef], rows: usize) -> Option<NullBuffer> {
    let mut valid: Option<NullBuffer> = None;
    for array in arguments {
        if array.len() == rows {
            valid = NullBuffer::union(valid.as_ref(), array.logical_nulls().as_ref());
        } else if array.logical_null_count() > 0 {
            return Some(NullBuffer::new_null(rows));
        }
    }
    valid
}

/// Texts that are parts of other texts; `None` is NULL. Called for rows without NULL arguments.
pub(crate) fn build_slices<'a>(
    arguments: &[ArrayRef],
    rows: usize,
    bytes: usize,
    mut pick: impl FnMut(usize) -> Option<&'a str>,
) -> Column {
    let valid = valid_rows(arguments, rows);
    let mut builder = StringBuilder::with_capacity(rows, bytes);
    for row in 0..rows {
        let text = if is_valid(&valid, row) { pick(row) } else { None };
        builder.append_option(text);
    }
    Ok(Arc::new(builder.finish()))
}

/// Texts written row by row; false is NULL. Called for rows without NULL arguments.
pub(crate) fn build_texts(
    arguments: &[ArrayRef],
    rows: usize,
    write: impl FnMut(usize, &mut String) -> Result<bool, EvaluationError>,
) -> Column {
    super::mapping::build_strings(valid_rows(arguments, rows), rows, write)
}

/// Bytes written row by row; false is NULL. Called for rows without NULL arguments.
pub(crate) fn build_bytes(
    arguments: &[ArrayRef],
    rows: usize,
    mut write: impl FnMut(usize, &mut Vec<u8>) -> Result<bool, EvaluationError>,
) -> Column {
    let valid = valid_rows(arguments, rows);
    let mut builder = BinaryBuilder::with_capacity(rows, rows);
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

/// Numbers computed row by row; `None` is NULL. Called for rows without NULL arguments.
pub(crate) fn build_numbers<T: ArrowPrimitiveType>(
    arguments: &[ArrayRef],
    rows: usize,
    mut compute: impl FnMut(usize) -> Result<Option<T::Native>, EvaluationError>,
) -> Column {
    let valid = valid_rows(arguments, rows);
    let mut builder = PrimitiveBuilder::<T>::with_capacity(rows);
    for row in 0..rows {
        let value = if is_valid(&valid, row) { compute(row)? } else { None };
        builder.append_option(value);
    }
    Ok(Arc::new(builder.finish()))
}

/// Truth values computed row by row; `None` is NULL. Called for rows without NULL arguments.
pub(crate) fn build_booleans(
    arguments: &[ArrayRef],
    rows: usize,
    mut compute: impl FnMut(usize) -> Option<bool>,
) -> Column {
    let valid = valid_rows(arguments, rows);
    let mut builder = BooleanBuilder::with_capacity(rows);
    for row in 0..rows {
        let value = if is_valid(&valid, row) { compute(row) } else { None };
        builder.append_option(value);
    }
    Ok(Arc::new(builder.finish()))
}
