//! The sink under the two-phase kit, on a disk that loses power and in stores that fail; partitions that are marked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flott_environment::{Clock, DiskKind, Environment, MemoryDisk, MemoryStore, ObjectName, Random, Store};
use flott_record::TableSpec;
use flott_record::value_array::batch_from_rows;
use flott_record::{RowKind, Value};
use flott_simulation::{FaultyStore, Simulation, StoreFaults};

use super::FilesystemConnector;
use crate::contract::Connector;
use crate::sink::{Committable, Sink, SinkWriter, WriterSetup};
use crate::two_phase_kit::{SinkUnderTest, check_each_interruption, check_two_phase_commit, kit_schema};

fn table(path: &str, options: &[(&str, &str)]) -> TableSpec {
    let fixed = [("path", path), ("connector", "filesystem"), ("format", "csv")];
    let options = fixed.iter().chain(options).map(|(key, value)| (key.to_string(), value.to_string())).collect();
    TableSpec { name: "t".into(), schema: kit_schema(), options, ..TableSpec::default() }
}

fn partitioned(path: &str, options: &[(&str, &str)]) -> TableSpec {
    TableSpec { partition_keys: vec!["s".into()], ..table(path, options) }
}

/// The first field of each line.
fn rows_of(bytes: &[u8]) -> Vec<i32> {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    text.lines().map(|line| line.split(',').next().expect("a field").parse().expect("an INT")).collect()
}

/// Files of a disk by their paths, hidden ones and what is in hidden folders left out, as readers do.
fn visible_files(environment: &Environment, folder: &Path) -> Vec<PathBuf> {
    let entries = environment.disk().list(folder).unwrap_or_default();
    let seen = entries.into_iter().filter(|entry| !entry.name.starts_with(['.', '_']));
    seen.flat_map(|entry| match entry.metadata.kind {
        DiskKind::Directory => visible_files(environment, &entry.path),
        _ => vec![entry.path],
    })
    .collect()
}

struct OnDisk {
    disk: MemoryDisk,
    table: TableSpec,
    /// `None`: nothing un-synced survives a crash.
    torn: Option<std::sync::Mutex<Random>>,
}

impl SinkUnderTest for OnDisk {
    fn environment(&self) -> Environment {
        Environment::real().with_disk(self.disk.disk())
    }

    fn sink(&self) -> Box<dyn Sink> {
        FilesystemConnector.sink(&self.table).expect("valid")
    }

    fn visible(&self) -> Vec<i32> {
        let environment = self.environment();
        let files = visible_files(&environment, Path::new("/deep/out"));
        files.iter().flat_map(|path| rows_of(&environment.disk().read(path).expect("readable"))).collect()
    }

    fn crash(&self) {
        match &self.torn {
            None => self.disk.crash(),
            Some(random) => self.disk.crash_torn(&mut random.lock().expect("not poisoned")),
        }
    }
}

const MARKING: [(&str, &str); 1] = [("sink.partition-commit.policy.kind", "success-file")];

#[test]
fn a_disk_that_loses_power_shows_each_row_once() {
    let world = |table: &TableSpec, seed: Option<u64>| -> Box<dyn SinkUnderTest> {
        let torn = seed.map(|seed| std::sync::Mutex::new(Random::from_seed(seed)));
        Box::new(OnDisk { disk: MemoryDisk::new(Clock::real()), table: table.clone(), torn })
    };
    let small_files = [("sink.rolling-policy.file-size", "8 b")];
    for table in [table("/deep/out", &small_files), table("/deep/out", &[]), partitioned("/deep/out", &MARKING)] {
        check_each_interruption(&|| world(&table, None));
        (0..2).for_each(|seed| check_each_interruption(&|| world(&table, Some(seed))));
    }
    for size in ["1 b", "20 b"] {
        let options = [MARKING[0], ("auto-compaction", "true"), ("compaction.file-size", size)];
        let compacting = partitioned("/deep/out", &options);
        (0..2).for_each(|seed| check_each_interruption(&|| world(&compacting, Some(seed))));
    }
}

