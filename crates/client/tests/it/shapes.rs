//! Shapes of graphs: partitioning, unions, several inputs, idle subtasks, limits, timers, vertices that end early.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array};
use flott_client::{CustomOperators, EmbeddedCluster, JobHandle, JobSnapshot, RunOptions, collector};
use flott_connector::Registry;
use flott_environment::Environment;
use flott_job::graph::Partition;
use flott_job::{Edge, JobGraph, OperatorNode};
use flott_metric::MetricValue;
use flott_operator::{Context, Forwarding, Operator, OperatorError, Step};
use flott_record::{Batch, MAX_WATERMARK};
use flott_simulation::Simulation;
use flott_state::{SnapshotReader, SnapshotWriter};

use crate::graphs::{bigints, collect, custom, line, numbers, source, values, window_sums};
use crate::numbered::Numbered;
use crate::window_sum::{self, expected};

/// Passes rows on as `k, v, input`; `wakes` emits a row at a processing time as well.
#[derive(Default)]
struct Tag {
    wakes_after_ms: Option<i64>,
    wake_at_ms: Option<i64>,
    ended: Vec<usize>,
    watermarks: Vec<i64>,
}

fn row(cells: [i64; 3]) -> Batch {
    Batch::new(cells.map(|cell| Arc::new(Int64Array::from(vec![cell])) as ArrayRef).to_vec(), 1)
}

impl Operator for Tag {
    fn on_batch(&mut self, input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        assert!(!self.ended.contains(&input));
        // One row a call, and always a yield: the loop repeats with the rest.
        let inputs: ArrayRef = Arc::new(Int64Array::from(vec![input as i64]));
        let first = batch.slice(0, 1);
        context.emit(Batch::new(vec![first.column(0).clone(), first.column(1).clone(), inputs], 1));
        if let (None, Some(after_ms)) = (self.wake_at_ms, self.wakes_after_ms.take()) {
            self.wake_at_ms = Some(context.now_ms + after_ms);
        }
        Ok(Step::Yield { consumed_rows: 1 })
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        assert!(self.watermarks.last().is_none_or(|last| *last < context.watermark_ms));
        self.watermarks.push(context.watermark_ms);
        Ok(Step::Done)
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        assert!(self.wake_at_ms.take().is_some_and(|wake_at_ms| wake_at_ms <= context.now_ms));
        context.emit(row([-1, -1, -1]));
        Ok(Step::Done)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        self.wake_at_ms
    }

    fn end_input(&mut self, input: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.ended.push(input);
        assert!(self.ended.len() < 2 || context.watermark_ms == MAX_WATERMARK);
        Ok(Step::Done)
    }

    fn prepare_barrier(&mut self, _: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
    }

    fn snapshot(&mut self, _: &mut SnapshotWriter) -> Result<(), OperatorError> {
        Ok(())
    }

    fn restore(&mut self, _: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(())
    }
}

fn operators() -> CustomOperators {
    let mut operators = window_sum::operators();
    operators.register("tag", |_| Ok(Box::<Tag>::default()));
    operators.register("timer", |_| Ok(Box::new(Tag { wakes_after_ms: Some(300), ..Tag::default() })));
    operators
}

fn start(environment: &Environment, numbered: Numbered, graph: JobGraph) -> (JobHandle, flott_client::CollectReceiver) {
    start_from(environment, numbered, graph, None)
}

fn start_from(
    environment: &Environment,
    numbered: Numbered,
    graph: JobGraph,
    restore_from: Option<Arc<JobSnapshot>>,
) -> (JobHandle, flott_client::CollectReceiver) {
    let cluster = EmbeddedCluster::new(environment.clone(), Registry::new()).with_operators(operators());
    let (connector, results) = collector(environment);
    let options = RunOptions { restore_from, ..RunOptions::default() };
    let options = options.with_connector(connector).with_connector(numbered.connector());
    (cluster.run(graph, options).expect("the graph is valid"), results)
}

