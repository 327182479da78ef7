//! docs/ names every option and function that the code has.

use std::fs;
use std::path::Path;

use flott_expression::catalogue::{Argument, SignatureError, names, resolve};

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_option_of_every_connector_is_described() {
    let (text, registry) = (page("connectors.md"), flott_connector::standard());
    for identifier in registry.identifiers() {
        assert!(text.contains(&format!("`{identifier}`")), "connector {identifier}");
        let connector = registry.get(identifier).expect("is registered");
        for option in connector.options() {
            assert!(text.contains(&format!("`{}`", option.key)), "{identifier}: {}", option.key);
        }
    }
}

/// Whether `resolve` says that a function is not supported, whatever it is given.
fn is_missing(name: &str) -> bool {
    let none: [Argument; 0] = [];
    matches!(resolve(name, &none), Err(SignatureError::NotSupported { .. }))
}

#[test]
fn every_function_is_listed_once_as_there_or_as_missing() {
    let text = page("functions.md");
    let (there, missing) = text.split_once("## Not supported").expect("has the section");
    for name in names() {
        let listed = |part: &str| part.contains(&format!("`{name}`"));
        assert!(listed(there) != listed(missing), "{name} is listed twice or not at all");
        assert!(listed(there) || is_missing(name), "{name} is there, but the page says that it is not");
    }
}
