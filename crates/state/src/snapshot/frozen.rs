//! State as it was at a barrier, to be encoded by any thread while its operator goes on.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use flott_record::KeyGroupRange;

use super::{KeyedSnapshot, OperatorSnapshot};
use crate::encoding::DecodeError;
use crate::error::StateError;
use crate::run::{Merge, Run, RunBody, RunFacts, RunId, RunOptions, RunRef, RunWriter, run_key};

const TOMBSTONE: u32 = 1 << 31;

/// About what a state's run occupies beside its entries: header, index, footer, reference.
const STATE_BYTES_LEAST: usize = 200;

/// Writes the content of a run and says what it was.
pub type Fill<'a> = &'a mut dyn FnMut(&mut dyn Write) -> Result<RunFacts, StateError>;

/// Where the runs of a snapshot are put.
pub trait RunStore {
    /// Puts a new run: `fill` writes its bytes, once or, if the store tries again, several times the same.
    ///
    /// # Errors
    /// Where the store or `fill` fails.
    fn put(&mut self, id: &RunId, fill: Fill<'_>) -> Result<(RunBody, RunFacts), StateError>;
}

/// Keeps runs in the snapshot itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct InlineRuns;

impl RunStore for InlineRuns {
    fn put(&mut self, _id: &RunId, fill: Fill<'_>) -> Result<(RunBody, RunFacts), StateError> {
        let mut bytes = Vec::new();
        let facts = fill(&mut bytes)?;
        Ok((RunBody::Inline(bytes.into()), facts))
    }
}

/// Entries as they were put, by key group, in no order.
///
/// ```text
/// entry   key's length, value's length or TOMBSTONE (u32 each), key, value
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Entries {
    /// By number; as long as the highest that has been put needs.
    groups: Vec<Vec<u8>>,
    pub(super) count: u64,
    pub(super) tombstones: u64,
    pub(super) bytes: usize,
    value_bytes: u64,
}

impl fmt::Debug for Entries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} entries of {} bytes", self.count, self.bytes)
    }
}

impl Entries {
    /// Adds an entry; the closures append key and value. Each key is added once.
    pub(crate) fn put(&mut self, group: u32, key: impl FnOnce(&mut Vec<u8>), value: impl FnOnce(&mut Vec<u8>)) {
        self.push(group, key, |out| {
            let start = out.len();
            value(out);
            let length = out.len() - start;
            assert!(length < TOMBSTONE as usize, "a value of state has less than 2 GB");
            length as u32
        });
    }

    /// Adds a tombstone.
    pub(crate) fn remove(&mut self, group: u32, key: impl FnOnce(&mut Vec<u8>)) {
        self.push(group, key, |_| TOMBSTONE);
        self.tombstones += 1;
    }

    fn push(&mut self, group: u32, key: impl FnOnce(&mut Vec<u8>), value: impl FnOnce(&mut Vec<u8>) -> u32) {
        if self.groups.len() <= group as usize {
            self.groups.resize_with(group as usize + 1, Vec::new);
        }
        let out = &mut self.groups[group as usize];
        let start = out.len();
        out.extend_from_slice(&[0; 8]);
        key(out);
        let key_length = (out.len() - start - 8) as u32;
        let value_length = value(out);
        out[start..start + 4].copy_from_slice(&key_length.to_le_bytes());
        out[start + 4..start + 8].copy_from_slice(&value_length.to_le_bytes());
        self.count += 1;
        self.bytes += out.len() - start;
        self.value_bytes += u64::from(value_length & !TOMBSTONE);
    }

    /// The least range that has all key groups of the entries.
    pub(super) fn key_groups(&self) -> Option<KeyGroupRange> {
        let first = self.groups.iter().position(|bytes| !bytes.is_empty())?;
        Some(KeyGroupRange { start: first as u32, end: self.groups.len() as u32 })
    }

    /// Bytes of all values.
    pub(crate) fn value_bytes(&self) -> u64 {
        self.value_bytes
    }

    /// Number of entries, tombstones included.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Writes all entries as a run.
    fn write(&self, out: &mut dyn Write, id: &RunId) -> Result<RunFacts, StateError> {
        let mut writer = RunWriter::new(out, RunOptions::default())?;
        self.write_to(&mut writer, id)?;
        Ok(writer.finish()?.1)
    }

    /// Adds all entries to a run.
    pub(crate) fn write_to<W: Write>(&self, writer: &mut RunWriter<W>, id: &RunId) -> Result<(), StateError> {
        let mut key_in_run = Vec::new();
        for (group, bytes) in self.groups.iter().enumerate() {
            let mut entries = split(bytes);
            entries.sort_unstable_by_key(|(key, _)| *key);
            if let Some(twice) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                let text = format!("run {id} would have the key {:?} twice", twice[0].0);
                return Err(DecodeError(text).into());
            }
            for (key, value) in entries {
                run_key(group as u32, key, &mut key_in_run);
                writer.push(&key_in_run, value)?;
            }
        }
        Ok(())
    }
}

/// The entries of a key group: key and value or tombstone.
fn split(bytes: &[u8]) -> Vec<(&[u8], Option<&[u8]>)> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let [key_length, value_length] =
            [0, 4].map(|at| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]));
        let (key, tail) = tail.split_at(key_length as usize);
        let (value, tail) = tail.split_at(if value_length == TOMBSTONE { 0 } else { value_length as usize });
        entries.push((key, (value_length != TOMBSTONE).then_some(value)));
        rest = tail;
    }
    entries
}

/// One keyed state at the barrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FrozenState {
    pub(super) run_id: RunId,
    pub(super) schema: Vec<u8>,
    /// Runs that are there already, oldest first.
    pub(super) layers: Vec<RunRef>,
    /// What lies above them.
    pub(super) entries: Entries,
    /// Whether all is written as one new run.
    merged: bool,
}

