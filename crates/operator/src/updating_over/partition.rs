//! The rows of a partition in their order.

use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

/// A row.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) sort: Vec<u8>,
    pub(super) row: Vec<u8>,
    /// The accumulators of its frame.
    pub(super) state: Vec<u8>,
}

/// The rows by their sort keys, equal ones by arrival.
#[derive(Debug, Default)]
pub(super) struct Partition {
    pub(super) entries: Vec<Entry>,
}

impl Partition {
    /// Where rows of this sort key begin.
    pub(super) fn first_peer(&self, sort: &[u8]) -> usize {
        self.entries.partition_point(|entry| entry.sort.as_slice() < sort)
    }

    /// Where rows of this sort key end.
    pub(super) fn behind_peers(&self, sort: &[u8]) -> usize {
        self.entries.partition_point(|entry| entry.sort.as_slice() <= sort)
    }

    /// The earliest row that equals this one.
    pub(super) fn position_of(&self, sort: &[u8], row: &[u8]) -> Option<usize> {
        let (first, behind) = (self.first_peer(sort), self.behind_peers(sort));
        (first..behind).find(|at| self.entries[*at].row == row)
    }

    /// Where the peers of a row end.
    pub(super) fn group_end(&self, at: usize) -> usize {
        self.behind_peers(&self.entries[at].sort)
    }

    /// Where about `rows` rows from a position on end; peers stay together unless each row is alone.
    pub(super) fn block(&self, at: usize, rows: usize, by_row: bool) -> usize {
        let end = (at + rows).min(self.entries.len());
        if by_row { end } else { self.group_end(end - 1) }
    }
}

impl StateValue for Partition {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.entries.len() as u64);
        for entry in &self.entries {
            entry.sort.encode(out);
            entry.row.encode(out);
            entry.state.encode(out);
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let entry = |bytes: &mut &[u8]| {
            Ok(Entry { sort: Vec::decode(bytes)?, row: Vec::decode(bytes)?, state: Vec::decode(bytes)? })
        };
        let entries: Result<Vec<Entry>, DecodeError> = (0..read_length(bytes)?).map(|_| entry(bytes)).collect();
        Ok(Partition { entries: entries? })
    }
}
