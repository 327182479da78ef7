//! A store of runs: new ones are written whole, and some of a size are merged into one.
//!
//! Runs are ordered from the oldest to the newest. A new run is merged with those before it once enough of them are not larger than all
//! newer ones together, so that a run's size about doubles from merge to merge and their number grows with the logarithm of the state.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use flott_environment::DiskWrite;
use flott_record::KeyGroupRange;

use super::{ColdStore, DiskBackend, Found, MapValue, Wanted};
use crate::error::StateError;
use crate::limits::{FILTER_BITS_PER_KEY, MERGE_RUNS_MIN, RUN_READ_AHEAD_BYTES, RUNS_MAX, SHARE_OF_RUN_IN_MERGE};
use crate::run::{
    Merge, Run, RunBody, RunFacts, RunFile, RunId, RunOptions, RunRef, RunWriter, find_in_block, key_hash,
};
use crate::snapshot::{Entries, open_run};

type FileWriter = RunWriter<BufWriter<Box<dyn DiskWrite>>>;

struct StoredRun {
    id: RunId,
    path: PathBuf,
    facts: RunFacts,
    run: Arc<Run>,
}

/// A merge that goes on in steps.
struct Merging {
    /// Where the merged runs are among all.
    first: usize,
    count: usize,
    id: RunId,
    path: PathBuf,
    merge: Merge,
    writer: FileWriter,
}

/// Entries in runs on local disk.
pub struct DiskRuns {
    backend: DiskBackend,
    runs: Vec<StoredRun>,
    merging: Option<Merging>,
    key_groups: KeyGroupRange,
    expired_until_ms: Option<i64>,
    block: Vec<u8>,
    key: Vec<u8>,
}

impl DiskRuns {
    /// No entries.
    ///
    /// # Errors
    /// Where the directory cannot be made.
    pub fn new(backend: DiskBackend) -> Result<Self, StateError> {
        backend.disk.create_dir_all(&backend.directory)?;
        let key_groups = KeyGroupRange { start: 0, end: backend.max_parallelism };
        let (block, key) = (Vec::new(), Vec::new());
        Ok(DiskRuns { backend, runs: Vec::new(), merging: None, key_groups, expired_until_ms: None, block, key })
    }

    fn next_file(&self, entries_max: u64) -> Result<(RunId, PathBuf, FileWriter), StateError> {
        let (id, path) = self.backend.next_file();
        let file = BufWriter::with_capacity(RUN_READ_AHEAD_BYTES, self.backend.disk.create(&path)?);
        let options = RunOptions { entries_max, filter_bits_per_key: FILTER_BITS_PER_KEY };
        Ok((id, path, RunWriter::new(file, options)?))
    }

    fn finished(&self, id: RunId, path: PathBuf, writer: FileWriter) -> Result<StoredRun, StateError> {
        let (mut file, facts) = writer.finish()?;
        file.flush()?;
        let run = Arc::new(Run::open(Arc::new(RunFile::open(&self.backend.disk, &path)?))?);
        Ok(StoredRun { id, path, facts, run })
    }

    /// Begins a merge if one is due: the newest runs, as long as each is not larger than all newer ones together.
    fn begin_merge(&mut self) -> Result<(), StateError> {
        let count = due(self.runs.iter().rev().map(|run| run.facts.bytes));
        if count < 2 {
            return Ok(());
        }
        let first = self.runs.len() - count;
        let merged = &self.runs[first..];
        let entries_max = merged.iter().map(|run| run.facts.entries).sum();
        let key_groups = self.key_groups;
        let merge = Merge::new(merged.iter().map(|run| (run.run.clone(), key_groups)), first > 0)?;
        let (id, path, writer) = self.next_file(entries_max)?;
        self.merging = Some(Merging { first, count, id, path, merge, writer });
        Ok(())
    }

