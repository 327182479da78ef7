//! Looking at tokens and taking them, and the errors when the wrong one comes.

use super::{Parsed, Parser};
use crate::token::{Token, TokenKind};
use crate::{ParseError, Span};

/// For each token that opens a parenthesis, the index of the token that closes it; 0 for all others.
pub(super) fn match_parentheses(tokens: &[Token]) -> Vec<usize> {
    let mut closing = vec![0; tokens.len()];
    let mut open = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Symbol("(") => open.push(index),
            TokenKind::Symbol(")") => {
                if let Some(start) = open.pop() {
                    closing[start] = index;
                }
            }
            _ => {}
        }
    }
    closing
}

impl Parser<'_> {
    /// The token `ahead` places after the next one; past the end it is the end.
    pub(super) fn token_at(&self, ahead: usize) -> &Token {
        let index = (self.position + ahead).min(self.tokens.len() - 1);
        &self.tokens[index]
    }

    pub(super) fn kind(&self) -> &TokenKind {
        &self.token_at(0).kind
    }

    /// The keyword that the token `ahead` is, in upper case.
    pub(super) fn keyword_at(&self, ahead: usize) -> Option<&'static str> {
        match self.token_at(ahead).kind {
            TokenKind::Word(keyword) => keyword,
            _ => None,
        }
    }

    /// The symbol that the token `ahead` is.
    pub(super) fn symbol_at(&self, ahead: usize) -> Option<&'static str> {
        match self.token_at(ahead).kind {
            TokenKind::Symbol(symbol) => Some(symbol),
            _ => None,
        }
    }

    pub(super) fn at_keyword(&self, keyword: &str) -> bool {
        self.keyword_at(0) == Some(keyword)
    }

    /// Whether these keywords come next, in this order.
    pub(super) fn at_keywords(&self, keywords: &[&str]) -> bool {
        let mut numbered = keywords.iter().enumerate();
        numbered.all(|(ahead, keyword)| self.keyword_at(ahead) == Some(keyword))
    }

    pub(super) fn at_symbol(&self, symbol: &str) -> bool {
        self.symbol_at(0) == Some(symbol)
    }

    /// Whether the next token is this bare word, keyword or not, in any case.
    pub(super) fn at_word(&self, word: &str) -> bool {
        let token = self.token_at(0);
        matches!(token.kind, TokenKind::Word(_)) && token.span.text(self.source).eq_ignore_ascii_case(word)
    }

    /// Goes one token on and gives the span of the one taken.
    pub(super) fn advance(&mut self) -> Span {
        let span = self.token_at(0).span;
        if self.position + 1 < self.tokens.len() {
            self.position += 1;
        }
        span
    }

    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.at_keyword(keyword);
        if found {
            self.advance();
        }
        found
    }

    /// Takes all of the keywords or none.
    pub(super) fn take_keywords(&mut self, keywords: &[&str]) -> bool {
        let found = self.at_keywords(keywords);
        if found {
            keywords.iter().for_each(|_| {
                self.advance();
            });
        }
        found
    }

    pub(super) fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self.at_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn expect_keyword(&mut self, keyword: &str) -> Parsed<Span> {
        if self.at_keyword(keyword) { Ok(self.advance()) } else { Err(self.unexpected(&[keyword])) }
    }

    pub(super) fn expect_keywords(&mut self, keywords: &[&str]) -> Parsed<()> {
        for keyword in keywords {
            self.expect_keyword(keyword)?;
        }
        Ok(())
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Parsed<Span> {
        if self.at_symbol(symbol) { Ok(self.advance()) } else { Err(self.unexpected(&[symbol])) }
    }

    /// Takes whichever of the keywords comes next and gives its value.
    pub(super) fn expect_one_of<T: Copy>(&mut self, choices: &[(&str, T)]) -> Parsed<T> {
        for (keyword, value) in choices {
            if self.take_keyword(keyword) {
                return Ok(*value);
            }
        }
        let keywords: Vec<&str> = choices.iter().map(|(keyword, _)| *keyword).collect();
        Err(self.unexpected(&keywords))
    }

    /// The error that the next token is none of those that could stand here.
    pub(super) fn unexpected(&self, expected: &[&str]) -> ParseError {
        let token = self.token_at(0);
        let text = token.span.text(self.source);
        let message = match &token.kind {
            TokenKind::End => "unexpected end of the text".to_string(),
            TokenKind::Invalid(reason) => reason.clone(),
            _ => format!("unexpected `{text}`"),
        };
        ParseError { message, span: token.span, expected: expected.iter().map(|item| (*item).to_string()).collect() }
    }

    /// An error at the next token.
    pub(super) fn error_here(&self, message: impl Into<String>) -> ParseError {
        ParseError::new(message, self.token_at(0).span)
    }

    /// Where the next token begins.
    pub(super) fn start(&self) -> usize {
        self.token_at(0).span.start
    }

    /// From `start` to the end of the last token taken.
    pub(super) fn span_from(&self, start: usize) -> Span {
        let end = match self.position.checked_sub(1) {
            Some(last) => self.tokens[last].span.end,
            None => start,
        };
        Span::new(start, end.max(start))
    }

    /// `item, item, ..`: at least one.
    pub(super) fn comma_separated<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.take_symbol(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `(item, item, ..)`: at least one.
    pub(super) fn parenthesized_list<T>(&mut self, item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect_symbol("(")?;
        let items = self.comma_separated(item)?;
        self.expect_symbol(")")?;
        Ok(items)
    }

    /// `(item)`
    pub(super) fn parenthesized<T>(&mut self, item: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.expect_symbol("(")?;
        let value = item(self)?;
        self.expect_symbol(")")?;
        Ok(value)
    }
}
