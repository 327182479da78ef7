//! Uploads in parts, of a local store: each part a synced file of a temporary name; completing joins them.

use std::path::{Path, PathBuf};

use super::local::LocalStore;
use crate::disk::DiskError;
use crate::store::{ObjectName, StoreBackend, StoreError, StoreErrorKind, StoreOperation};

impl LocalStore {
    /// The file of a part. `upload` is the name of the upload's first temporary file.
    fn part_path(&self, name: &ObjectName, upload: &str, index: u32) -> PathBuf {
        self.path(name).with_file_name(format!("{upload}.{index}"))
    }

    fn invalid(&self, operation: StoreOperation, name: &ObjectName, reason: String) -> StoreError {
        StoreError::new(StoreErrorKind::Invalid, operation, name, self.location(), reason)
    }

    /// Checks that an upload's id is one that this store gave for this object.
    fn check_upload(&self, operation: StoreOperation, name: &ObjectName, upload: &str) -> Result<(), StoreError> {
        let path = self.path(name);
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let number = upload.strip_prefix(&*file_name).and_then(|rest| rest.strip_prefix(super::local::TEMPORARY_MARK));
        match number {
            Some(number) if number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(()),
            _ => Err(self.invalid(operation, name, format!("'{upload}' is no upload of it"))),
        }
    }

    pub(super) fn begin_upload_of(&self, name: &ObjectName) -> String {
        let temporary = self.temporary(&self.path(name));
        temporary.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(super) fn write_part(
        &self,
        name: &ObjectName,
        upload: &str,
        index: u32,
        bytes: &[u8],
    ) -> Result<String, StoreError> {
        let operation = StoreOperation::PutPart;
        self.check_upload(operation, name, upload)?;
        let failed = |error: DiskError| self.error(operation, name, &error);
        let part = self.part_path(name, upload, index);
        let temporary = self.write_temporary(&part, bytes).map_err(failed)?;
        if let Err(error) = self.disk().rename(&temporary, &part) {
            self.abandon(&temporary);
            return Err(failed(error));
        }
        self.sync_folders(part.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        Ok(format!("{index}:{}", bytes.len()))
    }

    pub(super) fn join_parts(&self, name: &ObjectName, upload: &str, parts: &[String]) -> Result<(), StoreError> {
        let operation = StoreOperation::CompleteUpload;
        self.check_upload(operation, name, upload)?;
        match self.head(name) {
            // Completed before.
            Ok(_) => return self.remove_parts(operation, name, upload),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        let mut whole = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let path = self.part_path(name, upload, index as u32);
            let bytes = self.disk().read(&path).map_err(|error| self.error(operation, name, &error))?;
            if *part != format!("{index}:{}", bytes.len()) {
                return Err(self.invalid(operation, name, format!("its upload {upload} has no part {part}")));
            }
            whole.extend_from_slice(&bytes);
        }
        match self.put_new(name, &whole) {
            Err(error) if error.kind != StoreErrorKind::AlreadyExists => Err(error),
            _ => self.remove_parts(operation, name, upload),
        }
    }

    /// Removes what an upload has written.
    pub(super) fn remove_parts(
        &self,
        operation: StoreOperation,
        name: &ObjectName,
        upload: &str,
    ) -> Result<(), StoreError> {
        self.check_upload(operation, name, upload)?;
        let failed = |error: DiskError| self.error(operation, name, &error);
        let path = self.path(name);
        let folder = path.parent().unwrap_or(Path::new("."));
        let entries = match self.disk().list(folder) {
            Ok(entries) => entries,
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries.iter().filter(|entry| entry.name.starts_with(upload)) {
            match self.disk().remove_file(&entry.path) {
                Err(error) if !error.is_not_found() => return Err(failed(error)),
                _ => {}
            }
        }
        self.remove_empty_folders(&path);
        Ok(())
    }
}