    /// Goes on with a merge; true if it is done.
    fn step_merge(&mut self, bytes: u64) -> Result<bool, StateError> {
        let Some(merging) = &mut self.merging else { return Ok(true) };
        let until = merging.writer.written_bytes() + bytes;
        while let Some((key, value)) = merging.merge.entry() {
            if merging.writer.written_bytes() >= until {
                return Ok(false);
            }
            if !value.is_some_and(|value| is_expired(value, self.expired_until_ms)) {
                merging.writer.push(key, value)?;
            }
            merging.merge.advance()?;
        }
        let Some(Merging { first, count, id, path, merge, writer }) = self.merging.take() else { return Ok(true) };
        drop(merge);
        let stored = self.finished(id, path, writer)?;
        let old: Vec<StoredRun> = self.runs.splice(first..first + count, [stored]).collect();
        for run in old {
            self.backend.disk.remove_file(&run.path)?;
        }
        Ok(true)
    }
}

/// Whether a stamped value has expired.
fn is_expired(value: &[u8], until_ms: Option<i64>) -> bool {
    let stamp = value.first_chunk::<8>().map(|stamp| i64::from_le_bytes(*stamp));
    until_ms.zip(stamp).is_some_and(|(until_ms, stamp)| stamp <= until_ms)
}

/// How many of the newest runs, given newest first by size, are to be merged; 0 for none.
fn due(sizes: impl ExactSizeIterator<Item = u64>) -> usize {
    let all = sizes.len();
    let (mut count, mut sum) = (0, 0);
    for size in sizes {
        let is_small = count == 0 || size <= sum * SHARE_OF_RUN_IN_MERGE;
        if !is_small && (count >= MERGE_RUNS_MIN || all <= RUNS_MAX) {
            break;
        }
        sum += size;
        count += 1;
    }
    if count >= MERGE_RUNS_MIN { count } else { 0 }
}

impl ColdStore for DiskRuns {
    fn get_many(&mut self, wanted: &Wanted, found: Found<'_>) -> Result<(), StateError> {
        let hashes: Vec<u64> = (0..wanted.len()).map(|index| key_hash(wanted.run_key(index))).collect();
        let mut left: Vec<u32> = (0..wanted.len() as u32).collect();
        for stored in self.runs.iter().rev() {
            let mut in_buffer = None;
            let mut missed = Vec::with_capacity(left.len());
            for index in left {
                let key = wanted.run_key(index as usize);
                let block = Some(index).filter(|index| stored.run.may_contain(hashes[*index as usize]));
                let Some(block) = block.and_then(|_| stored.run.block_of(key)) else {
                    missed.push(index);
                    continue;
                };
                if in_buffer != Some(block) {
                    stored.run.read_block(block, &mut self.block)?;
                    in_buffer = Some(block);
                }
                match find_in_block(&self.block, key, &mut self.key)? {
                    None => missed.push(index),
                    Some(None) => {}
                    Some(Some(value)) => found(index as usize, value)?,
                }
            }
            left = missed;
        }
        Ok(())
    }

    fn apply(&mut self, entries: &Entries) -> Result<(), StateError> {
        let (id, path, mut writer) = self.next_file(entries.count())?;
        entries.write_to(&mut writer, &id)?;
        let stored = self.finished(id, path, writer)?;
        self.runs.push(stored);
        Ok(())
    }

    fn ingest(
        &mut self,
        runs: &[RunRef],
        key_groups: KeyGroupRange,
        mut map: Option<MapValue<'_>>,
    ) -> Result<(), StateError> {
        let mut opened = Vec::with_capacity(runs.len());
        for run in runs {
            let start = run.key_groups.start.max(key_groups.start);
            let end = run.key_groups.end.min(key_groups.end);
            if start < end {
                opened.push((Arc::new(open_run(run)?), KeyGroupRange { start, end }));
            }
        }
        let entries_max = opened.iter().map(|(run, _)| run.entries()).sum();
        let mut merge = Merge::new(opened.into_iter(), false)?;
        if merge.entry().is_none() {
            return Ok(());
        }
        let (id, path, mut writer) = self.next_file(entries_max)?;
        let mut mapped = Vec::new();
        while let Some((key, value)) = merge.entry() {
            match (&mut map, value) {
                (Some(map), Some(value)) => {
                    mapped.clear();
                    map(value, &mut mapped)?;
                    writer.push(key, Some(&mapped))?;
                }
                _ => writer.push(key, value)?,
            }
            merge.advance()?;
        }
        let stored = self.finished(id, path, writer)?;
        self.runs.push(stored);
        Ok(())
    }

