//! The machine's file system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::{DiskBackend, DiskEntry, DiskError, DiskKind, DiskMetadata, DiskOperation, DiskRead, DiskWrite};

/// The machine's file system as a [`DiskBackend`].
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

/// Linux's number of "Is a directory": opening one for reading succeeds, reading it wouldn't.
const EISDIR: i32 = 21;

struct LocalFile {
    file: File,
    path: PathBuf,
}

impl LocalFile {
    fn error(&self, operation: DiskOperation) -> impl FnOnce(io::Error) -> DiskError + '_ {
        move |source| DiskError::new(operation, &self.path, source)
    }
}

/// Wraps an I/O error with its path; the kind stays, by which the standard library retries `Interrupted`.
fn named(path: &Path, operation: DiskOperation, source: io::Error) -> io::Error {
    DiskError::new(operation, path, source).into_io()
}

impl Read for LocalFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer).map_err(|source| named(&self.path, DiskOperation::Read, source))
    }
}

impl Seek for LocalFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position).map_err(|source| named(&self.path, DiskOperation::Read, source))
    }
}

impl Write for LocalFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|source| named(&self.path, DiskOperation::Write, source))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|source| named(&self.path, DiskOperation::Write, source))
    }
}

impl DiskRead for LocalFile {
    fn len_bytes(&self) -> Result<u64, DiskError> {
        Ok(self.file.metadata().map_err(self.error(DiskOperation::Metadata))?.len())
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        self.file.read_at(buffer, offset_bytes).map_err(self.error(DiskOperation::Read))
    }
}

impl DiskWrite for LocalFile {
    fn sync(&mut self) -> Result<(), DiskError> {
        self.file.sync_all().map_err(self.error(DiskOperation::Sync))
    }
}

fn open_write(path: &Path, options: &mut OpenOptions) -> Result<Box<dyn DiskWrite>, DiskError> {
    let file = options.open(path).map_err(|source| DiskError::new(DiskOperation::Create, path, source))?;
    Ok(Box::new(LocalFile { file, path: path.to_path_buf() }))
}

fn metadata_of(metadata: &fs::Metadata) -> DiskMetadata {
    let kind = if metadata.is_file() {
        DiskKind::File
    } else if metadata.is_dir() {
        DiskKind::Directory
    } else {
        DiskKind::Other
    };
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    DiskMetadata { kind, len_bytes: metadata.len(), modified_ms: modified.map_or(0, |since| since.as_millis() as i64) }
}

impl DiskBackend for LocalDisk {
    fn open_read(&self, path: &Path) -> Result<Box<dyn DiskRead>, DiskError> {
        let failed = |source| DiskError::new(DiskOperation::Open, path, source);
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(failed(io::Error::from_raw_os_error(EISDIR)));
        }
        Ok(Box::new(LocalFile { file, path: path.to_path_buf() }))
    }

    fn create(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError> {
        open_write(path, OpenOptions::new().write(true).create(true).truncate(true))
    }

    fn create_new(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError> {
        open_write(path, OpenOptions::new().write(true).create_new(true))
    }

    fn append(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError> {
        open_write(path, OpenOptions::new().append(true).create(true))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        fs::rename(from, to).map_err(|source| DiskError::new(DiskOperation::Rename, from, source))
    }

    fn link(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        fs::hard_link(from, to).map_err(|source| DiskError::new(DiskOperation::Link, to, source))
    }

    fn remove_dir(&self, path: &Path) -> Result<(), DiskError> {
        fs::remove_dir(path).map_err(|source| DiskError::new(DiskOperation::Remove, path, source))
    }

    fn remove_file(&self, path: &Path) -> Result<(), DiskError> {
        fs::remove_file(path).map_err(|source| DiskError::new(DiskOperation::Remove, path, source))
    }

    fn remove_dir_all(&self, path: &Path) -> Result<(), DiskError> {
        fs::remove_dir_all(path).map_err(|source| DiskError::new(DiskOperation::Remove, path, source))
    }

    fn create_dir_all(&self, path: &Path) -> Result<(), DiskError> {
        fs::create_dir_all(path).map_err(|source| DiskError::new(DiskOperation::CreateDirectory, path, source))
    }

    fn list(&self, directory: &Path) -> Result<Vec<DiskEntry>, DiskError> {
        let failed = |source| DiskError::new(DiskOperation::List, directory, source);
        let mut entries = Vec::new();
        for entry in fs::read_dir(directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let metadata = match fs::metadata(&path) {
                Ok(metadata) => metadata_of(&metadata),
                // A link to nothing is listed as what it is; an entry that is gone altogether is left out.
                Err(_) if fs::symlink_metadata(&path).is_ok() => {
                    DiskMetadata { kind: DiskKind::Other, len_bytes: 0, modified_ms: 0 }
                }
                Err(_) => continue,
            };
            entries.push(DiskEntry { name: entry.file_name().to_string_lossy().into_owned(), path, metadata });
        }
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(entries)
    }

    fn metadata(&self, path: &Path) -> Result<DiskMetadata, DiskError> {
        let metadata = fs::metadata(path).map_err(|source| DiskError::new(DiskOperation::Metadata, path, source))?;
        Ok(metadata_of(&metadata))
    }

    fn sync_dir(&self, directory: &Path) -> Result<(), DiskError> {
        let failed = |source| DiskError::new(DiskOperation::Sync, directory, source);
        File::open(directory).map_err(failed)?.sync_all().map_err(failed)
    }
}
