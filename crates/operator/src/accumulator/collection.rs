//! COLLECT (a MULTISET: each value with its number, NULLs left out) and ARRAY_AGG (all values in order, NULLs too).

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, ListArray, MapArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction;
use flott_record::KeyRows;
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function, Results};
use super::ordered::{KeyResults, add, decode_values, encode_values};
use super::{Accumulator, not_supported};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall) -> Result<Box<dyn Accumulator>, OperatorError> {
    let arrow = call.data_type.to_arrow();
    match (call.function, call.argument_types.as_slice()) {
        (AggregateFunction::Collect, [element]) => Ok(Columnar::boxed(Collect { element: element.to_arrow(), arrow })),
        (AggregateFunction::ArrayAgg, [element]) => Ok(Columnar::boxed(List { element: element.to_arrow(), arrow })),
        _ => Err(not_supported(call)),
    }
}

struct Collect {
    element: ArrowType,
    arrow: ArrowType,
}

struct MultisetResults {
    arrow: ArrowType,
    elements: KeyResults,
    numbers: Vec<i32>,
    lengths: Vec<usize>,
}

impl Results for MultisetResults {
    fn finish(self) -> Result<ArrayRef, OperatorError> {
        let ArrowType::Map(entries, _) = &self.arrow else {
            return Err(OperatorError::Failed(format!("a MULTISET does not lie as {}", self.arrow)));
        };
        let ArrowType::Struct(fields) = entries.data_type() else {
            return Err(OperatorError::Failed(format!("a MULTISET's entries do not lie as {}", entries.data_type())));
        };
        let children: Vec<ArrayRef> = vec![self.elements.finish()?, Arc::new(Int32Array::from(self.numbers))];
        let structs = StructArray::try_new(fields.clone(), children, None)?;
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        Ok(Arc::new(MapArray::try_new(entries.clone(), offsets, structs, None, false)?))
    }
}

impl Function for Collect {
    type State = BTreeMap<Vec<u8>, i64>;
    type Input<'a> = KeyRows;
    type Results = MultisetResults;

    fn input(&self, arguments: &[ArrayRef]) -> KeyRows {
        KeyRows::encode(&arguments[..1], arguments[0].len())
    }

    fn accumulate(&self, state: &mut Self::State, input: &KeyRows, row: usize) {
        add(state, input.key(row), 1);
    }

    fn retract(&self, state: &mut Self::State, input: &KeyRows, row: usize) {
        add(state, input.key(row), -1);
    }

    fn results(&self, capacity: usize) -> MultisetResults {
        MultisetResults {
            arrow: self.arrow.clone(),
            elements: KeyResults::new(&self.element),
            numbers: Vec::new(),
            lengths: Vec::with_capacity(capacity),
        }
    }

    fn append(&self, state: &Self::State, results: &mut MultisetResults) {
        let there = state.iter().filter(|(_, number)| **number > 0);
        let before = results.numbers.len();
        for (value, number) in there {
            results.elements.push(Some(value));
            results.numbers.push(i32::try_from(*number).unwrap_or(i32::MAX));
        }
        results.lengths.push(results.numbers.len() - before);
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        encode_values(state, out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Self::State, DecodeError> {
        decode_values(bytes)
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) {
        other.iter().for_each(|(value, number)| add(state, value, *number));
    }
}

struct List {
    element: ArrowType,
    arrow: ArrowType,
}

/// The values in order, and retractions that came before their row.
#[derive(Default)]
struct ListState {
    values: Vec<Vec<u8>>,
    owed: Vec<Vec<u8>>,
}

impl ListState {
    fn add(&mut self, value: &[u8]) {
        match self.owed.iter().position(|owed| owed == value) {
            Some(place) => {
                self.owed.remove(place);
            }
            None => self.values.push(value.to_vec()),
        }
    }

    fn remove(&mut self, value: &[u8]) {
        match self.values.iter().position(|present| present == value) {
            Some(place) => {
                self.values.remove(place);
            }
            None => self.owed.push(value.to_vec()),
        }
    }
}

struct ListResults {
    arrow: ArrowType,
    elements: KeyResults,
    lengths: Vec<usize>,
    nulls: NullBufferBuilder,
}

impl Results for ListResults {
    fn finish(mut self) -> Result<ArrayRef, OperatorError> {
        let ArrowType::List(field) = &self.arrow else {
            return Err(OperatorError::Failed(format!("an ARRAY does not lie as {}", self.arrow)));
        };
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        Ok(Arc::new(ListArray::try_new(field.clone(), offsets, self.elements.finish()?, self.nulls.finish())?))
    }
}

impl Function for List {
    type State = ListState;
    type Input<'a> = KeyRows;
    type Results = ListResults;
    const TAKES_NULLS: bool = true;

    fn input(&self, arguments: &[ArrayRef]) -> KeyRows {
        KeyRows::encode(&arguments[..1], arguments[0].len())
    }

    fn accumulate(&self, state: &mut ListState, input: &KeyRows, row: usize) {
        state.add(input.key(row));
    }

    fn retract(&self, state: &mut ListState, input: &KeyRows, row: usize) {
        state.remove(input.key(row));
    }

    fn results(&self, capacity: usize) -> ListResults {
        ListResults {
            arrow: self.arrow.clone(),
            elements: KeyResults::new(&self.element),
            lengths: Vec::with_capacity(capacity),
            nulls: NullBufferBuilder::new(capacity),
        }
    }

    fn append(&self, state: &ListState, results: &mut ListResults) {
        state.values.iter().for_each(|value| results.elements.push(Some(value)));
        results.lengths.push(state.values.len());
        if state.values.is_empty() { results.nulls.append_null() } else { results.nulls.append_non_null() }
    }

    fn encode(&self, state: &ListState, out: &mut Vec<u8>) {
        for values in [&state.values, &state.owed] {
            write_length(out, values.len() as u64);
            values.iter().for_each(|value| value.encode(out));
        }
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<ListState, DecodeError> {
        let mut list = || (0..read_length(bytes)?).map(|_| Vec::decode(bytes)).collect::<Result<Vec<_>, _>>();
        Ok(ListState { values: list()?, owed: list()? })
    }

    fn merge(&self, state: &mut ListState, other: &ListState) {
        other.owed.iter().for_each(|value| state.remove(value));
        other.values.iter().for_each(|value| state.add(value));
    }
}
