//! ROW, ARRAY and MAP, access to their parts, CARDINALITY and ELEMENT.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, Int32Array, ListArray, MapArray, StructArray, UInt32Array, make_array};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::DataType as ArrowType;
use arrow_select::interleave::interleave;
use arrow_select::take::take;
use flott_record::{DataType, KeyRows, TypeKind, Value};

use super::mapping::failed;
use super::{CallSite, Frame, Infallible, ScalarFunction, WithScalars};
use crate::evaluator::{CompileError, EvaluationError};

type Compiled = Result<Box<dyn ScalarFunction>, CompileError>;
type Column = Result<ArrayRef, EvaluationError>;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Compiled> {
    Some(match call.name.as_str() {
        "ROW" => Ok(typed(call, row)),
        "ARRAY" => Ok(typed(call, array)),
        "MAP" => Ok(Box::new({
            let to = call.data_type.to_arrow();
            move |arguments: &[ArrayRef], frame: &Frame| map(arguments, frame.rows, &to)
        })),
        "FIELD" => field(call, integer(call, 1)),
        "ITEM" => item(call),
        "CARDINALITY" => Ok(Box::new(Infallible(|arguments: &[ArrayRef], _: &Frame| cardinality(&arguments[0])))),
        "ELEMENT" => Ok(Box::new(WithScalars(|arguments: &[ArrayRef], _: &Frame| element(&arguments[0])))),
        _ => return None,
    })
}

/// A function that cannot fail and needs the result's Arrow type; its arguments are not scalars.
fn typed(call: &CallSite, build: fn(&[ArrayRef], usize, &ArrowType) -> Column) -> Box<dyn ScalarFunction> {
    let to = call.data_type.to_arrow();
    Box::new(Construction { build, to })
}

struct Construction {
    build: fn(&[ArrayRef], usize, &ArrowType) -> Column,
    to: ArrowType,
}

impl ScalarFunction for Construction {
    fn call(&mut self, arguments: &[ArrayRef], frame: &Frame) -> Column {
        (self.build)(arguments, frame.rows, &self.to)
    }

    fn can_fail(&self) -> bool {
        false
    }
}

fn wrong_type(to: &ArrowType) -> EvaluationError {
    EvaluationError { message: format!("not supported: a nested value of type {to}"), row: None, expression: None }
}

fn row(arguments: &[ArrayRef], rows: usize, to: &ArrowType) -> Column {
    let ArrowType::Struct(fields) = to else { return Err(wrong_type(to)) };
    Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), arguments.to_vec(), None, rows)?))
}

/// The values of so many columns, row by row.
fn row_wise(columns: &[ArrayRef], rows: usize) -> Column {
    let picks: Vec<(usize, usize)> =
        (0..rows).flat_map(|row| (0..columns.len()).map(move |column| (column, row))).collect();
    let parts: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    Ok(interleave(&parts, &picks)?)
}

fn array(arguments: &[ArrayRef], rows: usize, to: &ArrowType) -> Column {
    let ArrowType::List(field) = to else { return Err(wrong_type(to)) };
    let offsets = OffsetBuffer::from_repeated_length(arguments.len(), rows);
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, row_wise(arguments, rows)?, None)?))
}

fn map(arguments: &[ArrayRef], rows: usize, to: &ArrowType) -> Column {
    let ArrowType::Map(entries, _) = to else { return Err(wrong_type(to)) };
    let ArrowType::Struct(fields) = entries.data_type() else { return Err(wrong_type(to)) };
    let part = |start: usize| arguments.iter().skip(start).step_by(2).cloned().collect::<Vec<ArrayRef>>();
    let (keys, values) = (row_wise(&part(0), rows)?, row_wise(&part(1), rows)?);
    if keys.null_count() > 0 {
        return Err(EvaluationError { message: "a key of a MAP is NULL".to_string(), row: None, expression: None });
    }
    let (keys, values, offsets) = distinct_keys(keys, values, arguments.len() / 2, rows)?;
    let length = keys.len();
    let pairs = StructArray::try_new_with_length(fields.clone(), vec![keys, values], None, length)?;
    Ok(Arc::new(MapArray::try_new(Arc::clone(entries), offsets, pairs, None, false)?))
}

/// The entries of maps of `width` entries each, and their offsets; of entries with the same key the last one stays.
fn distinct_keys(
    keys: ArrayRef,
    values: ArrayRef,
    width: usize,
    rows: usize,
) -> Result<(ArrayRef, ArrayRef, OffsetBuffer<i32>), EvaluationError> {
    let encoded = if width > 1 { KeyRows::encode(std::slice::from_ref(&keys), keys.len()) } else { KeyRows::default() };
    let repeated = |row: usize, entry: usize| {
        let later = entry + 1..(row + 1) * width;
        later.into_iter().any(|other| encoded.key(other) == encoded.key(entry))
    };
    let mut kept: Vec<u32> = Vec::with_capacity(keys.len());
    let mut lengths = Vec::with_capacity(rows);
    for row in 0..rows {
        let before = kept.len();
        kept.extend((row * width..(row + 1) * width).filter(|entry| !repeated(row, *entry)).map(|entry| entry as u32));
        lengths.push(kept.len() - before);
    }
    let offsets = OffsetBuffer::from_lengths(lengths);
    if kept.len() == keys.len() {
        return Ok((keys, values, offsets));
    }
    let kept = UInt32Array::from(kept);
    Ok((take(&keys, &kept, None)?, take(&values, &kept, None)?, offsets))
}

fn integer(call: &CallSite, index: usize) -> Option<usize> {
    let value = match call.literal(index)? {
        Value::TinyInt(value) => i64::from(*value),
        Value::SmallInt(value) => i64::from(*value),
        Value::Int(value) => i64::from(*value),
        Value::BigInt(value) => *value,
        _ => return None,
    };
    usize::try_from(value).ok()
}

