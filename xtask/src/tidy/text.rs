//! Rules on a file as text: its length, its opening comment, words that must not occur, its name.

use super::Finding;

const FILE_LINES_MAX: usize = 1_000;

/// Names that explain nothing and attract everything.
const FORBIDDEN_NAMES: [&str; 9] = ["util", "utils", "common", "misc", "core", "types", "helper", "helpers", "shared"];

/// Checks one file.
pub(super) fn check(name: &str, source: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = source.lines().count();
    if lines > FILE_LINES_MAX {
        findings.push(Finding::new(name, format!("{lines} lines; at most {FILE_LINES_MAX}")));
    }
    let opening = source.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
    if !opening.is_some_and(|line| line.starts_with("//!")) {
        findings.push(Finding::new(name, "does not begin with //! saying why it exists"));
    }
    for part in name.split('/') {
        if FORBIDDEN_NAMES.contains(&part.trim_end_matches(".rs")) {
            findings.push(Finding::new(name, format!("the name '{part}' explains nothing")));
        }
    }
    // Written so that this file does not contain the words itself.
    for word in [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!("), concat!("#[", "ignore")] {
        for (number, line) in source.lines().enumerate().filter(|(_, line)| line.contains(word)) {
            if !line.trim_start().starts_with("//") {
                findings.push(Finding::new(format!("{name}:{}", number + 1), format!("'{word}' is not allowed")));
            }
        }
    }
    findings
}
