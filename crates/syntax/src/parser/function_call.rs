//! Function calls: arguments and all that follows them.

use super::{Parsed, Parser};
use crate::ast::{
    Expression, ExpressionKind, FunctionArgument, FunctionArguments, FunctionCall, NullTreatment, ObjectName,
    OrderItem, SetQuantifier, TableArgument, TableArgumentSource,
};
use crate::token::TokenKind;

impl Parser<'_> {
    /// The rest of a call whose name, which begins at `start`, has been taken.
    pub(super) fn call(&mut self, name: ObjectName, start: usize) -> Parsed<FunctionCall> {
        self.expect_symbol("(")?;
        let quantifier = self.set_quantifier();
        let mut order_by = Vec::new();
        let mut inner_nulls = None;
        let arguments = if self.at_symbol("*") && self.symbol_at(1) == Some(")") {
            self.advance();
            FunctionArguments::Star
        } else if self.at_symbol(")") {
            FunctionArguments::List(Vec::new())
        } else {
            let list = self.nested(|parser| parser.comma_separated(Self::argument))?;
            inner_nulls = self.null_treatment();
            order_by = self.order_by()?;
            FunctionArguments::List(list)
        };
        self.expect_symbol(")")?;
        let mut call = FunctionCall::new(name, arguments, self.span_from(start));
        call.quantifier = quantifier;
        call.order_by = order_by;
        call.null_treatment = self.null_treatment().or(inner_nulls);
        call.within_group = self.within_group()?;
        call.filter = self.filter()?;
        call.over = self.over()?;
        call.span = self.span_from(start);
        Ok(call)
    }

    pub(super) fn set_quantifier(&mut self) -> Option<SetQuantifier> {
        if self.take_keyword("DISTINCT") {
            return Some(SetQuantifier::Distinct);
        }
        self.take_keyword("ALL").then_some(SetQuantifier::All)
    }

    fn null_treatment(&mut self) -> Option<NullTreatment> {
        if self.take_keywords(&["IGNORE", "NULLS"]) {
            return Some(NullTreatment::Ignore);
        }
        self.take_keywords(&["RESPECT", "NULLS"]).then_some(NullTreatment::Respect)
    }

    /// `[WITHIN GROUP (ORDER BY ..)]`
    pub(super) fn within_group(&mut self) -> Parsed<Vec<OrderItem>> {
        if !self.take_keywords(&["WITHIN", "GROUP"]) {
            return Ok(Vec::new());
        }
        self.parenthesized(|parser| match parser.at_keyword("ORDER") {
            true => parser.order_by(),
            false => Err(parser.unexpected(&["ORDER"])),
        })
    }

    /// `[FILTER (WHERE condition)]`
    pub(super) fn filter(&mut self) -> Parsed<Option<Expression>> {
        if !self.take_keyword("FILTER") {
            return Ok(None);
        }
        self.parenthesized(|parser| {
            parser.expect_keyword("WHERE")?;
            parser.expression().map(Some)
        })
    }

    /// `[name =>] value`
    fn argument(&mut self) -> Parsed<FunctionArgument> {
        let start = self.start();
        let named = matches!(self.kind(), TokenKind::Word(_) | TokenKind::Quoted(_)) && self.symbol_at(1) == Some("=>");
        let mut name = None;
        if named {
            name = match self.is_identifier_at(0) {
                true => Some(self.identifier()?),
                false => self.reserved_name().parts.pop(),
            };
            self.advance();
        }
        let value = self.argument_value()?;
        Ok(FunctionArgument { name, value, span: self.span_from(start) })
    }

    fn argument_value(&mut self) -> Parsed<Expression> {
        let start = self.start();
        if self.at_keyword("MODEL") && self.is_identifier_at(1) {
            self.advance();
            let model = self.object_name()?;
            return Ok(Expression { kind: ExpressionKind::Model(model), span: self.span_from(start) });
        }
        if self.at_keyword("TABLE") && self.is_identifier_at(1) {
            self.advance();
            let name = self.object_name()?;
            return self.table_argument(TableArgumentSource::Name(name), start);
        }
        if self.at_query_keyword(0) {
            let query = Box::new(self.query()?);
            return Ok(Expression { kind: ExpressionKind::Subquery(query), span: self.span_from(start) });
        }
        let value = self.expression_or_wildcard()?;
        match value.kind {
            ExpressionKind::Subquery(query) if self.at_table_semantics() => {
                self.table_argument(TableArgumentSource::Query(query), start)
            }
            _ => Ok(value),
        }
    }

    fn at_table_semantics(&self) -> bool {
        self.at_keyword("PARTITION") || self.at_keyword("ORDER")
    }

    /// `[PARTITION BY ..] [ORDER BY ..]` after a table. Without parentheses each takes one column, as a comma
    /// begins the next argument.
    fn table_argument(&mut self, source: TableArgumentSource, start: usize) -> Parsed<Expression> {
        let mut partition_by = Vec::new();
        let mut order_by = Vec::new();
        if self.take_keywords(&["PARTITION", "BY"]) {
            partition_by = self.one_or_list(Self::expression)?;
        }
        if self.take_keywords(&["ORDER", "BY"]) {
            order_by = self.one_or_list(Self::order_item)?;
        }
        let span = self.span_from(start);
        let argument = TableArgument { source, partition_by, order_by, span };
        Ok(Expression { kind: ExpressionKind::Table(Box::new(argument)), span })
    }

    /// `item`, `(item, item)` or `()`
    fn one_or_list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        if !self.at_symbol("(") {
            return Ok(vec![item(self)?]);
        }
        if self.symbol_at(1) == Some(")") {
            self.advance();
            self.advance();
            return Ok(Vec::new());
        }
        self.parenthesized_list(item)
    }
}
