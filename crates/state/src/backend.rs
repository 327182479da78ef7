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

/// Which backend a job's state has, as its options say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateSettings {
    /// `state.backend.type`
    pub kind: BackendKind,
    /// Bytes of memory that the job's tables may occupy, with [`BackendKind::Disk`] (`taskmanager.memory.managed.size`).
    pub managed_bytes: u64,
    /// Where local files lie (`state.backend.rocksdb.localdir`); `None` for the system's directory of temporary files.
    pub local_dir: Option<String>,
}

impl StateSettings {
    /// The backend of one run of a job, with its local files in a directory of its own.
    pub fn backend(&self, disk: Disk, temporary: &str, run_id: &str) -> StateBackend {
        let parent = PathBuf::from(self.local_dir.as_deref().unwrap_or(temporary));
        let budget = MemoryBudget::new(usize::try_from(self.managed_bytes).unwrap_or(usize::MAX));
        StateBackend::new(self.kind, disk, parent.join(format!("flott-state-{run_id}")), budget)
    }
}

/// The state backend of a job.
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
