//! Flink SQL text to syntax tree and back: lexer, parser, printer, spans. Knows no catalog and no types.
//!
//! [`parse_statements`] reads a script, [`parse_statement`] one statement, [`parse_expression`] and
//! [`parse_data_type`] the parts. Every node of [`ast`] prints itself (`Display`) as SQL that parses to the same
//! tree. Nesting and tree height are bounded (see [`limits`]), so that no input overflows the stack.

pub mod ast;
mod error;
mod fragment;
mod keyword;
mod lexer;
pub mod limits;
mod parser;
mod precedence;
mod printer;
mod span;
mod token;

pub use error::{ParseError, line_and_column};
pub use fragment::{Fragment, FragmentKind, fragments};
pub use span::Span;

use ast::{DataType, Expression, Statement};
use parser::Parser;

/// Parses a script: statements separated by semicolons; the last one may be missing. Empty statements are skipped.
///
/// # Errors
/// The first error in the text.
pub fn parse_statements(script: &str) -> Result<Vec<Statement>, ParseError> {
    Parser::new(script).script()
}

/// Parses exactly one statement; a semicolon may follow.
///
/// # Errors
/// The first error in the text, also if it holds no statement or more than one.
pub fn parse_statement(text: &str) -> Result<Statement, ParseError> {
    Parser::new(text).whole_statement()
}

/// Parses an expression.
///
/// # Errors
/// The first error in the text, also if something follows the expression.
pub fn parse_expression(text: &str) -> Result<Expression, ParseError> {
    Parser::new(text).whole_expression()
}

/// Parses a data type, e.g. `ROW<a INT NOT NULL, b ARRAY<STRING>>`.
///
/// # Errors
/// The first error in the text, also if something follows the type.
pub fn parse_data_type(text: &str) -> Result<DataType, ParseError> {
    Parser::new(text).whole_data_type()
}

/// Finds the statements of a script without parsing them: the span of each, without semicolons and what surrounds it.
/// A script with errors can so be run statement by statement.
pub fn split_statements(script: &str) -> Vec<Span> {
    Parser::new(script).statement_spans()
}
