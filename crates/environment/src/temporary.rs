//! Directories that live as long as their owner: spill files, tests.

use std::path::{Path, PathBuf};

use crate::disk::{Disk, DiskError};

/// A directory that is removed with all its content when dropped.
pub struct TemporaryDirectory {
    disk: Disk,
    path: PathBuf,
}

impl TemporaryDirectory {
    pub(crate) fn create(disk: &Disk, parent: &Path, prefix: &str, seed: u64) -> Result<Self, DiskError> {
        let path = parent.join(format!("{prefix}-{seed:016x}"));
        disk.create_dir_all(&path)?;
        Ok(TemporaryDirectory { disk: disk.clone(), path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it now and reports what stood in the way.
    ///
    /// # Errors
    /// Where something in it cannot be removed.
    pub fn remove(self) -> Result<(), DiskError> {
        self.disk.remove_dir_all(&self.path)
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // Nobody can be told from here; whoever must know calls `remove`. Already removed is fine as well.
        let _already_gone_or_stuck = self.disk.remove_dir_all(&self.path);
    }
}
