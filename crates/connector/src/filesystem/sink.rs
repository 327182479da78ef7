//! Writes part files that nobody sees before they are committed.

use std::collections::BTreeMap;

use arrow_array::UInt32Array;
use flott_environment::{Clock, Environment, Waker};
use flott_format::Encoder;
use flott_record::value_array::value_at;
use flott_record::{Batch, ChangelogMode, Field, RowKind, Value};

use super::committable::Item;
use super::committer::FileCommitter;
use super::compaction::UNCOMPACTED;
use super::options::{Rolling, Settings};
use super::part::OpenPart;
use super::partition::escape;
use super::partition_commit::{PartitionCommit, PartitionMarker};
use super::target::{Location, Target};
use crate::contract::ConnectorError;
use crate::limits::{OPEN_PARTITIONS_MAX, UPLOAD_BUFFERED_BYTES_MAX};
use crate::sink::{Committable, Committer, Sink, SinkWriter, WriterSetup};

/// A table in files as a sink.
pub struct FileSink {
    settings: Settings,
    partition_commit: Option<PartitionCommit>,
}

impl FileSink {
    /// A sink of a table.
    ///
    /// # Errors
    /// If an option of the sink is wrong or not supported.
    pub fn new(settings: Settings) -> Result<Self, ConnectorError> {
        settings.refuse_sink_options()?;
        let partition_commit = PartitionCommit::read(&settings.table)?;
        Ok(FileSink { settings, partition_commit })
    }
}

impl Sink for FileSink {
    fn writer(&self, setup: &WriterSetup) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let encoder = self.settings.format.encoder(&self.settings.format_setup(&setup.time_zone));
        // Objects that are to be merged are completed first, so their own names hide them.
        let is_hidden =
            self.settings.compaction_bytes.is_some() && matches!(self.settings.location, Location::Store(_));
        let hidden = if is_hidden { UNCOMPACTED } else { "" };
        let fields =
            self.settings.partition_columns.iter().map(|column| self.settings.table.schema.fields[*column].clone());
        Ok(Box::new(FileWriter {
            files: PartFiles {
                target: self.settings.location.open(&setup.environment)?,
                prefix: format!("{hidden}part-{}-{}", setup.run_id, setup.subtask),
                next_number: 0,
            },
            folder: self.settings.path.display().to_string(),
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
            waker: Waker::noop(),
            progress: self.partition_commit.is_some().then_some((setup.subtask, i64::MIN)),
            bytes_written: 0,
            accepts: self.settings.format.changelog_mode(),
        }))
    }

    fn committer(&self, environment: &Environment) -> Option<Box<dyn Committer>> {
        let target = self.settings.location.open(environment);
        let marker = self.partition_commit.clone().zip(target.as_ref().ok().cloned());
        let marker =
            marker.map(|(settings, target)| PartitionMarker::new(settings, target, environment.clock().clone()));
        Some(Box::new(FileCommitter::new(target, marker).with_compaction(self.settings.compaction_bytes)))
    }
}

/// Makes part files of one writer.
struct PartFiles {
    target: Target,
    prefix: String,
    next_number: u64,
}

impl PartFiles {
    fn begin(&mut self, partition: &str, now_ms: i64) -> Result<OpenPart, ConnectorError> {
        let name = format!("{}-{}", self.prefix, self.next_number);
        self.next_number += 1;
        OpenPart::begin(&self.target, partition, &name, now_ms)
    }
}

/// Writes the rows of one subtask.
struct FileWriter {
    files: PartFiles,
    /// For messages.
    folder: String,
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
    ended: Vec<Item>,
    next_check_ms: Option<i64>,
    /// Woken when an upload makes room.
    waker: Waker,
    /// This subtask and its watermark, where partitions are committed.
    progress: Option<(u32, i64)>,
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
            .map_err(|error| ConnectorError::new(format!("{}: {error}", part.visible())))?;
        let added = (part.buffer.len() - before) as u64;
        part.bytes += added;
        part.last_row_ms = now_ms;
        self.bytes_written += added;
        part.pass_on(&self.waker)?;
        if part.bytes >= self.rolling.file_bytes {
            self.end(partition)?;
        }
        self.bound_buffers()
    }

    fn end(&mut self, partition: &str) -> Result<(), ConnectorError> {
        // The part stays among the open ones if it cannot be ended, so that `abort` finds it.
        if let Some(open) = self.open.get_mut(partition) {
            let (part, begun_ms) = (open.end()?, open.begun_ms);
            self.open.remove(partition);
            self.ended.push(Item::Part { part, partition: partition.to_string(), begun_ms });
        }
        Ok(())
    }

    /// Ends the fullest parts while too much waits for being enough for an upload.
    fn bound_buffers(&mut self) -> Result<(), ConnectorError> {
        while self.open.values().map(|part| part.buffer.len()).sum::<usize>() > UPLOAD_BUFFERED_BYTES_MAX {
            let fullest = self.open.iter().max_by_key(|(_, part)| part.buffer.len());
            let Some(partition) = fullest.map(|(partition, _)| partition.clone()) else { return Ok(()) };
            self.end(&partition)?;
        }
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
    fn is_ready(&mut self, waker: &Waker) -> bool {
        self.waker = waker.clone();
        self.open.values().all(OpenPart::has_room)
    }

    fn watermark(&mut self, watermark_ms: i64) {
        if let Some((_, latest_ms)) = &mut self.progress {
            *latest_ms = watermark_ms;
        }
    }

    fn write(&mut self, batch: &Batch) -> Result<(), ConnectorError> {
        let refused = |kind: &u8| !self.accepts.contains(RowKind::from_u8(*kind));
        if let Some(kind) = batch.kinds().and_then(|kinds| kinds.iter().find(|kind| refused(kind))) {
            return Err(ConnectorError::new(format!(
                "the files in {} take inserted rows only, not {}",
                self.folder,
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

    fn prepare_commit(&mut self, end_of_input: bool) -> Result<Vec<Committable>, ConnectorError> {
        self.end_where(|_| true)?;
        self.next_check_ms = None;
        let progress = self.progress.map(|(subtask, watermark_ms)| Item::Progress {
            subtask,
            watermark_ms: if end_of_input { i64::MAX } else { watermark_ms },
            is_ended: end_of_input,
        });
        let committables: Result<Vec<_>, _> = self.ended.iter().chain(&progress).map(Item::to_committable).collect();
        let committables = committables?;
        self.ended.clear();
        Ok(committables)
    }

    fn abort(&mut self) -> Result<(), ConnectorError> {
        let open = std::mem::take(&mut self.open).into_values().map(|part| part.abort());
        let mut failures: Vec<String> = open.filter_map(Result::err).map(|error| error.message).collect();
        let ended: Result<Vec<_>, _> = std::mem::take(&mut self.ended).iter().map(Item::to_committable).collect();
        let mut committer = FileCommitter::new(Ok(self.files.target.clone()), None);
        failures.extend(ended.and_then(|ended| committer.discard(&ended)).err().map(|error| error.message));
        if failures.is_empty() { Ok(()) } else { Err(ConnectorError::new(failures.join("; "))) }
    }

    fn bytes_written(&self) -> u64 {
        self.bytes_written
    }
}
