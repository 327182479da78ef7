//! What is done about bad records of a file: fail, leave out, or keep elsewhere.

use std::io::Write;
use std::path::PathBuf;

use flott_environment::{Disk, DiskError, DiskOperation, DiskWrite};
use flott_format::{Encoder, Format, FormatSetup, JsonFormat, RowError, RowErrors};
use flott_record::value_array::batch_from_rows;
use flott_record::{Field, RowKind, Schema, TypeKind, Value};

use super::options::RowErrorPolicy;
use crate::contract::ConnectorError;
use crate::limits::DEAD_LETTER_BUFFER_BYTES;

/// The policy of one reader, with what it has kept and counted.
pub struct RowPolicy {
    skipped: u64,
    file: String,
    /// Fails where there is none and `fails`.
    letters: Option<DeadLetters>,
    fails: bool,
    /// Why a bad record could not be kept.
    failure: Option<ConnectorError>,
}

impl RowPolicy {
    /// The policy of a subtask.
    ///
    /// # Errors
    /// If the folder for bad records cannot be made.
    pub fn new(policy: &RowErrorPolicy, disk: &Disk, subtask: u32) -> Result<Self, ConnectorError> {
        let letters = match policy {
            RowErrorPolicy::DeadLetter(folder) => Some(DeadLetters::new(disk, folder, subtask)?),
            RowErrorPolicy::Fail | RowErrorPolicy::Skip => None,
        };
        let fails = *policy == RowErrorPolicy::Fail;
        Ok(RowPolicy { skipped: 0, file: String::new(), letters, fails, failure: None })
    }

    /// Names the file whose records come next.
    pub fn begin_file(&mut self, path: &str) {
        self.file = path.to_string();
    }

    /// Records left out or kept elsewhere so far.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Writes out what was kept.
    ///
    /// # Errors
    /// If the disk refuses it.
    pub fn flush(&mut self) -> Result<(), ConnectorError> {
        match (self.failure.take(), &mut self.letters) {
            (Some(failure), _) => Err(failure),
            (None, Some(letters)) => letters.flush(),
            (None, None) => Ok(()),
        }
    }

    /// The error that a bad record ends the job with.
    pub fn fatal(&mut self, error: &impl std::fmt::Display) -> ConnectorError {
        self.failure.take().unwrap_or_else(|| ConnectorError::new(format!("{}:{error}", self.file)))
    }
}

impl RowErrors for RowPolicy {
    fn row_error(&mut self, error: RowError) -> Result<(), RowError> {
        if self.fails {
            return Err(error);
        }
        if let Some(letters) = &mut self.letters
            && let Err(failure) = letters.keep(&self.file, &error)
        {
            self.failure = Some(failure);
            return Err(error);
        }
        self.skipped += 1;
        Ok(())
    }
}

/// Bad records as JSON lines, appended to a file of the subtask's own.
struct DeadLetters {
    path: PathBuf,
    disk: Disk,
    file: Option<Box<dyn DiskWrite>>,
    schema: Schema,
    encoder: Box<dyn Encoder>,
    buffer: Vec<u8>,
}

impl DeadLetters {
    fn new(disk: &Disk, folder: &std::path::Path, subtask: u32) -> Result<Self, ConnectorError> {
        disk.create_dir_all(folder).map_err(|error| ConnectorError::new(error.to_string()))?;
        let column = |name: &str, kind: TypeKind| Field::new(name, kind.not_null());
        let schema = Schema::new(vec![
            column("file", TypeKind::string()),
            column("line", TypeKind::BigInt),
            column("column", TypeKind::BigInt),
            column("reason", TypeKind::string()),
            column("record", TypeKind::string()),
        ]);
        let setup = FormatSetup { options: &Default::default(), schema: &schema, time_zone: "UTC" };
        let encoder = JsonFormat.encoder(&setup).map_err(|error| ConnectorError::new(error.to_string()))?;
        let path = folder.join(format!("dead-letter-{subtask}.json"));
        Ok(DeadLetters { path, disk: disk.clone(), file: None, schema, encoder, buffer: Vec::new() })
    }

    fn keep(&mut self, file: &str, error: &RowError) -> Result<(), ConnectorError> {
        let text = |text: &str| Value::String(text.to_string());
        let cells = vec![
            text(file),
            Value::BigInt(error.line as i64),
            Value::BigInt(error.column as i64),
            text(&error.reason),
            text(&error.record),
        ];
        let batch = batch_from_rows(&self.schema, &[(RowKind::Insert, cells)])
            .map_err(|error| ConnectorError::new(error.to_string()))?;
        self.encoder.encode(&batch, &mut self.buffer).map_err(|error| ConnectorError::new(error.to_string()))?;
        if self.buffer.len() >= DEAD_LETTER_BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ConnectorError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let failed = |error: DiskError| ConnectorError::new(error.to_string());
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(self.disk.append(&self.path).map_err(failed)?),
        };
        file.write_all(&self.buffer)
            .map_err(|error| failed(DiskError::from_io(DiskOperation::Write, &self.path, error)))?;
        self.buffer.clear();
        Ok(())
    }
}
