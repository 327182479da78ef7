//! SINGLE_VALUE: the only row of a scalar sub-query; a second one fails the job.

use arrow_array::ArrayRef;
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_record::KeyRows;
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function, Results};
use super::ordered::KeyResults;
use super::{Accumulator, not_supported};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall) -> Result<Box<dyn Accumulator>, OperatorError> {
    if call.arguments.len() != 1 {
        return Err(not_supported(call));
    }
    Ok(Columnar::boxed(Single { arrow: call.data_type.to_arrow() }))
}

struct Single {
    arrow: ArrowType,
}

/// The rows that are there (one at most, as long as all is well) and the value of the last one, which may be NULL.
#[derive(Default)]
struct State {
    rows: i64,
    value: Option<Vec<u8>>,
}

struct SingleResults {
    values: KeyResults,
    several: bool,
}

impl Results for SingleResults {
    fn finish(self) -> Result<ArrayRef, OperatorError> {
        if self.several {
            return Err(OperatorError::Failed("SingleValueAggFunction received more than one element.".to_string()));
        }
        self.values.finish()
    }
}

impl Function for Single {
    type State = State;
    type Input<'a> = KeyRows;
    type Results = SingleResults;
    const TAKES_NULLS: bool = true;

    fn input(&self, arguments: &[ArrayRef]) -> KeyRows {
        KeyRows::encode(&arguments[..1], arguments[0].len())
    }

    fn accumulate(&self, state: &mut State, input: &KeyRows, row: usize) {
        state.rows += 1;
        state.value = Some(input.key(row).to_vec());
    }

    fn retract(&self, state: &mut State, _input: &KeyRows, _row: usize) {
        state.rows -= 1;
        if state.rows == 0 {
            state.value = None;
        }
    }

    fn results(&self, _capacity: usize) -> SingleResults {
        SingleResults { values: KeyResults::new(&self.arrow), several: false }
    }

    fn append(&self, state: &State, results: &mut SingleResults) {
        results.several |= state.rows > 1;
        results.values.push(state.value.as_deref());
    }

    fn encode(&self, state: &State, out: &mut Vec<u8>) {
        state.rows.encode(out);
        state.value.encode(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<State, DecodeError> {
        Ok(State { rows: i64::decode(bytes)?, value: Option::decode(bytes)? })
    }

    fn merge(&self, state: &mut State, other: &State) {
        state.rows += other.rows;
        if other.value.is_some() {
            state.value.clone_from(&other.value);
        }
    }
}
