//! From what is stored to what a job goes on from: all is read and checked before anything of it is used.

use std::sync::Arc;

use flott_checkpoint::metadata::Metadata;
use flott_checkpoint::store::{Located, SnapshotReader, StoredFault};
use flott_connector::{Committable, Split};

use crate::snapshot::{JobSnapshot, SourceSnapshot};

/// Reads all of a checkpoint or savepoint. Blocks.
///
/// # Errors
/// The first fault, which names the object.
pub fn load_snapshot(located: &Located, reader: &SnapshotReader) -> Result<Arc<JobSnapshot>, StoredFault> {
    let metadata = &located.metadata;
    reader.resolve(metadata)?;
    let mut snapshot = JobSnapshot {
        checkpoint_id: metadata.checkpoint_id,
        max_parallelism: metadata.max_parallelism,
        finished: metadata.finished.clone(),
        path: path_of(located),
        ..JobSnapshot::default()
    };
    for operator in &metadata.operators {
        let subtasks = snapshot.operators.entry(operator.uid.clone()).or_default();
        for parts in &operator.subtasks {
            for part in parts {
                subtasks.push(reader.bytes(metadata, &part.handle)?);
            }
        }
    }
    for source in &metadata.sources {
        let enumerator = reader.bytes(metadata, &source.enumerator)?;
        let splits = source.splits.iter().map(|(id, state)| Split { id: id.clone(), state: state.clone() }).collect();
        snapshot.sources.insert(source.uid.clone(), SourceSnapshot { enumerator, splits });
    }
    for sink in &metadata.sinks {
        let committables = sink.committables.iter().map(|state| Committable { state: state.clone() }).collect();
        snapshot.committables.insert(sink.uid.clone(), committables);
    }
    Ok(Arc::new(snapshot))
}

fn path_of(located: &Located) -> String {
    let Metadata { own_name, .. } = &located.metadata;
    let folder = own_name.as_str().trim_end_matches("/_metadata");
    format!("{}/{folder}", located.store.location().trim_end_matches('/'))
}
