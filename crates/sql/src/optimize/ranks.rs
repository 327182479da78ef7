//! Top-N and deduplication: a filter on ROW_NUMBER, RANK or DENSE_RANK right above its OVER.

use flott_expression::Expression;
use flott_job::spec::RankKind;
use flott_record::Value;

use super::rewrite_inputs;
use crate::bind::select::{filtered, projected};
use crate::relation::{OverCall, OverWindow, Relation, RelationKind, RelationRef, TimeAttribute};

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
        None => {
            let kind = RelationKind::Rank {
                input: ranked.clone(),
                kind: *kind,
                partition: window.partition.clone(),
                order: window.order.clone(),
                start,
                end,
                output_rank: true,
            };
            Relation::new(kind, relation.columns.clone())
        }
    };
    match Expression::conjunction(rest) {
        Some(condition) => filtered(top, condition),
        None => top,
    }
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
    let deduplicated = Relation::new(kind, columns);
    let mut expressions = deduplicated.identity();
    let bigint = flott_record::TypeKind::BigInt.not_null();
    expressions.push(Expression::literal(Value::BigInt(1), bigint));
    let mut names: Vec<String> = deduplicated.columns.iter().map(|column| column.name.clone()).collect();
    names.push("w0$o0".to_string());
    Some(projected(deduplicated, expressions, names))
}
