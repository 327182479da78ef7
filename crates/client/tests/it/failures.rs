//! Failures and cancellation: the first error names operator and subtask, nothing hangs, nothing is left behind.

use flott_client::{EmbeddedCluster, JobError, JobFailure, RunOptions, collector};
use flott_connector::Registry;
use flott_environment::Environment;
use flott_job::graph::Partition;
use flott_job::{JobGraph, OperatorSpec};
use flott_record::Batch;
use flott_simulation::Simulation;

use crate::graphs::{bigints, collect, custom, line, sink, source, values, window_sums};
use crate::ledger::Ledger;
use crate::numbered::Numbered;
use crate::window_sum::{self, operators};

const NUMBERED: Numbered =
    Numbered { rows_per_split: 5_000, splits: 4, rows_per_batch: 100, pace_ms: 0, fails_at: None, is_endless: false };

fn fails_with(operator: &str) -> JobGraph {
    let schema = Numbered::schema();
    let first = vec![source("numbered", schema, None)];
    let second = vec![custom(operator), custom(window_sum::NAME), sink("ledger", bigints(&["k", "end", "sum"]))];
    line(vec![(2, first), (2, second)], vec![Partition::Rebalance])
}

fn run(environment: &Environment, numbered: Numbered, graph: JobGraph) -> (JobError, Ledger) {
    let ledger = Ledger::default();
    let mut connectors = Registry::new();
    connectors.register(numbered.connector());
    connectors.register(ledger.connector());
    let cluster = EmbeddedCluster::new(environment.clone(), connectors).with_operators(operators());
    let job = cluster.run(graph, RunOptions::default()).expect("the graph is valid");
    let error = job.wait().expect_err("it fails");
    assert!(job.trigger_checkpoint().wait().is_err());
    assert_eq!(ledger.left_behind(), 0);
    assert!(ledger.rows().is_empty());
    (error, ledger)
}

#[test]
fn an_operators_failure_names_it_and_its_subtask() {
    let expected =
        JobFailure { operator: "fails[1]".to_string(), subtask: Some((1, 2)), cause: "a value above 1000".to_string() };
    assert_eq!(expected.to_string(), "fails[1] (2/2): a value above 1000");
    for seed in 0..5 {
        let simulation = Simulation::new(seed);
        let (error, _) = run(simulation.environment(), NUMBERED, fails_with("fails"));
        assert_eq!(error, JobError::Failed(expected.clone()), "seed {seed}");
    }
    let (error, _) = run(&Environment::real(), NUMBERED, fails_with("fails"));
    assert_eq!(error, JobError::Failed(expected));
}

#[test]
fn a_panic_fails_the_job_and_nothing_hangs() {
    for environment in [Environment::real(), Simulation::new(1).environment().clone()] {
        let simulation = Simulation::new(1);
        let environment = if environment.is_traced() { simulation.environment().clone() } else { environment };
        let (error, _) = run(&environment, NUMBERED, fails_with("panics"));
        assert!(error.to_string().contains("a thousand is too much"), "{error}");
    }
}

#[test]
fn a_sources_failure_says_where() {
    let numbered = Numbered { fails_at: Some(4_321), ..NUMBERED };
    let (error, _) = run(&Environment::real(), numbered, window_sums(1, 2, "ledger"));
    assert_eq!(error.to_string(), "source[1] (1/1): split 0: row 4321 cannot be read");
}

#[test]
fn a_failed_commit_fails_the_job() {
    let environment = Environment::real();
    let ledger = Ledger::default();
    ledger.refuse();
    let mut connectors = Registry::new();
    connectors.register(NUMBERED.connector());
    connectors.register(ledger.connector());
    let cluster = EmbeddedCluster::new(environment, connectors).with_operators(operators());
    let job = cluster.run(window_sums(2, 2, "ledger"), RunOptions::default()).expect("the graph is valid");
    assert_eq!(job.wait().expect_err("refused").to_string(), "sink[1]: the ledger is closed");
    assert_eq!(ledger.left_behind(), 0);
}

