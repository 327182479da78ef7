//! Writes part files under hidden names.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use arrow_array::UInt32Array;
use flott_environment::{Clock, Disk, DiskError, DiskOperation, DiskWrite, Environment};
use flott_format::Encoder;
use flott_record::value_array::value_at;
use flott_record::{Batch, ChangelogMode, Field, RowKind, Value};

use super::committer::{FileCommitter, PartFile};
use super::options::{Rolling, Settings};
use super::partition::escape;
use crate::contract::ConnectorError;
use crate::limits::{OPEN_PARTITIONS_MAX, WRITE_BUFFER_BYTES};
use crate::sink::{Committable, Committer, Sink, SinkWriter, WriterSetup};

/// A table in files as a sink.
pub struct FileSink {
    settings: Settings,
}

impl FileSink {
    /// A sink of a table.
    pub fn new(settings: Settings) -> Self {
        FileSink { settings }
    }
}

impl Sink for FileSink {
    fn writer(&self, setup: &WriterSetup) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let encoder = self.settings.format.encoder(&self.settings.format_setup(&setup.time_zone));
        let fields =
            self.settings.partition_columns.iter().map(|column| self.settings.table.schema.fields[*column].clone());
        Ok(Box::new(FileWriter {
            files: PartFiles {
                disk: setup.environment.disk().clone(),
                folder: self.settings.path.clone(),
                prefix: format!("part-{}-{}", setup.run_id, setup.subtask),
                next_number: 0,
            },
            clock: setup.environment.clock().clone(),
            encoder: encoder.map_err(|error| ConnectorError::new(error.to_string()))?,
            file_columns: self.settings.file_columns.clone(),
            partition_columns: self.settings.partition_columns.clone(),
            partition_fields: fields.collect(),
            default_partition: self.settings.default_partition.clone(),
            rolling: self.settings.rolling,
            open: BTreeMap::new(),
            ended: Vec::new(),
            next_check_ms: None,
            bytes_written: 0,
            accepts: self.settings.format.changelog_mode(),
        }))
    }

    fn committer(&self, environment: &Environment) -> Option<Box<dyn Committer>> {
        Some(Box::new(FileCommitter::new(environment.disk().clone())))
    }
}

fn failed(error: &DiskError) -> ConnectorError {
    ConnectorError::new(error.to_string())
}

/// Makes part files of one writer.
struct PartFiles {
    disk: Disk,
    folder: PathBuf,
    prefix: String,
    next_number: u64,
}

impl PartFiles {
    /// Begins a part file in the folder of a partition.
    fn begin(&mut self, partition: &str, now_ms: i64) -> Result<OpenPart, ConnectorError> {
        let folder = if partition.is_empty() { self.folder.clone() } else { self.folder.join(partition) };
        self.disk.create_dir_all(&folder).map_err(|error| failed(&error))?;
        let name = format!("{}-{}", self.prefix, self.next_number);
        self.next_number += 1;
        let hidden = folder.join(format!(".{name}.inprogress"));
        let file = self.disk.create_new(&hidden).map_err(|error| failed(&error))?;
        let part = PartFile { hidden, visible: folder.join(name) };
        Ok(OpenPart { part, file, buffer: Vec::new(), bytes: 0, begun_ms: now_ms, last_row_ms: now_ms })
    }
}

/// A part file that takes rows.
struct OpenPart {
    part: PartFile,
    file: Box<dyn DiskWrite>,
    buffer: Vec<u8>,
    /// Bytes written and buffered.
    bytes: u64,
    begun_ms: i64,
    last_row_ms: i64,
}

impl OpenPart {
    fn write_out(&mut self) -> Result<(), ConnectorError> {
        self.file
            .write_all(&self.buffer)
            .map_err(|error| failed(&DiskError::from_io(DiskOperation::Write, &self.part.hidden, error)))?;
        self.buffer.clear();
        Ok(())
    }

    /// Makes all of it durable.
    fn end(&mut self, disk: &Disk) -> Result<(), ConnectorError> {
        self.write_out()?;
        self.file.sync().map_err(|error| failed(&error))?;
        let folder = self.part.hidden.parent().unwrap_or(Path::new("."));
        disk.sync_dir(folder).map_err(|error| failed(&error))
    }

    fn is_due(&self, rolling: &Rolling, now_ms: i64) -> bool {
        now_ms.saturating_sub(self.begun_ms) >= rolling.rollover_ms
            || now_ms.saturating_sub(self.last_row_ms) >= rolling.inactivity_ms
    }
}

/// Writes the rows of one subtask.
struct FileWriter {
    files: PartFiles,
    clock: Clock,
    encoder: Box<dyn Encoder>,
    file_columns: Vec<usize>,
    partition_columns: Vec<usize>,
    partition_fields: Vec<Field>,
    default_partition: String,
    rolling: Rolling,
    /// Part files that take rows, by the folder of their partition.
    open: BTreeMap<String, OpenPart>,
    /// Part files that are complete and wait for the next commit.
    ended: Vec<PartFile>,
    next_check_ms: Option<i64>,
    bytes_written: u64,
    accepts: ChangelogMode,
}

