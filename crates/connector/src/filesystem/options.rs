//! The options of a table in files, checked.

use std::path::PathBuf;
use std::time::Duration;

use flott_configuration::MemorySize;
use flott_format::{Format, FormatOption, FormatSetup, format};
use flott_record::{Schema, TableSpec};

use super::path::local_path;
use super::target::Location;
use crate::contract::{ConnectorError, ConnectorOption};
use crate::options::TableOptions;

const fn option(key: &'static str, default: Option<&'static str>, description: &'static str) -> ConnectorOption {
    ConnectorOption { key, required: false, default, description }
}

/// All options, the format's excepted.
pub const OPTIONS: &[ConnectorOption] = &[
    ConnectorOption {
        key: "path",
        required: true,
        default: None,
        description: "File, folder or pattern (*, ?, [..], {..}, **) to read; folder to write.",
    },
    ConnectorOption { key: "format", required: true, default: None, description: "Format of the files." },
    option("partition.default-name", Some("__DEFAULT_PARTITION__"), "Folder name of a NULL or empty partition value."),
    option("source.monitor-interval", None, "How often to look for new files; without it the source ends."),
    option("source.path.regex-pattern", None, "Not supported; use a pattern in 'path'."),
    option("source.report-statistics", Some("ALL"), "Accepted; the planner asks for no statistics of files."),
    option(
        "scan.row-error",
        Some("fail"),
        "What is done about a record that cannot be read: fail, skip or dead-letter.",
    ),
    option(
        "scan.row-error.dead-letter.path",
        None,
        "Folder in which bad records are kept as JSON lines with file, line, column and reason.",
    ),
    option("sink.rolling-policy.file-size", Some("128 mb"), "Size at which a part file is ended."),
    option("sink.rolling-policy.rollover-interval", Some("30 min"), "Time after which a part file is ended."),
    option(
        "sink.rolling-policy.inactivity-interval",
        Some("30 min"),
        "Time without rows after which a part file is ended.",
    ),
    option("sink.rolling-policy.check-interval", Some("1 min"), "How often the two times are looked at."),
    option("sink.shuffle-by-partition.enable", Some("false"), "Not supported if true."),
    option(
        "sink.partition-commit.policy.kind",
        None,
        "How a complete partition is marked: success-file; without it partitions are not marked.",
    ),
    option("sink.partition-commit.success-file.name", Some("_SUCCESS"), "Name of the file that marks a partition."),
    option(
        "sink.partition-commit.trigger",
        Some("process-time"),
        "What makes a partition complete: process-time (since its first file) or partition-time (the watermark).",
    ),
    option("sink.partition-commit.delay", Some("0 s"), "How long a partition is left open beyond that."),
    option("sink.partition-commit.watermark-time-zone", Some("UTC"), "Time zone of the partitions' times."),
    option("sink.partition-commit.*", None, "Not supported: policies of classes."),
    option("partition.time-extractor.kind", Some("default"), "How a partition's time is found; only default."),
    option(
        "partition.time-extractor.timestamp-pattern",
        None,
        "Text of a partition's time, $key being a key's value; without it the first key's value.",
    ),
    option("partition.time-extractor.*", None, "Not supported: classes and formatters."),
    option("auto-compaction", Some("false"), "Whether the part files of a checkpoint are merged before they are seen."),
    option("compaction.file-size", None, "Bytes of merged files; as 'sink.rolling-policy.file-size' if not set."),
    option("compaction.*", None, "Accepted; the job's one committer merges."),
];

/// What is done about a record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowErrorPolicy {
    /// The job fails.
    Fail,
    /// The record is left out and counted.
    Skip,
    /// The record is kept in a file of this folder.
    DeadLetter(PathBuf),
}

/// When a part file is ended, besides by a checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct Rolling {
    /// At this size.
    pub file_bytes: u64,
    /// So long after it was begun.
    pub rollover_ms: i64,
    /// So long after its last row.
    pub inactivity_ms: i64,
    /// How often the times are looked at.
    pub check_ms: i64,
}

/// A table in files.
#[derive(Clone)]
pub struct Settings {
    /// The table.
    pub table: TableSpec,
    /// Where it lies; of a store its URI, for messages.
    pub path: PathBuf,
    /// Where it is written.
    pub location: Location,
    /// How its files are written.
    pub format: &'static dyn Format,
    /// The columns in the files: those that aren't partition keys.
    pub file_schema: Schema,
    /// Positions of these columns in the table.
    pub file_columns: Vec<usize>,
    /// Positions of the partition keys in the table, in the order of PARTITIONED BY.
    pub partition_columns: Vec<usize>,
    /// Folder name of a NULL or empty partition value.
    pub default_partition: String,
    /// How often to look for new files; `None` = once.
    pub monitor_interval_ms: Option<i64>,
    /// What is done about bad records.
    pub row_errors: RowErrorPolicy,
    /// When a part file is ended.
    pub rolling: Rolling,
    /// Bytes of the files into which a checkpoint's part files are merged, if they are.
    pub compaction_bytes: Option<u64>,
}

