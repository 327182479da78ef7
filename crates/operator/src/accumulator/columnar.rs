//! The loops of all aggregate functions: over rows, with one state a slot in a vector.
//!
//! A [`Function`] says what one row does to one state. The loops are compiled for each function, so that the common ones are a
//! load, an operation and a store a row.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::{ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::NullBufferBuilder;
use arrow_schema::DataType as ArrowType;
use flott_state::DecodeError;
use flott_state::encoding::take;

use super::{Accumulator, Rows, Trail, is_retraction, valid_rows};
use crate::interface::OperatorError;

/// What an aggregate function does with the state of one group.
pub(super) trait Function {
    /// A group's state; the default is that of an empty group.
    type State: Default;
    /// The argument columns as the loop reads them.
    type Input<'a>;
    /// Collects results.
    type Results: Results;
    /// Whether rows with a NULL among their arguments count.
    const TAKES_NULLS: bool = false;

    /// Reads the argument columns.
    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Self::Input<'a>;

    /// Adds a row.
    fn accumulate(&self, state: &mut Self::State, input: &Self::Input<'_>, row: usize);

    /// Takes a row away.
    fn retract(&self, state: &mut Self::State, input: &Self::Input<'_>, row: usize);

    /// An empty collector of about so many results.
    fn results(&self, capacity: usize) -> Self::Results;

    /// Adds a state's result.
    fn append(&self, state: &Self::State, results: &mut Self::Results);

    /// Appends a state's encoding.
    fn encode(&self, state: &Self::State, out: &mut Vec<u8>);

    /// Takes an encoded state from the front.
    fn decode(&self, bytes: &mut &[u8]) -> Result<Self::State, DecodeError>;

    /// Adds what another state has accumulated after this one.
    fn merge(&self, state: &mut Self::State, other: &Self::State);
}

/// A collector of results.
pub(super) trait Results {
    /// The results as an array.
    fn finish(self) -> Result<ArrayRef, OperatorError>;
}

/// A function with its states.
pub(super) struct Columnar<F: Function> {
    function: F,
    states: Vec<F::State>,
}

impl<F: Function + 'static> Columnar<F> {
    pub(super) fn boxed(function: F) -> Box<dyn Accumulator> {
        Box::new(Columnar { function, states: Vec::new() })
    }

    /// Runs over all rows; `record` sees the state after each row, and if `BEFORE` also before it.
    fn run<const BEFORE: bool>(&mut self, rows: &Rows<'_>, mut record: impl FnMut(&F, &F::State)) {
        let input = self.function.input(rows.arguments);
        let valid = if F::TAKES_NULLS { None } else { valid_rows(rows.arguments) };
        if valid.is_none() && rows.selected.is_none() && rows.kinds.is_none() {
            for (row, slot) in rows.slots.iter().enumerate() {
                let state = &mut self.states[*slot as usize];
                if BEFORE {
                    record(&self.function, state);
                }
                self.function.accumulate(state, &input, row);
                record(&self.function, state);
            }
            return;
        }
        for (row, slot) in rows.slots.iter().enumerate() {
            let state = &mut self.states[*slot as usize];
            if BEFORE {
                record(&self.function, state);
            }
            let counts = rows.selected.is_none_or(|selected| selected[row])
                && valid.as_ref().is_none_or(|valid| valid.is_valid(row));
            if counts {
                if rows.kinds.is_some_and(|kinds| is_retraction(kinds[row])) {
                    self.function.retract(state, &input, row);
                } else {
                    self.function.accumulate(state, &input, row);
                }
            }
            record(&self.function, state);
        }
    }
}

impl<F: Function + 'static> Accumulator for Columnar<F> {
    fn resize(&mut self, slots: usize) {
        if slots > self.states.len() {
            self.states.resize_with(slots, F::State::default);
        }
    }

    fn clear(&mut self, slot: u32) {
        self.states[slot as usize] = F::State::default();
    }

    fn update(&mut self, rows: &Rows<'_>) -> Result<(), OperatorError> {
        self.run::<false>(rows, |_, _| {});
        Ok(())
    }

