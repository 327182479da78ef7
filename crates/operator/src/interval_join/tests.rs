//! Interval joins against their definition.

use flott_job::spec::{JoinSideKey, JoinSpec};
use flott_record::{Field, RowKind, TypeKind, Value};
use proptest::prelude::*;

use super::*;
use crate::build::build;
use crate::harness::{Compare, Event, Lcg, Row, Script, check_cuts, check_recovery, row_texts, texts};

fn side() -> Schema {
    Schema::new(vec![
        Field::new("k", TypeKind::Int.nullable()),
        Field::new("id", TypeKind::Int.nullable()),
        Field::new("ts", TypeKind::Timestamp(3).nullable()),
    ])
}

/// The right row is at most 5 ms older and at most 3 ms younger than the left one.
fn spec(kind: JoinKind) -> IntervalJoinSpec {
    let join = JoinSpec {
        kind,
        left_keys: vec![0],
        right_keys: vec![0],
        filter_nulls: vec![true],
        condition: None,
        left: side(),
        right: side(),
        left_side: JoinSideKey::NoUniqueKey,
        right_side: JoinSideKey::NoUniqueKey,
        left_ttl_ms: 0,
        right_ttl_ms: 0,
    };
    IntervalJoinSpec { join, rowtimes: Some((2, 2)), lower_ms: -3, upper_ms: 5 }
}

fn output() -> Schema {
    Schema::new(side().fields.into_iter().chain(side().fields).collect())
}

fn row(key: Option<i32>, id: i32, time_ms: i64) -> Row {
    let key = key.map_or(Value::Null, Value::Int);
    (RowKind::Insert, vec![key, Value::Int(id), Value::Timestamp(time_ms, 3)])
}

/// `left right` of each row, and watermarks.
fn seen(spec: &IntervalJoinSpec, events: Vec<Event>) -> Vec<String> {
    let script = Script::new(vec![side(), side()], events).ended();
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::IntervalJoin(spec.clone()), setup);
    let seen = check_cuts(&make, &script, &output());
    check_recovery(&make, &script, &output(), &[vec![0], vec![0]], Compare::Rows);
    let short = |text: String| match text.strip_prefix("+I[") {
        Some(row) => {
            let cells: Vec<&str> = row.trim_end_matches(']').split(", ").collect();
            format!("{} {}", cells[1], cells[4])
        }
        None => text,
    };
    texts(&seen).into_iter().map(short).collect()
}

#[test]
fn pairs_come_at_once_and_the_rest_when_no_partner_can_come() {
    let key = Some(1);
    let events = vec![
        Event::rows(0, vec![row(key, 1, 10), row(key, 2, 30), row(None, 3, 12)]),
        Event::rows(1, vec![row(key, 7, 5), row(key, 8, 13), row(key, 9, 14)]),
        Event::Watermark(13),
        Event::Watermark(14),
    ];
    let wanted = ["1 7", "1 8", "W 8", "3 null", "W 9", "null 9", "2 null", "W max"];
    let full = seen(&spec(JoinKind::Full), events.clone());
    assert_eq!(full[..2], wanted[..2]);
    assert!(full.contains(&"null 9".to_string()) && full.contains(&"2 null".to_string()));
    assert!(full.iter().position(|text| text == "W 8") < full.iter().position(|text| text == "3 null"));
    assert_eq!(seen(&spec(JoinKind::Inner), events)[..2], ["1 7", "1 8"]);
}

#[test]
fn a_late_row_joins_what_is_kept() {
    let key = Some(1);
    let events = vec![
        Event::rows(0, vec![row(key, 1, 20)]),
        Event::Watermark(18),
        Event::rows(1, vec![row(key, 2, 16), row(key, 3, 10)]),
    ];
    assert_eq!(seen(&spec(JoinKind::Right), events), ["W 13", "1 2", "null 3", "W max"]);
}

#[test]
fn the_clock_ends_intervals_of_processing_time() {
    let mut spec = spec(JoinKind::Left);
    spec.rowtimes = None;
    let key = Some(1);
    let at = |now_ms, input, id| vec![Event::Clock(now_ms), Event::rows(input, vec![row(key, id, 0)])];
    let events = [at(100, 0, 1), at(103, 1, 2), at(110, 0, 3), at(114, 1, 4), vec![Event::Clock(120)]].concat();
    let script = Script::new(vec![side(), side()], events);
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::IntervalJoin(spec.clone()), setup);
    let seen = row_texts(&check_cuts(&make, &script, &output()));
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[0].contains("[1, 1,") && seen[0].contains(", 1, 2,"));
    assert!(seen[1].ends_with("null, null, null]"));
}

#[test]
fn rows_go_away() {
    let script = Script::new(vec![side(), side()], Vec::new());
    let setup = script.setup(0, 1);
    let mut join = IntervalJoin::new(&spec(JoinKind::Inner), &setup).expect("builds");
    let (mut output, mut counts) = (crate::interface::Output::default(), crate::interface::Counts::default());
    for step in 0..100 {
        let rows: Vec<Row> = (0..10).map(|id| row(Some(id), id, step * 10)).collect();
        let batch = flott_record::value_array::batch_from_rows(&side(), &rows).expect("a batch");
        let mut context = Context { output: &mut output, counts: &mut counts, now_ms: 0, watermark_ms: step * 10 - 1 };
        join.on_batch((step % 2) as usize, &batch, &mut context).expect("joins");
        join.on_watermark(&mut context).expect("passes");
    }
    assert!(join.sides.len() <= 10 && join.ends.len() <= 20, "{} keys, {} timers", join.sides.len(), join.ends.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn each_kind_gives_what_its_definition_says(seed: u64, kind in 0usize..4) {
        let kind = [JoinKind::Inner, JoinKind::Left, JoinKind::Right, JoinKind::Full][kind];
        let mut random = Lcg(seed);
        let mut rows: [Vec<(i32, i32, i64)>; 2] = Default::default();
        let (mut events, mut base) = (Vec::new(), 0);
        for id in 0..60 {
            let input = random.below(2) as usize;
            let made = (random.below(3) as i32, id, base + 1 + random.below(9) as i64);
            rows[input].push(made);
            events.push(Event::rows(input, vec![row(Some(made.0), made.1, made.2)]));
            if random.below(5) == 0 {
                base += 4;
                events.push(Event::Watermark(base));
            }
        }
        let mut got = seen(&spec(kind), events);
        got.retain(|text| !text.starts_with('W'));
        let partners = |l: &(i32, i32, i64), r: &(i32, i32, i64)| l.0 == r.0 && (-3..=5).contains(&(l.2 - r.2));
        let mut wanted = Vec::new();
        for l in &rows[0] {
            let found: Vec<_> = rows[1].iter().filter(|r| partners(l, r)).collect();
            wanted.extend(found.iter().map(|r| format!("{} {}", l.1, r.1)));
            if found.is_empty() && matches!(kind, JoinKind::Left | JoinKind::Full) {
                wanted.push(format!("{} null", l.1));
            }
        }
        if matches!(kind, JoinKind::Right | JoinKind::Full) {
            let lonely = rows[1].iter().filter(|r| !rows[0].iter().any(|l| partners(l, r)));
            wanted.extend(lonely.map(|r| format!("null {}", r.1)));
        }
        got.sort();
        wanted.sort();
        prop_assert_eq!(got, wanted);
    }
}
