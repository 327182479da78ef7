//! Names of objects.
//!
//! ```text
//! <job id>/chk-<n>/_metadata          of checkpoint n, which no other has ever been
//! <job id>/chk-<n>/<writer>-<number>  what only checkpoint n needs
//! <job id>/shared/<n>-<writer>-<number>  written for checkpoint n, needed also by later ones
//! <job id>/pointer/<number>           the newest names the complete checkpoints
//! savepoint-<job>-<unique>/…          a savepoint: _metadata and all that it needs
//! ```
//!
//! `<writer>` is drawn anew for each attempt to run a job, so no two attempts ever write the same name.

use flott_environment::{InvalidObjectName, ObjectName};

/// The last segment of metadata objects.
pub const METADATA: &str = "_metadata";

/// Digits of a pointer's number, so that names sort as numbers.
const POINTER_DIGITS: usize = 20;

/// The objects of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobLayout {
    folder: String,
}

impl JobLayout {
    /// The layout of a job with this id.
    ///
    /// # Errors
    /// If the id is no object name.
    pub fn new(job_id: &str) -> Result<Self, InvalidObjectName> {
        ObjectName::new(job_id).map(|name| JobLayout { folder: name.as_str().to_string() })
    }

    /// All of the job.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The folder of a checkpoint.
    pub fn checkpoint(&self, checkpoint_id: u64) -> String {
        format!("{}/chk-{checkpoint_id}", self.folder)
    }

    /// The folder of what several checkpoints need.
    pub fn shared(&self) -> String {
        format!("{}/shared", self.folder)
    }

    /// The folder of pointers.
    pub fn pointers(&self) -> String {
        format!("{}/pointer", self.folder)
    }

    /// A pointer.
    pub fn pointer(&self, number: u64) -> String {
        format!("{}/{number:0POINTER_DIGITS$}", self.pointers())
    }

    /// The number of a pointer, if the object is one.
    pub fn pointer_number(&self, name: &ObjectName) -> Option<u64> {
        let digits = name.as_str().strip_prefix(&self.pointers())?.strip_prefix('/')?;
        if digits.len() == POINTER_DIGITS { digits.parse().ok() } else { None }
    }

    /// The checkpoint that an object was written for, if it is one of a checkpoint's.
    pub fn written_for(&self, name: &ObjectName) -> Option<u64> {
        let rest = name.as_str().strip_prefix(&self.folder)?.strip_prefix('/')?;
        let number = match rest.strip_prefix("shared/") {
            Some(shared) => shared.split('-').next(),
            None => rest.strip_prefix("chk-").and_then(|rest| rest.split('/').next()),
        };
        number?.parse().ok()
    }
}

/// The folder of a savepoint, as Flink names it: the job's first six digits and twelve random ones.
pub fn savepoint_folder(job_id: &str, unique: u64) -> String {
    let short: String = job_id.chars().take(6).collect();
    format!("savepoint-{short}-{:012x}", unique & 0xffff_ffff_ffff)
}

/// The metadata object in a folder.
pub fn metadata_in(folder: &str) -> String {
    format!("{folder}/{METADATA}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_are() {
        let layout = JobLayout::new("abc").expect("a name");
        let name = |text: String| ObjectName::new(text).expect("a name");
        assert_eq!(layout.pointer(7), "abc/pointer/00000000000000000007");
        assert_eq!(layout.pointer_number(&name(layout.pointer(7))), Some(7));
        assert_eq!(layout.pointer_number(&name("abc/pointer/x".to_string())), None);
        assert_eq!(layout.written_for(&name(metadata_in(&layout.checkpoint(12)))), Some(12));
        assert_eq!(layout.written_for(&name("abc/shared/5-ff-1".to_string())), Some(5));
        assert_eq!(layout.written_for(&name("abcd/shared/5-ff-1".to_string())), None);
        assert_eq!(savepoint_folder("0123456789", 0xab), "savepoint-012345-0000000000ab");
        assert!(JobLayout::new("../x").is_err());
    }
}
