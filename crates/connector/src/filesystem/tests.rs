//! Files in memory, read and written through the connector's contract.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use flott_environment::{Clock, Environment, MemoryDisk};
use flott_record::value_array::{batch_from_rows, rows_of_batch};
use flott_record::{Field, MetadataColumn, RowKind, Schema, TableSpec, TypeKind, Value};

use super::FilesystemConnector;
use crate::contract::{Connector, ConnectorError};
use crate::sink::{SinkWriter, WriterSetup};
use crate::source::{Poll, ReaderSetup, Source, SourceReader, Split};

struct Files {
    memory: MemoryDisk,
    environment: Environment,
}

impl Files {
    fn new() -> Self {
        let memory = MemoryDisk::new(Clock::real());
        let environment = Environment::real().with_disk(memory.disk());
        Files { memory, environment }
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let folder = Path::new(path).parent().expect("an absolute path");
        self.environment.disk().create_dir_all(folder).expect("a folder");
        self.environment.disk().write(Path::new(path), content.as_ref()).expect("room");
    }

    /// Names of the files below a folder, hidden ones included.
    fn names(&self, folder: &str) -> Vec<String> {
        let mut names = Vec::new();
        for entry in self.environment.disk().list(Path::new(folder)).expect("a folder") {
            let path = entry.path.display().to_string();
            if entry.metadata.kind == flott_environment::DiskKind::Directory {
                names.extend(self.names(&path));
            } else {
                names.push(path);
            }
        }
        names
    }
}

fn table(path: &str, options: &[(&str, &str)]) -> TableSpec {
    let mut all = vec![("path", path), ("connector", "filesystem")];
    if !options.iter().any(|(key, _)| *key == "format") {
        all.push(("format", "csv"));
    }
    all.extend(options);
    let fields = vec![Field::new("v", TypeKind::Int.nullable()), Field::new("s", TypeKind::string().nullable())];
    let options = all.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    TableSpec { name: "t".into(), schema: Schema::new(fields), options, ..TableSpec::default() }
}

fn reader(files: &Files, source: &dyn Source, table: &TableSpec, rows_max: usize) -> Box<dyn SourceReader> {
    let output = all_columns(table);
    let setup = ReaderSetup {
        environment: files.environment.clone(),
        subtask: 0,
        parallelism: 1,
        projection: (0..output.len()).collect(),
        output,
        time_zone: "UTC".into(),
        batch_rows_max: rows_max,
    };
    source.reader(&setup).expect("a reader")
}

fn all_columns(table: &TableSpec) -> Schema {
    let metadata = table.metadata.iter().map(|column| column.field.clone());
    Schema::new(table.schema.fields.iter().cloned().chain(metadata).collect())
}

/// Reads all that the reader has; at most `batches` batches. Rows as text.
fn read(reader: &mut dyn SourceReader, columns: &Schema, batches: usize) -> Result<Vec<String>, ConnectorError> {
    let mut rows = Vec::new();
    let mut left = batches;
    while left > 0 {
        match reader.poll()? {
            Poll::Batch(batch) => {
                left -= 1;
                for (_, cells) in rows_of_batch(columns, &batch) {
                    rows.push(cells.iter().map(Value::to_string).collect::<Vec<_>>().join("|"));
                }
            }
            Poll::Pending { .. } => {}
            Poll::NeedsSplit => break,
        }
    }
    Ok(rows)
}

fn splits(files: &Files, source: &dyn Source) -> Result<Vec<Split>, ConnectorError> {
    source.enumerator(&files.environment, 1)?.discover(0)
}

fn read_table(files: &Files, table: &TableSpec) -> Result<Vec<String>, ConnectorError> {
    let source = FilesystemConnector.source(table)?;
    let mut reader = reader(files, source.as_ref(), table, 3);
    for split in splits(files, source.as_ref())? {
        reader.add_split(split)?;
    }
    read(reader.as_mut(), &all_columns(table), usize::MAX)
}

