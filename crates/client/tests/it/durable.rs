//! Checkpoints that outlive their job: restarts by themselves, recovery by another process, retention, and what can be wrong with a place.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use flott_checkpoint::coordinator::CoordinatorSettings;
use flott_checkpoint::store::Retention;
use flott_client::{
    Checkpointing, EmbeddedCluster, JobEnd, JobError, JobHandle, Recovery, RestartStrategy, RunOptions,
};
use flott_connector::Registry;
use flott_environment::{
    Environment, MemoryStore, ObjectName, Store, StoreBackend, StoreError, StoreErrorKind, StoreOperation, StoredObject,
};
use flott_job::JobGraph;
use flott_job::graph::Partition;
use flott_simulation::Simulation;

use crate::graphs::{bigints, custom, line, sink, source, window_sums};
use crate::ledger::Ledger;
use crate::numbered::Numbered;
use crate::window_sum::{self, expected, operators, stumbling};

const NUMBERED: Numbered =
    Numbered { rows_per_split: 300, splits: 4, rows_per_batch: 20, pace_ms: 100, fails_at: None, is_endless: false };

const DIR: &str = "memory:checkpoints";

fn every_100_ms(dir: Option<&str>) -> Checkpointing {
    Checkpointing {
        coordinator: CoordinatorSettings {
            interval_ms: Some(100),
            final_checkpoint: dir.is_some(),
            ..CoordinatorSettings::default()
        },
        dir: dir.map(str::to_string),
        savepoint_dir: Some("memory:savepoints".to_string()),
        // So that state lies in objects.
        inline_bytes_max: 100,
        retention: Retention::RetainOnCancellation,
        ..Checkpointing::default()
    }
}

fn often() -> RestartStrategy {
    RestartStrategy::FixedDelay { attempts: 20, delay_ms: 50 }
}

fn cluster(environment: &Environment, ledger: &Ledger) -> EmbeddedCluster {
    let mut connectors = Registry::new();
    connectors.register(NUMBERED.connector());
    connectors.register(ledger.connector());
    EmbeddedCluster::new(environment.clone(), connectors).with_operators(operators())
}

fn objects(environment: &Environment, dir: &str) -> Vec<ObjectName> {
    let store = environment.open_store(dir).expect("a place");
    store.list("").expect("readable").into_iter().map(|object| object.name).collect()
}

/// Window sums behind an operator that stumbles.
fn stumbling_graph() -> JobGraph {
    let (first, second) = window_sums(2, 2, "ledger").vertices.into_iter().fold((None, None), |(first, _), vertex| {
        if first.is_none() { (Some(vertex), None) } else { (first, Some(vertex)) }
    });
    let (first, mut second) = (first.expect("two vertices"), second.expect("two vertices"));
    second.chain.insert(0, custom("stumbles"));
    let edges = window_sums(2, 2, "ledger").edges;
    JobGraph {
        name: "test".to_string(),
        vertices: vec![first, second],
        edges,
        settings: flott_job::JobSettings::default(),
    }
}

#[test]
fn a_job_that_fails_goes_on_from_its_last_checkpoint_by_itself() {
    for (seed, dir) in [(1, Some(DIR)), (2, Some(DIR)), (3, None), (4, None)] {
        let simulation = Simulation::new(seed);
        let ledger = Ledger::default();
        let (operators, left) = stumbling(5, 250);
        let cluster = cluster(simulation.environment(), &ledger).with_operators(operators);
        let options = RunOptions::default().with_checkpointing(every_100_ms(dir)).with_restarts(often());
        let job = cluster.run(stumbling_graph(), options).expect("the graph is valid");
        assert_eq!(job.wait().expect("it is restarted").end, JobEnd::Finished, "seed {seed}");
        assert_eq!(left.load(Ordering::Relaxed), 0, "seed {seed}: it failed five times");
        assert_eq!(ledger.rows(), expected(1_200), "seed {seed}");
        assert_eq!(ledger.left_behind(), 0, "seed {seed}");
        assert_eq!(objects(simulation.environment(), DIR), [], "seed {seed}: a job that finished leaves nothing");
    }
}

