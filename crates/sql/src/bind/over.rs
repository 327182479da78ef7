//! OVER calls: collected while the select list is bound, then built as one node a window.

use flott_expression::aggregate::aggregate_of_name;
use flott_expression::{AggregateCall, AggregateFunction, Expression};
use flott_job::over::{Distance, FrameBound, OverCall};
use flott_job::spec::{RankKind, SortColumn};
use flott_record::{DataType, TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{self, FunctionCall, Over};

use crate::bind::aggregate::{placeholder, positional, simple_name};
use crate::bind::expression::{ExpressionBinder, Intercept};
use crate::bind::over_frame::{PendingBound, PendingFrame, bind_frame};
use crate::bind::query::{cast, sort_column};
use crate::bind::select::{OVER, projected};
use crate::error::{Result, SqlError};
use crate::relation::{Column, OverWindow, Relation, RelationKind, RelationRef};

/// A window over expressions; they become columns when all are known.
#[derive(Clone, PartialEq)]
struct PendingWindow {
    partition: Vec<Expression>,
    order: Vec<(Expression, SortColumn)>,
    frame: PendingFrame,
}

struct PendingCall {
    window: usize,
    function: PendingFunction,
    /// What the call reads; the function's positions count these.
    arguments: Vec<Expression>,
    data_type: DataType,
}

/// A call over its arguments; `distinct` and `filter` (the last argument) are an aggregate's.
enum PendingFunction {
    Window(OverCall),
    Aggregate { function: AggregateFunction, distinct: bool, filter: bool },
}

/// The OVER calls of one SELECT.
pub(crate) struct OverCalls {
    named: Vec<ast::NamedWindow>,
    batch_mode: bool,
    windows: Vec<PendingWindow>,
    calls: Vec<PendingCall>,
}

impl OverCalls {
    /// None yet; `named` are those of the WINDOW clause.
    pub(crate) fn new(named: &[ast::NamedWindow], batch_mode: bool) -> Self {
        OverCalls { named: named.to_vec(), batch_mode, windows: Vec::new(), calls: Vec::new() }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Applies a change to every expression that is held.
    pub(crate) fn map_expressions(&mut self, change: &impl Fn(Expression) -> Expression) {
        for window in &mut self.windows {
            window.partition = window.partition.drain(..).map(change).collect();
            window.order = window.order.drain(..).map(|(expression, sort)| (change(expression), sort)).collect();
            for end in [&mut window.frame.start, &mut window.frame.end] {
                if let PendingBound::Value { order, bound } = end {
                    **order = change((**order).clone());
                    **bound = change((**bound).clone());
                }
            }
        }
        for call in &mut self.calls {
            call.arguments = call.arguments.drain(..).map(change).collect();
        }
    }

    /// Adds a call and gives its placeholder.
    pub(crate) fn collect(
        &mut self,
        call: &FunctionCall,
        over: &Over,
        span: Span,
        binder: &ExpressionBinder<'_>,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        let specification = match over {
            Over::Window(specification) => (**specification).clone(),
            Over::Name(name) => self.window_of_name(name)?,
        };
        let name = simple_name(call);
        let window = self.window(&specification, name == "ROW_NUMBER", binder, intercept)?;
        let arguments = bind_arguments(call, binder, intercept)?;
        let has_current_row = window.frame.has_current_row;
        let (function, arguments, data_type) = match window_function(&name, &arguments, span)? {
            Some((function, arguments, data_type)) => (PendingFunction::Window(function), arguments, data_type),
            None => aggregate(call, arguments, has_current_row, binder, intercept)?,
        };
        let window = self.number_of(window);
        self.calls.push(PendingCall { window, function, arguments, data_type: data_type.clone() });
        Ok(placeholder(OVER, self.calls.len() - 1, data_type))
    }

    fn window_of_name(&self, name: &ast::Identifier) -> Result<ast::WindowSpecification> {
        let found = self.named.iter().find(|window| window.name.value == name.value);
        found
            .map(|window| window.window.clone())
            .ok_or_else(|| SqlError::at(name.span, format!("Window '{}' not found", name.value)))
    }

    fn number_of(&mut self, window: PendingWindow) -> usize {
        if let Some(known) = self.windows.iter().position(|known| *known == window) {
            return known;
        }
        self.windows.push(window);
        self.windows.len() - 1
    }

    /// The window that is written; `by_row` says that a frame which is not ends at the row, not at its peers.
    fn window(
        &self,
        specification: &ast::WindowSpecification,
        by_row: bool,
        binder: &ExpressionBinder<'_>,
        intercept: &mut dyn Intercept,
    ) -> Result<PendingWindow> {
        let mut specification = specification.clone();
        if let Some(base) = &specification.base {
            let base = self.window_of_name(base)?;
            if specification.partition_by.is_empty() {
                specification.partition_by = base.partition_by;
            }
            if specification.order_by.is_empty() {
                specification.order_by = base.order_by;
            }
            specification.frame = specification.frame.or(base.frame);
        }
        let (mut partition, mut order) = (Vec::new(), Vec::new());
        for key in &specification.partition_by {
            partition.push(binder.bind(key, intercept)?);
        }
        for item in &specification.order_by {
            order.push((binder.bind(&item.expression, intercept)?, sort_column(0, item)));
        }
        let frame = match &specification.frame {
            Some(frame) => {
                let values: Vec<(Expression, bool)> =
                    order.iter().map(|(expression, sort)| (expression.clone(), sort.descending)).collect();
                bind_frame(frame, &values, binder, intercept)?
            }
            None if by_row => PendingFrame::up_to_row(),
            None => PendingFrame::up_to_peers(),
        };
        Ok(PendingWindow { partition, order, frame })
    }

    /// The relation with one column a call behind, and what replaces the placeholders.
    pub(crate) fn build(self, input: RelationRef) -> Result<(RelationRef, impl Fn(Expression) -> Expression)> {
        let width = input.columns.len();
        let mut columns = Columns(input.identity());
        let windows: Vec<OverWindow> =
            self.windows.iter().map(|window| columns.window(window, self.batch_mode)).collect();
        let calls: Vec<OverCall> =
            self.calls.iter().enumerate().map(|(number, call)| columns.call(call, number)).collect();
        let names = input.columns.iter().map(|column| column.name.clone()).collect();
        let mut relation = projected(input, columns.0, names);
        let mut positions = vec![0; calls.len()];
        for (number, window) in windows.into_iter().enumerate() {
            let of_window: Vec<usize> = (0..calls.len()).filter(|call| self.calls[*call].window == number).collect();
            let mut columns = relation.columns.clone();
            for call in &of_window {
                positions[*call] = columns.len();
                columns.push(Column::new(format!("w0$o{call}"), self.calls[*call].data_type.clone()));
            }
            let calls = of_window.iter().map(|call| calls[*call].clone()).collect();
            relation = Relation::new(RelationKind::Over { input: relation, window, calls }, columns);
        }
        debug_assert!(relation.columns.len() >= width);
        let replace = move |expression: Expression| {
            expression.transform(&mut |node| match node {
                Expression::Call { function, arguments, data_type, .. } if function == OVER => {
                    let [Expression::Literal { value: Value::BigInt(number), .. }] = arguments.as_slice() else {
                        unreachable!("placeholders have a number")
                    };
                    Expression::column(positions[*number as usize], data_type)
                }
                other => other,
            })
        };
        Ok((relation, replace))
    }
}

/// The columns that windows and calls read: those of the input, then what is computed of them.
struct Columns(Vec<Expression>);

impl Columns {
    fn position(&mut self, expression: &Expression) -> usize {
        match self.0.iter().position(|known| known == expression) {
            Some(position) => position,
            None => {
                self.0.push(expression.clone());
                self.0.len() - 1
            }
        }
    }

    fn window(&mut self, window: &PendingWindow, batch_mode: bool) -> OverWindow {
        let partition = window.partition.iter().map(|key| self.position(key)).collect();
        let sort = |(key, sort): &(Expression, SortColumn)| SortColumn { column: self.position(key), ..*sort };
        let order = window.order.iter().map(sort).collect();
        let range_ms = window.frame.range_ms.filter(|_| !batch_mode);
        let start = match range_ms {
            // A stream's frame starts by the clock of its rows, so that no value has to be computed.
            Some(_) => FrameBound::Peers,
            None => self.bound(&window.frame.start),
        };
        OverWindow { partition, order, start, end: self.bound(&window.frame.end), range_ms }
    }

    fn bound(&mut self, bound: &PendingBound) -> FrameBound {
        match bound {
            PendingBound::UnboundedPreceding => FrameBound::UnboundedPreceding,
            PendingBound::Row(offset) => FrameBound::Row(*offset),
            PendingBound::Peers => FrameBound::Peers,
            PendingBound::Value { order, bound } => {
                FrameBound::Value { order: self.position(order), bound: self.position(bound) }
            }
            PendingBound::UnboundedFollowing => FrameBound::UnboundedFollowing,
        }
    }

    fn call(&mut self, call: &PendingCall, number: usize) -> OverCall {
        let mut positions: Vec<usize> = call.arguments.iter().map(|argument| self.position(argument)).collect();
        match &call.function {
            PendingFunction::Window(function) => function.with_columns(|argument| positions[argument]),
            PendingFunction::Aggregate { function, distinct, filter } => {
                let filter = if *filter { positions.pop() } else { None };
                let types = call.arguments.iter().map(|argument| argument.data_type().clone());
                OverCall::Aggregate(AggregateCall {
                    function: *function,
                    argument_types: types.take(positions.len()).collect(),
                    arguments: positions,
                    distinct: *distinct,
                    filter,
                    data_type: call.data_type.clone(),
                    name: format!("w0$o{number}"),
                })
            }
        }
    }
}

type WindowFunction = (OverCall, Vec<Expression>, DataType);

/// A function that is not an aggregate, its arguments and its type; `None` for other names.
fn window_function(name: &str, arguments: &[Expression], span: Span) -> Result<Option<WindowFunction>> {
    let found = match name {
        "ROW_NUMBER" => (OverCall::Rank(RankKind::RowNumber), TypeKind::BigInt),
        "RANK" => (OverCall::Rank(RankKind::Rank), TypeKind::BigInt),
        "DENSE_RANK" => (OverCall::Rank(RankKind::DenseRank), TypeKind::BigInt),
        "PERCENT_RANK" => (OverCall::PercentRank, TypeKind::Double),
        "CUME_DIST" => (OverCall::CumeDist, TypeKind::Double),
        "NTILE" => return ntile(arguments, span).map(Some),
        "LAG" | "LEAD" => return shifted(name, arguments, span).map(Some),
        _ => return Ok(None),
    };
    if !arguments.is_empty() {
        return Err(SqlError::at(span, format!("{name} takes no argument")));
    }
    Ok(Some((found.0, Vec::new(), found.1.not_null())))
}

fn ntile(arguments: &[Expression], span: Span) -> Result<WindowFunction> {
    match arguments {
        [parts] if parts.data_type().kind.is_integer() => {
            let bigint = TypeKind::BigInt.nullable().with_nullable(parts.data_type().nullable);
            let parts = cast(parts.clone(), &bigint);
            Ok((OverCall::Ntile { parts: 0 }, vec![parts], TypeKind::BigInt.not_null()))
        }
        _ => Err(SqlError::at(span, "NTILE takes the number of parts")),
    }
}

/// LAG and LEAD: a value, how far away it is (1), and what stands for a row that is not there (NULL).
fn shifted(name: &str, arguments: &[Expression], span: Span) -> Result<WindowFunction> {
    let (value, rest) = match arguments {
        [value, rest @ ..] if rest.len() <= 2 => (value, rest),
        _ => return Err(SqlError::at(span, format!("{name} takes a value, an offset and a default"))),
    };
    let mut read = vec![value.clone()];
    let distance = match rest.first() {
        None => Distance::Rows(1),
        Some(Expression::Literal { value: Value::Int(rows), .. }) => Distance::Rows(i64::from(*rows)),
        Some(Expression::Literal { value: Value::BigInt(rows), .. }) => Distance::Rows(*rows),
        Some(offset) if offset.data_type().kind.is_integer() => {
            let bigint = TypeKind::BigInt.nullable().with_nullable(offset.data_type().nullable);
            read.push(cast(offset.clone(), &bigint));
            Distance::Column(1)
        }
        Some(offset) => {
            return Err(SqlError::at(span, format!("the offset of {name} is an integer, not {}", offset.data_type())));
        }
    };
    let nullable = value.data_type().nullable || rest.get(1).is_none_or(|default| default.data_type().nullable);
    let data_type = value.data_type().clone().with_nullable(nullable);
    let default = rest.get(1).filter(|default| !default.is_null_literal()).map(|default| {
        let of_value = value.data_type().clone().with_nullable(default.data_type().nullable);
        read.push(cast(default.clone(), &of_value));
        read.len() - 1
    });
    let call = OverCall::Shifted { value: 0, distance, before: name == "LAG", default };
    Ok((call, read, data_type))
}

type Aggregate = (PendingFunction, Vec<Expression>, DataType);

fn aggregate(
    call: &FunctionCall,
    arguments: Vec<Expression>,
    has_current_row: bool,
    binder: &ExpressionBinder<'_>,
    intercept: &mut dyn Intercept,
) -> Result<Aggregate> {
    let name = simple_name(call);
    let Some(function) = aggregate_of_name(&name) else {
        return Err(SqlError::not_supported(call.span, format!("{name} OVER")));
    };
    let mut arguments = arguments;
    let types: Vec<&Expression> = arguments.iter().collect();
    let mut data_type = flott_expression::aggregate::aggregate_type(function, &types, has_current_row)
        .map_err(|error| SqlError::from(error).or_at(call.span))?;
    let distinct = matches!(call.quantifier, Some(ast::SetQuantifier::Distinct)) && !arguments.is_empty();
    if let Some(filter) = &call.filter {
        let condition = binder.bind(filter, intercept)?;
        super::from::require_boolean(&condition, filter.span, "FILTER")?;
        arguments.push(condition);
        data_type.nullable |= !matches!(function, AggregateFunction::Count | AggregateFunction::Sum0);
    }
    let filter = call.filter.is_some();
    Ok((PendingFunction::Aggregate { function, distinct, filter }, arguments, data_type))
}

fn bind_arguments(
    call: &FunctionCall,
    binder: &ExpressionBinder<'_>,
    intercept: &mut dyn Intercept,
) -> Result<Vec<Expression>> {
    if let Some(item) = call.order_by.first().or(call.within_group.first()) {
        return Err(SqlError::not_supported(item.expression.span, "ORDER BY within an aggregate call"));
    }
    if call.null_treatment == Some(ast::NullTreatment::Ignore) {
        return Err(SqlError::not_supported(call.span, "IGNORE NULLS"));
    }
    match &call.arguments {
        ast::FunctionArguments::Star => Ok(Vec::new()),
        _ => positional(call)?.iter().map(|argument| binder.bind(argument, intercept)).collect(),
    }
}
