//! A store in a folder of a disk: each object a file, made durable before it counts.
//!
//! An object is written under a temporary name, synced, linked to its own name (which fails if that is taken: of two writers one succeeds),
//! and the folder is synced, as are the folders above it. So a name that is seen is a whole object. Temporary names hold a `~`, which no object
//! name does; what a crash leaves of them is not listed, and swept by [`StoreBackend::sweep`].

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::clock::Clock;
use crate::disk::{Disk, DiskEntry, DiskError, DiskKind, DiskOperation};
use crate::limits::{STORE_FOLDER_DEPTH_MAX, STORE_FOLDER_RETRIES};
use crate::random::Random;
use crate::store::{ObjectName, StoreBackend, StoreError, StoreErrorKind, StoreOperation, StoredObject};

/// What stands between an object's name and the number of an attempt to write it.
pub(super) const TEMPORARY_MARK: char = '~';

/// A folder of a disk as a store.
pub struct LocalStore {
    disk: Disk,
    clock: Clock,
    root: PathBuf,
    location: String,
    /// Numbers of attempts, unique among the processes that share the folder.
    attempts: Mutex<Random>,
    /// Folders whose last sync failed: what is seen there may not be durable.
    doubtful: Mutex<BTreeSet<PathBuf>>,
    /// Whether the folders above the root were synced.
    is_root_durable: AtomicBool,
}

impl LocalStore {
    /// A store in the folder `root`, which is made with the first object. `seed` must differ between all who write there.
    pub fn new(disk: Disk, clock: Clock, root: &Path, seed: u64) -> Self {
        let location = format!("file:{}", root.display());
        let (attempts, doubtful) = (Mutex::new(Random::from_seed(seed)), Mutex::new(BTreeSet::new()));
        let is_root_durable = AtomicBool::new(false);
        LocalStore { disk, clock, root: root.to_path_buf(), location, attempts, doubtful, is_root_durable }
    }

    pub(super) fn disk(&self) -> &Disk {
        &self.disk
    }

    pub(super) fn path(&self, name: &ObjectName) -> PathBuf {
        self.root.join(name.as_str())
    }

    pub(super) fn error(&self, operation: StoreOperation, name: &ObjectName, error: &DiskError) -> StoreError {
        StoreError::new(kind_of(error), operation, name, &self.location, error.to_string())
    }

    /// A name beside `path` that no object has.
    pub(super) fn temporary(&self, path: &Path) -> PathBuf {
        let number = self.attempts.lock().unwrap_or_else(PoisonError::into_inner).next_u64();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.with_file_name(format!("{name}{TEMPORARY_MARK}{number:016x}"))
    }

    /// Writes and syncs a file of a new temporary name in a folder that may be removed, when empty, at any time.
    pub(super) fn write_temporary(&self, path: &Path, bytes: &[u8]) -> Result<PathBuf, DiskError> {
        let temporary = self.temporary(path);
        let mut attempt = 0;
        let mut file = loop {
            self.disk.create_dir_all(path.parent().unwrap_or(&self.root))?;
            match self.disk.create_new(&temporary) {
                Ok(file) => break file,
                Err(error) if error.is_not_found() && attempt < STORE_FOLDER_RETRIES => attempt += 1,
                Err(error) => return Err(error),
            }
        };
        let written =
            file.write_all(bytes).map_err(|error| DiskError::from_io(DiskOperation::Write, &temporary, error));
        match written.and_then(|()| file.sync()) {
            Ok(()) => Ok(temporary),
            Err(error) => {
                self.abandon(&temporary);
                Err(error)
            }
        }
    }

    /// Removes a temporary name. One that stays is invisible and swept later, so a failure changes nothing.
    pub(super) fn abandon(&self, temporary: &Path) {
        let _swept_later = self.disk.remove_file(temporary);
    }

