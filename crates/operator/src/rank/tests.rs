//! Top-N against the changelogs of Flink and against its definition.

use flott_job::spec::SortColumn;
use flott_record::{Field, Schema, TypeKind, Value};
use proptest::prelude::*;

use super::*;
use crate::build::build;
use crate::harness::{Compare, Event, Lcg, Row, Script, Seen, check_cuts, check_recovery, row_texts, run, texts};

fn input() -> Schema {
    Schema::new(vec![
        Field::new("k", TypeKind::string().nullable()),
        Field::new("v", TypeKind::Int.nullable()),
        Field::new("id", TypeKind::Int.nullable()),
    ])
}

fn spec(strategy: RankStrategy, end: i64, output_rank: bool) -> RankSpec {
    RankSpec {
        kind: RankKind::RowNumber,
        partition: vec![0],
        order: vec![SortColumn { column: 1, descending: true, nulls_first: false }],
        start: 1,
        end,
        output_rank,
        strategy,
        emit_update_before: true,
        window_end: None,
        window_local: false,
        state_ttl_ms: 0,
        input: input(),
    }
}

fn output(spec: &RankSpec) -> Schema {
    let mut fields = input().fields;
    if spec.output_rank {
        fields.push(Field::new("rn", TypeKind::BigInt.not_null()));
    }
    Schema::new(fields)
}

fn row(kind: &str, key: &str, value: i32, id: i32) -> Row {
    let kind = RowKind::from_short(kind).expect("a row kind");
    (kind, vec![Value::String(key.into()), Value::Int(value), Value::Int(id)])
}

fn changelog(spec: &RankSpec, rows: Vec<Row>) -> Vec<String> {
    let script = Script::new(vec![input()], vec![Event::rows(0, rows)]).ended();
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::Rank(spec.clone()), setup);
    let seen = check_cuts(&make, &script, &output(spec));
    check_recovery(&make, &script, &output(spec), &[vec![0]], Compare::Rows);
    row_texts(&seen)
}

fn four() -> Vec<Row> {
    [1, 3, 2, 5].into_iter().map(|value| row("+I", "a", value, 0)).collect()
}

/// Changelogs of Flink 2.3.0 over `('a',1),('a',3),('a',2),('a',5)`, for all ways to keep rows.
#[test]
fn top_two_as_flink_emits_them() {
    for strategy in [RankStrategy::AppendFast, RankStrategy::Retract, RankStrategy::UpdateFast(vec![0, 1])] {
        let without = changelog(&spec(strategy.clone(), 2, false), four());
        let wanted = ["+I[a, 1, 0]", "+I[a, 3, 0]", "-D[a, 1, 0]", "+I[a, 2, 0]", "-D[a, 2, 0]", "+I[a, 5, 0]"];
        assert_eq!(without, wanted, "{strategy:?}");
        let with = changelog(&spec(strategy.clone(), 2, true), four());
        let wanted = [
            "+I[a, 1, 0, 1]",
            "-U[a, 1, 0, 1]",
            "+U[a, 3, 0, 1]",
            "+I[a, 1, 0, 2]",
            "-U[a, 1, 0, 2]",
            "+U[a, 2, 0, 2]",
            "-U[a, 3, 0, 1]",
            "+U[a, 5, 0, 1]",
            "-U[a, 2, 0, 2]",
            "+U[a, 3, 0, 2]",
        ];
        assert_eq!(with, wanted, "{strategy:?}");
    }
}

#[test]
fn a_retraction_lets_the_next_row_rise() {
    let rows = || {
        let mut rows = four();
        rows.extend([row("-D", "a", 5, 0), row("-D", "a", 1, 0), row("-D", "a", 3, 0)]);
        rows
    };
    let without = changelog(&spec(RankStrategy::Retract, 2, false), rows());
    assert_eq!(without[6..], ["-D[a, 5, 0]", "+I[a, 2, 0]", "-D[a, 3, 0]"]);
    let with = changelog(&spec(RankStrategy::Retract, 2, true), rows());
    let wanted = [
        "-U[a, 5, 0, 1]",
        "+U[a, 3, 0, 1]",
        "-U[a, 3, 0, 2]",
        "+U[a, 2, 0, 2]",
        "-U[a, 3, 0, 1]",
        "+U[a, 2, 0, 1]",
        "-D[a, 2, 0, 2]",
    ];
    assert_eq!(with[10..], wanted);
}

#[test]
fn an_improving_row_moves_up() {
    let rows = vec![row("+I", "a", 3, 1), row("+I", "a", 2, 2), row("+U", "a", 2, 2), row("+U", "a", 4, 2)];
    let by_id = RankStrategy::UpdateFast(vec![2]);
    let without = changelog(&spec(by_id.clone(), 5, false), rows.clone());
    let wanted = ["+I[a, 3, 1]", "+I[a, 2, 2]", "-U[a, 2, 2]", "+U[a, 2, 2]", "-U[a, 2, 2]", "+U[a, 4, 2]"];
    assert_eq!(without, wanted);
    let with = changelog(&spec(by_id, 5, true), rows);
    let wanted = ["-U[a, 3, 1, 1]", "+U[a, 4, 2, 1]", "-U[a, 2, 2, 2]", "+U[a, 3, 1, 2]"];
    assert_eq!(with[4..], wanted);
}

