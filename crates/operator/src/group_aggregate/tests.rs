//! Changelogs as Flink gives them, the same for every cut and across a restore.

use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction as F;
use flott_job::OperatorSpec;
use flott_job::spec::LocalGroupAggregateSpec;
use flott_record::{DataType, Field, RowKind, Schema, TypeKind, Value};

use super::*;
use crate::build;
use crate::harness::{Compare, Event, Lcg, Row, Script, check_cuts, check_recovery, row_texts, run};

fn long() -> DataType {
    TypeKind::BigInt.nullable()
}

/// `key STRING, value BIGINT, flag BOOLEAN`
fn input() -> Schema {
    Schema::new(vec![
        Field::new("key", TypeKind::string().nullable()),
        Field::new("value", long()),
        Field::new("flag", TypeKind::Boolean.nullable()),
    ])
}

fn call(function: F, argument: Option<usize>, data_type: DataType) -> AggregateCall {
    AggregateCall {
        function,
        arguments: argument.into_iter().collect(),
        argument_types: argument.map(|index| input().data_type(index).clone()).into_iter().collect(),
        distinct: false,
        filter: None,
        data_type,
        name: "c".to_string(),
    }
}

/// COUNT(*), SUM(value), MAX(value), COUNT(DISTINCT value) FILTER (WHERE flag)
fn calls() -> Vec<AggregateCall> {
    let mut distinct = call(F::Count, Some(1), TypeKind::BigInt.not_null());
    (distinct.distinct, distinct.filter) = (true, Some(2));
    vec![
        call(F::Count, None, TypeKind::BigInt.not_null()),
        call(F::Sum, Some(1), long()),
        call(F::Max, Some(1), long()),
        distinct,
    ]
}

fn spec(calls: Vec<AggregateCall>) -> GroupAggregateSpec {
    GroupAggregateSpec {
        keys: vec![0],
        calls,
        merges_partials: false,
        input_retracts: true,
        emit_update_before: true,
        mini_batch: None,
        state_ttl_ms: 0,
        input: input(),
    }
}

fn output(spec: &GroupAggregateSpec) -> Schema {
    let keys = spec.keys.iter().map(|key| input().fields[*key].clone());
    let calls = spec.calls.iter().map(|call| Field::new(&call.name, call.data_type.clone()));
    Schema::new(keys.chain(calls).collect())
}

fn row(kind: RowKind, key: &str, value: i64) -> Row {
    (kind, vec![Value::String(key.to_string()), Value::BigInt(value), Value::Boolean(value % 2 == 0)])
}

fn changelog(spec: &GroupAggregateSpec, script: Script) -> Vec<String> {
    let (output, spec) = (output(spec), OperatorSpec::GroupAggregate(spec.clone()));
    row_texts(&check_cuts(&|setup: &Setup| build(&spec, setup), &script, &output))
}

fn script(rows: Vec<Row>) -> Script {
    Script::new(vec![input()], vec![Event::rows(0, rows)]).ended()
}

/// Random rows; what is retracted was there before.
fn history(seed: u64, rows: usize, retract: bool) -> Vec<Row> {
    let mut random = Lcg(seed);
    let (mut live, mut all): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        if retract && !live.is_empty() && random.below(3) == 0 {
            let place = random.below(live.len() as u64) as usize;
            let mut gone = live.swap_remove(place);
            gone.0 = if random.below(2) == 0 { RowKind::Delete } else { RowKind::UpdateBefore };
            all.push(gone);
        } else {
            let new = row(RowKind::Insert, &format!("k{}", random.below(6)), random.below(9) as i64);
            live.push(new.clone());
            all.push(new);
        }
    }
    all
}

#[test]
fn one_change_set_a_row() {
    use RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};
    let rows = vec![
        row(Insert, "a", 2),
        row(Insert, "b", 1),
        row(Insert, "a", 5),
        row(Delete, "c", 9), // unknown: ignored
        row(UpdateBefore, "a", 5),
        row(UpdateAfter, "a", 7),
        row(Delete, "b", 1),
        row(Insert, "b", 4),
    ];
    let wanted = [
        "+I[a, 1, 2, 2, 1]",
        "+I[b, 1, 1, 1, 0]",
        "-U[a, 1, 2, 2, 1]",
        "+U[a, 2, 7, 5, 1]",
        "-U[a, 2, 7, 5, 1]",
        "+U[a, 1, 2, 2, 1]",
        "-U[a, 1, 2, 2, 1]",
        "+U[a, 2, 9, 7, 1]",
        "-D[b, 1, 1, 1, 0]",
        "+I[b, 1, 4, 4, 1]",
    ];
    assert_eq!(changelog(&spec(calls()), script(rows)), wanted);
}

