//! Errors that say what was done to which file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DiskOperation {
    Open,
    Read,
    Create,
    Write,
    Sync,
    Rename,
    Link,
    Remove,
    CreateDirectory,
    List,
    Metadata,
}

impl DiskOperation {
    fn verb(self) -> &'static str {
        match self {
            DiskOperation::Open | DiskOperation::Read => "read",
            DiskOperation::Create => "create",
            DiskOperation::Write => "write",
            DiskOperation::Sync => "sync",
            DiskOperation::Rename => "rename",
            DiskOperation::Link => "link",
            DiskOperation::Remove => "remove",
            DiskOperation::CreateDirectory => "create directory",
            DiskOperation::List => "list",
            DiskOperation::Metadata => "look at",
        }
    }
}

/// A failed operation on a path, shown like `cannot read /x/y.csv: No such file or directory`.
#[derive(Debug)]
pub struct DiskError {
    /// What was attempted.
    pub operation: DiskOperation,
    /// On which path.
    pub path: PathBuf,
    /// The operating system's reason.
    pub source: io::Error,
}

impl DiskError {
    /// An error of `operation` on `path`.
    pub fn new(operation: DiskOperation, path: &Path, source: io::Error) -> Self {
        DiskError { operation, path: path.to_path_buf(), source }
    }

    /// Like [`DiskError::new`], but where `source` came out of a [`crate::DiskRead`] or [`crate::DiskWrite`], the disk
    /// error inside it is taken out instead of being wrapped twice.
    pub fn from_io(operation: DiskOperation, path: &Path, source: io::Error) -> Self {
        match source.downcast::<DiskError>() {
            Ok(inner) => inner,
            Err(source) => DiskError::new(operation, path, source),
        }
    }

    /// This error inside an `io::Error` of the same kind.
    pub fn into_io(self) -> io::Error {
        io::Error::new(self.source.kind(), self)
    }

    /// The kind of the reason.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// Whether there is nothing at the path.
    pub fn is_not_found(&self) -> bool {
        self.kind() == io::ErrorKind::NotFound
    }
}

impl fmt::Display for DiskError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.source.to_string();
        // "(os error 2)" helps nobody.
        let reason = reason.split(" (os error ").next().unwrap_or(&reason);
        write!(formatter, "cannot {} {}: {reason}", self.operation.verb(), self.path.display())
    }
}

impl std::error::Error for DiskError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
