//! What can be wrong with a configuration.

use thiserror::Error;

use crate::configuration::Origin;

/// What can be wrong with a configuration. Messages name key, value, origin and expected form.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigurationError {
    /// A value that doesn't fit its option's type.
    #[error("invalid value '{value}' for option '{key}'{}: expected {expected}", origin.suffix())]
    InvalidValue {
        /// The option's key.
        key: String,
        /// The text as it was given.
        value: String,
        /// Where it was given.
        origin: Origin,
        /// The form that was expected, ready to follow "expected".
        expected: String,
    },
    /// An option without default that must be set.
    #[error("option '{key}' is not set and has no default")]
    Missing {
        /// The option's key.
        key: String,
    },
    /// A `-D` argument that isn't `key=value`.
    #[error("invalid property '{text}': expected key=value")]
    InvalidAssignment {
        /// The text as it was given.
        text: String,
    },
    /// A `config.yaml` that isn't YAML, or not a map of options.
    #[error("{file}, line {line}, column {column}: {message}")]
    InvalidYaml {
        /// The file's name as it was given.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
}
