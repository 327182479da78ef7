//! The same seed twice gives byte-identical traces; another seed another trace.

use std::collections::BTreeSet;
use std::path::Path;

use flott_environment::Clock;
use flott_simulation::Simulation;

use crate::workload::start_ring;

const SEEDS: u64 = 20;

struct Course {
    trace: Vec<String>,
    hash: u64,
    files: Vec<String>,
}

fn course(seed: u64) -> Course {
    let simulation = Simulation::new(seed);
    let environment = simulation.environment();
    for handle in start_ring(environment, 5, 3, 40) {
        handle.join().expect("the worker ends");
    }
    let entries = environment.disk().list(Path::new("/")).expect("the root is there");
    let files = entries.iter().map(|entry| environment.disk().read_to_string(&entry.path).expect("readable")).collect();
    Course { trace: simulation.trace(), hash: simulation.trace_hash(), files }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let mut hashes = BTreeSet::new();
    for seed in 0..SEEDS {
        let (first, second) = (course(seed), course(seed));
        assert!(first.trace.len() > 300, "only {} lines", first.trace.len());
        assert_eq!(first.trace, second.trace, "seed {seed}");
        assert_eq!(first.hash, second.hash, "seed {seed}");
        assert_eq!(first.files, second.files, "seed {seed}");
        assert_eq!(first.files.len(), 5);
        hashes.insert(first.hash);
    }
    assert_eq!(hashes.len() as u64, SEEDS, "two seeds gave the same trace");
}

#[test]
fn simulated_time_runs_faster_than_real_time() {
    let clock = Clock::real();
    let start_ns = clock.monotonic_ns();
    let simulation = Simulation::new(1);
    for handle in start_ring(simulation.environment(), 5, 3, 4_000) {
        handle.join().expect("the worker ends");
    }
    let real_s = (clock.monotonic_ns() - start_ns) as f64 / 1e9;
    let simulated_s = simulation.elapsed_ms() as f64 / 1e3;
    let ratio = simulated_s / real_s;
    eprintln!("{simulated_s:.0} simulated seconds, {} turns in {real_s:.3} s: {ratio:.0} a second", simulation.turns());
    assert!(ratio >= 100.0, "{ratio}");
}
