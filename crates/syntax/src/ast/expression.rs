//! Expressions.

use super::{
    DataType, FunctionCall, Identifier, IntervalQualifier, JsonFunction, Literal, ObjectName, OrderItem, Query,
    TimeUnit,
};
use crate::Span;

/// An expression with its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expression {
    pub kind: ExpressionKind,
    pub span: Span,
}

/// All forms of expressions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExpressionKind {
    Literal(Literal),
    /// A column, possibly qualified, possibly with fields of it: `a`, `t.a`, `t.a.field`
    Name(ObjectName),
    Unary {
        operator: UnaryOperator,
        operand: Box<Expression>,
    },
    Binary {
        left: Box<Expression>,
        operator: BinaryOperator,
        right: Box<Expression>,
    },
    /// `operand IS [NOT] test`
    Is {
        operand: Box<Expression>,
        negated: bool,
        test: IsTest,
    },
    /// `left IS [NOT] DISTINCT FROM right`
    IsDistinctFrom {
        left: Box<Expression>,
        right: Box<Expression>,
        negated: bool,
    },
    /// `operand [NOT] BETWEEN [SYMMETRIC] low AND high`
    Between {
        operand: Box<Expression>,
        low: Box<Expression>,
        high: Box<Expression>,
        negated: bool,
        symmetric: bool,
    },
    /// `operand [NOT] LIKE pattern [ESCAPE escape]` and its relatives
    Like {
        operand: Box<Expression>,
        kind: LikeKind,
        negated: bool,
        pattern: Box<Expression>,
        escape: Option<Box<Expression>>,
    },
    /// `operand [NOT] IN (..)`
    In {
        operand: Box<Expression>,
        negated: bool,
        set: InSet,
    },
    /// `left operator ANY|ALL (..)`, operator being a comparison
    Quantified {
        left: Box<Expression>,
        operator: BinaryOperator,
        quantifier: ComparisonQuantifier,
        set: InSet,
    },
    /// `EXISTS (query)`
    Exists(Box<Query>),
    /// `UNIQUE (query)`
    Unique(Box<Query>),
    /// `(query)` as a value, or as a table argument without PARTITION BY and ORDER BY
    Subquery(Box<Query>),
    /// `CASE [operand] WHEN .. THEN .. [ELSE ..] END`
    Case {
        operand: Option<Box<Expression>>,
        branches: Vec<CaseBranch>,
        otherwise: Option<Box<Expression>>,
    },
    /// `CAST(operand AS type)`, `TRY_CAST(operand AS type)`
    Cast {
        operand: Box<Expression>,
        data_type: Box<DataType>,
        /// TRY_CAST: NULL instead of a failure
        null_on_failure: bool,
    },
    /// `EXTRACT(unit FROM operand)`
    Extract {
        unit: TimeUnit,
        operand: Box<Expression>,
    },
    /// `FLOOR(operand TO unit)`, `CEIL(operand TO unit)`. Without a unit they are function calls.
    RoundToUnit {
        direction: RoundDirection,
        operand: Box<Expression>,
        unit: TimeUnit,
    },
    /// `TIMESTAMPADD(unit, count, timestamp)`
    TimestampAdd {
        unit: TimeUnit,
        count: Box<Expression>,
        timestamp: Box<Expression>,
    },
    /// `TIMESTAMPDIFF(unit, from, to)`
    TimestampDiff {
        unit: TimeUnit,
        from: Box<Expression>,
        to: Box<Expression>,
    },
    /// `TRIM([side] [characters] FROM operand)`, `TRIM(operand)`
    Trim {
        side: TrimSide,
        characters: Option<Box<Expression>>,
        operand: Box<Expression>,
    },
    /// JSON_VALUE, JSON_QUERY, .. with their clauses
    Json(Box<JsonFunction>),
    /// Any other call, also `COUNT(*)`, aggregates with OVER, and `CURRENT_TIMESTAMP` without parentheses.
    /// `SUBSTRING(a FROM b FOR c)`, `OVERLAY(a PLACING b FROM c FOR d)` and `POSITION(a IN b FROM c)` are here too,
    /// with their operands as positional arguments in that order.
    Function(Box<FunctionCall>),
    /// `ROW(a, b)`, `(a, b)`
    Row(Vec<Expression>),
    /// `ARRAY[a, b]`
    Array(Vec<Expression>),
    /// `ARRAY(query)`
    ArrayQuery(Box<Query>),
    /// `MAP[k, v, k, v]`, in pairs
    Map(Vec<MapEntry>),
    /// `MAP(query)`
    MapQuery(Box<Query>),
    /// `MULTISET[a, b]`
    Multiset(Vec<Expression>),
    /// `MULTISET(query)`
    MultisetQuery(Box<Query>),
    /// `container[index]` of an array (from 1), a map or a variant
    Item {
        container: Box<Expression>,
        index: Box<Expression>,
    },
    /// `operand.field` where the operand is no plain name: `f(x).a`, `(row).a`, `a[1].b`
    Field {
        operand: Box<Expression>,
        field: Identifier,
    },
    /// `INTERVAL expression unit` where the amount is no string literal
    Interval {
        amount: Box<Expression>,
        qualifier: IntervalQualifier,
    },
    /// `(a - b) DAY TO SECOND`: the time between two dates, times or timestamps as an interval
    Elapsed {
        /// The subtraction.
        difference: Box<Expression>,
        qualifier: IntervalQualifier,
    },
    /// `DEFAULT`, a placeholder for a value
    Default,
    /// `?`, a dynamic parameter, counted from 0 through the statement
    Parameter(u32),
    /// `DESCRIPTOR(a, b)`, column names as an argument
    Descriptor(Vec<ObjectName>),
    /// `TABLE t [PARTITION BY k] [ORDER BY o]`, a table as an argument
    Table(Box<TableArgument>),
    /// `MODEL m`, a model as an argument
    Model(ObjectName),
    /// `FINAL e`, `RUNNING e` in the measures of MATCH_RECOGNIZE
    MatchSemantics {
        running: bool,
        operand: Box<Expression>,
    },
    /// `t.*` as an argument of ROW or of a function
    QualifiedWildcard(ObjectName),
    /// `NEXT VALUE FOR s`, `CURRENT VALUE FOR s`
    SequenceValue {
        next: bool,
        sequence: ObjectName,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    Plus,
    Minus,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    Multiply,
    Divide,
    /// `%`
    Remainder,
    Plus,
    Minus,
    /// `||`
    Concatenate,
    Equal,
    /// `<>`, `!=`
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    /// Of periods, i.e. `(start, end)` pairs
    Overlaps,
    Contains,
    /// `EQUALS`
    PeriodEquals,
    Precedes,
    Succeeds,
    ImmediatelyPrecedes,
    ImmediatelySucceeds,
    MultisetUnion,
    MultisetUnionDistinct,
    MultisetIntersect,
    MultisetIntersectDistinct,
    MultisetExcept,
    MultisetExceptDistinct,
    /// `MEMBER OF`
    MemberOf,
    /// `SUBMULTISET OF`
    SubmultisetOf,
}

