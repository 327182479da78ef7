//! All rows of a partition in their order: for inputs that retract, and for ranks with ties.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};

use flott_state::encoding::{read_length, write_length};
use flott_state::schema::MapRow;
use flott_state::{DecodeError, HoldsRows, StateError, StateValue};

use super::emission::Emission;
use crate::row_output::RowOutput;

/// A sort key and when the row arrived among those of its partition.
type Place = (Box<[u8]>, u64);

/// Rows by sort key, then by arrival.
#[derive(Debug, Default)]
pub(super) struct FullRows {
    rows: BTreeMap<Place, Box<[u8]>>,
    next: u64,
}

impl FullRows {
    /// Whether there is no row.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Sort keys and rows, best first.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.rows.iter().map(|((sort, _), row)| (&sort[..], &row[..]))
    }

    /// Adds a row without emitting anything.
    pub(super) fn push(&mut self, sort: &[u8], row: &[u8]) {
        self.rows.insert((sort.into(), self.next), row.into());
        self.next += 1;
    }

    /// How many rows come before this place, counted up to `limit`.
    fn index_before(&self, place: &Place, limit: usize) -> usize {
        self.rows.range((Unbounded, Excluded(place))).take(limit).count()
    }

    fn after<'a>(&'a self, place: &Place) -> impl Iterator<Item = &'a [u8]> {
        self.rows.range((Excluded(place), Unbounded)).map(|(_, row)| &row[..])
    }

    /// Adds a row.
    pub(super) fn insert(&mut self, sort: &[u8], row: &[u8], emission: &Emission, out: &mut RowOutput) {
        let place: Place = (sort.into(), self.next);
        let index = self.index_before(&place, emission.end);
        emission.insert(out, row, index, self.after(&place));
        self.rows.insert(place, row.into());
        self.next += 1;
    }

    /// Takes away the first row of this content; nothing if there is none.
    pub(super) fn remove(&mut self, sort: &[u8], row: &[u8], emission: &Emission, out: &mut RowOutput) {
        let (first, last): (Place, Place) = ((sort.into(), 0), (sort.into(), u64::MAX));
        let mut same_key = self.rows.range((Included(&first), Included(&last)));
        let Some(place) = same_key.find(|(_, candidate)| ***candidate == *row).map(|(place, _)| place.clone()) else {
            return;
        };
        let index = self.index_before(&place, emission.end);
        emission.remove(out, row, index, self.after(&place));
        self.rows.remove(&place);
    }
}

impl HoldsRows for FullRows {
    fn map_rows(&mut self, map: MapRow<'_>) -> Result<(), StateError> {
        for row in self.rows.values_mut() {
            *row = map(row)?.into();
        }
        Ok(())
    }
}

impl StateValue for FullRows {
    fn encode(&self, out: &mut Vec<u8>) {
        self.next.encode(out);
        write_length(out, self.rows.len() as u64);
        for ((sort, arrival), row) in &self.rows {
            write_length(out, sort.len() as u64);
            out.extend_from_slice(sort);
            arrival.encode(out);
            write_length(out, row.len() as u64);
            out.extend_from_slice(row);
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let next = u64::decode(bytes)?;
        let mut rows = BTreeMap::new();
        for _ in 0..read_length(bytes)? {
            let sort = Vec::decode(bytes)?.into_boxed_slice();
            let arrival = u64::decode(bytes)?;
            rows.insert((sort, arrival), Vec::decode(bytes)?.into_boxed_slice());
        }
        Ok(FullRows { rows, next })
    }
}
