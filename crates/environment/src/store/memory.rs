//! A store in memory, for tests and the simulator.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::memory_uploads::Uploads;
use crate::store::{ObjectName, StoreBackend, StoreError, StoreErrorKind, StoreOperation, StoredObject};

type Objects = BTreeMap<ObjectName, Arc<[u8]>>;

/// Objects in memory. Each call takes effect at once and wholly.
#[derive(Default)]
pub struct MemoryStore {
    objects: Mutex<Objects>,
    uploads: Mutex<Uploads>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store with these objects.
    pub fn with_objects(objects: Objects) -> Self {
        MemoryStore { objects: Mutex::new(objects), uploads: Mutex::default() }
    }

    /// All objects as they are now.
    pub fn objects(&self) -> Objects {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn uploads(&self) -> MutexGuard<'_, Uploads> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, kind: StoreErrorKind, operation: StoreOperation, name: &ObjectName, reason: &str) -> StoreError {
        StoreError::new(kind, operation, name, self.location(), reason)
    }

    fn find(&self, operation: StoreOperation, name: &ObjectName) -> Result<Arc<[u8]>, StoreError> {
        let found = self.lock().get(name).cloned();
        found.ok_or_else(|| self.error(StoreErrorKind::NotFound, operation, name, "no such object"))
    }
}

impl StoreBackend for MemoryStore {
    fn put_new(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        let mut objects = self.lock();
        if objects.contains_key(name) {
            drop(objects);
            let (kind, operation) = (StoreErrorKind::AlreadyExists, StoreOperation::Put);
            return Err(self.error(kind, operation, name, "there is such an object already"));
        }
        objects.insert(name.clone(), bytes.into());
        Ok(())
    }

    fn get(&self, name: &ObjectName, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
        let bytes = self.find(StoreOperation::Get, name)?;
        let Some(range) = range else { return Ok(bytes.to_vec()) };
        let part = bytes.get(range.start as usize..range.end as usize);
        let outside = format!("bytes {}..{} are asked for and it has {}", range.start, range.end, bytes.len());
        let part = part.ok_or_else(|| self.error(StoreErrorKind::Invalid, StoreOperation::Get, name, &outside))?;
        Ok(part.to_vec())
    }

    fn head(&self, name: &ObjectName) -> Result<StoredObject, StoreError> {
        let bytes = self.find(StoreOperation::Head, name)?;
        Ok(StoredObject { name: name.clone(), len_bytes: bytes.len() as u64, modified_ms: 0 })
    }

    fn list(&self, folder: &str) -> Result<Vec<StoredObject>, StoreError> {
        let objects = self.lock();
        let inside = objects.iter().filter(|(name, _)| name.is_in(folder));
        let stored = |(name, bytes): (&ObjectName, &Arc<[u8]>)| StoredObject {
            name: name.clone(),
            len_bytes: bytes.len() as u64,
            modified_ms: 0,
        };
        Ok(inside.map(stored).collect())
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.lock().remove(name);
        Ok(())
    }

    fn begin_upload(&self, name: &ObjectName) -> Result<String, StoreError> {
        Ok(self.uploads().begin(name))
    }

    fn put_part(&self, name: &ObjectName, upload: &str, index: u32, bytes: &[u8]) -> Result<String, StoreError> {
        let part = self.uploads().put(name, upload, index, bytes);
        part.ok_or_else(|| self.error(StoreErrorKind::NotFound, StoreOperation::PutPart, name, "no such upload"))
    }

    fn complete_upload(&self, name: &ObjectName, upload: &str, parts: &[String]) -> Result<(), StoreError> {
        let operation = StoreOperation::CompleteUpload;
        let assembled = self.uploads().assemble(name, upload, parts);
        match assembled {
            Some(Ok(bytes)) => match self.put_new(name, &bytes) {
                Err(error) if error.kind != StoreErrorKind::AlreadyExists => return Err(error),
                _ => {}
            },
            Some(Err(reason)) => return Err(self.error(StoreErrorKind::Invalid, operation, name, &reason)),
            // Completed before, then.
            None if self.lock().contains_key(name) => {}
            None => return Err(self.error(StoreErrorKind::NotFound, operation, name, "no such upload")),
        }
        self.uploads().end(upload);
        Ok(())
    }

    fn abort_upload(&self, _name: &ObjectName, upload: &str) -> Result<(), StoreError> {
        self.uploads().end(upload);
        Ok(())
    }

    fn sweep(&self, folder: &str, _older_than_ms: i64) -> Result<usize, StoreError> {
        Ok(self.uploads().sweep(folder))
    }

    fn location(&self) -> &str {
        "memory:"
    }
}
