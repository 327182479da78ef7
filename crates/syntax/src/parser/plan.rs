//! EXPLAIN, EXECUTE, COMPILE PLAN and statement sets.

use super::{Parsed, Parser};
use crate::ast::{CompilePlan, Explain, ExplainDetail, ExplainTarget, Statement, StatementKind, StatementSet};

const EXPLAIN_DETAILS: &[(&str, ExplainDetail)] = &[
    ("ESTIMATED_COST", ExplainDetail::EstimatedCost),
    ("CHANGELOG_MODE", ExplainDetail::ChangelogMode),
    ("PLAN_ADVICE", ExplainDetail::PlanAdvice),
    ("JSON_EXECUTION_PLAN", ExplainDetail::JsonExecutionPlan),
];

impl Parser<'_> {
    /// `EXPLAIN [details|PLAN FOR] statement`, `EXPLAIN PLAN 'file'`
    pub(super) fn explain(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let mut details = Vec::new();
        if self.take_keyword("PLAN") {
            if self.is_text_at(0) {
                let target = ExplainTarget::PlanFile(self.text()?);
                return Ok(StatementKind::Explain(Explain { details, target }));
            }
            self.expect_keyword("FOR")?;
        } else if self.at_explain_detail() {
            details = self.comma_separated(|parser| parser.expect_one_of(EXPLAIN_DETAILS))?;
        }
        let target = ExplainTarget::Statement(self.boxed_statement()?);
        Ok(StatementKind::Explain(Explain { details, target }))
    }

    fn at_explain_detail(&self) -> bool {
        let keyword = self.keyword_at(0);
        EXPLAIN_DETAILS.iter().any(|(name, _)| Some(*name) == keyword)
    }

    fn boxed_statement(&mut self) -> Parsed<Box<Statement>> {
        self.statement().map(Box::new)
    }

    /// `COMPILE PLAN 'file' [IF NOT EXISTS] FOR statement`, `COMPILE AND EXECUTE PLAN 'file' FOR statement`
    pub(super) fn compile_plan(&mut self) -> Parsed<StatementKind> {
        self.advance();
        if self.take_keyword("AND") {
            self.expect_keywords(&["EXECUTE", "PLAN"])?;
            let file = self.text()?;
            self.expect_keyword("FOR")?;
            let statement = self.boxed_statement()?;
            return Ok(StatementKind::CompileAndExecutePlan { file, statement });
        }
        self.expect_keyword("PLAN")?;
        let file = self.text()?;
        let if_not_exists = self.if_not_exists();
        self.expect_keyword("FOR")?;
        let statement = self.boxed_statement()?;
        Ok(StatementKind::CompilePlan(CompilePlan { file, if_not_exists, statement }))
    }

    /// `EXECUTE STATEMENT SET ..`, `EXECUTE PLAN 'file'`, `EXECUTE statement`
    pub(super) fn execute(&mut self) -> Parsed<StatementKind> {
        self.advance();
        if self.at_keyword("STATEMENT") {
            return self.statement_set(true).map(StatementKind::StatementSet);
        }
        if self.take_keyword("PLAN") {
            let file = self.text()?;
            return Ok(StatementKind::ExecutePlan { file });
        }
        self.boxed_statement().map(StatementKind::Execute)
    }

    /// `STATEMENT SET BEGIN insert; insert; END`
    pub(super) fn statement_set(&mut self, execute: bool) -> Parsed<StatementSet> {
        self.expect_keywords(&["STATEMENT", "SET", "BEGIN"])?;
        let mut inserts = Vec::new();
        while !self.at_keyword("END") {
            inserts.push(self.insert()?);
            if !self.take_symbol(";") {
                break;
            }
        }
        self.expect_keyword("END")?;
        Ok(StatementSet { inserts, execute })
    }
}