impl Settings {
    /// Reads and checks a table's options.
    ///
    /// # Errors
    /// A missing, unknown or wrong option, or a type that the format cannot carry.
    pub fn read(table: &TableSpec) -> Result<Self, ConnectorError> {
        let options = TableOptions::of(table);
        let identifier = options.text("format");
        let format = identifier.map(|name| format(name).map_err(|error| in_table(table, &error))).transpose()?;
        let format_options: Vec<ConnectorOption> =
            format.map_or(&[][..], |format| format.options()).iter().map(as_connector_option).collect();
        options.check("filesystem", &[OPTIONS, &format_options])?;
        let (Some(format), Some(path)) = (format, options.text("path")) else {
            return Err(ConnectorError::new(format!("table {} lacks 'path' or 'format'", table.name)));
        };
        refuse(&options, "source.path.regex-pattern")?;
        let partition_columns = partition_columns(table)?;
        let file_columns: Vec<usize> =
            (0..table.schema.len()).filter(|column| !partition_columns.contains(column)).collect();
        let fields = file_columns.iter().map(|column| table.schema.fields[*column].clone()).collect();
        let (path, location) = match Location::store_uri(path) {
            Some(uri) => (PathBuf::from(uri), Location::Store(uri.to_string())),
            None => (local_path(path)?, Location::Disk(local_path(path)?)),
        };
        let settings = Settings {
            table: table.clone(),
            path,
            location,
            format,
            file_schema: Schema::new(fields),
            file_columns,
            partition_columns,
            default_partition: options.text("partition.default-name").unwrap_or("__DEFAULT_PARTITION__").to_string(),
            monitor_interval_ms: interval_ms(&options, "source.monitor-interval")?,
            row_errors: row_error_policy(&options)?,
            rolling: rolling(&options)?,
            compaction_bytes: compaction_bytes(&options)?,
        };
        settings.format.check(&settings.format_setup("UTC")).map_err(|error| in_table(table, &error))?;
        Ok(settings)
    }

    /// What the format is told.
    pub fn format_setup<'a>(&'a self, time_zone: &'a str) -> FormatSetup<'a> {
        FormatSetup { options: &self.table.options, schema: &self.file_schema, time_zone }
    }

    /// Refuses what a sink cannot do yet.
    ///
    /// # Errors
    /// Names the option.
    pub fn refuse_sink_options(&self) -> Result<(), ConnectorError> {
        let options = TableOptions::of(&self.table);
        let key = "sink.shuffle-by-partition.enable";
        if options.get_or(key, false)? {
            return Err(ConnectorError::new(format!("not supported: option '{key}' = 'true'")));
        }
        Ok(())
    }
}

fn refuse(options: &TableOptions<'_>, key: &str) -> Result<(), ConnectorError> {
    match options.text(key) {
        Some(_) => Err(ConnectorError::new(format!("not supported: option '{key}'"))),
        None => Ok(()),
    }
}

fn in_table(table: &TableSpec, error: &impl std::fmt::Display) -> ConnectorError {
    ConnectorError::new(format!("table {}: {error}", table.name))
}

fn as_connector_option(option: &FormatOption) -> ConnectorOption {
    ConnectorOption { key: option.key, required: false, default: option.default, description: option.description }
}

fn partition_columns(table: &TableSpec) -> Result<Vec<usize>, ConnectorError> {
    let position = |key: &String| {
        table.schema.index_of(key).ok_or_else(|| {
            ConnectorError::new(format!("table {}: partition key '{key}' is no column of the table", table.name))
        })
    };
    table.partition_keys.iter().map(position).collect()
}

fn interval_ms(options: &TableOptions<'_>, key: &str) -> Result<Option<i64>, ConnectorError> {
    let Some(interval) = options.get::<Duration>(key)? else { return Ok(None) };
    match i64::try_from(interval.as_millis()) {
        Ok(interval_ms) if interval_ms > 0 => Ok(Some(interval_ms)),
        _ => Err(options.invalid(key, options.text(key).unwrap_or_default(), "a duration of at least 1 ms")),
    }
}

fn row_error_policy(options: &TableOptions<'_>) -> Result<RowErrorPolicy, ConnectorError> {
    let path = options.text("scan.row-error.dead-letter.path");
    match (options.text("scan.row-error").unwrap_or("fail"), path) {
        ("fail", None) => Ok(RowErrorPolicy::Fail),
        ("skip", None) => Ok(RowErrorPolicy::Skip),
        ("dead-letter", Some(path)) => Ok(RowErrorPolicy::DeadLetter(local_path(path)?)),
        ("dead-letter", None) => {
            Err(ConnectorError::new("'scan.row-error' = 'dead-letter' needs 'scan.row-error.dead-letter.path'"))
        }
        ("fail" | "skip", Some(_)) => {
            Err(ConnectorError::new("'scan.row-error.dead-letter.path' needs 'scan.row-error' = 'dead-letter'"))
        }
        (other, _) => Err(options.invalid("scan.row-error", other, "fail, skip or dead-letter")),
    }
}

fn rolling(options: &TableOptions<'_>) -> Result<Rolling, ConnectorError> {
    let minutes = |key: &str, default: i64| Ok(interval_ms(options, key)?.unwrap_or(default * 60_000));
    Ok(Rolling {
        file_bytes: options.get_or("sink.rolling-policy.file-size", MemorySize::from_mebibytes(128))?.bytes().max(1),
        rollover_ms: minutes("sink.rolling-policy.rollover-interval", 30)?,
        inactivity_ms: minutes("sink.rolling-policy.inactivity-interval", 30)?,
        check_ms: minutes("sink.rolling-policy.check-interval", 1)?,
    })
}

fn compaction_bytes(options: &TableOptions<'_>) -> Result<Option<u64>, ConnectorError> {
    if !options.get_or("auto-compaction", false)? {
        return Ok(None);
    }
    let rolling_bytes = rolling(options)?.file_bytes;
    Ok(Some(options.get::<MemorySize>("compaction.file-size")?.map_or(rolling_bytes, |size| size.bytes().max(1))))
}
