//! What is said to the user beside results, on standard error.

use std::fmt::Display;
use std::io::Write;

/// Writes a line to standard error. Where nobody reads it any more, nothing is said: there is no other place to say so, and the job
/// must not end because of it.
pub fn notice(line: impl Display) {
    let written = writeln!(std::io::stderr(), "{line}");
    drop(written);
}
