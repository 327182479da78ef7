//! Between arrays, maps, multisets and rows: part by part.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, MapArray, StructArray, make_array};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType as ArrowType, FieldRef};
use flott_record::{DataType, TypeKind};

use super::{Convert, Rules, conversion as convert_part};
use crate::evaluator::{CompileError, EvaluationError};

/// The conversion between two nested types of one shape; `None` if their shapes differ.
pub(super) fn conversion(from: &DataType, to: &DataType, rules: &Rules) -> Result<Option<Convert>, CompileError> {
    Ok(match (&from.kind, &to.kind) {
        (TypeKind::Array(source), TypeKind::Array(target)) => {
            let element = convert_part(source, target, rules)?;
            let arrow_type = to.to_arrow();
            Some(Box::new(move |array| lists(array, &arrow_type, &element)))
        }
        (TypeKind::Map(k1, v1), TypeKind::Map(k2, v2)) => {
            let (key, value) = (convert_part(k1, k2, rules)?, convert_part(v1, v2, rules)?);
            let arrow_type = to.to_arrow();
            Some(Box::new(move |array| maps(array, &arrow_type, &key, &value)))
        }
        (TypeKind::Multiset(source), TypeKind::Multiset(target)) => {
            let element = convert_part(source, target, rules)?;
            let arrow_type = to.to_arrow();
            let same: Convert = Box::new(|array| Ok(Arc::clone(array)));
            Some(Box::new(move |array| maps(array, &arrow_type, &element, &same)))
        }
        (
            TypeKind::Row(source) | TypeKind::Structured(_, source),
            TypeKind::Row(target) | TypeKind::Structured(_, target),
        ) if source.len() == target.len() => {
            let fields = source.iter().zip(target);
            let parts: Result<Vec<Convert>, CompileError> =
                fields.map(|(a, b)| convert_part(&a.data_type, &b.data_type, rules)).collect();
            let (parts, arrow_type) = (parts?, to.to_arrow());
            Some(Box::new(move |array| rows(array, &arrow_type, &parts)))
        }
        _ => None,
    })
}

/// Offsets that start at 0, and the range of values which they cover.
fn rebased(offsets: &OffsetBuffer<i32>) -> (OffsetBuffer<i32>, usize, usize) {
    let first = offsets[0];
    let last = offsets[offsets.len() - 1];
    let lengths = offsets.lengths();
    (OffsetBuffer::from_lengths(lengths), first as usize, (last - first) as usize)
}

fn wrong_shape(arrow_type: &ArrowType) -> EvaluationError {
    EvaluationError { message: format!("not supported: a nested value as {arrow_type}"), row: None, expression: None }
}

fn lists(array: &ArrayRef, to: &ArrowType, element: &Convert) -> Result<ArrayRef, EvaluationError> {
    let source = array.as_list::<i32>();
    let (offsets, start, length) = rebased(source.offsets());
    let items = element(&source.values().slice(start, length)).map_err(unplaced)?;
    let ArrowType::List(field) = to else { return Err(wrong_shape(to)) };
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, items, source.nulls().cloned())?))
}

fn maps(array: &ArrayRef, to: &ArrowType, key: &Convert, value: &Convert) -> Result<ArrayRef, EvaluationError> {
    let source = array.as_map();
    let (offsets, start, length) = rebased(source.offsets());
    let keys = key(&source.keys().slice(start, length)).map_err(unplaced)?;
    let values = value(&source.values().slice(start, length)).map_err(unplaced)?;
    let (field, fields) = match to {
        ArrowType::Map(field, _) => match field.data_type() {
            ArrowType::Struct(fields) => (field, fields.clone()),
            _ => return Err(wrong_shape(to)),
        },
        _ => return Err(wrong_shape(to)),
    };
    let entries = StructArray::try_new_with_length(fields, vec![keys, values], None, length)?;
    let field: FieldRef = Arc::clone(field);
    Ok(Arc::new(MapArray::try_new(field, offsets, entries, source.nulls().cloned(), false)?))
}

fn rows(array: &ArrayRef, to: &ArrowType, parts: &[Convert]) -> Result<ArrayRef, EvaluationError> {
    let source = array.as_struct();
    let ArrowType::Struct(fields) = to else { return Err(wrong_shape(to)) };
    let mut columns = Vec::with_capacity(parts.len());
    for (part, column) in parts.iter().zip(source.columns()) {
        columns.push(part(&masked(column, source.nulls())?)?);
    }
    Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, source.nulls().cloned(), source.len())?))
}

/// A field's values, NULL where the row is: what lies under a NULL row must not fail.
fn masked(column: &ArrayRef, nulls: Option<&NullBuffer>) -> Result<ArrayRef, EvaluationError> {
    match nulls {
        Some(rows) if rows.null_count() > 0 && !column.data_type().is_null() => {
            let nulls = NullBuffer::union(column.nulls(), Some(rows));
            Ok(make_array(column.to_data().into_builder().nulls(nulls).build()?))
        }
        _ => Ok(Arc::clone(column)),
    }
}

/// A failure among elements, whose position is no row of the batch.
fn unplaced(error: EvaluationError) -> EvaluationError {
    EvaluationError { row: None, ..error }
}