struct InStore {
    environment: Environment,
    store: Store,
    table: TableSpec,
}

impl InStore {
    /// A table in a store; `around` may put another one before it.
    fn new(table: TableSpec, around: impl FnOnce(Store) -> Store) -> Self {
        let environment = Environment::real();
        let store = Store::new(Arc::new(MemoryStore::new()));
        environment.mount_store("out", around(store.clone()));
        InStore { environment, store, table }
    }
}

impl SinkUnderTest for InStore {
    fn environment(&self) -> Environment {
        self.environment.clone()
    }

    fn sink(&self) -> Box<dyn Sink> {
        FilesystemConnector.sink(&self.table).expect("valid")
    }

    fn visible(&self) -> Vec<i32> {
        let objects = self.store.list("").expect("listable").into_iter().map(|object| object.name);
        let seen = objects.filter(|name| !name.as_str().split('/').any(|part| part.starts_with(['.', '_'])));
        seen.flat_map(|name| rows_of(&self.store.get(&name).expect("readable"))).collect()
    }
}

#[test]
fn a_store_shows_each_row_once() {
    for table in [table("memory:/out", &[]), partitioned("memory:/out", &MARKING)] {
        check_two_phase_commit(&|| Box::new(InStore::new(table.clone(), |store| store)));
    }
    let compacting = partitioned("memory:/out", &[("auto-compaction", "true"), ("compaction.file-size", "9 b")]);
    check_each_interruption(&|| Box::new(InStore::new(compacting.clone(), |store| store)));
}

#[test]
fn a_store_that_fails_and_answers_unclearly_shows_each_row_once() {
    for seed in 0..8 {
        let compacting = partitioned("memory:/out", &[MARKING[0], ("auto-compaction", "true")]);
        for table in [table("memory:/out", &[]), partitioned("memory:/out", &MARKING), compacting] {
            check_each_interruption(&|| {
                let faults = |store| {
                    let faulty = FaultyStore::around(seed, store);
                    let (unavailable, unclear) = (0.05, 0.04);
                    let chances = StoreFaults {
                        unavailable,
                        unknown_done: unclear,
                        unknown_never: unclear,
                        unknown_later: unclear,
                        ..StoreFaults::default()
                    };
                    faulty.set_faults(chances);
                    faulty.store()
                };
                Box::new(InStore::new(table.clone(), faults))
            });
        }
    }
}

fn writer(environment: &Environment, sink: &dyn Sink, subtask: u32) -> Box<dyn SinkWriter> {
    let (environment, run_id, time_zone) = (environment.clone(), "run".into(), "UTC".into());
    let setup = WriterSetup { environment, subtask, parallelism: 2, run_id, input: kit_schema(), time_zone };
    sink.writer(&setup).expect("a writer")
}

fn write(writer: &mut dyn SinkWriter, rows: &[(i32, &str)]) {
    let rows: Vec<_> =
        rows.iter().map(|(v, s)| (RowKind::Insert, vec![Value::Int(*v), Value::String(s.to_string())])).collect();
    writer.write(&batch_from_rows(&kit_schema(), &rows).expect("typed")).expect("room");
}

fn commit(sink: &dyn Sink, environment: &Environment, committables: &[Committable]) {
    sink.committer(environment).expect("commits").commit(committables).expect("committed");
}

fn marked(environment: &Environment, partition: &str, file: &str) -> bool {
    environment.disk().exists(&Path::new("/out").join(format!("s={partition}")).join(file)).expect("known")
}

