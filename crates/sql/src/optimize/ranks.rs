//! Top-N and deduplication: a filter on ROW_NUMBER, RANK or DENSE_RANK right above its OVER.

use flott_expression::Expression;
use flott_job::over::OverCall;
use flott_job::spec::RankKind;
use flott_record::{TypeKind, Value};

use super::rewrite_inputs;
use crate::bind::select::{filtered, projected};
use crate::relation::{OverWindow, Relation, RelationKind, RelationRef, TimeAttribute};

/// The relation with Top-N and deduplication recognised.
pub(super) fn recognise(relation: RelationRef) -> RelationRef {
    let relation = rewrite_inputs(&relation, &mut recognise);
    let RelationKind::Filter { input, condition } = &relation.kind else { return relation };
    let RelationKind::Over { input: ranked, window, calls } = &input.kind else { return relation };
    let [OverCall::Rank(kind)] = calls.as_slice() else { return relation };
    let rank_column = ranked.columns.len();
    let (mut start, mut end, mut rest) = (1, None, Vec::new());
    for conjunct in condition.clone().conjuncts() {
        match bound(&conjunct, rank_column) {
            Some(Bound::Least(least)) => start = start.max(least),
            Some(Bound::Most(most)) => end = Some(end.map_or(most, |known: i64| known.min(most))),
            Some(Bound::Exactly(exact)) => {
                start = start.max(exact);
                end = Some(end.map_or(exact, |known: i64| known.min(exact)));
            }
            None => rest.push(conjunct),
        }
    }
    let Some(end) = end.filter(|end| *end >= start) else { return relation };
    let top = match deduplicate(ranked, window, *kind, start, end) {
        Some(deduplicated) => deduplicated,
        None => top(&relation, ranked, window, *kind, (start, end)),
    };
    match Expression::conjunction(rest) {
        Some(condition) => filtered(top, condition),
        None => top,
    }
}

/// A Top-N; where ROW_NUMBER can be but one number, it is a constant above the Top-N.
fn top(filter: &Relation, input: &RelationRef, window: &OverWindow, kind: RankKind, range: (i64, i64)) -> RelationRef {
    let (start, end) = range;
    let is_constant = kind == RankKind::RowNumber && start == end;
    let rank = RelationKind::Rank {
        input: input.clone(),
        kind,
        partition: window.partition.clone(),
        order: window.order.clone(),
        start,
        end,
        output_rank: !is_constant,
    };
    if is_constant {
        with_number(Relation::new(rank, input.columns.clone()), start)
    } else {
        Relation::new(rank, filter.columns.clone())
    }
}

/// The relation with a constant row number behind its columns.
fn with_number(relation: RelationRef, number: i64) -> RelationRef {
    let mut expressions = relation.identity();
    expressions.push(Expression::literal(Value::BigInt(number), TypeKind::BigInt.not_null()));
    let mut names: Vec<String> = relation.columns.iter().map(|column| column.name.clone()).collect();
    names.push("w0$o0".to_string());
    projected(relation, expressions, names)
}

enum Bound {
    Least(i64),
    Most(i64),
    Exactly(i64),
}

fn bound(conjunct: &Expression, rank_column: usize) -> Option<Bound> {
    let Expression::Call { function, arguments, .. } = conjunct else { return None };
    let [left, right] = arguments.as_slice() else { return None };
    let (function, limit) = if is_column(left, rank_column) {
        (function.as_str(), constant(right)?)
    } else if is_column(right, rank_column) {
        let mirrored = match function.as_str() {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            other => other,
        };
        (mirrored, constant(left)?)
    } else {
        return None;
    };
    match function {
        "<" => Some(Bound::Most(limit - 1)),
        "<=" => Some(Bound::Most(limit)),
        ">" => Some(Bound::Least(limit + 1)),
        ">=" => Some(Bound::Least(limit)),
        "=" => Some(Bound::Exactly(limit)),
        _ => None,
    }
}

fn is_column(expression: &Expression, wanted: usize) -> bool {
    match expression {
        Expression::Column { index, .. } => *index == wanted,
        Expression::Cast { input, .. } => is_column(input, wanted),
        _ => false,
    }
}

fn constant(expression: &Expression) -> Option<i64> {
    match expression {
        Expression::Literal { value: Value::Int(value), .. } => Some(i64::from(*value)),
        Expression::Literal { value: Value::BigInt(value), .. } => Some(*value),
        Expression::Cast { input, .. } => constant(input),
        _ => None,
    }
}

/// ROW_NUMBER = 1 by a single time attribute; the rank column is the constant 1.
fn deduplicate(input: &RelationRef, window: &OverWindow, kind: RankKind, start: i64, end: i64) -> Option<RelationRef> {
    let [order] = window.order.as_slice() else { return None };
    let time = input.columns[order.column].time?;
    if kind != RankKind::RowNumber || (start, end) != (1, 1) || window.partition.is_empty() {
        return None;
    }
    let keep_last = order.descending;
    let mut columns = input.columns.clone();
    if keep_last || time == TimeAttribute::Rowtime {
        columns.iter_mut().for_each(|column| column.time = column.time.filter(|_| !keep_last));
    }
    let kind = RelationKind::Deduplicate {
        input: input.clone(),
        keys: window.partition.clone(),
        order: order.column,
        keep_last,
    };
    Some(with_number(Relation::new(kind, columns), 1))
}
