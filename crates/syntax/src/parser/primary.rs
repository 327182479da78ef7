//! Expressions without operators: literals, names, calls, constructors and what is in parentheses.

use super::{Parsed, Parser};
use crate::ast::{
    BinaryOperator, CaseBranch, Expression, ExpressionKind, FunctionCall, Identifier, MapEntry, ObjectName,
};
use crate::keyword;
use crate::token::TokenKind;

/// Whether an expression is `a - b`.
fn is_difference(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Binary { operator: BinaryOperator::Minus, .. })
}

impl Parser<'_> {
    /// A primary expression and the item and field accesses after it.
    pub(super) fn primary(&mut self) -> Parsed<Expression> {
        let start = self.start();
        let kind = self.primary_kind()?;
        let mut expression = self.spanned(start, kind);
        loop {
            let inner = Box::new(expression);
            let kind = if self.take_symbol("[") {
                let index = Box::new(self.expression()?);
                self.expect_symbol("]")?;
                ExpressionKind::Item { container: inner, index }
            } else if self.at_symbol(".") && self.is_identifier_at(1) {
                self.advance();
                ExpressionKind::Field { operand: inner, field: self.identifier()? }
            } else {
                return Ok(*inner);
            };
            self.grow_tree()?;
            expression = self.spanned(start, kind);
        }
    }

    fn spanned(&self, start: usize, kind: ExpressionKind) -> Expression {
        Expression { kind, span: self.span_from(start) }
    }

    fn primary_kind(&mut self) -> Parsed<ExpressionKind> {
        if let Some(literal) = self.optional_literal()? {
            return Ok(ExpressionKind::Literal(literal));
        }
        match self.kind() {
            TokenKind::Symbol("(") => self.parentheses(),
            TokenKind::Symbol("?") => {
                self.advance();
                self.parameter_count += 1;
                Ok(ExpressionKind::Parameter(self.parameter_count - 1))
            }
            TokenKind::Symbol("{") => self.odbc_function(),
            TokenKind::Word(Some(keyword)) => {
                let keyword = *keyword;
                self.keyword_expression(keyword)
            }
            TokenKind::Word(None) | TokenKind::Quoted(_) => self.name_or_call(),
            _ => Err(self.unexpected(&["an expression"])),
        }
    }

    /// `(query)`, `(a)`, `(a, b)`
    fn parentheses(&mut self) -> Parsed<ExpressionKind> {
        if self.parenthesis_holds_query() {
            let query = self.parenthesized(Self::query)?;
            return Ok(ExpressionKind::Subquery(Box::new(query)));
        }
        let mut items = self.parenthesized_list(Self::expression)?;
        match items.len() {
            1 if self.is_time_unit_at(0) && is_difference(&items[0]) => self.elapsed(items.remove(0)),
            1 => Ok(items.remove(0).kind),
            _ => Ok(ExpressionKind::Row(items)),
        }
    }

    /// The qualifier behind a difference in parentheses.
    fn elapsed(&mut self, difference: Expression) -> Parsed<ExpressionKind> {
        let qualifier = self.interval_qualifier()?;
        Ok(ExpressionKind::Elapsed { difference: Box::new(difference), qualifier })
    }

    /// `{fn name(..)}`
    fn odbc_function(&mut self) -> Parsed<ExpressionKind> {
        self.advance();
        if !self.at_word("fn") {
            return Err(self.unexpected(&["fn", "d", "t", "ts"]));
        }
        self.advance();
        let call = self.nested(Self::primary_kind)?;
        self.expect_symbol("}")?;
        Ok(call)
    }

    fn name_or_call(&mut self) -> Parsed<ExpressionKind> {
        let start = self.start();
        let name = self.object_name()?;
        if self.at_symbol("(") {
            let call = self.call(name, start)?;
            return Ok(ExpressionKind::Function(Box::new(call)));
        }
        Ok(ExpressionKind::Name(name))
    }

    /// A call of a function whose name is a reserved word.
    fn reserved_call(&mut self) -> Parsed<ExpressionKind> {
        let start = self.start();
        let name = self.reserved_name();
        let call = self.call(name, start)?;
        Ok(ExpressionKind::Function(Box::new(call)))
    }

    /// Takes the next word as a name, reserved or not.
    pub(super) fn reserved_name(&mut self) -> ObjectName {
        let span = self.advance();
        ObjectName::simple(Identifier { value: span.text(self.source).to_string(), span })
    }

    fn keyword_expression(&mut self, keyword: &'static str) -> Parsed<ExpressionKind> {
        let call = self.symbol_at(1) == Some("(");
        match keyword {
            "CASE" => self.case(),
            "EXISTS" if call => self.query_in_parentheses(ExpressionKind::Exists),
            "UNIQUE" if call => self.query_in_parentheses(ExpressionKind::Unique),
            "ROW" if call => self.row(),
            "ARRAY" | "MAP" | "MULTISET" if call || self.symbol_at(1) == Some("[") => self.collection(keyword),
            "INTERVAL" => self.interval_of_expression(),
            "DEFAULT" => {
                self.advance();
                Ok(ExpressionKind::Default)
            }
            "NEXT" | "CURRENT" if self.keyword_at(1) == Some("VALUE") => self.sequence_value(keyword == "NEXT"),
            "RUNNING" | "FINAL" if self.is_call_at(1) => self.match_semantics(keyword),
            _ if call && keyword.starts_with("JSON_") && keyword::is_reserved(keyword) => self.json_function(keyword),
            _ if call => self.keyword_call(keyword),
            _ if keyword::is_context_variable(keyword) => self.context_variable(),
            _ => self.name_or_call(),
        }
    }

    /// Whether a call stands there, not an operator with a parenthesis after it, as in `final IN (1)`.
    fn is_call_at(&self, ahead: usize) -> bool {
        let callable = match self.keyword_at(ahead) {
            Some(keyword) => keyword::is_function(keyword) || self.is_identifier_at(ahead),
            None => self.is_identifier_at(ahead),
        };
        callable && self.symbol_at(ahead + 1) == Some("(")
    }

    /// A call where the name is a keyword: one with a syntax of its own or an ordinary one.
    fn keyword_call(&mut self, keyword: &'static str) -> Parsed<ExpressionKind> {
        if let Some(special) = self.special_function(keyword)? {
            return Ok(special);
        }
        if keyword::is_function(keyword) || keyword::is_context_variable(keyword) {
            return self.reserved_call();
        }
        self.name_or_call()
    }

    /// `CURRENT_DATE` and others without parentheses
    fn context_variable(&mut self) -> Parsed<ExpressionKind> {
        let start = self.start();
        let name = self.reserved_name();
        let span = self.span_from(start);
        Ok(ExpressionKind::Function(Box::new(FunctionCall::without_parentheses(name, span))))
    }

    fn query_in_parentheses(&mut self, kind: fn(Box<crate::ast::Query>) -> ExpressionKind) -> Parsed<ExpressionKind> {
        self.advance();
        let query = self.parenthesized(Self::query)?;
        Ok(kind(Box::new(query)))
    }

    /// `ROW(a, b)`, `ROW(t.*)`, `ROW()`
    fn row(&mut self) -> Parsed<ExpressionKind> {
        self.advance();
        if self.symbol_at(1) == Some(")") {
            self.advance();
            self.advance();
            return Ok(ExpressionKind::Row(Vec::new()));
        }
        let items = self.parenthesized_list(Self::expression_or_wildcard)?;
        Ok(ExpressionKind::Row(items))
    }

    /// An expression or `t.*`
    pub(super) fn expression_or_wildcard(&mut self) -> Parsed<Expression> {
        if !self.is_qualified_wildcard() {
            return self.expression();
        }
        let start = self.start();
        let qualifier = self.object_name()?;
        self.expect_symbol(".")?;
        self.expect_symbol("*")?;
        Ok(self.spanned(start, ExpressionKind::QualifiedWildcard(qualifier)))
    }

    /// `ARRAY[..]`, `ARRAY(query)`, the same with MAP and MULTISET
    fn collection(&mut self, keyword: &'static str) -> Parsed<ExpressionKind> {
        if self.symbol_at(1) == Some("(") {
            return self.query_in_parentheses(match keyword {
                "ARRAY" => ExpressionKind::ArrayQuery,
                "MAP" => ExpressionKind::MapQuery,
                _ => ExpressionKind::MultisetQuery,
            });
        }
        self.advance();
        self.expect_symbol("[")?;
        if keyword == "MAP" {
            return self.map_entries();
        }
        let mut items = Vec::new();
        if !self.at_symbol("]") {
            items = self.comma_separated(Self::expression)?;
        }
        self.expect_symbol("]")?;
        Ok(match keyword {
            "ARRAY" => ExpressionKind::Array(items),
            _ => ExpressionKind::Multiset(items),
        })
    }

    fn map_entries(&mut self) -> Parsed<ExpressionKind> {
        let mut entries = Vec::new();
        if !self.at_symbol("]") {
            entries = self.comma_separated(|parser| {
                let key = parser.expression()?;
                parser.expect_symbol(",")?;
                let value = parser.expression()?;
                Ok(MapEntry { key, value })
            })?;
        }
        self.expect_symbol("]")?;
        Ok(ExpressionKind::Map(entries))
    }

    /// `INTERVAL amount unit`, the amount being no string literal
    fn interval_of_expression(&mut self) -> Parsed<ExpressionKind> {
        self.advance();
        let amount = Box::new(self.nested(Self::primary)?);
        let qualifier = self.interval_qualifier()?;
        Ok(ExpressionKind::Interval { amount, qualifier })
    }

    /// `NEXT VALUE FOR s`
    fn sequence_value(&mut self, next: bool) -> Parsed<ExpressionKind> {
        self.advance();
        self.expect_keywords(&["VALUE", "FOR"])?;
        let sequence = self.object_name()?;
        Ok(ExpressionKind::SequenceValue { next, sequence })
    }

    /// `RUNNING LAST(..)`
    fn match_semantics(&mut self, keyword: &'static str) -> Parsed<ExpressionKind> {
        self.advance();
        let operand = Box::new(self.nested(Self::primary)?);
        Ok(ExpressionKind::MatchSemantics { running: keyword == "RUNNING", operand })
    }

    fn case(&mut self) -> Parsed<ExpressionKind> {
        self.advance();
        let operand = match self.at_keyword("WHEN") {
            true => None,
            false => Some(Box::new(self.expression()?)),
        };
        let simple = operand.is_some();
        let mut branches = Vec::new();
        while self.take_keyword("WHEN") {
            let conditions = match simple {
                true => self.comma_separated(Self::expression)?,
                false => vec![self.expression()?],
            };
            self.expect_keyword("THEN")?;
            let result = self.expression()?;
            branches.push(CaseBranch { conditions, result });
        }
        if branches.is_empty() {
            return Err(self.unexpected(&["WHEN"]));
        }
        let otherwise = match self.take_keyword("ELSE") {
            true => Some(Box::new(self.expression()?)),
            false => None,
        };
        self.expect_keyword("END")?;
        Ok(ExpressionKind::Case { operand, branches, otherwise })
    }
}
