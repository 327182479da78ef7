//! Objects that outlive a process: a folder of a disk, a bucket of an object store, or memory.
//!
//! The contract is as narrow as checkpoints and committed files need it: whole objects with unique names, made once and never changed.
//! Calls block, so only the I/O pool makes them. "Done" means durable: an object whose [`StoreBackend::put_new`] returned `Ok` survives a
//! loss of power. An error that leaves open whether the operation happened says so ([`StoreErrorKind::Unknown`]); only reading resolves it.

mod error;
mod local;
mod local_uploads;
mod memory;
mod memory_uploads;
mod name;
mod open;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use error::{StoreError, StoreErrorKind, StoreOperation};
pub use local::LocalStore;
pub use memory::MemoryStore;
pub use name::{InvalidObjectName, ObjectName};
pub(crate) use open::MemoryStores;
pub(crate) use open::open;
pub use open::{StoreOpener, StoreUri};

/// What a listing says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// The object's name.
    pub name: ObjectName,
    /// Its length in bytes.
    pub len_bytes: u64,
    /// When it was made, in milliseconds since the epoch, by the store's clock.
    pub modified_ms: i64,
}

/// What a store can do; see the module for what "done" means.
pub trait StoreBackend: Send + Sync {
    /// Makes an object that must not be there yet (create-if-absent: of two writers exactly one succeeds).
    ///
    /// # Errors
    /// `AlreadyExists`, `Denied`, `Full`, `Unavailable` (not done), `Unknown` (perhaps done).
    fn put_new(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError>;

    /// An object's bytes, or those of a range of it (which must lie inside of it).
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `Unavailable`.
    fn get(&self, name: &ObjectName, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError>;

    /// An object's length.
    ///
    /// # Errors
    /// As [`StoreBackend::get`].
    fn head(&self, name: &ObjectName) -> Result<StoredObject, StoreError>;

    /// All objects whose names begin with this folder (`""` for all), sorted by name. Sees everything whose `put_new` returned before.
    ///
    /// # Errors
    /// `Denied`, `Unavailable`. A folder that is not there is empty.
    fn list(&self, folder: &str) -> Result<Vec<StoredObject>, StoreError>;

    /// Removes an object. One that is not there counts as removed.
    ///
    /// # Errors
    /// `Denied`, `Unavailable`, `Unknown`.
    fn delete(&self, name: &ObjectName) -> Result<(), StoreError>;

    /// Begins an object that is written in parts and is not there before [`StoreBackend::complete_upload`]. The upload's id outlives the
    /// process, so that another can complete or abort it.
    ///
    /// # Errors
    /// `Denied`, `Unavailable`, `Unknown`; `Invalid` where the store has no such uploads.
    fn begin_upload(&self, name: &ObjectName) -> Result<String, StoreError> {
        Err(self.without_uploads(StoreOperation::BeginUpload, name))
    }

    /// Writes the part `index` (from 0) of an upload, durably, and gives the part's id. Writing it again replaces it. All parts but the last
    /// have at least [`StoreBackend::min_part_bytes`].
    ///
    /// # Errors
    /// `NotFound` where there is no such upload, `Denied`, `Full`, `Unavailable`, `Unknown`.
    fn put_part(&self, name: &ObjectName, _upload: &str, _index: u32, _bytes: &[u8]) -> Result<String, StoreError> {
        Err(self.without_uploads(StoreOperation::PutPart, name))
    }

    /// Makes the object of an upload's parts, given their ids in order. Idempotent: once completed, it is fine to complete it again.
    ///
    /// # Errors
    /// `NotFound` where there is neither such an upload nor the object, `Denied`, `Full`, `Unavailable`, `Unknown`.
    fn complete_upload(&self, name: &ObjectName, _upload: &str, _parts: &[String]) -> Result<(), StoreError> {
        Err(self.without_uploads(StoreOperation::CompleteUpload, name))
    }

    /// Removes an upload with its parts. One that is not there counts as removed; a completed one stays.
    ///
    /// # Errors
    /// As [`StoreBackend::delete`].
    fn abort_upload(&self, name: &ObjectName, _upload: &str) -> Result<(), StoreError> {
        Err(self.without_uploads(StoreOperation::AbortUpload, name))
    }

    /// The least bytes of a part that is not the last.
    fn min_part_bytes(&self) -> u64 {
        0
    }

    /// The error of a store that knows no uploads in parts.
    fn without_uploads(&self, operation: StoreOperation, name: &ObjectName) -> StoreError {
        let reason = "not supported: uploads in parts to this store";
        StoreError::new(StoreErrorKind::Invalid, operation, name, self.location(), reason)
    }

    /// Removes what crashed writers left of objects they never finished: temporary files, uploads that were begun. Only those in `folder`
    /// (`""` for all) which are older than `older_than_ms`, so that nobody's work in progress is lost. Returns how many.
    ///
    /// # Errors
    /// As [`StoreBackend::list`] and [`StoreBackend::delete`].
    fn sweep(&self, _folder: &str, _older_than_ms: i64) -> Result<usize, StoreError> {
        Ok(0)
    }

    /// Where this is, for messages: `file:/var/flott`, `s3://bucket/prefix`.
    fn location(&self) -> &str;
}

/// A cheap, cloneable handle on a store. Every error names the operation, the object and the store.
#[derive(Clone)]
pub struct Store {
    backend: Arc<dyn StoreBackend>,
}

impl Store {
    /// A store of this kind.
    pub fn new(backend: Arc<dyn StoreBackend>) -> Self {
        Store { backend }
    }

    /// See [`StoreBackend::put_new`].
    ///
    /// # Errors
    /// See there.
    pub fn put_new(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        self.backend.put_new(name, bytes)
    }

    /// See [`StoreBackend::get`].
    ///
    /// # Errors
    /// See there.
    pub fn get(&self, name: &ObjectName) -> Result<Vec<u8>, StoreError> {
        self.backend.get(name, None)
    }

    /// See [`StoreBackend::get`].
    ///
    /// # Errors
    /// See there.
    pub fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.backend.get(name, Some(range))
    }

    /// See [`StoreBackend::head`].
    ///
    /// # Errors
    /// See there.
    pub fn head(&self, name: &ObjectName) -> Result<StoredObject, StoreError> {
        self.backend.head(name)
    }

    /// See [`StoreBackend::list`].
    ///
    /// # Errors
    /// See there.
    pub fn list(&self, folder: &str) -> Result<Vec<StoredObject>, StoreError> {
        self.backend.list(folder)
    }

    /// See [`StoreBackend::delete`].
    ///
    /// # Errors
    /// See there.
    pub fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.backend.delete(name)
    }

