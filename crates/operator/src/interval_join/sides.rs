//! The rows of one key of an interval join, by time and arrival.

use std::collections::BTreeMap;

use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

/// Time and arrival of a row.
pub(super) type Place = (i64, u64);

/// Whether the row has had a partner, and the row.
type Stored = (bool, Vec<u8>);

/// The rows of both sides.
#[derive(Debug, Default)]
pub(super) struct Sides {
    left: BTreeMap<Place, Stored>,
    right: BTreeMap<Place, Stored>,
}

impl Sides {
    fn side(&self, is_left: bool) -> &BTreeMap<Place, Stored> {
        if is_left { &self.left } else { &self.right }
    }

    fn side_mut(&mut self, is_left: bool) -> &mut BTreeMap<Place, Stored> {
        if is_left { &mut self.left } else { &mut self.right }
    }

    pub(super) fn insert(&mut self, is_left: bool, place: Place, matched: bool, row: Vec<u8>) {
        self.side_mut(is_left).insert(place, (matched, row));
    }

    /// The rows of a side between two times, both inclusive.
    pub(super) fn within(&self, is_left: bool, from_ms: i64, to_ms: i64) -> impl Iterator<Item = (Place, &[u8])> {
        // An interval that ends before it begins has no rows.
        let range = (from_ms, 0)..=(to_ms.max(from_ms), if to_ms < from_ms { 0 } else { u64::MAX });
        let rows = self.side(is_left).range(range).filter(move |((time_ms, _), _)| *time_ms <= to_ms);
        rows.map(|(place, (_, row))| (*place, row.as_slice()))
    }

    /// Notes that a row has a partner.
    pub(super) fn mark(&mut self, is_left: bool, place: Place) {
        if let Some((matched, _)) = self.side_mut(is_left).get_mut(&place) {
            *matched = true;
        }
    }

    /// Takes away the rows of a side up to a time.
    pub(super) fn remove_before(&mut self, is_left: bool, until_ms: i64) -> impl Iterator<Item = Stored> + use<> {
        let side = self.side_mut(is_left);
        let kept = match until_ms.checked_add(1) {
            Some(first_ms) => side.split_off(&(first_ms, 0)),
            None => BTreeMap::new(),
        };
        std::mem::replace(side, kept).into_values()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty() && self.right.is_empty()
    }

    /// One more than the greatest arrival.
    pub(super) fn arrived(&self) -> u64 {
        let all = self.left.keys().chain(self.right.keys());
        all.map(|(_, arrived)| arrived + 1).max().unwrap_or(0)
    }
}

impl StateValue for Sides {
    fn encode(&self, out: &mut Vec<u8>) {
        for side in [&self.left, &self.right] {
            write_length(out, side.len() as u64);
            for ((time_ms, arrived), (matched, row)) in side {
                time_ms.encode(out);
                arrived.encode(out);
                matched.encode(out);
                row.encode(out);
            }
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut sides = Sides::default();
        for is_left in [true, false] {
            for _ in 0..read_length(bytes)? {
                let place = (i64::decode(bytes)?, u64::decode(bytes)?);
                sides.insert(is_left, place, bool::decode(bytes)?, Vec::decode(bytes)?);
            }
        }
        Ok(sides)
    }
}
