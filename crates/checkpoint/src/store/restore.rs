//! Finds and reads checkpoints and savepoints, believing nothing that was not checked.

use std::collections::BTreeSet;
use std::sync::Arc;

use flott_environment::{ObjectName, Store};

use crate::checksum::checksum;
use crate::coordinator::Verdict;
use crate::layout::{JobLayout, METADATA, metadata_in};
use crate::metadata::{Metadata, ObjectHandle, StateHandle};
use crate::store::{PointerEntry, StoredFault, find_newest};

/// Folders of a snapshot below the place that was configured: the job's and the checkpoint's, or the savepoint's.
const FOLDERS_MAX: usize = 2;

/// Opens the store at a location (a folder's path or an object store's address).
pub type StoreOpener = Arc<dyn Fn(&str) -> Result<Store, String> + Send + Sync>;

/// Reads snapshots of one store, and of the other stores that their metadata names.
#[derive(Clone)]
pub struct SnapshotReader {
    store: Store,
    open: StoreOpener,
}

/// Metadata and where it was found.
#[derive(Clone, Debug)]
pub struct Located {
    /// The content.
    pub metadata: Metadata,
    /// The store in which it lies.
    pub store: Store,
    /// What a pointer says of it.
    pub entry: PointerEntry,
}

impl SnapshotReader {
    /// A reader of this store.
    pub fn new(store: Store, open: StoreOpener) -> Self {
        SnapshotReader { store, open }
    }

    /// Reads metadata and checks that it is what was written under this name.
    ///
    /// # Errors
    /// The fault, which names the object.
    pub fn metadata(&self, name: &ObjectName) -> Result<Located, StoredFault> {
        let bytes = self.store.get(name).map_err(|error| StoredFault::of_read(error, name))?;
        let location = || self.store.location().to_string();
        let metadata = Metadata::from_bytes(&bytes).map_err(|error| StoredFault::Metadata {
            name: name.clone(),
            location: location(),
            error,
        })?;
        if metadata.own_name != *name {
            let own_name = metadata.own_name;
            return Err(StoredFault::Misplaced { name: name.clone(), location: location(), own_name });
        }
        let entry = PointerEntry {
            checkpoint_id: metadata.checkpoint_id,
            metadata: name.clone(),
            len_bytes: bytes.len() as u64,
            checksum: checksum(&bytes),
        };
        Ok(Located { metadata, store: self.store.clone(), entry })
    }

    /// Reads the metadata that a pointer names.
    ///
    /// # Errors
    /// The fault, which names the object.
    pub fn pointed_at(&self, entry: &PointerEntry) -> Result<Located, StoredFault> {
        let located = self.metadata(&entry.metadata)?;
        let (found, name) = (&located.entry, entry.metadata.clone());
        let location = self.store.location().to_string();
        if found.len_bytes != entry.len_bytes {
            return Err(StoredFault::Length { name, location, found: found.len_bytes, expected: entry.len_bytes });
        }
        if found.checksum != entry.checksum {
            return Err(StoredFault::Checksum { name, location, found: found.checksum, expected: entry.checksum });
        }
        Ok(located)
    }

    /// The newest complete checkpoint of a job; `None` if there is none.
    ///
    /// # Errors
    /// The fault: one that cannot be read is not absent, and an older one is no substitute.
    pub fn newest(&self, layout: &JobLayout) -> Result<Option<Located>, StoredFault> {
        let newest = find_newest(&self.store, layout)?;
        let entry = newest.and_then(|(_, record)| record.newest().cloned());
        entry.map(|entry| self.pointed_at(&entry)).transpose()
    }

    /// Reads metadata that was just written and looks for each object that it names.
    pub fn verdict(&self, written: &Metadata) -> Verdict {
        match self.metadata(&written.own_name).and_then(|located| {
            self.resolve(&located.metadata)?;
            Ok(located.metadata == *written)
        }) {
            Ok(true) => Verdict::Intact,
            Ok(false) => Verdict::Damaged(format!("object {} is not what was written", written.own_name)),
            Err(StoredFault::Missing { name, .. }) if name == written.own_name => Verdict::Absent,
            Err(StoredFault::Unreadable(error)) => Verdict::Unreadable(error.to_string()),
            Err(fault) => Verdict::Damaged(fault.to_string()),
        }
    }

    /// Looks for each object: whether it is there with its length.
    ///
    /// # Errors
    /// The first fault, which names the object.
    pub fn resolve(&self, metadata: &Metadata) -> Result<(), StoredFault> {
        let mut seen = BTreeSet::new();
        for object in metadata.objects().filter(|object| seen.insert((object.location, object.name.clone()))) {
            let store = self.store_of(metadata, object)?;
            let name = &object.name;
            let found = store.head(name).map_err(|error| StoredFault::of_read(error, name))?;
            if found.len_bytes != object.len_bytes {
                return Err(StoredFault::Length {
                    name: name.clone(),
                    location: store.location().to_string(),
                    found: found.len_bytes,
                    expected: object.len_bytes,
                });
            }
        }
        Ok(())
    }

