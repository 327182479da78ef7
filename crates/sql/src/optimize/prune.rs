//! Columns that nothing reads go away as early as possible: what an exchange does not carry and state does not hold costs nothing.

use std::collections::BTreeSet;

use flott_expression::{AggregateCall, Expression};
use flott_job::over::OverCall;
use flott_job::pattern::MatchSpec;
use flott_job::spec::{JoinKind, SortColumn};
use flott_job::window::WindowTime;

use crate::relation::{Column, OverWindow, Relation, RelationKind, RelationRef};

type Columns = BTreeSet<usize>;

/// The relation with the same columns, computed from as few as possible.
pub(super) fn prune(relation: RelationRef) -> RelationRef {
    let all: Columns = (0..relation.columns.len()).collect();
    let (pruned, kept) = needed(&relation, &all);
    restore(pruned, &kept, &relation)
}

/// The pruned relation under exactly the columns of the original.
fn restore(pruned: RelationRef, kept: &[usize], original: &Relation) -> RelationRef {
    if kept.iter().copied().eq(0..original.columns.len()) {
        return pruned;
    }
    let place = |column: usize| kept.iter().position(|kept| *kept == column).unwrap_or(0);
    let expressions = (0..original.columns.len())
        .map(|column| Expression::column(place(column), original.columns[column].data_type.clone()))
        .collect();
    Relation::new(RelationKind::Project { input: pruned, expressions }, original.columns.clone())
}

/// A relation with at least the wanted columns, and which of the original ones it has, in order.
fn needed(relation: &RelationRef, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    match &relation.kind {
        RelationKind::Scan { table, projection } => {
            let kept: Vec<usize> = wanted.iter().copied().collect();
            let projection = kept.iter().map(|column| projection[*column]).collect();
            let columns = select(&relation.columns, &kept);
            (Relation::new(RelationKind::Scan { table: table.clone(), projection }, columns), kept)
        }
        RelationKind::Project { input, expressions } => project(relation, input, expressions, wanted),
        RelationKind::Filter { input, condition } => {
            let mut below = wanted.clone();
            condition.visit_columns(&mut |column| {
                below.insert(column);
            });
            let (input, kept) = needed(input, &below);
            let condition = remap(condition, &kept);
            let columns = select(&relation.columns, &kept);
            narrow(Relation::new(RelationKind::Filter { input, condition }, columns), kept, wanted)
        }
        RelationKind::Watermark { input, rowtime, expression, table } => {
            let mut below = wanted.clone();
            below.insert(*rowtime);
            expression.visit_columns(&mut |column| {
                below.insert(column);
            });
            let (input, kept) = needed(input, &below);
            let kind = RelationKind::Watermark {
                input,
                rowtime: place(&kept, *rowtime),
                expression: remap(expression, &kept),
                table: table.clone(),
            };
            let columns = select(&relation.columns, &kept);
            (Relation::new(kind, columns), kept)
        }
        RelationKind::Aggregate { input, keys, calls } => aggregate(relation, input, keys, calls, wanted),
        RelationKind::WindowAggregate { .. } => window_aggregate(relation, wanted),
        RelationKind::Window { .. } => window(relation, wanted),
        RelationKind::Join { .. } => join(relation, wanted),
        RelationKind::WindowJoin { .. } => window_join(relation, wanted),
        RelationKind::Hinted { input, state_ttl_ms } => {
            let (input, kept) = needed(input, wanted);
            let columns = select(&relation.columns, &kept);
            (Relation::new(RelationKind::Hinted { input, state_ttl_ms: *state_ttl_ms }, columns), kept)
        }
        RelationKind::TemporalJoin { .. } => temporal_join(relation, wanted),
        RelationKind::LookupJoin { .. } => lookup_join(relation, wanted),
        RelationKind::Over { input, window, calls } => over(relation, input, window, calls, wanted),
        RelationKind::Rank { .. } => rank(relation, wanted),
        RelationKind::Unnest { .. } => unnest(relation, wanted),
        RelationKind::Match { input, spec } => matched(relation, input, spec, wanted),
        RelationKind::Sort { .. } => sort(relation, wanted),
        // Rows as a whole are compared, kept or constant here.
        RelationKind::Values { .. }
        | RelationKind::Union { .. }
        | RelationKind::Deduplicate { .. }
        | RelationKind::Expand { .. }
        | RelationKind::ToChangelog { .. }
        | RelationKind::FromChangelog { .. }
        | RelationKind::Normalize { .. } => {
            let inputs = relation.inputs().into_iter().map(|input| prune(input.clone())).collect();
            (relation.with_inputs(inputs), (0..relation.columns.len()).collect())
        }
    }
}

