//! The function catalogue: which functions exist, what they take, and which type they give.
//!
//! `resolve` is the only entry: a name and the arguments' types go in; the canonical name, the types to which the arguments are to be
//! cast implicitly, and the result's type come out, by Flink's type inference. Errors say which signatures exist.

use flott_record::{DataType, Value};
use thiserror::Error;

use crate::aggregate::AggregateFunction;
use crate::tree::Expression;

/// An argument as type inference sees it: its type, and its value if it is a literal.
#[derive(Clone, Debug)]
pub struct Argument {
    /// The argument's type.
    pub data_type: DataType,
    /// The constant, for functions whose type depends on it (ROUND, TO_TIMESTAMP_LTZ, row access).
    pub literal: Option<Value>,
}

/// What type inference found.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// Canonical name, by which `evaluation` knows the function.
    pub function: String,
    /// Type to which each argument is to be cast; equal to the given one where no cast is needed.
    pub argument_types: Vec<DataType>,
    /// Type of the result.
    pub data_type: DataType,
}

/// Why a call has no type.
#[derive(Debug, Error, PartialEq)]
pub enum SignatureError {
    /// No function of that name is known to Flink.
    #[error("no function {name} exists{}", did_you_mean(nearest))]
    UnknownFunction {
        /// As written.
        name: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// Flink has the function, flott does not yet.
    #[error("not supported: function {name}")]
    NotSupported {
        /// As written.
        name: String,
    },
    /// The arguments fit no signature.
    #[error("cannot apply {name} to arguments of type {given}; supported: {expected}")]
    WrongArguments {
        /// As written.
        name: String,
        /// `(INT, STRING)`
        given: String,
        /// Signatures, as in Flink's message.
        expected: String,
    },
    /// The arguments have the right types but a value that is refused at plan time.
    #[error("{name}: {message}")]
    WrongValue {
        /// As written.
        name: String,
        /// What is wrong.
        message: String,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

/// Finds the type of a scalar call.
///
/// # Errors
/// An unknown name, one not yet supported, or arguments that fit no signature.
pub fn resolve(name: &str, arguments: &[Argument]) -> Result<Resolution, SignatureError> {
    let _ = arguments;
    Err(SignatureError::NotSupported { name: name.to_string() })
}

/// Result type of an aggregate; see [`crate::aggregate::aggregate_type`].
pub(crate) fn aggregate_return_type(
    function: AggregateFunction,
    arguments: &[&Expression],
    grouped: bool,
) -> Result<DataType, SignatureError> {
    let _ = (arguments, grouped);
    Err(SignatureError::NotSupported { name: format!("{function:?}") })
}