/// Changelogs of Flink 2.3.0: a single best row is updated in place, by a strictly better one.
#[test]
fn a_top_one_is_updated_in_place() {
    let wanted = ["+I[a, 1, 0]", "-U[a, 1, 0]", "+U[a, 3, 0]", "-U[a, 3, 0]", "+U[a, 5, 0]"];
    assert_eq!(changelog(&spec(RankStrategy::AppendFast, 1, false), four()), wanted);
    let by_id = RankStrategy::UpdateFast(vec![2]);
    let rows = vec![row("+I", "a", 1, 1), row("+I", "a", 1, 2), row("+U", "a", 2, 2), row("+U", "a", 2, 1)];
    assert_eq!(changelog(&spec(by_id, 1, false), rows), ["+I[a, 1, 1]", "-U[a, 1, 1]", "+U[a, 2, 2]"]);
    let retracting = changelog(&spec(RankStrategy::Retract, 1, false), four());
    assert_eq!(retracting[..3], ["+I[a, 1, 0]", "-D[a, 1, 0]", "+I[a, 3, 0]"]);
}

#[test]
fn an_offset_makes_each_rank_a_place() {
    let mut spec = spec(RankStrategy::AppendFast, 3, false);
    (spec.start, spec.order) = (2, vec![SortColumn { column: 1, descending: true, nulls_first: false }]);
    let wanted = [
        "+I[a, 1, 0]",
        "-U[a, 1, 0]",
        "+U[a, 2, 0]",
        "+I[a, 1, 0]",
        "-U[a, 2, 0]",
        "+U[a, 3, 0]",
        "-U[a, 1, 0]",
        "+U[a, 2, 0]",
    ];
    assert_eq!(changelog(&spec, four()), wanted);
    spec.emit_update_before = false;
    assert!(changelog(&spec, four()).iter().all(|row| !row.starts_with("-U")));
}

#[test]
fn ties_have_one_rank_in_batch_mode() {
    for (kind, wanted) in [
        (RankKind::Rank, ["+I[a, 5, 1, 1]", "+I[a, 5, 2, 1]", "+I[a, 3, 3, 3]"]),
        (RankKind::DenseRank, ["+I[a, 5, 1, 1]", "+I[a, 5, 2, 1]", "+I[a, 3, 3, 2]"]),
        (RankKind::RowNumber, ["+I[a, 5, 1, 1]", "+I[a, 5, 2, 2]", "+I[a, 3, 3, 3]"]),
    ] {
        let mut spec = spec(RankStrategy::AppendFast, 3, true);
        spec.kind = kind;
        let rows = vec![row("+I", "a", 3, 3), row("+I", "a", 5, 1), row("+I", "a", 5, 2)];
        let script = Script::new(vec![input()], vec![Event::rows(0, rows)]).ended().in_batch_mode();
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::Rank(spec.clone()), setup);
        assert_eq!(row_texts(&check_cuts(&make, &script, &output(&spec))), wanted);
        assert!(Rank::new(&spec, &script.setup(0, 1)).is_ok());
        let streaming = Script::new(vec![input()], Vec::new());
        assert_eq!(Rank::new(&spec, &streaming.setup(0, 1)).is_ok(), kind == RankKind::RowNumber);
    }
}

#[test]
fn a_partition_expires() {
    let mut spec = spec(RankStrategy::AppendFast, 1, false);
    spec.state_ttl_ms = 10;
    let at = |now_ms, value| vec![Event::Clock(now_ms), Event::rows(0, vec![row("+I", "a", value, 0)])];
    let script = Script::new(vec![input()], [at(0, 5), at(9, 4), at(19, 3)].concat());
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::Rank(spec.clone()), setup);
    let seen = row_texts(&check_cuts(&make, &script, &output(&spec)));
    assert_eq!(seen, ["+I[a, 5, 0]", "+I[a, 3, 0]"]);
}

