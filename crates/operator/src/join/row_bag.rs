//! The rows of one join key, in order of arrival, in one allocation.
//!
//! ```text
//! entry   row length (u32)  [written_ms (i64) if rows expire]  [associations (u32) if the side is outer]
//!         [identity length (u32), identity if rows have a unique key]  row
//! ```
//!
//! The layout is part of snapshots; all numbers are little endian.

use flott_state::schema::MapRow;
use flott_state::{DecodeError, StateError, StateValue};

/// Which of the optional parts the entries of a side have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BagLayout {
    /// Rows expire, so each knows when it was written.
    pub(super) timed: bool,
    /// Each row knows with how many rows of the other side it is associated.
    pub(super) counted: bool,
    /// Each row is found by its unique key instead of by its content.
    pub(super) keyed: bool,
}

/// One row of a bag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    /// Where the entry begins; valid until the bag changes its rows.
    pub(super) offset: usize,
    /// When it was written; 0 if rows do not expire.
    pub(super) written_ms: i64,
    /// Rows of the other side that match; 0 if the side is not outer.
    pub(super) associations: u32,
    identity: &'a [u8],
    /// The encoded row.
    pub(super) row: &'a [u8],
    end: usize,
}

/// Rows of one key. An empty bag is not kept.
#[derive(Debug, Default)]
pub(super) struct RowBag {
    bytes: Vec<u8>,
}

impl BagLayout {
    const LENGTH_BYTES: usize = 4;

    fn associations_at(self) -> usize {
        Self::LENGTH_BYTES + if self.timed { 8 } else { 0 }
    }

    /// The layout as a byte.
    pub(super) fn flags(self) -> u8 {
        u8::from(self.timed) | u8::from(self.counted) << 1 | u8::from(self.keyed) << 2
    }

    fn head_bytes(self) -> usize {
        self.associations_at() + if self.counted { 4 } else { 0 } + if self.keyed { 4 } else { 0 }
    }
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

impl RowBag {
    /// Whether there is no row.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Appends a row.
    pub(super) fn push(&mut self, layout: BagLayout, identity: &[u8], row: &[u8], written_ms: i64, associations: u32) {
        self.bytes.extend_from_slice(&(row.len() as u32).to_le_bytes());
        if layout.timed {
            self.bytes.extend_from_slice(&written_ms.to_le_bytes());
        }
        if layout.counted {
            self.bytes.extend_from_slice(&associations.to_le_bytes());
        }
        if layout.keyed {
            self.bytes.extend_from_slice(&(identity.len() as u32).to_le_bytes());
            self.bytes.extend_from_slice(identity);
        }
        self.bytes.extend_from_slice(row);
    }

    /// The rows in order of arrival.
    pub(super) fn iter(&self, layout: BagLayout) -> impl Iterator<Item = Entry<'_>> {
        let mut offset = 0;
        std::iter::from_fn(move || {
            if offset >= self.bytes.len() {
                return None;
            }
            let entry = self.entry(layout, offset);
            offset = entry.end;
            Some(entry)
        })
    }

