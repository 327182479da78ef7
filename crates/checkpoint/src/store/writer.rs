//! Writes the objects of one checkpoint or savepoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flott_environment::{ObjectName, Store, StoreError, StoreErrorKind, StoreOperation};

use crate::checksum::checksum;
use crate::coordinator::Answer;
use crate::layout::metadata_in;
use crate::limits::PUT_ATTEMPTS_MAX;
use crate::metadata::{Metadata, ObjectHandle};

/// Writes objects under names that were never used before. Cheap to clone; clones never give the same name.
#[derive(Clone, Debug)]
pub struct SnapshotWriter {
    store: Store,
    /// Unique for this attempt to run the job.
    writer: u64,
    next_number: Arc<AtomicU64>,
}

impl SnapshotWriter {
    /// A writer whose names contain `writer`, a number that no other attempt has.
    pub fn new(store: Store, writer: u64) -> Self {
        SnapshotWriter { store, writer, next_number: Arc::new(AtomicU64::new(0)) }
    }

    /// Where it writes.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Writes an object that belongs to one checkpoint, into its folder.
    ///
    /// # Errors
    /// If it certainly is not written, or may be but cannot be found.
    pub fn put_exclusive(&self, folder: &str, bytes: &[u8]) -> Result<ObjectHandle, StoreError> {
        self.put(bytes, |number| format!("{folder}/{:016x}-{number}", self.writer))
    }

    /// Writes an object that later checkpoints may refer to, into the folder of shared ones.
    ///
    /// # Errors
    /// As [`SnapshotWriter::put_exclusive`].
    pub fn put_shared(&self, folder: &str, checkpoint_id: u64, bytes: &[u8]) -> Result<ObjectHandle, StoreError> {
        self.put(bytes, |number| format!("{folder}/{checkpoint_id}-{:016x}-{number}", self.writer))
    }

    /// After an unclear answer the object is looked for; where it is not found it is written anew under another name, and the first may appear
    /// later without harm.
    fn put(&self, bytes: &[u8], name: impl Fn(u64) -> String) -> Result<ObjectHandle, StoreError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let text = name(self.next_number.fetch_add(1, Ordering::Relaxed));
            let name = self.name(text)?;
            let durable =
                |name| ObjectHandle { location: None, name, len_bytes: bytes.len() as u64, checksum: checksum(bytes) };
            match self.store.put_new(&name, bytes) {
                Ok(()) => return Ok(durable(name)),
                Err(error) if error.kind == StoreErrorKind::Unknown => {
                    if self.store.get(&name).is_ok_and(|found| found == bytes) {
                        return Ok(durable(name));
                    }
                    if attempts >= PUT_ATTEMPTS_MAX {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn name(&self, text: String) -> Result<ObjectName, StoreError> {
        ObjectName::new(text).map_err(|error| StoreError {
            kind: StoreErrorKind::Invalid,
            operation: StoreOperation::Put,
            object: error.0.clone(),
            location: self.store.location().to_string(),
            reason: error.to_string(),
        })
    }

    /// Writes metadata under its own name. Another content under that name is another writer's.
    pub fn put_metadata(&self, metadata: &Metadata) -> Answer {
        let (name, bytes) = (&metadata.own_name, metadata.to_bytes());
        match self.store.put_new(name, &bytes) {
            Ok(()) => Answer::Done,
            Err(error) => match error.kind {
                StoreErrorKind::Unknown => Answer::Unknown(error.to_string()),
                StoreErrorKind::AlreadyExists if self.store.get(name).is_ok_and(|found| found == bytes) => Answer::Done,
                StoreErrorKind::NotFound
                | StoreErrorKind::AlreadyExists
                | StoreErrorKind::Denied
                | StoreErrorKind::Full
                | StoreErrorKind::Unavailable
                | StoreErrorKind::Invalid => Answer::Failed(error.to_string()),
            },
        }
    }

    /// The name of the metadata in a folder.
    ///
    /// # Errors
    /// If the folder is no name.
    pub fn metadata_name(&self, folder: &str) -> Result<ObjectName, StoreError> {
        self.name(metadata_in(folder))
    }
}
