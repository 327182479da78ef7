//! Flink SQL text to syntax tree and back: lexer, parser, printer, spans. Knows no catalog and no types.
//!
//! [`parse_statements`] reads a script, [`parse_statement`] one statement, [`parse_expression`] and
//! [`parse_data_type`] the parts. Every node of [`ast`] prints itself (`Display`) as SQL that parses to the same
//! tree. Nesting and tree height are bounded (see [`limits`]), so that no input overflows the stack.

pub mod ast;
mod error;
pub mod limits;
mod span;

pub use error::{ParseError, line_and_column};
pub use span::Span;

use ast::{DataType, Expression, Statement};

/// Parses a script: statements separated by semicolons; the last one may be missing. Empty statements are skipped.
///
/// # Errors
/// The first error in the text.
pub fn parse_statements(script: &str) -> Result<Vec<Statement>, ParseError> {
    Err(unfinished(script))
}

/// Parses exactly one statement; a semicolon may follow.
///
/// # Errors
/// The first error in the text, also if it holds no statement or more than one.
pub fn parse_statement(text: &str) -> Result<Statement, ParseError> {
    Err(unfinished(text))
}

/// Parses an expression.
///
/// # Errors
/// The first error in the text, also if something follows the expression.
pub fn parse_expression(text: &str) -> Result<Expression, ParseError> {
    Err(unfinished(text))
}

/// Parses a data type, e.g. `ROW<a INT NOT NULL, b ARRAY<STRING>>`.
///
/// # Errors
/// The first error in the text, also if something follows the type.
pub fn parse_data_type(text: &str) -> Result<DataType, ParseError> {
    Err(unfinished(text))
}

fn unfinished(text: &str) -> ParseError {
    ParseError::new("not supported: parsing", Span::new(0, text.len()))
}
