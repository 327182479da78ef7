//! The function catalogue: which functions exist, what they take, and which type they give.
//!
//! `resolve` is the only entry: a name and the arguments' types go in; the canonical name, the types to which the arguments are to be
//! cast implicitly, and the result's type come out, by Flink's type inference. Errors say which signatures exist.

mod aggregates;
mod arithmetic;
mod bitmap;
mod casts;
mod collection;
mod common_type;
mod comparison;
mod conditional;
mod construction;
pub mod decimal;
mod determinism;
mod hash;
mod inferred;
mod json;
mod known;
mod math;
mod operators;
mod regexp;
mod signature;
mod string;
mod structured;
mod temporal;
mod url;

use flott_record::{DataType, Value};
use thiserror::Error;

pub(crate) use aggregates::aggregate_return_type;
pub use casts::{can_cast, can_cast_implicitly, cast_advice, cast_refusal};
pub use common_type::common_type;
pub use determinism::is_deterministic;
pub use inferred::is_inferred;
pub use known::{is_function, names, nearest};

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
#[derive(Clone, Debug, Error, PartialEq)]
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
    let canonical = name.to_uppercase();
    FAMILIES.iter().find_map(|family| family(&canonical, arguments)).unwrap_or_else(|| Err(missing(name)))
}

/// A family of functions: `None` if the name is none of its own.
type FunctionFamily = fn(&str, &[Argument]) -> Option<Result<Resolution, SignatureError>>;

const FAMILIES: [FunctionFamily; 11] = [
    operators::resolve,
    string::resolve,
    hash::resolve,
    regexp::resolve,
    url::resolve,
    json::resolve,
    temporal::resolve,
    math::resolve,
    collection::resolve,
    bitmap::resolve,
    structured::resolve,
];

fn missing(name: &str) -> SignatureError {
    if is_function(name) {
        SignatureError::NotSupported { name: name.to_string() }
    } else {
        SignatureError::UnknownFunction { name: name.to_string(), nearest: nearest(name) }
    }
}
