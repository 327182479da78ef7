//! Flink's own tests and answers, where their data is at hand: the folder that `FLOTT_CONFORMANCE` names, or `../shared` beside the
//! repository.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

mod expected;
mod nexmark;

use std::path::{Path, PathBuf};

/// The repository's root folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder beside the repository, if it is there; says aloud if it is not.
fn shared(folder: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(folder);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no {folder} at {}", path.display());
    None
}
