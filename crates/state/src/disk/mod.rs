//! State beyond memory: what a table has not in memory lies in files on local disk.
//!
//! Local files are a cache that a restart throws away: nothing is synced, checkpoints are what survives.

mod budget;
mod runs;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flott_environment::Disk;
use flott_record::KeyGroupRange;

pub use self::budget::{MemoryBudget, MemoryShare};
pub use self::runs::DiskRuns;
use crate::error::StateError;
use crate::run::{RunId, RunRef};
use crate::snapshot::Entries;

/// Where tables keep what does not fit into memory.
#[derive(Clone, Debug)]
pub struct DiskBackend {
    disk: Disk,
    directory: PathBuf,
    owner: String,
    max_parallelism: u32,
    budget: MemoryBudget,
    files: Arc<AtomicU64>,
}

impl DiskBackend {
    /// A backend for the tables of one subtask's operator. `directory` is its alone; it is made when needed. `owner` begins the names of
    /// runs, see [`crate::snapshot::Increment::owner`]. The tables share `budget` with all others of the process.
    pub fn new(disk: Disk, directory: PathBuf, owner: String, max_parallelism: u32, budget: MemoryBudget) -> Self {
        DiskBackend { disk, directory, owner, max_parallelism, budget, files: Arc::default() }
    }

    /// What the tables of the process may occupy in memory together.
    pub fn budget(&self) -> &MemoryBudget {
        &self.budget
    }

    /// Number of key groups of the job.
    pub fn max_parallelism(&self) -> u32 {
        self.max_parallelism
    }

    /// A file of a new name.
    fn next_file(&self) -> (RunId, PathBuf) {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        (RunId::new(format!("{}-f{number}", self.owner)), self.directory.join(format!("{number}.run")))
    }
}

/// A key that is looked for, and where its value was found.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Key groups and keys, one after the other, ascending.
    keys: Vec<u8>,
    ends: Vec<usize>,
}

impl Wanted {
    /// Adds a key with its key group in front.
    pub(crate) fn push(&mut self, run_key: &[u8]) {
        self.keys.extend_from_slice(run_key);
        self.ends.push(self.keys.len());
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A key with its key group in front.
    pub fn run_key(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.keys[start..self.ends[index]]
    }

    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.ends.clear();
    }
}

/// Takes index and value of a key that was found.
pub type Found<'a> = &'a mut dyn FnMut(usize, &[u8]) -> Result<(), StateError>;

/// Appends the value that an encoded one becomes.
pub type MapValue<'a> = &'a mut dyn FnMut(&[u8], &mut Vec<u8>) -> Result<(), StateError>;

/// A table's entries on disk, by key group and key.
///
/// The caller's thread does the work: nothing happens between calls, so that the same calls always leave the same files.
pub trait ColdStore {
    /// Looks for ascending keys and gives index and value of each that is there to `found`.
    ///
    /// # Errors
    /// Where the disk fails or a file is damaged.
    fn get_many(&mut self, wanted: &Wanted, found: Found<'_>) -> Result<(), StateError>;

    /// Writes values and tombstones into an immutable file.
    ///
    /// # Errors
    /// Where the disk fails or is full.
    fn apply(&mut self, entries: &Entries) -> Result<(), StateError>;

    /// Takes over the entries of runs of a snapshot, oldest first, as far as they are in the key groups; `map` makes their values.
    ///
    /// # Errors
    /// Where the runs or the disk fail.
    fn ingest(
        &mut self,
        runs: &[RunRef],
        key_groups: KeyGroupRange,
        map: Option<MapValue<'_>>,
    ) -> Result<(), StateError>;

    /// Does a part of the merging that is due, about so many bytes.
    ///
    /// # Errors
    /// Where the disk fails or is full.
    fn work(&mut self, bytes: u64) -> Result<(), StateError>;

    /// The files that hold all entries, oldest first.
    fn runs(&self) -> Vec<RunRef>;

    /// Forgets the entries outside of these key groups: at once for reading, on disk when they are merged.
    fn keep_range(&mut self, key_groups: KeyGroupRange);

    /// Values whose first 8 bytes, a time in milliseconds (little endian), are at most this have expired: they go away when they are merged.
    /// Until then they may be found.
    fn expire_stamped_until(&mut self, until_ms: i64);

    /// Bytes of memory that indexes and filters occupy.
    fn memory_bytes(&self) -> usize;

    /// Bytes on disk.
    fn disk_bytes(&self) -> u64;
}
