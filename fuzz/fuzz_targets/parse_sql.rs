//! Any text must give statements or an error; printed statements must parse to the same tree.
#![no_main]

use flott_syntax::{parse_statement, parse_statements, split_statements};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for span in split_statements(text) {
        assert!(text.get(span.start..span.end).is_some());
    }
    match parse_statements(text) {
        Ok(statements) => {
            for statement in statements {
                let printed = statement.to_string();
                assert_eq!(parse_statement(&printed).as_ref(), Ok(&statement), "{printed}");
            }
        }
        Err(error) => {
            error.render(text, "fuzz");
        }
    }
});
