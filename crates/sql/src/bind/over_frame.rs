//! Frames of OVER windows: what ROWS and RANGE bounds mean.

use flott_evaluation::Session;
use flott_expression::Expression;
use flott_record::Value;
use flott_syntax::ast::{self, WindowFrame, WindowFrameBound, WindowFrameUnit};

use crate::bind::expression::call::resolved;
use crate::bind::expression::{ExpressionBinder, Intercept};
use crate::bind::query::{cast, common_type};
use crate::error::{Result, SqlError};

/// One end of a frame over expressions.
#[derive(Clone, PartialEq)]
pub(super) enum PendingBound {
    UnboundedPreceding,
    Row(i64),
    Peers,
    /// What orders, and the value up to or from which rows are in the frame; both of one type.
    Value {
        order: Box<Expression>,
        bound: Box<Expression>,
    },
    UnboundedFollowing,
}

/// A frame over expressions.
#[derive(Clone, PartialEq)]
pub(super) struct PendingFrame {
    pub(super) start: PendingBound,
    pub(super) end: PendingBound,
    /// How long before the current row's time the frame starts, where it starts at such a time.
    pub(super) range_ms: Option<i64>,
    /// Whether the current row is in its frame, so that this is never empty.
    pub(super) has_current_row: bool,
}

impl PendingFrame {
    /// Everything up to the current row and its peers.
    pub(super) fn up_to_peers() -> Self {
        PendingFrame {
            start: PendingBound::UnboundedPreceding,
            end: PendingBound::Peers,
            range_ms: None,
            has_current_row: true,
        }
    }

    /// Everything up to the current row.
    pub(super) fn up_to_row() -> Self {
        PendingFrame { end: PendingBound::Row(0), ..Self::up_to_peers() }
    }
}

/// Binds a written frame over what the window orders by.
pub(super) fn bind_frame(
    frame: &WindowFrame,
    order: &[(Expression, bool)],
    binder: &ExpressionBinder<'_>,
    intercept: &mut dyn Intercept,
) -> Result<PendingFrame> {
    let rows = frame.unit == WindowFrameUnit::Rows;
    let mut bound = |bound: &WindowFrameBound| -> Result<(PendingBound, Option<i64>)> {
        let (amount, sign) = match bound {
            WindowFrameBound::UnboundedPreceding => return Ok((PendingBound::UnboundedPreceding, None)),
            WindowFrameBound::UnboundedFollowing => return Ok((PendingBound::UnboundedFollowing, None)),
            WindowFrameBound::CurrentRow if rows => return Ok((PendingBound::Row(0), None)),
            WindowFrameBound::CurrentRow => return Ok((PendingBound::Peers, None)),
            WindowFrameBound::Preceding(amount) => (amount, -1),
            WindowFrameBound::Following(amount) => (amount, 1),
        };
        let offset = binder.bind(amount, intercept)?;
        if rows {
            return Ok((PendingBound::Row(sign * row_count(&offset, amount, binder)?), None));
        }
        let range_ms = match &offset {
            Expression::Literal { value: Value::IntervalDayTime(millis), .. } => Some(-sign * millis),
            _ => None,
        };
        Ok((value_bound(offset, sign, order, amount)?, range_ms))
    };
    let (start, range_ms) = bound(&frame.start)?;
    let end = match &frame.end {
        Some(end) => bound(end)?.0,
        None if rows => PendingBound::Row(0),
        None => PendingBound::Peers,
    };
    check_order(&start, &end, frame)?;
    let has_current_row = has_current_row(frame, &start, &end);
    Ok(PendingFrame { start, end, range_ms, has_current_row })
}

fn row_count(offset: &Expression, syntax: &ast::Expression, binder: &ExpressionBinder<'_>) -> Result<i64> {
    let session = Session {
        time_zone: binder.time_zone.to_string(),
        batch_mode: false,
        query_start_ms: 0,
        seeds: flott_evaluation::Seeds::default(),
    };
    match flott_evaluation::evaluator::evaluate_constant(offset, &session) {
        Ok(Value::Int(count)) => Ok(i64::from(count)),
        Ok(Value::BigInt(count)) => Ok(count),
        _ => Err(SqlError::at(syntax.span, "a bound of ROWS is a constant number of rows")),
    }
}

/// The order's value so far before or after that of the current row, in the direction of the order.
fn value_bound(
    offset: Expression,
    sign: i64,
    order: &[(Expression, bool)],
    syntax: &ast::Expression,
) -> Result<PendingBound> {
    let [(order, descending)] = order else {
        return Err(SqlError::at(syntax.span, "a bound of RANGE needs ORDER BY of exactly one column"));
    };
    let operator = if (sign > 0) == *descending { "-" } else { "+" };
    let bound = resolved(operator, vec![order.clone(), offset], syntax.span)?;
    let types = [order.data_type().clone(), bound.data_type().clone()];
    let Some(common) = common_type(&types) else {
        let message = format!("a bound of type {} for an order by {}", types[1], types[0]);
        return Err(SqlError::at(syntax.span, message));
    };
    Ok(PendingBound::Value { order: Box::new(cast(order.clone(), &common)), bound: Box::new(cast(bound, &common)) })
}

fn check_order(start: &PendingBound, end: &PendingBound, frame: &WindowFrame) -> Result<()> {
    let wrong = match (start, end) {
        (PendingBound::UnboundedFollowing, _) => {
            Some("UNBOUNDED FOLLOWING cannot be specified for the lower frame boundary")
        }
        (_, PendingBound::UnboundedPreceding) => {
            Some("UNBOUNDED PRECEDING cannot be specified for the upper frame boundary")
        }
        (PendingBound::Peers, _) if matches!(frame.end, Some(WindowFrameBound::Preceding(_))) => {
            Some("Upper frame boundary cannot be PRECEDING when lower boundary is CURRENT ROW")
        }
        _ => None,
    };
    match wrong {
        Some(message) => Err(SqlError::at(frame.span, message)),
        None => Ok(()),
    }
}

fn has_current_row(frame: &WindowFrame, start: &PendingBound, end: &PendingBound) -> bool {
    let before = match start {
        PendingBound::Row(offset) => *offset <= 0,
        PendingBound::Value { .. } => matches!(frame.start, WindowFrameBound::Preceding(_)),
        _ => true,
    };
    let after = match end {
        PendingBound::Row(offset) => *offset >= 0,
        PendingBound::Value { .. } => matches!(frame.end, Some(WindowFrameBound::Following(_))),
        _ => true,
    };
    before && after
}
