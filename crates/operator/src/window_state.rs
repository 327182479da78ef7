//! A state for each window, so that a checkpoint writes what has changed in a window, and nothing of a window that is over.

use flott_state::{DecodeError, SnapshotReader};

/// The name of a window's state: the state's, `@`, the end of the window in milliseconds.
pub(crate) fn window_state(state: &str, window_end_ms: i64) -> String {
    format!("{state}@{window_end_ms}")
}

/// The windows of which snapshots have something, with the names of their states.
///
/// # Errors
/// A name that no window has.
pub(crate) fn window_states<'a>(reader: &SnapshotReader<'a>, state: &str) -> Result<Vec<(i64, &'a str)>, DecodeError> {
    let prefix = format!("{state}@");
    let window = |name: &'a str| match name[prefix.len()..].parse() {
        Ok(window_end_ms) => Ok((window_end_ms, name)),
        Err(_) => Err(DecodeError(format!("{name} is not the state of a window"))),
    };
    reader.states_with_prefix(&prefix).into_iter().map(window).collect()
}
