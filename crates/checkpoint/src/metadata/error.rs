//! Why bytes are no metadata.

use thiserror::Error;

use crate::limits::METADATA_VERSION;

/// Why metadata cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MetadataError {
    /// It is something else.
    #[error("it is no checkpoint metadata")]
    Foreign,
    /// It was written by another release.
    #[error("it has format version {found}, and this release reads version {METADATA_VERSION}")]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
    /// It is not as it was written.
    #[error("it is damaged: {0}")]
    Damaged(String),
}