#[test]
fn a_windows_best_rows_come_at_its_end() {
    let mut fields = input().fields;
    fields.push(Field::new("window_end", TypeKind::Timestamp(3).not_null()));
    let schema = Schema::new(fields);
    let mut spec = spec(RankStrategy::AppendFast, 2, true);
    (spec.window_end, spec.input) = (Some(3), schema.clone());
    let row = |key: &str, value, end_ms| {
        let cells = vec![Value::String(key.into()), Value::Int(value), Value::Int(0), Value::Timestamp(end_ms, 3)];
        (RowKind::Insert, cells)
    };
    let rows = vec![row("a", 1, 10), row("b", 1, 10), row("a", 9, 20), row("a", 3, 10), row("a", 2, 10)];
    let events = vec![
        Event::rows(0, rows),
        Event::Watermark(8),
        Event::Watermark(9),
        Event::rows(0, vec![row("a", 7, 10), row("a", 8, 20)]),
    ];
    let script = Script::new(vec![schema.clone()], events).ended();
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::Rank(spec.clone()), setup);
    let mut fields = schema.fields;
    fields.push(Field::new("rn", TypeKind::BigInt.not_null()));
    let output = Schema::new(fields);
    let seen = row_texts(&check_cuts(&make, &script, &output));
    let (first, second) = ("1970-01-01T00:00:00.010", "1970-01-01T00:00:00.020");
    let wanted = [
        format!("+I[a, 3, 0, {first}, 1]"),
        format!("+I[a, 2, 0, {first}, 2]"),
        format!("+I[b, 1, 0, {first}, 1]"),
        format!("+I[a, 9, 0, {second}, 1]"),
        format!("+I[a, 8, 0, {second}, 2]"),
    ];
    assert_eq!(seen, wanted);
    check_recovery(&make, &script, &output, &[vec![0]], Compare::Rows);
    assert_eq!(run(&make, &script, &output).expect("runs").counts.late_rows_dropped, 1);
}

/// Midnight in Shanghai is eight hours before midnight UTC, also where no column tells it.
#[test]
fn windows_of_the_session_zone_end_with_its_clock() {
    let mut fields = input().fields;
    fields.push(Field::new("window_end", TypeKind::Timestamp(3).not_null()));
    let schema = Schema::new(fields);
    let mut spec = spec(RankStrategy::AppendFast, 1, false);
    (spec.window_end, spec.window_local, spec.input) = (Some(3), true, schema.clone());
    let cells = vec![Value::String("a".into()), Value::Int(1), Value::Int(0), Value::Timestamp(8 * 3_600_000 + 10, 3)];
    let events = vec![
        Event::rows(0, vec![(RowKind::Insert, cells)]),
        Event::Watermark(8),
        Event::Watermark(9),
        Event::Watermark(10),
    ];
    let script = Script::new(vec![schema.clone()], events).in_zone("Asia/Shanghai");
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::Rank(spec.clone()), setup);
    let seen = texts(&check_cuts(&make, &script, &schema));
    assert_eq!(seen, ["W 8", "+I[a, 1, 0, 1970-01-01T08:00:00.010]", "W 9", "W 10"]);
}

/// What is left of a changelog, with each rank if there are ranks.
fn table(seen: &[Seen]) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for seen in seen {
        let Seen::Row(kind, values) = seen else { continue };
        let text = values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        if kind.is_addition() {
            rows.push(text);
        } else {
            let at = rows.iter().position(|row| *row == text).expect("what is retracted was emitted");
            rows.remove(at);
        }
    }
    rows.sort();
    rows
}

/// The Top-N by definition.
fn wanted(rows: &[Row], start: usize, end: usize, ranked: bool) -> Vec<String> {
    let mut wanted = Vec::new();
    for key in ["a", "b"] {
        let mut of_key: Vec<&Row> = rows.iter().filter(|row| row.1[0] == Value::String(key.into())).collect();
        of_key.sort_by_key(|row| match row.1[1] {
            Value::Int(value) => -value,
            _ => 0,
        });
        for (index, row) in of_key.iter().enumerate().take(end).skip(start - 1) {
            let mut cells: Vec<String> = row.1.iter().map(Value::to_string).collect();
            cells.extend(ranked.then(|| (index + 1).to_string()));
            wanted.push(cells.join(", "));
        }
    }
    wanted.sort();
    wanted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_changelog_adds_up_to_the_top_n(seed: u64, start in 1i64..3, more in 0i64..4, ranked: bool, retract: bool) {
        let mut random = Lcg(seed);
        let (mut table_rows, mut events): (Vec<Row>, Vec<Row>) = Default::default();
        for id in 0..60 {
            if retract && random.below(3) == 0 && !table_rows.is_empty() {
                let (_, values) = table_rows.remove(random.below(table_rows.len() as u64) as usize);
                events.push((RowKind::Delete, values));
            } else {
                let new = row("+I", ["a", "b"][random.below(2) as usize], random.below(9) as i32, id);
                table_rows.push(new.clone());
                events.push(new);
            }
        }
        let strategy = if retract { RankStrategy::Retract } else { RankStrategy::AppendFast };
        let mut spec = spec(strategy, start + more, ranked);
        spec.start = start;
        let script = Script::new(vec![input()], vec![Event::rows(0, events)]).ended();
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::Rank(spec.clone()), setup);
        let seen = check_cuts(&make, &script, &output(&spec));
        prop_assert_eq!(table(&seen), wanted(&table_rows, start as usize, (start + more) as usize, ranked));
        check_recovery(&make, &script, &output(&spec), &[vec![0]], Compare::Rows);
    }
}
