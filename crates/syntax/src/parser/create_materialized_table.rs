//! CREATE MATERIALIZED TABLE.

use super::{Parsed, Parser};
use crate::ast::{CreateMaterializedTable, CreateMode, RefreshMode, StartMode, StartModeKind, StatementKind};

const START_MODES: &[(&str, StartModeKind)] = &[
    ("FROM_BEGINNING", StartModeKind::FromBeginning),
    ("FROM_NOW", StartModeKind::FromNow),
    ("FROM_TIMESTAMP", StartModeKind::FromTimestamp),
    ("RESUME_OR_FROM_BEGINNING", StartModeKind::ResumeOrFromBeginning),
    ("RESUME_OR_FROM_NOW", StartModeKind::ResumeOrFromNow),
    ("RESUME_OR_FROM_TIMESTAMP", StartModeKind::ResumeOrFromTimestamp),
];

impl Parser<'_> {
    /// The rest of `CREATE [OR ALTER] MATERIALIZED TABLE`; MATERIALIZED comes next.
    pub(super) fn create_materialized_table(&mut self, mode: CreateMode) -> Parsed<StatementKind> {
        self.expect_keywords(&["MATERIALIZED", "TABLE"])?;
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        let schema = self.optional_schema()?;
        let comment = self.optional_comment()?;
        let distribution = self.optional_distribution()?;
        let partitioned_by = self.partitioned_by()?;
        let options = self.optional_options()?;
        let mut freshness = None;
        let mut refresh_mode = None;
        let mut start_mode = None;
        loop {
            if freshness.is_none() && self.take_keyword("FRESHNESS") {
                self.expect_symbol("=")?;
                freshness = Some(self.interval_literal()?);
            } else if refresh_mode.is_none() && self.at_keyword("REFRESH_MODE") {
                refresh_mode = Some(self.refresh_mode()?);
            } else if start_mode.is_none() && self.at_keyword("START_MODE") {
                start_mode = Some(self.start_mode()?);
            } else {
                break;
            }
        }
        self.expect_keyword("AS")?;
        let query = Box::new(self.query()?);
        Ok(StatementKind::CreateMaterializedTable(Box::new(CreateMaterializedTable {
            mode,
            if_not_exists,
            name,
            schema,
            comment,
            distribution,
            partitioned_by,
            options,
            freshness,
            refresh_mode,
            start_mode,
            query,
        })))
    }

    /// `REFRESH_MODE = FULL|CONTINUOUS`
    pub(super) fn refresh_mode(&mut self) -> Parsed<RefreshMode> {
        self.expect_keyword("REFRESH_MODE")?;
        self.expect_symbol("=")?;
        self.expect_one_of(&[("FULL", RefreshMode::Full), ("CONTINUOUS", RefreshMode::Continuous)])
    }

    /// `START_MODE = FROM_NOW[(argument)]`
    pub(super) fn start_mode(&mut self) -> Parsed<StartMode> {
        let start = self.start();
        self.expect_keyword("START_MODE")?;
        self.expect_symbol("=")?;
        let kind = self.expect_one_of(START_MODES)?;
        let argument = match self.at_symbol("(") {
            true => Some(self.parenthesized(Self::expression)?),
            false => None,
        };
        Ok(StartMode { kind, argument, span: self.span_from(start) })
    }
}