#[test]
fn unchanged_results_are_not_emitted_unless_state_expires() {
    let rows = vec![row(RowKind::Insert, "a", 2), row(RowKind::Insert, "a", 1), row(RowKind::Insert, "a", 3)];
    let mut spec = spec(vec![call(F::Max, Some(1), long())]);
    spec.emit_update_before = false;
    assert_eq!(changelog(&spec, script(rows.clone())), ["+I[a, 2]", "+U[a, 3]"]);
    spec.state_ttl_ms = 1_000;
    assert_eq!(changelog(&spec, script(rows)), ["+I[a, 2]", "+U[a, 2]", "+U[a, 3]"]);
}

#[test]
fn a_key_that_is_not_written_for_long_begins_anew() {
    let mut spec = spec(vec![call(F::Count, None, TypeKind::BigInt.not_null())]);
    spec.state_ttl_ms = 1_000;
    let rows = |kind| Event::rows(0, vec![row(kind, "a", 1)]);
    let events = vec![
        Event::Clock(100),
        rows(RowKind::Insert),
        Event::Clock(1_000),
        rows(RowKind::Insert), // alive: written at 1000
        Event::Clock(2_000),
        rows(RowKind::Delete), // expired: ignored
        rows(RowKind::Insert),
    ];
    let seen = changelog(&spec, Script::new(vec![input()], events).ended());
    assert_eq!(seen, ["+I[a, 1]", "-U[a, 1]", "+U[a, 2]", "+I[a, 1]"]);
}

#[test]
fn select_distinct_emits_each_key_once() {
    let rows = vec![row(RowKind::Insert, "a", 1), row(RowKind::Insert, "a", 2), row(RowKind::Delete, "a", 1)];
    assert_eq!(changelog(&spec(vec![]), script(rows)), ["+I[a]"]);
}

#[test]
fn a_global_aggregate_over_nothing_is_a_row_in_batch_mode_only() {
    let mut spec = spec(calls());
    spec.keys.clear();
    assert!(changelog(&spec, script(vec![])).is_empty());
    assert_eq!(changelog(&spec, script(vec![]).in_batch_mode()), ["+I[0, null, null, 0]"]);
    let rows = vec![row(RowKind::Insert, "a", 1), row(RowKind::Insert, "b", 2)];
    assert_eq!(changelog(&spec, script(rows).in_batch_mode()), ["+I[2, 3, 2, 1]"]);
}

#[test]
fn batch_mode_emits_final_results_alone() {
    let rows = vec![row(RowKind::Insert, "a", 2), row(RowKind::Insert, "b", 1), row(RowKind::Insert, "a", 5)];
    let seen = changelog(&spec(calls()), script(rows).in_batch_mode());
    assert_eq!(seen, ["+I[a, 2, 7, 5, 1]", "+I[b, 1, 1, 1, 0]"]);
}

#[test]
fn changelogs_survive_restore_and_rescale() {
    for (seed, retract) in [(1, true), (2, true), (3, false)] {
        let mut spec = spec(calls());
        spec.input_retracts = retract;
        let script = script(history(seed, 300, retract));
        let output = output(&spec);
        let spec = OperatorSpec::GroupAggregate(spec);
        let make = |setup: &Setup| build(&spec, setup);
        check_cuts(&make, &script, &output);
        check_recovery(&make, &script, &output, &[vec![0]], Compare::Rows);
    }
}

#[test]
fn without_update_before_the_rest_is_the_same() {
    for (retract, calls) in [(false, calls()), (true, calls()), (false, calls().split_off(1))] {
        let mut spec = spec(calls);
        spec.input_retracts = retract;
        let script = script(history(4, 200, retract));
        let mut wanted = changelog(&spec, script.clone());
        wanted.retain(|row| !row.starts_with("-U"));
        spec.emit_update_before = false;
        assert_eq!(changelog(&spec, script), wanted);
    }
}