#[test]
fn a_job_that_fails_too_often_fails_with_the_failure() {
    let simulation = Simulation::new(5);
    let ledger = Ledger::default();
    let (operators, _) = stumbling(100, 250);
    let cluster = cluster(simulation.environment(), &ledger).with_operators(operators);
    let restarts = RestartStrategy::FixedDelay { attempts: 3, delay_ms: 10 };
    let options = RunOptions::default().with_checkpointing(every_100_ms(Some(DIR))).with_restarts(restarts);
    let job = cluster.run(stumbling_graph(), options).expect("the graph is valid");
    let error = job.wait().expect_err("it fails each time");
    assert!(error.to_string().contains("a value above"), "{error}");
    assert_eq!(ledger.left_behind(), 0);
    assert!(!objects(simulation.environment(), DIR).is_empty(), "a job that failed leaves its checkpoints");
}

/// Runs until some checkpoints are complete, then lets the job vanish as a process does that is killed.
fn run_and_cancel(simulation: &Simulation, ledger: &Ledger, pass_ms: u64, options: RunOptions) -> JobHandle {
    let job = cluster(simulation.environment(), ledger).run(window_sums(2, 2, "ledger"), options).expect("it is valid");
    simulation.pass_ms(pass_ms).expect("time passes");
    job.cancel();
    assert_eq!(job.wait().expect_err("cancelled"), JobError::Cancelled);
    job
}

/// Around the end there are tasks that have ended, the final checkpoint, and commits that belong to it.
#[test]
fn a_job_that_vanishes_around_its_end_gives_each_result_once() {
    let (mut finished, mut recovered) = (0, 0);
    for step in 0..40 {
        let simulation = Simulation::new(100 + step);
        let ledger = Ledger::default();
        let options = RunOptions::default().with_checkpointing(every_100_ms(Some(DIR)));
        let cluster = cluster(simulation.environment(), &ledger);
        let job = cluster.run(window_sums(2, 2, "ledger"), options.clone()).expect("it is valid");
        simulation.pass_ms(2_600 + step * 30).expect("time passes");
        job.cancel();
        if job.wait().is_ok() {
            finished += 1;
        } else {
            let options = options.with_recovery(recovery(format!("{DIR}/{}", job.id()), false));
            let job = cluster.run(window_sums(2, 1, "ledger"), options).expect("it fits");
            assert_eq!(job.wait().expect("nothing fails").end, JobEnd::Finished, "step {step}");
            recovered += 1;
        }
        assert_eq!(ledger.rows(), expected(1_200), "step {step}");
        assert_eq!(ledger.left_behind(), 0, "step {step}");
    }
    assert!(finished > 3 && recovered > 3, "{finished} finished, {recovered} recovered");
}

fn recovery(path: String, is_claimed: bool) -> Recovery {
    Recovery { path, is_claimed, ignores_unclaimed_state: false }
}

#[test]
fn a_retained_checkpoint_is_gone_on_from_at_another_parallelism() {
    for (seed, is_claimed) in [(1, false), (2, true), (3, false), (4, true)] {
        let simulation = Simulation::new(seed);
        let ledger = Ledger::default();
        let options = RunOptions::default().with_checkpointing(every_100_ms(Some(DIR)));
        let first = run_and_cancel(&simulation, &ledger, 1_500, options.clone());
        let before = objects(simulation.environment(), DIR);
        assert!(before.iter().any(|name| name.as_str().ends_with("/_metadata")), "{before:?}");
        assert!(
            before.iter().any(|name| !name.as_str().contains("/pointer/") && !name.as_str().ends_with("_metadata"))
        );
        let path = format!("{DIR}/{}", first.id());
        let options = options.with_recovery(recovery(path, is_claimed));
        let job =
            cluster(simulation.environment(), &ledger).run(window_sums(1, 3, "ledger"), options).expect("it fits");
        let result = job.wait().expect("nothing fails");
        assert_eq!((result.end, result.warning), (JobEnd::Finished, None));
        assert_eq!(ledger.rows(), expected(1_200), "seed {seed}");
        let after: Vec<ObjectName> = objects(simulation.environment(), DIR);
        let data = |names: &[ObjectName]| names.iter().filter(|name| !name.as_str().contains("/pointer/")).count();
        if is_claimed {
            assert_eq!(data(&after), 0, "what is claimed goes with the job: {after:?}");
        } else {
            assert_eq!(after, before, "what is not claimed stays as it is");
        }
    }
}

