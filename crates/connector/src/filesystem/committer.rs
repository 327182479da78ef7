//! Gives finished part files the names under which readers see them, and marks partitions that are complete.

use std::collections::BTreeMap;
use std::path::Path;

use flott_environment::DiskError;

use super::committable::{FinishedPart, Item};
use super::compaction::Compactor;
use super::partition_commit::{PartitionMarker, Progress};
use super::target::{Target, store_error, sync_folders};
use super::upload;
use crate::contract::ConnectorError;
use crate::sink::{Committable, Committer};

/// Commits part files of one table.
pub struct FileCommitter {
    target: Result<Target, ConnectorError>,
    marker: Option<PartitionMarker>,
    compactor: Option<Compactor>,
}

fn failed(error: &DiskError) -> ConnectorError {
    ConnectorError::new(error.to_string())
}

/// How far the writers of one checkpoint have come. Those that are missing among them have ended before.
fn progress_of(items: &[Item]) -> Option<Progress> {
    let mut last: BTreeMap<u32, (i64, bool)> = BTreeMap::new();
    for item in items {
        if let Item::Progress { subtask, watermark_ms, is_ended } = item {
            let (latest_ms, ended) = last.entry(*subtask).or_insert((i64::MIN, false));
            *latest_ms = (*latest_ms).max(*watermark_ms);
            *ended |= is_ended;
        }
    }
    let watermark_ms = last.values().map(|(watermark_ms, _)| *watermark_ms).min()?;
    Some(Progress { watermark_ms, are_all_ended: last.values().all(|(_, is_ended)| *is_ended) })
}

impl FileCommitter {
    /// A committer of a folder, which may not be open: that is told at the first commit.
    pub fn new(target: Result<Target, ConnectorError>, marker: Option<PartitionMarker>) -> Self {
        FileCommitter { target, marker, compactor: None }
    }

    /// The same one, which merges part files before they are seen.
    pub fn with_compaction(self, file_bytes: Option<u64>) -> Self {
        let target = self.target.as_ref().ok().cloned();
        let compactor = target.zip(file_bytes).map(|(target, file_bytes)| Compactor::new(target, file_bytes));
        FileCommitter { compactor, ..self }
    }

    fn target(&self) -> Result<&Target, ConnectorError> {
        self.target.as_ref().map_err(|error| ConnectorError::new(error.message.clone()))
    }

    fn commit_part(&self, part: &FinishedPart) -> Result<(), ConnectorError> {
        match (part, self.target()?) {
            (FinishedPart::File { hidden, visible }, Target::Disk { disk, folder, .. }) => {
                match disk.rename(hidden, visible) {
                    Ok(()) => {}
                    // Committed before; perhaps not durably.
                    Err(error) if error.is_not_found() && disk.exists(visible).map_err(|error| failed(&error))? => {}
                    Err(error) => return Err(failed(&error)),
                }
                sync_folders(disk, folder, visible.parent().unwrap_or(Path::new("."))).map_err(|error| failed(&error))
            }
            (FinishedPart::Upload { name, id, parts }, Target::Store { store, .. }) => {
                upload::complete(store, name, id, parts)
            }
            (part, _) => Err(moved(part)),
        }
    }

    fn commit_parts(&self, items: &[Item]) -> Result<(), ConnectorError> {
        for item in items {
            if let Item::Part { part, .. } = item {
                self.commit_part(part)?;
            }
        }
        Ok(())
    }

    fn discard_part(&self, part: &FinishedPart) -> Result<(), ConnectorError> {
        match (part, self.target()?) {
            (FinishedPart::File { hidden, .. }, Target::Disk { disk, .. }) => match disk.remove_file(hidden) {
                Err(error) if !error.is_not_found() => Err(failed(&error)),
                _ => Ok(()),
            },
            (FinishedPart::Upload { name, id, .. }, Target::Store { store, .. }) => match store.head(name) {
                // A completed one stays.
                Ok(_) => Ok(()),
                Err(error) if error.is_not_found() => upload::abort(store, name, id),
                Err(error) => Err(store_error(&error)),
            },
            (part, _) => Err(moved(part)),
        }
    }
}

fn moved(part: &FinishedPart) -> ConnectorError {
    let what = match part {
        FinishedPart::File { visible, .. } => visible.display().to_string(),
        FinishedPart::Upload { name, .. } => name.to_string(),
    };
    ConnectorError::new(format!(
        "the part file {what} was written when the table was elsewhere: its 'path' has changed"
    ))
}

fn items(committables: &[Committable]) -> Result<Vec<Item>, ConnectorError> {
    committables.iter().map(Item::from_committable).collect()
}

impl Committer for FileCommitter {
    fn commit(&mut self, committables: &[Committable]) -> Result<(), ConnectorError> {
        let items = items(committables)?;
        if let Some(marker) = &self.marker {
            let mut begun: BTreeMap<&str, i64> = BTreeMap::new();
            for item in &items {
                if let Item::Part { partition, begun_ms, .. } = item {
                    let first_ms = begun.entry(partition).or_insert(*begun_ms);
                    *first_ms = (*first_ms).min(*begun_ms);
                }
            }
            marker.note(&begun)?;
        }
        match &self.compactor {
            Some(compactor) => compactor.commit(&items)?,
            None => self.commit_parts(&items)?,
        }
        match (&self.marker, progress_of(&items)) {
            (Some(marker), Some(progress)) => marker.mark_due(&progress),
            _ => Ok(()),
        }
    }

    fn discard(&mut self, committables: &[Committable]) -> Result<(), ConnectorError> {
        for item in items(committables)? {
            if let Item::Part { part, .. } = item {
                self.discard_part(&part)?;
            }
        }
        Ok(())
    }
}
