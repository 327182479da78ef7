//! Lookup joins over a table in memory.

use flott_expression::Expression;
use flott_record::{Field, RowKind, Schema, TableSpec, TypeKind, Value};

use super::*;
use crate::harness::{Compare, Event, Row, Script, check_cuts, check_recovery, row_texts};

fn input() -> Schema {
    Schema::new(vec![Field::new("id", TypeKind::Int.nullable()), Field::new("k", TypeKind::Int.nullable())])
}

fn right() -> Schema {
    Schema::new(vec![Field::new("key", TypeKind::Int.nullable()), Field::new("v", TypeKind::Int.nullable())])
}

/// Each key from 1 to 4 has as many rows as its number; the others have none.
struct Numbers;

impl LookupTable for Numbers {
    fn find(&mut self, keys: &[ArrayRef], count: usize) -> Result<(Batch, Vec<u32>), OperatorError> {
        use arrow_array::Int32Array;
        use arrow_array::cast::AsArray;
        use arrow_array::types::Int32Type;
        let keys = keys[0].as_primitive::<Int32Type>();
        let (mut of_key, mut values, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for at in 0..count {
            for value in (0..keys.value(at)).filter(|_| keys.value(at) <= 4) {
                of_key.push(at as u32);
                found.push(keys.value(at));
                values.push(value);
            }
        }
        let rows = of_key.len();
        let columns: Vec<ArrayRef> =
            vec![std::sync::Arc::new(Int32Array::from(found)), std::sync::Arc::new(Int32Array::from(values))];
        Ok((Batch::new(columns, rows), of_key))
    }
}

fn spec(outer: bool) -> LookupJoinSpec {
    let column = |index| Expression::column(index, TypeKind::Int.nullable());
    LookupJoinSpec {
        table: TableSpec::default(),
        projection: vec![0, 1],
        keys: vec![(0, column(1))],
        calc: None,
        outer,
        condition: None,
        before: None,
        retry: None,
        remembered_by: None,
        input: input(),
        fetched: right(),
        right: right(),
        state_ttl_ms: 0,
    }
}

fn output() -> Schema {
    Schema::new(input().fields.into_iter().chain(right().fields).collect())
}

fn row(kind: &str, id: i32, key: Option<i32>) -> Row {
    let key = key.map_or(Value::Null, Value::Int);
    (RowKind::from_short(kind).expect("a kind"), vec![Value::Int(id), key])
}

fn seen(spec: &LookupJoinSpec, events: Vec<Event>) -> Vec<String> {
    let script = Script::new(vec![input()], events).ended();
    let make = |setup: &Setup| -> Result<Box<dyn Operator>, OperatorError> {
        Ok(Box::new(LookupJoin::new(spec, Box::new(Numbers), setup)?))
    };
    let seen = check_cuts(&make, &script, &output());
    check_recovery(&make, &script, &output(), &[vec![0]], Compare::Rows);
    row_texts(&seen)
}

#[test]
fn rows_meet_what_has_their_key() {
    let rows = vec![row("+I", 1, Some(2)), row("+I", 2, None), row("+I", 3, Some(9)), row("+I", 4, Some(1))];
    let inner = seen(&spec(false), vec![Event::rows(0, rows.clone())]);
    assert_eq!(inner, ["+I[1, 2, 2, 0]", "+I[1, 2, 2, 1]", "+I[4, 1, 1, 0]"]);
    let outer = seen(&spec(true), vec![Event::rows(0, rows)]);
    assert_eq!(outer[2..4], ["+I[2, null, null, null]", "+I[3, 9, null, null]"]);
}

#[test]
fn conditions_filter_before_and_after() {
    let column = |index| Expression::column(index, TypeKind::Int.nullable());
    let less = |a, b| Expression::call("<", vec![column(a), column(b)], TypeKind::Boolean.nullable());
    let mut spec = spec(true);
    spec.condition = Some(less(0, 3));
    let rows = vec![row("+I", 0, Some(2)), row("+I", 5, Some(3))];
    assert_eq!(seen(&spec, vec![Event::rows(0, rows.clone())]), ["+I[0, 2, 2, 1]", "+I[5, 3, null, null]"]);
    (spec.condition, spec.before) = (None, Some(less(0, 1)));
    let before = seen(&spec, vec![Event::rows(0, rows)]);
    assert_eq!(before, ["+I[0, 2, 2, 0]", "+I[0, 2, 2, 1]", "+I[5, 3, null, null]"]);
}

#[test]
fn what_was_found_is_retracted() {
    let mut spec = spec(false);
    spec.remembered_by = Some(vec![0]);
    // The retraction names another key: what counts is what was found.
    let rows = vec![row("+I", 1, Some(2)), row("-U", 1, Some(3)), row("+U", 1, Some(1)), row("-D", 1, Some(1))];
    let wanted =
        ["+I[1, 2, 2, 0]", "+I[1, 2, 2, 1]", "-U[1, 3, 2, 0]", "-U[1, 3, 2, 1]", "+U[1, 1, 1, 0]", "-D[1, 1, 1, 0]"];
    assert_eq!(seen(&spec, vec![Event::rows(0, rows)]), wanted);
}

#[test]
fn a_row_that_is_missing_is_looked_up_again() {
    let mut spec = spec(true);
    spec.retry = Some(LookupRetry { attempts_max: 3, delay_ms: 10 });
    let rows = vec![row("+I", 1, Some(9)), row("+I", 2, Some(1))];
    let events = |clock: Vec<i64>| {
        let mut events = vec![Event::Clock(1), Event::rows(0, rows.clone())];
        events.extend(clock.into_iter().map(Event::Clock));
        events
    };
    let script = |clock| Script::new(vec![input()], events(clock));
    let make = |setup: &Setup| -> Result<Box<dyn Operator>, OperatorError> {
        Ok(Box::new(LookupJoin::new(&spec, Box::new(Numbers), setup)?))
    };
    assert_eq!(row_texts(&check_cuts(&make, &script(vec![12]), &output())), ["+I[2, 1, 1, 0]"]);
    let given_up = row_texts(&check_cuts(&make, &script(vec![12, 30]), &output()));
    assert_eq!(given_up, ["+I[2, 1, 1, 0]", "+I[1, 9, null, null]"]);
}
