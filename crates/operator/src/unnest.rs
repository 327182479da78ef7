//! `CROSS JOIN UNNEST(collection)` and `LEFT JOIN UNNEST(collection) ON TRUE`.
//!
//! Emits   for each row its columns with each element's, with the row's kind, in the elements' order: an ARRAY's element, a MAP's key and value, a MULTISET's element as often
//!         as it occurs. A ROW element becomes a column a field; a NULL ROW is no element. Then the ordinality, from 1. A LEFT JOIN keeps
//!         rows without elements, padded with NULLs.
//! State   none.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, Int32Array, UInt32Array};
use arrow_schema::DataType as ArrowType;
use arrow_select::take::take;
use flott_evaluation::Evaluator;
use flott_job::spec::UnnestSpec;
use flott_record::{Batch, TypeKind};
use flott_state::{SnapshotReader, SnapshotWriter};

use crate::chunks::in_chunks;
use crate::interface::{Context, Operator, OperatorError, Setup, Step};

/// The operator; see the module's text.
pub struct Unnest {
    collection: Evaluator,
    is_multiset: bool,
    flatten: bool,
    ordinality: bool,
    outer: bool,
}

/// The elements of a batch's rows: for each emitted row the input's row, the element's place among all and its number within the row.
#[derive(Default)]
struct Elements {
    rows: Vec<u32>,
    places: Vec<Option<u32>>,
    numbers: Vec<Option<i32>>,
}

impl Elements {
    fn push(&mut self, row: usize, place: usize, number: i32) {
        self.rows.push(row as u32);
        self.places.push(Some(place as u32));
        self.numbers.push(Some(number));
    }

    fn push_padding(&mut self, row: usize) {
        self.rows.push(row as u32);
        self.places.push(None);
        self.numbers.push(None);
    }
}

impl Unnest {
    /// Compiles the collection.
    ///
    /// # Errors
    /// The expression is not supported.
    pub fn new(spec: &UnnestSpec, setup: &Setup) -> Result<Self, OperatorError> {
        Ok(Unnest {
            collection: Evaluator::new(&spec.collection, &setup.session)?,
            is_multiset: matches!(spec.collection.data_type().kind, TypeKind::Multiset(_)),
            flatten: spec.flatten,
            ordinality: spec.ordinality,
            outer: spec.outer,
        })
    }

    fn unnest(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let collection = self.collection.evaluate(batch, context.instant())?;
        let (values, elements) = match collection.data_type() {
            ArrowType::List(_) => self.of_arrays(&collection),
            ArrowType::Map(_, _) => self.of_maps(&collection),
            other => return Err(OperatorError::Failed(format!("not supported: UNNEST of what lies as {other}"))),
        };
        let places = UInt32Array::from(elements.places);
        let expanded = batch.take(&UInt32Array::from(elements.rows))?;
        let mut columns = expanded.columns().to_vec();
        for value in values {
            columns.push(take(&value, &places, None)?);
        }
        if self.ordinality {
            columns.push(Arc::new(Int32Array::from(elements.numbers)));
        }
        context.emit(expanded.with_columns(columns));
        Ok(batch.num_rows())
    }

    /// The element columns of arrays.
    fn of_arrays(&self, collection: &ArrayRef) -> (Vec<ArrayRef>, Elements) {
        let lists = collection.as_list::<i32>();
        let values = lists.values();
        let skips_nulls = self.flatten && matches!(values.data_type(), ArrowType::Struct(_));
        let elements = self
            .walk(collection, lists.value_offsets(), |place| if skips_nulls && values.is_null(place) { 0 } else { 1 });
        let columns = if skips_nulls { values.as_struct().columns().to_vec() } else { vec![values.clone()] };
        (columns, elements)
    }

    /// Key and value columns of maps, or the element columns of multisets.
    fn of_maps(&self, collection: &ArrayRef) -> (Vec<ArrayRef>, Elements) {
        let maps = collection.as_map();
        let (keys, values) = (maps.keys(), maps.values());
        if !self.is_multiset {
            return (vec![keys.clone(), values.clone()], self.walk(collection, maps.value_offsets(), |_| 1));
        }
        let counts = values.as_primitive::<Int32Type>();
        let flattens = self.flatten && matches!(keys.data_type(), ArrowType::Struct(_));
        let elements = self.walk(collection, maps.value_offsets(), |place| {
            if flattens && keys.is_null(place) { 0 } else { counts.value(place).max(0) as usize }
        });
        let columns = if flattens { keys.as_struct().columns().to_vec() } else { vec![keys.clone()] };
        (columns, elements)
    }

