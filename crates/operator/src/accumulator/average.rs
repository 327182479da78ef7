//! AVG. Integers sum as BIGINT and truncate, floats sum as DOUBLE, DECIMAL(p, s) gives DECIMAL(38, max(6, s)) rounded half up.

use std::marker::PhantomData;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, ArrowPrimitiveType};
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_record::TypeKind;
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function, Native, Numbers, read_native};
use super::sum::within_decimal;
use super::{Accumulator, not_supported};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall) -> Result<Box<dyn Accumulator>, OperatorError> {
    let Some(argument) = call.argument_types.first() else { return Err(not_supported(call)) };
    let arrow = call.data_type.to_arrow();
    Ok(match argument.to_arrow() {
        ArrowType::Int8 => Columnar::boxed(Average::<Int8Type, i64>::new(arrow)),
        ArrowType::Int16 => Columnar::boxed(Average::<Int16Type, i64>::new(arrow)),
        ArrowType::Int32 => Columnar::boxed(Average::<Int32Type, i64>::new(arrow)),
        ArrowType::Int64 => Columnar::boxed(Average::<Int64Type, i64>::new(arrow)),
        ArrowType::Float32 => Columnar::boxed(Average::<Float32Type, f64>::new(arrow)),
        ArrowType::Float64 => Columnar::boxed(Average::<Float64Type, f64>::new(arrow)),
        ArrowType::Decimal128(_, scale) => {
            let TypeKind::Decimal { scale: wanted, .. } = call.data_type.kind else { return Err(not_supported(call)) };
            let shift = u32::from(wanted).checked_sub(scale as u32).ok_or_else(|| not_supported(call))?;
            Columnar::boxed(DecimalAverage { factor: 10i128.pow(shift), arrow })
        }
        _ => return Err(not_supported(call)),
    })
}

/// The sum of a wider type and the number of rows.
#[derive(Clone, Copy, Default)]
struct State<S> {
    sum: S,
    rows: i64,
}

/// How numbers of type `N` are averaged over a sum of type `Self`.
trait Sum<N>: Native {
    fn widen(value: N) -> Self;
    fn divide(self, rows: i64) -> N;
}

macro_rules! averaged {
    ($sum:ty: $($native:ty),*) => {
        $(impl Sum<$native> for $sum {
            fn widen(value: $native) -> Self {
                value as $sum
            }

            fn divide(self, rows: i64) -> $native {
                (self / rows as $sum) as $native
            }
        })*
    };
}

averaged!(i64: i8, i16, i32, i64);
averaged!(f64: f32, f64);

struct Average<T, S> {
    arrow: ArrowType,
    marker: PhantomData<(T, S)>,
}

impl<T, S> Average<T, S> {
    fn new(arrow: ArrowType) -> Self {
        Average { arrow, marker: PhantomData }
    }
}

impl<T: ArrowPrimitiveType, S: Sum<T::Native>> Function for Average<T, S> {
    type State = State<S>;
    type Input<'a> = &'a [T::Native];
    type Results = Numbers<T>;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Self::Input<'a> {
        arguments[0].as_primitive::<T>().values()
    }

    fn accumulate(&self, state: &mut Self::State, input: &Self::Input<'_>, row: usize) {
        state.sum = state.sum.add_wrapping(S::widen(input[row]));
        state.rows += 1;
    }

    fn retract(&self, state: &mut Self::State, input: &Self::Input<'_>, row: usize) {
        state.sum = state.sum.sub_wrapping(S::widen(input[row]));
        state.rows -= 1;
    }

    fn results(&self, capacity: usize) -> Self::Results {
        Numbers::new(&self.arrow, capacity)
    }

    fn append(&self, state: &Self::State, results: &mut Self::Results) {
        if state.rows == 0 { results.push_null() } else { results.push(state.sum.divide(state.rows)) }
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        state.sum.write(out);
        state.rows.encode(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Self::State, DecodeError> {
        Ok(State { sum: read_native(bytes)?, rows: i64::decode(bytes)? })
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) {
        state.sum = state.sum.add_wrapping(other.sum);
        state.rows += other.rows;
    }
}

struct DecimalAverage {
    /// From the argument's scale to the result's.
    factor: i128,
    arrow: ArrowType,
}

/// `sum * factor / rows`, rounded half away from zero; `None` beyond 38 digits.
fn divide_half_up(sum: i128, factor: i128, rows: i64) -> Option<i128> {
    let rows = i128::from(rows);
    let (whole, rest) = (sum / rows, sum % rows);
    let scaled = rest * factor;
    let (mut fraction, left) = (scaled / rows, scaled % rows);
    if 2 * left.unsigned_abs() >= rows.unsigned_abs() {
        fraction += if (left < 0) == (rows < 0) { 1 } else { -1 };
    }
    within_decimal(whole.checked_mul(factor)?.checked_add(fraction))
}

/// Like [`State`]; a sum that has overflown stays so, unlike that of SUM, since it begins with 0 and not with NULL.
#[derive(Clone, Copy, Default)]
struct DecimalState {
    sum: i128,
    overflown: bool,
    rows: i64,
}

impl DecimalState {
    fn change(&mut self, sum: Option<i128>, rows: i64) {
        match within_decimal(sum) {
            Some(sum) => self.sum = sum,
            None => self.overflown = true,
        }
        self.rows += rows;
    }
}

impl Function for DecimalAverage {
    type State = DecimalState;
    type Input<'a> = &'a [i128];
    type Results = Numbers<Decimal128Type>;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Self::Input<'a> {
        arguments[0].as_primitive::<Decimal128Type>().values()
    }

    fn accumulate(&self, state: &mut DecimalState, input: &Self::Input<'_>, row: usize) {
        state.change(state.sum.checked_add(input[row]), 1);
    }

    fn retract(&self, state: &mut DecimalState, input: &Self::Input<'_>, row: usize) {
        state.change(state.sum.checked_sub(input[row]), -1);
    }

    fn results(&self, capacity: usize) -> Self::Results {
        Numbers::new(&self.arrow, capacity)
    }

    fn append(&self, state: &DecimalState, results: &mut Self::Results) {
        if state.rows == 0 || state.overflown {
            results.push_null();
        } else {
            results.push_option(divide_half_up(state.sum, self.factor, state.rows));
        }
    }

    fn encode(&self, state: &DecimalState, out: &mut Vec<u8>) {
        state.overflown.encode(out);
        state.sum.write(out);
        state.rows.encode(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<DecimalState, DecodeError> {
        Ok(DecimalState { overflown: bool::decode(bytes)?, sum: read_native(bytes)?, rows: i64::decode(bytes)? })
    }

    fn merge(&self, state: &mut DecimalState, other: &DecimalState) {
        state.change(state.sum.checked_add(other.sum), other.rows);
        state.overflown |= other.overflown;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_round_half_away_from_zero() {
        assert_eq!(divide_half_up(5, 1, 2), Some(3));
        assert_eq!(divide_half_up(-5, 1, 2), Some(-3));
        assert_eq!(divide_half_up(10, 1_000, 3), Some(3_333));
        assert_eq!(divide_half_up(10i128.pow(38) - 1, 10, 1), None);
    }
}