fn three() -> flott_record::Schema {
    bigints(&["k", "v", "input"])
}

fn sorted_rows(batches: &[Batch]) -> Vec<Vec<i64>> {
    let mut rows: Vec<Vec<i64>> = numbers(batches, &three()).into_iter().map(|(_, row)| row).collect();
    rows.sort();
    rows
}

#[test]
fn every_partitioning_keeps_all_rows_and_their_order_per_key() {
    let environment = Environment::real();
    let numbered = Numbered { rows_per_split: 20_000, splits: 1, rows_per_batch: 700, ..Numbered::default() };
    let tag = |name: &str| {
        let mut node = custom("tag");
        node.uid = name.to_string();
        node
    };
    let hash = Partition::Hash { columns: vec![0] };
    let graph = line(
        vec![
            (2, vec![source("numbered", Numbered::schema(), None)]),
            (3, vec![tag("a"), tag("b")]),
            (3, vec![tag("c")]),
            (4, vec![tag("d")]),
            (1, vec![collect(three())]),
        ],
        vec![hash.clone(), Partition::Forward, hash, Partition::Singleton],
    );
    let (job, results) = start(&environment, numbered, graph);
    let batches: Vec<_> = results.collect();
    job.wait().expect("nothing fails");
    let mut by_key: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (_, row) in numbers(&batches, &three()) {
        by_key.entry(row[0]).or_default().push(row[1]);
    }
    for (key, seen) in by_key {
        let of_key: Vec<i64> = (0..20_000).filter(|value| value % 7 == key).collect();
        assert!(seen == of_key, "key {key}");
    }
}

fn two_inputs(left: OperatorNode, right: OperatorNode, partition: Partition) -> JobGraph {
    let chain = vec![custom("tag"), collect(three())];
    let mut graph = line(vec![(1, vec![left]), (2, vec![right]), (2, chain)], vec![]);
    let edge = |from, input, partition| Edge { from, to: 2, input, partition };
    graph.edges = vec![edge(0, 0, Partition::Broadcast), edge(1, 1, partition)];
    graph
}

#[test]
fn inputs_are_told_apart_and_broadcast_rows_reach_every_subtask() {
    for seed in 0..5 {
        let simulation = Simulation::new(seed);
        let left = values(vec![vec![100, 1], vec![101, 2]], bigints(&["k", "v"]));
        let mut right = source("numbered", Numbered::schema(), None);
        right.uid = "right".to_string();
        let graph = two_inputs(left, right, Partition::Rebalance);
        let (job, results) = start(simulation.environment(), Numbered::default(), graph);
        let rows = sorted_rows(&results.collect::<Vec<_>>());
        job.wait().expect("nothing fails");
        let left = [[100, 1, 0], [101, 2, 0]].map(|row| row.to_vec());
        let mut all: Vec<Vec<i64>> = (0..100).map(|number| vec![number % 7, number, 1]).collect();
        all.extend(left.iter().chain(&left).cloned());
        all.sort();
        assert_eq!(rows, all, "seed {seed}");
    }
}

#[test]
fn a_vertex_that_ended_before_a_checkpoint_stays_ended_after_the_restore() {
    let simulation = Simulation::new(11);
    let numbered = Numbered { pace_ms: 100, ..Numbered::default() };
    let graph = || {
        let left = values(vec![vec![100, 1]], bigints(&["k", "v"]));
        let mut right = source("numbered", Numbered::schema(), None);
        right.uid = "right".to_string();
        two_inputs(left, right, Partition::Forward)
    };
    let (job, mut results) = start(simulation.environment(), numbered, graph());
    simulation.pass_ms(450).expect("time passes");
    let snapshot = job.stop_with_snapshot().wait().expect("input is left");
    job.wait().expect("it stops well");
    let mut batches: Vec<_> = std::iter::from_fn(|| results.next_batch()).collect();
    assert!(snapshot.finished.contains("values"), "{:?}", snapshot.finished);
    let (job, results) = start_from(simulation.environment(), numbered, graph(), Some(snapshot));
    batches.extend(results);
    job.wait().expect("nothing fails");
    let mut all: Vec<Vec<i64>> = (0..100).map(|number| vec![number % 7, number, 1]).collect();
    all.extend([vec![100, 1, 0], vec![100, 1, 0]]);
    all.sort();
    assert_eq!(sorted_rows(&batches), all);
}

