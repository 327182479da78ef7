//! How long a checkpoint takes under full back-pressure: every queue is full, the sink takes a batch now and then.

use std::time::Instant;

use flott_checkpoint::{AlignmentMode, CheckpointSettings};
use flott_client::{EmbeddedCluster, JobError, RunOptions};
use flott_connector::Registry;
use flott_environment::Environment;
use flott_simulation::Simulation;

use super::checkers::in_flight;
use super::journal::Journal;
use super::operators::{CREDIT, DEBIT, operators};
use super::three_stages;
use crate::numbered::Numbered;

/// Endless for the test's purpose: far more rows than the queues hold.
const NUMBERED: Numbered = Numbered {
    rows_per_split: 20_000_000,
    splits: 4,
    rows_per_batch: 1_000,
    pace_ms: 0,
    fails_at: None,
    is_endless: false,
};

const SINK_PACE_MS: i64 = 20;

/// Milliseconds from trigger to complete, by the environment's clock, and rows in flight to the last stage.
fn checkpoint_under_pressure(environment: &Environment, alignment: AlignmentMode, fill_ms: u64) -> (u64, usize) {
    let journal = Journal::new(SINK_PACE_MS);
    let mut connectors = Registry::new();
    connectors.register(NUMBERED.connector_at_once());
    connectors.register(journal.connector());
    let cluster = EmbeddedCluster::new(environment.clone(), connectors).with_operators(operators(false));
    let options = RunOptions::default().with_checkpointing(CheckpointSettings { alignment });
    let job = cluster.run(three_stages(DEBIT, CREDIT, &mut || 2), options).expect("the graph is valid");
    environment.waiter().pass_ms(fill_ms).expect("time passes");
    let begin_ns = environment.clock().monotonic_ns();
    let snapshot = job.trigger_checkpoint().wait().expect("input is left");
    let took_ms = (environment.clock().monotonic_ns() - begin_ns) / 1_000_000;
    super::checkers::bank(&snapshot).expect("a clean cut");
    let (_, rows) = in_flight(&snapshot, CREDIT).expect("it can be read");
    job.cancel();
    assert_eq!(job.wait().expect_err("cancelled"), JobError::Cancelled);
    (took_ms, rows)
}

#[test]
fn an_unaligned_barrier_does_not_wait_for_full_queues() {
    let measured = [AlignmentMode::Aligned, AlignmentMode::Unaligned { timeout_ms: 0 }].map(|alignment| {
        let simulation = Simulation::new(5);
        checkpoint_under_pressure(simulation.environment(), alignment, 3_000)
    });
    let [(aligned_ms, aligned_rows), (unaligned_ms, unaligned_rows)] = measured;
    eprintln!(
        "simulated, full back-pressure: aligned {aligned_ms} ms, unaligned {unaligned_ms} ms with {unaligned_rows} rows in flight"
    );
    assert_eq!(aligned_rows, 0);
    assert!(unaligned_rows > 0 && unaligned_ms * 10 < aligned_ms, "the barrier waits for rows");
}

#[test]
fn an_unaligned_barrier_overtakes_on_real_threads() {
    let begin = Instant::now();
    let environment = Environment::real();
    let (took_ms, rows) = checkpoint_under_pressure(&environment, AlignmentMode::Unaligned { timeout_ms: 0 }, 1_500);
    eprintln!(
        "real threads, full back-pressure: unaligned {took_ms} ms with {rows} rows in flight, {:?} in all",
        begin.elapsed()
    );
    assert!(rows > 0, "nothing was in flight: the test tests little");
}
