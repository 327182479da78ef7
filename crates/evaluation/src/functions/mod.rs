//! The built-in scalar functions, by family.
//!
//! A call is compiled once into a [`ScalarFunction`], which then sees whole arrays. Constants are known when compiling
//! ([`CallSite::literals`]), so patterns, zones and formats are parsed once.

pub(crate) mod mapping;

mod arithmetic;
mod bitmap;
mod collection;
mod comparator;
mod comparison;
mod conditional;
mod constants;
mod construction;
mod hash;
mod hash_code;
mod interval;
mod json;
mod like;
mod math;
mod membership;
pub(crate) mod pairs;
mod random;
mod regexp;
mod string;
mod structured;
mod temporal;
mod url;

use arrow_array::ArrayRef;
use flott_record::{DataType, TypeKind, Value};

use crate::evaluator::{CompileError, EvaluationError, Instant, Session};

/// What a function sees beside its arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Rows of the result. Arguments have as many, except literals of a function that takes scalars (then one).
    pub(crate) rows: usize,
    /// The moment of evaluation.
    pub(crate) instant: Instant,
}

/// A compiled call.
pub(crate) trait ScalarFunction: Send {
    /// One value for each row.
    ///
    /// # Errors
    /// The first row that fails.
    fn call(&mut self, arguments: &[ArrayRef], frame: &Frame) -> Result<ArrayRef, EvaluationError>;

    /// Whether literal arguments are passed as arrays of one row instead of being repeated for each row.
    fn takes_scalars(&self) -> bool {
        false
    }

    /// Whether a row may fail. What cannot fail may be evaluated on rows that do not need it.
    fn can_fail(&self) -> bool {
        true
    }
}

impl<F> ScalarFunction for F
where
    F: FnMut(&[ArrayRef], &Frame) -> Result<ArrayRef, EvaluationError> + Send,
{
    fn call(&mut self, arguments: &[ArrayRef], frame: &Frame) -> Result<ArrayRef, EvaluationError> {
        self(arguments, frame)
    }
}

/// A function that takes literal arguments as arrays of one row.
pub(crate) struct WithScalars<F>(pub(crate) F);

impl<F> ScalarFunction for WithScalars<F>
where
    F: FnMut(&[ArrayRef], &Frame) -> Result<ArrayRef, EvaluationError> + Send,
{
    fn call(&mut self, arguments: &[ArrayRef], frame: &Frame) -> Result<ArrayRef, EvaluationError> {
        (self.0)(arguments, frame)
    }

    fn takes_scalars(&self) -> bool {
        true
    }
}

/// A function of which no row fails; it takes literal arguments as arrays of one row.
pub(crate) struct Infallible<F>(pub(crate) F);

impl<F> ScalarFunction for Infallible<F>
where
    F: FnMut(&[ArrayRef], &Frame) -> Result<ArrayRef, EvaluationError> + Send,
{
    fn call(&mut self, arguments: &[ArrayRef], frame: &Frame) -> Result<ArrayRef, EvaluationError> {
        (self.0)(arguments, frame)
    }

    fn takes_scalars(&self) -> bool {
        true
    }

    fn can_fail(&self) -> bool {
        false
    }
}

/// A call as it is known when compiling.
#[derive(Clone, Debug)]
pub(crate) struct CallSite {
    /// Canonical name.
    pub(crate) name: String,
    /// Types of the arguments.
    pub(crate) argument_types: Vec<DataType>,
    /// Type of the result.
    pub(crate) data_type: DataType,
    /// For each argument its value, if it is a literal (which may be [`Value::Null`]).
    pub(crate) literals: Vec<Option<Value>>,
    /// What the session says.
    pub(crate) session: Session,
}

impl CallSite {
    /// Kind of an argument; [`TypeKind::Null`] beyond the last.
    pub(crate) fn kind(&self, index: usize) -> &TypeKind {
        self.argument_types.get(index).map_or(&TypeKind::Null, |data_type| &data_type.kind)
    }

    /// Number of arguments.
    pub(crate) fn len(&self) -> usize {
        self.argument_types.len()
    }

    /// An argument's constant.
    pub(crate) fn literal(&self, index: usize) -> Option<&Value> {
        self.literals.get(index).and_then(Option::as_ref)
    }

    /// An argument's constant text.
    pub(crate) fn text_literal(&self, index: usize) -> Option<&str> {
        match self.literal(index)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The refusal of these argument types.
    pub(crate) fn not_supported(&self) -> CompileError {
        let given: Vec<String> = self.argument_types.iter().map(|data_type| data_type.kind.to_string()).collect();
        CompileError::NotSupported(format!("{}({})", self.name, given.join(", ")))
    }
}

/// A family of functions: `None` if the name is none of its own.
type FunctionFamily = fn(&CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>>;

const FAMILIES: [FunctionFamily; 15] = [
    arithmetic::compile,
    comparison::compile,
    conditional::compile,
    construction::compile,
    string::compile,
    hash::compile,
    hash_code::compile,
    regexp::compile,
    url::compile,
    json::compile,
    temporal::compile,
    math::compile,
    collection::compile,
    bitmap::compile,
    structured::compile,
];

/// Compiles a call.
///
/// # Errors
/// A function which no family computes, or a constant that is refused.
pub(crate) fn compile(call: &CallSite) -> Result<Box<dyn ScalarFunction>, CompileError> {
    FAMILIES.iter().find_map(|family| family(call)).unwrap_or_else(|| Err(call.not_supported()))
}
