//! A row pattern in the simulator: killed at random, restored at another parallelism, each match once.

use std::sync::Arc;

use flott_client::{EmbeddedCluster, JobEnd, JobError, JobSnapshot, RunOptions};
use flott_connector::Registry;
use flott_environment::Random;
use flott_expression::{AggregateCall, AggregateFunction, Expression};
use flott_job::graph::Partition;
use flott_job::pattern::{
    AfterMatch, MatchSpec, PatternExpression, PatternVariable, Preference, RowPattern, RowPosition, RowSet, Slot,
};
use flott_job::spec::{SortColumn, WatermarkSpec};
use flott_job::{JobGraph, OperatorSpec};
use flott_record::{DataType, TypeKind, Value};
use flott_simulation::Simulation;

use crate::graphs::{bigints, line, node, sink, source};
use crate::ledger::Ledger;
use crate::numbered::{KEYS, Numbered};

const NUMBERED: Numbered =
    Numbered { rows_per_split: 300, splits: 4, rows_per_batch: 20, pace_ms: 100, fails_at: None, is_endless: false };

/// The numbers of a key have these remainders by 5, in this order: 0, 2, 4, 1, 3.
const STEP: i64 = KEYS;

fn bigint() -> DataType {
    TypeKind::BigInt.not_null()
}

fn value() -> Expression {
    Expression::column(1, bigint())
}

fn number(number: i64) -> Expression {
    Expression::literal(Value::BigInt(number), bigint())
}

fn variable(name: &str, definition: Option<PatternExpression>) -> PatternVariable {
    PatternVariable { name: name.to_string(), definition }
}

fn call(function: &str, left: Expression, right: Expression, data_type: DataType) -> Expression {
    Expression::call(function, vec![left, right], data_type)
}

fn rows(variable: usize) -> RowSet {
    RowSet { variables: Some(vec![variable]), running: true }
}

fn measure(slot: Slot) -> PatternExpression {
    PatternExpression { expression: Expression::column(3, bigint()), slots: vec![slot] }
}

fn last_of(variable: usize) -> Slot {
    let position = RowPosition { rows: rows(variable), from_first: false, offset: 0, rows_before: 0 };
    Slot::Row { position, value: value(), data_type: bigint() }
}

fn sum_of(variable: usize) -> Slot {
    let call = AggregateCall {
        function: AggregateFunction::Sum,
        arguments: vec![0],
        argument_types: vec![bigint()],
        distinct: false,
        filter: None,
        data_type: bigint(),
        name: "s".to_string(),
    };
    Slot::Aggregate { rows: rows(variable), arguments: vec![value()], call }
}

/// `PATTERN (A B+ C) DEFINE A AS MOD(v, 5) = 0, B AS MOD(v, 5) <> 3, C AS v = A.v + 28`
fn pattern() -> MatchSpec {
    let remainder = call("MOD", value(), number(5), bigint());
    let truth = TypeKind::Boolean.not_null();
    let of_row = |expression| Some(PatternExpression { expression, slots: Vec::new() });
    let sum = call("+", Expression::column(3, bigint()), number(4 * STEP), bigint());
    let end = PatternExpression {
        expression: call("=", value(), sum, TypeKind::Boolean.nullable()),
        slots: vec![last_of(0)],
    };
    let loop_of_b =
        RowPattern::Repeat { pattern: Box::new(RowPattern::Variable(1)), minimum: 1, maximum: None, reluctant: false };
    MatchSpec {
        partition: vec![0],
        order: vec![SortColumn { column: 2, descending: false, nulls_first: true }],
        rowtime: Some(2),
        variables: vec![
            variable("A", of_row(call("=", remainder.clone(), number(0), truth.clone()))),
            variable("B", of_row(call("<>", remainder, number(3), truth))),
            variable("C", Some(end)),
        ],
        pattern: RowPattern::Sequence(vec![RowPattern::Variable(0), loop_of_b, RowPattern::Variable(2)]),
        preference: Preference::Earliest,
        skip: AfterMatch::PastLastRow,
        within_ms: Some(100),
        measures: vec![measure(last_of(0)), measure(sum_of(1))],
        all_rows: false,
        input: Numbered::schema(),
    }
}

fn graph(sources: u32, matchers: u32) -> JobGraph {
    let schema = Numbered::schema();
    let watermark = WatermarkSpec {
        rowtime: 2,
        expression: Expression::column(2, schema.data_type(2).clone()),
        interval_ms: 0,
        idle_timeout_ms: 0,
    };
    let first = vec![source("numbered", schema, None), node("watermark", OperatorSpec::Watermark(watermark))];
    let matches = node("match", OperatorSpec::Match(Box::new(pattern())));
    let second = vec![matches, sink("ledger", bigints(&["k", "first", "between"]))];
    line(vec![(sources, first), (matchers, second)], vec![Partition::Hash { columns: vec![0] }])
}

/// Each number that 5 divides, if the four numbers of its key after it are there.
fn expected(rows: i64) -> Vec<Vec<i64>> {
    let mut matches: Vec<Vec<i64>> = (0..rows - 4 * STEP)
        .filter(|first| first % 5 == 0)
        .map(|first| vec![first % KEYS, first, 3 * first + (1 + 2 + 3) * STEP])
        .collect();
    matches.sort();
    matches
}

/// Runs until the job ends by itself, with checkpoints and kills at random times; gives the number of kills.
fn killed_and_restored(seed: u64) -> usize {
    let simulation = Simulation::new(seed);
    let environment = simulation.environment();
    let (mut random, ledger) = (Random::from_seed(seed), Ledger::default());
    let mut connectors = Registry::new();
    connectors.register(NUMBERED.connector());
    connectors.register(ledger.connector());
    let cluster = EmbeddedCluster::new(environment.clone(), connectors);
    let mut snapshot: Option<Arc<JobSnapshot>> = None;
    for kills in 0.. {
        let mut parallelism = || 1 + random.next_below(4) as u32;
        let graph = graph(parallelism(), parallelism());
        let options = RunOptions { restore_from: snapshot.clone(), ..RunOptions::default() };
        let job = cluster.run(graph, options).expect("the snapshot fits");
        for _ in 0..=random.next_below(2) {
            simulation.pass_ms(random.next_below(400)).expect("time passes");
            if let Ok(taken) = job.trigger_checkpoint().wait() {
                let bytes = taken.to_bytes();
                snapshot = Some(Arc::new(JobSnapshot::from_bytes(&bytes).expect("own bytes")));
            }
        }
        if kills < 8 && random.next_bool(0.8) {
            job.cancel();
        }
        match job.wait() {
            Ok(result) => {
                assert_eq!(result.end, JobEnd::Finished);
                assert_eq!(ledger.rows(), expected(1_200), "seed {seed}");
                return kills;
            }
            Err(error) => assert_eq!(error, JobError::Cancelled),
        }
    }
    unreachable!("after eight kills the job ends by itself")
}

#[test]
fn each_match_comes_once_through_kills_and_rescaling() {
    let kills: usize = (0..12).map(killed_and_restored).sum();
    assert!(kills >= 12, "only {kills} kills: the test tests little");
}