#[test]
fn a_job_stops_with_a_savepoint_and_goes_on_from_it() {
    let simulation = Simulation::new(6);
    let ledger = Ledger::default();
    let options = RunOptions::default().with_checkpointing(every_100_ms(Some(DIR)));
    let cluster = cluster(simulation.environment(), &ledger);
    let job = cluster.run(window_sums(2, 2, "ledger"), options.clone()).expect("it is valid");
    simulation.pass_ms(350).expect("time passes");
    let savepoint = job.trigger_savepoint(None).wait().expect("it is taken");
    simulation.pass_ms(200).expect("time passes");
    let stopped = job.stop_with_savepoint(Some("memory:elsewhere".to_string()), false).wait().expect("it is taken");
    assert_eq!(job.wait().expect("it stops").end, JobEnd::Stopped(stopped.clone()));
    assert!(savepoint.path.starts_with("memory:savepoints/savepoint-"), "{}", savepoint.path);
    assert!(stopped.path.starts_with("memory:elsewhere/savepoint-"), "{}", stopped.path);
    assert_eq!(objects(simulation.environment(), DIR), [], "its checkpoints are gone, the savepoints are not");
    let options = options.with_recovery(recovery(stopped.path.clone(), false));
    let job = cluster.run(window_sums(3, 1, "ledger"), options).expect("it fits");
    assert_eq!(job.wait().expect("nothing fails").end, JobEnd::Finished);
    assert_eq!(ledger.rows(), expected(1_200));
    // The other savepoint still is what it was: a ledger of its own gets what came after it.
    assert!(
        objects(simulation.environment(), "memory:savepoints").iter().any(|name| name.as_str().ends_with("_metadata"))
    );
}

#[test]
fn a_drained_job_gives_the_results_of_open_windows() {
    let simulation = Simulation::new(7);
    let ledger = Ledger::default();
    let options = RunOptions::default().with_checkpointing(every_100_ms(None));
    let job = cluster(simulation.environment(), &ledger).run(window_sums(2, 2, "ledger"), options).expect("valid");
    simulation.pass_ms(450).expect("time passes");
    job.stop_with_savepoint(None, true).wait().expect("it is taken");
    assert!(matches!(job.wait().expect("it stops").end, JobEnd::Stopped(_)));
    let read = job.progress().rows_in as i64;
    let sum: i64 = ledger.rows().iter().map(|row| row[2]).sum();
    assert!(read > 0 && read < 1_200, "{read}");
    assert!(sum > 0);
    assert_eq!(ledger.left_behind(), 0);
}

#[test]
fn what_is_wrong_with_a_place_is_said_and_nothing_is_deleted() {
    let simulation = Simulation::new(8);
    let environment = simulation.environment();
    let ledger = Ledger::default();
    let options = RunOptions::default().with_checkpointing(every_100_ms(Some(DIR)));
    let first = run_and_cancel(&simulation, &ledger, 1_500, options.clone());
    let before = objects(environment, DIR);
    let refused = |graph: JobGraph, recovery: Recovery| {
        let options = options.clone().with_recovery(recovery);
        let refused = cluster(environment, &ledger).run(graph, options).err().expect("it is refused").to_string();
        let after: Vec<ObjectName> = objects(environment, DIR);
        assert!(before.iter().all(|name| after.contains(name)), "something was deleted");
        refused
    };
    let nowhere = refused(window_sums(1, 1, "ledger"), recovery(format!("{DIR}/none"), false));
    assert!(nowhere.contains("memory:checkpoints/none") && nowhere.contains("there is no checkpoint"), "{nowhere}");
    let path = format!("{DIR}/{}", first.id());
    let other = line(
        vec![(1, vec![source("numbered", Numbered::schema(), None), sink("ledger", bigints(&["k", "v", "t"]))])],
        Vec::<Partition>::new(),
    );
    let changed = refused(other, recovery(path.clone(), false));
    assert!(changed.contains(window_sum::NAME) && changed.contains("ignore-unclaimed-state"), "{changed}");
    let metadata = before.iter().find(|name| name.as_str().ends_with("_metadata")).expect("there is one");
    let store = environment.open_store(DIR).expect("a place");
    let bytes = store.get(metadata).expect("readable");
    store.delete(metadata).expect("deletable");
    store.put_new(metadata, &bytes[..bytes.len() - 1]).expect("writable");
    let damaged = refused(window_sums(1, 1, "ledger"), recovery(path, false));
    assert!(damaged.contains(metadata.as_str()) && damaged.contains("damaged"), "{damaged}");
}

