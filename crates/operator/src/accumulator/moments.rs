//! STDDEV_POP, STDDEV_SAMP, VAR_POP, VAR_SAMP by Welford's method: number, mean and sum of squared distances from it, in DOUBLE; the result is
//! converted to the argument's type (integers truncate, DECIMAL rounds half up).

use std::marker::PhantomData;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, ArrowPrimitiveType};
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction;
use flott_record::TypeKind;
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function, Native, Numbers, read_native};
use super::sum::within_decimal;
use super::{Accumulator, not_supported};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall) -> Result<Box<dyn Accumulator>, OperatorError> {
    let Some(argument) = call.argument_types.first() else { return Err(not_supported(call)) };
    let arrow = call.data_type.to_arrow();
    let result_scale = match call.data_type.kind {
        TypeKind::Decimal { scale, .. } => scale,
        _ => 0,
    };
    let function = call.function;
    Ok(match argument.to_arrow() {
        ArrowType::Int8 => Columnar::boxed(Moments::<Int8Type>::new(function, arrow, 0, 0)),
        ArrowType::Int16 => Columnar::boxed(Moments::<Int16Type>::new(function, arrow, 0, 0)),
        ArrowType::Int32 => Columnar::boxed(Moments::<Int32Type>::new(function, arrow, 0, 0)),
        ArrowType::Int64 => Columnar::boxed(Moments::<Int64Type>::new(function, arrow, 0, 0)),
        ArrowType::Float32 => Columnar::boxed(Moments::<Float32Type>::new(function, arrow, 0, 0)),
        ArrowType::Float64 => Columnar::boxed(Moments::<Float64Type>::new(function, arrow, 0, 0)),
        ArrowType::Decimal128(_, scale) => {
            Columnar::boxed(Moments::<Decimal128Type>::new(function, arrow, scale as u8, result_scale))
        }
        _ => return Err(not_supported(call)),
    })
}

struct Moments<T> {
    /// Whether one is taken from the number of rows.
    sample: bool,
    /// Whether the root is taken.
    root: bool,
    arrow: ArrowType,
    argument_scale: u8,
    result_scale: u8,
    marker: PhantomData<T>,
}

impl<T> Moments<T> {
    fn new(function: AggregateFunction, arrow: ArrowType, argument_scale: u8, result_scale: u8) -> Self {
        let sample = matches!(function, AggregateFunction::StddevSamp | AggregateFunction::VarSamp);
        let root = matches!(function, AggregateFunction::StddevPop | AggregateFunction::StddevSamp);
        Moments { sample, root, arrow, argument_scale, result_scale, marker: PhantomData }
    }
}

/// Numbers that have a double and come from one.
trait Real: Native {
    fn to_double(self, scale: u8) -> f64;
    fn of_double(value: f64, scale: u8) -> Option<Self>;
}

/// Like Java: a double becomes an INT at its limits, and that a shorter integer by its low bits.
macro_rules! real {
    ($($native:ty as $through:ty),*) => {
        $(impl Real for $native {
            fn to_double(self, _scale: u8) -> f64 {
                self as f64
            }

            fn of_double(value: f64, _scale: u8) -> Option<Self> {
                Some(value as $through as $native)
            }
        })*
    };
}

real!(i8 as i32, i16 as i32, i32 as i32, i64 as i64, f32 as f32, f64 as f64);

impl Real for i128 {
    fn to_double(self, scale: u8) -> f64 {
        self as f64 / 10f64.powi(i32::from(scale))
    }

    fn of_double(value: f64, scale: u8) -> Option<Self> {
        let scaled = value * 10f64.powi(i32::from(scale));
        if scaled.is_finite() { within_decimal(Some(scaled.round() as i128)) } else { None }
    }
}

#[derive(Clone, Copy, Default)]
struct State {
    rows: i64,
    mean: f64,
    squares: f64,
}

impl<T: ArrowPrimitiveType> Function for Moments<T>
where
    T::Native: Real,
{
    type State = State;
    type Input<'a> = &'a [T::Native];
    type Results = Numbers<T>;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Self::Input<'a> {
        arguments[0].as_primitive::<T>().values()
    }

    fn accumulate(&self, state: &mut State, input: &Self::Input<'_>, row: usize) {
        let value = input[row].to_double(self.argument_scale);
        state.rows += 1;
        if state.rows == 0 {
            (state.mean, state.squares) = (0.0, 0.0);
            return;
        }
        let distance = value - state.mean;
        state.mean += distance / state.rows as f64;
        state.squares += distance * (value - state.mean);
    }

    fn retract(&self, state: &mut State, input: &Self::Input<'_>, row: usize) {
        let value = input[row].to_double(self.argument_scale);
        state.rows -= 1;
        if state.rows == 0 {
            (state.mean, state.squares) = (0.0, 0.0);
            return;
        }
        let distance = value - state.mean;
        state.mean -= distance / state.rows as f64;
        state.squares -= distance * (value - state.mean);
    }

    fn results(&self, capacity: usize) -> Self::Results {
        Numbers::new(&self.arrow, capacity)
    }

    fn append(&self, state: &State, results: &mut Self::Results) {
        let divisor = if self.sample { state.rows - 1 } else { state.rows };
        if divisor <= 0 {
            return results.push_null();
        }
        let variance = state.squares.max(0.0) / divisor as f64;
        let value = if self.root { variance.sqrt() } else { variance };
        results.push_option(T::Native::of_double(value, self.result_scale));
    }

    fn encode(&self, state: &State, out: &mut Vec<u8>) {
        state.rows.encode(out);
        state.mean.write(out);
        state.squares.write(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<State, DecodeError> {
        Ok(State { rows: i64::decode(bytes)?, mean: read_native(bytes)?, squares: read_native(bytes)? })
    }

    fn merge(&self, state: &mut State, other: &State) {
        let rows = state.rows + other.rows;
        if other.rows == 0 {
            return;
        }
        if state.rows == 0 {
            *state = *other;
            return;
        }
        if rows == 0 {
            *state = State::default();
            return;
        }
        let distance = other.mean - state.mean;
        let weight = state.rows as f64 * other.rows as f64 / rows as f64;
        state.mean += distance * other.rows as f64 / rows as f64;
        state.squares += other.squares + distance * distance * weight;
        state.rows = rows;
    }
}
