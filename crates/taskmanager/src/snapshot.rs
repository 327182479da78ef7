//! A job's snapshot: everything from which it goes on, also with another parallelism.

use std::collections::{BTreeMap, BTreeSet};

use flott_connector::{Committable, Split};
use flott_state::encoding::{read_length, take, write_length};
use flott_state::{DecodeError, OperatorSnapshot, StateValue};

use crate::limits::JOB_SNAPSHOT_VERSION;

/// A consistent cut through a whole job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobSnapshot {
    /// The checkpoint's number.
    pub checkpoint_id: u64,
    /// Key groups of the job; a restored job has as many.
    pub max_parallelism: u32,
    /// Operator uid to one encoded [`OperatorSnapshot`] per former subtask.
    pub operators: BTreeMap<String, Vec<Vec<u8>>>,
    /// Source uid to what it has read and dealt out.
    pub sources: BTreeMap<String, SourceSnapshot>,
    /// Sink uid to what is committed with this snapshot; committed again on restore, which changes nothing if it was committed.
    pub committables: BTreeMap<String, Vec<Committable>>,
    /// Uids of the first operators of vertices that had ended altogether.
    pub finished: BTreeSet<String>,
    /// Where it lies, for people; empty if it is kept in memory. No part of its bytes.
    pub path: String,
}

/// A source's part of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceSnapshot {
    /// The enumerator's own encoding.
    pub enumerator: Vec<u8>,
    /// Splits to be read, with their positions.
    pub splits: Vec<Split>,
}

impl JobSnapshot {
    /// The snapshot as bytes, with its version in front.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = JOB_SNAPSHOT_VERSION.to_le_bytes().to_vec();
        write_length(&mut out, self.checkpoint_id);
        write_length(&mut out, u64::from(self.max_parallelism));
        write_length(&mut out, self.operators.len() as u64);
        for (uid, subtasks) in &self.operators {
            uid.encode(&mut out);
            write_length(&mut out, subtasks.len() as u64);
            subtasks.iter().for_each(|bytes| bytes.encode(&mut out));
        }
        write_length(&mut out, self.sources.len() as u64);
        for (uid, source) in &self.sources {
            uid.encode(&mut out);
            source.enumerator.encode(&mut out);
            write_length(&mut out, source.splits.len() as u64);
            for split in &source.splits {
                split.id.encode(&mut out);
                split.state.encode(&mut out);
            }
        }
        write_length(&mut out, self.committables.len() as u64);
        for (uid, committables) in &self.committables {
            uid.encode(&mut out);
            write_length(&mut out, committables.len() as u64);
            committables.iter().for_each(|committable| committable.state.encode(&mut out));
        }
        write_length(&mut out, self.finished.len() as u64);
        self.finished.iter().for_each(|uid| uid.encode(&mut out));
        out
    }

    /// The snapshot of bytes.
    ///
    /// # Errors
    /// If the bytes are no snapshot of a known version.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, DecodeError> {
        let input = &mut bytes;
        let version = take(input, 4)?;
        if version != JOB_SNAPSHOT_VERSION.to_le_bytes() {
            return Err(DecodeError(format!("job snapshot version {version:?} is not known")));
        }
        let snapshot = JobSnapshot {
            checkpoint_id: read_length(input)?,
            max_parallelism: read_length(input)? as u32,
            operators: read_map(input, |input| read_list(input, Vec::decode))?,
            sources: read_map(input, read_source)?,
            committables: read_map(input, |input| {
                read_list(input, |input| Ok(Committable { state: Vec::decode(input)? }))
            })?,
            finished: read_list(input, String::decode)?.into_iter().collect(),
            path: String::new(),
        };
        if input.is_empty() { Ok(snapshot) } else { Err(DecodeError(format!("{} bytes too many", input.len()))) }
    }

    /// The decoded snapshots of all operators.
    ///
    /// # Errors
    /// If one cannot be read.
    pub(crate) fn decoded_operators(&self) -> Result<BTreeMap<String, Vec<OperatorSnapshot>>, DecodeError> {
        let decoded = self.operators.iter().map(|(uid, subtasks)| {
            let subtasks: Result<_, DecodeError> =
                subtasks.iter().map(|bytes| OperatorSnapshot::from_bytes(bytes)).collect();
            Ok((uid.clone(), subtasks?))
        });
        decoded.collect()
    }
}

fn read_list<T>(
    input: &mut &[u8],
    mut read: impl FnMut(&mut &[u8]) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = read_length(input)?;
    (0..count).map(|_| read(input)).collect()
}

fn read_map<T>(
    input: &mut &[u8],
    mut read: impl FnMut(&mut &[u8]) -> Result<T, DecodeError>,
) -> Result<BTreeMap<String, T>, DecodeError> {
    let count = read_length(input)?;
    (0..count).map(|_| Ok((String::decode(input)?, read(input)?))).collect()
}

fn read_source(input: &mut &[u8]) -> Result<SourceSnapshot, DecodeError> {
    let enumerator = Vec::decode(input)?;
    let split = |input: &mut &[u8]| Ok(Split { id: String::decode(input)?, state: Vec::decode(input)? });
    Ok(SourceSnapshot { enumerator, splits: read_list(input, split)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_survives_its_bytes_and_foreign_bytes_are_refused() {
        let snapshot = JobSnapshot {
            checkpoint_id: 7,
            max_parallelism: 128,
            operators: BTreeMap::from([("sum".to_string(), vec![vec![1, 2], Vec::new()])]),
            sources: BTreeMap::from([(
                "orders".to_string(),
                SourceSnapshot { enumerator: vec![3], splits: vec![Split { id: "a".to_string(), state: vec![4, 5] }] },
            )]),
            committables: BTreeMap::from([("sink".to_string(), vec![Committable { state: vec![6] }])]),
            finished: BTreeSet::from(["other".to_string()]),
            path: String::new(),
        };
        let bytes = snapshot.to_bytes();
        assert_eq!(JobSnapshot::from_bytes(&bytes), Ok(snapshot));
        assert!(JobSnapshot::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        assert!(JobSnapshot::from_bytes(&[9, 0, 0, 0]).is_err());
    }
}
