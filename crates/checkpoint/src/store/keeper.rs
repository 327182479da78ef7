//! One attempt's hand on the checkpoints of its job: writes, resolves, points, deletes.

use std::collections::{BTreeMap, BTreeSet};

use flott_environment::{ObjectName, Store, StoreError};

use crate::coordinator::{Answer, PointerAnswer, Verdict};
use crate::layout::JobLayout;
use crate::metadata::Metadata;
use crate::store::pointer::Pointer;
use crate::store::{
    JobState, Located, PointerEntry, SnapshotReader, SnapshotWriter, StoreOpener, StoredFault, find_newest, sweep,
};

/// What becomes of a job's checkpoints when it ends (`execution.checkpointing.externalized-checkpoint-retention`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// They are kept if the job fails.
    DeleteOnCancellation,
    /// They are kept if the job fails or is cancelled.
    RetainOnCancellation,
    /// They are not kept.
    NotRetained,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnding {
    /// By itself, or with a savepoint.
    Finished,
    /// By a user's wish.
    Cancelled,
    /// By a failure that it was not restarted after.
    Failed,
}

impl Retention {
    /// Whether the checkpoints of a job that ended so are kept.
    pub fn keeps(self, ending: JobEnding) -> bool {
        match (self, ending) {
            (_, JobEnding::Finished) => false,
            (Retention::RetainOnCancellation, JobEnding::Cancelled | JobEnding::Failed) => true,
            (Retention::DeleteOnCancellation, JobEnding::Failed) => true,
            (Retention::DeleteOnCancellation, JobEnding::Cancelled) => false,
            (Retention::NotRetained, JobEnding::Cancelled | JobEnding::Failed) => false,
        }
    }
}

/// The hand. All calls block.
pub struct Keeper {
    layout: JobLayout,
    store: Store,
    reader: SnapshotReader,
    pointer: Pointer,
    /// Complete checkpoints, as the pointer names them.
    entries: BTreeMap<u64, PointerEntry>,
    /// What was written and is not complete yet, and who reads it.
    written: BTreeMap<u64, (Metadata, SnapshotReader)>,
}

impl Keeper {
    /// Takes the job's checkpoints over for a new attempt: its epoch is above all before, and the newest pointer says so. `writer` is a number that
    /// no other attempt has. Also returns the newest complete checkpoint and the greatest id that any attempt used.
    ///
    /// # Errors
    /// The fault of what is stored, or that the takeover did not succeed.
    pub fn take_over(
        store: Store,
        open: StoreOpener,
        layout: JobLayout,
        writer: u64,
    ) -> Result<(Self, Option<Located>, u64), StoredFault> {
        let reader = SnapshotReader::new(store.clone(), open);
        let newest = find_newest(&store, &layout)?;
        let (number, epoch) = newest.as_ref().map_or((0, 0), |(number, record)| (*number, record.epoch));
        let retained = match newest {
            Some((_, record)) if record.state == JobState::Ended => {
                return Err(StoredFault::Path(format!("the job {} has ended", layout.folder())));
            }
            Some((_, record)) => record.retained,
            None => Vec::new(),
        };
        let located = retained.last().map(|entry| reader.pointed_at(entry)).transpose()?;
        let mut pointer = Pointer::new(store.clone(), layout.clone(), (epoch + 1, writer), number);
        match pointer.advance(&pointer.record(JobState::Running, retained.clone())) {
            PointerAnswer::Moved => {}
            PointerAnswer::Failed(reason) | PointerAnswer::Unknown(reason) => {
                return Err(StoredFault::Path(format!("the job's checkpoints cannot be taken over: {reason}")));
            }
            PointerAnswer::Fenced(epoch) => {
                return Err(StoredFault::Path(format!("the job was taken over by another leader (epoch {epoch})")));
            }
        }
        let entries: BTreeMap<u64, PointerEntry> =
            retained.into_iter().map(|entry| (entry.checkpoint_id, entry)).collect();
        let listed = store.list(layout.folder()).map_err(StoredFault::Unreadable)?;
        let used_id = listed.iter().filter_map(|object| layout.written_for(&object.name)).max();
        let last_id = used_id.into_iter().chain(entries.keys().copied()).max().unwrap_or(0);
        let keeper = Keeper { layout, store, reader, pointer, entries, written: BTreeMap::new() };
        Ok((keeper, located, last_id))
    }

    /// The attempt's epoch.
    pub fn epoch(&self) -> u64 {
        self.pointer.epoch()
    }

    /// A reader of the checkpoints' store.
    pub fn reader(&self) -> &SnapshotReader {
        &self.reader
    }

