//! Joins against the changelogs of Flink and against what each kind of join is by definition.

use flott_expression::Expression;
use flott_job::spec::JoinSideKey;
use flott_record::{Field, RowKind, Schema, TypeKind, Value};
use proptest::prelude::*;

use super::*;
use crate::harness::{Compare, Event, Lcg, Row, Script, Seen, check_cuts, check_recovery, row_texts};

fn side(prefix: &str) -> Schema {
    let field = |name: &str, kind: TypeKind| Field::new(format!("{prefix}{name}"), kind.nullable());
    Schema::new(vec![field("k", TypeKind::string()), field("v", TypeKind::Int)])
}

fn spec(kind: JoinKind, side_key: JoinSideKey) -> JoinSpec {
    JoinSpec {
        kind,
        left_keys: vec![0],
        right_keys: vec![0],
        filter_nulls: vec![true],
        condition: None,
        left: side("l"),
        right: side("r"),
        left_side: side_key.clone(),
        right_side: side_key,
        left_ttl_ms: 0,
        right_ttl_ms: 0,
    }
}

fn output(kind: JoinKind) -> Schema {
    let mut fields = side("l").fields;
    if !matches!(kind, JoinKind::Semi | JoinKind::Anti) {
        fields.extend(side("r").fields);
    }
    Schema::new(fields)
}

fn row(kind: &str, key: &str, value: i32) -> Row {
    let key = if key == "null" { Value::Null } else { Value::String(key.into()) };
    (RowKind::from_short(kind).expect("a row kind"), vec![key, Value::Int(value)])
}

fn changelog(spec: &JoinSpec, events: Vec<(usize, Row)>) -> Vec<String> {
    let events = events.into_iter().map(|(input, row)| Event::rows(input, vec![row])).collect();
    let script = Script::new(vec![spec.left.clone(), spec.right.clone()], events).ended();
    let make = |setup: &Setup| -> Result<Box<dyn Operator>, OperatorError> { Ok(Box::new(Join::new(spec, setup)?)) };
    let output = output(spec.kind);
    let seen = check_cuts(&make, &script, &output);
    check_recovery(&make, &script, &output, &[vec![0], vec![0]], Compare::Rows);
    row_texts(&seen)
}

/// The changelog of Flink 2.3.0 for `l LEFT JOIN r ON l.k = r.k`.
#[test]
fn a_left_join_retracts_padded_rows() {
    let spec = spec(JoinKind::Left, JoinSideKey::NoUniqueKey);
    let events = vec![(0, row("+I", "a", 1)), (1, row("+I", "a", 10)), (0, row("+I", "b", 2)), (1, row("+I", "a", 11))];
    let wanted =
        ["+I[a, 1, null, null]", "-D[a, 1, null, null]", "+I[a, 1, a, 10]", "+I[b, 2, null, null]", "+I[a, 1, a, 11]"];
    assert_eq!(changelog(&spec, events), wanted);
}

/// The changelog of Flink 2.3.0 for `NOT IN` as an ANTI join.
#[test]
fn an_anti_join_deletes_rows_that_find_a_match() {
    let spec = spec(JoinKind::Anti, JoinSideKey::NoUniqueKey);
    let events = vec![(0, row("+I", "a", 1)), (1, row("+I", "a", 0)), (0, row("+I", "b", 2))];
    assert_eq!(changelog(&spec, events), ["+I[a, 1]", "-D[a, 1]", "+I[b, 2]"]);
}

#[test]
fn an_inner_join_forwards_the_kind_of_the_arrived_row() {
    let spec = spec(JoinKind::Inner, JoinSideKey::NoUniqueKey);
    let events = vec![
        (0, row("+I", "a", 1)),
        (1, row("+I", "a", 10)),
        (1, row("-U", "a", 10)),
        (1, row("+U", "a", 11)),
        (0, row("-D", "a", 1)),
        (1, row("+I", "a", 12)),
    ];
    let wanted = ["+I[a, 1, a, 10]", "-U[a, 1, a, 10]", "+U[a, 1, a, 11]", "-D[a, 1, a, 11]"];
    assert_eq!(changelog(&spec, events), wanted);
}

