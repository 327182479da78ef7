//! MIN and MAX over input that only inserts: the extreme itself is all the state.

use std::marker::PhantomData;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, ArrowPrimitiveType, BinaryArray, StringArray};
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction;
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function, Native, Numbers, Results, read_native};
use super::{Accumulator, ForPrimitive, for_primitive, ordered};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall) -> Result<Box<dyn Accumulator>, OperatorError> {
    let greatest = call.function == AggregateFunction::Max;
    let arrow = call.data_type.to_arrow();
    match arrow {
        ArrowType::Utf8 => return Ok(Columnar::boxed(BytesExtreme::<TextForm> { greatest, marker: PhantomData })),
        ArrowType::Binary => return Ok(Columnar::boxed(BytesExtreme::<BytesForm> { greatest, marker: PhantomData })),
        _ => {}
    }
    match for_primitive(&arrow, NumberExtreme { greatest, arrow: arrow.clone() }) {
        Some(accumulator) => Ok(accumulator),
        None => ordered::build(call),
    }
}

struct NumberExtreme {
    greatest: bool,
    arrow: ArrowType,
}

impl ForPrimitive for NumberExtreme {
    fn make<T: ArrowPrimitiveType>(self) -> Box<dyn Accumulator>
    where
        T::Native: Native,
    {
        if self.greatest {
            Columnar::boxed(Extreme::<T, true> { arrow: self.arrow, marker: PhantomData })
        } else {
            Columnar::boxed(Extreme::<T, false> { arrow: self.arrow, marker: PhantomData })
        }
    }
}

struct Extreme<T, const GREATEST: bool> {
    arrow: ArrowType,
    marker: PhantomData<T>,
}

/// The extreme, if there is one.
#[derive(Clone, Copy, Default)]
struct ExtremeState<N> {
    value: N,
    present: bool,
}

impl<T: ArrowPrimitiveType, const GREATEST: bool> Function for Extreme<T, GREATEST>
where
    T::Native: Native,
{
    type State = ExtremeState<T::Native>;
    type Input<'a> = &'a [T::Native];
    type Results = Numbers<T>;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Self::Input<'a> {
        arguments[0].as_primitive::<T>().values()
    }

    fn accumulate(&self, state: &mut Self::State, input: &Self::Input<'_>, row: usize) {
        let value = input[row];
        // As in Java: nothing is less or greater than NaN, so that it neither enters nor leaves.
        let better = if GREATEST { value > state.value } else { value < state.value };
        if better || !state.present {
            *state = ExtremeState { value, present: true };
        }
    }

    fn retract(&self, _state: &mut Self::State, _input: &Self::Input<'_>, _row: usize) {
        unreachable!("input that retracts is accumulated by the ordered form");
    }

    fn results(&self, capacity: usize) -> Self::Results {
        Numbers::new(&self.arrow, capacity)
    }

    fn append(&self, state: &Self::State, results: &mut Self::Results) {
        if state.present { results.push(state.value) } else { results.push_null() }
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        state.present.encode(out);
        state.value.write(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Self::State, DecodeError> {
        Ok(ExtremeState { present: bool::decode(bytes)?, value: read_native(bytes)? })
    }

    fn merge(&self, state: &mut Self::State, other: &Self::State) {
        if other.present {
            self.accumulate(state, &[other.value].as_slice(), 0);
        }
    }
}

/// Whether bytes are text.
trait Form {
    type Array: 'static;
    type Builder: Results;

    fn array(column: &ArrayRef) -> &Self::Array;
    fn value(array: &Self::Array, row: usize) -> &[u8];
    fn builder(capacity: usize) -> Self::Builder;
    fn push(builder: &mut Self::Builder, value: Option<&[u8]>);
}

struct TextForm;
struct BytesForm;

impl Form for TextForm {
    type Array = StringArray;
    type Builder = StringBuilder;

    fn array(column: &ArrayRef) -> &StringArray {
        column.as_string()
    }

    fn value(array: &StringArray, row: usize) -> &[u8] {
        array.value(row).as_bytes()
    }

    fn builder(capacity: usize) -> StringBuilder {
        StringBuilder::with_capacity(capacity, 16 * capacity)
    }

    fn push(builder: &mut StringBuilder, value: Option<&[u8]>) {
        match value.map(std::str::from_utf8) {
            None => builder.append_null(),
            Some(Ok(text)) => builder.append_value(text),
            // Only a damaged snapshot has such a state; the text shows it.
            Some(Err(_)) => builder.append_value(String::from_utf8_lossy(value.unwrap_or(&[]))),
        }
    }
}

impl Form for BytesForm {
    type Array = BinaryArray;
    type Builder = BinaryBuilder;

    fn array(column: &ArrayRef) -> &BinaryArray {
        column.as_binary()
    }

    fn value(array: &BinaryArray, row: usize) -> &[u8] {
        array.value(row)
    }

    fn builder(capacity: usize) -> BinaryBuilder {
        BinaryBuilder::with_capacity(capacity, 16 * capacity)
    }

    fn push(builder: &mut BinaryBuilder, value: Option<&[u8]>) {
        builder.append_option(value);
    }
}

/// The extreme of texts or bytes, by their bytes.
struct BytesExtreme<F> {
    greatest: bool,
    marker: PhantomData<F>,
}

impl<F> BytesExtreme<F> {
    fn offer(&self, state: &mut Option<Vec<u8>>, value: &[u8]) {
        match state {
            None => *state = Some(value.to_vec()),
            Some(present) => {
                let better = if self.greatest { value > present.as_slice() } else { value < present.as_slice() };
                if better {
                    present.clear();
                    present.extend_from_slice(value);
                }
            }
        }
    }
}

impl<F: Form> Function for BytesExtreme<F> {
    type State = Option<Vec<u8>>;
    type Input<'a> = &'a F::Array;
    type Results = F::Builder;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Self::Input<'a> {
        F::array(&arguments[0])
    }

    fn accumulate(&self, state: &mut Self::State, input: &Self::Input<'_>, row: usize) {
        self.offer(state, F::value(input, row));
    }

    fn retract(&self, _state: &mut Self::State, _input: &Self::Input<'_>, _row: usize) {
        unreachable!("input that retracts is accumulated by the ordered form");
    }

    fn results(&self, capacity: usize) -> Self::Results {
        F::builder(capacity)
    }

    fn append(&self, state: &Self::State, results: &mut Self::Results) {
        F::push(results, state.as_deref());
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
