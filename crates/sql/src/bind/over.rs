//! OVER calls: collected while the select list is bound, then built as one node a window.

use flott_expression::AggregateCall;
use flott_expression::Expression;
use flott_expression::aggregate::aggregate_of_name;
use flott_job::spec::{FrameStart, RankKind, SortColumn};
use flott_record::{DataType, TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{self, FunctionCall, Over, WindowFrameBound, WindowFrameUnit};

use crate::bind::aggregate::{placeholder, simple_name};
use crate::bind::expression::{ExpressionBinder, Intercept};
use crate::bind::query::sort_column;
use crate::bind::select::{OVER, projected};
use crate::error::{Result, SqlError};
use crate::relation::{Column, OverCall, OverWindow, Relation, RelationKind, RelationRef};

/// A window over expressions; they become columns when all are known.
#[derive(Clone, PartialEq)]
struct PendingWindow {
    partition: Vec<Expression>,
    order: Vec<(Expression, SortColumn)>,
    rows: bool,
    start: FrameStart,
}

struct PendingCall {
    window: usize,
    function: PendingFunction,
    data_type: DataType,
}

enum PendingFunction {
    Rank(RankKind),
    Aggregate { function: flott_expression::AggregateFunction, arguments: Vec<Expression>, distinct: bool },
}

/// The OVER calls of one SELECT.
pub(crate) struct OverCalls {
    named: Vec<ast::NamedWindow>,
    windows: Vec<PendingWindow>,
    calls: Vec<PendingCall>,
}

impl OverCalls {
    /// None yet; `named` are those of the WINDOW clause.
    pub(crate) fn new(named: &[ast::NamedWindow]) -> Self {
        OverCalls { named: named.to_vec(), windows: Vec::new(), calls: Vec::new() }
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
        }
        for call in &mut self.calls {
            if let PendingFunction::Aggregate { arguments, .. } = &mut call.function {
                *arguments = arguments.drain(..).map(change).collect();
            }
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
        let window = self.window(&specification, binder, intercept)?;
        let name = simple_name(call);
        let (function, data_type) = match name.as_str() {
            "ROW_NUMBER" => (PendingFunction::Rank(RankKind::RowNumber), TypeKind::BigInt.not_null()),
            "RANK" => (PendingFunction::Rank(RankKind::Rank), TypeKind::BigInt.not_null()),
            "DENSE_RANK" => (PendingFunction::Rank(RankKind::DenseRank), TypeKind::BigInt.not_null()),
            _ => {
                let Some(function) = aggregate_of_name(&name) else {
                    return Err(SqlError::not_supported(span, format!("{name} OVER")));
                };
                let bound = bind_arguments(call, binder, intercept)?;
                let types: Vec<&Expression> = bound.iter().collect();
                let data_type = flott_expression::aggregate::aggregate_type(function, &types, true)
                    .map_err(|error| SqlError::from(error).or_at(span))?;
                let distinct = matches!(call.quantifier, Some(ast::SetQuantifier::Distinct));
                (PendingFunction::Aggregate { function, arguments: bound, distinct }, data_type)
            }
        };
        if let Some(filter) = &call.filter {
            return Err(SqlError::not_supported(filter.span, "FILTER in an OVER aggregate"));
        }
        self.calls.push(PendingCall { window, function, data_type: data_type.clone() });
        Ok(placeholder(OVER, self.calls.len() - 1, data_type))
    }

    fn window_of_name(&self, name: &ast::Identifier) -> Result<ast::WindowSpecification> {
        let found = self.named.iter().find(|window| window.name.value == name.value);
        found
            .map(|window| window.window.clone())
            .ok_or_else(|| SqlError::at(name.span, format!("Window '{}' not found", name.value)))
    }

    fn window(
        &mut self,
        specification: &ast::WindowSpecification,
        binder: &ExpressionBinder<'_>,
        intercept: &mut dyn Intercept,
    ) -> Result<usize> {
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
        let mut window =
            PendingWindow { partition: Vec::new(), order: Vec::new(), rows: false, start: FrameStart::Unbounded };
        for key in &specification.partition_by {
            window.partition.push(binder.bind(key, intercept)?);
        }
        for item in &specification.order_by {
            window.order.push((binder.bind(&item.expression, intercept)?, sort_column(0, item)));
        }
        if let Some(frame) = &specification.frame {
            window.rows = frame.unit == WindowFrameUnit::Rows;
            window.start = frame_start(frame, binder, intercept)?;
        }
        if let Some(known) = self.windows.iter().position(|known| *known == window) {
            return Ok(known);
        }
        self.windows.push(window);
        Ok(self.windows.len() - 1)
    }

    /// The relation with one column a call behind, and what replaces the placeholders.
    pub(crate) fn build(self, input: RelationRef) -> Result<(RelationRef, impl Fn(Expression) -> Expression)> {
        let width = input.columns.len();
        let mut expressions = input.identity();
        let mut position_of = |expression: &Expression| match expressions.iter().position(|known| known == expression) {
            Some(position) => position,
            None => {
                expressions.push(expression.clone());
                expressions.len() - 1
            }
        };
        let mut windows = Vec::new();
        for window in &self.windows {
            let partition = window.partition.iter().map(&mut position_of).collect();
            let sort =
                |(expression, sort): &(Expression, SortColumn)| SortColumn { column: position_of(expression), ..*sort };
            let order = window.order.iter().map(sort).collect();
            windows.push(OverWindow { partition, order, rows: window.rows, start: window.start });
        }
        let mut calls: Vec<(usize, OverCall)> = Vec::new();
        for (number, call) in self.calls.iter().enumerate() {
            let bound = match &call.function {
                PendingFunction::Rank(kind) => OverCall::Rank(*kind),
                PendingFunction::Aggregate { function, arguments, distinct } => OverCall::Aggregate(AggregateCall {
                    function: *function,
                    arguments: arguments.iter().map(&mut position_of).collect(),
                    argument_types: arguments.iter().map(|argument| argument.data_type().clone()).collect(),
                    distinct: *distinct,
                    filter: None,
                    data_type: call.data_type.clone(),
                    name: format!("w0$o{number}"),
                }),
            };
            calls.push((call.window, bound));
        }
        let names = input.columns.iter().map(|column| column.name.clone()).collect();
        let mut relation = projected(input, expressions, names);
        let mut positions = vec![0; calls.len()];
        for (number, window) in windows.into_iter().enumerate() {
            let of_window: Vec<usize> = (0..calls.len()).filter(|call| calls[*call].0 == number).collect();
            let mut columns = relation.columns.clone();
            for call in &of_window {
                positions[*call] = columns.len();
                columns.push(Column::new(format!("w0$o{call}"), self.calls[*call].data_type.clone()));
            }
            let calls = of_window.iter().map(|call| calls[*call].1.clone()).collect();
            relation = Relation::new(RelationKind::Over { input: relation, window, calls }, columns);
        }
        debug_assert!(relation.columns.len() >= width);
        let replace = move |expression: Expression| {
            expression.transform(&mut |node| match node {
                Expression::Call { function, arguments, data_type } if function == OVER => {
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

fn bind_arguments(
    call: &FunctionCall,
    binder: &ExpressionBinder<'_>,
    intercept: &mut dyn Intercept,
) -> Result<Vec<Expression>> {
    match &call.arguments {
        ast::FunctionArguments::Star => Ok(Vec::new()),
        _ => super::aggregate::positional(call)?.iter().map(|argument| binder.bind(argument, intercept)).collect(),
    }
}

fn frame_start(
    frame: &ast::WindowFrame,
    binder: &ExpressionBinder<'_>,
    intercept: &mut dyn Intercept,
) -> Result<FrameStart> {
    if !matches!(frame.end, None | Some(WindowFrameBound::CurrentRow)) {
        return Err(SqlError::not_supported(frame.span, "OVER RANGE FOLLOWING windows"));
    }
    let rows = frame.unit == WindowFrameUnit::Rows;
    match &frame.start {
        WindowFrameBound::UnboundedPreceding => Ok(FrameStart::Unbounded),
        WindowFrameBound::CurrentRow => Ok(if rows { FrameStart::Rows(0) } else { FrameStart::RangeMs(0) }),
        WindowFrameBound::Preceding(amount) => match binder.bind(amount, intercept)? {
            Expression::Literal { value: Value::Int(count), .. } if rows && count >= 0 => {
                Ok(FrameStart::Rows(count as u64))
            }
            Expression::Literal { value: Value::BigInt(count), .. } if rows && count >= 0 => {
                Ok(FrameStart::Rows(count as u64))
            }
            Expression::Literal { value: Value::IntervalDayTime(millis), .. } if !rows => {
                Ok(FrameStart::RangeMs(millis))
            }
            _ => Err(SqlError::not_supported(amount.span, "this frame bound")),
        },
        WindowFrameBound::Following(_) | WindowFrameBound::UnboundedFollowing => {
            Err(SqlError::not_supported(frame.span, "OVER windows that begin after the current row"))
        }
    }
}
