//! State that goes away when it has not been written for a while (`table.exec.state.ttl`), by processing time.

use flott_state::schema::MapRow;
use flott_state::{DecodeError, HoldsRows, KeyedTable, StateError, StateValue};

use crate::limits::EXPIRY_SWEEP_KEYS_MIN;

/// A value and when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamped<V> {
    pub(crate) written_ms: i64,
    pub(crate) value: V,
}

impl<V: StateValue> StateValue for Stamped<V> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.written_ms.encode(out);
        self.value.encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(Stamped { written_ms: i64::decode(bytes)?, value: V::decode(bytes)? })
    }
}

impl<V: HoldsRows> HoldsRows for Stamped<V> {
    fn map_rows(&mut self, map: MapRow<'_>) -> Result<(), StateError> {
        self.value.map_rows(map)
    }
}

/// After which time values expire, and how far their removal has come.
#[derive(Debug)]
pub(crate) struct Expiry {
    ttl_ms: i64,
    cursor: usize,
}

impl Expiry {
    /// Values live this long after their last write; 0 = for ever.
    pub(crate) fn new(ttl_ms: i64) -> Self {
        Expiry { ttl_ms, cursor: 0 }
    }

    /// Whether values expire at all.
    pub(crate) fn is_enabled(&self) -> bool {
        self.ttl_ms > 0
    }

    /// Whether a value written at this time is still seen.
    pub(crate) fn is_live(&self, written_ms: i64, now_ms: i64) -> bool {
        self.ttl_ms <= 0 || now_ms.saturating_sub(written_ms) < self.ttl_ms
    }

    /// Removes expired values of some keys, so that in the long run all go away.
    pub(crate) fn sweep<V>(&mut self, table: &mut KeyedTable<Stamped<V>>, arrived_rows: usize, now_ms: i64) {
        if self.ttl_ms > 0 {
            let ttl_ms = self.ttl_ms;
            table.expire_stamped_until(now_ms.saturating_sub(ttl_ms));
            table.sweep(&mut self.cursor, EXPIRY_SWEEP_KEYS_MIN + arrived_rows, |stamped| {
                now_ms.saturating_sub(stamped.written_ms) < ttl_ms
            });
        }
    }
}