fn sort(relation: &RelationRef, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    let RelationKind::Sort { input, order, offset, fetch } = &relation.kind else {
        return (relation.clone(), (0..relation.columns.len()).collect());
    };
    let mut below = wanted.clone();
    below.extend(order.iter().map(|sort| sort.column));
    let (input, kept) = needed(input, &below);
    let order = sort_columns(order, &kept);
    let columns = select(&relation.columns, &kept);
    (Relation::new(RelationKind::Sort { input, order, offset: *offset, fetch: *fetch }, columns), kept)
}

fn matched(relation: &Relation, input: &RelationRef, spec: &MatchSpec, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    let (spec, kept) = super::prune_match::wanted_measures(relation, spec, wanted);
    let (input, available) = needed(input, &spec.columns());
    let kind = super::prune_match::over(input, &spec, &available);
    (Relation::new(kind, select(&relation.columns, &kept)), kept)
}

/// Drops columns that only the operation itself needed.
fn narrow(relation: RelationRef, kept: Vec<usize>, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    if kept.iter().all(|column| wanted.contains(column)) {
        return (relation, kept);
    }
    let places: Vec<usize> = (0..kept.len()).filter(|place| wanted.contains(&kept[*place])).collect();
    let expressions =
        places.iter().map(|place| Expression::column(*place, relation.columns[*place].data_type.clone())).collect();
    let columns = select(&relation.columns, &places);
    let kept = places.iter().map(|place| kept[*place]).collect();
    (Relation::new(RelationKind::Project { input: relation, expressions }, columns), kept)
}

fn select(columns: &[Column], kept: &[usize]) -> Vec<Column> {
    kept.iter().map(|column| columns[*column].clone()).collect()
}

fn place(kept: &[usize], column: usize) -> usize {
    kept.iter().position(|candidate| *candidate == column).unwrap_or(0)
}

fn places(kept: &[usize], columns: &[usize]) -> Vec<usize> {
    columns.iter().map(|column| place(kept, *column)).collect()
}

fn remap(expression: &Expression, kept: &[usize]) -> Expression {
    expression.clone().remap_columns(&|column| place(kept, column))
}

fn sort_columns(order: &[SortColumn], kept: &[usize]) -> Vec<SortColumn> {
    order.iter().map(|sort| SortColumn { column: place(kept, sort.column), ..*sort }).collect()
}

fn remap_call(call: &AggregateCall, kept: &[usize]) -> AggregateCall {
    AggregateCall {
        arguments: places(kept, &call.arguments),
        filter: call.filter.map(|filter| place(kept, filter)),
        ..call.clone()
    }
}

fn call_columns(calls: &[AggregateCall]) -> impl Iterator<Item = usize> {
    calls.iter().flat_map(|call| call.arguments.iter().copied().chain(call.filter))
}

fn project(
    relation: &Relation,
    input: &RelationRef,
    expressions: &[Expression],
    wanted: &Columns,
) -> (RelationRef, Vec<usize>) {
    let kept: Vec<usize> = wanted.iter().copied().collect();
    let mut below = Columns::new();
    for column in &kept {
        expressions[*column].visit_columns(&mut |position| {
            below.insert(position);
        });
    }
    let (input, available) = needed(input, &below);
    let expressions = kept.iter().map(|column| remap(&expressions[*column], &available)).collect();
    let columns = select(&relation.columns, &kept);
    (Relation::new(RelationKind::Project { input, expressions }, columns), kept)
}

/// Keys stay: they decide what a group is. Calls that nothing reads go.
fn aggregate(
    relation: &Relation,
    input: &RelationRef,
    keys: &[usize],
    calls: &[AggregateCall],
    wanted: &Columns,
) -> (RelationRef, Vec<usize>) {
    let mut kept: Vec<usize> = (0..keys.len()).collect();
    kept.extend((keys.len()..relation.columns.len()).filter(|column| wanted.contains(column)));
    let used: Vec<AggregateCall> = kept[keys.len()..].iter().map(|column| calls[column - keys.len()].clone()).collect();
    let below: Columns = keys.iter().copied().chain(call_columns(&used)).collect();
    let (input, available) = needed(input, &below);
    let calls = used.iter().map(|call| remap_call(call, &available)).collect();
    let kind = RelationKind::Aggregate { input, keys: places(&available, keys), calls };
    (Relation::new(kind, select(&relation.columns, &kept)), kept)
}

