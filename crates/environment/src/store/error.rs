//! Errors that say what was done to which object of which store, and whether it may have happened.

use std::fmt;

use crate::store::ObjectName;

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StoreOperation {
    Open,
    Put,
    Get,
    Head,
    List,
    Delete,
    BeginUpload,
    PutPart,
    CompleteUpload,
    AbortUpload,
}

impl StoreOperation {
    fn verb(self) -> &'static str {
        match self {
            StoreOperation::Open => "open",
            StoreOperation::Put => "write",
            StoreOperation::Get => "read",
            StoreOperation::Head => "look at",
            StoreOperation::List => "list",
            StoreOperation::Delete => "delete",
            StoreOperation::BeginUpload => "begin the upload of",
            StoreOperation::PutPart => "upload a part of",
            StoreOperation::CompleteUpload => "complete the upload of",
            StoreOperation::AbortUpload => "abort the upload of",
        }
    }
}

/// What an error means for whoever has to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// There is no such object.
    NotFound,
    /// There is such an object already.
    AlreadyExists,
    /// Not permitted; trying again won't help.
    Denied,
    /// No room; trying again may help once there is some.
    Full,
    /// It did not happen, and may succeed later.
    Unavailable,
    /// It may have happened or may yet happen; only reading tells.
    Unknown,
    /// The request or the configuration is wrong.
    Invalid,
}

/// A failed operation, shown like `cannot read a/b of s3://bucket: no such object`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// What it means.
    pub kind: StoreErrorKind,
    /// What was attempted.
    pub operation: StoreOperation,
    /// On which object or folder.
    pub object: String,
    /// Where.
    pub location: String,
    /// The store's own words.
    pub reason: String,
}

impl StoreError {
    /// An error of `operation` on an object.
    pub fn new(
        kind: StoreErrorKind,
        operation: StoreOperation,
        object: &ObjectName,
        location: &str,
        reason: impl Into<String>,
    ) -> Self {
        let (object, location) = (object.as_str().to_string(), location.to_string());
        StoreError { kind, operation, object, location, reason: reason.into() }
    }

    /// Whether there is no such object.
    pub fn is_not_found(&self) -> bool {
        self.kind == StoreErrorKind::NotFound
    }

    /// Whether trying again can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unavailable | StoreErrorKind::Unknown | StoreErrorKind::Full)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreError { object, location, reason, .. } = self;
        write!(formatter, "cannot {} {object} of {location}: {reason}", self.operation.verb())
    }
}

impl std::error::Error for StoreError {}