impl FileWriter {
    /// Appends rows to the part file of a partition.
    fn append(&mut self, partition: &str, rows: &Batch, now_ms: i64) -> Result<(), ConnectorError> {
        if !self.open.contains_key(partition) {
            if self.open.len() >= OPEN_PARTITIONS_MAX {
                self.end_oldest()?;
            }
            let part = self.files.begin(partition, now_ms)?;
            self.open.insert(partition.to_string(), part);
        }
        let Some(part) = self.open.get_mut(partition) else { return Ok(()) };
        let before = part.buffer.len();
        self.encoder
            .encode(rows, &mut part.buffer)
            .map_err(|error| ConnectorError::new(format!("{}: {error}", part.part.visible.display())))?;
        let added = (part.buffer.len() - before) as u64;
        part.bytes += added;
        part.last_row_ms = now_ms;
        self.bytes_written += added;
        if part.buffer.len() >= WRITE_BUFFER_BYTES {
            part.write_out()?;
        }
        if part.bytes >= self.rolling.file_bytes {
            self.end(partition)?;
        }
        Ok(())
    }

    fn end(&mut self, partition: &str) -> Result<(), ConnectorError> {
        // The part stays among the open ones if it cannot be ended, so that `abort` finds it.
        if let Some(part) = self.open.get_mut(partition) {
            part.end(&self.files.disk)?;
        }
        self.ended.extend(self.open.remove(partition).map(|part| part.part));
        Ok(())
    }

    fn end_oldest(&mut self) -> Result<(), ConnectorError> {
        let oldest = self.open.iter().min_by_key(|(_, part)| part.last_row_ms).map(|(partition, _)| partition.clone());
        oldest.map_or(Ok(()), |partition| self.end(&partition))
    }

    /// Ends the parts for which `due` holds.
    fn end_where(&mut self, due: impl Fn(&OpenPart) -> bool) -> Result<(), ConnectorError> {
        let partitions: Vec<String> =
            self.open.iter().filter(|(_, part)| due(part)).map(|(partition, _)| partition.clone()).collect();
        partitions.iter().try_for_each(|partition| self.end(partition))
    }

    /// The folder of a row's partition: `k1=v1/k2=v2`.
    fn write_partition(&self, batch: &Batch, row: usize, out: &mut String) {
        for (column, field) in self.partition_columns.iter().zip(&self.partition_fields) {
            if !out.is_empty() {
                out.push('/');
            }
            escape(&field.name, out);
            out.push('=');
            let text = match value_at(batch.column(*column), row, &field.data_type) {
                Value::Null => String::new(),
                value => value.to_string(),
            };
            if text.is_empty() {
                out.push_str(&self.default_partition);
            } else {
                escape(&text, out);
            }
        }
    }

    fn write_partitioned(&mut self, batch: &Batch, now_ms: i64) -> Result<(), ConnectorError> {
        let mut rows_of: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut partition = String::new();
        for row in 0..batch.num_rows() {
            partition.clear();
            self.write_partition(batch, row, &mut partition);
            match rows_of.get_mut(partition.as_str()) {
                Some(rows) => rows.push(row as u32),
                None => {
                    rows_of.insert(partition.clone(), vec![row as u32]);
                }
            }
        }
        let columns = batch.project(&self.file_columns);
        for (partition, rows) in rows_of {
            let part =
                columns.take(&UInt32Array::from(rows)).map_err(|error| ConnectorError::new(error.to_string()))?;
            self.append(&partition, &part, now_ms)?;
        }
        Ok(())
    }
}

impl SinkWriter for FileWriter {
    fn write(&mut self, batch: &Batch) -> Result<(), ConnectorError> {
        let refused = |kind: &u8| !self.accepts.contains(RowKind::from_u8(*kind));
        if let Some(kind) = batch.kinds().and_then(|kinds| kinds.iter().find(|kind| refused(kind))) {
            return Err(ConnectorError::new(format!(
                "the files in {} take inserted rows only, not {}",
                self.files.folder.display(),
                RowKind::from_u8(*kind)
            )));
        }
        if batch.is_empty() {
            return Ok(());
        }
        let now_ms = self.clock.now_ms();
        self.next_check_ms.get_or_insert(now_ms.saturating_add(self.rolling.check_ms));
        if self.partition_columns.is_empty() {
            // Without partition keys the file has all the columns, in their order.
            self.append("", batch, now_ms)
        } else {
            self.write_partitioned(batch, now_ms)
        }
    }

    fn flush(&mut self) -> Result<(), ConnectorError> {
        let now_ms = self.clock.now_ms();
        if self.next_check_ms.is_some_and(|check_ms| check_ms <= now_ms) {
            let rolling = self.rolling;
            self.end_where(|part| part.is_due(&rolling, now_ms))?;
            self.next_check_ms = (!self.open.is_empty()).then(|| now_ms.saturating_add(rolling.check_ms));
        }
        Ok(())
    }

    fn wake_at_ms(&self) -> Option<i64> {
        self.next_check_ms
    }

    fn prepare_commit(&mut self, _end_of_input: bool) -> Result<Vec<Committable>, ConnectorError> {
        self.end_where(|_| true)?;
        self.next_check_ms = None;
        let committables: Result<Vec<_>, _> = self.ended.iter().map(PartFile::to_committable).collect();
        let committables = committables?;
        self.ended.clear();
        Ok(committables)
    }

    fn abort(&mut self) -> Result<(), ConnectorError> {
        let open = std::mem::take(&mut self.open).into_values().map(|part| part.part);
        let mut left_behind = Vec::new();
        for part in open.chain(std::mem::take(&mut self.ended)) {
            match self.files.disk.remove_file(&part.hidden) {
                Err(error) if !error.is_not_found() => left_behind.push(error.to_string()),
                _ => {}
            }
        }
        if left_behind.is_empty() { Ok(()) } else { Err(ConnectorError::new(left_behind.join("; "))) }
    }

    fn bytes_written(&self) -> u64 {
        self.bytes_written
    }
}
