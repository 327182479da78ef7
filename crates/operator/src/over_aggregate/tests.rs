//! OVER aggregates against the results of Flink and against the definition of frames.

use flott_expression::{AggregateCall, AggregateFunction};
use flott_record::{Field, Schema, TypeKind, Value};
use proptest::prelude::*;

use super::*;
use crate::build::build;
use crate::harness::{Compare, Event, Lcg, Script, check_cuts, check_recovery, row_texts, run};

fn input() -> Schema {
    Schema::new(vec![
        Field::new("id", TypeKind::Int.nullable()),
        Field::new("k", TypeKind::string().nullable()),
        Field::new("v", TypeKind::Int.nullable()),
        Field::new("ts", TypeKind::Timestamp(3).nullable()),
    ])
}

fn call(function: AggregateFunction) -> AggregateCall {
    AggregateCall {
        function,
        arguments: vec![2],
        argument_types: vec![TypeKind::Int.nullable()],
        distinct: false,
        filter: None,
        data_type: TypeKind::Int.nullable(),
        name: "a".to_string(),
    }
}

fn spec(rowtime: bool, rows: bool, start: FrameStart) -> OverAggregateSpec {
    OverAggregateSpec {
        partition: vec![1],
        rowtime: rowtime.then_some(3),
        rows,
        start,
        calls: vec![call(AggregateFunction::Sum), call(AggregateFunction::Max)],
        state_ttl_ms: 0,
        input: input(),
    }
}

fn output() -> Schema {
    let mut fields = input().fields;
    fields.extend([Field::new("s", TypeKind::Int.nullable()), Field::new("m", TypeKind::Int.nullable())]);
    Schema::new(fields)
}

fn row(id: i32, key: &str, value: i32, time_ms: i64) -> Vec<Value> {
    vec![Value::Int(id), Value::String(key.into()), Value::Int(value), Value::Timestamp(time_ms, 3)]
}

/// `id sum max` of each emitted row.
fn results(spec: &OverAggregateSpec, script: &Script) -> Vec<String> {
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::OverAggregate(spec.clone()), setup);
    let seen = check_cuts(&make, script, &output());
    if spec.rowtime.is_some() || spec.rows {
        check_recovery(&make, script, &output(), &[vec![1]], Compare::Rows); // the kit's clock starts again after a restore
    }
    let short = |text: &String| {
        let cells: Vec<&str> = text[3..text.len() - 1].split(", ").collect();
        format!("{} {} {}", cells[0], cells[4], cells[5])
    };
    row_texts(&seen).iter().map(short).collect()
}

/// Rows with the watermark (two seconds behind) after each.
fn script() -> Script {
    let rows = [
        (1, "a", 10, 1),
        (2, "b", 20, 4),
        (3, "a", 30, 12),
        (4, "c", 40, 3),
        (5, "b", 50, 26),
        (6, "d", 60, 11),
        (7, "a", 70, 41),
        (8, "a", 70, 41),
        (9, "d", 5, 50),
    ];
    let mut watermark = i64::MIN;
    let mut events = Vec::new();
    for (id, key, value, seconds) in rows {
        events.push(Event::inserts(0, vec![row(id, key, value, seconds * 1_000)]));
        if (seconds - 2) * 1_000 > watermark {
            watermark = (seconds - 2) * 1_000;
            events.push(Event::Watermark(watermark));
        }
    }
    Script::new(vec![input()], events).ended()
}

/// Flink 2.3.0's sums, in its order.
#[test]
fn by_row_time_as_flink() {
    let bounded_rows = results(&spec(true, true, FrameStart::Rows(1)), &script());
    let wanted = ["1 10 10", "2 20 20", "4 40 40", "3 40 30", "6 60 60", "5 70 50", "7 100 70", "8 140 70", "9 65 60"];
    assert_eq!(bounded_rows, wanted);
    let range = results(&spec(true, false, FrameStart::Unbounded), &script());
    assert_eq!(range, ["1 10 10", "2 20 20", "3 40 30", "5 70 50", "7 180 70", "8 180 70", "9 5 5"]);
    let rows = results(&spec(true, true, FrameStart::Unbounded), &script());
    assert_eq!(rows, ["1 10 10", "2 20 20", "3 40 30", "5 70 50", "7 110 70", "8 180 70", "9 5 5"]);
}

/// Flink 2.3.0 over its golden rows: a late row counts if its partition has not come so far.
#[test]
fn a_bounded_range_by_row_time_as_flink() {
    let rows = [
        (1, "a", 10, 1),
        (2, "b", 20, 4),
        (3, "a", 30, 12),
        (4, "a", 40, 3),
        (5, "b", 50, 26),
        (6, "a", 60, 11),
        (7, "a", 70, 41),
    ];
    let watermarks = [Some(-1), Some(2), Some(10), None, Some(24), None, Some(39)];
    let mut events = Vec::new();
    for ((id, key, value, seconds), watermark) in rows.into_iter().zip(watermarks) {
        events.push(Event::inserts(0, vec![row(id, key, value, seconds * 1_000)]));
        events.extend(watermark.map(|seconds| Event::Watermark(seconds * 1_000)));
    }
    let script = Script::new(vec![input()], events).ended();
    let spec = spec(true, false, FrameStart::RangeMs(10_000));
    let wanted = ["1 10 10", "2 20 20", "4 50 40", "3 70 40", "5 50 50", "7 70 70"];
    assert_eq!(results(&spec, &script), wanted);
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::OverAggregate(spec.clone()), setup);
    assert_eq!(run(&make, &script, &output()).expect("runs").counts.late_rows_dropped, 1);
}

