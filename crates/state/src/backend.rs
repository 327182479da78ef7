//! Which backend holds a job's state (`state.backend.type`).

use std::path::PathBuf;

use flott_environment::Disk;

use crate::disk::{DiskBackend, MemoryBudget};
use crate::error::StateError;

/// Where tables live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackendKind {
    /// `hashmap`: in memory.
    #[default]
    Memory,
    /// `disk`: on local disk, as much as possible in memory.
    Disk,
}

impl BackendKind {
    /// The backend of an option's value.
    ///
    /// # Errors
    /// A backend that is not in this build, or that nobody knows.
    pub fn from_option(text: &str) -> Result<Self, StateError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "hashmap" => Ok(BackendKind::Memory),
            "disk" => Ok(BackendKind::Disk),
            "rocksdb" => Err(StateError::Unsupported(
                "state.backend.type: rocksdb is not in this build; builds with the Cargo feature `rocksdb` have it. This build has \
                 `hashmap` (in memory) and `disk` (beyond memory, on local files); savepoints can be taken with one and restored with another"
                    .to_string(),
            )),
            other => Err(StateError::Unsupported(format!(
                "not supported: state.backend.type: {other}; this build has `hashmap` (in memory) and `disk` (beyond memory)"
            ))),
        }
    }
}

/// The state backend of a process.
#[derive(Clone, Debug)]
pub struct StateBackend {
    kind: BackendKind,
    disk: Disk,
    directory: PathBuf,
    budget: MemoryBudget,
}

impl StateBackend {
    /// A backend with its local files in a directory and one budget for the memory of all tables.
    pub fn new(kind: BackendKind, disk: Disk, directory: PathBuf, budget: MemoryBudget) -> Self {
        StateBackend { kind, disk, directory, budget }
    }

    /// Which one.
    pub fn kind(&self) -> BackendKind {
        self.kind
    }

    /// The disk for the tables of one subtask's operator; `None` keeps them in memory. `owner` names the operator, subtask and attempt,
    /// unique for ever ([`crate::snapshot::Increment::owner`]); it is the name of the directory, too.
    pub fn of_operator(&self, owner: &str, max_parallelism: u32) -> Option<DiskBackend> {
        match self.kind {
            BackendKind::Memory => None,
            BackendKind::Disk => {
                let (disk, directory) = (self.disk.clone(), self.directory.join(owner));
                Some(DiskBackend::new(disk, directory, owner.to_string(), max_parallelism, self.budget.clone()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use flott_environment::{Clock, MemoryDisk};

    use super::*;

    #[test]
    fn backends_are_known_by_flinks_names_and_missing_ones_say_where_they_are() {
        assert_eq!(BackendKind::from_option("hashmap").expect("known"), BackendKind::Memory);
        assert_eq!(BackendKind::from_option("disk").expect("known"), BackendKind::Disk);
        let error = BackendKind::from_option("rocksdb").expect_err("not in this build").to_string();
        assert!(error.contains("builds with the Cargo feature `rocksdb` have it"), "{error}");
        let error = BackendKind::from_option("org.example.Mine").expect_err("unknown").to_string();
        assert!(error.starts_with("not supported: state.backend.type: org.example.mine"), "{error}");
    }

    #[test]
    fn only_the_disk_backend_has_a_disk() {
        let disk = MemoryDisk::new(Clock::real()).disk();
        let backend = |kind| StateBackend::new(kind, disk.clone(), "/state".into(), MemoryBudget::new(1));
        assert!(backend(BackendKind::Memory).of_operator("a-0", 128).is_none());
        assert!(backend(BackendKind::Disk).of_operator("a-0", 128).is_some());
    }
}
