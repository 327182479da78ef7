//! The operator: times, measures, state.

use flott_expression::{AggregateCall, AggregateFunction, Expression};
use flott_job::OperatorSpec;
use flott_job::pattern::{
    AfterMatch, MatchSpec, PatternExpression, PatternVariable, Preference, RowPattern, RowPosition, RowSet, Slot,
};
use flott_job::spec::SortColumn;
use flott_record::{DataType, Field, Schema, TypeKind, Value};

use crate::build::build;
use crate::harness::{Compare, Event, Lcg, Script, check_cuts, check_recovery, row_texts, run};
use crate::interface::Setup;

fn input() -> Schema {
    Schema::new(vec![
        Field::new("k", TypeKind::string().nullable()),
        Field::new("ts", TypeKind::Timestamp(3).nullable()),
        Field::new("price", TypeKind::Int.nullable()),
    ])
}

fn price() -> Expression {
    Expression::column(2, TypeKind::Int.nullable())
}

fn rows(variable: Option<usize>) -> RowSet {
    RowSet { variables: variable.map(|variable| vec![variable]), running: true }
}

fn position(variable: Option<usize>, from_first: bool, offset: u32) -> RowPosition {
    RowPosition { rows: rows(variable), from_first, offset, rows_before: 0 }
}

fn price_of(position: RowPosition) -> Slot {
    Slot::Row { position, value: price(), data_type: TypeKind::Int.nullable() }
}

fn sum_of(variable: usize) -> Slot {
    Slot::Aggregate {
        rows: rows(Some(variable)),
        arguments: vec![price()],
        call: AggregateCall {
            function: AggregateFunction::Sum,
            arguments: vec![0],
            argument_types: vec![TypeKind::Int.nullable()],
            distinct: false,
            filter: None,
            data_type: TypeKind::Int.nullable(),
            name: "s".to_string(),
        },
    }
}

fn slot(slot: Slot) -> PatternExpression {
    let expression = Expression::column(3, slot.data_type());
    PatternExpression { expression, slots: vec![slot] }
}

fn compare(function: &str, left: Expression, right: Expression) -> Expression {
    Expression::call(function, vec![left, right], TypeKind::Boolean.nullable())
}

fn number(value: i32) -> Expression {
    Expression::literal(Value::Int(value), TypeKind::Int.not_null())
}

fn int_slot(slot: usize) -> Expression {
    Expression::column(3 + slot, TypeKind::Int.nullable())
}

fn variable(name: &str, definition: Option<(Expression, Vec<Slot>)>) -> PatternVariable {
    let definition = definition.map(|(expression, slots)| PatternExpression { expression, slots });
    PatternVariable { name: name.to_string(), definition }
}

/// `PATTERN (DOWN{2,} UP) DEFINE DOWN AS price > 0 AND (price < LAST(DOWN.price, 1) OR LAST(DOWN.price, 1) IS NULL), UP AS price > LAST(DOWN.price)`
/// with measures FIRST(DOWN.price), LAST(DOWN.price), UP.price, SUM(DOWN.price), LAST(price) less 1 row, MATCH_ROWTIME()
fn falls() -> MatchSpec {
    let falling = compare("<", price(), int_slot(0));
    let first = Expression::call("IS NULL", vec![int_slot(0)], TypeKind::Boolean.not_null());
    let down = compare("AND", compare(">", price(), number(0)), compare("OR", falling, first));
    let up = compare(">", price(), int_slot(0));
    let many =
        RowPattern::Repeat { pattern: Box::new(RowPattern::Variable(0)), minimum: 2, maximum: None, reluctant: false };
    MatchSpec {
        partition: vec![0],
        order: vec![SortColumn { column: 1, descending: false, nulls_first: true }],
        rowtime: Some(1),
        variables: vec![
            variable("DOWN", Some((down, vec![price_of(position(Some(0), false, 1))]))),
            variable("UP", Some((up, vec![price_of(position(Some(0), false, 0))]))),
        ],
        pattern: RowPattern::Sequence(vec![many, RowPattern::Variable(1)]),
        preference: Preference::Earliest,
        skip: AfterMatch::PastLastRow,
        within_ms: None,
        measures: vec![
            slot(price_of(position(Some(0), true, 0))),
            slot(price_of(position(Some(0), false, 0))),
            slot(price_of(position(Some(1), false, 0))),
            slot(sum_of(0)),
            slot(price_of(RowPosition { rows_before: 1, ..position(None, true, 0) })),
            slot(Slot::MatchTime(TypeKind::Timestamp(3).not_null())),
        ],
        all_rows: false,
        input: input(),
    }
}

