//! Window aggregations and window joins: recognised by the window columns among group keys and join conditions.

use flott_expression::Expression;
use flott_job::window::{WindowKind, WindowTime};

use super::filters::substitute;
use super::rewrite_inputs;
use crate::bind::query::always_true;
use crate::bind::select::projected;
use crate::relation::{Relation, RelationKind, RelationRef};
use crate::window::{WindowColumns, window_columns};

/// The relation with window aggregations and window joins recognised.
pub(super) fn recognise(relation: RelationRef, batch_mode: bool) -> RelationRef {
    let relation = rewrite_inputs(&relation, &mut |input| recognise(input, batch_mode));
    match &relation.kind {
        RelationKind::Aggregate { .. } => window_aggregate(&relation).unwrap_or(relation),
        RelationKind::Join { .. } if !batch_mode => window_join(&relation).unwrap_or(relation),
        _ => relation,
    }
}

fn window_aggregate(relation: &RelationRef) -> Option<RelationRef> {
    let RelationKind::Aggregate { input, keys, calls } = &relation.kind else { return None };
    let window = window_columns(input)?;
    let (start, end) = (window.start?, window.end?);
    if !keys.contains(&start) || !keys.contains(&end) {
        return None;
    }
    let own: Vec<usize> = keys.iter().copied().filter(|key| !window.contains(*key)).collect();
    if matches!(window.kind, WindowKind::Session { .. }) && !sessions_are_of(input, &own) {
        return None;
    }
    let attached = || {
        // Sessions that bring their bounds are groups like others: they come whole, and never again.
        let time = WindowTime::Attached { start, end, rowtime: window.rowtime, local: window.local };
        let is_session = matches!(window.kind, WindowKind::Session { .. });
        (!is_session).then(|| (input.clone(), time, own.clone(), calls.clone()))
    };
    let (source, time, keys_in_source, calls_in_source) = fused(input, &window, &own, calls).or_else(attached)?;
    let mut columns: Vec<_> = own.iter().map(|key| input.columns[*key].clone().with_time(None)).collect();
    columns.extend(relation.columns[keys.len()..].iter().cloned());
    let first_property = columns.len();
    let time_column = time_column(relation, input, keys, &window);
    columns.push(input.columns[start].clone());
    columns.push(input.columns[end].clone());
    columns.push(time_column);
    let kind = RelationKind::WindowAggregate {
        input: source,
        kind: window.kind,
        time,
        keys: keys_in_source,
        calls: calls_in_source,
    };
    let aggregate = Relation::new(kind, columns);
    let position = |key: &usize| {
        if *key == start {
            first_property
        } else if *key == end {
            first_property + 1
        } else if Some(*key) == window.time {
            first_property + 2
        } else {
            own.iter().position(|candidate| candidate == key).unwrap_or(0)
        }
    };
    let call_positions = (0..calls.len()).map(|call| own.len() + call);
    let positions = keys.iter().map(position).chain(call_positions);
    let expressions: Vec<Expression> =
        positions.map(|position| Expression::column(position, aggregate.columns[position].data_type.clone())).collect();
    let names = relation.columns.iter().map(|column| column.name.clone()).collect();
    Some(projected(aggregate, expressions, names))
}

/// Whether the sessions below are those of these keys: then, and only then, is grouping by key and session an aggregation per session.
fn sessions_are_of(input: &Relation, keys: &[usize]) -> bool {
    match &input.kind {
        RelationKind::Window { partition, .. } => {
            keys.iter().all(|key| partition.contains(key)) && partition.iter().all(|key| keys.contains(key))
        }
        RelationKind::Filter { input, .. } => sessions_are_of(input, keys),
        RelationKind::Project { input, expressions } => {
            let below: Option<Vec<usize>> = keys
                .iter()
                .map(|key| match &expressions[*key] {
                    Expression::Column { index, .. } => Some(*index),
                    _ => None,
                })
                .collect();
            below.is_some_and(|below| sessions_are_of(input, &below))
        }
        _ => false,
    }
}

/// window_time of the output: that of the group key, else made after the window's own.
fn time_column(
    relation: &RelationRef,
    input: &RelationRef,
    keys: &[usize],
    window: &WindowColumns,
) -> crate::relation::Column {
    use crate::relation::{Column, TimeAttribute};
    let grouped = window.time.and_then(|time| keys.iter().position(|key| *key == time));
    match (grouped, window.time) {
        (Some(position), _) => relation.columns[position].clone(),
        (None, Some(time)) => input.columns[time].clone(),
        (None, None) => {
            let attribute = if window.rowtime { TimeAttribute::Rowtime } else { TimeAttribute::Proctime };
            let kind = if window.rowtime {
                flott_record::TypeKind::Timestamp(3)
            } else {
                flott_record::TypeKind::TimestampLtz(3)
            };
            Column::new("window_time", kind.not_null()).with_time(Some(attribute))
        }
    }
}

