//! How long state lives.

use crate::expiry::Stamped;

/// How long state lives, by processing time. Expired state is never seen, and goes away in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl {
    /// Milliseconds after which it has expired.
    pub ttl_ms: i64,
    /// From when they are counted.
    pub refresh: Refresh,
}

/// From when the life of state is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// From when it was created or written the last time.
    OnCreateAndWrite,
    /// Also from when it was read.
    OnReadAndWrite,
}

impl Ttl {
    /// A life from the last write on.
    ///
    /// # Panics
    /// If the time is not positive: a fault of the function.
    pub fn after_write(ttl_ms: i64) -> Self {
        assert!(ttl_ms > 0, "state lives for some time");
        Ttl { ttl_ms, refresh: Refresh::OnCreateAndWrite }
    }

    /// A life from the last read or write on.
    ///
    /// # Panics
    /// As [`Self::after_write`].
    pub fn after_use(ttl_ms: i64) -> Self {
        Ttl { refresh: Refresh::OnReadAndWrite, ..Ttl::after_write(ttl_ms) }
    }

    /// What was written at this time or before has expired.
    pub(super) fn expired_until_ms(self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(self.ttl_ms)
    }
}

/// State whose parts know when they were written. Encodings begin with the latest of these times.
pub(super) trait Expiring {
    /// Drops what was written at this time or before; false if nothing is left.
    fn keep_after(&mut self, until_ms: i64) -> bool;
}

impl<V> Expiring for Stamped<V> {
    fn keep_after(&mut self, until_ms: i64) -> bool {
        self.written_ms > until_ms
    }
}
