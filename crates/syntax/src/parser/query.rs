//! Queries around SELECT: WITH, set operations, VALUES, ORDER BY, LIMIT.

use super::{Parsed, Parser};
use crate::ast::{CommonTable, Expression, NullOrder, OrderItem, Query, QueryBody, SetOperation, SetOperator, With};
use crate::limits::MAX_NESTING_LEVELS;

impl Parser<'_> {
    /// A query with all its clauses.
    pub(super) fn query(&mut self) -> Parsed<Query> {
        self.nested(Self::query_clauses)
    }

    fn query_clauses(&mut self) -> Parsed<Query> {
        let start = self.start();
        let with = self.with()?;
        let body = self.query_body(0)?;
        let order_by = self.order_by()?;
        let (offset, limit) = self.limit()?;
        let query = Query { with, body, order_by, offset, limit, span: self.span_from(start) };
        match is_bare(&query) {
            true => Ok(without_double_parentheses(query)),
            false => Ok(query),
        }
    }

    /// Whether the token `ahead` begins a query (without parentheses).
    pub(super) fn at_query_keyword(&self, ahead: usize) -> bool {
        match self.keyword_at(ahead) {
            Some("SELECT" | "VALUES" | "WITH") => true,
            Some("TABLE") => self.is_identifier_at(ahead + 1),
            _ => false,
        }
    }

    /// Whether what comes next is a query, possibly in parentheses.
    pub(super) fn at_query(&self) -> bool {
        self.at_query_keyword(0) || self.parenthesis_holds_query()
    }

    /// Whether the parenthesis that opens here encloses a query, not an expression or a joined table that begins
    /// with a query in parentheses: `((SELECT 1) UNION (SELECT 2))` does, `((SELECT 1) + 1)` doesn't.
    pub(super) fn parenthesis_holds_query(&self) -> bool {
        let mut depth = 0;
        // Beyond the limit on nesting the answer doesn't matter.
        while self.symbol_at(depth) == Some("(") && depth <= MAX_NESTING_LEVELS {
            depth += 1;
        }
        if depth == 0 || !self.at_query_keyword(depth) {
            return false;
        }
        // From the innermost parenthesis outwards: what follows the enclosed query?
        for level in (1..depth).rev() {
            let close = self.closing[self.position + level];
            if close == 0 {
                return true;
            }
            let after = close + 1 - self.position;
            let query_goes_on = matches!(
                self.keyword_at(after),
                Some("UNION" | "INTERSECT" | "EXCEPT" | "MINUS" | "ORDER" | "LIMIT" | "OFFSET" | "FETCH")
            );
            if !query_goes_on && self.symbol_at(after) != Some(")") {
                return false;
            }
        }
        true
    }

    fn with(&mut self) -> Parsed<Option<With>> {
        let start = self.start();
        if !self.take_keyword("WITH") {
            return Ok(None);
        }
        let recursive = self.take_keyword("RECURSIVE");
        let tables = self.comma_separated(Self::common_table)?;
        Ok(Some(With { recursive, tables, span: self.span_from(start) }))
    }

    fn common_table(&mut self) -> Parsed<CommonTable> {
        let start = self.start();
        let name = self.identifier()?;
        let columns = match self.at_symbol("(") {
            true => self.identifier_list()?,
            false => Vec::new(),
        };
        self.expect_keyword("AS")?;
        let query = Box::new(self.parenthesized(Self::query)?);
        Ok(CommonTable { name, columns, query, span: self.span_from(start) })
    }

    /// A chain of set operations that bind at least as tightly as `minimum`: 1 for UNION and EXCEPT, 2 for INTERSECT.
    fn query_body(&mut self, minimum: u8) -> Parsed<QueryBody> {
        let start = self.start();
        let mut left = self.query_operand()?;
        while let Some((operator, binding)) = self.set_operator() {
            if binding < minimum {
                break;
            }
            self.advance();
            let all = self.take_keyword("ALL");
            if !all {
                self.take_keyword("DISTINCT");
            }
            let right = self.nested(|parser| parser.query_body(binding + 1))?;
            left = QueryBody::SetOperation(Box::new(SetOperation {
                left,
                operator,
                all,
                right,
                span: self.span_from(start),
            }));
            self.grow_tree()?;
        }
        Ok(left)
    }

    fn set_operator(&self) -> Option<(SetOperator, u8)> {
        match self.keyword_at(0)? {
            "UNION" => Some((SetOperator::Union, 1)),
            "EXCEPT" | "MINUS" => Some((SetOperator::Except, 1)),
            "INTERSECT" => Some((SetOperator::Intersect, 2)),
            _ => None,
        }
    }

    fn query_operand(&mut self) -> Parsed<QueryBody> {
        match self.keyword_at(0) {
            Some("SELECT") => {
                let select = self.nested(Self::select)?;
                Ok(QueryBody::Select(Box::new(select)))
            }
            Some("VALUES") => self.values(),
            Some("TABLE") => {
                self.advance();
                self.object_name().map(QueryBody::Table)
            }
            _ if self.at_symbol("(") => {
                let query = self.parenthesized(Self::query)?;
                Ok(without_parentheses(query))
            }
            _ => Err(self.unexpected(&["SELECT", "VALUES", "WITH", "TABLE", "("])),
        }
    }

    fn values(&mut self) -> Parsed<QueryBody> {
        let start = self.start();
        self.advance();
        let rows = self.comma_separated(Self::values_row)?;
        Ok(QueryBody::Values { rows, span: self.span_from(start) })
    }

    /// `(a, b)`, `ROW(a, b)` or a single `a`
    fn values_row(&mut self) -> Parsed<Vec<Expression>> {
        if self.at_keyword("ROW") && self.symbol_at(1) == Some("(") {
            self.advance();
            return self.parenthesized_list(Self::expression);
        }
        if self.at_symbol("(") && self.row_ends_at_parenthesis() && !self.parenthesis_holds_query() {
            return self.parenthesized_list(Self::expression);
        }
        Ok(vec![self.expression()?])
    }

    /// Whether the parenthesis that opens here is the whole row, not the beginning of an expression: `(1, 2)`
    /// against `(1 + 2) * 3`.
    fn row_ends_at_parenthesis(&self) -> bool {
        let close = self.closing[self.position];
        if close == 0 {
            return true;
        }
        let after = close + 1 - self.position;
        match self.keyword_at(after) {
            Some("IS" | "AND" | "OR" | "NOT" | "IN" | "BETWEEN" | "LIKE") => false,
            Some(_) => true,
            None => matches!(self.symbol_at(after), None | Some(")" | "," | ";")),
        }
    }

    /// `[ORDER BY ..]`
    pub(super) fn order_by(&mut self) -> Parsed<Vec<OrderItem>> {
        if !self.take_keyword("ORDER") {
            return Ok(Vec::new());
        }
        self.expect_keyword("BY")?;
        self.comma_separated(Self::order_item)
    }

    pub(super) fn order_item(&mut self) -> Parsed<OrderItem> {
        let expression = self.expression()?;
        let descending = self.take_keyword("DESC");
        if !descending {
            self.take_keyword("ASC");
        }
        let nulls = if self.take_keywords(&["NULLS", "FIRST"]) {
            Some(NullOrder::First)
        } else {
            self.take_keywords(&["NULLS", "LAST"]).then_some(NullOrder::Last)
        };
        Ok(OrderItem { expression, descending, nulls })
    }

    /// `[LIMIT n|ALL] [OFFSET n [ROWS]] [FETCH FIRST n ROWS ONLY]`, as (offset, limit)
    fn limit(&mut self) -> Parsed<(Option<Expression>, Option<Expression>)> {
        let mut offset = None;
        let mut limit = None;
        loop {
            if limit.is_none() && self.take_keyword("LIMIT") {
                if !self.take_keyword("ALL") {
                    limit = Some(self.expression()?);
                }
            } else if offset.is_none() && self.take_keyword("OFFSET") {
                offset = Some(self.expression()?);
                self.take_row_or_rows();
            } else if limit.is_none() && self.take_keyword("FETCH") {
                self.expect_one_of(&[("FIRST", ()), ("NEXT", ())])?;
                limit = Some(self.expression()?);
                if !self.take_row_or_rows() {
                    return Err(self.unexpected(&["ROWS", "ROW"]));
                }
                self.expect_keyword("ONLY")?;
            } else {
                return Ok((offset, limit));
            }
        }
    }

    fn take_row_or_rows(&mut self) -> bool {
        self.take_keyword("ROWS") || self.take_keyword("ROW")
    }
}

/// The body of a query that was in parentheses: these matter only around clauses.
fn without_parentheses(query: Query) -> QueryBody {
    match is_bare(&query) {
        true => query.body,
        false => QueryBody::Nested(Box::new(query)),
    }
}

/// `((query))` is `(query)`.
fn without_double_parentheses(query: Query) -> Query {
    match query.body {
        QueryBody::Nested(nested) => *nested,
        _ => query,
    }
}

/// Whether the query is nothing but its body.
fn is_bare(query: &Query) -> bool {
    query.with.is_none() && query.order_by.is_empty() && query.offset.is_none() && query.limit.is_none()
}