    /// Owns a checkpoint of another job from now on; it lies in the same store.
    pub fn claim(&mut self, entry: PointerEntry) {
        self.entries.insert(entry.checkpoint_id, entry);
    }

    /// Writes metadata. `reader` reads where it is written.
    pub fn write(&mut self, writer: &SnapshotWriter, reader: &SnapshotReader, metadata: Metadata) -> Answer {
        let answer = writer.put_metadata(&metadata);
        self.written.insert(metadata.checkpoint_id, (metadata, reader.clone()));
        answer
    }

    /// Reads the metadata again and looks for all that it names.
    pub fn resolve(&self, checkpoint_id: u64) -> Verdict {
        match self.written.get(&checkpoint_id) {
            Some((metadata, reader)) => reader.verdict(metadata),
            None => Verdict::Absent,
        }
    }

    /// Names a checkpoint that was written and resolved as the newest, beside those of `retained` that are complete. Doing it again resolves an
    /// unclear answer.
    pub fn move_pointer(&mut self, checkpoint_id: u64, retained: &[u64]) -> PointerAnswer {
        let Some((metadata, _)) = self.written.get(&checkpoint_id) else {
            return PointerAnswer::Failed(format!("checkpoint {checkpoint_id} was not written"));
        };
        let bytes = metadata.to_bytes();
        let entry = PointerEntry {
            checkpoint_id,
            metadata: metadata.own_name.clone(),
            len_bytes: bytes.len() as u64,
            checksum: crate::checksum(&bytes),
        };
        let older = self.entries.values().filter(|older| retained.contains(&older.checkpoint_id));
        let older = older.filter(|older| older.checkpoint_id < checkpoint_id).cloned();
        let retained: Vec<PointerEntry> = older.chain([entry]).collect();
        let record = self.pointer.record(JobState::Running, retained);
        let answer = self.pointer.advance(&record);
        if answer == PointerAnswer::Moved {
            self.entries = record.retained.into_iter().map(|entry| (entry.checkpoint_id, entry)).collect();
            self.written.remove(&checkpoint_id);
        }
        answer
    }

    /// A checkpoint is given up, or a savepoint is complete.
    pub fn forget(&mut self, checkpoint_id: u64) {
        self.written.remove(&checkpoint_id);
    }

    /// Deletes objects in this order; stops at the first refusal, and the sweeper does the rest.
    ///
    /// # Errors
    /// The refusal.
    pub fn delete(&self, names: &[ObjectName]) -> Result<(), StoreError> {
        names.iter().try_for_each(|name| self.store.delete(name))
    }

    /// Deletes pointers that nobody needs any more.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn prune(&self) -> Result<(), StoreError> {
        self.pointer.prune()
    }

    /// Removes what dead attempts left; see [`sweep`].
    ///
    /// # Errors
    /// See there.
    pub fn sweep(
        &self,
        needed: &BTreeSet<ObjectName>,
        under_way: &BTreeSet<u64>,
        now_ms: i64,
        grace_ms: u64,
    ) -> Result<Vec<ObjectName>, StoredFault> {
        let Some((_, record)) = find_newest(&self.store, &self.layout)? else { return Ok(Vec::new()) };
        if record.epoch != self.pointer.epoch() {
            // Another leader sweeps.
            return Ok(Vec::new());
        }
        sweep(&self.reader, &self.store, &self.layout, &record, (needed, under_way), (now_ms, grace_ms))
    }

    /// The job has ended and its checkpoints are not kept: says so durably, then deletes all that belongs to the job.
    ///
    /// # Errors
    /// Why something was left.
    pub fn release(&mut self, claimed: &[ObjectName]) -> Result<(), String> {
        let listed = |folder: &str| self.store.list(folder).map_err(|error| error.to_string());
        let record = self.pointer.record(JobState::Ended, Vec::new());
        if !listed(self.layout.folder())?.is_empty() {
            match self.pointer.advance(&record) {
                PointerAnswer::Moved => {}
                PointerAnswer::Failed(reason) | PointerAnswer::Unknown(reason) => return Err(reason),
                PointerAnswer::Fenced(epoch) => return Err(format!("another leader has epoch {epoch}")),
            }
        }
        self.delete(claimed).map_err(|error| error.to_string())?;
        // Metadata before what it names; the pointers last, the one that says that the job has ended as the very last.
        let mut all: Vec<ObjectName> = self
            .store
            .list(self.layout.folder())
            .map_err(|error| error.to_string())?
            .into_iter()
            .map(|object| object.name)
            .collect();
        all.sort_by_key(|name| {
            let pointer = self.layout.pointer_number(name);
            (pointer, !name.as_str().ends_with(crate::layout::METADATA))
        });
        self.entries.clear();
        self.delete(&all).map_err(|error| error.to_string())
    }
}