#[test]
fn a_bundle_has_one_change_set_a_key() {
    use RowKind::{Delete, Insert};
    let mut spec = spec(calls());
    spec.mini_batch = Some(MiniBatch { latency_ms: 1_000, rows_max: 4 });
    let rows = vec![
        row(Insert, "a", 2),
        row(Delete, "c", 1),
        row(Insert, "b", 1),
        row(Insert, "a", 4),
        row(Delete, "b", 1),
        row(Insert, "a", 1),
        row(Insert, "d", 1),
        row(Delete, "d", 1),
    ];
    let wanted =
        ["+I[a, 2, 6, 4, 2]", "+I[b, 1, 1, 1, 0]", "-D[b, 1, 1, 1, 0]", "-U[a, 2, 6, 4, 2]", "+U[a, 3, 7, 4, 2]"];
    let mut seen = changelog(&spec, script(rows));
    seen.sort();
    let mut wanted = wanted.map(str::to_string);
    wanted.sort();
    assert_eq!(seen, wanted);
}

#[test]
fn the_clock_ends_a_bundle() {
    let mut spec = spec(vec![call(F::Count, None, TypeKind::BigInt.not_null())]);
    spec.mini_batch = Some(MiniBatch { latency_ms: 1_000, rows_max: 1_000 });
    let rows = || Event::rows(0, vec![row(RowKind::Insert, "a", 1), row(RowKind::Insert, "a", 1)]);
    let events = vec![Event::Clock(1_500), rows(), Event::Watermark(7), rows(), Event::Clock(2_000), rows()];
    let seen = changelog(&spec, Script::new(vec![input()], events).ended());
    assert_eq!(seen, ["+I[a, 4]", "-U[a, 4]", "+U[a, 6]"]);
}

#[test]
fn bundles_survive_restore_and_rescale() {
    let mut spec = spec(calls());
    spec.mini_batch = Some(MiniBatch { latency_ms: 1_000, rows_max: 13 });
    let output = output(&spec);
    let spec = OperatorSpec::GroupAggregate(spec);
    let make = |setup: &Setup| build(&spec, setup);
    let script = script(history(5, 300, true));
    check_cuts(&make, &script, &output);
    check_recovery(&make, &script, &output, &[vec![0]], Compare::FinalTable);
}

/// The two phases together leave what one phase leaves.
#[test]
fn two_phases_are_one() {
    let mini_batch = MiniBatch { latency_ms: 0, rows_max: 16 };
    let rows = history(8, 400, true);
    let local =
        LocalGroupAggregateSpec { keys: vec![0], calls: calls(), input_retracts: true, mini_batch, input: input() };
    let partial = Schema::new(vec![
        input().fields[0].clone(),
        Field::new("partial", TypeKind::Varbinary(flott_record::data_type::LENGTH_MAX).not_null()),
    ]);
    let local_spec = OperatorSpec::LocalGroupAggregate(local);
    let make = |setup: &Setup| build(&local_spec, setup);
    let partials = check_cuts(&make, &script(rows.clone()), &partial);
    let partial_rows: Vec<Row> = partials
        .into_iter()
        .filter_map(|seen| match seen {
            crate::harness::Seen::Row(kind, values) => Some((kind, values)),
            _ => None,
        })
        .collect();
    assert!(partial_rows.len() < 300, "rows of a bundle with the same key are one");

    let mut global = spec(calls());
    (global.merges_partials, global.mini_batch) = (true, Some(mini_batch));
    global.input = partial.clone();
    let out = output(&spec(calls()));
    let global = OperatorSpec::GroupAggregate(global);
    let make = |setup: &Setup| build(&global, setup);
    let global_script = Script::new(vec![partial], vec![Event::rows(0, partial_rows)]).ended();
    let two = check_cuts(&make, &global_script, &out);
    check_recovery(&make, &global_script, &out, &[vec![0]], Compare::FinalTable);

    let one = OperatorSpec::GroupAggregate(spec(calls()));
    let one = run(&|setup: &Setup| build(&one, setup), &script(rows), &out).expect("runs");
    assert_eq!(final_table(&row_texts(&two)), final_table(&row_texts(&one.seen)));
}

/// Rows that no retraction has taken away, in order.
fn final_table(changelog: &[String]) -> Vec<String> {
    let mut rows = Vec::new();
    for text in changelog {
        let (kind, values) = text.split_at(2);
        match kind {
            "+I" | "+U" => rows.push(values.to_string()),
            _ => {
                let place = rows.iter().position(|row| row == values).expect("what is retracted is there");
                rows.remove(place);
            }
        }
    }
    rows.sort();
    rows
}