/// A source much faster than its client is held back: the queue's bound, and one batch per subtask beyond it.
#[test]
fn a_client_that_does_not_read_holds_the_job_back_and_cancelling_ends_it() {
    for is_simulated in [false, true] {
        let simulation = Simulation::new(5);
        let environment = if is_simulated { simulation.environment().clone() } else { Environment::real() };
        let numbered = Numbered { rows_per_split: 10_000_000, rows_per_batch: 8_000, ..NUMBERED };
        let schema = Numbered::schema();
        let graph = line(vec![(1, vec![source("numbered", schema.clone(), None), collect(schema)])], vec![]);
        let cluster = EmbeddedCluster::new(environment.clone(), Registry::new());
        let (connector, mut results) = collector(&environment);
        let options = RunOptions::default().with_connector(connector).with_connector(numbered.connector());
        let job = cluster.run(graph, options).expect("the graph is valid");
        let first = results.next_batch().expect("rows come");
        environment.waiter().pass_ms(100).expect("time passes");
        let held_back = job.progress().rows_in;
        environment.waiter().pass_ms(100).expect("time passes");
        assert_eq!(job.progress().rows_in, held_back);
        let bytes = held_back as usize * first.memory_bytes() / first.num_rows();
        assert!(bytes < flott_client::limits::COLLECT_BYTES_MAX + 4 * first.memory_bytes(), "{bytes}");
        job.cancel();
        assert_eq!(job.wait().expect_err("cancelled"), JobError::Cancelled);
        let left: Vec<Batch> = results.collect();
        assert!(!left.is_empty());
    }
}

#[test]
fn interrupting_cancels_a_job_that_was_started_so() {
    let simulation = Simulation::new(7);
    let numbered = Numbered { pace_ms: 1_000, ..NUMBERED };
    let mut connectors = Registry::new();
    connectors.register(numbered.connector());
    connectors.register(Ledger::default().connector());
    let cluster = EmbeddedCluster::new(simulation.environment().clone(), connectors).with_operators(operators());
    let options = RunOptions::default().cancelled_by_interrupt();
    let job = cluster.run(window_sums(2, 1, "ledger"), options).expect("the graph is valid");
    simulation.pass_ms(2_500).expect("time passes");
    assert_eq!(job.result(), None);
    simulation.interrupt().set();
    let begin_ms = simulation.elapsed_ms();
    assert_eq!(job.wait().expect_err("cancelled"), JobError::Cancelled);
    assert!(simulation.elapsed_ms() - begin_ms < 100);
}

#[test]
fn what_cannot_run_is_refused_before_it_runs() {
    let environment = Environment::real();
    let cluster = EmbeddedCluster::new(environment, flott_connector::standard()).with_operators(operators());
    let schema = bigints(&["k", "v"]);
    let refused = |graph: JobGraph| match cluster.run(graph, RunOptions::default()) {
        Ok(job) => job.wait().expect_err("refused").to_string(),
        Err(error) => error.to_string(),
    };
    let message =
        refused(line(vec![(1, vec![values(vec![], schema.clone()), sink("nowhere", schema.clone())])], vec![]));
    assert!(message.starts_with("sink[1]: cannot find connector 'nowhere'"), "{message}");
    let blackhole = sink("blackhole", schema.clone());
    let mut odd = custom("odd");
    odd.spec = OperatorSpec::Custom("unheard-of".to_string());
    let message = refused(line(vec![(1, vec![values(vec![], schema), odd, blackhole])], vec![]));
    let (connector, mut results) = collector(cluster.environment());
    let graph = line(vec![(0, vec![collect(bigints(&["k"]))])], vec![]);
    let refused = cluster.run(graph, RunOptions::default().with_connector(connector)).err();
    assert!(refused.is_some_and(|error| error.to_string().contains("parallelism")));
    assert!(results.next_batch().is_none(), "a refused job has no results, and nobody waits for them");
    assert!(message.starts_with("odd[1] (1/1): no operator 'unheard-of' is registered"), "{message}");
}
