//! Encryption at rest: a store whose objects are sealed with AES-256-GCM.

mod format;
mod key;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use flott_configuration::Configuration;
use flott_environment::{
    Environment, ObjectName, Store, StoreBackend, StoreError, StoreErrorKind, StoreOperation, StoredObject,
};
use ring::rand::{SecureRandom, SystemRandom};

use self::format::{HEADER_BYTES, Header, Layout, MAGIC, NoHeader};
pub use self::key::EncryptionKey;
use crate::limits::KNOWN_HEADERS_MAX;
use crate::options::{ENCRYPTION_KEY_FILE, ENCRYPTION_KEY_VARIABLE};

/// The store with the encryption that is configured. Without a key it writes plain objects and refuses encrypted ones by name.
///
/// # Errors
/// `Invalid` where a key cannot be had.
pub fn encrypted(store: Store, configuration: &Configuration, environment: &Environment) -> Result<Store, StoreError> {
    let keys = key::configured(configuration, environment)?;
    Ok(Store::new(Arc::new(EncryptedStore::new(store, keys))))
}

/// A store that seals what is written and opens what is read; see [`format`] for the form. Objects that are not encrypted are refused once there is
/// a key, as nobody could tell whether they were replaced.
pub struct EncryptedStore {
    inner: Store,
    /// The first one writes.
    keys: Vec<EncryptionKey>,
    random: SystemRandom,
    /// Objects never change, so what was read of them once holds.
    known: Mutex<BTreeMap<ObjectName, (Header, Layout)>>,
}

impl EncryptedStore {
    /// A store around another. The first key writes, all of them read.
    pub fn new(inner: Store, keys: Vec<EncryptionKey>) -> Self {
        EncryptedStore { inner, keys, random: SystemRandom::new(), known: Mutex::default() }
    }

    fn error(&self, kind: StoreErrorKind, name: &ObjectName, reason: impl Into<String>) -> StoreError {
        StoreError::new(kind, StoreOperation::Get, name, self.location(), reason)
    }

    fn damaged(&self, name: &ObjectName, what: &str) -> StoreError {
        self.error(StoreErrorKind::Invalid, name, format!("it is damaged: {what}"))
    }

    fn header(&self, name: &ObjectName, bytes: &[u8]) -> Result<Header, StoreError> {
        Header::parse(bytes).map_err(|problem| match problem {
            NoHeader::Plain => {
                self.error(StoreErrorKind::Denied, name, "it is not encrypted, and an encryption key is configured")
            }
            NoHeader::Damaged => self.damaged(name, "its header is cut off or wrong"),
            NoHeader::Version(version) => {
                let reason = format!("it is encrypted in version {version} of the form, and version 1 is known");
                self.error(StoreErrorKind::Invalid, name, reason)
            }
        })
    }

    /// The key that an object was written with.
    fn key_of(&self, name: &ObjectName, header: &Header) -> Result<&EncryptionKey, StoreError> {
        let id = header.key_id();
        let Some(key) = self.keys.iter().find(|key| key.id() == id) else {
            let known = self.keys.iter().map(|key| format!("'{}'", key.id())).collect::<Vec<_>>().join(", ");
            let reason = format!("it is encrypted with the key '{id}', and configured is {known}");
            return Err(self.error(StoreErrorKind::Denied, name, reason));
        };
        if header.is_of(key) {
            return Ok(key);
        }
        let reason = format!("it is encrypted with another key than the configured one, though both are called '{id}'");
        Err(self.error(StoreErrorKind::Denied, name, reason))
    }

    /// Refuses an encrypted object where there is no key.
    fn refuse_encrypted(&self, name: &ObjectName, bytes: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        if !bytes.starts_with(MAGIC) {
            return Ok(bytes);
        }
        let id = Header::parse(&bytes).map_or_else(|_| "?".to_string(), |header| header.key_id());
        let (file, variable) = (ENCRYPTION_KEY_FILE.key(), ENCRYPTION_KEY_VARIABLE.key());
        let reason =
            format!("it is encrypted with the key '{id}', and no key is configured (options '{file}', '{variable}')");
        Err(self.error(StoreErrorKind::Denied, name, reason))
    }