fn output(spec: &MatchSpec) -> Schema {
    let mut fields: Vec<Field> = match spec.all_rows {
        true => input().fields,
        false => spec.partition.iter().map(|column| input().fields[*column].clone()).collect(),
    };
    let types = spec.measures.iter().map(|measure| measure.expression.data_type().clone());
    fields.extend(types.map(|data_type: DataType| Field::new("m", data_type)));
    Schema::new(fields)
}

fn row(key: &str, ms: i64, price: i32) -> Vec<Value> {
    vec![Value::String(key.into()), Value::Timestamp(ms, 3), Value::Int(price)]
}

fn check(spec: &MatchSpec, script: &Script) -> Vec<String> {
    let make = |setup: &Setup| build(&OperatorSpec::Match(Box::new(spec.clone())), setup);
    let seen = check_cuts(&make, script, &output(spec));
    if !script.batch_mode {
        check_recovery(&make, script, &output(spec), &[vec![0]], Compare::Rows);
    }
    row_texts(&seen)
}

fn script(events: Vec<Event>) -> Script {
    Script::new(vec![input()], events).ended()
}

#[test]
fn rows_are_matched_in_order_of_time_at_the_watermark() {
    let rows =
        [("a", 4, 7), ("a", 1, 9), ("b", 2, 5), ("a", 1, 8), ("b", 3, 4), ("a", 2, 10), ("a", 6, 5), ("a", 7, 8)];
    let (first, second) = rows.split_at(4);
    let inserts = |rows: &[(&str, i64, i32)]| {
        Event::inserts(0, rows.iter().map(|(key, ms, price)| row(key, *ms, *price)).collect())
    };
    let late = inserts(&[("a", 1, 100)]);
    let events = vec![inserts(first), Event::Watermark(1), late, inserts(second), inserts(&[("b", 5, 6)])];
    let script = script(events);
    let spec = falls();
    let wanted = [
        "+I[a, 9, 8, 10, 17, null, 1970-01-01T00:00:00.002]",
        "+I[a, 7, 5, 8, 12, 10, 1970-01-01T00:00:00.007]",
        "+I[b, 5, 4, 6, 9, null, 1970-01-01T00:00:00.005]",
    ];
    assert_eq!(check(&spec, &script), wanted);
    let make = |setup: &Setup| build(&OperatorSpec::Match(Box::new(spec.clone())), setup);
    assert_eq!(run(&make, &script, &output(&spec)).expect("runs").counts.late_rows_dropped, 1);
}

#[test]
fn on_arrival_matches_come_in_the_order_of_their_last_rows() {
    let mut spec = falls();
    spec.rowtime = None;
    spec.measures.truncate(3);
    let rows = [("a", 9), ("b", 9), ("b", 8), ("a", 8), ("b", 10), ("a", 10), ("c", 1), ("a", 3), ("a", 2), ("a", 4)];
    let rows = rows.map(|(key, price)| row(key, 0, price)).to_vec();
    let events = vec![Event::Clock(5), Event::inserts(0, rows)];
    assert_eq!(check(&spec, &script(events)), ["+I[b, 9, 8, 10]", "+I[a, 9, 8, 10]", "+I[a, 3, 2, 4]"]);
}

#[test]
fn the_rows_of_a_millisecond_are_sorted_by_further_columns() {
    let mut spec = falls();
    spec.order.push(SortColumn { column: 2, descending: true, nulls_first: false });
    spec.measures.truncate(3);
    let rows = |prices: [i32; 3]| Event::inserts(0, prices.map(|price| row("a", 1, price)).to_vec());
    assert_eq!(
        check(&spec, &script(vec![rows([3, 9, 5]), Event::inserts(0, vec![row("a", 2, 4)])])),
        ["+I[a, 9, 3, 4]"]
    );
    spec.rowtime = None;
    let events = vec![Event::Clock(1), rows([3, 9, 5]), Event::Clock(2), Event::inserts(0, vec![row("a", 2, 4)])];
    assert_eq!(check(&spec, &script([events, vec![Event::Clock(3)]].concat())), ["+I[a, 9, 3, 4]"]);
}

#[test]
fn bounded_input_is_matched_at_its_end() {
    let rows = [("b", 2, 5), ("a", 3, 10), ("a", 1, 9), ("a", 2, 8), ("b", 3, 4), ("b", 9, 6)];
    let events = vec![Event::inserts(0, rows.map(|(key, ms, price)| row(key, ms, price)).to_vec())];
    let mut spec = falls();
    spec.measures.truncate(3);
    assert_eq!(check(&spec, &script(events).in_batch_mode()), ["+I[a, 9, 8, 10]", "+I[b, 5, 4, 6]"]);
}

