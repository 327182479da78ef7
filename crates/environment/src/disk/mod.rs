//! Local files behind a trait: the machine's file system, or one in memory for tests and the simulator.

mod error;
mod local;
mod memory;

use std::fmt;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::{DiskError, DiskOperation};
pub use local::LocalDisk;
pub use memory::MemoryDisk;

use crate::limits::READ_BUFFER_BYTES;

/// A file opened for reading: sequentially with [`Read`] and [`Seek`], or anywhere with [`DiskRead::read_at`]. Not
/// buffered. The `io::Error`s of `Read` and `Seek` carry a [`DiskError`], so they name the file.
pub trait DiskRead: Read + Seek + Send + Sync {
    /// The file's length in bytes, asked for anew at each call (a file may grow).
    ///
    /// # Errors
    /// Where the file system doesn't say.
    fn len_bytes(&self) -> Result<u64, DiskError>;

    /// Reads at most `buffer.len()` bytes from `offset_bytes` on without moving the sequential position; 0 at the end.
    ///
    /// # Errors
    /// Where the file cannot be read.
    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> Result<usize, DiskError>;
}

/// A file opened for writing. Not buffered. The `io::Error`s of [`Write`] carry a [`DiskError`], so they name the file.
pub trait DiskWrite: Write + Send {
    /// Makes what was written so far survive a loss of power.
    ///
    /// # Errors
    /// Where the device reports a failure.
    fn sync(&mut self) -> Result<(), DiskError>;
}

/// What an entry of a directory is. Links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device, pipe, socket or broken link.
    Other,
}

/// What is known of a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskMetadata {
    /// File, directory or other.
    pub kind: DiskKind,
    /// Length in bytes; meaningless for what isn't a file.
    pub len_bytes: u64,
    /// Last change, in milliseconds since the epoch; 0 where the file system doesn't say.
    pub modified_ms: i64,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskEntry {
    /// The entry's name inside its directory.
    pub name: String,
    /// The directory's path joined with the name.
    pub path: PathBuf,
    /// What is known of it.
    pub metadata: DiskMetadata,
}

