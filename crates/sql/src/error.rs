//! What is said when a statement cannot be planned, and where.

use flott_expression::SignatureError;
use flott_syntax::{ParseError, Span};
use thiserror::Error;

/// Why a statement cannot be planned; the span points into the script.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct SqlError {
    /// What is wrong and, where there is one, the way out.
    pub message: String,
    /// Where, if it can be said.
    pub span: Option<Span>,
}

/// Result of planning.
pub type Result<T> = std::result::Result<T, SqlError>;

impl SqlError {
    /// An error at a place.
    pub fn at(span: Span, message: impl Into<String>) -> Self {
        SqlError { message: message.into(), span: Some(span) }
    }

    /// An error without a place.
    pub fn new(message: impl Into<String>) -> Self {
        SqlError { message: message.into(), span: None }
    }

    /// Something that Flink has and flott does not yet.
    pub fn not_supported(span: Span, construct: impl std::fmt::Display) -> Self {
        SqlError::at(span, format!("not supported: {construct}"))
    }

    /// The same error, at this place if it has none yet.
    pub fn or_at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// The error with line, column and a caret, as the command line shows it.
    pub fn render(&self, script: &str, file_name: &str) -> String {
        match self.span {
            Some(span) => ParseError::new(self.message.clone(), span).render(script, file_name),
            None => format!("error: {}\n", self.message),
        }
    }
}

impl From<ParseError> for SqlError {
    fn from(error: ParseError) -> Self {
        let expected = error.expectation();
        let message =
            if expected.is_empty() { error.message.clone() } else { format!("{}; expected {expected}", error.message) };
        SqlError::at(error.span, message)
    }
}

impl From<SignatureError> for SqlError {
    fn from(error: SignatureError) -> Self {
        SqlError::new(error.to_string())
    }
}