#[test]
fn subtasks_without_splits_do_not_hold_the_watermark_of_an_endless_source() {
    let simulation = Simulation::new(2);
    let numbered = Numbered { rows_per_split: 1_000, splits: 2, pace_ms: 10, is_endless: true, ..Numbered::default() };
    let (job, mut results) = start(simulation.environment(), numbered, window_sums(4, 2, "collect"));
    simulation.pass_ms(5_000).expect("time passes");
    let batches: Vec<_> = std::iter::from_fn(|| results.try_next()).collect();
    job.cancel();
    job.wait().expect_err("cancelled");
    let rows = sorted_rows(&batches);
    // All rows are read, both subtasks fell idle, and the greatest watermark is the last row's time: the last window stays open.
    let closed: Vec<Vec<i64>> = expected(2_000).into_iter().filter(|row| row[1] < 2_000).collect();
    assert!(rows.iter().all(|row| expected(2_000).contains(row)), "no window came in pieces");
    assert!(rows.len() >= closed.len(), "{} of {} windows", rows.len(), closed.len());
}

#[test]
fn a_limit_holds_per_subtask_and_timers_fire_by_the_clock() {
    let simulation = Simulation::new(4);
    let numbered = Numbered { rows_per_split: 1_000, splits: 3, rows_per_batch: 7, pace_ms: 50, ..Numbered::default() };
    let chain = vec![source("numbered", Numbered::schema(), Some(200)), custom("timer"), collect(three())];
    let (job, results) = start(simulation.environment(), numbered, line(vec![(1, chain)], vec![]));
    let batches: Vec<_> = results.collect();
    let result = job.wait().expect("nothing fails");
    assert_eq!((result.progress.rows_in, result.progress.rows_out), (200, 201));
    let rows: Vec<Vec<i64>> = numbers(&batches, &three()).into_iter().map(|(_, row)| row).collect();
    let at = rows.iter().position(|row| row[0] == -1).expect("the timer fired");
    assert!((28..60).contains(&at), "after 300 ms some 6 batches of 7 rows have come, not {at} rows");
}

#[test]
fn metrics_bear_flinks_names_and_count_rows() {
    let environment = Environment::real();
    let (job, results) = start(&environment, Numbered::default(), window_sums(1, 2, "collect"));
    let results: usize = results.map(|batch| batch.column(0).as_primitive::<Int64Type>().len()).sum();
    job.wait().expect("nothing fails");
    let metrics = job.metrics();
    let count = |end: &str| -> u64 {
        let of_name = metrics.iter().filter(|metric| metric.identifier.ends_with(end));
        of_name.map(|metric| if let MetricValue::Counter(count) = metric.value { count } else { 0 }).sum()
    };
    assert_eq!(count(".source[1].0.numRecordsOut"), 100);
    assert_eq!(count(".watermark[1].0.numRecordsIn"), 100);
    assert_eq!(count(".window-sum[1].0.numRecordsIn") + count(".window-sum[1].1.numRecordsIn"), 100);
    assert_eq!(count(".sink[1].0.numRecordsIn") + count(".sink[1].1.numRecordsIn"), results as u64);
    assert!(metrics.iter().any(|metric| metric.identifier.ends_with("busyTimeMsPerSecond")));
    let progress = job.progress();
    assert_eq!((progress.bytes_read, progress.bytes_total), (100, Some(100)));
    assert_eq!(progress.watermark_ms, Some(MAX_WATERMARK));
}
