//! What stands in FROM: tables, subqueries, table functions and joins.

use super::{Expression, FunctionCall, Hint, Identifier, MatchRecognize, ObjectName, Query, SelectItem};
use crate::Span;

/// A table in FROM, with its alias.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableReference {
    pub kind: TableReferenceKind,
    pub alias: Option<TableAlias>,
    pub sample: Option<TableSample>,
    pub span: Span,
}

/// `[AS] name [(columns)]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableAlias {
    pub name: Identifier,
    pub columns: Vec<Identifier>,
}

/// All forms of a table in FROM.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TableReferenceKind {
    /// `name [/*+ hints */] [FOR SYSTEM_TIME AS OF time]`
    Table {
        name: ObjectName,
        hints: Vec<Hint>,
        as_of: Option<Expression>,
    },
    /// `[LATERAL] (query)`
    Subquery {
        query: Box<Query>,
        lateral: bool,
    },
    /// `[LATERAL] TABLE(f(..))`, or `f(..)` alone
    Function {
        call: Box<FunctionCall>,
        lateral: bool,
        /// Whether `TABLE(..)` surrounds the call.
        table_keyword: bool,
        hints: Vec<Hint>,
    },
    /// `[LATERAL] UNNEST(collection, ..) [WITH ORDINALITY]`
    Unnest {
        collections: Vec<Expression>,
        with_ordinality: bool,
        lateral: bool,
    },
    Join(Box<Join>),
    /// `input MATCH_RECOGNIZE (..)`
    MatchRecognize(Box<MatchRecognize>),
    /// `input PIVOT (..)`
    Pivot(Box<Pivot>),
    /// `input UNPIVOT (..)`
    Unpivot(Box<Unpivot>),
}

/// `left JOIN right ..`. Joins associate to the left.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Join {
    pub left: TableReference,
    pub kind: JoinKind,
    pub natural: bool,
    pub right: TableReference,
    pub condition: JoinCondition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// `left, right`
    Comma,
    Cross,
    Inner,
    Left,
    Right,
    Full,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum JoinCondition {
    None,
    On(Expression),
    Using(Vec<Identifier>),
}

/// `TABLESAMPLE ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TableSample {
    /// `SUBSTITUTE('name')`
    Substitute(String),
    /// `BERNOULLI(percent) [REPEATABLE(seed)]`; numbers as written
    Bernoulli { percentage: String, seed: Option<String> },
    /// `SYSTEM(percent) [REPEATABLE(seed)]`; numbers as written
    System { percentage: String, seed: Option<String> },
}

/// `input PIVOT (aggregates FOR columns IN (values))`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pivot {
    pub input: TableReference,
    /// Aggregates with optional aliases
    pub aggregates: Vec<SelectItem>,
    pub columns: Vec<Identifier>,
    /// Values with optional aliases
    pub values: Vec<PivotValue>,
}

/// `value [AS alias]`, or `(value, value) [AS alias]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PivotValue {
    pub values: Vec<Expression>,
    pub alias: Option<Identifier>,
}

/// `input UNPIVOT [INCLUDE NULLS] (measures FOR axes IN (..))`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unpivot {
    pub input: TableReference,
    pub include_nulls: Option<bool>,
    pub measures: Vec<Identifier>,
    pub axes: Vec<Identifier>,
    pub columns: Vec<UnpivotColumns>,
}

/// `(columns) [AS (values)]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnpivotColumns {
    pub columns: Vec<Identifier>,
    pub values: Vec<Expression>,
}
