//! Where a table is written: a folder of the disk, or of an object store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use flott_environment::{Disk, Environment, IoPool, LocalStore, ObjectName, Store, StoreError};

use super::patient::PatientStore;
use crate::contract::ConnectorError;

/// Schemes of paths that are stores rather than folders of the disk.
const STORE_SCHEMES: &[&str] = &["memory", "s3", "s3a", "s3n", "s3p", "gs", "abfs", "abfss", "wasb", "wasbs"];

/// The folder of a table as it is written in the option `path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// On the disk.
    Disk(PathBuf),
    /// In a store; its URI.
    Store(String),
}

impl Location {
    /// The URI of an object store, if the text is one.
    pub fn store_uri(text: &str) -> Option<&str> {
        let (scheme, rest) = text.split_once(':')?;
        (STORE_SCHEMES.contains(&scheme) && rest.starts_with('/')).then_some(text)
    }

    /// Opens the folder.
    ///
    /// # Errors
    /// If a store's URI or its configuration is wrong.
    pub fn open(&self, environment: &Environment) -> Result<Target, ConnectorError> {
        match self {
            Location::Disk(folder) => {
                let (disk, clock) = (environment.disk().clone(), environment.clock().clone());
                let beside = LocalStore::new(disk.clone(), clock, folder, environment.random_seed());
                Ok(Target::Disk { disk, folder: folder.clone(), beside: Store::new(Arc::new(beside)) })
            }
            Location::Store(uri) => {
                let store = environment.open_store(uri).map_err(|error| store_error(&error))?;
                Ok(Target::Store { store: Store::new(Arc::new(PatientStore(store))), io: environment.io() })
            }
        }
    }
}

/// A store's error as a connector's.
pub fn store_error(error: &StoreError) -> ConnectorError {
    ConnectorError::new(error.to_string())
}

/// A table's folder, opened.
#[derive(Clone)]
pub enum Target {
    /// Of the disk. Small files of ours go through the store.
    Disk {
        /// The disk.
        disk: Disk,
        /// The folder.
        folder: PathBuf,
        /// The same folder as a store.
        beside: Store,
    },
    /// Of an object store.
    Store {
        /// The folder.
        store: Store,
        /// For uploads in the background.
        io: IoPool,
    },
}

impl Target {
    /// The folder as a store of small files.
    pub fn beside(&self) -> &Store {
        match self {
            Target::Disk { beside, .. } => beside,
            Target::Store { store, .. } => store,
        }
    }

    /// The name of a file in the folder of a partition.
    pub fn relative(partition: &str, file: &str) -> String {
        if partition.is_empty() { file.to_string() } else { format!("{partition}/{file}") }
    }

    /// Writes a small file durably; one that is there already is left or replaced by the same.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_once(&self, relative: &str, bytes: &[u8]) -> Result<(), ConnectorError> {
        match self {
            Target::Disk { disk, folder, .. } => {
                let path = folder.join(relative);
                let parent = path.parent().unwrap_or(Path::new("."));
                let written = disk.create_dir_all(parent).and_then(|()| disk.persist(&path, bytes));
                written.map_err(|error| ConnectorError::new(error.to_string()))
            }
            Target::Store { store, .. } => {
                let name = object_name(relative)?;
                match store.put_new(&name, bytes) {
                    Err(error) if error.kind != flott_environment::StoreErrorKind::AlreadyExists => {
                        Err(store_error(&error))
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

/// The name of an object.
///
/// # Errors
/// If object stores don't take it.
pub fn object_name(relative: &str) -> Result<ObjectName, ConnectorError> {
    ObjectName::new(relative).map_err(|error| ConnectorError::new(format!("not supported: {error}")))
}

/// Makes folders durable, from `folder` up to and with the one above `root`.
///
/// # Errors
/// If the disk reports a failure.
pub fn sync_folders(disk: &Disk, root: &Path, folder: &Path) -> Result<(), flott_environment::DiskError> {
    for above in folder.ancestors().take_while(|above| above.starts_with(root) && !above.as_os_str().is_empty()) {
        disk.sync_dir(above)?;
    }
    for above in root.ancestors().skip(1) {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        match disk.sync_dir(above) {
            // What may not be opened was not made by us.
            Err(error) if error.kind() != std::io::ErrorKind::PermissionDenied => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
