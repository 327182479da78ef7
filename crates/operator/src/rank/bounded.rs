//! The best rows of a partition, no more than the Top-N needs: for inputs that only insert or improve.

use flott_state::encoding::{read_length, write_length};
use flott_state::schema::MapRow;
use flott_state::{DecodeError, HoldsRows, StateError, StateValue};

use super::emission::Emission;
use crate::row_output::RowOutput;

#[derive(Debug)]
struct Ranked {
    sort: Box<[u8]>,
    /// The row's unique key, where rows are updated by it.
    id: Box<[u8]>,
    row: Box<[u8]>,
}

/// Rows by sort key, then by arrival; at most as many as the last wanted rank.
#[derive(Debug, Default)]
pub(super) struct BoundedRows {
    rows: Vec<Ranked>,
}

/// An arrived row.
#[derive(Clone, Copy)]
pub(super) struct Arrived<'a> {
    pub(super) sort: &'a [u8],
    pub(super) id: &'a [u8],
    pub(super) row: &'a [u8],
}

impl Arrived<'_> {
    fn to_ranked(self) -> Ranked {
        Ranked { sort: self.sort.into(), id: self.id.into(), row: self.row.into() }
    }
}

impl BoundedRows {
    /// The rows, best first.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.rows.iter().map(|ranked| &ranked.row[..])
    }

    /// Adds a row if it is among the best.
    pub(super) fn insert(&mut self, arrived: Arrived<'_>, emission: &Emission, out: &mut RowOutput) {
        let index = self.rows.partition_point(|ranked| *ranked.sort <= *arrived.sort);
        if index >= emission.end {
            return;
        }
        emission.insert(out, arrived.row, index, self.rows[index..].iter().map(|ranked| &ranked.row[..]));
        self.rows.insert(index, arrived.to_ranked());
        self.rows.truncate(emission.end);
    }

    /// Adds a row without emitting anything.
    pub(super) fn insert_silently(&mut self, arrived: Arrived<'_>, end: usize) {
        let index = self.rows.partition_point(|ranked| *ranked.sort <= *arrived.sort);
        if index < end {
            self.rows.insert(index, arrived.to_ranked());
            self.rows.truncate(end);
        }
    }

    /// Adds a row or replaces the one of its unique key.
    pub(super) fn upsert(&mut self, arrived: Arrived<'_>, emission: &Emission, out: &mut RowOutput) {
        let Some(from) = self.rows.iter().position(|ranked| *ranked.id == *arrived.id) else {
            return self.insert(arrived, emission, out);
        };
        if *self.rows[from].sort == *arrived.sort {
            emission.replace(out, (&self.rows[from].row, from), (arrived.row, from), &[]);
            self.rows[from].row = arrived.row.into();
            return;
        }
        let old = self.rows.remove(from);
        let to = self.rows.partition_point(|ranked| *ranked.sort <= *arrived.sort);
        let between: Vec<&[u8]> = self.rows[from.min(to)..from.max(to)].iter().map(|ranked| &ranked.row[..]).collect();
        emission.replace(out, (&old.row, from), (arrived.row, to), &between);
        self.rows.insert(to, arrived.to_ranked());
    }
}

impl HoldsRows for BoundedRows {
    fn map_rows(&mut self, map: MapRow<'_>) -> Result<(), StateError> {
        for ranked in &mut self.rows {
            ranked.row = map(&ranked.row)?.into();
        }
        Ok(())
    }
}

impl StateValue for BoundedRows {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.rows.len() as u64);
        for ranked in &self.rows {
            for part in [&ranked.sort, &ranked.id, &ranked.row] {
                write_length(out, part.len() as u64);
                out.extend_from_slice(part);
            }
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut rows = Vec::new();
        for _ in 0..read_length(bytes)? {
            let mut part = || Vec::decode(bytes).map(Vec::into_boxed_slice);
            rows.push(Ranked { sort: part()?, id: part()?, row: part()? });
        }
        Ok(BoundedRows { rows })
    }
}
