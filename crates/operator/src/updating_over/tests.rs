//! Changelogs of Flink 2.3.0, and results against their definition.

use flott_expression::{AggregateCall, AggregateFunction};
use flott_job::spec::SortColumn;
use flott_record::{Field, Schema, TypeKind, Value};
use proptest::prelude::*;

use super::*;
use crate::build::build;
use crate::harness::{Compare, Event, Lcg, Row, Script, Seen, check_cuts, check_recovery, row_texts};

fn input() -> Schema {
    Schema::new(vec![Field::new("k", TypeKind::string().nullable()), Field::new("v", TypeKind::Int.nullable())])
}

fn output() -> Schema {
    let mut fields = input().fields;
    fields.push(Field::new("s", TypeKind::Int.nullable()));
    Schema::new(fields)
}

fn spec(rows: bool) -> UpdatingOverSpec {
    let sum = AggregateCall {
        function: AggregateFunction::Sum,
        arguments: vec![1],
        argument_types: vec![TypeKind::Int.nullable()],
        distinct: false,
        filter: None,
        data_type: TypeKind::Int.nullable(),
        name: "s".to_string(),
    };
    UpdatingOverSpec {
        partition: vec![0],
        order: vec![SortColumn { column: 1, descending: false, nulls_first: true }],
        rows,
        calls: vec![sum],
        state_ttl_ms: 0,
        input: input(),
    }
}

fn row(kind: &str, key: &str, value: i32) -> Row {
    (RowKind::from_short(kind).expect("a row kind"), vec![Value::String(key.into()), Value::Int(value)])
}

fn seen(spec: &UpdatingOverSpec, rows: Vec<Row>) -> Vec<Seen> {
    let script = Script::new(vec![input()], vec![Event::rows(0, rows)]).ended();
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::UpdatingOver(spec.clone()), setup);
    let seen = check_cuts(&make, &script, &output());
    check_recovery(&make, &script, &output(), &[vec![0]], Compare::Rows);
    seen
}

#[test]
fn a_row_changes_those_behind_it_as_in_flink() {
    let rows = vec![row("+I", "a", 1), row("+I", "a", 2), row("+I", "a", 5), row("-U", "a", 2), row("+U", "a", 3)];
    let wanted = [
        "+I[a, 1, 1]",
        "+I[a, 2, 3]",
        "+I[a, 5, 8]",
        "-D[a, 2, 3]",
        "-U[a, 5, 8]",
        "+U[a, 5, 6]",
        "+U[a, 3, 4]",
        "-U[a, 5, 6]",
        "+U[a, 5, 9]",
    ];
    for by_row in [true, false] {
        assert_eq!(row_texts(&seen(&spec(by_row), rows.clone())), wanted);
    }
}

#[test]
fn peers_share_their_frame_in_a_range() {
    let rows = vec![row("+I", "a", 2), row("+I", "a", 2), row("+I", "a", 0)];
    let wanted = ["+I[a, 2, 2]", "-U[a, 2, 2]", "+U[a, 2, 4]", "+I[a, 2, 4]", "+I[a, 0, 0]"];
    assert_eq!(row_texts(&seen(&spec(false), rows.clone()))[..4], wanted[..4]);
    assert_eq!(row_texts(&seen(&spec(true), rows))[..2], ["+I[a, 2, 2]", "+I[a, 2, 4]"]);
}

#[test]
fn a_partition_expires() {
    let mut spec = spec(true);
    spec.state_ttl_ms = 10;
    let at = |now_ms, value| vec![Event::Clock(now_ms), Event::rows(0, vec![row("+I", "a", value)])];
    let script = Script::new(vec![input()], [at(0, 5), at(9, 6), at(19, 7)].concat());
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::UpdatingOver(spec.clone()), setup);
    let seen = row_texts(&check_cuts(&make, &script, &output()));
    assert_eq!(seen, ["+I[a, 5, 5]", "+I[a, 6, 11]", "+I[a, 7, 7]"]);
}

/// What is left of a changelog.
fn table(seen: &[Seen]) -> Vec<Vec<Value>> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for seen in seen {
        let Seen::Row(kind, values) = seen else { continue };
        if kind.is_addition() {
            rows.push(values.clone());
        } else {
            let at = rows.iter().position(|row| row == values).expect("what is retracted was emitted");
            rows.remove(at);
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_changelog_adds_up_to_the_sums(seed: u64, by_row: bool) {
        let mut random = Lcg(seed);
        let (mut rows, mut events): (Vec<Row>, Vec<Row>) = Default::default();
        for _ in 0..50 {
            if random.below(3) == 0 && !rows.is_empty() {
                let (_, values) = rows.remove(random.below(rows.len() as u64) as usize);
                events.push((RowKind::Delete, values));
            } else {
                let new = row("+I", ["a", "b"][random.below(2) as usize], random.below(9) as i32);
                rows.push(new.clone());
                events.push(new);
            }
        }
        let mut got: Vec<String> = table(&seen(&spec(by_row), events)).iter().map(|row| format!("{row:?}")).collect();
        rows.sort_by_key(|(_, values)| match values[1] { Value::Int(value) => value, _ => 0 });
        let mut wanted = Vec::new();
        for (at, (_, values)) in rows.iter().enumerate() {
            let in_frame = |(other, (_, theirs)): (usize, &Row)| {
                let before = if by_row { other <= at } else { value(theirs) <= value(values) };
                (theirs[0] == values[0] && before).then(|| value(theirs))
            };
            let sum: i32 = rows.iter().enumerate().filter_map(in_frame).sum();
            wanted.push(format!("{:?}", [values[0].clone(), values[1].clone(), Value::Int(sum)].to_vec()));
        }
        got.sort();
        wanted.sort();
        prop_assert_eq!(got, wanted);
    }
}

fn value(row: &[Value]) -> i32 {
    match row[1] {
        Value::Int(value) => value,
        _ => 0,
    }
}
