//! Deduplication within windows: which row is kept, when it comes, what is late.

use flott_record::{Field, Schema, TypeKind, Value};

use super::*;
use crate::build::build;
use crate::harness::{Compare, Event, Row, Script, check_cuts, check_recovery, row_texts};

fn input() -> Schema {
    Schema::new(vec![
        Field::new("k", TypeKind::string().nullable()),
        Field::new("id", TypeKind::Int.nullable()),
        Field::new("ts", TypeKind::Timestamp(3).nullable()),
        Field::new("window_end", TypeKind::Timestamp(3).not_null()),
    ])
}

/// A row of its window of ten seconds.
fn row(key: &str, id: i32, time_ms: i64) -> Row {
    let end_ms = time_ms - time_ms % 10_000 + 10_000;
    let times = [time_ms, end_ms].map(|ms| Value::Timestamp(ms, 3));
    (RowKind::Insert, [Value::String(key.into()), Value::Int(id)].into_iter().chain(times).collect())
}

/// The numbers of the rows that are kept, in order.
fn kept(keep_last: bool) -> Vec<String> {
    let spec = DeduplicateSpec {
        keys: vec![0],
        keep_last,
        rowtime: Some(2),
        emit_update_before: false,
        emit_insert: true,
        window_end: Some(3),
        window_local: false,
        state_ttl_ms: 0,
        input: input(),
    };
    let first =
        vec![row("a", 1, 3_000), row("b", 2, 4_000), row("a", 3, 1_000), row("a", 4, 12_000), row("a", 5, 7_000)];
    let second = vec![row("a", 6, 9_000), row("b", 7, 15_000), row("a", 8, 11_000)];
    let events = vec![Event::rows(0, first), Event::Watermark(9_999), Event::rows(0, second), Event::Watermark(15_000)];
    let script = Script::new(vec![input()], events).ended();
    let make = |setup: &Setup| build(&flott_job::OperatorSpec::Deduplicate(spec.clone()), setup);
    let seen = check_cuts(&make, &script, &input());
    check_recovery(&make, &script, &input(), &[vec![0]], Compare::Rows);
    let number = |text: String| text.split(", ").nth(1).expect("an id").to_string();
    let mut rows: Vec<String> = row_texts(&seen).into_iter().map(number).collect();
    // Keys of one window come in no meaningful order.
    rows[..2].sort();
    rows[2..].sort();
    rows
}

#[test]
fn the_first_row_by_time_of_each_key_and_window_is_kept_and_late_rows_are_not() {
    assert_eq!(kept(false), ["2", "3", "7", "8"]);
}

#[test]
fn the_last_row_by_time_of_each_key_and_window_is_kept() {
    assert_eq!(kept(true), ["2", "5", "4", "7"].map(str::to_string));
}
