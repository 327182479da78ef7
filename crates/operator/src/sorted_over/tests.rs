//! OVER calls in batch mode against their definition.

use arrow_array::Int64Array;
use flott_expression::AggregateFunction;
use flott_job::over::{Distance, FrameBound};
use flott_job::spec::{RankKind, SortColumn};
use flott_record::{DataType, Field, Schema, TypeKind, Value};
use proptest::prelude::*;

use super::*;
use crate::build::build;
use crate::harness::{Compare, Event, Lcg, Script, check_cuts, check_recovery, row_texts};

fn input() -> Schema {
    Schema::new(vec![
        Field::new("id", TypeKind::Int.nullable()),
        Field::new("k", TypeKind::string().nullable()),
        Field::new("v", TypeKind::Int.nullable()),
        Field::new("low", TypeKind::Int.nullable()),
        Field::new("high", TypeKind::Int.nullable()),
    ])
}

fn aggregate(function: AggregateFunction, data_type: DataType) -> OverCall {
    OverCall::Aggregate(AggregateCall {
        function,
        arguments: vec![2],
        argument_types: vec![TypeKind::Int.nullable()],
        distinct: false,
        filter: None,
        data_type,
        name: "a".to_string(),
    })
}

fn spec(start: FrameBound, end: FrameBound, calls: Vec<(OverCall, DataType)>) -> SortedOverSpec {
    let (calls, results) = calls.into_iter().unzip();
    SortedOverSpec {
        partition: vec![1],
        order: vec![SortColumn { column: 2, descending: false, nulls_first: true }],
        start,
        end,
        calls,
        results,
        input: input(),
    }
}

/// A row whose value may be NULL; its bounds are one less and one more.
fn row(id: i32, key: &str, value: Option<i32>) -> Vec<Value> {
    let cell = |value: Option<i32>| value.map_or(Value::Null, Value::Int);
    let (low, high) = (cell(value.map(|value| value - 1)), cell(value.map(|value| value + 1)));
    vec![Value::Int(id), Value::String(key.into()), cell(value), low, high]
}

/// `id result …` of each emitted row.
fn results(spec: &SortedOverSpec, rows: Vec<Vec<Value>>) -> Vec<String> {
    let script = Script::new(vec![input()], rows.chunks(9).map(|rows| Event::inserts(0, rows.to_vec())).collect());
    let script = script.ended().in_batch_mode();
    let mut fields = input().fields;
    fields.extend(spec.results.iter().map(|data_type| Field::new("r", data_type.clone())));
    let output = Schema::new(fields);
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::SortedOver(spec.clone()), setup);
    let seen = check_cuts(&make, &script, &output);
    check_recovery(&make, &script, &output, &[vec![1]], Compare::Rows);
    let short = |text: &String| {
        let cells: Vec<&str> = text[3..text.len() - 1].split(", ").collect();
        [&cells[..1], &cells[5..]].concat().join(" ")
    };
    row_texts(&seen).iter().map(short).collect()
}

fn rank(kind: RankKind) -> (OverCall, DataType) {
    (OverCall::Rank(kind), TypeKind::BigInt.not_null())
}

#[test]
fn ranks_count_peers_each_in_its_way() {
    let double = TypeKind::Double.not_null();
    let calls = vec![
        rank(RankKind::RowNumber),
        rank(RankKind::Rank),
        rank(RankKind::DenseRank),
        (OverCall::PercentRank, double.clone()),
        (OverCall::CumeDist, double),
    ];
    let spec = spec(FrameBound::UnboundedPreceding, FrameBound::Peers, calls);
    let rows =
        vec![row(1, "a", Some(7)), row(2, "a", Some(5)), row(3, "b", None), row(4, "a", Some(5)), row(5, "a", Some(9))];
    let wanted =
        ["2 1 1 1 0.0 0.5", "4 2 1 1 0.0 0.5", "1 3 3 2 0.6666666666666666 0.75", "5 4 4 3 1.0 1.0", "3 1 1 1 0.0 1.0"];
    assert_eq!(results(&spec, rows), wanted);
}

#[test]
fn lag_and_lead_stay_in_their_partition() {
    let shifted = |before, default| {
        let call = OverCall::Shifted { value: 2, distance: Distance::Rows(1), before, default };
        (call, TypeKind::Int.nullable())
    };
    let spec =
        spec(FrameBound::UnboundedPreceding, FrameBound::Peers, vec![shifted(true, None), shifted(false, Some(0))]);
    let rows = vec![row(1, "a", Some(7)), row(2, "a", Some(5)), row(3, "b", Some(1)), row(4, "a", Some(9))];
    assert_eq!(results(&spec, rows), ["2 null 7", "1 5 9", "4 7 4", "3 null 3"]);
}