#[test]
fn by_arrival_rows_come_at_once() {
    let rows = vec![row(1, "a", 1, 0), row(2, "a", 2, 0), row(3, "b", 9, 0), row(4, "a", 3, 0)];
    let script = Script::new(vec![input()], vec![Event::inserts(0, rows)]);
    let bounded = results(&spec(false, true, FrameStart::Rows(1)), &script);
    assert_eq!(bounded, ["1 1 1", "2 3 2", "3 9 9", "4 5 3"]);
    let unbounded = results(&spec(false, false, FrameStart::Unbounded), &script);
    assert_eq!(unbounded, ["1 1 1", "2 3 2", "3 9 9", "4 6 3"]);
}

#[test]
fn a_range_by_the_clock_waits_for_its_peers() {
    let at = |now_ms, rows: Vec<Vec<Value>>| vec![Event::Clock(now_ms), Event::inserts(0, rows)];
    let events = [
        at(100, vec![row(1, "a", 1, 0), row(2, "a", 2, 0)]),
        at(105, vec![row(3, "a", 4, 0)]),
        at(111, vec![row(4, "a", 8, 0)]),
        vec![Event::Clock(200)],
    ];
    let script = Script::new(vec![input()], events.concat());
    let seen = results(&spec(false, false, FrameStart::RangeMs(10)), &script);
    assert_eq!(seen, ["1 3 2", "2 3 2", "3 7 4", "4 12 8"]);
}

/// The sum and maximum of each row's frame by definition.
fn wanted(rows: &[(i32, usize, i32, i64)], spec: &OverAggregateSpec) -> Vec<String> {
    let mut sorted: Vec<_> = rows.to_vec();
    sorted.sort_by_key(|(_, _, _, time)| *time);
    let mut wanted = Vec::new();
    for (index, (id, key, _, time)) in sorted.iter().enumerate() {
        let same_key = |position: &usize| sorted[*position].1 == *key;
        let up_to_here: Vec<usize> = if spec.rows {
            (0..=index).filter(same_key).collect()
        } else {
            (0..sorted.len()).filter(same_key).filter(|position| sorted[*position].3 <= *time).collect()
        };
        let frame: Vec<i32> = match spec.start {
            FrameStart::Unbounded => up_to_here.iter().map(|position| sorted[*position].2).collect(),
            FrameStart::Rows(n) => {
                up_to_here.iter().rev().take(n as usize + 1).map(|position| sorted[*position].2).collect()
            }
            FrameStart::RangeMs(range) => up_to_here
                .iter()
                .filter(|position| sorted[**position].3 >= time - range)
                .map(|position| sorted[*position].2)
                .collect(),
        };
        wanted.push(format!("{id} {} {}", frame.iter().sum::<i32>(), frame.iter().max().copied().unwrap_or(0)));
    }
    wanted.sort();
    wanted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn each_row_has_the_aggregates_of_its_frame(seed: u64, frame in 0usize..5, reach in 0u64..4) {
        let (rows_mode, start) = [
            (true, FrameStart::Unbounded),
            (false, FrameStart::Unbounded),
            (true, FrameStart::Rows(reach)),
            (false, FrameStart::RangeMs(reach as i64)),
            (true, FrameStart::Rows(0)),
        ][frame];
        let mut random = Lcg(seed);
        let mut base = 0;
        let (mut all, mut events) = (Vec::new(), Vec::new());
        for id in 0..60 {
            let made = (id, random.below(3) as usize, random.below(10) as i32, base + random.below(6) as i64);
            all.push(made);
            events.push(Event::inserts(0, vec![row(made.0, ["a", "b", "c"][made.1], made.2, made.3)]));
            if random.below(4) == 0 {
                base += 6;
                events.push(Event::Watermark(base - 1));
            }
        }
        let script = Script::new(vec![input()], events).ended();
        let spec = spec(true, rows_mode, start);
        let mut got = results(&spec, &script);
        got.sort();
        prop_assert_eq!(got, wanted(&all, &spec));
    }
}

/// LAG with a distance of two and a default.
#[test]
fn lag_reads_rows_that_came_before() {
    let mut spec = spec(true, true, FrameStart::Unbounded);
    let lag = |rows, arguments: Vec<usize>| AggregateCall {
        argument_types: vec![TypeKind::Int.nullable(); arguments.len()],
        arguments,
        ..call(AggregateFunction::Lag(rows))
    };
    spec.calls = vec![lag(2, vec![2]), lag(1, vec![2, 0])];
    let got = results(&spec, &script());
    assert_eq!(got, ["1 null 1", "2 null 2", "3 null 10", "5 null 20", "7 10 30", "8 30 70", "9 null 9"]);
}
