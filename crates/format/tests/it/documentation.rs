//! docs/formats.md names every option, with its default.

#![allow(clippy::disallowed_methods, reason = "a test reads a page of the documentation")]

use std::fs;
use std::path::Path;

use flott_format::{CsvFormat, Format, JsonFormat};

#[test]
fn every_option_of_every_format_is_described() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats.md");
    let text = fs::read_to_string(&path).expect("the page exists");
    let formats: [&dyn Format; 2] = [&CsvFormat, &JsonFormat];
    for option in formats.iter().flat_map(|format| format.options()) {
        let default = option.default.map_or(String::new(), |default| format!("`{default}`"));
        let line = text.lines().find(|line| line.contains(&format!("`{}`", option.key)));
        let line = line.unwrap_or_else(|| panic!("{} is missing", option.key));
        assert!(line.contains(&default), "{} has the default {default}: {line}", option.key);
    }
}
