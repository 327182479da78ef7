//! A store that tries again what failed for now: all that the files' sink asks of a store can be asked twice.

use std::ops::Range;

use flott_environment::{ObjectName, Store, StoreBackend, StoreError, StoredObject};

use crate::limits::STORE_ATTEMPTS;

/// A store whose calls are repeated a few times where that can help.
pub struct PatientStore(pub Store);

fn retried<T>(call: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let mut attempt = 1;
    loop {
        match call() {
            Err(error) if error.is_retryable() && attempt < STORE_ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}

impl StoreBackend for PatientStore {
    /// What this very call has made counts as there already, if its first answer was lost.
    fn put_new(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        retried(|| self.0.put_new(name, bytes))
    }

    fn get(&self, name: &ObjectName, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
        retried(|| match &range {
            None => self.0.get(name),
            Some(range) => self.0.get_range(name, range.clone()),
        })
    }

    fn head(&self, name: &ObjectName) -> Result<StoredObject, StoreError> {
        retried(|| self.0.head(name))
    }

    fn list(&self, folder: &str) -> Result<Vec<StoredObject>, StoreError> {
        retried(|| self.0.list(folder))
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        retried(|| self.0.delete(name))
    }

    /// An upload that was begun without an answer is never seen, and expires.
    fn begin_upload(&self, name: &ObjectName) -> Result<String, StoreError> {
        retried(|| self.0.begin_upload(name))
    }

    fn put_part(&self, name: &ObjectName, upload: &str, index: u32, bytes: &[u8]) -> Result<String, StoreError> {
        retried(|| self.0.put_part(name, upload, index, bytes))
    }

    fn complete_upload(&self, name: &ObjectName, upload: &str, parts: &[String]) -> Result<(), StoreError> {
        retried(|| self.0.complete_upload(name, upload, parts))
    }

    fn abort_upload(&self, name: &ObjectName, upload: &str) -> Result<(), StoreError> {
        retried(|| self.0.abort_upload(name, upload))
    }

    fn min_part_bytes(&self) -> u64 {
        self.0.min_part_bytes()
    }

    fn location(&self) -> &str {
        self.0.location()
    }
}
