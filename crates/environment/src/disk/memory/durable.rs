//! What a loss of power leaves of a [`MemoryDisk`]: what was synced, and of the rest nothing or a part.
//!
//! As on real file systems a file's bytes and the names in a directory become durable one by one: [`DiskWrite::sync`](crate::DiskWrite::sync)
//! keeps bytes, [`DiskBackend::sync_dir`](crate::DiskBackend::sync_dir) keeps names. Renaming a directory keeps what is in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{FileData, MemoryDisk, Node, State};
use crate::random::Random;

/// The part of a file that a loss of power doesn't take.
pub(super) enum Synced {
    /// So many bytes of those that are there.
    Prefix(usize),
    /// What was there before the file was emptied.
    Other(Vec<u8>),
}

impl FileData {
    pub(super) fn sync(&mut self) {
        self.synced = Synced::Prefix(self.bytes.len());
    }

    /// Empties the file; what was synced comes back after a loss of power unless the file is synced again.
    pub(super) fn empty(&mut self) {
        if let Synced::Prefix(len) = self.synced {
            self.bytes.truncate(len);
            self.synced = Synced::Other(std::mem::take(&mut self.bytes));
        }
        self.bytes.clear();
    }

    /// The file after a loss of power. `random` decides what else survives.
    fn after_crash(&self, random: Option<&mut Random>) -> Vec<u8> {
        let kept =
            |len: usize, random: &mut Random| len + random.next_below((self.bytes.len() - len + 1) as u64) as usize;
        match (&self.synced, random) {
            (Synced::Prefix(len), None) => self.bytes[..*len].to_vec(),
            (Synced::Prefix(len), Some(random)) => self.bytes[..kept(*len, random)].to_vec(),
            (Synced::Other(old), None) => old.clone(),
            (Synced::Other(old), Some(random)) => {
                if random.next_bool(0.5) {
                    old.clone()
                } else {
                    self.bytes[..kept(0, random)].to_vec()
                }
            }
        }
    }
}

impl State {
    /// Makes the names in `directory` durable.
    pub(super) fn sync_names(&mut self, directory: &Path) {
        let is_child = |key: &Path| key.parent() == Some(directory);
        let below = |nodes: &BTreeMap<PathBuf, Node>| -> Vec<PathBuf> {
            let from_here = nodes.range(directory.to_path_buf()..).map(|(key, _)| key);
            from_here.take_while(|key| key.starts_with(directory)).filter(|key| *key != directory).cloned().collect()
        };
        for key in below(&self.durable) {
            let live_child =
                key.ancestors().find(|ancestor| is_child(ancestor)).and_then(|child| self.nodes.get(child));
            // A directory that is still there keeps its durable names, also those that are gone by now: it wasn't synced itself.
            let is_kept =
                if is_child(&key) { live_child.is_some() } else { matches!(live_child, Some(Node::Directory { .. })) };
            if !is_kept {
                self.durable.remove(&key);
            }
        }
        for key in below(&self.nodes).into_iter().filter(|key| is_child(key)) {
            if let Some(node) = self.nodes.get(&key) {
                self.durable.insert(key, node.clone());
            }
        }
    }

    /// A directory was renamed: its names, durable or not, are durable below the new one as soon as that is.
    pub(super) fn move_durable(&mut self, from: &Path, to: &Path) {
        let keys: Vec<PathBuf> =
            self.durable.keys().filter(|key| key.starts_with(from) && *key != from).cloned().collect();
        for key in keys {
            if let (Some(node), Ok(rest)) = (self.durable.get(&key).cloned(), key.strip_prefix(from)) {
                self.durable.insert(to.join(rest), node);
            }
        }
    }

    /// Whether a name hangs on durable directories only, up to the root.
    fn is_reachable(nodes: &BTreeMap<PathBuf, Node>, key: &Path) -> bool {
        key.ancestors()
            .skip(1)
            .filter(|ancestor| !ancestor.as_os_str().is_empty())
            .all(|ancestor| nodes.contains_key(ancestor))
    }

    fn crash(&mut self, mut random: Option<&mut Random>) {
        let mut nodes = self.durable.clone();
        if let Some(random) = random.as_deref_mut() {
            // Names that came and went since the last sync may have reached the disk or not, each by itself.
            let gone = self.durable.keys().filter(|key| !self.nodes.contains_key(*key)).cloned().collect::<Vec<_>>();
            gone.iter().filter(|_| random.next_bool(0.5)).for_each(|key| drop(nodes.remove(key)));
            let come = self.nodes.iter().filter(|(key, _)| !self.durable.contains_key(*key));
            let come = come.filter(|_| random.next_bool(0.5)).map(|(key, node)| (key.clone(), node.clone()));
            nodes.extend(come.collect::<Vec<_>>());
        }
        let reachable = nodes.keys().filter(|key| State::is_reachable(&nodes, key)).cloned().collect::<Vec<_>>();
        nodes.retain(|key, _| reachable.binary_search(key).is_ok());
        self.used_bytes = 0;
        let mut files: BTreeMap<usize, Arc<Mutex<FileData>>> = BTreeMap::new();
        for node in nodes.values_mut() {
            let Node::File(data) = node else { continue };
            let fresh = files.entry(Arc::as_ptr(data) as usize).or_insert_with(|| {
                let old = data.lock().unwrap_or_else(PoisonError::into_inner);
                let bytes = old.after_crash(random.as_deref_mut());
                self.used_bytes += bytes.len() as u64;
                let synced = Synced::Prefix(bytes.len());
                Arc::new(Mutex::new(FileData { bytes, modified_ms: old.modified_ms, synced, links: 0 }))
            });
            fresh.lock().unwrap_or_else(PoisonError::into_inner).links += 1;
            *data = fresh.clone();
        }
        self.durable = nodes.clone();
        self.nodes = nodes;
        self.generation += 1;
    }
}

impl MemoryDisk {
    /// Fault: a loss of power. Bytes and names that were not synced are gone; open files fail from now on.
    pub fn crash(&self) {
        self.lock().crash(None);
    }

    /// Fault: a loss of power that leaves of what was not synced a random part: each name or not, of a file's tail a prefix.
    pub fn crash_torn(&self, random: &mut Random) {
        self.lock().crash(Some(random));
    }
}
