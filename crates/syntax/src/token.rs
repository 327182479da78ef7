//! What the lexer cuts the text into.

use crate::Span;

/// A token with its place.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// A bare word; with the keyword in upper case if it is one
    Word(Option<&'static str>),
    /// A word in back-ticks, these removed
    Quoted(String),
    /// A character string, escapes resolved
    Text(String),
    /// `U&'..'`, escapes not resolved, since the escape character may follow
    UnicodeText(String),
    /// `X'..'`
    Bytes(Vec<u8>),
    /// A number without exponent
    Number,
    /// A number with exponent
    Approximate,
    /// An operator or a bracket
    Symbol(&'static str),
    /// What is no token, with the reason
    Invalid(String),
    /// The end of the text
    End,
}