fn window_aggregate(relation: &RelationRef, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    let RelationKind::WindowAggregate { input, kind, time, keys, calls } = &relation.kind else {
        return (relation.clone(), (0..relation.columns.len()).collect());
    };
    let first_call = keys.len();
    let first_property = first_call + calls.len();
    let mut kept: Vec<usize> = (0..first_call).collect();
    kept.extend((first_call..first_property).filter(|column| wanted.contains(column)));
    let used: Vec<AggregateCall> = kept[first_call..].iter().map(|column| calls[column - first_call].clone()).collect();
    kept.extend(first_property..relation.columns.len());
    let mut below: Columns = keys.iter().copied().chain(call_columns(&used)).collect();
    below.extend(time_columns(time));
    let (input, available) = needed(input, &below);
    let calls = used.iter().map(|call| remap_call(call, &available)).collect();
    let kind = RelationKind::WindowAggregate {
        input,
        kind: *kind,
        time: remap_time(time, &available),
        keys: places(&available, keys),
        calls,
    };
    (Relation::new(kind, select(&relation.columns, &kept)), kept)
}

fn time_columns(time: &WindowTime) -> Vec<usize> {
    match time {
        WindowTime::Rowtime { column, .. } => vec![*column],
        WindowTime::Proctime => Vec::new(),
        WindowTime::Attached { start, end, .. } => vec![*start, *end],
    }
}

fn remap_time(time: &WindowTime, kept: &[usize]) -> WindowTime {
    match *time {
        WindowTime::Rowtime { column, local } => WindowTime::Rowtime { column: place(kept, column), local },
        WindowTime::Proctime => WindowTime::Proctime,
        WindowTime::Attached { start, end, rowtime, local } => {
            WindowTime::Attached { start: place(kept, start), end: place(kept, end), rowtime, local }
        }
    }
}

fn window(relation: &RelationRef, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    let RelationKind::Window { input, kind, time, partition } = &relation.kind else {
        return (relation.clone(), (0..relation.columns.len()).collect());
    };
    let width = input.columns.len();
    let mut below: Columns = wanted.iter().copied().filter(|column| *column < width).collect();
    below.extend(time_columns(time));
    below.extend(partition);
    let (input, mut kept) = needed(input, &below);
    let kind =
        RelationKind::Window { input, kind: *kind, time: remap_time(time, &kept), partition: places(&kept, partition) };
    kept.extend(width..width + 3);
    (Relation::new(kind, select(&relation.columns, &kept)), kept)
}

/// What a join's sides keep, and the condition over that.
struct Sides {
    left: RelationRef,
    right: RelationRef,
    left_kept: Vec<usize>,
    right_kept: Vec<usize>,
    condition: Expression,
}

fn join_sides(
    left: &RelationRef,
    right: &RelationRef,
    condition: &Expression,
    wanted: &Columns,
    extra: (&[usize], &[usize]),
) -> Sides {
    let width = left.columns.len();
    let mut all = wanted.clone();
    condition.visit_columns(&mut |column| {
        all.insert(column);
    });
    let mut of_left: Columns = all.iter().copied().filter(|column| *column < width).collect();
    let mut of_right: Columns = all.iter().copied().filter_map(|column| column.checked_sub(width)).collect();
    of_left.extend(extra.0);
    of_right.extend(extra.1);
    let (new_left, left_kept) = needed(left, &of_left);
    let (new_right, right_kept) = needed(right, &of_right);
    let condition = condition.clone().remap_columns(&|column| match column.checked_sub(width) {
        Some(right) => left_kept.len() + place(&right_kept, right),
        None => place(&left_kept, column),
    });
    Sides { left: new_left, right: new_right, left_kept, right_kept, condition }
}

fn joined_columns(sides: &Sides, kind: JoinKind, width: usize) -> Vec<usize> {
    let mut kept = sides.left_kept.clone();
    if !matches!(kind, JoinKind::Semi | JoinKind::Anti) {
        kept.extend(sides.right_kept.iter().map(|column| width + column));
    }
    kept
}

fn join(relation: &RelationRef, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    let RelationKind::Join { left, right, kind, condition } = &relation.kind else {
        return (relation.clone(), (0..relation.columns.len()).collect());
    };
    let sides = join_sides(left, right, condition, wanted, (&[], &[]));
    let kept = joined_columns(&sides, *kind, left.columns.len());
    let columns = select(&relation.columns, &kept);
    let Sides { left, right, condition, .. } = sides;
    narrow(Relation::new(RelationKind::Join { left, right, kind: *kind, condition }, columns), kept, wanted)
}

