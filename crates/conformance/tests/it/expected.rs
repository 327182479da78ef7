//! The cases that pass stay passing.

use std::path::PathBuf;

use flott_conformance::expectation::{Expectation, broken};
use flott_conformance::{Kind, Selection};
use flott_environment::Environment;

fn data() -> Option<PathBuf> {
    match std::env::var("FLOTT_CONFORMANCE") {
        Ok(folder) => Some(PathBuf::from(folder)),
        Err(_) => super::shared("conformance"),
    }
}

/// Runs a kind and compares with the committed list.
fn check(kind: Kind) {
    let Some(data) = data() else { return };
    let list = super::root().join("conformance/expected.txt");
    let expected = Expectation::of_text(&std::fs::read_to_string(list).expect("the list is committed"));
    let selection = Selection { kind: Some(kind), only: None };
    let report = flott_conformance::run(&Environment::real(), &data, &selection).expect("the data is readable");
    print!("{}", report.to_text());
    let broken = broken(&expected, &report);
    assert!(broken.is_empty(), "{} cases no longer pass: {broken:#?}", broken.len());
}

#[test]
fn expected_functions_pass() {
    check(Kind::Functions);
}

#[test]
fn expected_programs_pass() {
    check(Kind::Programs);
}

#[test]
fn expected_itcases_pass() {
    check(Kind::Itcases);
}

#[test]
fn expected_scripts_pass() {
    check(Kind::Scripts);
}
