//! MATCH_RECOGNIZE: patterns over ordered rows.

use super::{Expression, Identifier, OrderItem, TableReference};
use crate::Span;

/// `input MATCH_RECOGNIZE (..)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MatchRecognize {
    pub input: TableReference,
    pub partition_by: Vec<Expression>,
    pub order_by: Vec<OrderItem>,
    pub measures: Vec<Measure>,
    /// `None` if not written, which means one row.
    pub rows_per_match: Option<RowsPerMatch>,
    /// `None` if not written, which means to the next row.
    pub after_match: Option<AfterMatchSkip>,
    pub pattern: Pattern,
    /// `^` before the pattern
    pub strict_start: bool,
    /// `$` after the pattern
    pub strict_end: bool,
    /// The duration of `WITHIN ..`.
    pub within: Option<Expression>,
    pub subsets: Vec<PatternSubset>,
    pub definitions: Vec<PatternDefinition>,
    pub span: Span,
}

/// `expression AS alias`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Measure {
    pub expression: Expression,
    pub alias: Identifier,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowsPerMatch {
    /// `ONE ROW PER MATCH`
    One,
    /// `ALL ROWS PER MATCH`
    All,
}

/// `AFTER MATCH SKIP ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AfterMatchSkip {
    ToNextRow,
    PastLastRow,
    ToFirst(Identifier),
    /// `TO LAST v`, `TO v`
    ToLast(Identifier),
}

/// A row pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    Variable(Identifier),
    /// Two patterns or more, one after the other
    Sequence(Vec<Pattern>),
    /// `a | b`: two patterns or more
    Alternation(Vec<Pattern>),
    /// `pattern{minimum, maximum}` and the shorthands `*`, `+`, `?`
    Repeat {
        pattern: Box<Pattern>,
        minimum: u32,
        /// `None`: without bound
        maximum: Option<u32>,
        /// `?` after the quantifier: as few as possible
        reluctant: bool,
    },
    /// `{- pattern -}`
    Exclude(Box<Pattern>),
    /// `PERMUTE(a, b)`
    Permute(Vec<Pattern>),
}

/// `SUBSET name = (variables)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PatternSubset {
    pub name: Identifier,
    pub variables: Vec<Identifier>,
}

/// `DEFINE variable AS condition`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PatternDefinition {
    pub variable: Identifier,
    pub condition: Expression,
}
