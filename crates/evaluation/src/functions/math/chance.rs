//! `RAND` and `RAND_INTEGER`.
//!
//! With a constant seed a call gives the sequence of Java's `Random` for that seed; with a seed from a column each row gives the first
//! number of its seed; without a seed numbers differ from run to run.

use arrow_array::ArrayRef;
use arrow_array::types::{Float64Type, Int32Type};

use crate::evaluator::CompileError;
use crate::functions::constants::{Numbers, build_numbers, scalars};
use crate::functions::mapping::failed;
use crate::functions::random::{JavaRandom, RandomBits};
use crate::functions::{CallSite, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    let function = match (call.name.as_str(), call.len()) {
        ("RAND", 0 | 1) => real(Source::of(call, call.len() == 1)),
        ("RAND_INTEGER", 1 | 2) => integer(Source::of(call, call.len() == 2), call.len() - 1),
        _ => return None,
    };
    Some(Ok(function))
}

/// Where random numbers come from.
enum Source {
    /// A sequence without a seed.
    Free(RandomBits, Option<JavaRandom>),
    /// The sequence of a constant seed, made at the first row.
    Constant(Option<JavaRandom>),
    /// A seed in each row.
    PerRow,
}

impl Source {
    /// The seed, if there is one, is the first argument.
    fn of(call: &CallSite, seeded: bool) -> Self {
        match (seeded, call.literal(0).is_some()) {
            (false, _) => Source::Free(RandomBits::new(&call.session), None),
            (true, true) => Source::Constant(None),
            (true, false) => Source::PerRow,
        }
    }

    /// The generator for a row.
    fn generator(&mut self, seed: impl Fn() -> i32) -> JavaRandom {
        let from_seed = || JavaRandom::new(i64::from(seed()));
        match self {
            Source::Free(bits, generator) => {
                generator.get_or_insert_with(|| JavaRandom::new(bits.next() as i64)).clone()
            }
            Source::Constant(generator) => generator.get_or_insert_with(from_seed).clone(),
            Source::PerRow => from_seed(),
        }
    }

    /// Keeps a generator's state for the next row.
    fn keep(&mut self, used: JavaRandom) {
        match self {
            Source::Free(_, generator) | Source::Constant(generator) => *generator = Some(used),
            Source::PerRow => {}
        }
    }
}

fn real(mut source: Source) -> Box<dyn ScalarFunction> {
    scalars(move |arguments: &[ArrayRef], frame| {
        let seed = arguments.first().map(Numbers::<Int32Type>::of);
        build_numbers::<Float64Type>(arguments, frame.rows, |row| {
            let mut generator = source.generator(|| seed.map_or(0, |seed| seed.at(row)));
            let value = generator.next_double();
            source.keep(generator);
            Ok(Some(value))
        })
    })
}

fn integer(mut source: Source, bound: usize) -> Box<dyn ScalarFunction> {
    scalars(move |arguments, frame| {
        let (seed, bound) = (Numbers::<Int32Type>::of(&arguments[0]), Numbers::<Int32Type>::of(&arguments[bound]));
        build_numbers::<Int32Type>(arguments, frame.rows, |row| {
            let bound = bound.at(row);
            if bound <= 0 {
                return Err(failed(row, "bound must be positive"));
            }
            let mut generator = source.generator(|| seed.at(row));
            let value = generator.next_int(bound);
            source.keep(generator);
            Ok(Some(value))
        })
    })
}