/// What a disk can do; see the methods of the same names on [`Disk`].
#[allow(missing_docs, clippy::missing_errors_doc)]
pub trait DiskBackend: Send + Sync {
    fn open_read(&self, path: &Path) -> Result<Box<dyn DiskRead>, DiskError>;
    fn create(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError>;
    fn create_new(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError>;
    fn append(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError>;
    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError>;
    fn link(&self, from: &Path, to: &Path) -> Result<(), DiskError>;
    fn remove_file(&self, path: &Path) -> Result<(), DiskError>;
    fn remove_dir(&self, path: &Path) -> Result<(), DiskError>;
    fn remove_dir_all(&self, path: &Path) -> Result<(), DiskError>;
    fn create_dir_all(&self, path: &Path) -> Result<(), DiskError>;
    fn list(&self, directory: &Path) -> Result<Vec<DiskEntry>, DiskError>;
    fn metadata(&self, path: &Path) -> Result<DiskMetadata, DiskError>;
    fn sync_dir(&self, directory: &Path) -> Result<(), DiskError>;
}

/// A cheap, cloneable handle on a disk. Every error names the operation and the path.
#[derive(Clone)]
pub struct Disk {
    backend: Arc<dyn DiskBackend>,
}

impl Disk {
    /// The machine's file system.
    pub fn local() -> Self {
        Disk::new(Arc::new(LocalDisk))
    }

    /// A disk of another kind.
    pub fn new(backend: Arc<dyn DiskBackend>) -> Self {
        Disk { backend }
    }

    /// Opens an existing file for reading.
    ///
    /// # Errors
    /// Not found, not permitted, or a directory.
    pub fn open_read(&self, path: &Path) -> Result<Box<dyn DiskRead>, DiskError> {
        self.backend.open_read(path)
    }

    /// Creates a file, or empties the one that is there.
    ///
    /// # Errors
    /// Where the directory is missing or the file cannot be written.
    pub fn create(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError> {
        self.backend.create(path)
    }

    /// Creates a file that must not be there yet.
    ///
    /// # Errors
    /// As [`Disk::create`], and `AlreadyExists`.
    pub fn create_new(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError> {
        self.backend.create_new(path)
    }

    /// Opens a file for writing at its end; creates it if missing.
    ///
    /// # Errors
    /// As [`Disk::create`].
    pub fn append(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError> {
        self.backend.append(path)
    }

    /// Gives a file or directory another name, replacing a file of that name, in one step.
    ///
    /// # Errors
    /// Where `from` is missing, or `to` lies in a missing directory or on another file system.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.backend.rename(from, to)
    }

    /// Gives a file a second name, which must not be there yet, in one step.
    ///
    /// # Errors
    /// `AlreadyExists`; where `from` is missing, or `to` lies in a missing directory or on another file system.
    pub fn link(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.backend.link(from, to)
    }

    /// Removes a directory that is empty.
    ///
    /// # Errors
    /// Not found, not empty, or not permitted.
    pub fn remove_dir(&self, path: &Path) -> Result<(), DiskError> {
        self.backend.remove_dir(path)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// Not found, not permitted, or a directory.
    pub fn remove_file(&self, path: &Path) -> Result<(), DiskError> {
        self.backend.remove_file(path)
    }

    /// Removes a directory with all its content.
    ///
    /// # Errors
    /// Not found or not permitted.
    pub fn remove_dir_all(&self, path: &Path) -> Result<(), DiskError> {
        self.backend.remove_dir_all(path)
    }

    /// Creates a directory and those above it; fine where they are there.
    ///
    /// # Errors
    /// Where a file stands in the way, or it is not permitted.
    pub fn create_dir_all(&self, path: &Path) -> Result<(), DiskError> {
        self.backend.create_dir_all(path)
    }

    /// The entries of a directory, sorted by name. Entries that vanish meanwhile are left out.
    ///
    /// # Errors
    /// Not found, not permitted, or not a directory.
    pub fn list(&self, directory: &Path) -> Result<Vec<DiskEntry>, DiskError> {
        self.backend.list(directory)
    }

    /// What is known of a file or directory; links are followed.
    ///
    /// # Errors
    /// Not found or not permitted.
    pub fn metadata(&self, path: &Path) -> Result<DiskMetadata, DiskError> {
        self.backend.metadata(path)
    }

    /// Whether there is something at `path`.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub fn exists(&self, path: &Path) -> Result<bool, DiskError> {
        match self.metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes the names inside a directory survive a loss of power.
    ///
    /// # Errors
    /// Where the device reports a failure.
    pub fn sync_dir(&self, directory: &Path) -> Result<(), DiskError> {
        self.backend.sync_dir(directory)
    }

    /// The whole content of a file.
    ///
    /// # Errors
    /// Where it cannot be opened or read.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, DiskError> {
        let mut file = self.open_read(path)?;
        let mut bytes = Vec::with_capacity(READ_BUFFER_BYTES);
        file.read_to_end(&mut bytes).map_err(|error| DiskError::from_io(DiskOperation::Read, path, error))?;
        Ok(bytes)
    }

    /// The whole content of a UTF-8 file.
    ///
    /// # Errors
    /// Where it cannot be opened or read, or isn't UTF-8.
    pub fn read_to_string(&self, path: &Path) -> Result<String, DiskError> {
        String::from_utf8(self.read(path)?).map_err(|error| {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidData, error.utf8_error());
            DiskError::new(DiskOperation::Read, path, source)
        })
    }

    /// Creates or replaces a file with `bytes`, not durably: a crash may leave a part of it. See [`Disk::persist`].
    ///
    /// # Errors
    /// Where it cannot be created or written.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let mut file = self.create(path)?;
        file.write_all(bytes)
            .and_then(|()| file.flush())
            .map_err(|error| DiskError::from_io(DiskOperation::Write, path, error))
    }

    /// Creates or replaces a file durably and in one step: readers see the old content or all of the new one, also
    /// after a loss of power. Writes `<name>.partial` beside it, syncs, renames, syncs the directory.
    ///
    /// # Errors
    /// Where one of the steps fails; the partial file is removed then.
    pub fn persist(&self, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let mut partial_name = path.file_name().unwrap_or_default().to_os_string();
        partial_name.push(".partial");
        let partial = path.with_file_name(partial_name);
        if let Err(error) = self.write_synced(&partial, bytes).and_then(|()| self.rename(&partial, path)) {
            // What failed first is what the caller must know; the partial file may not even exist.
            let _first_error_counts = self.remove_file(&partial);
            return Err(error);
        }
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => self.sync_dir(parent),
            _ => self.sync_dir(Path::new(".")),
        }
    }

    fn write_synced(&self, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let mut file = self.create(path)?;
        file.write_all(bytes).map_err(|error| DiskError::from_io(DiskOperation::Write, path, error))?;
        file.sync()
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Disk")
    }
}
