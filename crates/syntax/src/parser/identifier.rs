//! Names.

use super::{Parsed, Parser};
use crate::ParseError;
use crate::ast::{Identifier, ObjectName};
use crate::keyword;
use crate::token::TokenKind;

impl Parser<'_> {
    /// Whether the token `ahead` can be a name: it is in back-ticks or no reserved word.
    pub(super) fn is_identifier_at(&self, ahead: usize) -> bool {
        match &self.token_at(ahead).kind {
            TokenKind::Quoted(_) => true,
            TokenKind::Word(None) => true,
            TokenKind::Word(Some(keyword)) => !keyword::is_reserved(keyword),
            _ => false,
        }
    }

    pub(super) fn identifier(&mut self) -> Parsed<Identifier> {
        if !self.is_identifier_at(0) {
            return Err(self.no_identifier());
        }
        let token = self.token_at(0);
        let value = match &token.kind {
            TokenKind::Quoted(value) => value.clone(),
            _ => token.span.text(self.source).to_string(),
        };
        let span = self.advance();
        Ok(Identifier { value, span })
    }

    fn no_identifier(&self) -> ParseError {
        let mut error = self.unexpected(&["a name"]);
        if let Some(keyword) = self.keyword_at(0) {
            let word = error.span.text(self.source);
            error.message =
                format!("unexpected `{word}`: {keyword} is a reserved word, which must be in back-ticks to be a name");
        }
        error
    }

    /// `a`, `a.b`, `a.b.c`
    pub(super) fn object_name(&mut self) -> Parsed<ObjectName> {
        let start = self.start();
        let mut parts = vec![self.identifier()?];
        while self.at_symbol(".") && self.is_identifier_at(1) {
            self.advance();
            parts.push(self.identifier()?);
        }
        if self.at_symbol(".") && self.symbol_at(1) != Some("*") {
            self.advance();
            return Err(self.no_identifier());
        }
        Ok(ObjectName { parts, span: self.span_from(start) })
    }

    /// `(a, b)`
    pub(super) fn identifier_list(&mut self) -> Parsed<Vec<Identifier>> {
        self.parenthesized_list(Self::identifier)
    }

    /// `[AS] a`, if it comes next.
    pub(super) fn optional_alias(&mut self) -> Parsed<Option<Identifier>> {
        if self.take_keyword("AS") || self.is_identifier_at(0) {
            return self.identifier().map(Some);
        }
        Ok(None)
    }
}
