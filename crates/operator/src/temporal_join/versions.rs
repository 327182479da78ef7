//! The versions of one row of a table, by the time from which each is valid.

use std::collections::BTreeMap;

use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

/// Versions by time; `None` from when on the row is deleted.
#[derive(Debug, Default)]
pub(super) struct Versions(BTreeMap<i64, Option<Vec<u8>>>);

impl Versions {
    /// A version from a time on; it replaces one of the same time.
    pub(super) fn put(&mut self, time_ms: i64, row: Option<Vec<u8>>) {
        self.0.insert(time_ms, row);
    }

    /// The row at a time.
    pub(super) fn at(&self, time_ms: i64) -> Option<&[u8]> {
        self.0.range(..=time_ms).next_back().and_then(|(_, row)| row.as_deref())
    }

    /// Forgets what is not valid at this time or later; true if nothing but a deletion is left.
    pub(super) fn forget_before(&mut self, time_ms: i64) -> bool {
        if let Some(valid_ms) = self.0.range(..=time_ms).next_back().map(|(valid_ms, _)| *valid_ms) {
            self.0 = self.0.split_off(&valid_ms);
        }
        self.0.len() == 1 && self.0.first_key_value().is_some_and(|(at_ms, row)| row.is_none() && *at_ms <= time_ms)
    }
}

impl StateValue for Versions {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.0.len() as u64);
        for (time_ms, row) in &self.0 {
            time_ms.encode(out);
            row.encode(out);
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut versions = Versions::default();
        for _ in 0..read_length(bytes)? {
            let time_ms = i64::decode(bytes)?;
            versions.put(time_ms, Option::decode(bytes)?);
        }
        Ok(versions)
    }
}
