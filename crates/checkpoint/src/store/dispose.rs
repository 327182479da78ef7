//! Removes a savepoint that its user does not need any more.

use crate::metadata::SnapshotKind;
use crate::store::{Located, StoredFault};

/// Deletes a savepoint: its metadata first, then all in its folder. Returns the number of objects.
///
/// # Errors
/// If it is no savepoint (a checkpoint belongs to its job), or the store refuses.
pub fn dispose(located: &Located) -> Result<usize, StoredFault> {
    let metadata = &located.metadata;
    if metadata.kind != SnapshotKind::Savepoint {
        return Err(StoredFault::Path(format!(
            "{} is a checkpoint of job {} and not a savepoint: it belongs to its job",
            metadata.own_name, metadata.job_id
        )));
    }
    let folder = metadata.own_name.as_str().trim_end_matches(crate::layout::METADATA).trim_end_matches('/');
    let listed = located.store.list(folder).map_err(StoredFault::Unreadable)?;
    located.store.delete(&metadata.own_name).map_err(StoredFault::Unreadable)?;
    for object in listed.iter().filter(|object| object.name != metadata.own_name) {
        located.store.delete(&object.name).map_err(StoredFault::Unreadable)?;
    }
    Ok(listed.len())
}
