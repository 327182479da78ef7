//! What came out, counted by kind and by family.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::case::{Kind, Outcome};

/// Numbers of cases by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// As Flink.
    pub passed: usize,
    /// Otherwise than Flink.
    pub failed: usize,
    /// Refused by name.
    pub not_supported: usize,
    /// Not to be run.
    pub skipped: usize,
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::NotSupported(_) => self.not_supported += 1,
            Outcome::Skipped(_) => self.skipped += 1,
        }
    }

    /// All cases.
    pub fn all(&self) -> usize {
        self.passed + self.failed + self.not_supported + self.skipped
    }
}

/// One case that was run.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The record's id.
    pub id: String,
    /// Test class or the like.
    pub family: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// All cases of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By kind, in the files' order.
    pub cases: BTreeMap<Kind, Vec<Finished>>,
}

impl Report {
    /// The numbers of a kind.
    pub fn tally(&self, kind: Kind) -> Tally {
        let mut tally = Tally::default();
        self.cases.get(&kind).into_iter().flatten().for_each(|case| tally.add(&case.outcome));
        tally
    }

    /// The numbers of each family of a kind.
    pub fn families(&self, kind: Kind) -> BTreeMap<&str, Tally> {
        let mut families: BTreeMap<&str, Tally> = BTreeMap::new();
        for case in self.cases.get(&kind).into_iter().flatten() {
            families.entry(&case.family).or_default().add(&case.outcome);
        }
        families
    }

    /// Ids of the cases that passed, sorted.
    pub fn passed(&self) -> Vec<&str> {
        let passed = self.cases.values().flatten().filter(|case| case.outcome == Outcome::Passed);
        let mut ids: Vec<&str> = passed.map(|case| case.id.as_str()).collect();
        ids.sort_unstable();
        ids
    }

    /// Ids and reasons of the cases that did not pass, those that were skipped excepted.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cases.values().flatten().filter_map(|case| match &case.outcome {
            Outcome::Passed | Outcome::Skipped(_) => None,
            Outcome::Failed(why) | Outcome::NotSupported(why) => Some((case.id.as_str(), why.as_str())),
        })
    }

    /// `{"programs": {"passed": n, …}, …, "failures": [{"id", "why"}]}`
    pub fn to_json(&self) -> Json {
        let mut all = serde_json::Map::new();
        for kind in Kind::ALL {
            let tally = self.tally(kind);
            let numbers = json!({
                "passed": tally.passed,
                "failed": tally.failed,
                "not_supported": tally.not_supported,
                "skipped": tally.skipped,
            });
            all.insert(kind.name().to_string(), numbers);
        }
        let failures = self.failures().map(|(id, why)| json!({"id": id, "why": why}));
        all.insert("failures".to_string(), Json::Array(failures.collect()));
        Json::Object(all)
    }

    /// A table of kinds, and of the families of each.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for kind in self.cases.keys() {
            for (family, tally) in self.families(*kind) {
                out.push_str(&line(&format!("  {family}"), &tally));
            }
            out.push_str(&line(kind.name(), &self.tally(*kind)));
        }
        out
    }
}

fn line(name: &str, tally: &Tally) -> String {
    let Tally { passed, failed, not_supported, skipped } = tally;
    let share = 100.0 * *passed as f64 / tally.all().max(1) as f64;
    format!(
        "{name:<48} {passed:>5} of {:>5} passed ({share:5.1} %), {failed} failed, {not_supported} not supported, {skipped} skipped\n",
        tally.all()
    )
}
