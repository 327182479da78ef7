//! The committed list of cases that pass: ids alone, one a line. It may only grow.

use std::collections::BTreeSet;

use crate::case::Outcome;
use crate::report::Report;

/// Ids of cases that have to pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    ids: BTreeSet<String>,
}

impl Expectation {
    /// The list of a file; empty lines and those that begin with `#` are left out.
    pub fn of_text(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Expectation { ids: lines.map(str::to_string).collect() }
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text =
            "# Cases that pass, one id a line. `cargo xtask conformance --update` adds; nothing is taken away.\n"
                .to_string();
        self.ids.iter().for_each(|id| {
            text.push_str(id);
            text.push('\n');
        });
        text
    }

    /// Number of ids.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Adds what passed; gives the number of new ids.
    pub fn add(&mut self, report: &Report) -> usize {
        let before = self.ids.len();
        self.ids.extend(report.passed().into_iter().map(str::to_string));
        self.ids.len() - before
    }
}

/// The listed cases of a run that did not pass, and why. Cases that were not run are not looked at.
pub fn broken(expected: &Expectation, report: &Report) -> Vec<(String, String)> {
    let cases = report.cases.values().flatten().filter(|case| expected.ids.contains(&case.id));
    let why = |outcome: &Outcome| match outcome {
        Outcome::Passed => None,
        Outcome::Failed(why) | Outcome::NotSupported(why) | Outcome::Skipped(why) => Some(why.clone()),
    };
    cases.filter_map(|case| Some((case.id.clone(), why(&case.outcome)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Kind;
    use crate::report::Finished;

    #[test]
    fn lists_grow_and_tell_what_broke() {
        let finished = |id: &str, outcome| Finished { id: id.to_string(), family: String::new(), outcome };
        let mut report = Report::default();
        let cases = vec![finished("a", Outcome::Passed), finished("b", Outcome::Failed("x".to_string()))];
        report.cases.insert(Kind::Functions, cases);
        let mut expected = Expectation::of_text("# list\nb\n");
        assert_eq!(broken(&expected, &report), [("b".to_string(), "x".to_string())]);
        assert_eq!(expected.add(&report), 1);
        assert!(expected.to_text().ends_with("\na\nb\n"));
    }
}
