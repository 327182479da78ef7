//! A recursive-descent parser, with precedence climbing for expressions. One file per part of the grammar.

mod alter;
mod client_command;
mod create;
mod create_materialized_table;
mod create_table;
mod cursor;
mod data_type;
mod expression;
mod function_call;
mod identifier;
mod json_function;
mod literal;
mod manipulation;
mod match_recognize;
mod nesting;
mod plan;
mod primary;
mod query;
mod select;
mod show;
mod special_function;
mod statement;
mod table_reference;
mod window;

use crate::ParseError;
use crate::lexer::tokenize;
use crate::token::Token;

/// What every parsing function gives.
pub(crate) type Parsed<T> = Result<T, ParseError>;

/// The state of parsing: the tokens and how far it has come.
pub(crate) struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    /// Index of the next token; the last token, which is the end, is never passed.
    position: usize,
    /// For each token that opens a parenthesis, the index of the one that closes it; else 0.
    closing: Vec<usize>,
    /// How deep the text is nested here.
    nesting_levels: usize,
    /// Height of the highest tree built since the enclosing one was begun.
    tree_levels: usize,
    /// Count of `?` so far in this statement.
    parameter_count: u32,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        let tokens = tokenize(source);
        let closing = cursor::match_parentheses(&tokens);
        Self { source, tokens, position: 0, closing, nesting_levels: 0, tree_levels: 0, parameter_count: 0 }
    }
}