    fn get_whole(&self, name: &ObjectName) -> Result<Vec<u8>, StoreError> {
        let mut stored = self.inner.get(name)?;
        let header = self.header(name, &stored)?;
        let key = self.key_of(name, &header)?;
        let layout = Layout::of_stored(stored.len() as u64).ok_or_else(|| self.damaged(name, "it is cut off"))?;
        let chunks = 0..layout.chunks();
        let opened = header.sealer(key).open(layout, chunks, &mut stored[HEADER_BYTES..]);
        opened.map_err(|number| self.damaged(name, &format!("chunk {number} does not verify")))
    }

    fn layout_of(&self, name: &ObjectName) -> Result<(Header, Layout), StoreError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let stored_bytes = self.inner.head(name)?.len_bytes;
        let header = self.header(name, &self.inner.get_range(name, 0..stored_bytes.min(HEADER_BYTES as u64))?)?;
        let layout = Layout::of_stored(stored_bytes).ok_or_else(|| self.damaged(name, "it is cut off"))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_HEADERS_MAX {
            known.clear();
        }
        known.insert(name.clone(), (header.clone(), layout));
        Ok((header, layout))
    }

    fn get_part(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let (header, layout) = self.layout_of(name)?;
        let key = self.key_of(name, &header)?;
        if range.start > range.end || range.end > layout.plain_bytes {
            let reason =
                format!("bytes {}..{} are asked for and it has {}", range.start, range.end, layout.plain_bytes);
            return Err(self.error(StoreErrorKind::Invalid, name, reason));
        }
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let chunks = layout.chunks_of(&range);
        let mut stored = self.inner.get_range(name, layout.stored_range(&chunks))?;
        let first_byte = chunks.start * crate::limits::ENCRYPTED_CHUNK_BYTES as u64;
        let opened = header.sealer(key).open(layout, chunks, &mut stored);
        let plain = opened.map_err(|number| self.damaged(name, &format!("chunk {number} does not verify")))?;
        let wanted = (range.start - first_byte) as usize..(range.end - first_byte) as usize;
        plain.get(wanted).map(<[u8]>::to_vec).ok_or_else(|| self.damaged(name, "it is cut off"))
    }

    /// What a listing says, in plain bytes.
    fn plain(&self, object: StoredObject) -> StoredObject {
        match Layout::of_stored(object.len_bytes).filter(|_| !self.keys.is_empty()) {
            Some(layout) => StoredObject { len_bytes: layout.plain_bytes, ..object },
            None => object,
        }
    }
}

impl StoreBackend for EncryptedStore {
    fn put_new(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        let Some(key) = self.keys.first() else { return self.inner.put_new(name, bytes) };
        let mut salt = [0; 32];
        self.random.fill(&mut salt).map_err(|_| {
            let (kind, operation) = (StoreErrorKind::Unavailable, StoreOperation::Put);
            StoreError::new(kind, operation, name, self.location(), "the system gives no random bytes")
        })?;
        self.inner.put_new(name, &Header::new(key, salt).sealer(key).seal(bytes))
    }

    fn get(&self, name: &ObjectName, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
        match (range, self.keys.is_empty()) {
            (None, true) => self.refuse_encrypted(name, self.inner.get(name)?),
            (Some(range), true) if range.start == 0 => self.refuse_encrypted(name, self.inner.get_range(name, range)?),
            (Some(range), true) => self.inner.get_range(name, range),
            (None, false) => self.get_whole(name),
            (Some(range), false) => self.get_part(name, range),
        }
    }

    fn head(&self, name: &ObjectName) -> Result<StoredObject, StoreError> {
        self.inner.head(name).map(|object| self.plain(object))
    }

    fn list(&self, folder: &str) -> Result<Vec<StoredObject>, StoreError> {
        Ok(self.inner.list(folder)?.into_iter().map(|object| self.plain(object)).collect())
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.inner.delete(name)
    }

    fn sweep(&self, folder: &str, older_than_ms: i64) -> Result<usize, StoreError> {
        self.inner.sweep(folder, older_than_ms)
    }

    fn location(&self) -> &str {
        self.inner.location()
    }
}
