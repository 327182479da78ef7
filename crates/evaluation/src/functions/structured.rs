//! OBJECT_OF and OBJECT_UPDATE: values of structured types, which lie as rows.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StructArray};
use arrow_schema::DataType as ArrowType;
use flott_record::Value;

use super::{CallSite, Frame, Infallible, ScalarFunction};
use crate::evaluator::CompileError;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    match call.name.as_str() {
        "OBJECT_OF" => Some(object_of(call)),
        "OBJECT_UPDATE" => Some(object_update(call)),
        _ => None,
    }
}

/// Each field is the value behind its name.
fn object_of(call: &CallSite) -> Result<Box<dyn ScalarFunction>, CompileError> {
    let ArrowType::Struct(fields) = call.data_type.to_arrow() else { return Err(call.not_supported()) };
    Ok(Box::new(Infallible(move |arguments: &[ArrayRef], frame: &Frame| {
        let columns = arguments.iter().skip(2).step_by(2).map(|value| repeated(value, frame.rows));
        let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
        Ok::<ArrayRef, _>(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, None, frame.rows)?))
    })))
}

/// For each field the argument that replaces it, or the field itself.
fn object_update(call: &CallSite) -> Result<Box<dyn ScalarFunction>, CompileError> {
    let ArrowType::Struct(fields) = call.data_type.to_arrow() else { return Err(call.not_supported()) };
    let replaced_by = |name: &String| {
        (1..call.len()).step_by(2).find(|index| matches!(call.literal(*index), Some(Value::String(key)) if key == name))
    };
    let sources: Vec<Option<usize>> = fields.iter().map(|field| replaced_by(field.name()).map(|key| key + 1)).collect();
    Ok(Box::new(Infallible(move |arguments: &[ArrayRef], frame: &Frame| {
        let object = repeated(&arguments[0], frame.rows)?;
        let object = object.as_struct();
        let column = |(index, source): (usize, &Option<usize>)| match source {
            Some(argument) => repeated(&arguments[*argument], frame.rows),
            None => Ok(Arc::clone(object.column(index))),
        };
        let columns = sources.iter().enumerate().map(column).collect::<Result<Vec<ArrayRef>, _>>()?;
        let nulls = object.nulls().cloned();
        Ok::<ArrayRef, _>(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, frame.rows)?))
    })))
}

/// A literal's one value for each row.
fn repeated(column: &ArrayRef, rows: usize) -> Result<ArrayRef, crate::evaluator::EvaluationError> {
    if column.len() == rows {
        return Ok(Arc::clone(column));
    }
    let first = arrow_array::UInt32Array::from(vec![0; rows]);
    Ok(arrow_select::take::take(column, &first, None)?)
}
