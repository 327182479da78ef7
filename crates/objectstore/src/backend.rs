//! Any of the object stores as a [`StoreBackend`].

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use flott_environment::{ObjectName, StoreBackend, StoreError, StoreErrorKind, StoreOperation, StoreUri, StoredObject};
use futures_util::TryStreamExt;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, RetryConfig,
};
use tokio::runtime::Handle;

use crate::error::{kind_of, reason_of};
use crate::limits::{
    CONNECT_TIMEOUT_MS, MIN_PART_BYTES, READ_RETRIES, READ_RETRY_MS, REQUEST_TIMEOUT_MS, WRITE_ATTEMPTS,
    WRITE_BACKOFF_MS,
};
use crate::runtime;

/// A client of one service for one bucket.
pub(crate) struct Client {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) uploads: Arc<dyn MultipartStore>,
}

/// One of the services, with its credentials, endpoint and bucket.
pub(crate) trait Service {
    /// A client that tries again as told.
    ///
    /// # Errors
    /// The service's words where the configuration is wrong.
    fn client(&self, retry: RetryConfig, options: ClientOptions) -> Result<Client, object_store::Error>;
}

/// A bucket, or a folder of it.
pub(crate) struct ObjectBackend {
    /// Tries again: what it does can be done twice.
    reads: Client,
    /// Sends once.
    writes: Client,
    runtime: &'static Handle,
    /// What stands before each name, with a slash at its end where it isn't empty.
    prefix: String,
    location: String,
}