    /// The bytes that a handle stands for, checked.
    ///
    /// # Errors
    /// The fault, which names the object.
    pub fn bytes(&self, metadata: &Metadata, handle: &StateHandle) -> Result<Vec<u8>, StoredFault> {
        let object = match handle {
            StateHandle::Inline(bytes) => return Ok(bytes.clone()),
            StateHandle::Object(object) => object,
        };
        let store = self.store_of(metadata, object)?;
        let name = &object.name;
        let bytes = store.get(name).map_err(|error| StoredFault::of_read(error, name))?;
        let (found, location) = (bytes.len() as u64, store.location().to_string());
        if found != object.len_bytes {
            return Err(StoredFault::Length { name: name.clone(), location, found, expected: object.len_bytes });
        }
        let found = checksum(&bytes);
        if found != object.checksum {
            return Err(StoredFault::Checksum { name: name.clone(), location, found, expected: object.checksum });
        }
        Ok(bytes)
    }

    fn store_of(&self, metadata: &Metadata, object: &ObjectHandle) -> Result<Store, StoredFault> {
        let Some(index) = object.location else { return Ok(self.store.clone()) };
        let location = metadata.locations.get(index as usize);
        let location = location.ok_or_else(|| StoredFault::Path(format!("object {} has no location", object.name)))?;
        (self.open)(location).map_err(StoredFault::Path)
    }
}

/// A path that a user gave: of a checkpoint's or savepoint's folder, of its metadata, or of a job's folder.
pub struct SnapshotPath {
    path: String,
}

impl SnapshotPath {
    /// The path, as it was given.
    pub fn new(path: &str) -> Self {
        let path = path.trim_end_matches('/');
        let folder = path.strip_suffix(METADATA).and_then(|folder| folder.strip_suffix('/'));
        SnapshotPath { path: folder.unwrap_or(path).to_string() }
    }

    /// Finds the snapshot, and a reader of the store in which it lies.
    ///
    /// # Errors
    /// If there is none, or the fault that keeps it from being read.
    pub fn find(&self, open: &StoreOpener) -> Result<(Located, SnapshotReader), StoredFault> {
        // Not every store can be opened at each of its folders, so the snapshot is looked for from its folder's parents.
        let mut absent = None;
        for (at, _) in self.path.rmatch_indices('/').take(FOLDERS_MAX) {
            let (root, folder) = (&self.path[..at], &self.path[at + 1..]);
            let Ok(name) = ObjectName::new(metadata_in(folder)) else { break };
            let store = open(if root.is_empty() { "/" } else { root }).map_err(StoredFault::Path)?;
            match store.get(&name) {
                Ok(bytes) => return self.rooted(&bytes, &store, &name, open),
                Err(error) if error.is_not_found() => absent.get_or_insert(error),
                Err(error) => return Err(StoredFault::Unreadable(error)),
            };
        }
        let reason = absent.map_or_else(|| "it is no path of a folder".to_string(), |error| error.to_string());
        self.newest_of_job(&reason, open)
    }

    /// The store of a snapshot begins where its own name begins.
    fn rooted(
        &self,
        bytes: &[u8],
        found_in: &Store,
        name: &ObjectName,
        open: &StoreOpener,
    ) -> Result<(Located, SnapshotReader), StoredFault> {
        let location = found_in.location().to_string();
        let metadata = Metadata::from_bytes(bytes).map_err(|error| StoredFault::Metadata {
            name: name.clone(),
            location: location.clone(),
            error,
        })?;
        let own_name = metadata.own_name;
        let full = format!("{}/{METADATA}", self.path);
        let root = full.strip_suffix(own_name.as_str()).and_then(|root| root.strip_suffix('/'));
        let Some(root) = root else {
            return Err(StoredFault::Misplaced { name: name.clone(), location, own_name });
        };
        let root = if root.is_empty() { "/" } else { root };
        let reader = SnapshotReader::new(open(root).map_err(StoredFault::Path)?, open.clone());
        Ok((reader.metadata(&own_name)?, reader))
    }

    fn newest_of_job(&self, absent: &str, open: &StoreOpener) -> Result<(Located, SnapshotReader), StoredFault> {
        let nothing = || StoredFault::Path(format!("there is no checkpoint or savepoint at {}: {absent}", self.path));
        let (root, job) = self.path.rsplit_once('/').ok_or_else(nothing)?;
        let layout = JobLayout::new(job).map_err(|_| nothing())?;
        let store = open(if root.is_empty() { "/" } else { root }).map_err(StoredFault::Path)?;
        let reader = SnapshotReader::new(store, open.clone());
        let located = reader.newest(&layout)?.ok_or_else(nothing)?;
        Ok((located, reader))
    }
}
