//! Function calls with everything that can follow them: ordering, filter and window.

use super::{Expression, Identifier, ObjectName, OrderItem};
use crate::Span;

/// `name([DISTINCT] arguments [ORDER BY ..]) [IGNORE NULLS] [WITHIN GROUP (..)] [FILTER (WHERE ..)] [OVER ..]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionCall {
    pub name: ObjectName,
    /// DISTINCT or ALL before the arguments.
    pub quantifier: Option<SetQuantifier>,
    pub arguments: FunctionArguments,
    /// ORDER BY within the parentheses.
    pub order_by: Vec<OrderItem>,
    pub null_treatment: Option<NullTreatment>,
    /// The order in `WITHIN GROUP (ORDER BY ..)`.
    pub within_group: Vec<OrderItem>,
    /// The condition of `FILTER (WHERE ..)`.
    pub filter: Option<Expression>,
    pub over: Option<Over>,
    pub span: Span,
}

impl FunctionCall {
    /// A call with nothing but a name and arguments.
    pub fn new(name: ObjectName, arguments: FunctionArguments, span: Span) -> Self {
        Self {
            name,
            quantifier: None,
            arguments,
            order_by: Vec::new(),
            null_treatment: None,
            within_group: Vec::new(),
            filter: None,
            over: None,
            span,
        }
    }

    /// A call without parentheses, e.g. `CURRENT_DATE`.
    pub fn without_parentheses(name: ObjectName, span: Span) -> Self {
        Self::new(name, FunctionArguments::Absent, span)
    }
}

/// What stands between the parentheses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FunctionArguments {
    /// No parentheses at all: `CURRENT_TIMESTAMP`
    Absent,
    /// `(*)`
    Star,
    /// `(a, name => b)`, possibly empty
    List(Vec<FunctionArgument>),
}

/// `[name =>] value`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionArgument {
    pub name: Option<Identifier>,
    pub value: Expression,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetQuantifier {
    All,
    Distinct,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NullTreatment {
    Ignore,
    Respect,
}

/// The window of an OVER aggregation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Over {
    /// `OVER w`
    Name(Identifier),
    /// `OVER (..)`
    Window(Box<WindowSpecification>),
}

/// `([base] PARTITION BY .. ORDER BY .. frame)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WindowSpecification {
    /// The named window which this one refines.
    pub base: Option<Identifier>,
    pub partition_by: Vec<Expression>,
    pub order_by: Vec<OrderItem>,
    pub frame: Option<WindowFrame>,
    /// `ALLOW PARTIAL` (true), `DISALLOW PARTIAL` (false)
    pub allow_partial: Option<bool>,
    pub span: Span,
}

/// `ROWS|RANGE [BETWEEN] start [AND end]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WindowFrame {
    pub unit: WindowFrameUnit,
    pub start: WindowFrameBound,
    /// `None` if not written, which means CURRENT ROW.
    pub end: Option<WindowFrameBound>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowFrameUnit {
    Rows,
    Range,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WindowFrameBound {
    UnboundedPreceding,
    Preceding(Box<Expression>),
    CurrentRow,
    Following(Box<Expression>),
    UnboundedFollowing,
}