    fn scan(&mut self, rows: &Rows<'_>, trail: Trail) -> Result<ArrayRef, OperatorError> {
        match trail {
            Trail::BeforeAndAfter => {
                let mut results = self.function.results(2 * rows.slots.len());
                self.run::<true>(rows, |function, state| function.append(state, &mut results));
                results.finish()
            }
            Trail::After => {
                let mut results = self.function.results(rows.slots.len());
                self.run::<false>(rows, |function, state| function.append(state, &mut results));
                results.finish()
            }
        }
    }

    fn values(&self, slots: &[u32]) -> Result<ArrayRef, OperatorError> {
        let mut results = self.function.results(slots.len());
        for slot in slots {
            self.function.append(&self.states[*slot as usize], &mut results);
        }
        results.finish()
    }

    fn encode(&self, slot: u32, out: &mut Vec<u8>) {
        self.function.encode(&self.states[slot as usize], out);
    }

    fn merge(&mut self, slot: u32, bytes: &mut &[u8]) -> Result<(), DecodeError> {
        let other = self.function.decode(bytes)?;
        self.function.merge(&mut self.states[slot as usize], &other);
        Ok(())
    }

    fn combine(&mut self, from: &[u32], to: &[u32]) -> Result<(), DecodeError> {
        for (from, to) in from.iter().zip(to) {
            assert_ne!(from, to, "a state is not merged into itself");
            let other = std::mem::take(&mut self.states[*from as usize]);
            self.function.merge(&mut self.states[*to as usize], &other);
            self.states[*from as usize] = other;
        }
        Ok(())
    }
}

/// Numbers of fixed width that lie in states.
pub(super) trait Native: ArrowNativeTypeOp + Default {
    /// Bytes of the encoding.
    const BYTES: usize;

    /// Appends the number, little endian.
    fn write(self, out: &mut Vec<u8>);

    /// The number of its bytes.
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! native {
    ($($native:ty),*) => {
        $(impl Native for $native {
            const BYTES: usize = size_of::<$native>();

            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(bytes: &[u8]) -> Self {
                let mut array = [0; size_of::<$native>()];
                array.copy_from_slice(bytes);
                <$native>::from_le_bytes(array)
            }
        })*
    };
}

native!(i8, i16, i32, i64, i128, f32, f64);

/// Takes a number from the front.
pub(super) fn read_native<N: Native>(bytes: &mut &[u8]) -> Result<N, DecodeError> {
    Ok(N::read(take(bytes, N::BYTES)?))
}

/// Numbers as results.
pub(super) struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    nulls: NullBufferBuilder,
    arrow: ArrowType,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    pub(super) fn new(arrow: &ArrowType, capacity: usize) -> Self {
        Numbers { values: Vec::with_capacity(capacity), nulls: NullBufferBuilder::new(capacity), arrow: arrow.clone() }
    }

    #[inline]
    pub(super) fn push(&mut self, value: T::Native) {
        self.values.push(value);
        self.nulls.append_non_null();
    }

    #[inline]
    pub(super) fn push_null(&mut self) {
        self.values.push(T::Native::default());
        self.nulls.append_null();
    }

    pub(super) fn push_option(&mut self, value: Option<T::Native>) {
        match value {
            Some(value) => self.push(value),
            None => self.push_null(),
        }
    }
}

impl<T: ArrowPrimitiveType> Results for Numbers<T> {
    fn finish(mut self) -> Result<ArrayRef, OperatorError> {
        let array = PrimitiveArray::<T>::new(self.values.into(), self.nulls.finish());
        Ok(Arc::new(array.with_data_type(self.arrow)))
    }
}

impl Results for StringBuilder {
    fn finish(mut self) -> Result<ArrayRef, OperatorError> {
        Ok(Arc::new(StringBuilder::finish(&mut self)))
    }
}

impl Results for BinaryBuilder {
    fn finish(mut self) -> Result<ArrayRef, OperatorError> {
        Ok(Arc::new(BinaryBuilder::finish(&mut self)))
    }
}