/// What `IS` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IsTest {
    Null,
    True,
    False,
    Unknown,
    /// `A SET`: a multiset without duplicates
    Set,
    /// `EMPTY`
    Empty,
    Json(JsonItemKind),
}

/// The kind of item `IS JSON` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonItemKind {
    /// `JSON`, `JSON VALUE`
    Value,
    Object,
    Array,
    Scalar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LikeKind {
    Like,
    ILike,
    RLike,
    SimilarTo,
}

/// What stands on the right of `IN` and of quantified comparisons.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum InSet {
    Values(Vec<Expression>),
    Query(Box<Query>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComparisonQuantifier {
    /// `ANY`, `SOME`
    Any,
    All,
}

/// `WHEN condition THEN result`. In a simple CASE the condition may list values (`WHEN 1, 2 THEN ..`): several
/// conditions; otherwise it is exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CaseBranch {
    pub conditions: Vec<Expression>,
    pub result: Expression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoundDirection {
    Floor,
    Ceil,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrimSide {
    /// Also where no side is written
    Both,
    Leading,
    Trailing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MapEntry {
    pub key: Expression,
    pub value: Expression,
}

/// A table as an argument of a table function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableArgument {
    pub source: TableArgumentSource,
    /// Columns after PARTITION BY; empty without.
    pub partition_by: Vec<Expression>,
    /// Columns after ORDER BY; empty without.
    pub order_by: Vec<OrderItem>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TableArgumentSource {
    Name(ObjectName),
    Query(Box<Query>),
}