#[test]
fn partitions_are_marked_when_the_watermark_has_passed_their_time() {
    let simulation = Simulation::new(1);
    let environment = simulation.environment();
    let options = [
        ("sink.partition-commit.policy.kind", "success-file"),
        ("sink.partition-commit.trigger", "partition-time"),
        ("sink.partition-commit.delay", "1 h"),
        ("sink.partition-commit.success-file.name", "_DONE"),
    ];
    let sink = FilesystemConnector.sink(&partitioned("/out", &options)).expect("valid");
    let (mut first, mut second) = (writer(environment, sink.as_ref(), 0), writer(environment, sink.as_ref(), 1));
    let day_ms = 24 * 3_600_000;
    let checkpoint = |first: &mut dyn SinkWriter, second: &mut dyn SinkWriter, is_end: bool| {
        let mut committables = first.prepare_commit(is_end).expect("room");
        committables.extend(second.prepare_commit(is_end).expect("room"));
        // Each time a new committer, as after a restore: what it must know is beside the table.
        commit(sink.as_ref(), environment, &committables);
        ["1970-01-02", "1970-01-03"].map(|partition| marked(environment, partition, "_DONE"))
    };
    write(first.as_mut(), &[(1, "1970-01-02"), (2, "1970-01-03")]);
    first.watermark(2 * day_ms);
    assert_eq!(checkpoint(first.as_mut(), second.as_mut(), false), [false, false], "the second has no watermark");
    second.watermark(day_ms + 3_600_000);
    assert_eq!(checkpoint(first.as_mut(), second.as_mut(), false), [false, false], "not passed, only reached");
    second.watermark(day_ms + 3_600_001);
    assert_eq!(checkpoint(first.as_mut(), second.as_mut(), false), [true, false]);
    assert_eq!(checkpoint(first.as_mut(), second.as_mut(), true), [true, true], "at the end all are complete");
    assert!(environment.disk().list(Path::new("/out/.flott-pending")).unwrap_or_default().is_empty());
}

#[test]
fn partitions_are_marked_some_time_after_their_first_file() {
    let simulation = Simulation::new(1);
    let environment = simulation.environment();
    let options = [MARKING[0], ("sink.partition-commit.delay", "10 min")];
    let sink = FilesystemConnector.sink(&partitioned("/out", &options)).expect("valid");
    let mut only = writer(environment, sink.as_ref(), 0);
    let mut checkpoint = |rows: &[(i32, &str)]| {
        write(only.as_mut(), rows);
        commit(sink.as_ref(), environment, &only.prepare_commit(false).expect("room"));
        ["a", "b"].map(|partition| marked(environment, partition, "_SUCCESS"))
    };
    assert_eq!(checkpoint(&[(1, "a")]), [false, false]);
    simulation.pass_ms(400_000).expect("time passes");
    assert_eq!(checkpoint(&[(2, "a"), (3, "b")]), [false, false]);
    simulation.pass_ms(200_001).expect("time passes");
    assert_eq!(checkpoint(&[]), [true, false]);
    simulation.pass_ms(500_000).expect("time passes");
    assert_eq!(checkpoint(&[]), [true, true]);
    let recommitted = commit_of_late_rows(environment, sink.as_ref());
    assert!(recommitted, "late rows are seen, and the partition is noted again");
}

fn commit_of_late_rows(environment: &Environment, sink: &dyn Sink) -> bool {
    let mut late = writer(environment, sink, 1);
    write(late.as_mut(), &[(9, "a")]);
    let committables = late.prepare_commit(false).expect("room");
    commit(sink, environment, &committables);
    let pending = environment.disk().list(Path::new("/out/.flott-pending")).expect("a folder").len();
    pending == 1 && visible_files(environment, Path::new("/out/s=a")).len() == 3
}