    /// Each row's elements, each as often as `repeats` says.
    fn walk(&self, collection: &ArrayRef, offsets: &[i32], repeats: impl Fn(usize) -> usize) -> Elements {
        let mut elements = Elements::default();
        for row in 0..collection.len() {
            let mut number = 0;
            if collection.is_valid(row) {
                for place in offsets[row] as usize..offsets[row + 1] as usize {
                    for _ in 0..repeats(place) {
                        number += 1;
                        elements.push(row, place, number);
                    }
                }
            }
            if number == 0 && self.outer {
                elements.push_padding(row);
            }
        }
        elements
    }
}

impl Operator for Unnest {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        in_chunks(batch, context, |chunk, context| self.unnest(chunk, context))
    }

    fn snapshot(&mut self, _writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        Ok(())
    }

    fn restore(&mut self, _reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flott_expression::Expression;
    use flott_record::{DataType, Field, RowKind, Schema, Value};

    use super::*;
    use crate::build::build;
    use crate::harness::Seen;
    use crate::harness::{Event, Script, check_cuts};

    /// The added columns of each emitted row.
    fn added(collection: TypeKind, element: Vec<DataType>, outer: bool, values: Vec<Value>) -> Vec<String> {
        let input = Schema::new(vec![Field::new("c", collection.clone().nullable())]);
        let flatten = matches!(&collection, TypeKind::Array(item) if matches!(item.kind, TypeKind::Row(_) | TypeKind::Structured(..)));
        let mut fields = input.fields.clone();
        fields.extend(element.iter().map(|data_type| Field::new("e", data_type.clone())));
        fields.push(Field::new("o", TypeKind::Int.nullable()));
        let spec = UnnestSpec {
            collection: Expression::column(0, collection.nullable()),
            flatten,
            ordinality: true,
            outer,
            element,
        };
        let rows = values.into_iter().map(|value| (RowKind::UpdateAfter, vec![value])).collect();
        let script = Script::new(vec![input], vec![Event::rows(0, rows)]).ended();
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::Unnest(spec.clone()), setup);
        let seen = check_cuts(&make, &script, &Schema::new(fields));
        let text = |seen: &Seen| match seen {
            Seen::Row(kind, values) => {
                let values: Vec<String> = values[1..].iter().map(Value::to_string).collect();
                Some(format!("{kind} {}", values.join(" ")))
            }
            _ => None,
        };
        seen.iter().filter_map(text).collect()
    }

    #[test]
    fn arrays_keep_null_elements_and_outer_joins_keep_rows() {
        let int = || TypeKind::Int.nullable();
        let array = TypeKind::Array(Box::new(int()));
        let values = || vec![Value::Array(vec![Value::Int(1), Value::Null]), Value::Null, Value::Array(vec![])];
        let inner = added(array.clone(), vec![int()], false, values());
        assert_eq!(inner, ["+U 1 1", "+U null 2"]);
        let outer = added(array, vec![int()], true, values());
        assert_eq!(outer, ["+U 1 1", "+U null 2", "+U null null", "+U null null"]);
    }

    #[test]
    fn maps_multisets_and_rows() {
        let (int, text) = (|| TypeKind::Int.nullable(), || TypeKind::string().nullable());
        let entry = |key: &str, value| (Value::String(key.into()), Value::Int(value));
        let entries = || vec![Value::Map(vec![entry("x", 1), entry("y", 2)])];
        let map = TypeKind::Map(Box::new(text()), Box::new(int()));
        assert_eq!(added(map, vec![text(), int()], false, entries()), ["+U x 1 1", "+U y 2 2"]);
        let multiset = TypeKind::Multiset(Box::new(text()));
        assert_eq!(added(multiset, vec![text()], false, entries()), ["+U x 1", "+U y 2", "+U y 3"]);
        let row = TypeKind::Row(vec![Field::new("a", int()), Field::new("b", text())]);
        let rows = vec![Value::Row(vec![Value::Int(1), Value::String("p".into())]), Value::Null];
        let array = TypeKind::Array(Box::new(row.nullable()));
        assert_eq!(added(array, vec![int(), text()], false, vec![Value::Array(rows)]), ["+U 1 p 1"]);
    }
}
