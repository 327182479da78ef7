//! Marks partitions as complete: `_SUCCESS`, once nothing more is expected in them.
//!
//! A partition that got files is noted beside the table, in `.flott-pending`, before its files are seen, and the note goes when the partition
//! is marked. So a job that is restored, or started anew, still knows of it, and marking twice is marking once.

use std::collections::BTreeMap;
use std::time::Duration;

use flott_environment::{Clock, ObjectName, StoreErrorKind};
use flott_record::TableSpec;

use super::partition_time::PartitionTime;
use super::target::{Target, object_name, store_error};
use crate::contract::ConnectorError;
use crate::options::TableOptions;

/// The folder of the notes; readers leave hidden names out.
const PENDING_FOLDER: &str = ".flott-pending";

/// When a partition is marked.
#[derive(Clone, Debug)]
enum Trigger {
    /// So long after its first file was begun.
    ProcessTime,
    /// When the watermark has passed the time of its values.
    PartitionTime(PartitionTime),
}

/// The options, checked.
#[derive(Clone, Debug)]
pub struct PartitionCommit {
    trigger: Trigger,
    delay_ms: i64,
    success_file: String,
}

/// Keys of the options.
const POLICY: &str = "sink.partition-commit.policy.kind";
const TRIGGER: &str = "sink.partition-commit.trigger";
const DELAY: &str = "sink.partition-commit.delay";
const SUCCESS_FILE: &str = "sink.partition-commit.success-file.name";

impl PartitionCommit {
    /// Reads the options; `None` where nothing is to be marked.
    ///
    /// # Errors
    /// A wrong value, or what isn't supported.
    pub fn read(table: &TableSpec) -> Result<Option<Self>, ConnectorError> {
        let options = TableOptions::of(table);
        let Some(policy) = options.text(POLICY) else { return Ok(None) };
        if let Some(other) = policy.split(',').map(str::trim).find(|kind| *kind != "success-file") {
            return Err(ConnectorError::new(format!(
                "not supported: '{other}' in option '{POLICY}'; 'success-file' is"
            )));
        }
        if table.partition_keys.is_empty() {
            return Ok(None);
        }
        let trigger = match options.text(TRIGGER).unwrap_or("process-time") {
            "process-time" => Trigger::ProcessTime,
            "partition-time" => Trigger::PartitionTime(PartitionTime::read(table, &options)?),
            other => return Err(options.invalid(TRIGGER, other, "process-time or partition-time")),
        };
        let delay = options.get_or(DELAY, Duration::ZERO)?;
        let success_file = options.text(SUCCESS_FILE).unwrap_or("_SUCCESS").to_string();
        if success_file.is_empty() || success_file.contains('/') {
            return Err(options.invalid(SUCCESS_FILE, &success_file, "the name of a file"));
        }
        let delay_ms = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        Ok(Some(PartitionCommit { trigger, delay_ms, success_file }))
    }

    fn is_due(&self, partition: &str, begun_ms: i64, progress: &Progress, now_ms: i64) -> Result<bool, ConnectorError> {
        if progress.are_all_ended {
            return Ok(true);
        }
        match &self.trigger {
            Trigger::ProcessTime => Ok(self.delay_ms == 0 || now_ms > begun_ms.saturating_add(self.delay_ms)),
            Trigger::PartitionTime(time) => {
                Ok(progress.watermark_ms > time.of(partition)?.saturating_add(self.delay_ms))
            }
        }
    }
}

/// How far the writers have come, in one commit.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The least of their watermarks.
    pub watermark_ms: i64,
    /// Whether all of them have ended.
    pub are_all_ended: bool,
}

/// Marks partitions of one table.
pub struct PartitionMarker {
    settings: PartitionCommit,
    target: Target,
    clock: Clock,
}

impl PartitionMarker {
    /// A marker of a table.
    pub fn new(settings: PartitionCommit, target: Target, clock: Clock) -> Self {
        PartitionMarker { settings, target, clock }
    }

    /// Notes partitions that get files now, each with the time at which its first one was begun.
    ///
    /// # Errors
    /// If a note cannot be written.
    pub fn note(&self, partitions: &BTreeMap<&str, i64>) -> Result<(), ConnectorError> {
        for (partition, begun_ms) in partitions {
            match self.target.beside().put_new(&note_name(partition)?, begun_ms.to_string().as_bytes()) {
                Err(error) if error.kind != StoreErrorKind::AlreadyExists => return Err(store_error(&error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Marks the partitions whose time has come.
    ///
    /// # Errors
    /// If it is not known to be marked, or its values give no time.
    pub fn mark_due(&self, progress: &Progress) -> Result<(), ConnectorError> {
        let store = self.target.beside();
        let now_ms = self.clock.now_ms();
        for note in store.list(PENDING_FOLDER).map_err(|error| store_error(&error))? {
            let (partition, begun_ms) = self.read_note(&note.name)?;
            if self.settings.is_due(&partition, begun_ms, progress, now_ms)? {
                self.target.write_once(&Target::relative(&partition, &self.settings.success_file), b"")?;
                store.delete(&note.name).map_err(|error| store_error(&error))?;
            }
        }
        Ok(())
    }

    fn read_note(&self, name: &ObjectName) -> Result<(String, i64), ConnectorError> {
        let store = self.target.beside();
        let text = store.get(name).map_err(|error| store_error(&error))?;
        let begun_ms = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
        let partition =
            name.as_str().strip_prefix(PENDING_FOLDER).and_then(|rest| from_hexadecimal(rest.strip_prefix('/')?));
        partition
            .zip(begun_ms)
            .ok_or_else(|| ConnectorError::new(format!("{name} of {} is no note of a partition", store.location())))
    }
}

/// Partitions' folders have any characters, objects' names few.
fn note_name(partition: &str) -> Result<ObjectName, ConnectorError> {
    let digits: String = partition.bytes().map(|byte| format!("{byte:02x}")).collect();
    object_name(&format!("{PENDING_FOLDER}/{digits}"))
}

fn from_hexadecimal(digits: &str) -> Option<String> {
    let digits = digits.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
    String::from_utf8(bytes).ok()
}