/// A row's field at a position; NULL where the row is.
fn field(call: &CallSite, position: Option<usize>) -> Compiled {
    let fields = call.kind(0).fields().map_or(0, <[_]>::len);
    let Some(position) = position.filter(|position| *position < fields) else { return Err(call.not_supported()) };
    Ok(Box::new(Infallible(move |arguments: &[ArrayRef], _: &Frame| {
        let rows = arguments[0].as_struct();
        let column = rows.column(position);
        match rows.nulls() {
            Some(nulls) if nulls.null_count() > 0 && !column.data_type().is_null() => {
                let nulls = NullBuffer::union(column.nulls(), Some(nulls));
                Ok::<ArrayRef, EvaluationError>(make_array(column.to_data().into_builder().nulls(nulls).build()?))
            }
            _ => Ok(Arc::clone(column)),
        }
    })))
}

fn item(call: &CallSite) -> Compiled {
    match call.kind(0) {
        TypeKind::Array(_) => Ok(Box::new(Infallible(|arguments: &[ArrayRef], frame: &Frame| {
            array_item(&arguments[0], &arguments[1], frame.rows)
        }))),
        TypeKind::Map(key, _) => {
            let mut lookup = Lookup::new(call, key)?;
            Ok(Box::new(Infallible(move |arguments: &[ArrayRef], frame: &Frame| {
                lookup.items(&arguments[0], &arguments[1], frame)
            })))
        }
        TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
            let position = match call.literal(1) {
                Some(Value::String(name)) => fields.iter().position(|field| field.name == *name),
                _ => integer(call, 1).and_then(|position| position.checked_sub(1)),
            };
            field(call, position)
        }
        TypeKind::Variant => Ok(super::json::item::compile(call)),
        _ => Err(call.not_supported()),
    }
}

/// Elements counted from 1; NULL out of range.
fn array_item(lists: &ArrayRef, positions: &ArrayRef, rows: usize) -> Column {
    let lists = lists.as_list::<i32>();
    if positions.data_type().is_null() {
        return Ok(arrow_array::new_null_array(lists.values().data_type(), rows));
    }
    let positions = positions.as_primitive::<Int32Type>();
    let (a, b) = (usize::from(lists.len() == rows), usize::from(positions.len() == rows));
    let offsets = lists.value_offsets();
    let index = |row: usize| {
        let (list, position) = (row * a, row * b);
        if lists.is_null(list) || positions.is_null(position) {
            return None;
        }
        let position = positions.value(position);
        let length = offsets[list + 1] - offsets[list];
        (1..=length).contains(&position).then(|| (offsets[list] + position - 1) as u32)
    };
    let indices: UInt32Array = (0..rows).map(index).collect();
    Ok(take(lists.values(), &indices, None)?)
}

/// Values of maps by key, compared by the canonical encoding.
struct Lookup {
    cast: Option<Box<dyn ScalarFunction>>,
    keys: KeyRows,
    wanted: KeyRows,
}

impl Lookup {
    fn new(call: &CallSite, key: &DataType) -> Result<Self, CompileError> {
        let given = &call.argument_types[1];
        let texts = given.kind.is_character() && key.kind.is_character();
        let cast = if texts || given.kind == TypeKind::Null {
            None
        } else {
            crate::cast::compile(given, key, flott_expression::CastMode::TryCast, &call.session)?
        };
        Ok(Lookup { cast, keys: KeyRows::default(), wanted: KeyRows::default() })
    }

    fn items(&mut self, maps: &ArrayRef, wanted: &ArrayRef, frame: &Frame) -> Column {
        let (maps, rows) = (maps.as_map(), frame.rows);
        let wanted = match &mut self.cast {
            Some(cast) => cast.call(std::slice::from_ref(wanted), &Frame { rows: wanted.len(), ..*frame })?,
            None => Arc::clone(wanted),
        };
        self.keys.encode_into(std::slice::from_ref(maps.keys()), maps.keys().len());
        self.wanted.encode_into(std::slice::from_ref(&wanted), wanted.len());
        let (a, b) = (usize::from(maps.len() == rows), usize::from(wanted.len() == rows));
        let offsets = maps.value_offsets();
        let index = |row: usize| {
            let (map, key) = (row * a, row * b);
            if maps.is_null(map) {
                return None;
            }
            let mut entries = offsets[map] as usize..offsets[map + 1] as usize;
            entries.find(|entry| self.keys.key(*entry) == self.wanted.key(key)).map(|entry| entry as u32)
        };
        let indices: UInt32Array = (0..rows).map(index).collect();
        Ok(take(maps.values(), &indices, None)?)
    }
}

fn cardinality(collection: &ArrayRef) -> Column {
    let offsets = match collection.data_type() {
        ArrowType::Map(..) => collection.as_map().offsets(),
        _ => collection.as_list::<i32>().offsets(),
    };
    let lengths: Vec<i32> = offsets.lengths().map(|length| length as i32).collect();
    Ok(Arc::new(Int32Array::new(lengths.into(), collection.nulls().cloned())))
}

/// The only element; NULL of an empty array.
fn element(lists: &ArrayRef) -> Column {
    let lists = lists.as_list::<i32>();
    let mut indices: Vec<Option<u32>> = Vec::with_capacity(lists.len());
    for row in 0..lists.len() {
        let valid = lists.is_valid(row);
        match lists.value_length(row) {
            1 if valid => indices.push(Some(lists.value_offsets()[row] as u32)),
            length if length > 1 && valid => return Err(failed(row, "Array has more than one element.")),
            _ => indices.push(None),
        }
    }
    Ok(take(lists.values(), &UInt32Array::from(indices), None)?)
}
