//! MATCH_RECOGNIZE.

use super::{Parsed, Parser};
use crate::ast::{
    AfterMatchSkip, MatchRecognize, Measure, Pattern, PatternDefinition, PatternSubset, RowsPerMatch, TableReference,
    TableReferenceKind,
};

impl Parser<'_> {
    /// `MATCH_RECOGNIZE (..)` after its input
    pub(super) fn match_recognize(&mut self, input: TableReference) -> Parsed<TableReferenceKind> {
        let start = self.start();
        self.expect_keyword("MATCH_RECOGNIZE")?;
        self.expect_symbol("(")?;
        let mut partition_by = Vec::new();
        if self.take_keywords(&["PARTITION", "BY"]) {
            partition_by = self.comma_separated(Self::expression)?;
        }
        let order_by = self.order_by()?;
        let mut measures = Vec::new();
        if self.take_keyword("MEASURES") {
            measures = self.comma_separated(Self::measure)?;
        }
        let rows_per_match = self.rows_per_match()?;
        let after_match = self.after_match()?;
        self.expect_keyword("PATTERN")?;
        self.expect_symbol("(")?;
        let strict_start = self.take_symbol("^");
        let pattern = self.nested(Self::pattern)?;
        let strict_end = self.take_symbol("$");
        self.expect_symbol(")")?;
        let within = self.clause("WITHIN")?;
        let subsets = self.subsets()?;
        self.expect_keyword("DEFINE")?;
        let definitions = self.comma_separated(Self::pattern_definition)?;
        self.expect_symbol(")")?;
        Ok(TableReferenceKind::MatchRecognize(Box::new(MatchRecognize {
            input,
            partition_by,
            order_by,
            measures,
            rows_per_match,
            after_match,
            pattern,
            strict_start,
            strict_end,
            within,
            subsets,
            definitions,
            span: self.span_from(start),
        })))
    }

    fn measure(&mut self) -> Parsed<Measure> {
        let expression = self.expression()?;
        self.expect_keyword("AS")?;
        let alias = self.identifier()?;
        Ok(Measure { expression, alias })
    }

    fn rows_per_match(&mut self) -> Parsed<Option<RowsPerMatch>> {
        if self.take_keyword("ONE") {
            self.expect_keywords(&["ROW", "PER", "MATCH"])?;
            return Ok(Some(RowsPerMatch::One));
        }
        if self.take_keyword("ALL") {
            self.expect_keywords(&["ROWS", "PER", "MATCH"])?;
            return Ok(Some(RowsPerMatch::All));
        }
        Ok(None)
    }

    fn after_match(&mut self) -> Parsed<Option<AfterMatchSkip>> {
        if !self.take_keyword("AFTER") {
            return Ok(None);
        }
        self.expect_keywords(&["MATCH", "SKIP"])?;
        if self.take_keyword("PAST") {
            self.expect_keywords(&["LAST", "ROW"])?;
            return Ok(Some(AfterMatchSkip::PastLastRow));
        }
        self.expect_keyword("TO")?;
        if self.take_keywords(&["NEXT", "ROW"]) {
            return Ok(Some(AfterMatchSkip::ToNextRow));
        }
        let named = self.is_identifier_at(1);
        if named && self.take_keyword("FIRST") {
            return Ok(Some(AfterMatchSkip::ToFirst(self.identifier()?)));
        }
        if named {
            self.take_keyword("LAST");
        }
        Ok(Some(AfterMatchSkip::ToLast(self.identifier()?)))
    }

    /// Alternatives of sequences
    fn pattern(&mut self) -> Parsed<Pattern> {
        let mut alternatives = vec![self.pattern_sequence()?];
        while self.take_symbol("|") {
            alternatives.push(self.pattern_sequence()?);
        }
        Ok(single_or(alternatives, Pattern::Alternation))
    }

    fn pattern_sequence(&mut self) -> Parsed<Pattern> {
        let mut factors = vec![self.pattern_factor()?];
        while self.at_pattern_primary() {
            factors.push(self.pattern_factor()?);
        }
        Ok(single_or(factors, Pattern::Sequence))
    }

    fn at_pattern_primary(&self) -> bool {
        self.is_identifier_at(0) || self.at_keyword("PERMUTE") || matches!(self.symbol_at(0), Some("(" | "{"))
    }

    /// A primary with its quantifier
    fn pattern_factor(&mut self) -> Parsed<Pattern> {
        let pattern = self.nested(Self::pattern_primary)?;
        let (minimum, maximum) = match self.symbol_at(0) {
            Some("*") => (0, None),
            Some("+") => (1, None),
            Some("?") => (0, Some(1)),
            Some("{") if self.symbol_at(1) != Some("-") => return self.counted(pattern),
            _ => return Ok(pattern),
        };
        self.advance();
        Ok(self.repeated(pattern, minimum, maximum))
    }

    /// `{n}`, `{n,}`, `{n,m}`, `{,m}`
    fn counted(&mut self, pattern: Pattern) -> Parsed<Pattern> {
        self.expect_symbol("{")?;
        let mut minimum = 0;
        let open = self.at_symbol(",");
        if !open {
            minimum = self.unsigned()?;
        }
        let mut maximum = Some(minimum);
        if self.take_symbol(",") {
            maximum = None;
            if open || !self.at_symbol("}") {
                maximum = Some(self.unsigned()?);
            }
        }
        self.expect_symbol("}")?;
        Ok(self.repeated(pattern, minimum, maximum))
    }

    fn repeated(&mut self, pattern: Pattern, minimum: u32, maximum: Option<u32>) -> Pattern {
        Pattern::Repeat { pattern: Box::new(pattern), minimum, maximum, reluctant: self.take_symbol("?") }
    }

    fn pattern_primary(&mut self) -> Parsed<Pattern> {
        if self.take_keyword("PERMUTE") {
            return self.parenthesized_list(Self::pattern).map(Pattern::Permute);
        }
        if self.at_symbol("(") {
            return self.parenthesized(Self::pattern);
        }
        if self.take_symbol("{") {
            self.expect_symbol("-")?;
            let pattern = self.pattern()?;
            self.expect_symbol("-")?;
            self.expect_symbol("}")?;
            return Ok(Pattern::Exclude(Box::new(pattern)));
        }
        self.identifier().map(Pattern::Variable)
    }

    fn subsets(&mut self) -> Parsed<Vec<PatternSubset>> {
        if !self.take_keyword("SUBSET") {
            return Ok(Vec::new());
        }
        self.comma_separated(|parser| {
            let name = parser.identifier()?;
            parser.expect_symbol("=")?;
            let variables = parser.identifier_list()?;
            Ok(PatternSubset { name, variables })
        })
    }

    fn pattern_definition(&mut self) -> Parsed<PatternDefinition> {
        let variable = self.identifier()?;
        self.expect_keyword("AS")?;
        let condition = self.expression()?;
        Ok(PatternDefinition { variable, condition })
    }
}

/// The only pattern of a list, or all of them combined.
fn single_or(mut patterns: Vec<Pattern>, combine: fn(Vec<Pattern>) -> Pattern) -> Pattern {
    match patterns.len() {
        1 => patterns.remove(0),
        _ => combine(patterns),
    }
}
