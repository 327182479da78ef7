//! Split distinct aggregation (`table.optimizer.distinct-agg.split.enabled`): DISTINCT calls are computed by key and bucket of their
//! argument first, so that one hot key is shared by many subtasks.
//!
//! Each row is expanded: once for each set of DISTINCT arguments, then once for the other calls. A first aggregation groups by key, bucket
//! and number of the expansion, a second one adds up, as in Flink's `SplitAggregateRule`.

use flott_expression::{AggregateCall, AggregateFunction, Expression};
use flott_record::{TypeKind, Value};

use crate::bind::select::projected;
use crate::relation::{Column, Relation, RelationKind, RelationRef};

/// Name of the column with the number of an expansion, by which the first aggregation is known.
const EXPANSION: &str = "$expansion";

/// The two aggregations of one with DISTINCT calls; `None` if it has none, is split already, or has calls that do not add up.
pub(crate) fn split(relation: &RelationRef, buckets: i32) -> Option<RelationRef> {
    let RelationKind::Aggregate { input, keys, calls } = &relation.kind else { return None };
    let is_split = input.columns.iter().any(|column| column.name == EXPANSION);
    let adds_up = calls.iter().all(|call| final_function(call.function).is_some());
    if is_split || !adds_up || !calls.iter().any(|call| call.distinct) {
        return None;
    }
    // The sets of arguments, each an expansion; the other calls have the last one.
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for call in calls.iter().filter(|call| call.distinct) {
        if !sets.contains(&call.arguments) {
            sets.push(call.arguments.clone());
        }
    }
    let expanded = expanded(input, &sets, calls.iter().any(|call| !call.distinct), buckets);
    let partial = partial(&expanded, input.columns.len(), keys, calls, &sets);
    Some(added_up(relation, partial, keys.len(), calls))
}

/// How a call's partial results are put together.
fn final_function(function: AggregateFunction) -> Option<AggregateFunction> {
    use AggregateFunction as F;
    match function {
        F::Count | F::Sum0 => Some(F::Sum0),
        F::Sum | F::Min | F::Max | F::FirstValue | F::LastValue => Some(function),
        _ => None,
    }
}

/// Each row for each expansion: its columns, the bucket (NULL for calls that are not DISTINCT), the expansion's number.
fn expanded(input: &RelationRef, sets: &[Vec<usize>], others: bool, buckets: i32) -> RelationRef {
    let int = TypeKind::Int.nullable();
    let literal = |value: i32| Expression::literal(Value::Int(value), TypeKind::Int.not_null());
    let column = |at: usize| Expression::column(at, input.columns[at].data_type.clone());
    let bucket = |set: &Vec<usize>| match set.first() {
        Some(first) if has_hash(&input.columns[*first].data_type.kind) => {
            let hash = Expression::call("HASH_CODE", vec![column(*first)], int.clone());
            Expression::call("MOD", vec![hash, literal(buckets)], int.clone())
        }
        _ => Expression::literal(Value::Null, int.clone()),
    };
    let projection = |bucket: Expression, number: usize| {
        let mut expressions = input.identity();
        expressions.extend([bucket, literal(number as i32)]);
        expressions
    };
    let mut projections: Vec<Vec<Expression>> =
        sets.iter().enumerate().map(|(number, set)| projection(bucket(set), number)).collect();
    if others {
        projections.push(projection(Expression::literal(Value::Null, int.clone()), sets.len()));
    }
    let mut columns: Vec<Column> = input.columns.iter().map(|column| column.clone().with_time(None)).collect();
    columns.extend([Column::new("$bucket", int), Column::new(EXPANSION, TypeKind::Int.not_null())]);
    Relation::new(RelationKind::Expand { input: input.clone(), projections }, columns)
}

fn has_hash(kind: &TypeKind) -> bool {
    kind.is_integer() || kind.is_character()
}

/// Results by key, bucket and expansion; each call counts the rows of its expansion only.
fn partial(
    expanded: &RelationRef,
    width: usize,
    keys: &[usize],
    calls: &[AggregateCall],
    sets: &[Vec<usize>],
) -> RelationRef {
    let number_of = |call: &AggregateCall| {
        let of_set = sets.iter().position(|set| call.distinct && *set == call.arguments);
        of_set.unwrap_or(sets.len()) as i32
    };
    let mut expressions = expanded.identity();
    let mut names: Vec<String> = expanded.columns.iter().map(|column| column.name.clone()).collect();
    let mut counted = Vec::new();
    for call in calls {
        let expansion = Expression::column(width + 1, TypeKind::Int.not_null());
        let number = Expression::literal(Value::Int(number_of(call)), TypeKind::Int.not_null());
        let mut filter = Expression::call("=", vec![expansion, number], TypeKind::Boolean.not_null());
        if let Some(own) = call.filter {
            let own = Expression::column(own, expanded.columns[own].data_type.clone());
            filter = Expression::call("AND", vec![filter, own], TypeKind::Boolean.nullable());
        }
        let position = expressions.iter().position(|known| *known == filter).unwrap_or_else(|| {
            expressions.push(filter);
            names.push(format!("$g_{}", names.len()));
            expressions.len() - 1
        });
        let nullable = call.data_type.nullable || !matches!(call.function, AggregateFunction::Count);
        let data_type = call.data_type.clone().with_nullable(nullable);
        counted.push(AggregateCall { filter: Some(position), data_type, ..call.clone() });
    }
    let filtered = projected(expanded.clone(), expressions, names);
    let all: Vec<usize> = keys.iter().copied().chain([width, width + 1]).collect();
    let mut columns: Vec<Column> = all.iter().map(|key| filtered.columns[*key].clone()).collect();
    columns.extend(counted.iter().map(|call| Column::new(&call.name, call.data_type.clone())));
    Relation::new(RelationKind::Aggregate { input: filtered, keys: all, calls: counted }, columns)
}

/// The results of each key.
fn added_up(relation: &Relation, partial: RelationRef, keys: usize, calls: &[AggregateCall]) -> RelationRef {
    let call = |(number, call): (usize, &AggregateCall)| AggregateCall {
        function: final_function(call.function).unwrap_or(call.function),
        arguments: vec![keys + 2 + number],
        argument_types: vec![partial.columns[keys + 2 + number].data_type.clone()],
        distinct: false,
        filter: None,
        data_type: call.data_type.clone(),
        name: call.name.clone(),
    };
    let calls = calls.iter().enumerate().map(call).collect();
    let kind = RelationKind::Aggregate { input: partial, keys: (0..keys).collect(), calls };
    Relation::new(kind, relation.columns.clone())
}
