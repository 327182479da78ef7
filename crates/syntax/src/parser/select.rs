//! SELECT, its clauses and hints.

use super::{Parsed, Parser};
use crate::ast::{Expression, ExpressionKind, GroupBy, GroupingElement, Hint, HintArgument, Select, SelectItem};
use crate::token::TokenKind;

impl Parser<'_> {
    /// `SELECT ..` up to QUALIFY
    pub(super) fn select(&mut self) -> Parsed<Select> {
        let start = self.start();
        self.expect_keyword("SELECT")?;
        if self.at_keyword("STREAM") {
            return Err(self.error_here("not supported: SELECT STREAM"));
        }
        let hints = self.hints()?;
        let quantifier = self.set_quantifier();
        let items = self.comma_separated(Self::select_item)?;
        let from = match self.take_keyword("FROM") {
            true => Some(self.table_references()?),
            false => None,
        };
        let filter = self.clause("WHERE")?;
        let group_by = self.group_by()?;
        let having = self.clause("HAVING")?;
        let windows = match self.take_keyword("WINDOW") {
            true => self.comma_separated(Self::named_window)?,
            false => Vec::new(),
        };
        let qualify = self.clause("QUALIFY")?;
        Ok(Select {
            hints,
            quantifier,
            items,
            from,
            filter,
            group_by,
            having,
            windows,
            qualify,
            span: self.span_from(start),
        })
    }

    /// `[keyword condition]`
    pub(super) fn clause(&mut self, keyword: &str) -> Parsed<Option<Expression>> {
        match self.take_keyword(keyword) {
            true => self.expression().map(Some),
            false => Ok(None),
        }
    }

    /// Whether `t.*` comes next.
    pub(super) fn is_qualified_wildcard(&self) -> bool {
        let mut ahead = 0;
        while self.is_identifier_at(ahead) && self.symbol_at(ahead + 1) == Some(".") {
            ahead += 2;
            if self.symbol_at(ahead) == Some("*") {
                return true;
            }
        }
        false
    }

    pub(super) fn select_item(&mut self) -> Parsed<SelectItem> {
        let start = self.start();
        if self.take_symbol("*") {
            let span = self.span_from(start);
            return Ok(SelectItem::Wildcard { qualifier: None, span });
        }
        if self.is_qualified_wildcard() {
            let qualifier = Some(self.object_name()?);
            self.expect_symbol(".")?;
            self.expect_symbol("*")?;
            let span = self.span_from(start);
            return Ok(SelectItem::Wildcard { qualifier, span });
        }
        let expression = self.expression()?;
        let alias = self.optional_alias()?;
        Ok(SelectItem::Expression { expression, alias })
    }

    fn group_by(&mut self) -> Parsed<Option<GroupBy>> {
        let start = self.start();
        if !self.take_keyword("GROUP") {
            return Ok(None);
        }
        self.expect_keyword("BY")?;
        let quantifier = self.set_quantifier();
        let elements = self.comma_separated(Self::grouping_element)?;
        Ok(Some(GroupBy { quantifier, elements, span: self.span_from(start) }))
    }

    fn grouping_element(&mut self) -> Parsed<GroupingElement> {
        self.nested(Self::grouping_element_kind)
    }

    fn grouping_element_kind(&mut self) -> Parsed<GroupingElement> {
        if self.take_keywords(&["GROUPING", "SETS"]) {
            return self.parenthesized_list(Self::grouping_element).map(GroupingElement::GroupingSets);
        }
        if self.take_keyword("ROLLUP") {
            return self.parenthesized_list(Self::grouping_element).map(GroupingElement::Rollup);
        }
        if self.take_keyword("CUBE") {
            return self.parenthesized_list(Self::grouping_element).map(GroupingElement::Cube);
        }
        if self.at_symbol("(") && self.symbol_at(1) == Some(")") {
            self.advance();
            self.advance();
            return Ok(GroupingElement::Set(Vec::new()));
        }
        let close = self.closing[self.position];
        let expression = self.expression()?;
        let in_parentheses = close != 0 && close + 1 == self.position;
        match expression.kind {
            ExpressionKind::Row(items) if in_parentheses => Ok(GroupingElement::Set(items)),
            _ => Ok(GroupingElement::Expression(expression)),
        }
    }

    /// `[/*+ hint, hint */]`
    pub(super) fn hints(&mut self) -> Parsed<Vec<Hint>> {
        if !self.take_symbol("/*+") {
            return Ok(Vec::new());
        }
        let hints = self.comma_separated(Self::hint)?;
        self.expect_symbol("*/")?;
        Ok(hints)
    }

    fn hint(&mut self) -> Parsed<Hint> {
        let start = self.start();
        let name = self.identifier()?;
        let mut arguments = Vec::new();
        if self.at_symbol("(") && self.symbol_at(1) == Some(")") {
            self.advance();
            self.advance();
        } else if self.at_symbol("(") {
            arguments = self.parenthesized_list(Self::hint_argument)?;
        }
        Ok(Hint { name, arguments, span: self.span_from(start) })
    }

    fn hint_argument(&mut self) -> Parsed<HintArgument> {
        if matches!(self.kind(), TokenKind::Number | TokenKind::Approximate) {
            return self.number_text().map(HintArgument::Number);
        }
        if self.is_text_at(0) {
            let key = self.text()?;
            return match self.at_symbol("=") {
                true => self.hint_option(key),
                false => Ok(HintArgument::Text(key)),
            };
        }
        let name = self.object_name()?;
        if !self.at_symbol("=") {
            return Ok(HintArgument::Name(name));
        }
        let parts: Vec<String> = name.parts.into_iter().map(|part| part.value).collect();
        self.hint_option(parts.join("."))
    }

    /// `= 'value'`
    fn hint_option(&mut self, key: String) -> Parsed<HintArgument> {
        self.expect_symbol("=")?;
        let value = self.text()?;
        Ok(HintArgument::Option { key, value })
    }
}
