//! MIN and MAX over input that retracts: every value with its number, in order; also MIN and MAX of types without a form of their own.
//!
//! Values lie as encoded keys, whose bytes order as the values do. A number may be negative while a retraction is ahead of its row.

use std::collections::BTreeMap;

use arrow_array::ArrayRef;
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction;
use flott_record::KeyRows;
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function, Results};
use super::{Accumulator, not_supported};
use crate::interface::OperatorError;
use crate::key_decoder::KeyDecoder;

pub(super) fn build(call: &AggregateCall) -> Result<Box<dyn Accumulator>, OperatorError> {
    if call.arguments.len() != 1 {
        return Err(not_supported(call));
    }
    let greatest = call.function == AggregateFunction::Max;
    Ok(Columnar::boxed(Ordered { greatest, arrow: call.data_type.to_arrow() }))
}

struct Ordered {
    greatest: bool,
    arrow: ArrowType,
}

/// Each value with its number, never 0.
type Values = BTreeMap<Vec<u8>, i64>;

/// Adds to a value's number.
pub(super) fn add(values: &mut Values, value: &[u8], change: i64) {
    match values.get_mut(value) {
        None => {
            values.insert(value.to_vec(), change);
        }
        Some(number) if *number + change == 0 => {
            values.remove(value);
        }
        Some(number) => *number += change,
    }
}

pub(super) fn encode_values(values: &Values, out: &mut Vec<u8>) {
    write_length(out, values.len() as u64);
    for (value, number) in values {
        value.encode(out);
        number.encode(out);
    }
}

pub(super) fn decode_values(bytes: &mut &[u8]) -> Result<Values, DecodeError> {
    (0..read_length(bytes)?).map(|_| <(Vec<u8>, i64)>::decode(bytes)).collect()
}

/// Encoded values of one type, to become a column.
pub(super) struct KeyResults {
    arrow: ArrowType,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// The encoding of NULL.
const NULL_KEY: &[u8] = &[0];

impl KeyResults {
    pub(super) fn new(arrow: &ArrowType) -> Self {
        KeyResults { arrow: arrow.clone(), bytes: Vec::new(), ends: Vec::new() }
    }

    pub(super) fn push(&mut self, value: Option<&[u8]>) {
        self.bytes.extend_from_slice(value.unwrap_or(NULL_KEY));
        self.ends.push(self.bytes.len());
    }
}

impl Results for KeyResults {
    fn finish(self) -> Result<ArrayRef, OperatorError> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let keys: Vec<&[u8]> = starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end]).collect();
        Ok(KeyDecoder::new(vec![self.arrow]).decode(keys.into_iter())?.swap_remove(0))
    }
}

impl Function for Ordered {
    type State = Values;
    type Input<'a> = KeyRows;
    type Results = KeyResults;

    fn input(&self, arguments: &[ArrayRef]) -> KeyRows {
        KeyRows::encode(&arguments[..1], arguments[0].len())
    }

    fn accumulate(&self, state: &mut Values, input: &KeyRows, row: usize) {
        add(state, input.key(row), 1);
    }

    fn retract(&self, state: &mut Values, input: &KeyRows, row: usize) {
        add(state, input.key(row), -1);
    }

    fn results(&self, _capacity: usize) -> KeyResults {
        KeyResults::new(&self.arrow)
    }

    fn append(&self, state: &Values, results: &mut KeyResults) {
        let there = |(value, number): (&'_ Vec<u8>, &i64)| (*number > 0).then(|| value.clone());
        let found = if self.greatest { state.iter().rev().find_map(there) } else { state.iter().find_map(there) };
        results.push(found.as_deref());
    }

    fn encode(&self, state: &Values, out: &mut Vec<u8>) {
        encode_values(state, out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Values, DecodeError> {
        decode_values(bytes)
    }

    fn merge(&self, state: &mut Values, other: &Values) {
        other.iter().for_each(|(value, number)| add(state, value, *number));
    }
}