#[test]
fn the_last_match_that_goes_brings_the_padded_row_back() {
    let spec = spec(JoinKind::Left, JoinSideKey::JoinKeyContainsUniqueKey);
    let events =
        vec![(0, row("+I", "a", 1)), (1, row("+I", "a", 10)), (1, row("-U", "a", 10)), (1, row("+U", "a", 11))];
    let wanted = [
        "+I[a, 1, null, null]",
        "-D[a, 1, null, null]",
        "+I[a, 1, a, 10]",
        "-U[a, 1, a, 10]",
        "+I[a, 1, null, null]",
        "-D[a, 1, null, null]",
        "+I[a, 1, a, 11]",
    ];
    assert_eq!(changelog(&spec, events), wanted);
}

#[test]
fn null_keys_match_only_where_the_join_says_so() {
    let mut strict = spec(JoinKind::Full, JoinSideKey::NoUniqueKey);
    let events = || vec![(0, row("+I", "null", 1)), (1, row("+I", "null", 2)), (0, row("-D", "null", 1))];
    let padded = ["+I[null, 1, null, null]", "+I[null, null, null, 2]", "-D[null, 1, null, null]"];
    assert_eq!(changelog(&strict, events()), padded);
    strict.kind = JoinKind::Inner;
    strict.filter_nulls = vec![false];
    assert_eq!(changelog(&strict, events()), ["+I[null, 1, null, 2]", "-D[null, 1, null, 2]"]);
}

#[test]
fn a_semi_join_emits_a_row_with_its_first_match() {
    let spec = spec(JoinKind::Semi, JoinSideKey::HasUniqueKey(vec![1]));
    let events = vec![
        (0, row("+I", "a", 1)),
        (1, row("+I", "a", 7)),
        (1, row("+I", "a", 8)),
        (1, row("-D", "a", 7)),
        (1, row("-D", "a", 8)),
        (0, row("+I", "b", 2)),
    ];
    assert_eq!(changelog(&spec, events), ["+I[a, 1]", "-D[a, 1]"]);
}

/// `l.v < r.v`
fn less() -> Expression {
    let column = |index| Expression::column(index, TypeKind::Int.nullable());
    Expression::call("<", vec![column(1), column(3)], TypeKind::Boolean.nullable())
}

#[test]
fn a_residual_condition_decides_what_matches() {
    let mut spec = spec(JoinKind::Left, JoinSideKey::NoUniqueKey);
    spec.condition = Some(less());
    let events = vec![
        (1, row("+I", "a", 5)),
        (0, row("+I", "a", 7)),
        (0, row("+I", "a", 3)),
        (1, row("+I", "a", 9)),
        (1, row("-D", "a", 9)),
    ];
    let wanted = [
        "+I[a, 7, null, null]",
        "+I[a, 3, a, 5]",
        "-D[a, 7, null, null]",
        "+I[a, 7, a, 9]",
        "+I[a, 3, a, 9]",
        "-D[a, 7, a, 9]",
        "-D[a, 3, a, 9]",
        "+I[a, 7, null, null]",
    ];
    assert_eq!(changelog(&spec, events), wanted);
}

#[test]
fn expired_rows_are_not_seen() {
    let mut spec = spec(JoinKind::Inner, JoinSideKey::NoUniqueKey);
    spec.left_ttl_ms = 10;
    let script = Script::new(
        vec![spec.left.clone(), spec.right.clone()],
        vec![
            Event::rows(0, vec![row("+I", "a", 1)]),
            Event::Clock(9),
            Event::rows(1, vec![row("+I", "a", 2)]),
            Event::Clock(10),
            Event::rows(1, vec![row("+I", "a", 3)]),
            Event::Clock(100),
            Event::rows(0, vec![row("+I", "a", 4)]),
        ],
    );
    let make = |setup: &Setup| -> Result<Box<dyn Operator>, OperatorError> { Ok(Box::new(Join::new(&spec, setup)?)) };
    let seen = check_cuts(&make, &script, &output(spec.kind));
    assert_eq!(row_texts(&seen), ["+I[a, 1, a, 2]", "+I[a, 4, a, 2]", "+I[a, 4, a, 3]"]);
}

