//! Temporal joins against their definition.

use flott_job::spec::{JoinSideKey, JoinSpec};
use flott_record::{Field, Schema, TypeKind, Value};
use proptest::prelude::*;

use super::*;
use crate::build::build;
use crate::harness::{Compare, Event, Lcg, Row, Script, check_cuts, check_recovery, row_texts};

fn side(value: &str) -> Schema {
    Schema::new(vec![
        Field::new("k", TypeKind::Int.nullable()),
        Field::new(value, TypeKind::Int.nullable()),
        Field::new("ts", TypeKind::Timestamp(3).nullable()),
    ])
}

fn spec(kind: JoinKind) -> TemporalJoinSpec {
    let join = JoinSpec {
        kind,
        left_keys: vec![0],
        right_keys: vec![0],
        filter_nulls: vec![true],
        condition: None,
        left: side("amount"),
        right: side("rate"),
        left_side: JoinSideKey::NoUniqueKey,
        right_side: JoinSideKey::JoinKeyContainsUniqueKey,
        left_ttl_ms: 0,
        right_ttl_ms: 0,
    };
    TemporalJoinSpec { join, left_time: 2, right_time: 2 }
}

fn output() -> Schema {
    Schema::new(side("amount").fields.into_iter().chain(side("rate").fields).collect())
}

fn row(kind: &str, key: Option<i32>, value: i32, time_ms: i64) -> Row {
    let key = key.map_or(Value::Null, Value::Int);
    (RowKind::from_short(kind).expect("a kind"), vec![key, Value::Int(value), Value::Timestamp(time_ms, 3)])
}

/// `amount rate` of each emitted row.
fn seen(spec: &TemporalJoinSpec, events: Vec<Event>) -> Vec<String> {
    let script = Script::new(vec![side("amount"), side("rate")], events).ended();
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::TemporalJoin(spec.clone()), setup);
    let seen = check_cuts(&make, &script, &output());
    check_recovery(&make, &script, &output(), &[vec![0], vec![0]], Compare::Rows);
    let short = |text: &String| {
        let cells: Vec<&str> = text[3..text.len() - 1].split(", ").collect();
        format!("{} {}", cells[1], cells[4])
    };
    row_texts(&seen).iter().map(short).collect()
}

/// Flink's TemporalJoinRestoreTest: orders with the rates of their time.
#[test]
fn each_row_has_the_version_of_its_time() {
    let euro = Some(1);
    let events = vec![
        Event::rows(1, vec![row("+I", euro, 114, 41), row("+I", euro, 116, 45), row("+I", euro, 119, 47)]),
        Event::rows(0, vec![row("+I", euro, 2, 42), row("+I", euro, 3, 45), row("+I", euro, 1, 58)]),
        Event::Watermark(45),
    ];
    assert_eq!(seen(&spec(JoinKind::Inner), events), ["2 114", "3 116", "1 119"]);
}

#[test]
fn a_deleted_row_has_no_version() {
    let key = Some(1);
    let right = vec![row("+I", key, 10, 5), row("-U", key, 10, 5), row("+U", key, 11, 8), row("-D", key, 11, 12)];
    let left = vec![
        row("+I", key, 1, 4),
        row("+I", key, 2, 5),
        row("+I", key, 3, 9),
        row("+I", key, 4, 12),
        row("+I", None, 5, 9),
    ];
    let events = |order: [usize; 2]| {
        let sides = [Event::rows(0, left.clone()), Event::rows(1, right.clone())];
        order.map(|side| sides[side].clone()).to_vec()
    };
    let outer = seen(&spec(JoinKind::Left), events([0, 1]));
    assert_eq!(outer, ["1 null", "2 10", "3 11", "5 null", "4 null"]);
    assert_eq!(seen(&spec(JoinKind::Inner), events([1, 0])), ["2 10", "3 11"]);
}

#[test]
fn old_versions_go_away() {
    let key = Some(1);
    let rates = (0..100).map(|rate| row("+I", key, rate, i64::from(rate))).collect();
    let script = Script::new(vec![side("amount"), side("rate")], vec![Event::rows(1, rates), Event::Watermark(98)]);
    let setup = script.setup(0, 1);
    let mut join = TemporalJoin::new(&spec(JoinKind::Inner), &setup).expect("builds");
    let mut output = crate::interface::Output::default();
    let mut counts = crate::interface::Counts::default();
    let rows: Vec<Row> = (0..100).map(|rate| row("+I", key, rate, i64::from(rate))).collect();
    let batch = flott_record::value_array::batch_from_rows(&side("rate"), &rows).expect("a batch");
    let mut context = Context { output: &mut output, counts: &mut counts, now_ms: 0, watermark_ms: 98 };
    join.on_batch(1, &batch, &mut context).expect("stores");
    join.on_watermark(&mut context).expect("joins");
    let mut size = Vec::new();
    join.versions.iter().for_each(|(_, _, versions)| versions.value.encode(&mut size));
    assert!(size.len() < 100, "two versions are left, not a hundred: {} bytes", size.len());
    assert!(join.replaced.len() == 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn each_kind_gives_what_its_definition_says(seed: u64, outer: bool) {
        let mut random = Lcg(seed);
        let (mut left, mut right, mut events) = (Vec::new(), Vec::new(), Vec::new());
        let mut base = 0;
        for id in 0..60 {
            let (key, time) = (Some(random.below(3) as i32), base + 1 + random.below(9) as i64);
            let is_left = random.below(2) == 0;
            let made = row("+I", key, id, time);
            if is_left {
                left.push((key, id, time));
            } else {
                right.retain(|(known, _, at)| (*known, *at) != (key, time));
                right.push((key, id, time));
            }
            events.push(Event::rows(usize::from(!is_left), vec![made]));
            if random.below(5) == 0 {
                base += 5;
                events.push(Event::Watermark(base));
            }
        }
        let kind = if outer { JoinKind::Left } else { JoinKind::Inner };
        let mut got = seen(&spec(kind), events);
        let mut wanted = Vec::new();
        for (key, id, time) in &left {
            let valid = right.iter().filter(|(known, _, at)| known == key && at <= time).max_by_key(|(_, _, at)| *at);
            match valid {
                Some((_, rate, _)) => wanted.push(format!("{id} {rate}")),
                None if outer => wanted.push(format!("{id} null")),
                None => {}
            }
        }
        got.sort();
        wanted.sort();
        prop_assert_eq!(got, wanted);
    }
}
