//! Queries: SELECT, VALUES, set operations, WITH, ORDER BY and LIMIT.

use super::{Expression, Identifier, ObjectName, SetQuantifier, TableReference, WindowSpecification};
use crate::Span;

/// `[WITH ..] body [ORDER BY ..] [OFFSET ..] [LIMIT ..]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    pub with: Option<With>,
    pub body: QueryBody,
    pub order_by: Vec<OrderItem>,
    pub offset: Option<Expression>,
    /// `LIMIT n` or `FETCH FIRST n ROWS ONLY`; `None` also for `LIMIT ALL`.
    pub limit: Option<Expression>,
    pub span: Span,
}

/// `WITH [RECURSIVE] a AS (..), b AS (..)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct With {
    pub recursive: bool,
    pub tables: Vec<CommonTable>,
    pub span: Span,
}

/// `name [(columns)] AS (query)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommonTable {
    pub name: Identifier,
    pub columns: Vec<Identifier>,
    pub query: Box<Query>,
    pub span: Span,
}

/// A query without the clauses around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QueryBody {
    Select(Box<Select>),
    SetOperation(Box<SetOperation>),
    /// `VALUES (1, 'a'), (2, 'b')`: the rows, each with its columns.
    Values {
        rows: Vec<Vec<Expression>>,
        span: Span,
    },
    /// `TABLE t`
    Table(ObjectName),
    /// A query with WITH, ORDER BY, OFFSET or LIMIT of its own, in parentheses, as part of a query with more clauses.
    /// Other parentheses need no node.
    Nested(Box<Query>),
}

/// `left UNION|INTERSECT|EXCEPT [ALL|DISTINCT] right`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SetOperation {
    pub left: QueryBody,
    pub operator: SetOperator,
    /// Keeps duplicates.
    pub all: bool,
    pub right: QueryBody,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetOperator {
    Union,
    Intersect,
    /// `EXCEPT`, `MINUS`
    Except,
}

/// `SELECT .. FROM .. WHERE .. GROUP BY .. HAVING .. WINDOW .. QUALIFY ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Select {
    pub hints: Vec<Hint>,
    pub quantifier: Option<SetQuantifier>,
    pub items: Vec<SelectItem>,
    pub from: Option<TableReference>,
    /// The condition of WHERE.
    pub filter: Option<Expression>,
    pub group_by: Option<GroupBy>,
    pub having: Option<Expression>,
    pub windows: Vec<NamedWindow>,
    pub qualify: Option<Expression>,
    pub span: Span,
}

/// An item of the select list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SelectItem {
    /// `*`, `t.*`, `t.column.*`
    Wildcard { qualifier: Option<ObjectName>, span: Span },
    /// `expression [AS alias]`
    Expression { expression: Expression, alias: Option<Identifier> },
}

/// `GROUP BY [ALL|DISTINCT] elements`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupBy {
    pub quantifier: Option<SetQuantifier>,
    pub elements: Vec<GroupingElement>,
    pub span: Span,
}

/// An element of GROUP BY, or of GROUPING SETS, ROLLUP and CUBE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GroupingElement {
    /// One expression, also `(a)`
    Expression(Expression),
    /// `()` or `(a, b)`
    Set(Vec<Expression>),
    Rollup(Vec<GroupingElement>),
    Cube(Vec<GroupingElement>),
    GroupingSets(Vec<GroupingElement>),
}

/// `WINDOW name AS (..)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamedWindow {
    pub name: Identifier,
    pub window: WindowSpecification,
}

/// `expression [ASC|DESC] [NULLS FIRST|LAST]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderItem {
    pub expression: Expression,
    pub descending: bool,
    pub nulls: Option<NullOrder>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NullOrder {
    First,
    Last,
}

/// One hint of `/*+ .. */`, e.g. `OPTIONS('k' = 'v')` or `BROADCAST(t)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hint {
    pub name: Identifier,
    pub arguments: Vec<HintArgument>,
    pub span: Span,
}

/// An argument of a hint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HintArgument {
    /// `'key' = 'value'`, `key = 'value'`
    Option { key: String, value: String },
    /// A table or column name, a bare word
    Name(ObjectName),
    /// `'text'`
    Text(String),
    /// A number, as written
    Number(String),
}
