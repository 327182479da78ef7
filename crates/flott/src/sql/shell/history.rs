//! Where the shell keeps what was typed, for the next time.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use reedline::FileBackedHistory;

/// Statements kept; the file stays small enough to be read at each start.
const HISTORY_STATEMENTS_MAX: usize = 2_000;

/// The file under the state directory of this user: `$XDG_STATE_HOME`, else `~/.local/state`; `None` if there is neither.
pub fn file() -> Option<PathBuf> {
    place(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))
}

fn place(state_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    // A relative path is to be ignored, says the XDG specification.
    let state = state_home.map(PathBuf::from).filter(|path| path.is_absolute());
    let beside_home =
        || home.map(PathBuf::from).filter(|path| path.is_absolute()).map(|path| path.join(".local/state"));
    Some(state.or_else(beside_home)?.join("flott").join("history"))
}

/// The history in this file; the file and its directory are created if need be.
///
/// # Errors
/// If the file cannot be read or created, with its path.
pub fn open(path: &Path) -> Result<FileBackedHistory, String> {
    FileBackedHistory::with_file(HISTORY_STATEMENTS_MAX, path.to_path_buf())
        .map_err(|error| format!("the history is not kept: {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(state: Option<&str>, home: Option<&str>) -> Option<String> {
        place(state.map(OsString::from), home.map(OsString::from)).map(|path| path.display().to_string())
    }

    #[test]
    fn the_state_directory_comes_first() {
        assert_eq!(of(Some("/s"), Some("/h")).as_deref(), Some("/s/flott/history"));
        assert_eq!(of(None, Some("/h")).as_deref(), Some("/h/.local/state/flott/history"));
        assert_eq!(of(Some(""), Some("/h")).as_deref(), Some("/h/.local/state/flott/history"));
        assert_eq!(of(Some("relative"), None), None);
    }
}