#[test]
fn checkpoints_are_counted_under_flinks_names() {
    let simulation = Simulation::new(9);
    let ledger = Ledger::default();
    let options = RunOptions::default().with_checkpointing(every_100_ms(Some(DIR)));
    let job = run_and_cancel(&simulation, &ledger, 1_500, options);
    let value = |name: &str| {
        let metrics = job.metrics();
        let sample = metrics.iter().find(|sample| sample.logical_name.ends_with(name));
        format!("{:?}", sample.unwrap_or_else(|| panic!("no {name}")).value)
    };
    for name in
        ["numberOfCompletedCheckpoints", "lastCheckpointSize", "lastCheckpointDuration", "lastCompletedCheckpointId"]
    {
        let text = value(name);
        assert!(!text.contains("(0)") && !text.contains("(-1)"), "{name}: {text}");
    }
    assert!(
        value("lastCheckpointExternalPath").contains("memory:checkpoints"),
        "{}",
        value("lastCheckpointExternalPath")
    );
}

/// A store that permits only so many new objects.
struct Permits {
    inner: MemoryStore,
    left: AtomicU32,
}

impl StoreBackend for Permits {
    fn put_new(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
            let (kind, operation) = (StoreErrorKind::Denied, StoreOperation::Put);
            return Err(StoreError::new(kind, operation, name, self.location(), "permission denied"));
        }
        self.inner.put_new(name, bytes)
    }

    fn get(&self, name: &ObjectName, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
        self.inner.get(name, range)
    }

    fn head(&self, name: &ObjectName) -> Result<StoredObject, StoreError> {
        self.inner.head(name)
    }

    fn list(&self, folder: &str) -> Result<Vec<StoredObject>, StoreError> {
        self.inner.list(folder)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.inner.delete(name)
    }

    fn location(&self) -> &str {
        "memory:checkpoints"
    }
}

#[test]
fn a_place_that_cannot_be_written_fails_the_job_with_its_name_and_what_is_there_stays() {
    for (permitted, is_refused_at_once) in [(0, true), (7, false), (9, false)] {
        let simulation = Simulation::new(10);
        let ledger = Ledger::default();
        let permits = Permits { inner: MemoryStore::new(), left: AtomicU32::new(permitted) };
        simulation.environment().mount_store("checkpoints", Store::new(Arc::new(permits)));
        let options = RunOptions::default().with_checkpointing(every_100_ms(Some(DIR)));
        let started = cluster(simulation.environment(), &ledger).run(window_sums(2, 2, "ledger"), options);
        let error = match started {
            Err(error) => error,
            Ok(job) => job.wait().expect_err("a checkpoint fails"),
        };
        assert_eq!(matches!(error, JobError::Rejected(_)), is_refused_at_once);
        let message = error.to_string();
        assert!(message.contains("permission denied") && message.contains("memory:checkpoints"), "{message}");
        assert_eq!(ledger.left_behind(), 0);
        let metadata =
            objects(simulation.environment(), DIR).into_iter().filter(|name| name.as_str().ends_with("_metadata"));
        assert!(is_refused_at_once || metadata.count() > 0, "the checkpoint before is gone");
    }
}
