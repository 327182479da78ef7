//! FROM: tables, table functions and joins.

use super::{Parsed, Parser};
use crate::ast::{
    Expression, Join, JoinCondition, JoinKind, Pivot, PivotValue, TableAlias, TableReference, TableReferenceKind,
    TableSample, Unpivot, UnpivotColumns,
};

impl Parser<'_> {
    /// `a JOIN b .., c`: commas bind looser than JOIN.
    pub(super) fn table_references(&mut self) -> Parsed<TableReference> {
        let start = self.start();
        let mut left = self.joined_table()?;
        while self.take_symbol(",") {
            let right = self.nested(Self::joined_table)?;
            left = self.join(start, left, (JoinKind::Comma, false), right)?;
        }
        Ok(left)
    }

    fn joined_table(&mut self) -> Parsed<TableReference> {
        let start = self.start();
        let mut left = self.table_reference()?;
        while let Some(kind) = self.join_kind()? {
            let right = self.table_reference()?;
            left = self.join(start, left, kind, right)?;
        }
        Ok(left)
    }

    fn join(
        &mut self,
        start: usize,
        left: TableReference,
        (kind, natural): (JoinKind, bool),
        right: TableReference,
    ) -> Parsed<TableReference> {
        let condition = match kind {
            JoinKind::Comma | JoinKind::Cross => JoinCondition::None,
            _ => self.join_condition()?,
        };
        self.grow_tree()?;
        let join = Join { left, kind, natural, right, condition };
        let kind = TableReferenceKind::Join(Box::new(join));
        Ok(self.bare_reference(start, kind))
    }

    fn bare_reference(&self, start: usize, kind: TableReferenceKind) -> TableReference {
        TableReference { kind, alias: None, sample: None, span: self.span_from(start) }
    }

    /// `[NATURAL] [INNER|LEFT [OUTER]|..] JOIN`, if it comes next; with whether it is natural
    fn join_kind(&mut self) -> Parsed<Option<(JoinKind, bool)>> {
        let natural = self.take_keyword("NATURAL");
        let kind = match self.keyword_at(0) {
            Some("JOIN") => JoinKind::Inner,
            Some("INNER") => JoinKind::Inner,
            Some("CROSS") => JoinKind::Cross,
            Some("LEFT") => JoinKind::Left,
            Some("RIGHT") => JoinKind::Right,
            Some("FULL") => JoinKind::Full,
            _ if natural => return Err(self.unexpected(&["JOIN"])),
            _ => return Ok(None),
        };
        if !self.at_keyword("JOIN") {
            self.advance();
        }
        if matches!(kind, JoinKind::Left | JoinKind::Right | JoinKind::Full) {
            self.take_keyword("OUTER");
        }
        self.expect_keyword("JOIN")?;
        Ok(Some((kind, natural)))
    }

    fn join_condition(&mut self) -> Parsed<JoinCondition> {
        let conflict_clause = self.at_keywords(&["ON", "CONFLICT", "DO"]);
        if !conflict_clause && self.take_keyword("ON") {
            return self.expression().map(JoinCondition::On);
        }
        if self.take_keyword("USING") {
            return self.identifier_list().map(JoinCondition::Using);
        }
        Ok(JoinCondition::None)
    }

    /// A table with whatever may follow it: alias, sample, pattern, pivot.
    fn table_reference(&mut self) -> Parsed<TableReference> {
        let start = self.start();
        let mut table = self.nested(Self::table_factor)?;
        loop {
            if self.at_keyword("MATCH_RECOGNIZE") {
                let kind = self.nested(|parser| parser.match_recognize(table))?;
                table = self.bare_reference(start, kind);
            } else if self.at_keyword("PIVOT") {
                let kind = self.pivot(table)?;
                table = self.bare_reference(start, kind);
            } else if self.at_keyword("UNPIVOT") {
                let kind = self.unpivot(table)?;
                table = self.bare_reference(start, kind);
            } else if self.at_keyword("TABLESAMPLE") && table.sample.is_none() {
                table.sample = Some(self.table_sample()?);
                table.span = self.span_from(start);
                continue;
            } else if self.at_alias() && table.alias.is_none() && table.sample.is_none() {
                table.alias = Some(self.table_alias()?);
                table.span = self.span_from(start);
                continue;
            } else {
                return Ok(table);
            }
            self.grow_tree()?;
        }
    }

    fn at_alias(&self) -> bool {
        self.at_keyword("AS") || self.is_identifier_at(0)
    }

    fn table_alias(&mut self) -> Parsed<TableAlias> {
        self.take_keyword("AS");
        let name = self.identifier()?;
        let columns = match self.at_symbol("(") {
            true => self.identifier_list()?,
            false => Vec::new(),
        };
        Ok(TableAlias { name, columns })
    }

    fn table_factor(&mut self) -> Parsed<TableReference> {
        let start = self.start();
        let lateral = self.take_keyword("LATERAL");
        let kind = match self.keyword_at(0) {
            Some("TABLE") => self.table_function(lateral)?,
            Some("UNNEST") => self.unnest(lateral)?,
            _ if self.parenthesis_holds_query() => {
                let query = Box::new(self.parenthesized(Self::query)?);
                TableReferenceKind::Subquery { query, lateral }
            }
            _ if self.at_symbol("(") && !lateral => {
                return self.parenthesized(|parser| parser.nested(Self::table_references));
            }
            _ => self.named_table(lateral)?,
        };
        Ok(self.bare_reference(start, kind))
    }

    /// `TABLE(f(..))`
    fn table_function(&mut self, lateral: bool) -> Parsed<TableReferenceKind> {
        self.advance();
        self.expect_symbol("(")?;
        self.take_keyword("SPECIFIC");
        let start = self.start();
        let reserved = self.keyword_at(0).is_some_and(|_| !self.is_identifier_at(0));
        let name = match reserved && self.symbol_at(1) == Some("(") {
            true => self.reserved_name(),
            false => self.object_name()?,
        };
        let call = Box::new(self.call(name, start)?);
        self.expect_symbol(")")?;
        Ok(TableReferenceKind::Function { call, lateral, table_keyword: true, hints: self.hints()? })
    }

    fn unnest(&mut self, lateral: bool) -> Parsed<TableReferenceKind> {
        self.advance();
        let collections = self.parenthesized_list(Self::expression)?;
        let with_ordinality = self.take_keywords(&["WITH", "ORDINALITY"]);
        Ok(TableReferenceKind::Unnest { collections, with_ordinality, lateral })
    }

    /// `name [hints] [FOR SYSTEM_TIME AS OF time]` or `f(..)`
    fn named_table(&mut self, lateral: bool) -> Parsed<TableReferenceKind> {
        let start = self.start();
        if !self.is_identifier_at(0) {
            return Err(self.no_table());
        }
        let name = self.object_name()?;
        if self.at_symbol("(") {
            let call = Box::new(self.call(name, start)?);
            return Ok(TableReferenceKind::Function { call, lateral, table_keyword: false, hints: self.hints()? });
        }
        if lateral {
            return Err(self.unexpected(&["("]));
        }
        let hints = self.hints()?;
        let as_of = self.as_of()?;
        Ok(TableReferenceKind::Table { name, hints, as_of })
    }

    fn no_table(&mut self) -> crate::ParseError {
        match self.identifier() {
            Err(mut error) => {
                error.expected = ["a table", "(", "TABLE", "LATERAL", "UNNEST"].map(str::to_string).to_vec();
                error
            }
            Ok(_) => self.unexpected(&["a table"]),
        }
    }

    fn as_of(&mut self) -> Parsed<Option<Expression>> {
        if !self.take_keyword("FOR") {
            return Ok(None);
        }
        self.expect_keywords(&["SYSTEM_TIME", "AS", "OF"])?;
        self.expression().map(Some)
    }

    fn table_sample(&mut self) -> Parsed<TableSample> {
        self.advance();
        if self.take_keyword("SUBSTITUTE") {
            return self.parenthesized(Self::text).map(TableSample::Substitute);
        }
        let system = self.expect_one_of(&[("BERNOULLI", false), ("SYSTEM", true)])?;
        let percentage = self.parenthesized(Self::number_text)?;
        let seed = match self.take_keyword("REPEATABLE") {
            true => Some(self.parenthesized(Self::number_text)?),
            false => None,
        };
        Ok(match system {
            true => TableSample::System { percentage, seed },
            false => TableSample::Bernoulli { percentage, seed },
        })
    }

    /// `PIVOT (aggregates FOR columns IN (values))`
    fn pivot(&mut self, input: TableReference) -> Parsed<TableReferenceKind> {
        self.advance();
        self.expect_symbol("(")?;
        let aggregates = self.comma_separated(Self::select_item)?;
        self.expect_keyword("FOR")?;
        let columns = self.one_or_more_identifiers()?;
        self.expect_keyword("IN")?;
        let values = self.parenthesized_list(Self::pivot_value)?;
        self.expect_symbol(")")?;
        Ok(TableReferenceKind::Pivot(Box::new(Pivot { input, aggregates, columns, values })))
    }

    /// `a` or `(a, b)`
    fn one_or_more_identifiers(&mut self) -> Parsed<Vec<crate::ast::Identifier>> {
        match self.at_symbol("(") {
            true => self.identifier_list(),
            false => Ok(vec![self.identifier()?]),
        }
    }

    fn one_or_more_expressions(&mut self) -> Parsed<Vec<Expression>> {
        match self.at_symbol("(") {
            true => self.parenthesized_list(Self::expression),
            false => Ok(vec![self.expression()?]),
        }
    }

    fn pivot_value(&mut self) -> Parsed<PivotValue> {
        let values = self.one_or_more_expressions()?;
        let alias = self.optional_alias()?;
        Ok(PivotValue { values, alias })
    }

    /// `UNPIVOT [INCLUDE|EXCLUDE NULLS] (measures FOR axes IN (columns [AS values], ..))`
    fn unpivot(&mut self, input: TableReference) -> Parsed<TableReferenceKind> {
        self.advance();
        let include_nulls = if self.take_keywords(&["INCLUDE", "NULLS"]) {
            Some(true)
        } else {
            self.take_keywords(&["EXCLUDE", "NULLS"]).then_some(false)
        };
        self.expect_symbol("(")?;
        let measures = self.one_or_more_identifiers()?;
        self.expect_keyword("FOR")?;
        let axes = self.one_or_more_identifiers()?;
        self.expect_keyword("IN")?;
        let columns = self.parenthesized_list(Self::unpivot_columns)?;
        self.expect_symbol(")")?;
        Ok(TableReferenceKind::Unpivot(Box::new(Unpivot { input, include_nulls, measures, axes, columns })))
    }

    fn unpivot_columns(&mut self) -> Parsed<UnpivotColumns> {
        let columns = self.one_or_more_identifiers()?;
        let values = match self.take_keyword("AS") {
            true => self.one_or_more_expressions()?,
            false => Vec::new(),
        };
        Ok(UnpivotColumns { columns, values })
    }
}
