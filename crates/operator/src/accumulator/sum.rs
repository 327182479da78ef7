//! SUM and SUM0. Integers wrap in their own type; floats add in their own type; DECIMAL(38, s) that overflows becomes NULL and begins
//! anew with the next row, as in Flink.

use std::marker::PhantomData;

use arrow_array::cast::AsArray;
use arrow_array::types::Decimal128Type;
use arrow_array::{ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType};
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction;
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function, Native, Numbers, read_native};
use super::{Accumulator, ForPrimitive, for_primitive, not_supported};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall) -> Result<Box<dyn Accumulator>, OperatorError> {
    let zero = call.function == AggregateFunction::Sum0;
    let arrow = call.data_type.to_arrow();
    match arrow {
        ArrowType::Decimal128(_, _) => Ok(Columnar::boxed(DecimalSum { zero, arrow })),
        ArrowType::Int8
        | ArrowType::Int16
        | ArrowType::Int32
        | ArrowType::Int64
        | ArrowType::Float32
        | ArrowType::Float64
        | ArrowType::Interval(_)
        | ArrowType::Duration(_) => {
            for_primitive(&arrow, NumberSum { zero, arrow: arrow.clone() }).ok_or_else(|| not_supported(call))
        }
        _ => Err(not_supported(call)),
    }
}

struct NumberSum {
    zero: bool,
    arrow: ArrowType,
}

impl ForPrimitive for NumberSum {
    fn make<T: ArrowPrimitiveType>(self) -> Box<dyn Accumulator>
    where
        T::Native: Native,
    {
        Columnar::boxed(Sum::<T> { zero: self.zero, arrow: self.arrow, marker: PhantomData })
    }
}

/// The sum of numbers whose type is the result's.
struct Sum<T> {
    /// 0 instead of NULL over nothing.
    zero: bool,
    arrow: ArrowType,
    marker: PhantomData<T>,
}

/// Sum and number of rows; the sum is NULL where there is none.
#[derive(Clone, Copy, Default)]
struct SumState<N> {
    sum: N,
    rows: i64,
}

impl<T: ArrowPrimitiveType> Function for Sum<T>
where
    T::Native: Native,
{
    type State = SumState<T::Native>;
    type Input<'a> = &'a [T::Native];
    type Results = Numbers<T>;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Self::Input<'a> {
        arguments[0].as_primitive::<T>().values()
    }

    fn accumulate(&self, state: &mut Self::State, input: &Self::Input<'_>, row: usize) {
        state.sum = state.sum.add_wrapping(input[row]);
        state.rows += 1;
    }

    fn retract(&self, state: &mut Self::State, input: &Self::Input<'_>, row: usize) {
        state.sum = state.sum.sub_wrapping(input[row]);
        state.rows -= 1;
    }

    fn results(&self, capacity: usize) -> Self::Results {
        Numbers::new(&self.arrow, capacity)
    }

    fn append(&self, state: &Self::State, results: &mut Self::Results) {
        if state.rows != 0 || self.zero { results.push(state.sum) } else { results.push_null() }
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        state.sum.write(out);
        state.rows.encode(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Self::State, DecodeError> {
        Ok(SumState { sum: read_native(bytes)?, rows: i64::decode(bytes)? })
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) {
        state.sum = state.sum.add_wrapping(other.sum);
        state.rows += other.rows;
    }
}

/// 10^38, beyond which no DECIMAL goes.
const DECIMAL_LIMIT: i128 = 10i128.pow(38);

/// A sum that still has at most 38 digits.
pub(super) fn within_decimal(value: Option<i128>) -> Option<i128> {
    value.filter(|value| value.unsigned_abs() < DECIMAL_LIMIT.unsigned_abs())
}

/// The sum of decimals of one scale; `None` = NULL.
struct DecimalSum {
    zero: bool,
    arrow: ArrowType,
}

impl Function for DecimalSum {
    type State = SumState<Option<i128>>;
    type Input<'a> = &'a [i128];
    type Results = Numbers<Decimal128Type>;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Self::Input<'a> {
        arguments[0].as_primitive::<Decimal128Type>().values()
    }

    fn accumulate(&self, state: &mut Self::State, input: &Self::Input<'_>, row: usize) {
        state.sum = within_decimal(state.sum.unwrap_or(0).checked_add(input[row]));
        state.rows += 1;
    }

    fn retract(&self, state: &mut Self::State, input: &Self::Input<'_>, row: usize) {
        state.sum = within_decimal(state.sum.unwrap_or(0).checked_sub(input[row]));
        state.rows -= 1;
    }

    fn results(&self, capacity: usize) -> Self::Results {
        Numbers::new(&self.arrow, capacity)
    }

    fn append(&self, state: &Self::State, results: &mut Self::Results) {
        match state.rows {
            0 if self.zero => results.push(0),
            0 => results.push_null(),
            _ => results.push_option(state.sum),
        }
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        state.sum.is_some().encode(out);
        state.sum.unwrap_or(0).write(out);
        state.rows.encode(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Self::State, DecodeError> {
        let present = bool::decode(bytes)?;
        let sum: i128 = read_native(bytes)?;
        Ok(SumState { sum: present.then_some(sum), rows: i64::decode(bytes)? })
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) {
        if other.rows != 0 || other.sum.is_some() {
            state.sum = match (state.sum, other.sum) {
                (sum, None) => sum,
                (sum, Some(other)) => within_decimal(sum.unwrap_or(0).checked_add(other)),
            };
            state.rows += other.rows;
        }
    }
}