type Fused = (RelationRef, WindowTime, Vec<usize>, Vec<flott_expression::AggregateCall>);

/// The aggregation right over the rows that the window function assigns, if only projections of other columns lie between.
fn fused(
    input: &RelationRef,
    window: &WindowColumns,
    keys: &[usize],
    calls: &[flott_expression::AggregateCall],
) -> Option<Fused> {
    // Windows that are no whole number of slides have no slices of which all end with a window.
    if matches!(window.kind, WindowKind::Hop { slide_ms, size_ms, .. } if size_ms % slide_ms != 0) {
        return None;
    }
    match &input.kind {
        RelationKind::Window { input: rows, time, .. } => {
            let width = rows.columns.len();
            let within = |position: usize| position < width;
            let fits = keys.iter().all(|key| within(*key)) && calls.iter().all(|call| uses(call).all(within));
            fits.then(|| (rows.clone(), *time, keys.to_vec(), calls.to_vec()))
        }
        RelationKind::Project { input: below, expressions } => {
            let RelationKind::Window { input: rows, time, .. } = &below.kind else { return None };
            let width = rows.columns.len();
            let needed = |position: usize| {
                let mut fine = true;
                expressions[position].visit_columns(&mut |column| fine &= column < width);
                fine
            };
            if !keys.iter().all(|key| needed(*key)) || !calls.iter().all(|call| uses(call).all(needed)) {
                return None;
            }
            // Window columns of the projection give way to the columns they were made of, so that positions stay.
            let time_position = match time {
                WindowTime::Rowtime { column, .. } => Some(*column),
                WindowTime::Proctime => None,
                WindowTime::Attached { .. } => return None,
            };
            let mut below_window: Vec<Expression> = Vec::with_capacity(expressions.len() + 1);
            for (position, expression) in expressions.iter().enumerate() {
                let replacement = if needed(position) { expression.clone() } else { placeholder() };
                below_window.push(substitute(replacement, &rows.identity()));
            }
            let mut time = *time;
            if let Some(column) = time_position {
                below_window.push(Expression::column(column, rows.columns[column].data_type.clone()));
                if let WindowTime::Rowtime { column, .. } = &mut time {
                    *column = below_window.len() - 1;
                }
            }
            let names = (0..below_window.len()).map(|position| {
                input.columns.get(position).map_or_else(|| "$time".to_string(), |column| column.name.clone())
            });
            let names = names.collect();
            let source = projected(rows.clone(), below_window, names);
            Some((source, time, keys.to_vec(), calls.to_vec()))
        }
        _ => None,
    }
    .filter(|_| window.start.is_some())
}

/// Stands for a window column that nothing below the window needs.
fn placeholder() -> Expression {
    Expression::literal(flott_record::Value::Null, flott_record::TypeKind::Timestamp(3).nullable())
}

fn uses(call: &flott_expression::AggregateCall) -> impl Iterator<Item = usize> {
    call.arguments.iter().copied().chain(call.filter)
}

fn window_join(relation: &RelationRef) -> Option<RelationRef> {
    let RelationKind::Join { left, right, kind, condition } = &relation.kind else { return None };
    let (left_window, right_window) = (window_columns(left)?, window_columns(right)?);
    if left_window.kind != right_window.kind {
        return None;
    }
    let width = left.columns.len();
    let starts = (left_window.start?, right_window.start?);
    let ends = (left_window.end?, right_window.end?);
    let (mut start_found, mut end_found, mut rest) = (false, false, Vec::new());
    for conjunct in condition.clone().conjuncts() {
        match equal_columns(&conjunct) {
            Some(pair) if pair == (starts.0, width + starts.1) => start_found = true,
            Some(pair) if pair == (ends.0, width + ends.1) => end_found = true,
            _ => rest.push(conjunct),
        }
    }
    if !start_found || !end_found {
        return None;
    }
    let condition = Expression::conjunction(rest).unwrap_or_else(always_true);
    let kind = RelationKind::WindowJoin {
        left: left.clone(),
        right: right.clone(),
        kind: *kind,
        condition,
        left_window: (starts.0, ends.0),
        right_window: (starts.1, ends.1),
    };
    Some(Relation::new(kind, relation.columns.clone()))
}

/// The columns of `a = b`, the smaller position first.
pub(crate) fn equal_columns(conjunct: &Expression) -> Option<(usize, usize)> {
    let Expression::Call { function, arguments, .. } = conjunct else { return None };
    match (function.as_str(), arguments.as_slice()) {
        ("=", [Expression::Column { index: a, .. }, Expression::Column { index: b, .. }]) => {
            Some((*a.min(b), *a.max(b)))
        }
        _ => None,
    }
}
