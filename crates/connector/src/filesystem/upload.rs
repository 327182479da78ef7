//! A part file on its way into an object store: uploaded in parts while it grows, visible only once it is completed.
//!
//! Parts go through the I/O pool. Whoever comes first does a part: an I/O thread, or the writer when it has to have all of them, so that the
//! barrier neither waits for the pool's queue nor depends on it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use flott_environment::{IoPool, ObjectName, Store, StoreError, Waker};

use super::target::store_error;
use crate::contract::ConnectorError;
use crate::limits::UPLOAD_PARTS_IN_FLIGHT;

/// What the parts of an upload share.
struct Shared {
    store: Store,
    name: ObjectName,
    /// The upload's id, once it was begun.
    id: Mutex<Option<String>>,
    is_aborted: AtomicBool,
}

impl Shared {
    fn id(&self) -> Result<String, StoreError> {
        let mut id = self.id.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = id.as_ref() {
            return Ok(id.clone());
        }
        let begun = self.store.begin_upload(&self.name)?;
        Ok(id.insert(begun).clone())
    }
}

enum PartState {
    Waiting(Vec<u8>),
    Done(Result<String, StoreError>),
    Abandoned,
}

/// One part.
struct PartJob {
    shared: Arc<Shared>,
    index: u32,
    state: Mutex<PartState>,
}

impl PartJob {
    /// Uploads the part unless that was done, and gives its id. Who comes second waits for the first.
    fn run(&self) -> Option<Result<String, StoreError>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let PartState::Waiting(bytes) = &*state {
            *state = if self.shared.is_aborted.load(Ordering::Acquire) {
                PartState::Abandoned
            } else {
                let shared = &self.shared;
                let put = |id: String| shared.store.put_part(&shared.name, &id, self.index, bytes);
                PartState::Done(shared.id().and_then(put))
            };
        }
        match &*state {
            PartState::Done(result) => Some(result.clone()),
            PartState::Waiting(_) | PartState::Abandoned => None,
        }
    }

    fn is_waiting(&self) -> bool {
        // Locked means that it is being uploaded.
        self.state.try_lock().map_or(true, |state| matches!(*state, PartState::Waiting(_)))
    }
}

/// Completes an upload. Done before, it is done.
///
/// # Errors
/// If it is not known to be complete.
pub fn complete(store: &Store, name: &ObjectName, id: &str, parts: &[String]) -> Result<(), ConnectorError> {
    store.complete_upload(name, id, parts).map_err(|error| store_error(&error))
}

/// Removes an upload.
///
/// # Errors
/// If it may still be there.
pub fn abort(store: &Store, name: &ObjectName, id: &str) -> Result<(), ConnectorError> {
    store.abort_upload(name, id).map_err(|error| store_error(&error))
}

/// An upload that takes bytes.
pub struct Upload {
    shared: Arc<Shared>,
    io: IoPool,
    parts: Vec<Arc<PartJob>>,
}

impl Upload {
    /// An upload of an object; nothing is sent yet.
    pub fn new(store: Store, io: IoPool, name: ObjectName) -> Self {
        let (id, is_aborted) = (Mutex::new(None), AtomicBool::new(false));
        Upload { shared: Arc::new(Shared { store, name, id, is_aborted }), io, parts: Vec::new() }
    }

    /// The object's name.
    pub fn name(&self) -> &ObjectName {
        &self.shared.name
    }

    /// Whether another part can be sent now; if not, the waker of one that is under way will be woken.
    pub fn has_room(&self) -> bool {
        self.parts.iter().filter(|part| part.is_waiting()).count() < UPLOAD_PARTS_IN_FLIGHT
    }

    /// Sends a part in the background.
    pub fn send(&mut self, bytes: Vec<u8>, waker: &Waker) {
        let part = self.add(bytes);
        let job = part.clone();
        // The result stays with the part; a full pool means that the writer does it itself, which holds its input back.
        if self.io.run("upload a part", waker.clone(), move || drop(job.run())).is_err() {
            drop(part.run());
        }
    }

    fn add(&mut self, bytes: Vec<u8>) -> Arc<PartJob> {
        let (shared, index) = (self.shared.clone(), self.parts.len() as u32);
        let part = Arc::new(PartJob { shared, index, state: Mutex::new(PartState::Waiting(bytes)) });
        self.parts.push(part.clone());
        part
    }

    /// Uploads the rest and waits for all: the upload's id and those of its parts. Everything is durable then.
    ///
    /// # Errors
    /// The first part that failed.
    pub fn end(&mut self, rest: Vec<u8>) -> Result<(String, Vec<String>), ConnectorError> {
        if !rest.is_empty() || self.parts.is_empty() {
            self.add(rest);
        }
        let ids: Result<Vec<String>, StoreError> = self.parts.iter().filter_map(|part| part.run()).collect();
        let ids = ids.map_err(|error| store_error(&error))?;
        Ok((self.shared.id().map_err(|error| store_error(&error))?, ids))
    }

    /// Removes what was sent; parts that wait are not sent any more.
    ///
    /// # Errors
    /// If something may stay behind.
    pub fn abort(&self) -> Result<(), ConnectorError> {
        self.shared.is_aborted.store(true, Ordering::Release);
        let id = self.shared.id.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match id {
            Some(id) => abort(&self.shared.store, &self.shared.name, &id),
            None => Ok(()),
        }
    }
}
