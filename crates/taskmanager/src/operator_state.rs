//! An operator's state on its way from a barrier to a store.

use flott_state::FrozenSnapshot;
use flott_state::snapshot::InlineRuns;

/// What an operator remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OperatorState {
    /// As it is stored.
    Encoded(Vec<u8>),
    /// As the barrier found it: whoever stores it encodes it, so that the slot's thread need not.
    Frozen(FrozenSnapshot),
}

impl OperatorState {
    /// About how many bytes it is as it is stored.
    pub(crate) fn bytes_about(&self) -> u64 {
        match self {
            OperatorState::Encoded(bytes) => bytes.len() as u64,
            OperatorState::Frozen(frozen) => frozen.bytes_about(),
        }
    }

    /// Its stored form.
    ///
    /// # Errors
    /// Local files of the state cannot be read.
    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, String> {
        match self {
            OperatorState::Encoded(bytes) => Ok(bytes),
            OperatorState::Frozen(frozen) => {
                let snapshot = frozen.encode(&mut InlineRuns).map_err(|error| error.to_string())?;
                Ok(snapshot.to_bytes())
            }
        }
    }
}