impl ObjectBackend {
    /// A store of the bucket and folder of a URI.
    pub(crate) fn new(uri: &StoreUri, service: &dyn Service) -> Result<Self, StoreError> {
        let runtime = runtime::start().map_err(|reason| uri.invalid(format!("no thread can be started: {reason}")))?;
        let backoff = BackoffConfig::default();
        let again = RetryConfig {
            backoff: backoff.clone(),
            max_retries: READ_RETRIES,
            retry_timeout: Duration::from_millis(READ_RETRY_MS),
        };
        let once = RetryConfig { backoff, max_retries: 0, retry_timeout: Duration::from_millis(READ_RETRY_MS) };
        let client = |retry| {
            let options = ClientOptions::new()
                .with_allow_http(true)
                .with_timeout(Duration::from_millis(REQUEST_TIMEOUT_MS))
                .with_connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS));
            // Clients take the runtime that is there when they are made.
            let _inside = runtime.enter();
            service.client(retry, options).map_err(|error| uri.invalid(reason_of(&error)))
        };
        let prefix = if uri.path.is_empty() { String::new() } else { format!("{}/", uri.path) };
        Path::parse(&uri.path).map_err(|error| uri.invalid(error.to_string()))?;
        let (reads, writes) = (client(again)?, client(once)?);
        Ok(ObjectBackend { reads, writes, runtime, prefix, location: uri.text.clone() })
    }

    fn error(&self, operation: StoreOperation, object: &str, error: &object_store::Error) -> StoreError {
        StoreError {
            kind: kind_of(operation, error),
            operation,
            object: object.to_string(),
            location: self.location.clone(),
            reason: reason_of(error),
        }
    }

    fn failed<'a>(
        &'a self,
        operation: StoreOperation,
        name: &'a ObjectName,
    ) -> impl Fn(object_store::Error) -> StoreError + 'a {
        move |error| self.error(operation, name.as_str(), &error)
    }

    fn path(&self, name: &ObjectName) -> Path {
        let text = format!("{}{name}", self.prefix);
        // Names and the prefix were checked, so they are taken as they are.
        Path::parse(&text).unwrap_or_else(|_| Path::from(text.as_str()))
    }

    fn wait<T>(&self, request: impl Future<Output = T>) -> T {
        runtime::wait(self.runtime, request)
    }

    /// Sends a write, and again where it was surely not done.
    fn write<T, F>(&self, operation: StoreOperation, name: &ObjectName, send: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, object_store::Error>>,
    {
        self.wait(async {
            let mut attempt = 1;
            loop {
                let error = match send().await {
                    Ok(done) => return Ok(done),
                    Err(error) => self.error(operation, name.as_str(), &error),
                };
                if error.kind != StoreErrorKind::Unavailable || attempt >= WRITE_ATTEMPTS {
                    return Err(error);
                }
                tokio::time::sleep(Duration::from_millis(WRITE_BACKOFF_MS << (attempt - 1))).await;
                attempt += 1;
            }
        })
    }

    fn stored(&self, name: ObjectName, meta: &ObjectMeta) -> StoredObject {
        StoredObject { name, len_bytes: meta.size, modified_ms: meta.last_modified.timestamp_millis() }
    }

    fn outside(&self, name: &ObjectName, range: &Range<u64>, len_bytes: u64) -> StoreError {
        let reason = format!("bytes {}..{} are asked for and it has {len_bytes}", range.start, range.end);
        StoreError::new(StoreErrorKind::Invalid, StoreOperation::Get, name, &self.location, reason)
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        if range.start >= range.end {
            let len_bytes = self.head(name)?.len_bytes;
            let is_inside = range.start == range.end && range.end <= len_bytes;
            return if is_inside { Ok(Vec::new()) } else { Err(self.outside(name, &range, len_bytes)) };
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        let path = self.path(name);
        let read = self.wait(async {
            let result = self.reads.objects.get_opts(&path, options).await?;
            let len_bytes = result.meta.size;
            result.bytes().await.map(|bytes| (len_bytes, bytes))
        });
        match read {
            Ok((_, bytes)) if bytes.len() as u64 == range.end - range.start => Ok(bytes.to_vec()),
            Ok((len_bytes, _)) => Err(self.outside(name, &range, len_bytes)),
            Err(error) => {
                let error = self.failed(StoreOperation::Get, name)(error);
                // Stores differ in how they refuse a range that begins behind the end.
                let len_bytes = if error.is_not_found() { None } else { self.head(name).ok() };
                let len_bytes = len_bytes.map(|object| object.len_bytes).filter(|len_bytes| range.end > *len_bytes);
                Err(len_bytes.map_or(error, |len_bytes| self.outside(name, &range, len_bytes)))
            }
        }
    }
}

impl StoreBackend for ObjectBackend {
    fn put_new(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        let (path, payload) = (self.path(name), object_store::PutPayload::from(bytes.to_vec()));
        let send = || self.writes.objects.put_opts(&path, payload.clone(), PutMode::Create.into());
        self.write(StoreOperation::Put, name, send).map(drop)
    }

    fn get(&self, name: &ObjectName, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
        if let Some(range) = range {
            return self.get_range(name, range);
        }
        let path = self.path(name);
        let read = self.wait(async { self.reads.objects.get(&path).await?.bytes().await });
        read.map(|bytes| bytes.to_vec()).map_err(self.failed(StoreOperation::Get, name))
    }

    fn head(&self, name: &ObjectName) -> Result<StoredObject, StoreError> {
        let path = self.path(name);
        let meta = self.wait(self.reads.objects.head(&path)).map_err(self.failed(StoreOperation::Head, name))?;
        Ok(self.stored(name.clone(), &meta))
    }

    fn list(&self, folder: &str) -> Result<Vec<StoredObject>, StoreError> {
        let failed = |error: object_store::Error| self.error(StoreOperation::List, folder, &error);
        let folder_path = format!("{}{}", self.prefix, folder.trim_end_matches('/'));
        let folder_path = Path::parse(folder_path.trim_matches('/')).map_err(|error| failed(error.into()))?;
        let prefix = Some(&folder_path).filter(|path| !path.as_ref().is_empty());
        let metas: Vec<ObjectMeta> = self.wait(self.reads.objects.list(prefix).try_collect()).map_err(failed)?;
        let mut objects: Vec<StoredObject> = metas
            .iter()
            .filter_map(|meta| {
                // What others put there under names that are none of ours is not ours.
                let name = ObjectName::new(meta.location.as_ref().strip_prefix(&self.prefix)?).ok()?;
                Some(self.stored(name, meta)).filter(|object| object.name.is_in(folder))
            })
            .collect();
        objects.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(objects)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        let path = self.path(name);
        match self.write(StoreOperation::Delete, name, || self.writes.objects.delete(&path)) {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    fn begin_upload(&self, name: &ObjectName) -> Result<String, StoreError> {
        let path = self.path(name);
        self.write(StoreOperation::BeginUpload, name, || self.writes.uploads.create_multipart(&path))
    }

    fn put_part(&self, name: &ObjectName, upload: &str, index: u32, bytes: &[u8]) -> Result<String, StoreError> {
        let (path, upload) = (self.path(name), upload.to_string());
        let payload = object_store::PutPayload::from(bytes.to_vec());
        // Written twice it is the same part, so this may be tried again.
        let send = || self.reads.uploads.put_part(&path, &upload, index as usize, payload.clone());
        self.write(StoreOperation::PutPart, name, send).map(|part| part.content_id)
    }

    fn complete_upload(&self, name: &ObjectName, upload: &str, parts: &[String]) -> Result<(), StoreError> {
        let (path, upload) = (self.path(name), upload.to_string());
        let parts = || parts.iter().map(|part| PartId { content_id: part.clone() }).collect();
        let send = || self.writes.uploads.complete_multipart(&path, &upload, parts());
        match self.write(StoreOperation::CompleteUpload, name, send) {
            Ok(_) => Ok(()),
            // The upload is gone: either this very object was made of it, or it never will be.
            Err(error) if matches!(error.kind, StoreErrorKind::NotFound | StoreErrorKind::Invalid) => {
                match self.head(name) {
                    Ok(_) => Ok(()),
                    Err(look) if look.is_not_found() => Err(StoreError { kind: StoreErrorKind::NotFound, ..error }),
                    Err(look) => Err(look),
                }
            }
            Err(error) => Err(error),
        }
    }

    fn abort_upload(&self, name: &ObjectName, upload: &str) -> Result<(), StoreError> {
        let (path, upload) = (self.path(name), upload.to_string());
        match self.write(StoreOperation::AbortUpload, name, || self.writes.uploads.abort_multipart(&path, &upload)) {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    fn min_part_bytes(&self) -> u64 {
        MIN_PART_BYTES
    }

    fn location(&self) -> &str {
        &self.location
    }
}
