//! INSERT, UPDATE, DELETE, TRUNCATE, CALL and ANALYZE.

use super::{Parsed, Parser};
use crate::ast::{
    AnalyzeColumns, AnalyzeTable, Assignment, ConflictBehavior, Delete, Expression, ExpressionKind, Insert,
    PartitionEntry, StatementKind, Update,
};

impl Parser<'_> {
    pub(super) fn insert_statement(&mut self) -> Parsed<StatementKind> {
        let insert = self.insert()?;
        Ok(StatementKind::Insert(Box::new(insert)))
    }

    pub(super) fn insert(&mut self) -> Parsed<Insert> {
        let start = self.start();
        if self.at_keyword("UPSERT") {
            return Err(self.error_here("not supported: UPSERT"));
        }
        self.expect_keyword("INSERT")?;
        let overwrite = self.expect_one_of(&[("INTO", false), ("OVERWRITE", true)])?;
        let table = self.object_name()?;
        let hints = self.hints()?;
        let partition = self.optional_partition()?;
        let columns = match self.at_symbol("(") && !self.parenthesis_holds_query() {
            true => self.parenthesized_list(Self::object_name)?,
            false => Vec::new(),
        };
        let source = Box::new(self.query()?);
        let on_conflict = self.on_conflict()?;
        Ok(Insert { overwrite, table, hints, partition, columns, source, on_conflict, span: self.span_from(start) })
    }

    /// `[ON CONFLICT DO ..]`
    fn on_conflict(&mut self) -> Parsed<Option<ConflictBehavior>> {
        if !self.take_keyword("ON") {
            return Ok(None);
        }
        self.expect_keywords(&["CONFLICT", "DO"])?;
        self.expect_one_of(&[
            ("ERROR", ConflictBehavior::Error),
            ("NOTHING", ConflictBehavior::Nothing),
            ("DEDUPLICATE", ConflictBehavior::Deduplicate),
        ])
        .map(Some)
    }

    /// `[PARTITION (a = 1, b)]`
    pub(super) fn optional_partition(&mut self) -> Parsed<Vec<PartitionEntry>> {
        match self.take_keyword("PARTITION") {
            true => self.parenthesized_list(Self::partition_entry),
            false => Ok(Vec::new()),
        }
    }

    pub(super) fn partition_entry(&mut self) -> Parsed<PartitionEntry> {
        let column = self.identifier()?;
        let value = match self.take_symbol("=") {
            true => Some(self.literal_value()?),
            false => None,
        };
        Ok(PartitionEntry { column, value })
    }

    /// A literal, or a number with a sign
    fn literal_value(&mut self) -> Parsed<Expression> {
        let value = self.expression()?;
        let literal = match &value.kind {
            ExpressionKind::Literal(_) => true,
            ExpressionKind::Unary { operand, .. } => {
                matches!(operand.kind, ExpressionKind::Literal(_))
            }
            _ => false,
        };
        match literal {
            true => Ok(value),
            false => Err(crate::ParseError::new("the value of a partition column must be a literal", value.span)),
        }
    }

    pub(super) fn update(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let table = self.object_name()?;
        let hints = self.hints()?;
        let alias = self.optional_alias()?;
        self.expect_keyword("SET")?;
        let assignments = self.comma_separated(|parser| {
            let column = parser.object_name()?;
            parser.expect_symbol("=")?;
            let value = parser.expression()?;
            Ok(Assignment { column, value })
        })?;
        let filter = self.clause("WHERE")?;
        Ok(StatementKind::Update(Box::new(Update { table, hints, alias, assignments, filter })))
    }

    pub(super) fn delete(&mut self) -> Parsed<StatementKind> {
        self.advance();
        self.expect_keyword("FROM")?;
        let table = self.object_name()?;
        let hints = self.hints()?;
        let alias = self.optional_alias()?;
        let filter = self.clause("WHERE")?;
        Ok(StatementKind::Delete(Box::new(Delete { table, hints, alias, filter })))
    }

    pub(super) fn truncate(&mut self) -> Parsed<StatementKind> {
        self.advance();
        self.expect_keyword("TABLE")?;
        self.object_name().map(StatementKind::Truncate)
    }

    pub(super) fn call_procedure(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let start = self.start();
        let name = self.object_name()?;
        let call = self.call(name, start)?;
        Ok(StatementKind::Call(Box::new(call)))
    }

    /// `ANALYZE TABLE t [PARTITION (..)] COMPUTE STATISTICS [FOR COLUMNS a, b|FOR ALL COLUMNS]`
    pub(super) fn analyze_table(&mut self) -> Parsed<StatementKind> {
        self.advance();
        self.expect_keyword("TABLE")?;
        let table = self.object_name()?;
        let partition = self.optional_partition()?;
        self.expect_keywords(&["COMPUTE", "STATISTICS"])?;
        let columns = if !self.take_keyword("FOR") {
            AnalyzeColumns::None
        } else if self.take_keywords(&["ALL", "COLUMNS"]) {
            AnalyzeColumns::All
        } else {
            self.expect_keyword("COLUMNS")?;
            AnalyzeColumns::List(self.comma_separated(Self::identifier)?)
        };
        Ok(StatementKind::AnalyzeTable(AnalyzeTable { table, partition, columns }))
    }
}
