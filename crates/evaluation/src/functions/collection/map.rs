//! The functions on maps. Of equal keys the last value counts, at the place of the first key.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, MapArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType as ArrowType, Field};
use arrow_select::interleave::interleave;
use arrow_select::take::take;
use flott_record::{KeyRows, TypeKind};

use super::gather::{Lists, element_type};
use crate::evaluator::EvaluationError;
use crate::functions::constants::{Column, infallible, scalars, valid_rows};
use crate::functions::mapping::{failed, is_valid};
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    let (to, element) = (call.data_type.to_arrow(), element_type(&call.data_type));
    Some(match call.name.as_str() {
        "MAP_KEYS" | "MAP_VALUES" | "MAP_ENTRIES" => {
            let part = match (call.name.as_str(), call.kind(0)) {
                ("MAP_KEYS", TypeKind::Map(..)) => Part::Keys,
                ("MAP_VALUES", TypeKind::Map(..)) => Part::Values,
                _ => Part::Entries,
            };
            infallible(move |arguments, frame| parts(arguments, frame, part, &element))
        }
        "MAP_FROM_ARRAYS" => scalars(move |arguments, frame| from_arrays(arguments, frame, &to)),
        "MAP_UNION" => scalars(move |arguments, frame| union(arguments, frame, &to)),
        _ => return None,
    })
}

/// What of its entries is taken from a map.
#[derive(Clone, Copy)]
enum Part {
    Keys,
    Values,
    Entries,
}

/// A map lies as a list of entries: its parts are lists with the same offsets.
fn parts(arguments: &[ArrayRef], frame: &Frame, part: Part, element: &ArrowType) -> Column {
    let constant = arguments[0].len() == 1 && frame.rows != 1;
    let repeated;
    let map = if constant {
        let places = arrow_array::UInt32Array::from(vec![0; frame.rows]);
        repeated = take(&arguments[0], &places, None).map_err(arrow)?;
        repeated.as_map()
    } else {
        arguments[0].as_map()
    };
    let values: ArrayRef = match part {
        Part::Keys => ArrayRef::clone(map.keys()),
        Part::Values => ArrayRef::clone(map.values()),
        Part::Entries => {
            let ArrowType::Struct(fields) = element else { return Err(failed(0, "MAP_ENTRIES gives no rows")) };
            let columns = vec![ArrayRef::clone(map.keys()), ArrayRef::clone(map.values())];
            Arc::new(StructArray::try_new(fields.clone(), columns, None).map_err(arrow)?)
        }
    };
    let field = Arc::new(Field::new("item", element.clone(), true));
    let lists = ListArray::try_new(field, map.offsets().clone(), values, map.nulls().cloned());
    lists.map(|lists| Arc::new(lists) as ArrayRef).map_err(arrow)
}

fn arrow(error: arrow_schema::ArrowError) -> EvaluationError {
    failed(0, error.to_string())
}

/// A column of maps in the making, as places of keys and values in several arrays.
#[derive(Default)]
struct MapPlan {
    keys: Vec<(usize, usize)>,
    values: Vec<(usize, usize)>,
    ends: Vec<i32>,
    valid: Vec<bool>,
}

impl MapPlan {
    fn end_row(&mut self, valid: bool) {
        self.ends.push(self.keys.len() as i32);
        self.valid.push(valid);
    }

    fn finish(self, keys: &[&dyn Array], values: &[&dyn Array], to: &ArrowType) -> Column {
        let ArrowType::Map(entry, _) = to else { return Err(failed(0, "not a map")) };
        let ArrowType::Struct(fields) = entry.data_type() else { return Err(failed(0, "not a map")) };
        let gather = |sources: &[&dyn Array], places: &[(usize, usize)], field: usize| {
            if places.is_empty() {
                Ok(arrow_array::new_empty_array(fields[field].data_type()))
            } else {
                interleave(sources, places).map_err(arrow)
            }
        };
        let columns = vec![gather(keys, &self.keys, 0)?, gather(values, &self.values, 1)?];
        if columns[0].logical_null_count() > 0 {
            return Err(failed(0, "not supported: NULL as key of a map"));
        }
        let entries = StructArray::try_new(fields.clone(), columns, None).map_err(arrow)?;
        let offsets: Vec<i32> = std::iter::once(0).chain(self.ends).collect();
        let nulls = self.valid.contains(&false).then(|| NullBuffer::from(self.valid));
        let map = MapArray::try_new(Arc::clone(entry), OffsetBuffer::new(offsets.into()), entries, nulls, false);
        map.map(|map| Arc::new(map) as ArrayRef).map_err(arrow)
    }
}

fn from_arrays(arguments: &[ArrayRef], frame: &Frame, to: &ArrowType) -> Column {
    let (keys, values) = (Lists::of(&arguments[0]), Lists::of(&arguments[1]));
    let encoded = KeyRows::encode(std::slice::from_ref(keys.elements()), keys.elements().len());
    let valid = valid_rows(arguments, frame.rows);
    let mut plan = MapPlan::default();
    for row in 0..frame.rows {
        let present = is_valid(&valid, row);
        if present {
            let (keys, values) = (keys.range(row), values.range(row));
            if keys.len() != values.len() {
                let message = "Invalid function MAP_FROM_ARRAYS call:\nThe length of the keys array";
                let (keys, values) = (keys.len(), values.len());
                let message = format!("{message} {keys} is not equal to the length of the values array {values}");
                return Err(failed(row, message));
            }
            let entries = keys.zip(values).map(|(key, value)| (encoded.key(key), (0, key), (0, value)));
            add_entries(&mut plan, entries);
        }
        plan.end_row(present);
    }
    plan.finish(&[keys.elements()], &[values.elements()], to)
}

/// Places of a key or value: which array, and where in it.
type Place = (usize, usize);

fn add_entries<'a>(plan: &mut MapPlan, entries: impl Iterator<Item = (&'a [u8], Place, Place)>) {
    let mut seen: HashMap<&[u8], usize> = HashMap::new();
    for (encoded, key, value) in entries {
        match seen.get(encoded) {
            Some(entry) => plan.values[*entry] = value,
            None => {
                seen.insert(encoded, plan.keys.len());
                plan.keys.push(key);
                plan.values.push(value);
            }
        }
    }
}

fn union(arguments: &[ArrayRef], frame: &Frame, to: &ArrowType) -> Column {
    let maps: Vec<&MapArray> = arguments.iter().map(|array| array.as_map()).collect();
    let encode = |map: &&MapArray| KeyRows::encode(std::slice::from_ref(map.keys()), map.keys().len());
    let encoded: Vec<KeyRows> = maps.iter().map(encode).collect();
    let valid = valid_rows(arguments, frame.rows);
    let mut plan = MapPlan::default();
    for row in 0..frame.rows {
        let present = is_valid(&valid, row);
        if present {
            let entries = maps.iter().enumerate().flat_map(|(source, map)| {
                let row = if map.len() == 1 { 0 } else { row };
                let offsets = map.value_offsets();
                let range = offsets[row] as usize..offsets[row + 1] as usize;
                let encoded = &encoded[source];
                range.map(move |place| (encoded.key(place), (source, place), (source, place)))
            });
            add_entries(&mut plan, entries);
        }
        plan.end_row(present);
    }
    let keys: Vec<&dyn Array> = maps.iter().map(|map| map.keys() as &dyn Array).collect();
    let values: Vec<&dyn Array> = maps.iter().map(|map| map.values() as &dyn Array).collect();
    plan.finish(&keys, &values, to)
}