    fn work(&mut self, bytes: u64) -> Result<(), StateError> {
        if self.merging.is_none() {
            self.begin_merge()?;
        }
        let bytes = if self.runs.len() > RUNS_MAX { u64::MAX / 2 } else { bytes };
        self.step_merge(bytes)?;
        Ok(())
    }

    fn runs(&self) -> Vec<RunRef> {
        let reference = |stored: &StoredRun| RunRef {
            id: stored.id.clone(),
            key_groups: self.key_groups,
            facts: stored.facts,
            body: RunBody::Source(stored.run.source().clone()),
        };
        self.runs.iter().map(reference).collect()
    }

    fn keep_range(&mut self, key_groups: KeyGroupRange) {
        self.key_groups = key_groups;
    }

    fn expire_stamped_until(&mut self, until_ms: i64) {
        self.expired_until_ms = Some(until_ms);
    }

    fn memory_bytes(&self) -> usize {
        self.runs.iter().map(|stored| stored.run.memory_bytes()).sum()
    }

    fn disk_bytes(&self) -> u64 {
        self.runs.iter().map(|stored| stored.facts.bytes).sum()
    }
}

/// Local files are of no use to anyone else.
impl Drop for DiskRuns {
    fn drop(&mut self) {
        let merging = self.merging.take().map(|merging| merging.path);
        for path in self.runs.drain(..).map(|stored| stored.path).chain(merging) {
            // The directory goes away with its task; a file that stays until then harms nobody.
            let _ = self.backend.disk.remove_file(&path);
        }
        // The directory of the operator and that of the run go with the last files in them.
        let directory = &self.backend.directory;
        for directory in [Some(directory.as_path()), directory.parent()].into_iter().flatten() {
            if self.backend.disk.remove_dir(directory).is_err() {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use flott_environment::{Clock, MemoryDisk};

    use super::*;
    use crate::disk::MemoryBudget;
    use crate::encoding::StateValue;

    #[test]
    fn runs_of_a_size_are_merged_when_there_are_enough() {
        let due = |sizes: &[u64]| due(sizes.iter().copied());
        assert_eq!(due(&[]), 0);
        assert_eq!(due(&[1, 1, 1]), 0);
        assert_eq!(due(&[1, 1, 1, 1]), 4);
        assert_eq!(due(&[1, 1, 1, 1, 100]), 4);
        assert_eq!(due(&[1, 1, 1, 3, 100]), 4);
        assert_eq!(due(&[1, 4, 16, 64]), 0);
        assert!(due(&[1; 40]) >= 4);
        assert!(due(&(0..40).map(|index| 1 << index).collect::<Vec<u64>>()) >= 4);
    }

    #[test]
    fn merges_drop_what_has_expired_and_files_go_with_their_store() {
        let disk = MemoryDisk::new(Clock::real()).disk();
        let backend = DiskBackend::new(disk.clone(), "/state/a".into(), "a".to_string(), 128, MemoryBudget::new(1));
        let mut store = DiskRuns::new(backend).expect("a disk in memory");
        for round in 0..MERGE_RUNS_MIN as i64 {
            let mut entries = Entries::default();
            for key in 0..10u8 {
                entries.put(3, |out| out.extend([round as u8, key]), |out| (round * 100).encode(out));
            }
            store.apply(&entries).expect("a disk in memory");
        }
        store.expire_stamped_until(100);
        store.work(u64::MAX / 2).expect("a disk in memory");
        let entries: Vec<u64> = store.runs().iter().map(|run| run.facts.entries).collect();
        assert_eq!(entries, [20], "the first two rounds have expired");
        let files = |disk: &flott_environment::Disk| disk.list("/state/a".as_ref()).map_or(0, |files| files.len());
        assert_eq!(files(&disk), 1);
        drop(store);
        assert!(!disk.exists("/state/a".as_ref()).expect("a disk in memory"), "the directory goes, too");
    }
}
