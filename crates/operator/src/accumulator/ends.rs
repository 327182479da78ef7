//! FIRST_VALUE and LAST_VALUE: the first or last value that is not NULL, by arrival.
//!
//! Over input that only inserts the value itself is the state; over input that retracts all values are kept with their order, and a
//! retraction takes away the earliest equal one.

use std::collections::{BTreeMap, VecDeque};

use arrow_array::ArrayRef;
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction;
use flott_record::KeyRows;
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function};
use super::ordered::KeyResults;
use super::{Accumulator, not_supported};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall, retracts: bool) -> Result<Box<dyn Accumulator>, OperatorError> {
    if call.arguments.len() != 1 {
        return Err(not_supported(call));
    }
    let (last, arrow) = (call.function == AggregateFunction::LastValue, call.data_type.to_arrow());
    Ok(if retracts { Columnar::boxed(RetractableEnd { last, arrow }) } else { Columnar::boxed(End { last, arrow }) })
}

struct End {
    last: bool,
    arrow: ArrowType,
}

impl End {
    fn offer(&self, state: &mut Option<Vec<u8>>, value: &[u8]) {
        match state {
            None => *state = Some(value.to_vec()),
            Some(present) if self.last => {
                present.clear();
                present.extend_from_slice(value);
            }
            Some(_) => {}
        }
    }
}

impl Function for End {
    type State = Option<Vec<u8>>;
    type Input<'a> = KeyRows;
    type Results = KeyResults;

    fn input(&self, arguments: &[ArrayRef]) -> KeyRows {
        KeyRows::encode(&arguments[..1], arguments[0].len())
    }

    fn accumulate(&self, state: &mut Self::State, input: &KeyRows, row: usize) {
        self.offer(state, input.key(row));
    }

    fn retract(&self, _state: &mut Self::State, _input: &KeyRows, _row: usize) {
        unreachable!("input that retracts has a form of its own");
    }

    fn results(&self, _capacity: usize) -> KeyResults {
        KeyResults::new(&self.arrow)
    }

    fn append(&self, state: &Self::State, results: &mut KeyResults) {
        results.push(state.as_deref());
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        state.encode(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Self::State, DecodeError> {
        Option::decode(bytes)
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) {
        if let Some(other) = other {
            self.offer(state, other);
        }
    }
}

/// All values by arrival.
///
/// Invariants: 1. `by_order` and `orders` hold the same pairs; 2. orders of a value ascend; 3. a value in `owed` has no order.
#[derive(Default)]
struct Arrivals {
    next: u64,
    by_order: BTreeMap<u64, Vec<u8>>,
    orders: BTreeMap<Vec<u8>, VecDeque<u64>>,
    /// Retractions that came before their row.
    owed: BTreeMap<Vec<u8>, i64>,
}

impl Arrivals {
    fn add(&mut self, value: &[u8]) {
        if let Some(owed) = self.owed.get_mut(value) {
            *owed -= 1;
            if *owed == 0 {
                self.owed.remove(value);
            }
            return;
        }
        let order = self.next;
        self.next += 1;
        self.by_order.insert(order, value.to_vec());
        self.orders.entry(value.to_vec()).or_default().push_back(order);
    }

    fn remove(&mut self, value: &[u8]) {
        match self.orders.get_mut(value).and_then(VecDeque::pop_front) {
            Some(order) => {
                self.by_order.remove(&order);
                if self.orders.get(value).is_some_and(VecDeque::is_empty) {
                    self.orders.remove(value);
                }
            }
            None => *self.owed.entry(value.to_vec()).or_insert(0) += 1,
        }
    }
}

struct RetractableEnd {
    last: bool,
    arrow: ArrowType,
}

impl Function for RetractableEnd {
    type State = Arrivals;
    type Input<'a> = KeyRows;
    type Results = KeyResults;

    fn input(&self, arguments: &[ArrayRef]) -> KeyRows {
        KeyRows::encode(&arguments[..1], arguments[0].len())
    }

    fn accumulate(&self, state: &mut Arrivals, input: &KeyRows, row: usize) {
        state.add(input.key(row));
    }

    fn retract(&self, state: &mut Arrivals, input: &KeyRows, row: usize) {
        state.remove(input.key(row));
    }

    fn results(&self, _capacity: usize) -> KeyResults {
        KeyResults::new(&self.arrow)
    }

    fn append(&self, state: &Arrivals, results: &mut KeyResults) {
        let end = if self.last { state.by_order.last_key_value() } else { state.by_order.first_key_value() };
        results.push(end.map(|(_, value)| value.as_slice()));
    }

    fn encode(&self, state: &Arrivals, out: &mut Vec<u8>) {
        write_length(out, state.by_order.len() as u64);
        state.by_order.values().for_each(|value| value.encode(out));
        super::ordered::encode_values(&state.owed, out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Arrivals, DecodeError> {
        let mut state = Arrivals::default();
        for _ in 0..read_length(bytes)? {
            state.add(&Vec::decode(bytes)?);
        }
        state.owed = super::ordered::decode_values(bytes)?;
        Ok(state)
    }

    fn merge(&self, state: &mut Arrivals, other: &Arrivals) {
        for (value, owed) in &other.owed {
            (0..*owed).for_each(|_| state.remove(value));
        }
        other.by_order.values().for_each(|value| state.add(value));
    }
}