#[test]
fn ntile_makes_the_first_parts_the_larger_ones() {
    let spec = spec(
        FrameBound::UnboundedPreceding,
        FrameBound::Peers,
        vec![(OverCall::Ntile { parts: 5 }, TypeKind::BigInt.not_null())],
    );
    let parts = Int64Array::from(vec![2; 5]);
    let numbers = ranks::evaluate(
        &spec.calls[0],
        &Peers::new([b"a", b"b", b"c", b"d", b"e"].map(|sort| sort.as_slice()).into_iter()),
        &[0, 1, 2, 3, 4, 5].map(|_| std::sync::Arc::new(parts.clone()) as ArrayRef),
        &spec.results[0],
    );
    let wanted: Vec<i64> = vec![1, 1, 1, 2, 2];
    assert_eq!(numbers.expect("numbers").as_ref(), &Int64Array::from(wanted));
}

/// Sum, count and maximum of each row's frame by definition.
fn wanted(rows: &[(i32, usize, Option<i32>)], spec: &SortedOverSpec) -> Vec<String> {
    let mut wanted = Vec::new();
    for key in 0..3 {
        let mut sorted: Vec<_> = rows.iter().filter(|row| row.1 == key).collect();
        sorted.sort_by_key(|row| row.2);
        for (at, (id, _, value)) in sorted.iter().enumerate() {
            let in_frame = |other: usize| {
                let (offset, theirs) = (other as i64 - at as i64, sorted[other].2);
                let after_start = match spec.start {
                    FrameBound::UnboundedPreceding => true,
                    FrameBound::Row(start) => offset >= start,
                    FrameBound::Peers => theirs >= *value,
                    FrameBound::Value { .. } => match value {
                        None => true,
                        Some(value) => theirs >= Some(value - 1),
                    },
                    FrameBound::UnboundedFollowing => false,
                };
                let before_end = match spec.end {
                    FrameBound::UnboundedFollowing => true,
                    FrameBound::Row(end) => offset <= end,
                    FrameBound::Peers => theirs <= *value,
                    FrameBound::Value { .. } => match value {
                        None => theirs.is_none(),
                        Some(value) => theirs <= Some(value + 1),
                    },
                    FrameBound::UnboundedPreceding => false,
                };
                after_start && before_end
            };
            let values: Vec<i32> =
                (0..sorted.len()).filter(|other| in_frame(*other)).filter_map(|other| sorted[other].2).collect();
            let text = |value: Option<i32>| value.map_or("null".to_string(), |value| value.to_string());
            let sum = (!values.is_empty()).then(|| values.iter().sum());
            wanted.push(format!("{id} {} {} {}", text(sum), values.len(), text(values.iter().copied().max())));
        }
    }
    wanted.sort();
    wanted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn each_row_has_the_aggregates_of_its_frame(seed: u64, start in 0usize..5, end in 0usize..5, many: bool) {
        use FrameBound::{Peers, Row, UnboundedFollowing, UnboundedPreceding, Value as OfValue};
        let start = [UnboundedPreceding, Row(-2), Row(1), Peers, OfValue { order: 2, bound: 3 }][start];
        let end = [UnboundedFollowing, Row(-1), Row(2), Peers, OfValue { order: 2, bound: 4 }][end];
        let calls = vec![
            (aggregate(AggregateFunction::Sum, TypeKind::Int.nullable()), TypeKind::Int.nullable()),
            (aggregate(AggregateFunction::Count, TypeKind::BigInt.not_null()), TypeKind::BigInt.not_null()),
            (aggregate(AggregateFunction::Max, TypeKind::Int.nullable()), TypeKind::Int.nullable()),
        ];
        let spec = spec(start, end, calls);
        let mut random = Lcg(seed);
        // Long partitions slide, short ones are accumulated anew.
        let count = if many { 250 } else { 20 };
        let rows: Vec<(i32, usize, Option<i32>)> = (0..count)
            .map(|id| (id, random.below(3) as usize, (random.below(6) > 0).then(|| random.below(9) as i32)))
            .collect();
        let given = rows.iter().map(|(id, key, value)| row(*id, ["a", "b", "c"][*key], *value)).collect();
        let mut got = results(&spec, given);
        got.sort();
        prop_assert_eq!(got, wanted(&rows, &spec));
    }
}
