//! PERCENTILE(x, p [, frequency]): the value at share p (0 to 1) of all values in order, between two values in proportion. p may be an ARRAY:
//! then the result is one.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::Float64Builder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, ListArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_record::TypeKind;
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function, Native, Results, read_native};
use super::{Accumulator, not_supported};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall) -> Result<Box<dyn Accumulator>, OperatorError> {
    let numeric = call.argument_types.first().is_some_and(|data_type| data_type.kind.is_numeric());
    let shares = call.argument_types.get(1).is_some_and(|data_type| match &data_type.kind {
        TypeKind::Array(element) => element.kind.is_numeric(),
        kind => kind.is_numeric(),
    });
    let frequency = call.argument_types.get(2).is_none_or(|data_type| data_type.kind.is_integer());
    if !numeric || !shares || !frequency || call.arguments.len() > 3 {
        return Err(not_supported(call));
    }
    Ok(Columnar::boxed(Percentile { arrow: call.data_type.to_arrow() }))
}

struct Percentile {
    arrow: ArrowType,
}

/// Values by order with their numbers, and the shares that were asked for last.
#[derive(Default)]
struct State {
    values: BTreeMap<Ordered, i64>,
    shares: Vec<f64>,
}

/// A double that orders by IEEE's total order.
#[derive(Clone, Copy, PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// The argument columns.
struct Input<'a> {
    values: Float64Array,
    /// All shares, flat.
    shares: Float64Array,
    /// Where each row's shares lie, if they are arrays.
    lists: Option<&'a ListArray>,
    frequencies: Option<Int64Array>,
}

impl Input<'_> {
    fn frequency(&self, row: usize) -> i64 {
        self.frequencies.as_ref().map_or(1, |frequencies| frequencies.value(row))
    }

    fn write_shares(&self, row: usize, shares: &mut Vec<f64>) {
        shares.clear();
        match self.lists {
            Some(lists) => {
                let ends = lists.value_offsets();
                let (start, end) = (ends[row] as usize, ends[row + 1] as usize);
                shares.extend_from_slice(&self.shares.values()[start..end]);
            }
            None => shares.push(self.shares.value(row)),
        }
    }
}

/// Any numeric column as doubles.
fn doubles(column: &ArrayRef) -> Float64Array {
    use arrow_array::types::{Float32Type, Int8Type, Int16Type, Int32Type};
    match column.data_type() {
        ArrowType::Int8 => column.as_primitive::<Int8Type>().unary::<_, Float64Type>(f64::from),
        ArrowType::Int16 => column.as_primitive::<Int16Type>().unary::<_, Float64Type>(f64::from),
        ArrowType::Int32 => column.as_primitive::<Int32Type>().unary::<_, Float64Type>(f64::from),
        ArrowType::Int64 => column.as_primitive::<Int64Type>().unary::<_, Float64Type>(|value| value as f64),
        ArrowType::Float32 => column.as_primitive::<Float32Type>().unary::<_, Float64Type>(f64::from),
        ArrowType::Decimal128(_, scale) => {
            let divisor = 10f64.powi(i32::from(*scale));
            column.as_primitive::<Decimal128Type>().unary::<_, Float64Type>(|value| value as f64 / divisor)
        }
        _ => column.as_primitive::<Float64Type>().clone(),
    }
}

/// Results, unless a share lies outside of 0 to 1.
struct Percentiles {
    shares: Shares,
    wrong: Option<f64>,
}

impl Results for Percentiles {
    fn finish(self) -> Result<ArrayRef, OperatorError> {
        match self.wrong {
            Some(share) => Err(OperatorError::Failed(format!(
                "Percentage of PERCENTILE should be between [0.0, 1.0], but was '{share:?}'."
            ))),
            None => self.shares.finish(),
        }
    }
}

enum Shares {
    One(Float64Builder),
    Several { arrow: ArrowType, values: Vec<f64>, lengths: Vec<usize>, nulls: NullBufferBuilder },
}

impl Results for Shares {
    fn finish(self) -> Result<ArrayRef, OperatorError> {
        match self {
            Shares::One(mut builder) => Ok(Arc::new(builder.finish())),
            Shares::Several { arrow: ArrowType::List(field), values, lengths, mut nulls } => {
                let child = Arc::new(Float64Array::from(values));
                Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), child, nulls.finish())?))
            }
            Shares::Several { arrow, .. } => Err(OperatorError::Failed(format!("percentiles do not lie as {arrow}"))),
        }
    }
}

