//! Snapshots of whole jobs: taken while rows flow, restored at another parallelism, nothing lost and nothing twice.

use std::sync::Arc;

use flott_client::{EmbeddedCluster, JobEnd, JobError, JobSnapshot, RunOptions};
use flott_connector::Registry;
use flott_environment::{Environment, Random};
use flott_simulation::Simulation;

use crate::graphs::window_sums;
use crate::ledger::Ledger;
use crate::numbered::Numbered;
use crate::window_sum::{expected, operators};

const NUMBERED: Numbered =
    Numbered { rows_per_split: 300, splits: 4, rows_per_batch: 20, pace_ms: 100, fails_at: None, is_endless: false };

fn cluster(environment: &Environment, numbered: Numbered, ledger: &Ledger) -> EmbeddedCluster {
    let mut connectors = Registry::new();
    connectors.register(numbered.connector());
    connectors.register(ledger.connector());
    EmbeddedCluster::new(environment.clone(), connectors).with_operators(operators())
}

fn through_bytes(snapshot: &JobSnapshot) -> Arc<JobSnapshot> {
    Arc::new(JobSnapshot::from_bytes(&snapshot.to_bytes()).expect("own bytes"))
}

/// Runs with checkpoints at random times, kills the job at random, goes on at another parallelism, until it ends by itself.
fn killed_and_restored(seed: u64) -> usize {
    let simulation = Simulation::new(seed);
    let environment = simulation.environment();
    let (mut random, ledger) = (Random::from_seed(seed), Ledger::default());
    let mut snapshot: Option<Arc<JobSnapshot>> = None;
    let mut kills = 0;
    loop {
        let mut parallelism = || 1 + random.next_below(4) as u32;
        let graph = window_sums(parallelism(), parallelism(), "ledger");
        let options = RunOptions { restore_from: snapshot.clone(), ..RunOptions::default() };
        let job = cluster(environment, NUMBERED, &ledger).run(graph, options).expect("the snapshot fits");
        for _ in 0..=random.next_below(2) {
            simulation.pass_ms(random.next_below(400)).expect("time passes");
            if let Ok(taken) = job.trigger_checkpoint().wait() {
                snapshot = Some(through_bytes(&taken));
            }
        }
        simulation.pass_ms(random.next_below(200)).expect("time passes");
        let dies = kills < 8 && random.next_bool(0.8);
        if dies {
            job.cancel();
        }
        match job.wait() {
            Ok(result) => {
                assert_eq!(result.end, JobEnd::Finished);
                break;
            }
            Err(error) => assert_eq!(error, JobError::Cancelled),
        }
        kills += 1;
    }
    assert_eq!(ledger.rows(), expected(1_200), "seed {seed}");
    assert_eq!(ledger.left_behind(), 0, "seed {seed}");
    kills
}

#[test]
fn a_job_killed_at_random_and_restored_at_another_parallelism_gives_each_result_once() {
    let kills: usize = (0..20).map(killed_and_restored).sum();
    assert!(kills >= 20, "only {kills} kills: the test tests little");
}

#[test]
fn a_job_stopped_with_a_snapshot_goes_on_from_it() {
    let simulation = Simulation::new(3);
    let ledger = Ledger::default();
    let cluster = cluster(simulation.environment(), NUMBERED, &ledger);
    let job = cluster.run(window_sums(2, 2, "ledger"), RunOptions::default()).expect("the graph is valid");
    simulation.pass_ms(700).expect("time passes");
    let snapshot = job.stop_with_snapshot().wait().expect("input is left");
    let result = job.wait().expect("it stops well");
    assert_eq!(result.end, JobEnd::Stopped(snapshot.clone()));
    assert!(!ledger.rows().is_empty() && ledger.rows().len() < expected(1_200).len());
    assert_eq!(ledger.left_behind(), 0);
    let declined = job.trigger_checkpoint().wait().expect_err("it has ended");
    assert_eq!(declined.to_string(), "no checkpoint was taken: the job has ended");
    let options = RunOptions::default().with_snapshot(through_bytes(&snapshot));
    let job = cluster.run(window_sums(1, 3, "ledger"), options).expect("the snapshot fits");
    assert_eq!(job.wait().expect("nothing fails").end, JobEnd::Finished);
    assert_eq!(ledger.rows(), expected(1_200));
}

#[test]
fn checkpoints_on_real_threads_lose_nothing() {
    let environment = Environment::real();
    let ledger = Ledger::default();
    let numbered = Numbered {
        rows_per_split: 3_000,
        splits: 4,
        rows_per_batch: 10,
        pace_ms: 1,
        fails_at: None,
        is_endless: false,
    };
    let cluster = cluster(&environment, numbered, &ledger);
    let job = cluster.run(window_sums(2, 2, "ledger"), RunOptions::default()).expect("the graph is valid");
    let mut snapshot = None;
    for _ in 0..5 {
        environment.waiter().pass_ms(15).expect("time passes");
        snapshot = Some(job.trigger_checkpoint().wait().expect("input is left"));
    }
    job.cancel();
    assert_eq!(job.wait().expect_err("cancelled"), JobError::Cancelled);
    let options = RunOptions { restore_from: snapshot, ..RunOptions::default() };
    let job = cluster.run(window_sums(1, 4, "ledger"), options).expect("the snapshot fits");
    job.wait().expect("nothing fails");
    assert_eq!(ledger.rows(), expected(12_000));
}

#[test]
fn a_snapshot_of_another_job_is_refused() {
    let environment = Environment::real();
    let ledger = Ledger::default();
    let cluster = cluster(&environment, NUMBERED, &ledger);
    let snapshot = JobSnapshot {
        max_parallelism: 128,
        operators: [("gone".to_string(), Vec::new())].into(),
        ..JobSnapshot::default()
    };
    let options = RunOptions::default().with_snapshot(Arc::new(snapshot));
    let refused = cluster.run(window_sums(1, 1, "ledger"), options).err().expect("unknown operator");
    assert_eq!(
        refused.to_string(),
        "the snapshot has state of operators that the job has not: gone; the job's operators without state there are: sink, source, watermark, \
         window-sum; to go on without that state, set 'execution.state-recovery.ignore-unclaimed-state' = 'true'"
    );
}