    /// See [`StoreBackend::begin_upload`].
    ///
    /// # Errors
    /// See there.
    pub fn begin_upload(&self, name: &ObjectName) -> Result<String, StoreError> {
        self.backend.begin_upload(name)
    }

    /// See [`StoreBackend::put_part`].
    ///
    /// # Errors
    /// See there.
    pub fn put_part(&self, name: &ObjectName, upload: &str, index: u32, bytes: &[u8]) -> Result<String, StoreError> {
        self.backend.put_part(name, upload, index, bytes)
    }

    /// See [`StoreBackend::complete_upload`].
    ///
    /// # Errors
    /// See there.
    pub fn complete_upload(&self, name: &ObjectName, upload: &str, parts: &[String]) -> Result<(), StoreError> {
        self.backend.complete_upload(name, upload, parts)
    }

    /// See [`StoreBackend::abort_upload`].
    ///
    /// # Errors
    /// See there.
    pub fn abort_upload(&self, name: &ObjectName, upload: &str) -> Result<(), StoreError> {
        self.backend.abort_upload(name, upload)
    }

    /// See [`StoreBackend::min_part_bytes`].
    pub fn min_part_bytes(&self) -> u64 {
        self.backend.min_part_bytes()
    }

    /// See [`StoreBackend::sweep`].
    ///
    /// # Errors
    /// See there.
    pub fn sweep(&self, folder: &str, older_than_ms: i64) -> Result<usize, StoreError> {
        self.backend.sweep(folder, older_than_ms)
    }

    /// Where this is, for messages.
    pub fn location(&self) -> &str {
        self.backend.location()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Store({})", self.location())
    }
}
