//! Why state cannot be read or written.

use flott_environment::DiskError;
use thiserror::Error;

use crate::encoding::DecodeError;

/// Why state cannot be read or written.
#[derive(Debug, Error)]
pub enum StateError {
    /// Bytes that are damaged or foreign.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A local file fails.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A run cannot be written; the text names the file.
    #[error("state cannot be written: {0}")]
    Write(#[from] std::io::Error),
    /// State of another schema that cannot be read as the one wanted; the text shows both.
    #[error("{0}")]
    Incompatible(String),
    /// A snapshot that is not complete, or options that this build cannot follow.
    #[error("{0}")]
    Unsupported(String),
}
