//! How a job takes its checkpoints.

use thiserror::Error;

use crate::alignment::AlignmentMode;
use crate::limits::ALIGNED_TIMEOUT_MS_DEFAULT;

/// Settings of one job that its subtasks need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointSettings {
    /// How barriers are aligned.
    pub alignment: AlignmentMode,
}

impl Default for CheckpointSettings {
    /// Aligned, and unaligned where that takes too long.
    fn default() -> Self {
        CheckpointSettings { alignment: AlignmentMode::Unaligned { timeout_ms: ALIGNED_TIMEOUT_MS_DEFAULT } }
    }
}

/// Options that exclude each other.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SettingsError {
    /// At least once, with unaligned checkpoints.
    #[error(
        "unaligned checkpoints (execution.checkpointing.unaligned.enabled) can only be used with \
         execution.checkpointing.mode EXACTLY_ONCE"
    )]
    UnalignedAtLeastOnce,
}

impl CheckpointSettings {
    /// What the options `execution.checkpointing.mode` (whether it is AT_LEAST_ONCE), `.unaligned.enabled` and
    /// `.aligned-checkpoint-timeout` (milliseconds) mean, each `None` where it is not set.
    ///
    /// # Errors
    /// If they exclude each other.
    pub fn of_options(
        at_least_once: bool,
        unaligned: Option<bool>,
        aligned_timeout_ms: Option<i64>,
    ) -> Result<Self, SettingsError> {
        let alignment = match (at_least_once, unaligned) {
            (true, Some(true)) => return Err(SettingsError::UnalignedAtLeastOnce),
            (true, _) => AlignmentMode::AtLeastOnce,
            (false, Some(false)) => AlignmentMode::Aligned,
            // Enabled by hand the timeout's default is Flink's: none.
            (false, Some(true)) => AlignmentMode::Unaligned { timeout_ms: aligned_timeout_ms.unwrap_or(0) },
            (false, None) => {
                AlignmentMode::Unaligned { timeout_ms: aligned_timeout_ms.unwrap_or(ALIGNED_TIMEOUT_MS_DEFAULT) }
            }
        };
        Ok(CheckpointSettings { alignment })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_say_how_barriers_are_aligned() {
        let alignment = |at_least_once, unaligned, timeout_ms| {
            CheckpointSettings::of_options(at_least_once, unaligned, timeout_ms).map(|settings| settings.alignment)
        };
        assert_eq!(alignment(false, Some(false), Some(5)), Ok(AlignmentMode::Aligned));
        assert_eq!(alignment(false, Some(true), None), Ok(AlignmentMode::Unaligned { timeout_ms: 0 }));
        assert_eq!(alignment(false, Some(true), Some(5)), Ok(AlignmentMode::Unaligned { timeout_ms: 5 }));
        assert_eq!(alignment(false, None, None), Ok(CheckpointSettings::default().alignment));
        assert_eq!(alignment(true, None, None), Ok(AlignmentMode::AtLeastOnce));
        assert_eq!(alignment(true, Some(true), None), Err(SettingsError::UnalignedAtLeastOnce));
    }
}