    /// Makes the names in a folder, and the folder itself, durable. A folder that is durable already costs next to nothing.
    pub(super) fn sync_folders(&self, folder: &Path) -> Result<(), DiskError> {
        let mut inside = folder.ancestors().take_while(|ancestor| ancestor.starts_with(&self.root));
        inside.try_for_each(|folder| self.disk.sync_dir(folder))?;
        if !self.is_root_durable.load(Ordering::Acquire) {
            self.sync_above_root()?;
            self.is_root_durable.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Makes the root itself durable, once: nobody removes it. A folder above it that may not be opened was not made by us either.
    fn sync_above_root(&self) -> Result<(), DiskError> {
        for above in self.root.ancestors().skip(1) {
            let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
            match self.disk.sync_dir(above) {
                Err(error) if error.kind() != ErrorKind::PermissionDenied => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Syncs a folder whose last sync failed, before what is seen there is believed.
    fn settle(&self, folder: &Path) -> Result<(), DiskError> {
        let is_doubtful = self.doubtful.lock().unwrap_or_else(PoisonError::into_inner).contains(folder);
        if is_doubtful {
            self.sync_folders(folder)?;
            self.doubtful.lock().unwrap_or_else(PoisonError::into_inner).remove(folder);
        }
        Ok(())
    }

    fn settle_of(&self, operation: StoreOperation, name: &ObjectName, path: &Path) -> Result<(), StoreError> {
        self.settle(path.parent().unwrap_or(&self.root)).map_err(|error| self.error(operation, name, &error))
    }

    /// Removes the folders above a removed object that are empty now.
    pub(super) fn remove_empty_folders(&self, path: &Path) {
        for folder in
            path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root) && *folder != self.root)
        {
            // One with something in it stays, and so do those above it.
            if self.disk.remove_dir(folder).is_err() {
                return;
            }
        }
    }

    /// Calls `visit` with all files at or below `folder`, and with their names relative to the root.
    fn walk(&self, folder: &Path, depth: usize, visit: &mut dyn FnMut(&str, &DiskEntry)) -> Result<(), DiskError> {
        let entries = match self.disk.list(folder) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            match entry.metadata.kind {
                DiskKind::Directory if depth < STORE_FOLDER_DEPTH_MAX => self.walk(&entry.path, depth + 1, visit)?,
                DiskKind::File => {
                    let relative = entry.path.strip_prefix(&self.root).ok().and_then(Path::to_str);
                    relative.into_iter().for_each(|name| visit(name, &entry));
                }
                DiskKind::Directory | DiskKind::Other => {}
            }
        }
        // What was seen is durable before anybody acts on it: its writer may have died between link and sync.
        self.disk.sync_dir(folder).or_else(|error| if error.is_not_found() { Ok(()) } else { Err(error) })
    }

    fn folder_path(&self, folder: &str) -> Result<PathBuf, StoreError> {
        let folder = folder.trim_end_matches('/');
        if folder.is_empty() {
            return Ok(self.root.clone());
        }
        ObjectName::new(folder)
            .map(|name| self.path(&name))
            .map_err(|error| self.list_error(folder, StoreErrorKind::Invalid, error.to_string()))
    }

    fn list_error(&self, folder: &str, kind: StoreErrorKind, reason: String) -> StoreError {
        let (object, location) = (folder.to_string(), self.location.clone());
        StoreError { kind, operation: StoreOperation::List, object, location, reason }
    }
}

/// What a disk's error means for a store.
fn kind_of(error: &DiskError) -> StoreErrorKind {
    match error.kind() {
        ErrorKind::NotFound => StoreErrorKind::NotFound,
        ErrorKind::AlreadyExists => StoreErrorKind::AlreadyExists,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreErrorKind::Denied,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => StoreErrorKind::Full,
        ErrorKind::IsADirectory | ErrorKind::NotADirectory | ErrorKind::InvalidInput | ErrorKind::InvalidFilename => {
            StoreErrorKind::Invalid
        }
        _ => StoreErrorKind::Unavailable,
    }
}

impl StoreBackend for LocalStore {
    fn put_new(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        let failed = |error: DiskError| self.error(StoreOperation::Put, name, &error);
        let path = self.path(name);
        let temporary = self.write_temporary(&path, bytes).map_err(failed)?;
        let linked = self.disk.link(&temporary, &path);
        self.abandon(&temporary);
        linked.map_err(failed)?;
        let folder = path.parent().unwrap_or(&self.root);
        self.sync_folders(folder).map_err(|error| {
            self.doubtful.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_path_buf());
            let reason = format!("it is there, but a loss of power may take it: {error}");
            StoreError::new(StoreErrorKind::Unknown, StoreOperation::Put, name, &self.location, reason)
        })
    }

    fn get(&self, name: &ObjectName, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
        let failed = |error: DiskError| self.error(StoreOperation::Get, name, &error);
        let path = self.path(name);
        self.settle_of(StoreOperation::Get, name, &path)?;
        let file = self.disk.open_read(&path).map_err(failed)?;
        let len_bytes = file.len_bytes().map_err(failed)?;
        let range = range.unwrap_or(0..len_bytes);
        if range.start > range.end || range.end > len_bytes {
            let reason = format!("bytes {}..{} are asked for and it has {len_bytes}", range.start, range.end);
            return Err(StoreError::new(StoreErrorKind::Invalid, StoreOperation::Get, name, &self.location, reason));
        }
        let mut bytes = vec![0; (range.end - range.start) as usize];
        let mut done = 0;
        while done < bytes.len() {
            match file.read_at(range.start + done as u64, &mut bytes[done..]).map_err(failed)? {
                0 => {
                    let reason = format!("it ends at byte {} while it is read", range.start + done as u64);
                    let (kind, operation) = (StoreErrorKind::Unavailable, StoreOperation::Get);
                    return Err(StoreError::new(kind, operation, name, &self.location, reason));
                }
                read => done += read,
            }
        }
        Ok(bytes)
    }

    fn head(&self, name: &ObjectName) -> Result<StoredObject, StoreError> {
        let path = self.path(name);
        self.settle_of(StoreOperation::Head, name, &path)?;
        let metadata = self.disk.metadata(&path).map_err(|error| self.error(StoreOperation::Head, name, &error))?;
        if metadata.kind != DiskKind::File {
            let (kind, operation) = (StoreErrorKind::NotFound, StoreOperation::Head);
            return Err(StoreError::new(kind, operation, name, &self.location, "it is a folder"));
        }
        Ok(StoredObject { name: name.clone(), len_bytes: metadata.len_bytes, modified_ms: metadata.modified_ms })
    }

    fn list(&self, folder: &str) -> Result<Vec<StoredObject>, StoreError> {
        let mut objects = Vec::new();
        let mut note = |name: &str, entry: &DiskEntry| {
            let DiskEntry { metadata, .. } = entry;
            objects.extend(ObjectName::new(name).ok().map(|name| StoredObject {
                name,
                len_bytes: metadata.len_bytes,
                modified_ms: metadata.modified_ms,
            }));
        };
        self.walk(&self.folder_path(folder)?, 0, &mut note)
            .map_err(|error| self.list_error(folder, kind_of(&error), error.to_string()))?;
        objects.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(objects)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        let failed = |error: DiskError| self.error(StoreOperation::Delete, name, &error);
        let path = self.path(name);
        match self.disk.remove_file(&path) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
            Err(error) => return Err(failed(error)),
        }
        let folder = path.parent().unwrap_or(&self.root);
        let synced = self.disk.sync_dir(folder).or_else(|error| if error.is_not_found() { Ok(()) } else { Err(error) });
        self.remove_empty_folders(&path);
        synced.map_err(|error| {
            let reason = format!("it is gone, but a loss of power may bring it back: {error}");
            StoreError::new(StoreErrorKind::Unknown, StoreOperation::Delete, name, &self.location, reason)
        })
    }

