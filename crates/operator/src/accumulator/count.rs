//! COUNT(*), COUNT(x) and, over distinct values, APPROX_COUNT_DISTINCT (which is exact here).

use arrow_array::ArrayRef;
use arrow_array::types::Int64Type;
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_state::{DecodeError, StateValue};

use super::Accumulator;
use super::columnar::{Columnar, Function, Numbers};

/// The number of rows.
struct Count;

pub(super) fn build(_call: &AggregateCall) -> Box<dyn Accumulator> {
    Columnar::boxed(Count)
}

impl Function for Count {
    type State = i64;
    type Input<'a> = ();
    type Results = Numbers<Int64Type>;

    fn input<'a>(&self, _arguments: &'a [ArrayRef]) -> Self::Input<'a> {}

    fn accumulate(&self, state: &mut i64, _input: &(), _row: usize) {
        *state += 1;
    }

    fn retract(&self, state: &mut i64, _input: &(), _row: usize) {
        *state -= 1;
    }

    fn results(&self, capacity: usize) -> Self::Results {
        Numbers::new(&ArrowType::Int64, capacity)
    }

    fn append(&self, state: &i64, results: &mut Self::Results) {
        results.push(*state);
    }

    fn encode(&self, state: &i64, out: &mut Vec<u8>) {
        state.encode(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<i64, DecodeError> {
        i64::decode(bytes)
    }

    fn merge(&self, state: &mut i64, other: &i64) {
        *state += other;
    }
}