/// The value at a share of `total` values.
fn percentile(values: &BTreeMap<Ordered, i64>, total: i64, share: f64) -> f64 {
    let position = (total - 1) as f64 * share;
    let (lower, upper) = (position.floor() as i64, position.ceil() as i64);
    let (low, high) = (value_at(values, lower), value_at(values, upper));
    if lower == upper || low == high {
        return low;
    }
    (upper as f64 - position) * low + (position - lower as f64) * high
}

fn value_at(values: &BTreeMap<Ordered, i64>, place: i64) -> f64 {
    let mut passed = 0;
    for (value, number) in values {
        passed += number.max(&0);
        if passed > place {
            return value.0;
        }
    }
    values.last_key_value().map_or(f64::NAN, |(value, _)| value.0)
}

impl State {
    fn add(&mut self, value: f64, change: i64) {
        let number = self.values.entry(Ordered(value)).or_insert(0);
        *number += change;
        if *number == 0 {
            self.values.remove(&Ordered(value));
        }
    }
}

impl Function for Percentile {
    type State = State;
    type Input<'a> = Input<'a>;
    type Results = Percentiles;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Input<'a> {
        let lists = matches!(arguments[1].data_type(), ArrowType::List(_)).then(|| arguments[1].as_list::<i32>());
        let integers = |column: &ArrayRef| -> Int64Array { doubles(column).unary(|value| value as i64) };
        Input {
            values: doubles(&arguments[0]),
            shares: lists.map_or_else(|| doubles(&arguments[1]), |lists| doubles(lists.values())),
            lists,
            frequencies: arguments.get(2).map(integers),
        }
    }

    fn accumulate(&self, state: &mut State, input: &Input<'_>, row: usize) {
        if state.shares.is_empty() {
            input.write_shares(row, &mut state.shares);
        }
        if input.frequency(row) > 0 {
            state.add(input.values.value(row), input.frequency(row));
        }
    }

    fn retract(&self, state: &mut State, input: &Input<'_>, row: usize) {
        if input.frequency(row) > 0 {
            state.add(input.values.value(row), -input.frequency(row));
        }
    }

    fn results(&self, capacity: usize) -> Percentiles {
        let shares = match &self.arrow {
            ArrowType::List(_) => Shares::Several {
                arrow: self.arrow.clone(),
                values: Vec::new(),
                lengths: Vec::with_capacity(capacity),
                nulls: NullBufferBuilder::new(capacity),
            },
            _ => Shares::One(Float64Builder::with_capacity(capacity)),
        };
        Percentiles { shares, wrong: None }
    }

    fn append(&self, state: &State, results: &mut Percentiles) {
        let outside = state.shares.iter().find(|share| !(0.0..=1.0).contains(*share));
        results.wrong = results.wrong.or(outside.copied());
        let total: i64 = state.values.values().filter(|number| **number > 0).sum();
        let there = total > 0 && !state.shares.is_empty();
        let value = |share: &f64| percentile(&state.values, total, *share);
        match &mut results.shares {
            Shares::One(builder) => builder.append_option(state.shares.first().filter(|_| there).map(value)),
            Shares::Several { values, lengths, nulls, .. } if there => {
                values.extend(state.shares.iter().map(value));
                lengths.push(state.shares.len());
                nulls.append_non_null();
            }
            Shares::Several { lengths, nulls, .. } => {
                lengths.push(0);
                nulls.append_null();
            }
        }
    }

    fn encode(&self, state: &State, out: &mut Vec<u8>) {
        write_length(out, state.values.len() as u64);
        for (value, number) in &state.values {
            value.0.write(out);
            number.encode(out);
        }
        write_length(out, state.shares.len() as u64);
        state.shares.iter().for_each(|share| share.write(out));
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<State, DecodeError> {
        let mut state = State::default();
        for _ in 0..read_length(bytes)? {
            let value: f64 = read_native(bytes)?;
            state.values.insert(Ordered(value), i64::decode(bytes)?);
        }
        for _ in 0..read_length(bytes)? {
            state.shares.push(read_native(bytes)?);
        }
        Ok(state)
    }

    fn merge(&self, state: &mut State, other: &State) {
        if state.shares.is_empty() {
            state.shares.clone_from(&other.shares);
        }
        other.values.iter().for_each(|(value, number)| state.add(value.0, *number));
    }
}