fn window_join(relation: &RelationRef, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    let RelationKind::WindowJoin { left, right, kind, condition, left_window, right_window } = &relation.kind else {
        return (relation.clone(), (0..relation.columns.len()).collect());
    };
    let extra = ([left_window.0, left_window.1], [right_window.0, right_window.1]);
    let sides = join_sides(left, right, condition, wanted, (&extra.0, &extra.1));
    let kept = joined_columns(&sides, *kind, left.columns.len());
    let columns = select(&relation.columns, &kept);
    let left_window = (place(&sides.left_kept, left_window.0), place(&sides.left_kept, left_window.1));
    let right_window = (place(&sides.right_kept, right_window.0), place(&sides.right_kept, right_window.1));
    let Sides { left, right, condition, .. } = sides;
    let kind = RelationKind::WindowJoin { left, right, kind: *kind, condition, left_window, right_window };
    narrow(Relation::new(kind, columns), kept, wanted)
}

fn temporal_join(relation: &RelationRef, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    let RelationKind::TemporalJoin { left, right, kind, condition, left_time, right_time } = &relation.kind else {
        return (relation.clone(), (0..relation.columns.len()).collect());
    };
    let sides = join_sides(left, right, condition, wanted, (&[*left_time], &[*right_time]));
    let kept = joined_columns(&sides, *kind, left.columns.len());
    let columns = select(&relation.columns, &kept);
    let (left_time, right_time) = (place(&sides.left_kept, *left_time), place(&sides.right_kept, *right_time));
    let Sides { left, right, condition, .. } = sides;
    let kind = RelationKind::TemporalJoin { left, right, kind: *kind, condition, left_time, right_time };
    narrow(Relation::new(kind, columns), kept, wanted)
}

fn lookup_join(relation: &RelationRef, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    let RelationKind::LookupJoin { left, right, kind, condition, retry } = &relation.kind else {
        return (relation.clone(), (0..relation.columns.len()).collect());
    };
    let sides = join_sides(left, right, condition, wanted, (&[], &[]));
    let kept = joined_columns(&sides, *kind, left.columns.len());
    let columns = select(&relation.columns, &kept);
    let Sides { left, right, condition, .. } = sides;
    let kind = RelationKind::LookupJoin { left, right, kind: *kind, condition, retry: *retry };
    narrow(Relation::new(kind, columns), kept, wanted)
}

fn over(
    relation: &Relation,
    input: &RelationRef,
    window: &OverWindow,
    calls: &[OverCall],
    wanted: &Columns,
) -> (RelationRef, Vec<usize>) {
    let width = input.columns.len();
    let mut below: Columns = wanted.iter().copied().filter(|column| *column < width).collect();
    below.extend(window.columns());
    below.extend(calls.iter().flat_map(OverCall::columns));
    let (input, mut kept) = needed(input, &below);
    let remapped = window.with_columns(|column| place(&kept, column));
    let calls = calls.iter().map(|call| call.with_columns(|column| place(&kept, column))).collect();
    kept.extend(width..relation.columns.len());
    let kind = RelationKind::Over { input, window: remapped, calls };
    narrow(Relation::new(kind, select(&relation.columns, &kept)), kept, wanted)
}

fn rank(relation: &RelationRef, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    let RelationKind::Rank { input, kind, partition, order, start, end, output_rank } = &relation.kind else {
        return (relation.clone(), (0..relation.columns.len()).collect());
    };
    let width = input.columns.len();
    let mut below: Columns = wanted.iter().copied().filter(|column| *column < width).collect();
    below.extend(partition);
    below.extend(order.iter().map(|sort| sort.column));
    if let Some(window) = crate::window::window_columns(input) {
        below.extend([window.start, window.end].into_iter().flatten());
    }
    let (input, mut kept) = needed(input, &below);
    let output_rank = *output_rank && wanted.contains(&width);
    let kind = RelationKind::Rank {
        input,
        kind: *kind,
        partition: places(&kept, partition),
        order: sort_columns(order, &kept),
        start: *start,
        end: *end,
        output_rank,
    };
    if output_rank {
        kept.push(width);
    }
    narrow(Relation::new(kind, select(&relation.columns, &kept)), kept, wanted)
}

fn unnest(relation: &RelationRef, wanted: &Columns) -> (RelationRef, Vec<usize>) {
    let RelationKind::Unnest { input, collection, flatten, ordinality, outer } = &relation.kind else {
        return (relation.clone(), (0..relation.columns.len()).collect());
    };
    let width = input.columns.len();
    let mut below: Columns = wanted.iter().copied().filter(|column| *column < width).collect();
    collection.visit_columns(&mut |column| {
        below.insert(column);
    });
    let (input, mut kept) = needed(input, &below);
    let kind = RelationKind::Unnest {
        input,
        collection: remap(collection, &kept),
        flatten: *flatten,
        ordinality: *ordinality,
        outer: *outer,
    };
    kept.extend(width..relation.columns.len());
    narrow(Relation::new(kind, select(&relation.columns, &kept)), kept, wanted)
}
