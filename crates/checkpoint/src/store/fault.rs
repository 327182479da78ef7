//! What is wrong with something stored, naming the object and the store.

use flott_environment::{ObjectName, StoreError};
use thiserror::Error;

use crate::metadata::MetadataError;
use crate::store::PointerError;

/// Why something stored cannot be used. Unreadable is not absent, and neither is damaged.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoredFault {
    /// An object that must be there is not.
    #[error("object {name} of {location} is missing")]
    Missing {
        /// The object.
        name: ObjectName,
        /// Its store.
        location: String,
    },
    /// The store gave no answer.
    #[error("{0}")]
    Unreadable(StoreError),
    /// An object has another length.
    #[error("object {name} of {location} is damaged: it has {found} bytes, and was written with {expected}")]
    Length {
        /// The object.
        name: ObjectName,
        /// Its store.
        location: String,
        /// As it is.
        found: u64,
        /// As it was.
        expected: u64,
    },
    /// An object has other bytes.
    #[error("object {name} of {location} is damaged: its checksum is {found:08x}, and was {expected:08x}")]
    Checksum {
        /// The object.
        name: ObjectName,
        /// Its store.
        location: String,
        /// As it is.
        found: u32,
        /// As it was.
        expected: u32,
    },
    /// An object is no readable metadata.
    #[error("object {name} of {location} cannot be read: {error}")]
    Metadata {
        /// The object.
        name: ObjectName,
        /// Its store.
        location: String,
        /// Why.
        error: MetadataError,
    },
    /// An object is no readable pointer.
    #[error("object {name} of {location} cannot be read: {error}")]
    Pointer {
        /// The object.
        name: ObjectName,
        /// Its store.
        location: String,
        /// Why.
        error: PointerError,
    },
    /// Metadata lies under another name than it was written under.
    #[error(
        "object {name} of {location} was written as {own_name}: a checkpoint or savepoint is moved with its folder, under the folder's name"
    )]
    Misplaced {
        /// The object.
        name: ObjectName,
        /// Its store.
        location: String,
        /// As it was written.
        own_name: ObjectName,
    },
    /// The path leads nowhere.
    #[error("{0}")]
    Path(String),
}

impl StoredFault {
    /// The fault of reading an object.
    pub(crate) fn of_read(error: StoreError, name: &ObjectName) -> Self {
        match error.is_not_found() {
            true => StoredFault::Missing { name: name.clone(), location: error.location },
            false => StoredFault::Unreadable(error),
        }
    }
}
