//! Reads files one after the other, each from its position on.

use std::collections::VecDeque;

use arrow_array::{ArrayRef, UInt32Array};
use arrow_select::take::take;
use flott_environment::Disk;
use flott_format::{Decoder, Filled, FormatError};
use flott_record::Batch;

use super::file_input::FileInput;
use super::options::Settings;
use super::row_policy::RowPolicy;
use super::source::{ColumnOrigin, column_origins, file_constant};
use super::split::FileSplit;
use crate::contract::ConnectorError;
use crate::limits::POLL_CHUNKS_MAX;
use crate::source::{Poll, ReaderSetup, SourceReader, Split};

/// A file that is being read.
struct OpenFile {
    split: FileSplit,
    input: FileInput,
    decoder: Box<dyn Decoder>,
    /// For each column of a batch its value in all rows, if the file gives one; as many values as a batch has rows at the most.
    constants: Vec<Option<ArrayRef>>,
}

/// Reads the files of one subtask.
pub struct FileReader {
    settings: Settings,
    disk: Disk,
    time_zone: String,
    batch_rows_max: usize,
    /// Columns that are decoded, and where each column of a batch comes from.
    decoded: Vec<usize>,
    origins: Vec<ColumnOrigin>,
    waiting: VecDeque<FileSplit>,
    open: Option<OpenFile>,
    policy: RowPolicy,
    finished_bytes: u64,
}

impl FileReader {
    /// A reader with no files yet.
    ///
    /// # Errors
    /// If the projection doesn't fit, or the folder for bad records cannot be made.
    pub fn new(settings: Settings, setup: &ReaderSetup) -> Result<Self, ConnectorError> {
        let (decoded, origins) = column_origins(&settings, &setup.projection)?;
        let disk = setup.environment.disk().clone();
        let policy = RowPolicy::new(&settings.row_errors, &disk, setup.subtask)?;
        Ok(FileReader {
            settings,
            disk,
            time_zone: setup.time_zone.clone(),
            batch_rows_max: setup.batch_rows_max.max(1),
            decoded,
            origins,
            waiting: VecDeque::new(),
            open: None,
            policy,
            finished_bytes: 0,
        })
    }

    fn open(&mut self, split: FileSplit) -> Result<OpenFile, ConnectorError> {
        let input = FileInput::open(&self.disk, &split.path, split.position.offset_bytes)?;
        let setup = self.settings.format_setup(&self.time_zone);
        let decoder = self.settings.format.decoder(&setup, &self.decoded, split.position);
        let decoder = decoder.map_err(|error| ConnectorError::new(error.to_string()))?;
        self.policy.begin_file(&split.path);
        let mut constants = Vec::with_capacity(self.origins.len());
        for origin in &self.origins {
            let single = file_constant(origin, &split, &self.settings.default_partition)?;
            constants.push(single.map(|value| repeat(&value, self.batch_rows_max)).transpose()?);
        }
        Ok(OpenFile { split, input, decoder, constants })
    }

    /// Decodes until a batch is full, the file ends, or much was read without a row.
    fn read_on(&mut self, file: &mut OpenFile) -> Result<Filled, ConnectorError> {
        for _ in 0..POLL_CHUNKS_MAX {
            let filled = file.decoder.fill(self.batch_rows_max, &mut self.policy);
            match filled.map_err(|error| self.decode_error(&error))? {
                Filled::NeedsBytes => {
                    let chunk = file.input.next_chunk()?;
                    if chunk.is_empty() {
                        file.decoder.end_input();
                    } else {
                        file.decoder.push(chunk);
                    }
                }
                filled => return Ok(filled),
            }
        }
        Ok(Filled::NeedsBytes)
    }

    fn decode_error(&mut self, error: &FormatError) -> ConnectorError {
        self.policy.fatal(error)
    }

    /// The decoder's rows with the columns that the file gives.
    fn take_batch(&self, file: &mut OpenFile) -> Result<Batch, ConnectorError> {
        let decoded = file.decoder.take().map_err(|error| ConnectorError::new(error.to_string()))?;
        file.split.position = file.decoder.position();
        let rows = decoded.num_rows();
        let column = |(origin, constant): (&ColumnOrigin, &Option<ArrayRef>)| match (origin, constant) {
            (ColumnOrigin::File(index), _) => Some(decoded.column(*index).clone()),
            (_, Some(constant)) => Some(constant.slice(0, rows)),
            (_, None) => None,
        };
        let columns: Option<Vec<ArrayRef>> = self.origins.iter().zip(&file.constants).map(column).collect();
        let columns = columns.ok_or_else(|| ConnectorError::new("a column of the file has no value"))?;
        Ok(Batch::new(columns, rows))
    }

    /// Reads on in a file; puts it back unless it is read to its end.
    fn poll_file(&mut self, mut file: OpenFile) -> Result<Option<Batch>, ConnectorError> {
        let filled = self.read_on(&mut file)?;
        self.policy.flush()?;
        let batch = match filled {
            Filled::NeedsBytes => None,
            Filled::Full | Filled::Finished => Some(self.take_batch(&mut file)?).filter(|batch| !batch.is_empty()),
        };
        if filled == Filled::Finished {
            self.finished_bytes += file.split.len_bytes;
        } else {
            self.open = Some(file);
        }
        Ok(batch)
    }
}

/// An array of one value as one of many.
fn repeat(value: &ArrayRef, count: usize) -> Result<ArrayRef, ConnectorError> {
    let indices = UInt32Array::from(vec![0; count]);
    take(value, &indices, None).map_err(|error| ConnectorError::new(error.to_string()))
}

impl SourceReader for FileReader {
    fn add_split(&mut self, split: Split) -> Result<(), ConnectorError> {
        self.waiting.push_back(FileSplit::from_split(&split)?);
        Ok(())
    }

    fn poll(&mut self) -> Result<Poll, ConnectorError> {
        let file = match self.open.take() {
            Some(file) => file,
            None => match self.waiting.pop_front() {
                Some(split) => self.open(split)?,
                None => return Ok(Poll::NeedsSplit),
            },
        };
        match self.poll_file(file)? {
            Some(batch) => Ok(Poll::Batch(batch)),
            None if self.open.is_none() && self.waiting.is_empty() => Ok(Poll::NeedsSplit),
            // Nothing yet, but there is more to read: the others on the thread have their turn first.
            None => Ok(Poll::Pending { wake_at_ms: Some(0) }),
        }
    }

    fn snapshot(&self) -> Vec<Split> {
        let open = self.open.iter().map(|file| &file.split);
        open.chain(&self.waiting).map(FileSplit::to_split).collect()
    }

    fn progress(&self) -> Option<(u64, u64)> {
        let waiting: u64 = self.waiting.iter().map(|split| split.len_bytes).sum();
        let (read, all) = self.open.as_ref().map_or((0, 0), |file| {
            let len_bytes = file.split.len_bytes;
            (file.input.read_bytes().min(len_bytes), len_bytes)
        });
        Some((self.finished_bytes + read, self.finished_bytes + all + waiting))
    }

    fn rows_skipped(&self) -> u64 {
        self.policy.skipped()
    }

    fn take_dead_letters(&mut self) -> Option<Batch> {
        // The reader writes them itself, to the folder that the table names.
        None
    }
}
