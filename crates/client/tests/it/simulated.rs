//! The embedded cluster in the simulator: the same seed gives the same course, every seed the same result.
#![allow(clippy::disallowed_methods)]

use std::time::Instant;

use flott_client::{EmbeddedCluster, JobEnd, RunOptions, collector};
use flott_connector::Registry;
use flott_record::RowKind;
use flott_simulation::Simulation;

use crate::graphs::{bigints, numbers, window_sums};
use crate::numbered::Numbered;
use crate::window_sum::{expected, operators};

const NUMBERED: Numbered =
    Numbered { rows_per_split: 400, splits: 5, rows_per_batch: 30, pace_ms: 250, fails_at: None, is_endless: false };

struct Course {
    rows: Vec<Vec<i64>>,
    trace: Vec<String>,
    trace_hash: u64,
    simulated_ms: u64,
}

fn run(seed: u64) -> Course {
    let simulation = Simulation::new(seed);
    let environment = simulation.environment().clone();
    let cluster = EmbeddedCluster::new(environment.clone(), Registry::new()).with_operators(operators());
    let (connector, results) = collector(&environment);
    let options = RunOptions::default().with_connector(connector).with_connector(NUMBERED.connector());
    let job = cluster.run(window_sums(3, 2, "collect"), options).expect("the graph is valid");
    let batches: Vec<_> = results.collect();
    let result = job.wait().expect("nothing fails");
    assert_eq!(result.end, JobEnd::Finished);
    assert_eq!(result.progress.rows_in, 2_000);
    let rows = numbers(&batches, &bigints(&["k", "end", "sum"]));
    assert!(rows.iter().all(|(kind, _)| *kind == RowKind::Insert));
    let mut rows: Vec<Vec<i64>> = rows.into_iter().map(|(_, row)| row).collect();
    rows.sort();
    Course {
        rows,
        trace: simulation.trace(),
        trace_hash: simulation.trace_hash(),
        simulated_ms: simulation.elapsed_ms(),
    }
}

#[test]
fn twenty_seeds_twice_give_identical_traces_and_one_result() {
    let begin = Instant::now();
    let mut simulated_ms = 0;
    let mut hashes = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let (first, second) = (run(seed), run(seed));
        assert_eq!(first.trace, second.trace, "seed {seed}");
        assert_eq!(first.trace_hash, second.trace_hash, "seed {seed}");
        assert_eq!(first.rows, expected(2_000), "seed {seed}");
        assert_eq!(second.rows, first.rows, "seed {seed}");
        hashes.insert(first.trace_hash);
        simulated_ms += first.simulated_ms + second.simulated_ms;
    }
    assert_eq!(hashes.len(), 20, "seeds differ in their course");
    let real_ms = begin.elapsed().as_millis().max(1) as u64;
    eprintln!("{simulated_ms} ms simulated in {real_ms} ms: {} seconds per second", simulated_ms / real_ms);
}
