//! A part file that takes rows: on the disk under a hidden name, or on its way into an object store.

use std::path::{Path, PathBuf};

use flott_environment::{Disk, DiskError, DiskOperation, DiskWrite, Waker};

use super::committable::FinishedPart;
use super::options::Rolling;
use super::target::{Target, object_name, sync_folders};
use super::upload::Upload;
use crate::contract::ConnectorError;
use crate::limits::{UPLOAD_PART_BYTES, WRITE_BUFFER_BYTES};

fn failed(error: &DiskError) -> ConnectorError {
    ConnectorError::new(error.to_string())
}

/// Where the bytes go.
enum Output {
    File { disk: Disk, root: PathBuf, hidden: PathBuf, visible: PathBuf, file: Box<dyn DiskWrite> },
    Upload { upload: Upload, part_bytes: usize },
}

/// A part file that takes rows.
pub struct OpenPart {
    output: Output,
    /// Rows that were encoded and not passed on.
    pub buffer: Vec<u8>,
    /// Bytes written and buffered.
    pub bytes: u64,
    /// When it was begun, in milliseconds since the epoch.
    pub begun_ms: i64,
    /// When it got its last row.
    pub last_row_ms: i64,
}

impl OpenPart {
    /// Begins a part file in the folder of a partition.
    ///
    /// # Errors
    /// If it cannot be made, or has a name that object stores don't take.
    pub fn begin(target: &Target, partition: &str, name: &str, now_ms: i64) -> Result<Self, ConnectorError> {
        let output = match target {
            Target::Disk { disk, folder, .. } => {
                let inside = if partition.is_empty() { folder.clone() } else { folder.join(partition) };
                disk.create_dir_all(&inside).map_err(|error| failed(&error))?;
                let hidden = inside.join(format!(".{name}.inprogress"));
                let file = disk.create_new(&hidden).map_err(|error| failed(&error))?;
                Output::File { disk: disk.clone(), root: folder.clone(), hidden, visible: inside.join(name), file }
            }
            Target::Store { store, io } => {
                let object = object_name(&Target::relative(partition, name))?;
                let part_bytes = UPLOAD_PART_BYTES.max(store.min_part_bytes() as usize);
                Output::Upload { upload: Upload::new(store.clone(), io.clone(), object), part_bytes }
            }
        };
        Ok(OpenPart { output, buffer: Vec::new(), bytes: 0, begun_ms: now_ms, last_row_ms: now_ms })
    }

    /// The name under which it will be seen.
    pub fn visible(&self) -> String {
        match &self.output {
            Output::File { visible, .. } => visible.display().to_string(),
            Output::Upload { upload, .. } => upload.name().to_string(),
        }
    }

    /// Whether more can be taken without piling up.
    pub fn has_room(&self) -> bool {
        match &self.output {
            Output::File { .. } => true,
            Output::Upload { upload, .. } => upload.has_room(),
        }
    }

    /// Passes the buffer on if there is enough in it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn pass_on(&mut self, waker: &Waker) -> Result<(), ConnectorError> {
        match &mut self.output {
            Output::File { file, hidden, .. } if self.buffer.len() >= WRITE_BUFFER_BYTES => {
                write_out(file.as_mut(), hidden, &mut self.buffer)
            }
            Output::Upload { upload, part_bytes } if self.buffer.len() >= *part_bytes => {
                upload.send(std::mem::take(&mut self.buffer), waker);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Makes all of it durable, under no name that is seen.
    ///
    /// # Errors
    /// If something cannot be written.
    pub fn end(&mut self) -> Result<FinishedPart, ConnectorError> {
        match &mut self.output {
            Output::File { disk, root, hidden, visible, file } => {
                write_out(file.as_mut(), hidden, &mut self.buffer)?;
                file.sync().map_err(|error| failed(&error))?;
                let folder = hidden.parent().unwrap_or(Path::new("."));
                sync_folders(disk, root, folder).map_err(|error| failed(&error))?;
                Ok(FinishedPart::File { hidden: hidden.clone(), visible: visible.clone() })
            }
            Output::Upload { upload, .. } => {
                let name = upload.name().clone();
                let (id, parts) = upload.end(std::mem::take(&mut self.buffer))?;
                Ok(FinishedPart::Upload { name, id, parts })
            }
        }
    }

    /// Removes what was written.
    ///
    /// # Errors
    /// If something stays behind.
    pub fn abort(&self) -> Result<(), ConnectorError> {
        match &self.output {
            Output::File { disk, hidden, .. } => match disk.remove_file(hidden) {
                Err(error) if !error.is_not_found() => Err(failed(&error)),
                _ => Ok(()),
            },
            Output::Upload { upload, .. } => upload.abort(),
        }
    }

    /// Whether time ends it.
    pub fn is_due(&self, rolling: &Rolling, now_ms: i64) -> bool {
        now_ms.saturating_sub(self.begun_ms) >= rolling.rollover_ms
            || now_ms.saturating_sub(self.last_row_ms) >= rolling.inactivity_ms
    }
}

fn write_out(file: &mut dyn DiskWrite, hidden: &Path, buffer: &mut Vec<u8>) -> Result<(), ConnectorError> {
    file.write_all(buffer).map_err(|error| failed(&DiskError::from_io(DiskOperation::Write, hidden, error)))?;
    buffer.clear();
    Ok(())
}