    fn begin_upload(&self, name: &ObjectName) -> Result<String, StoreError> {
        Ok(self.begin_upload_of(name))
    }

    fn put_part(&self, name: &ObjectName, upload: &str, index: u32, bytes: &[u8]) -> Result<String, StoreError> {
        self.write_part(name, upload, index, bytes)
    }

    fn complete_upload(&self, name: &ObjectName, upload: &str, parts: &[String]) -> Result<(), StoreError> {
        self.join_parts(name, upload, parts)
    }

    fn abort_upload(&self, name: &ObjectName, upload: &str) -> Result<(), StoreError> {
        self.remove_parts(StoreOperation::AbortUpload, name, upload)
    }

    fn sweep(&self, folder: &str, older_than_ms: i64) -> Result<usize, StoreError> {
        let before_ms = self.clock.now_ms().saturating_sub(older_than_ms);
        let mut leftovers = Vec::new();
        let mut note = |name: &str, entry: &DiskEntry| {
            if name.contains(TEMPORARY_MARK) && entry.metadata.modified_ms <= before_ms {
                leftovers.push(entry.path.clone());
            }
        };
        let failed = |error: DiskError| self.list_error(folder, kind_of(&error), error.to_string());
        self.walk(&self.folder_path(folder)?, 0, &mut note).map_err(failed)?;
        for path in &leftovers {
            match self.disk.remove_file(path) {
                Err(error) if !error.is_not_found() => return Err(failed(error)),
                _ => self.remove_empty_folders(path),
            }
        }
        Ok(leftovers.len())
    }

    fn location(&self) -> &str {
        &self.location
    }
}