    fn entry(&self, layout: BagLayout, offset: usize) -> Entry<'_> {
        let bytes = &self.bytes[offset..];
        let row_bytes = read_u32(bytes, 0) as usize;
        let mut at = BagLayout::LENGTH_BYTES;
        let mut written_ms = 0;
        if layout.timed {
            written_ms = i64::from(read_u32(bytes, at)) | i64::from(read_u32(bytes, at + 4)) << 32;
            at += 8;
        }
        let mut associations = 0;
        if layout.counted {
            associations = read_u32(bytes, at);
            at += 4;
        }
        let mut identity: &[u8] = &[];
        if layout.keyed {
            let length = read_u32(bytes, at) as usize;
            identity = &bytes[at + 4..at + 4 + length];
            at += 4 + length;
        }
        Entry {
            offset,
            written_ms,
            associations,
            identity,
            row: &bytes[at..at + row_bytes],
            end: offset + at + row_bytes,
        }
    }

    /// Replaces the row of this unique key, or appends it.
    pub(super) fn put(&mut self, layout: BagLayout, identity: &[u8], row: &[u8], written_ms: i64, associations: u32) {
        self.remove(layout, identity, row);
        self.push(layout, identity, row, written_ms, associations);
    }

    /// Removes the first row of this unique key (without unique keys: of this content); nothing if there is none.
    pub(super) fn remove(&mut self, layout: BagLayout, identity: &[u8], row: &[u8]) {
        let same = |entry: &Entry<'_>| if layout.keyed { entry.identity == identity } else { entry.row == row };
        let found = self.iter(layout).find(same).map(|entry| entry.offset..entry.end);
        if let Some(range) = found {
            self.bytes.drain(range);
        }
    }

    /// The number of associations of the row at an offset, as of now.
    pub(super) fn associations(&self, layout: BagLayout, offset: usize) -> u32 {
        assert!(layout.counted, "only outer sides count associations");
        read_u32(&self.bytes, offset + layout.associations_at())
    }

    /// Sets the number of associations of the row at an offset, which counts as a write.
    pub(super) fn set_associations(&mut self, layout: BagLayout, offset: usize, associations: u32, now_ms: i64) {
        assert!(layout.counted, "only outer sides count associations");
        if layout.timed {
            let at = offset + BagLayout::LENGTH_BYTES;
            self.bytes[at..at + 8].copy_from_slice(&now_ms.to_le_bytes());
        }
        let at = offset + layout.associations_at();
        self.bytes[at..at + 4].copy_from_slice(&associations.to_le_bytes());
    }

    /// Removes the rows that were written at `until_ms` or before.
    pub(super) fn expire(&mut self, layout: BagLayout, until_ms: i64) {
        let expired = |entry: &Entry<'_>| entry.written_ms <= until_ms;
        if !self.iter(layout).any(|entry| expired(&entry)) {
            return;
        }
        let kept: Vec<std::ops::Range<usize>> =
            self.iter(layout).filter(|entry| !expired(entry)).map(|entry| entry.offset..entry.end).collect();
        self.bytes = kept.into_iter().flat_map(|range| &self.bytes[range]).copied().collect();
    }

    /// Replaces each row by what `map` makes of it.
    pub(super) fn map_rows(&mut self, layout: BagLayout, map: MapRow<'_>) -> Result<(), StateError> {
        let mut mapped = RowBag::default();
        for entry in self.iter(layout) {
            mapped.push(layout, entry.identity, &map(entry.row)?, entry.written_ms, entry.associations);
        }
        *self = mapped;
        Ok(())
    }

    /// Checks restored bytes, so that reading them never leaves the buffer.
    pub(super) fn check(&self, layout: BagLayout) -> Result<(), DecodeError> {
        let mut rest = self.bytes.as_slice();
        while !rest.is_empty() {
            let mut needed = layout.head_bytes();
            if rest.len() >= needed {
                needed += read_u32(rest, 0) as usize;
                if layout.keyed {
                    needed += read_u32(rest, layout.head_bytes() - 4) as usize;
                }
            }
            let cut = rest.split_at_checked(needed);
            rest = cut.ok_or_else(|| DecodeError("a row of a join's state is cut off".to_string()))?.1;
        }
        Ok(())
    }
}

impl StateValue for RowBag {
    fn encode(&self, out: &mut Vec<u8>) {
        self.bytes.encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(RowBag { bytes: Vec::decode(bytes)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contents(bag: &RowBag, layout: BagLayout) -> Vec<(Vec<u8>, i64, u32)> {
        bag.iter(layout).map(|entry| (entry.row.to_vec(), entry.written_ms, entry.associations)).collect()
    }

    proptest! {
        /// A bag behaves as a list of rows in every layout.
        #[test]
        fn is_a_list(timed: bool, counted: bool, keyed: bool, steps: Vec<(u8, u8, u8)>) {
            let layout = BagLayout { timed, counted, keyed };
            let mut bag = RowBag::default();
            let mut model: Vec<(u8, Vec<u8>, i64, u32)> = Vec::new();
            for (step, (action, id, length)) in steps.into_iter().enumerate() {
                let (id, row) = (id % 4, vec![id % 4; usize::from(length % 5)]);
                let found = model.iter().position(|entry| if keyed { entry.0 == id } else { entry.1 == row });
                if action % 3 == 0 {
                    found.map(|index| model.remove(index));
                    bag.remove(layout, &[id], &row);
                } else {
                    if keyed {
                        found.map(|index| model.remove(index));
                        bag.put(layout, &[id], &row, step as i64, 7);
                    } else {
                        bag.push(layout, &[id], &row, step as i64, 7);
                    }
                    model.push((id, row, step as i64, 7));
                }
            }
            bag.check(layout).expect("written by the bag");
            let (time, count) = (i64::from(timed), u32::from(counted));
            let wanted: Vec<_> = model.iter().map(|entry| (entry.1.clone(), entry.2 * time, entry.3 * count)).collect();
            prop_assert_eq!(contents(&bag, layout), wanted);
            if timed {
                bag.expire(layout, 5);
                prop_assert_eq!(bag.iter(layout).count(), model.iter().filter(|entry| entry.2 > 5).count());
            }
        }

        #[test]
        fn damaged_bytes_are_refused(bytes: Vec<u8>, timed: bool, counted: bool, keyed: bool) {
            let layout = BagLayout { timed, counted, keyed };
            let bag = RowBag { bytes };
            if bag.check(layout).is_ok() {
                bag.iter(layout).for_each(|entry| assert!(entry.end <= bag.bytes.len()));
            }
        }
    }
}
