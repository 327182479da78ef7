//! Removes what dead attempts left behind: listed, not reachable, and old enough.

use std::collections::BTreeSet;

use flott_environment::{ObjectName, Store};

use crate::layout::{JobLayout, METADATA};
use crate::store::{PointerRecord, SnapshotReader, StoredFault};

/// Deletes the objects of a job that no checkpoint of the newest pointer needs. Returns their names.
///
/// Kept are: what the pointer's checkpoints name, what is `needed` by others, what was written for a checkpoint under way or a newer one than the pointer's newest, and what
/// is younger than `grace_ms`. Metadata goes before what it names. One that cannot be read keeps everything.
///
/// # Errors
/// The fault that keeps it from knowing what is reachable, or the store's refusal.
pub fn sweep(
    reader: &SnapshotReader,
    store: &Store,
    layout: &JobLayout,
    pointer: &PointerRecord,
    (needed, under_way): (&BTreeSet<ObjectName>, &BTreeSet<u64>),
    (now_ms, grace_ms): (i64, u64),
) -> Result<Vec<ObjectName>, StoredFault> {
    let mut reachable = BTreeSet::new();
    for entry in &pointer.retained {
        let located = reader.pointed_at(entry)?;
        reachable.insert(entry.metadata.clone());
        reachable.extend(located.metadata.objects().map(|object| object.name.clone()));
    }
    let newest_id = pointer.newest().map_or(0, |entry| entry.checkpoint_id);
    let listed = store.list(layout.folder()).map_err(StoredFault::Unreadable)?;
    let is_orphan = |name: &ObjectName| {
        let is_past = |id: u64| id <= newest_id && !under_way.contains(&id);
        !reachable.contains(name) && !needed.contains(name) && layout.written_for(name).is_some_and(is_past)
    };
    let is_old = |modified_ms: i64| now_ms.saturating_sub_unsigned(grace_ms) >= modified_ms;
    let mut orphans: Vec<ObjectName> = listed
        .into_iter()
        .filter(|object| is_old(object.modified_ms) && is_orphan(&object.name))
        .map(|object| object.name)
        .collect();
    orphans.sort_by_key(|name| !name.as_str().ends_with(METADATA));
    for name in &orphans {
        store.delete(name).map_err(StoredFault::Unreadable)?;
    }
    Ok(orphans)
}
