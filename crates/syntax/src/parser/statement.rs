//! Scripts and the choice of the kind of statement.

use super::{Parsed, Parser};
use crate::Span;
use crate::ast::{Statement, StatementKind};
use crate::token::TokenKind;

/// Words that begin a statement, for error messages.
const STATEMENT_WORDS: &[&str] = &[
    "SELECT",
    "INSERT",
    "CREATE",
    "ALTER",
    "DROP",
    "EXPLAIN",
    "DESCRIBE",
    "SHOW",
    "USE",
    "SET",
    "EXECUTE",
    "another statement",
];

impl Parser<'_> {
    /// Statements separated by semicolons.
    pub(crate) fn script(&mut self) -> Parsed<Vec<Statement>> {
        let mut statements = Vec::new();
        loop {
            while self.take_symbol(";") {}
            if *self.kind() == TokenKind::End {
                return Ok(statements);
            }
            statements.push(self.statement()?);
            self.expect_end_of_statement()?;
        }
    }

    /// The span of each statement of a script, found without parsing.
    pub(crate) fn statement_spans(&mut self) -> Vec<Span> {
        let mut spans = Vec::new();
        loop {
            while self.take_symbol(";") {}
            if *self.kind() == TokenKind::End {
                return spans;
            }
            let start = self.start();
            let set = self.at_statement_set();
            while *self.kind() != TokenKind::End {
                if self.at_symbol(";") && (!set || self.is_after_end_of_set()) {
                    break;
                }
                self.advance();
            }
            spans.push(self.span_from(start));
        }
    }

    /// Whether a statement comes next that holds semicolons of its own, up to END.
    fn at_statement_set(&self) -> bool {
        const SET: [&str; 3] = ["STATEMENT", "SET", "BEGIN"];
        let is_set = |ahead| (0..3).all(|index| self.keyword_at(ahead + index) == Some(SET[index]));
        let prefixed = matches!(self.keyword_at(0), Some("EXECUTE" | "EXPLAIN" | "COMPILE" | "STATEMENT"));
        prefixed && (0..24).take_while(|ahead| self.symbol_at(*ahead) != Some(";")).any(is_set)
    }

    /// Whether the last token taken is the END of a statement set, not that of a CASE.
    fn is_after_end_of_set(&self) -> bool {
        let taken = |back: usize| self.position.checked_sub(back).map(|index| &self.tokens[index].kind);
        taken(1) == Some(&TokenKind::Word(Some("END")))
            && matches!(taken(2), Some(TokenKind::Symbol(";") | TokenKind::Word(Some("BEGIN"))))
    }

    /// Parses with `item` to the end of the text.
    pub(crate) fn whole<T>(&mut self, item: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let value = item(self)?;
        match self.kind() {
            TokenKind::End => Ok(value),
            _ => Err(self.unexpected(&["the end of the text"])),
        }
    }

    pub(crate) fn whole_expression(&mut self) -> Parsed<crate::ast::Expression> {
        self.whole(Self::expression_or_wildcard)
    }

    pub(crate) fn whole_data_type(&mut self) -> Parsed<crate::ast::DataType> {
        self.whole(Self::data_type)
    }

    /// One statement; semicolons may follow.
    pub(crate) fn whole_statement(&mut self) -> Parsed<Statement> {
        self.whole(|parser| {
            let statement = parser.statement()?;
            while parser.take_symbol(";") {}
            Ok(statement)
        })
    }

    fn expect_end_of_statement(&mut self) -> Parsed<()> {
        match self.kind() {
            TokenKind::End => Ok(()),
            _ => self.expect_symbol(";").map(|_| ()),
        }
    }

    /// A statement without its semicolon.
    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        let start = self.start();
        self.parameter_count = 0;
        let kind = self.nested(Self::statement_kind)?;
        Ok(Statement { kind, span: self.span_from(start) })
    }

    fn statement_kind(&mut self) -> Parsed<StatementKind> {
        if self.at_query() {
            return self.query().map(|query| StatementKind::Query(Box::new(query)));
        }
        if let Some(command) = self.client_command()? {
            return Ok(command);
        }
        let Some(keyword) = self.keyword_at(0) else {
            return Err(self.unexpected(STATEMENT_WORDS));
        };
        match keyword {
            "CREATE" | "REPLACE" => self.create(),
            "ALTER" => self.alter(),
            "DROP" => self.drop_object(),
            "SHOW" => self.show(),
            "DESCRIBE" | "DESC" => self.describe(),
            "USE" => self.use_object(),
            "LOAD" | "UNLOAD" => self.module(),
            "STOP" => self.stop_job(),
            "ANALYZE" => self.analyze_table(),
            "INSERT" | "UPSERT" => self.insert_statement(),
            "UPDATE" => self.update(),
            "DELETE" => self.delete(),
            "TRUNCATE" => self.truncate(),
            "CALL" => self.call_procedure(),
            "EXPLAIN" => self.explain(),
            "COMPILE" => self.compile_plan(),
            "EXECUTE" => self.execute(),
            "STATEMENT" => self.statement_set(false).map(StatementKind::StatementSet),
            "BEGIN" => {
                self.advance();
                self.expect_keywords(&["STATEMENT", "SET"])?;
                Ok(StatementKind::BeginStatementSet)
            }
            "END" => {
                self.advance();
                Ok(StatementKind::EndStatementSet)
            }
            "MERGE" => Err(self.error_here("not supported: MERGE")),
            _ => Err(self.unexpected(STATEMENT_WORDS)),
        }
    }
}