fn message(result: Result<Vec<String>, ConnectorError>) -> String {
    result.map(|rows| format!("{rows:?}")).map_err(|error| error.message).expect_err("refused")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn a_path_is_a_file_a_folder_or_a_pattern() {
    let files = Files::new();
    files.write("/in/b.csv", "2,b\n");
    files.write("/in/a.csv", "1,a\n");
    files.write("/in/deep/er/c.csv", "3,c\n");
    files.write("/in/_SUCCESS", "x");
    files.write("/in/.hidden/d.csv", "4,d\n");
    files.write("/in/e.csv.gz", gzip("5,e\n"));
    files.write("/in/[f].csv", "6,f\n");
    files.write("/empty/_x", "");
    let rows = |path: &str| read_table(&files, &table(path, &[])).expect("readable").join(" ");
    assert_eq!(rows("/in/a.csv"), "1|a");
    assert_eq!(rows("file:///in"), "6|f 1|a 2|b 3|c 5|e");
    assert_eq!(rows("/in/[ab].csv"), "1|a 2|b");
    assert_eq!(rows("/in/[f].csv"), "6|f", "a file of that name comes before a pattern");
    assert_eq!(rows("/in/*/*/*.csv"), "3|c");
    assert_eq!(rows("/in/**/*.csv"), "6|f 1|a 2|b 3|c");
    assert_eq!(rows("/in/d*"), "3|c");
    assert_eq!(rows("/empty"), "");
    assert_eq!(
        message(read_table(&files, &table("/missing", &[]))),
        "cannot read /missing: No such file or directory (option 'path')"
    );
    files.write("/in2/a.csv.bz2", "x");
    assert_eq!(
        message(read_table(&files, &table("/in2", &[]))),
        "not supported: compression '.bz2' of file /in2/a.csv.bz2"
    );
}

#[test]
fn a_bad_record_is_named_skipped_or_kept() {
    let files = Files::new();
    files.write("/in/a.csv", "1,a\nabc,b\n3\n4,d\n");
    let failing = message(read_table(&files, &table("/in", &[])));
    assert_eq!(failing, "/in/a.csv:2:1: cannot parse 'abc' as INT for column 'v' (record: abc,b)");
    let rows = read_table(&files, &table("/in", &[("scan.row-error", "skip")])).expect("skipped");
    assert_eq!(rows, ["1|a", "4|d"]);
    let keeping = table("/in", &[("scan.row-error", "dead-letter"), ("scan.row-error.dead-letter.path", "/in/bad")]);
    assert_eq!(read_table(&files, &keeping).expect("kept"), ["1|a", "4|d"]);
    let kept = files.environment.disk().read_to_string(Path::new("/in/bad/dead-letter-0.json")).expect("there");
    let expected = "{\"file\":\"/in/a.csv\",\"line\":2,\"column\":1,\
                    \"reason\":\"cannot parse 'abc' as INT for column 'v'\",\"record\":\"abc,b\"}\n\
                    {\"file\":\"/in/a.csv\",\"line\":3,\"column\":1,\
                    \"reason\":\"2 fields expected but was 1\",\"record\":\"3\"}\n";
    assert_eq!(kept, expected);
    assert_eq!(read_table(&files, &keeping).expect("kept"), ["1|a", "4|d"], "what is kept isn't read");
    let lonely = table("/in", &[("scan.row-error", "dead-letter")]);
    assert!(FilesystemConnector.capabilities(&lonely).is_err());
    files.memory.fail_reads_of(Path::new("/in/a.csv"));
    assert!(message(read_table(&files, &table("/in", &[]))).contains("/in/a.csv"));
    files.memory.heal();
    files.write("/gz/a.csv.gz", &gzip("1,a\n")[..15]);
    assert!(message(read_table(&files, &table("/gz", &[]))).starts_with("cannot read /gz/a.csv.gz: "));
}

#[test]
fn a_reader_stopped_anywhere_goes_on_without_gap_or_repetition() {
    let files = Files::new();
    let line = |i: usize| if i.is_multiple_of(3) { format!("{i},\"a\nb{i}\"\n") } else { format!("{i},x\n") };
    let text: String = (0..40).map(line).collect();
    files.write("/in/a.csv", &text);
    files.write("/in/b.csv.gz", gzip(&text));
    let table = table("/in", &[]);
    let source = FilesystemConnector.source(&table).expect("valid");
    let whole = read_table(&files, &table).expect("readable");
    assert_eq!(whole.len(), 80);
    for stop in 0..30 {
        let mut first = reader(&files, source.as_ref(), &table, 3);
        splits(&files, source.as_ref()).expect("found").into_iter().for_each(|split| {
            first.add_split(split).expect("valid");
        });
        let mut rows = read(first.as_mut(), &table.schema, stop).expect("readable");
        let mut second = reader(&files, source.as_ref(), &table, 7);
        first.snapshot().into_iter().for_each(|split| second.add_split(split).expect("valid"));
        rows.extend(read(second.as_mut(), &table.schema, usize::MAX).expect("readable"));
        assert_eq!(rows, whole, "stopped after {stop} batches");
        let (read_bytes, all_bytes) = second.progress().expect("known");
        assert_eq!(read_bytes, all_bytes);
    }
    // A bad line after a restore is still named by its line in the file.
    files.write("/bad/a.csv", "1,\"a\nb\"\n2,b\nx,c\n");
    let bad = self::table("/bad", &[]);
    let source = FilesystemConnector.source(&bad).expect("valid");
    let mut first = reader(&files, source.as_ref(), &bad, 1);
    first.add_split(splits(&files, source.as_ref()).expect("found").remove(0)).expect("valid");
    read(first.as_mut(), &bad.schema, 1).expect("good so far");
    let mut second = reader(&files, source.as_ref(), &bad, 10);
    second.add_split(first.snapshot().remove(0)).expect("valid");
    assert!(message(read(second.as_mut(), &bad.schema, 5)).starts_with("/bad/a.csv:4:1: "));
}

#[test]
fn new_files_are_found_once() {
    let files = Files::new();
    files.write("/in/a.csv", "1,a\n");
    let table = table("/in", &[("source.monitor-interval", "10 s")]);
    assert!(!FilesystemConnector.capabilities(&table).expect("valid").bounded);
    let source = FilesystemConnector.source(&table).expect("valid");
    let mut enumerator = source.enumerator(&files.environment, 1).expect("there");
    let ids = |splits: Vec<Split>| splits.into_iter().map(|split| split.id).collect::<Vec<_>>();
    assert_eq!(ids(enumerator.discover(1_000).expect("found")), ["/in/a.csv"]);
    assert_eq!(enumerator.next_discovery_ms(), Some(11_000));
    files.write("/in/b.csv", "2,b\n");
    let mut restored = source.enumerator(&files.environment, 1).expect("there");
    restored.restore(&enumerator.snapshot()).expect("own snapshot");
    assert_eq!(ids(restored.discover(2_000).expect("found")), ["/in/b.csv"]);
    assert!(restored.discover(3_000).expect("found").is_empty());
    assert!(restored.restore(&[9]).is_err());
}

#[test]
fn partitions_and_metadata_come_from_the_path() {
    let files = Files::new();
    files.write("/in/dt=2024-01-02/h=7/a.csv", "1,a\n");
    files.write("/in/dt=__DEFAULT_PARTITION__/h=8/b.csv", "2,b\n");
    let mut table = table("/in", &[]);
    table.schema.fields.insert(0, Field::new("h", TypeKind::Int.nullable()));
    table.schema.fields.push(Field::new("dt", TypeKind::Date.nullable()));
    table.partition_keys = vec!["dt".into(), "h".into()];
    let metadata = |name: &str, key: &str, kind: TypeKind| MetadataColumn {
        field: Field::new(name, kind.not_null()),
        key: key.into(),
        is_virtual: true,
    };
    table.metadata = vec![
        metadata("f", "file.name", TypeKind::string()),
        metadata("p", "file.path", TypeKind::string()),
        metadata("n", "file.size", TypeKind::BigInt),
    ];
    let rows = read_table(&files, &table).expect("readable");
    let expected = [
        "7|1|a|2024-01-02|a.csv|/in/dt=2024-01-02/h=7/a.csv|4",
        "8|2|b|null|b.csv|/in/dt=__DEFAULT_PARTITION__/h=8/b.csv|4",
    ];
    assert_eq!(rows, expected);
    table.metadata[2].field.data_type = TypeKind::Int.not_null();
    assert!(message(read_table(&files, &table)).contains("has the type BIGINT NOT NULL, not INT NOT NULL"));
    table.metadata[2].key = "file.sise".into();
    assert!(message(read_table(&files, &table)).contains("has no metadata 'file.sise'"));
}

fn writer(files: &Files, table: &TableSpec) -> Box<dyn SinkWriter> {
    let setup = WriterSetup {
        environment: files.environment.clone(),
        subtask: 1,
        parallelism: 2,
        run_id: "run".into(),
        input: table.schema.clone(),
        time_zone: "UTC".into(),
    };
    FilesystemConnector.sink(table).expect("valid").writer(&setup).expect("a writer")
}

fn rows(from: i32, to: i32) -> Vec<(RowKind, Vec<Value>)> {
    (from..to).map(|i| (RowKind::Insert, vec![Value::Int(i), Value::String(format!("s{}", i % 2))])).collect()
}

#[test]
fn part_files_are_seen_when_they_are_committed() {
    let files = Files::new();
    let table = table("/out", &[("sink.rolling-policy.file-size", "10 b")]);
    let mut writer = writer(&files, &table);
    writer.write(&batch_from_rows(&table.schema, &rows(0, 2)).expect("typed")).expect("room");
    writer.write(&batch_from_rows(&table.schema, &rows(2, 3)).expect("typed")).expect("room");
    assert_eq!(read_table(&files, &table).expect("readable"), Vec::<String>::new());
    let committables = writer.prepare_commit(true).expect("room");
    assert_eq!(writer.bytes_written(), 15);
    assert!(files.names("/out").iter().all(|name| name.starts_with("/out/.part-run-1-")));
    let mut committer =
        FilesystemConnector.sink(&table).expect("valid").committer(&files.environment).expect("commits");
    committer.commit(&committables).expect("there");
    committer.commit(&committables).expect("twice is once");
    assert_eq!(files.names("/out"), ["/out/part-run-1-0", "/out/part-run-1-1"]);
    assert_eq!(read_table(&files, &table).expect("readable"), ["0|s0", "1|s1", "2|s0"]);
    files.environment.disk().remove_file(Path::new("/out/part-run-1-0")).expect("there");
    assert!(committer.commit(&committables).is_err(), "neither name is there");
}

#[test]
fn a_failed_writer_leaves_nothing() {
    let files = Files::new();
    let table = table("/out", &[]);
    let mut writer = writer(&files, &table);
    let batch = batch_from_rows(&table.schema, &rows(0, 100)).expect("typed");
    writer.write(&batch).expect("buffered");
    files.memory.limit_free_bytes(Some(10));
    let full = writer.prepare_commit(true).expect_err("no room").message;
    assert_eq!(full, "cannot write /out/.part-run-1-0.inprogress: No space left on device");
    writer.abort().expect("removed");
    assert!(files.names("/out").is_empty());
    let update = batch_from_rows(&table.schema, &[(RowKind::Delete, rows(0, 1).remove(0).1)]).expect("typed");
    assert_eq!(
        writer.write(&update).expect_err("no inserts").message,
        "the files in /out take inserted rows only, not -D"
    );
}

#[test]
fn partitions_are_folders_without_their_columns() {
    let files = Files::new();
    let mut table = table("/out", &[("format", "json")]);
    table.partition_keys = vec!["s".into()];
    let mut writer = writer(&files, &table);
    let mut all = rows(0, 3);
    all.push((RowKind::Insert, vec![Value::Int(3), Value::Null]));
    writer.write(&batch_from_rows(&table.schema, &all).expect("typed")).expect("room");
    let committables = writer.prepare_commit(true).expect("room");
    let mut committer =
        FilesystemConnector.sink(&table).expect("valid").committer(&files.environment).expect("commits");
    committer.commit(&committables).expect("there");
    let expected = ["/out/s=__DEFAULT_PARTITION__/part-run-1-2", "/out/s=s0/part-run-1-0", "/out/s=s1/part-run-1-1"];
    let mut names = files.names("/out");
    names.sort();
    let folders = |names: &[String]| -> Vec<String> {
        names.iter().map(|name| name.rsplit_once('/').expect("a folder").0.to_string()).collect()
    };
    assert_eq!(folders(&names), folders(&expected.map(str::to_string)));
    let mut read = read_table(&files, &table).expect("readable");
    read.sort();
    assert_eq!(read, ["0|s0", "1|s1", "2|s0", "3|null"]);
    let first = files.environment.disk().read_to_string(Path::new(&names[0])).expect("there");
    assert_eq!(first, "{\"v\":3}\n");
}

#[test]
fn options_are_checked() {
    let refused = |table: &TableSpec| FilesystemConnector.capabilities(table).expect_err("refused").message;
    assert!(refused(&table("/in", &[("csv.field-delimeter", ";")])).contains("did you mean 'csv.field-delimiter'"));
    assert!(refused(&table("/in", &[("json.ignore-parse-errors", "true")])).contains("unknown option"));
    assert!(refused(&table("/in", &[("format", "parquet")])).contains("not supported: format parquet"));
    assert!(refused(&table("/in", &[("source.monitor-interval", "0 s")])).contains("at least 1 ms"));
    let mut without_path = table("/in", &[]);
    without_path.options.remove("path");
    assert_eq!(refused(&without_path), "table t of connector 'filesystem' lacks the required option 'path'");
    let shuffling = table("/in", &[("sink.shuffle-by-partition.enable", "true")]);
    let message = FilesystemConnector.sink(&shuffling).err().expect("refused").message;
    assert_eq!(message, "not supported: option 'sink.shuffle-by-partition.enable' = 'true'");
}