/// The result of a join by definition: pairs, and NULL-padded rows of outer sides.
fn table(kind: JoinKind, left: &[Row], right: &[Row], condition: bool) -> Vec<String> {
    let matches = |l: &Row, r: &Row| {
        let smaller = match (&l.1[1], &r.1[1]) {
            (Value::Int(l), Value::Int(r)) => l < r,
            _ => false,
        };
        l.1[0] != Value::Null && l.1[0] == r.1[0] && (!condition || smaller)
    };
    let text = |values: &[Value]| values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
    let mut rows = Vec::new();
    for l in left {
        let partners: Vec<&Row> = right.iter().filter(|r| matches(l, r)).collect();
        match kind {
            JoinKind::Semi | JoinKind::Anti => {
                if partners.is_empty() == (kind == JoinKind::Anti) {
                    rows.push(text(&l.1));
                }
            }
            _ => {
                rows.extend(partners.iter().map(|r| format!("{}, {}", text(&l.1), text(&r.1))));
                if partners.is_empty() && matches!(kind, JoinKind::Left | JoinKind::Full) {
                    rows.push(format!("{}, null, null", text(&l.1)));
                }
            }
        }
    }
    if matches!(kind, JoinKind::Right | JoinKind::Full) {
        let lonely = right.iter().filter(|r| !left.iter().any(|l| matches(l, r)));
        rows.extend(lonely.map(|r| format!("null, null, {}", text(&r.1))));
    }
    rows.sort();
    rows
}

fn final_table(seen: &[Seen]) -> Vec<String> {
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

const KINDS: [JoinKind; 6] =
    [JoinKind::Inner, JoinKind::Left, JoinKind::Right, JoinKind::Full, JoinKind::Semi, JoinKind::Anti];

/// Random changelogs of both sides and what each side holds in the end.
fn random_changelogs(seed: u64, retract: bool) -> (Vec<Event>, [Vec<Row>; 2]) {
    let mut random = Lcg(seed);
    let mut tables: [Vec<Row>; 2] = Default::default();
    let mut events = Vec::new();
    for _ in 0..60 {
        let input = random.below(2) as usize;
        let mut rows = Vec::new();
        for _ in 0..random.below(4) {
            let table = &mut tables[input];
            if retract && random.below(3) == 0 && !table.is_empty() {
                let (_, values) = table.remove(random.below(table.len() as u64) as usize);
                rows.push((RowKind::Delete, values));
            } else {
                let key = ["a", "b", "c", "null"][random.below(4) as usize];
                let new = row("+I", key, random.below(5) as i32);
                table.push(new.clone());
                rows.push(new);
            }
        }
        events.push(Event::rows(input, rows));
    }
    (events, tables)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The changelog of any kind of join adds up to the join of what the inputs hold, in streaming and in batch mode.
    #[test]
    fn the_changelog_adds_up_to_the_join(seed: u64, kind in 0usize..6, condition: bool, batch_mode: bool, timed: bool) {
        let mut spec = spec(KINDS[kind], JoinSideKey::NoUniqueKey);
        spec.condition = condition.then(less);
        (spec.left_ttl_ms, spec.right_ttl_ms) = if timed { (1_000, 1_000) } else { (0, 0) };
        let (events, [left, right]) = random_changelogs(seed, !batch_mode);
        let mut script = Script::new(vec![spec.left.clone(), spec.right.clone()], events).ended();
        script.batch_mode = batch_mode;
        let make = |setup: &Setup| -> Result<Box<dyn Operator>, OperatorError> { Ok(Box::new(Join::new(&spec, setup)?)) };
        let seen = check_cuts(&make, &script, &output(spec.kind));
        prop_assert_eq!(final_table(&seen), table(spec.kind, &left, &right, condition));
        if batch_mode {
            prop_assert!(row_texts(&seen).iter().all(|row| row.starts_with("+I")));
        } else {
            check_recovery(&make, &script, &output(spec.kind), &[vec![0], vec![0]], Compare::Rows);
        }
    }
}
