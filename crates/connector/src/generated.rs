//! The enumerator of sources that make their rows: all splits are known from the start.

use crate::contract::ConnectorError;
use crate::source::{Enumerator, Split};

/// Gives a fixed set of splits once. A restored one gives none: what was dealt out lies with readers, the rest with the scheduler.
pub struct FixedEnumerator {
    splits: Vec<Split>,
}

impl FixedEnumerator {
    /// An enumerator of these splits.
    pub fn new(splits: Vec<Split>) -> Self {
        FixedEnumerator { splits }
    }
}

impl Enumerator for FixedEnumerator {
    fn discover(&mut self, _now_ms: i64) -> Result<Vec<Split>, ConnectorError> {
        Ok(std::mem::take(&mut self.splits))
    }

    fn next_discovery_ms(&self) -> Option<i64> {
        None
    }

    fn snapshot(&self) -> Vec<u8> {
        vec![u8::from(self.splits.is_empty())]
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), ConnectorError> {
        match snapshot {
            [0] => Ok(()),
            [1] => {
                self.splits.clear();
                Ok(())
            }
            _ => Err(ConnectorError::new("the snapshot of the enumerator cannot be read")),
        }
    }
}