#[test]
fn uploads_go_in_parts_while_rows_come_and_an_aborted_one_leaves_nothing() {
    let faulty = FaultyStore::in_memory(1, BTreeMap::new());
    let simulation = Simulation::new(3);
    let environment = simulation.environment();
    environment.mount_store("out", faulty.store());
    let sink = FilesystemConnector.sink(&table("memory:/out", &[])).expect("valid");
    let big = "x".repeat(1 << 20);
    let mut only = writer(environment, sink.as_ref(), 0);
    for row in 0..20 {
        write(only.as_mut(), &[(row, &big)]);
        simulation.pass_ms(1_000).expect("time passes");
    }
    let parts = |faulty: &FaultyStore| {
        let operations = faulty.operations();
        operations.iter().filter(|effect| effect.called().0 == flott_environment::StoreOperation::PutPart).count()
    };
    assert_eq!(parts(&faulty), 2, "sent in the background");
    let committables = only.prepare_commit(false).expect("room");
    assert_eq!(parts(&faulty), 3);
    assert!(faulty.inner().list("").expect("listable").is_empty(), "nothing is seen");
    commit(sink.as_ref(), environment, &committables);
    let name = ObjectName::new("part-run-0-0").expect("valid");
    assert_eq!(rows_of(&faulty.inner().get(&name).expect("there")), (0..20).collect::<Vec<_>>());
    write(only.as_mut(), &[(21, &big)]);
    only.abort().expect("removed");
    simulation.pass_ms(10_000).expect("time passes");
    assert_eq!(faulty.inner().list("").expect("listable").len(), 1);
    assert_eq!(faulty.inner().sweep("", 0).expect("sweepable"), 0, "no upload is left");
}

#[test]
fn options_of_partition_commit_are_checked() {
    let refused = |options: &[(&str, &str)]| {
        FilesystemConnector.sink(&partitioned("/out", options)).err().expect("refused").message
    };
    let policy = MARKING[0];
    assert_eq!(
        refused(&[("sink.partition-commit.policy.kind", "metastore,success-file")]),
        "not supported: 'metastore' in option 'sink.partition-commit.policy.kind'; 'success-file' is"
    );
    assert!(
        refused(&[policy, ("sink.partition-commit.trigger", "sometime")]).contains("process-time or partition-time")
    );
    let by_time = ("sink.partition-commit.trigger", "partition-time");
    assert!(refused(&[policy, by_time, ("partition.time-extractor.kind", "custom")]).starts_with("not supported: "));
    let zone = ("sink.partition-commit.watermark-time-zone", "Mars/Olympus");
    assert!(refused(&[policy, by_time, zone]).contains("the name of a time zone"));
    let source = FilesystemConnector.source(&table("s3://bucket/in", &[])).err().expect("refused").message;
    assert_eq!(source, "not supported: reading files of an object store (option 'path' = 's3://bucket/in')");
}

#[test]
fn part_files_of_a_checkpoint_are_merged_up_to_a_size() {
    let environment = Environment::real().with_disk(MemoryDisk::new(Clock::real()).disk());
    let options =
        [("auto-compaction", "true"), ("compaction.file-size", "12 b"), ("sink.rolling-policy.file-size", "4 b")];
    let sink = FilesystemConnector.sink(&table("/out", &options)).expect("valid");
    let (mut first, mut second) = (writer(&environment, sink.as_ref(), 0), writer(&environment, sink.as_ref(), 1));
    let mut checkpoint = |from: i32| {
        (from..from + 3).for_each(|row| write(first.as_mut(), &[(row, "a")]));
        write(second.as_mut(), &[(from + 3, "b")]);
        let mut committables = first.prepare_commit(false).expect("room");
        committables.extend(second.prepare_commit(false).expect("room"));
        commit(sink.as_ref(), &environment, &committables);
    };
    checkpoint(0);
    checkpoint(4);
    let files = visible_files(&environment, Path::new("/out"));
    let content = |path: &PathBuf| environment.disk().read_to_string(path).expect("readable");
    let seen: Vec<(String, String)> = files.iter().map(|path| (path.display().to_string(), content(path))).collect();
    let expected = [
        ("/out/compacted-part-run-0-0", "0,a\n1,a\n2,a\n"),
        ("/out/compacted-part-run-0-3", "4,a\n5,a\n6,a\n"),
        ("/out/compacted-part-run-1-0", "3,b\n"),
        ("/out/compacted-part-run-1-1", "7,b\n"),
    ];
    assert_eq!(seen, expected.map(|(path, text)| (path.to_string(), text.to_string())));
    let notes = environment.disk().list(Path::new("/out/.flott-compaction")).expect("a folder").len();
    assert_eq!(notes, 2, "those of the last checkpoint");
}
