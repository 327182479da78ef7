//! What the SQL client understands besides SQL, and SET, RESET and JAR, whose operands it may leave unquoted.

use super::{Parsed, Parser};
use crate::ast::{ClientCommand, Setting, StatementKind};
use crate::token::TokenKind;

impl Parser<'_> {
    /// The command, if one comes next.
    pub(super) fn client_command(&mut self) -> Parsed<Option<StatementKind>> {
        let command = match self.keyword_at(0) {
            Some("SET") => self.set()?,
            Some("RESET") => self.reset()?,
            Some("ADD" | "REMOVE") if self.keyword_at(1) == Some("JAR") => self.jar()?,
            Some("SOURCE") => {
                self.advance();
                let file = self.text_or_raw("a file")?;
                StatementKind::Client(ClientCommand::Source { file })
            }
            _ => return Ok(self.word_command()),
        };
        Ok(Some(command))
    }

    fn word_command(&mut self) -> Option<StatementKind> {
        let ends = matches!(self.token_at(1).kind, TokenKind::End | TokenKind::Symbol(";"));
        if !ends {
            return None;
        }
        let command = if self.at_word("QUIT") || self.at_word("EXIT") {
            ClientCommand::Quit
        } else if self.at_word("CLEAR") {
            ClientCommand::Clear
        } else if self.at_word("HELP") {
            ClientCommand::Help
        } else {
            return None;
        };
        self.advance();
        Some(StatementKind::Client(command))
    }

    fn at_end_of_statement(&self) -> bool {
        matches!(self.kind(), TokenKind::End | TokenKind::Symbol(";"))
    }

    /// `SET`, `SET 'key' = 'value'`, `SET key = value`
    fn set(&mut self) -> Parsed<StatementKind> {
        self.advance();
        if self.at_end_of_statement() {
            return Ok(StatementKind::Set(None));
        }
        let key = self.setting_key()?;
        self.expect_symbol("=")?;
        let value = self.text_or_raw("a value")?;
        Ok(StatementKind::Set(Some(Setting { key, value })))
    }

    /// `RESET`, `RESET 'key'`, `RESET key`
    fn reset(&mut self) -> Parsed<StatementKind> {
        self.advance();
        if self.at_end_of_statement() {
            return Ok(StatementKind::Reset(None));
        }
        self.text_or_raw("a key").map(|key| StatementKind::Reset(Some(key)))
    }

    /// A string, or the raw text up to `=`
    fn setting_key(&mut self) -> Parsed<String> {
        if self.is_text_at(0) {
            return self.text();
        }
        let start = self.start();
        while !self.at_symbol("=") && !self.at_end_of_statement() {
            self.advance();
        }
        let key = self.span_from(start).text(self.source).trim();
        match key.is_empty() {
            true => Err(self.unexpected(&["a key"])),
            false => Ok(key.to_string()),
        }
    }

    /// A string, or the raw text up to the end of the statement
    fn text_or_raw(&mut self, what: &str) -> Parsed<String> {
        if self.is_text_at(0) {
            return self.text();
        }
        if self.at_end_of_statement() {
            return Err(self.unexpected(&[what]));
        }
        let start = self.start();
        while !self.at_end_of_statement() {
            self.advance();
        }
        Ok(self.span_from(start).text(self.source).trim().to_string())
    }

    /// `ADD JAR 'path'`, `REMOVE JAR 'path'`
    fn jar(&mut self) -> Parsed<StatementKind> {
        let add = self.at_keyword("ADD");
        self.advance();
        self.expect_keyword("JAR")?;
        let path = self.text_or_raw("a path")?;
        Ok(match add {
            true => StatementKind::AddJar { path },
            false => StatementKind::RemoveJar { path },
        })
    }
}