/// ALL ROWS PER MATCH of `(A | B)+` with running and final measures, CLASSIFIER() and MATCH_NUMBER().
#[test]
fn all_rows_of_a_match_have_running_and_final_measures() {
    let body = RowPattern::Alternation(vec![RowPattern::Variable(0), RowPattern::Variable(1)]);
    let pattern = RowPattern::Repeat { pattern: Box::new(body), minimum: 1, maximum: None, reluctant: false };
    let last = RowPosition { rows: RowSet { variables: None, running: false }, ..position(None, false, 0) };
    let mut spec = MatchSpec {
        variables: vec![
            variable("A", Some((compare("<", price(), number(5)), Vec::new()))),
            variable("B", Some((compare("<", price(), number(9)), Vec::new()))),
        ],
        pattern,
        preference: Preference::Preferred,
        measures: vec![
            slot(Slot::Classifier(position(None, false, 0))),
            slot(Slot::MatchNumber),
            slot(sum_of(0)),
            slot(price_of(last)),
        ],
        all_rows: true,
        ..falls()
    };
    let rows = [("a", 1, 4), ("a", 2, 8), ("a", 3, 9), ("a", 4, 1), ("a", 5, 2)];
    let events = vec![Event::inserts(0, rows.map(|(key, ms, price)| row(key, ms, price)).to_vec())];
    let wanted = [
        "+I[a, 1970-01-01T00:00:00.001, 4, A, 1, 4, 8]",
        "+I[a, 1970-01-01T00:00:00.002, 8, B, 1, 4, 8]",
        "+I[a, 1970-01-01T00:00:00.004, 1, A, 2, 1, 2]",
        "+I[a, 1970-01-01T00:00:00.005, 2, A, 2, 3, 2]",
    ];
    assert_eq!(check(&spec, &script(events.clone())), wanted);
    spec.within_ms = Some(2);
    assert_eq!(check(&spec, &script(events)), wanted);
}

/// Random prices in several partitions, watermarks behind: whatever way the state is cut, matches are the same.
#[test]
fn random_rows_survive_cuts_and_recovery() {
    for seed in 0..3 {
        let mut random = Lcg(seed);
        let mut events = Vec::new();
        for step in 0..40 {
            let rows = (0..8).map(|_| {
                let key = ["a", "b", "c", "d"][random.below(4) as usize];
                row(key, step * 10 + random.below(25) as i64, random.below(12) as i32)
            });
            events.push(Event::inserts(0, rows.collect()));
            events.push(Event::Watermark(step * 10 - 5));
        }
        let mut spec = falls();
        // Rows of the same time have no order, which recovery at another parallelism keeps all the same, being per key.
        spec.within_ms = [None, Some(20), Some(3)][seed as usize % 3];
        spec.skip = [AfterMatch::PastLastRow, AfterMatch::ToNextRow, AfterMatch::ToLast(0)][seed as usize % 3];
        let found = check(&spec, &script(events.clone()));
        assert!(found.len() > 2, "{} matches", found.len());
        // Conditions of single rows do not look at kept ones; measures do.
        let (low, high) = (compare("<", price(), number(9)), compare(">", price(), number(8)));
        spec.variables = vec![variable("DOWN", Some((low, Vec::new()))), variable("UP", Some((high, Vec::new())))];
        spec.skip = AfterMatch::PastLastRow;
        let found = check(&spec, &script(events));
        assert!(found.len() > 2, "{} matches", found.len());
    }
}

/// What is kept does not grow with the input: rows that no attempt can need go away.
#[test]
fn state_stays_bounded() {
    let spec = falls();
    let make = |setup: &Setup| build(&OperatorSpec::Match(Box::new(spec.clone())), setup);
    let mut bytes = Vec::new();
    for rows in [200, 4_000] {
        let mut random = Lcg(7);
        let events = (0..rows).flat_map(|ms| {
            let price = random.below(50) as i32;
            [Event::inserts(0, vec![row("a", ms, price)]), Event::Watermark(ms - 1)]
        });
        let script = Script::new(vec![input()], events.collect());
        let mut driver = run(&make, &script, &output(&spec)).expect("runs");
        bytes.push(driver.snapshot().expect("a snapshot").to_bytes().len());
    }
    assert!(bytes[1] < bytes[0] + 500, "{bytes:?}");
}
