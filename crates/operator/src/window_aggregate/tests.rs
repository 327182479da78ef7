//! Windows against a model that assigns each row to each of its windows that is still open when the row comes.

use std::collections::BTreeMap;

use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction as F;
use flott_job::OperatorSpec;
use flott_job::window::{Window, WindowProperty, WindowTime};
use flott_record::{DataType, Field, RowKind, Schema, TypeKind, Value};

use super::*;
use crate::build as build_operator;
use crate::harness::{Compare, Event, Lcg, Row, Script, Seen, check_cuts, check_recovery, row_texts, run, texts};

const MINUTE_MS: i64 = 60_000;

/// `key STRING, ts TIMESTAMP(3), value BIGINT`
fn input() -> Schema {
    Schema::new(vec![
        Field::new("key", TypeKind::string().nullable()),
        Field::new("ts", TypeKind::Timestamp(3).nullable()),
        Field::new("value", TypeKind::BigInt.nullable()),
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

/// COUNT(*), SUM(value), COUNT(DISTINCT value)
fn calls() -> Vec<AggregateCall> {
    let mut distinct = call(F::Count, Some(2), TypeKind::BigInt.not_null());
    distinct.distinct = true;
    vec![
        call(F::Count, None, TypeKind::BigInt.not_null()),
        call(F::Sum, Some(2), TypeKind::BigInt.nullable()),
        distinct,
    ]
}

fn spec(kind: WindowKind) -> WindowAggregateSpec {
    WindowAggregateSpec {
        window: Window { kind, time: WindowTime::Rowtime { column: 1, local: false } },
        keys: vec![0],
        calls: calls(),
        properties: vec![WindowProperty::Start, WindowProperty::End],
        phase: AggregatePhase::Single,
        input_retracts: false,
        input: input(),
    }
}

fn output(spec: &WindowAggregateSpec) -> Schema {
    let keys = spec.keys.iter().map(|key| spec.input.fields[*key].clone());
    let calls = spec.calls.iter().map(|call| Field::new(&call.name, call.data_type.clone()));
    let properties = spec.properties.iter().map(|property| {
        let local = *property == WindowProperty::Time;
        Field::new("w", if local { TypeKind::TimestampLtz(3) } else { TypeKind::Timestamp(3) }.not_null())
    });
    Schema::new(keys.chain(calls).chain(properties).collect())
}

fn row(key: &str, time_ms: i64, value: i64) -> Row {
    let cells = vec![Value::String(key.to_string()), Value::Timestamp(time_ms, 3), Value::BigInt(value)];
    (RowKind::Insert, cells)
}

fn tumble(size_ms: i64) -> WindowKind {
    WindowKind::Tumble { size_ms, offset_ms: 0 }
}

fn seen(spec: &WindowAggregateSpec, script: &Script) -> Vec<Seen> {
    let (output, spec) = (output(spec), OperatorSpec::WindowAggregate(spec.clone()));
    check_cuts(&|setup: &Setup| build_operator(&spec, setup), script, &output)
}

/// Rows as `key count sum distinct start end`, the window in milliseconds.
fn short(seen: &[Seen]) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Timestamp(time_ms, _) | Value::TimestampLtz(time_ms, _) => time_ms.to_string(),
        other => other.to_string(),
    };
    let row = |seen: &Seen| match seen {
        Seen::Row(RowKind::Insert, values) => Some(values.iter().map(text).collect::<Vec<_>>().join(" ")),
        _ => None,
    };
    seen.iter().filter_map(row).collect()
}

#[test]
fn a_tumbling_window_is_emitted_when_the_watermark_reaches_its_last_instant() {
    let events = vec![
        Event::rows(0, vec![row("a", 1, 5), row("b", 2, 1), row("a", 9, 5), row("a", 10, 1)]),
        Event::Watermark(8),
        Event::Watermark(9),
        Event::rows(0, vec![row("a", 3, 7), row("a", 11, 2)]), // the first is late
    ];
    let script = Script::new(vec![input()], events).ended();
    let seen = seen(&spec(tumble(10)), &script);
    let start = "1970-01-01T00:00";
    let wanted = [
        "W 8".to_string(),
        format!("+I[a, 2, 10, 1, {start}, 1970-01-01T00:00:00.010]"),
        format!("+I[b, 1, 1, 1, {start}, 1970-01-01T00:00:00.010]"),
        "W 9".to_string(),
        "+I[a, 2, 3, 2, 1970-01-01T00:00:00.010, 1970-01-01T00:00:00.020]".to_string(),
        "W max".to_string(),
    ];
    assert_eq!(texts(&seen), wanted);
    let operator = OperatorSpec::WindowAggregate(spec(tumble(10)));
    let driver = run(&|setup: &Setup| build_operator(&operator, setup), &script, &output(&spec(tumble(10))));
    assert_eq!(driver.expect("runs").counts.late_rows_dropped, 1);
}

#[test]
fn a_row_late_for_one_hopping_window_counts_in_the_next() {
    let kind = WindowKind::Hop { slide_ms: 5, size_ms: 10, offset_ms: 0 };
    let events = vec![
        Event::rows(0, vec![row("a", 1, 1), row("a", 6, 2)]),
        Event::Watermark(4),
        Event::rows(0, vec![row("a", 2, 4)]), // window -5..5 is over, 0..10 is not
    ];
    let seen = seen(&spec(kind), &Script::new(vec![input()], events).ended());
    assert_eq!(short(&seen), ["a 1 1 1 -5 5", "a 3 7 3 0 10", "a 1 2 1 5 15"]);
}

#[test]
fn a_cumulating_window_is_emitted_at_each_step_after_its_first_row() {
    let kind = WindowKind::Cumulate { step_ms: 5, max_ms: 20, offset_ms: 0 };
    let events = vec![
        Event::rows(0, vec![row("a", 6, 1), row("a", 16, 2), row("b", 21, 3)]),
        Event::Watermark(10),
        Event::rows(0, vec![row("c", 1, 4)]),
    ];
    let seen = seen(&spec(kind), &Script::new(vec![input()], events).ended());
    let wanted = [
        "a 1 1 1 0 10",
        "a 1 1 1 0 15",
        "c 1 4 1 0 15",
        "a 2 3 2 0 20",
        "c 1 4 1 0 20",
        "b 1 3 1 20 25",
        "b 1 3 1 20 30",
        "b 1 3 1 20 35",
        "b 1 3 1 20 40",
    ];
    assert_eq!(short(&seen), wanted);
}

/// Rows out of order and watermarks that make some of them late; for each row the watermark at its arrival.
fn history(seed: u64, retract: bool) -> (Vec<Event>, Vec<(Row, i64)>) {
    let mut random = Lcg(seed);
    let (mut events, mut arrived, mut watermark_ms) = (Vec::new(), Vec::new(), i64::MIN);
    for step in 0..25 {
        let mut rows = Vec::new();
        for _ in 0..random.below(12) {
            let time_ms = step * 4 + random.below(20) as i64 - 12;
            let mut new = row(&format!("k{}", random.below(4)), time_ms, random.below(4) as i64);
            arrived.push((new.clone(), watermark_ms));
            rows.push(new.clone());
            if retract && random.below(3) == 0 {
                new.0 = RowKind::Delete;
                arrived.push((new.clone(), watermark_ms));
                rows.push(new);
            }
        }
        events.push(Event::rows(0, rows));
        watermark_ms = watermark_ms.max(step * 4 - 3);
        events.push(Event::Watermark(watermark_ms));
    }
    (events, arrived)
}

/// Windows of a time: start and end.
fn windows(kind: WindowKind, time_ms: i64) -> Vec<(i64, i64)> {
    let all = -100..300;
    let fits = |start: i64, end: i64| start <= time_ms && time_ms < end;
    match kind {
        WindowKind::Tumble { size_ms, offset_ms } => all
            .filter(|start| (start - offset_ms).rem_euclid(size_ms) == 0 && fits(*start, start + size_ms))
            .map(|start| (start, start + size_ms))
            .collect(),
        WindowKind::Hop { slide_ms, size_ms, offset_ms } => all
            .filter(|start| (start - offset_ms).rem_euclid(slide_ms) == 0 && fits(*start, start + size_ms))
            .map(|start| (start, start + size_ms))
            .collect(),
        WindowKind::Cumulate { step_ms, max_ms, offset_ms } => all
            .filter(|start| (start - offset_ms).rem_euclid(max_ms) == 0)
            .flat_map(|start| (1..=max_ms / step_ms).map(move |step| (start, start + step * step_ms)))
            .filter(|(start, end)| fits(*start, *end))
            .collect(),
        WindowKind::Session { .. } => unreachable!("no model of sessions"),
    }
}

fn model(kind: WindowKind, arrived: &[(Row, i64)]) -> Vec<String> {
    let mut groups: BTreeMap<(String, i64, i64), Vec<(i64, i64)>> = BTreeMap::new();
    for ((row_kind, cells), watermark_ms) in arrived {
        let [key, Value::Timestamp(time_ms, _), Value::BigInt(value)] = cells.as_slice() else { unreachable!() };
        for (start, end) in windows(kind, *time_ms).into_iter().filter(|(_, end)| end - 1 > *watermark_ms) {
            let values = groups.entry((key.to_string(), start, end)).or_default();
            values.push((*value, if row_kind.is_addition() { 1 } else { -1 }));
        }
    }
    let mut rows = Vec::new();
    for ((key, start, end), values) in groups {
        let count: i64 = values.iter().map(|(_, sign)| sign).sum();
        let sum: i64 = values.iter().map(|(value, sign)| value * sign).sum();
        let mut numbers: BTreeMap<i64, i64> = BTreeMap::new();
        values.iter().for_each(|(value, sign)| *numbers.entry(*value).or_default() += sign);
        let distinct = numbers.values().filter(|number| **number > 0).count();
        if count > 0 {
            rows.push(format!("{key} {count} {sum} {distinct} {start} {end}"));
        }
    }
    rows.sort();
    rows
}

fn kinds() -> [WindowKind; 5] {
    [
        tumble(10),
        WindowKind::Tumble { size_ms: 10, offset_ms: -3 },
        WindowKind::Hop { slide_ms: 4, size_ms: 12, offset_ms: 1 },
        WindowKind::Hop { slide_ms: 5, size_ms: 5, offset_ms: 0 },
        WindowKind::Cumulate { step_ms: 5, max_ms: 20, offset_ms: 2 },
    ]
}

#[test]
fn windows_are_those_of_the_model_in_one_phase_and_two() {
    for (seed, kind) in kinds().into_iter().enumerate() {
        for retract in [false, true] {
            let (events, arrived) = history(seed as u64 + 3, retract);
            let mut spec = spec(kind);
            spec.input_retracts = retract;
            let script = Script::new(vec![input()], events).ended();
            let wanted = model(kind, &arrived);
            let mut single = short(&seen(&spec, &script));
            single.sort();
            assert_eq!(single, wanted, "{kind:?}, retract {retract}");
            let mut two = short(&two_phases(&spec, &script));
            two.sort();
            assert_eq!(two, wanted, "two phases of {kind:?}, retract {retract}");
            let (schema, operator) = (output(&spec), OperatorSpec::WindowAggregate(spec));
            let make = |setup: &Setup| build_operator(&operator, setup);
            check_recovery(&make, &script, &schema, &[vec![0]], Compare::Rows);
        }
    }
}

/// What the global phase makes of what the local one sends.
fn two_phases(spec: &WindowAggregateSpec, script: &Script) -> Vec<Seen> {
    let (mut local, mut global) = (spec.clone(), spec.clone());
    (local.phase, global.phase) = (AggregatePhase::Local, AggregatePhase::Global);
    let partial = Schema::new(vec![
        input().fields[0].clone(),
        Field::new("slice_end", TypeKind::Timestamp(3).not_null()),
        Field::new("partial", TypeKind::Varbinary(flott_record::data_type::LENGTH_MAX).not_null()),
    ]);
    let local = OperatorSpec::WindowAggregate(local);
    let partials = check_cuts(&|setup: &Setup| build_operator(&local, setup), script, &partial);
    let mut events = Vec::new();
    for seen in partials {
        match seen {
            Seen::Row(kind, values) => events.push(Event::rows(0, vec![(kind, values)])),
            Seen::Watermark(watermark_ms) => events.push(Event::Watermark(watermark_ms)),
            _ => unreachable!("a local phase sends rows and watermarks"),
        }
    }
    events.push(Event::EndInput(0));
    let (schema, operator) = (output(&global), OperatorSpec::WindowAggregate(global));
    let make = |setup: &Setup| build_operator(&operator, setup);
    let script = Script::new(vec![partial], events);
    check_recovery(&make, &script, &schema, &[vec![0]], Compare::Rows);
    check_cuts(&make, &script, &schema)
}

#[test]
fn attached_windows_come_with_their_rows() {
    let mut spec = spec(WindowKind::Hop { slide_ms: 5, size_ms: 10, offset_ms: 0 });
    let bound = |name: &str| Field::new(name, TypeKind::Timestamp(3).not_null());
    spec.input.fields.extend([bound("window_start"), bound("window_end")]);
    spec.window.time = WindowTime::Attached { start: 3, end: 4, rowtime: true, local: false };
    let with_window = |key: &str, start: i64| {
        let mut row = row(key, start, 1);
        row.1.extend([Value::Timestamp(start, 3), Value::Timestamp(start + 10, 3)]);
        row
    };
    let rows = vec![with_window("a", 0), with_window("a", 5), with_window("b", 0), with_window("a", 0)];
    let script = Script::new(vec![spec.input.clone()], vec![Event::rows(0, rows)]).ended();
    assert_eq!(short(&seen(&spec, &script)), ["a 2 2 1 0 10", "b 1 1 1 0 10", "a 1 1 1 5 15"]);
}

/// Rows that bring the windows of TIMESTAMP_LTZ times, without their window_time: midnight in Shanghai is at 16:00 UTC.
#[test]
fn attached_windows_of_the_session_zone_end_with_its_clock() {
    let mut spec = spec(tumble(10));
    let bound = |name: &str| Field::new(name, TypeKind::Timestamp(3).not_null());
    spec.input.fields.extend([bound("window_start"), bound("window_end")]);
    spec.window.time = WindowTime::Attached { start: 3, end: 4, rowtime: true, local: true };
    let start_ms = 8 * 3_600_000;
    let mut cells = row("a", 0, 1);
    cells.1.extend([Value::Timestamp(start_ms, 3), Value::Timestamp(start_ms + 10, 3)]);
    let events = vec![Event::rows(0, vec![cells]), Event::Watermark(8)];
    let wait = Script::new(vec![spec.input.clone()], events.clone()).in_zone("Asia/Shanghai");
    assert!(row_texts(&seen(&spec, &wait)).is_empty());
    let events = [events, vec![Event::Watermark(9)]].concat();
    let over = Script::new(vec![spec.input.clone()], events).in_zone("Asia/Shanghai");
    assert_eq!(row_texts(&seen(&spec, &over)).len(), 1);
}

#[test]
fn days_of_instants_begin_at_local_midnight() {
    let day_ms = 24 * 60 * MINUTE_MS;
    let mut spec = spec(tumble(day_ms));
    spec.window.time = WindowTime::Rowtime { column: 1, local: true };
    spec.input.fields[1] = Field::new("ts", TypeKind::TimestampLtz(3).nullable());
    spec.properties.push(WindowProperty::Time);
    let at = |instant_ms: i64| {
        let mut row = row("a", instant_ms, 1);
        row.1[1] = Value::TimestampLtz(instant_ms, 3);
        row
    };
    // 2024-03-31 in Berlin has 23 hours: from 2024-03-30 23:00 UTC to 2024-03-31 22:00 UTC.
    let (start, end) = (1_711_839_600_000, 1_711_922_400_000);
    let events = vec![
        Event::rows(0, vec![at(start - 1), at(start), at(end - 1), at(end)]),
        Event::Watermark(end - 2),
        Event::Watermark(end - 1),
    ];
    let script = Script::new(vec![spec.input.clone()], events).ended().in_zone("Europe/Berlin");
    let seen = seen(&spec, &script);
    let rows = row_texts(&seen);
    let wanted = "+I[a, 2, 2, 1, 2024-03-31T00:00, 2024-04-01T00:00, 2024-03-31T21:59:59.999Z]";
    assert_eq!(rows[1], wanted);
    let place = texts(&seen).iter().position(|text| text == wanted).expect("there");
    assert_eq!(texts(&seen)[place + 1], format!("W {}", end - 1));
}

#[test]
fn the_clock_closes_windows_of_processing_time() {
    let mut spec = spec(tumble(10));
    spec.window.time = WindowTime::Proctime;
    let rows = |count: usize| Event::rows(0, vec![row("a", 0, 1); count]);
    let events = vec![
        Event::Clock(1),
        rows(2),
        Event::Clock(9),
        rows(1),
        Event::Watermark(100),
        Event::Clock(12),
        rows(5),
        Event::Clock(35),
        rows(1),
    ];
    let script = Script::new(vec![input()], events).ended();
    assert_eq!(short(&seen(&spec, &script)), ["a 3 3 1 0 10", "a 5 5 1 10 20"], "the last window stays open");
}

#[test]
fn sessions_grow_merge_and_end() {
    let spec = spec(WindowKind::Session { gap_ms: 10 });
    let events = vec![
        Event::rows(0, vec![row("a", 0, 1), row("b", 1, 1), row("a", 20, 2), row("a", 9, 3), row("b", 30, 4)]),
        Event::rows(0, vec![row("a", 15, 4)]), // joins 0..19 and 20..30
        Event::Watermark(25),
        Event::rows(0, vec![row("b", 2, 9), row("a", 25, 5)]), // the first is late
    ];
    let script = Script::new(vec![input()], events).ended();
    let seen = seen(&spec, &script);
    assert_eq!(short(&seen), ["b 1 1 1 1 11", "a 5 15 5 0 35", "b 1 4 1 30 40"]);
    let operator = OperatorSpec::WindowAggregate(spec.clone());
    let make = |setup: &Setup| build_operator(&operator, setup);
    assert_eq!(run(&make, &script, &output(&spec)).expect("runs").counts.late_rows_dropped, 1);
}

#[test]
fn sessions_survive_cuts_restore_and_rescale() {
    for seed in 0..3 {
        let mut spec = spec(WindowKind::Session { gap_ms: 3 });
        spec.calls.push(call(F::LastValue, Some(2), TypeKind::BigInt.nullable()));
        let script = Script::new(vec![input()], history(seed + 40, false).0).ended();
        assert!(seen(&spec, &script).len() > 30);
        let (schema, operator) = (output(&spec), OperatorSpec::WindowAggregate(spec));
        let make = |setup: &Setup| build_operator(&operator, setup);
        check_recovery(&make, &script, &schema, &[vec![0]], Compare::Rows);
    }
}

#[test]
fn a_row_without_time_fails() {
    let mut without = row("a", 0, 1);
    without.1[1] = Value::Null;
    let spec = spec(tumble(10));
    let script = Script::new(vec![input()], vec![Event::rows(0, vec![without])]);
    let operator = OperatorSpec::WindowAggregate(spec.clone());
    let result = run(&|setup: &Setup| build_operator(&operator, setup), &script, &output(&spec));
    assert!(result.err().expect("fails").to_string().starts_with("RowTime field should not be null"));
}
