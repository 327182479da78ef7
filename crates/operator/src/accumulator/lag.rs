//! LAG over the rows so far: the value so many rows before the last one.

use std::collections::VecDeque;

use arrow_array::ArrayRef;
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_record::KeyRows;
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function};
use super::ordered::KeyResults;
use super::{Accumulator, not_supported};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall, rows: u32) -> Result<Box<dyn Accumulator>, OperatorError> {
    if !(1..=2).contains(&call.arguments.len()) {
        return Err(not_supported(call));
    }
    Ok(Columnar::boxed(Lag { kept: rows as usize + 1, arrow: call.data_type.to_arrow() }))
}

struct Lag {
    /// Values that are kept: that of the last row, and those of the rows up to the one that is read.
    kept: usize,
    arrow: ArrowType,
}

/// The last values, oldest first, and what the last row has for one that is not there.
#[derive(Default)]
struct State {
    values: VecDeque<Vec<u8>>,
    default: Option<Vec<u8>>,
}

impl Lag {
    fn push(&self, state: &mut State, value: Vec<u8>) {
        if state.values.len() == self.kept {
            state.values.pop_front();
        }
        state.values.push_back(value);
    }
}

impl Function for Lag {
    type State = State;
    type Input<'a> = (KeyRows, Option<KeyRows>);
    type Results = KeyResults;
    const TAKES_NULLS: bool = true;

    fn input(&self, arguments: &[ArrayRef]) -> Self::Input<'_> {
        let encode = |column: &ArrayRef| KeyRows::encode(std::slice::from_ref(column), column.len());
        (encode(&arguments[0]), arguments.get(1).map(encode))
    }

    fn accumulate(&self, state: &mut State, (values, defaults): &Self::Input<'_>, row: usize) {
        self.push(state, values.key(row).to_vec());
        state.default = defaults.as_ref().map(|defaults| defaults.key(row).to_vec());
    }

    fn retract(&self, _state: &mut State, _input: &Self::Input<'_>, _row: usize) {
        unreachable!("LAG is planned over all rows so far, of which none leaves");
    }

    fn results(&self, _capacity: usize) -> KeyResults {
        KeyResults::new(&self.arrow)
    }

    fn append(&self, state: &State, results: &mut KeyResults) {
        let found = state.values.front().filter(|_| state.values.len() == self.kept);
        results.push(found.or(state.default.as_ref()).map(Vec::as_slice));
    }

    fn encode(&self, state: &State, out: &mut Vec<u8>) {
        write_length(out, state.values.len() as u64);
        state.values.iter().for_each(|value| value.encode(out));
        state.default.encode(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<State, DecodeError> {
        let count = read_length(bytes)?;
        let values: Result<VecDeque<Vec<u8>>, DecodeError> = (0..count).map(|_| Vec::decode(bytes)).collect();
        Ok(State { values: values?, default: Option::decode(bytes)? })
    }

    fn merge(&self, state: &mut State, other: &State) {
        other.values.iter().for_each(|value| self.push(state, value.clone()));
        state.default.clone_from(&other.default);
    }
}