impl FrozenState {
    pub(super) fn new(run_id: RunId, merged: bool) -> Self {
        FrozenState { run_id, schema: Vec::new(), layers: Vec::new(), entries: Entries::default(), merged }
    }

    fn encode(self, store: &mut dyn RunStore) -> Result<KeyedSnapshot, StateError> {
        let FrozenState { run_id, schema, layers, entries, merged } = self;
        let key_groups = key_groups_of(&entries, &layers);
        let mut runs = Vec::new();
        if merged && !layers.is_empty() {
            let (body, facts) = merge(&run_id, &layers, &entries, store)?;
            runs.push(RunRef { id: run_id, key_groups, facts, body });
        } else {
            for mut run in layers {
                if let RunBody::Source(source) = &run.body {
                    (run.body, run.facts) = store.put(&run.id, &mut |out| copy(&**source, out, run.facts))?;
                }
                runs.push(run);
            }
            if entries.count > 0 {
                let (body, facts) = store.put(&run_id, &mut |out| entries.write(out, &run_id))?;
                runs.push(RunRef { id: run_id, key_groups, facts, body });
            }
        }
        Ok(KeyedSnapshot { schema, runs })
    }
}

/// The least range that has all key groups.
fn key_groups_of(entries: &Entries, layers: &[RunRef]) -> KeyGroupRange {
    let all = entries.key_groups().into_iter().chain(layers.iter().map(|run| run.key_groups));
    all.reduce(|one, other| KeyGroupRange { start: one.start.min(other.start), end: one.end.max(other.end) })
        .unwrap_or(KeyGroupRange { start: 0, end: 0 })
}

/// Writes layers and entries as one run without tombstones.
fn merge(
    run_id: &RunId,
    layers: &[RunRef],
    entries: &Entries,
    store: &mut dyn RunStore,
) -> Result<(RunBody, RunFacts), StateError> {
    let mut newest = Vec::new();
    entries.write(&mut newest, run_id)?;
    let mut runs = Vec::with_capacity(layers.len() + 1);
    for layer in layers {
        runs.push((Arc::new(open(layer)?), layer.key_groups));
    }
    let all = KeyGroupRange { start: 0, end: u32::from(u16::MAX) + 1 };
    runs.push((Arc::new(Run::open(Arc::new(Arc::<[u8]>::from(newest)))?), all));
    store.put(run_id, &mut |out| {
        let mut merge = Merge::new(runs.iter().cloned(), false)?;
        let mut writer = RunWriter::new(out, RunOptions::default())?;
        while let Some((key, value)) = merge.entry() {
            writer.push(key, value)?;
            merge.advance()?;
        }
        Ok(writer.finish()?.1)
    })
}

/// Opens a run that a snapshot names.
pub(crate) fn open(run: &RunRef) -> Result<Run, StateError> {
    match &run.body {
        RunBody::Inline(bytes) => Run::open(Arc::new(bytes.clone())),
        RunBody::Source(source) => Run::open(source.clone()),
        RunBody::Object(_) | RunBody::Earlier => {
            Err(StateError::Unsupported(format!("run {} is not here: its object has not been opened", run.id)))
        }
    }
}

/// Copies a run's bytes.
fn copy(source: &dyn crate::run::RunSource, out: &mut dyn Write, facts: RunFacts) -> Result<RunFacts, StateError> {
    let mut buffer = vec![0; crate::limits::RUN_READ_AHEAD_BYTES];
    let (mut at, length) = (0, source.len_bytes()?);
    let mut checksum = crc32fast::Hasher::new();
    while at < length {
        let count = buffer.len().min((length - at) as usize);
        source.read_at(at, &mut buffer[..count])?;
        checksum.update(&buffer[..count]);
        out.write_all(&buffer[..count])?;
        at += count as u64;
    }
    let checksum = checksum.finalize();
    if facts.checksum != checksum {
        return Err(
            DecodeError("a local run is damaged: its checksum is another than when it was written".into()).into()
        );
    }
    Ok(facts)
}

/// An operator's state at a barrier: holds no reference to live state, so that any thread may encode it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrozenSnapshot {
    pub(super) keyed: BTreeMap<String, FrozenState>,
    pub(super) lists: BTreeMap<String, Vec<Vec<u8>>>,
    pub(super) unions: BTreeMap<String, Vec<Vec<u8>>>,
}

impl FrozenSnapshot {
    /// Bytes that were copied at the barrier.
    pub fn copied_bytes(&self) -> usize {
        self.keyed.values().map(|state| state.entries.bytes).sum()
    }

    /// About how many bytes it becomes, files of the disk backend included.
    pub fn bytes_about(&self) -> u64 {
        let layers = self.keyed.values().flat_map(|state| &state.layers).map(|run| run.facts.bytes).sum::<u64>();
        let lists = self.lists.values().chain(self.unions.values()).flatten().map(|entry| entry.len() as u64);
        let states = (self.keyed.len() * STATE_BYTES_LEAST) as u64;
        self.copied_bytes() as u64 + layers + lists.sum::<u64>() + states
    }

    /// Sorts and encodes what was copied and puts the new runs into a store.
    ///
    /// # Errors
    /// Where the store fails, or local files cannot be read.
    pub fn encode(self, store: &mut dyn RunStore) -> Result<OperatorSnapshot, StateError> {
        let mut keyed = BTreeMap::new();
        for (name, state) in self.keyed {
            keyed.insert(name, state.encode(store)?);
        }
        Ok(OperatorSnapshot { keyed, lists: self.lists, unions: self.unions })
    }
}
