//! Runs the cases of a folder.

use std::path::Path;

use flott_environment::{Environment, run_caught};
use flott_simulation::Simulation;
use serde_json::Value as Json;

use crate::case::{Kind, Outcome, text};
use crate::limits::{SIMULATION_SEED, SIMULATION_TURNS_MAX};
use crate::report::{Finished, Report};
use crate::{functions, itcases, java_source, programs, scripts};

/// Which cases to run.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only cases whose id contains this.
    pub only: Option<String>,
}

impl Selection {
    fn contains(&self, id: &str) -> bool {
        self.only.as_deref().is_none_or(|part| id.contains(part))
    }
}

/// Runs the selected cases of a folder; a file that the folder lacks has no cases.
///
/// # Errors
/// If the folder has none of the files, or a line is no JSON object with an id.
pub fn run(environment: &Environment, folder: &Path, selection: &Selection) -> Result<Report, String> {
    let mut report = Report::default();
    let mut found = false;
    for kind in Kind::ALL {
        if selection.kind.is_some_and(|wanted| wanted != kind) {
            continue;
        }
        let path = folder.join(format!("{}.jsonl", kind.name()));
        if !environment.disk().exists(&path).map_err(|error| error.to_string())? {
            continue;
        }
        found = true;
        let content = environment.disk().read_to_string(&path).map_err(|error| error.to_string())?;
        let mut cases = Vec::new();
        for (number, line) in content.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = || format!("{}:{}", path.display(), number + 1);
            let case: Json = serde_json::from_str(line).map_err(|error| format!("{}: {error}", place()))?;
            let case = java_source::replaced(&case);
            let id = text(&case, "id").ok_or_else(|| format!("{}: no id", place()))?.to_string();
            if selection.contains(&id) {
                let outcome = run_one(environment, kind, &id, &case);
                cases.push(Finished { family: family(kind, &case), id, outcome });
            }
        }
        report.cases.insert(kind, cases);
    }
    if found { Ok(report) } else { Err(format!("{} holds no cases", folder.display())) }
}

/// Runs a case; a panic is a failure of the case. All but scripts, which name files, run in simulated time: nothing waits for the clock, and
/// each run goes the same way.
fn run_one(environment: &Environment, kind: Kind, id: &str, case: &Json) -> Outcome {
    let ended = run_caught(id, || {
        let simulation = Simulation::with_max_turns(SIMULATION_SEED, SIMULATION_TURNS_MAX);
        match kind {
            Kind::Programs => programs::run(&simulation, case),
            Kind::Functions => functions::run(simulation.environment(), case),
            Kind::Itcases => itcases::run(simulation.environment(), case),
            Kind::Scripts => scripts::run(environment, case),
        }
    });
    ended.unwrap_or_else(|error| Outcome::failed(error.to_string()))
}

/// Test class, or what comes nearest to it.
fn family(kind: Kind, case: &Json) -> String {
    let member = match kind {
        Kind::Functions => "family",
        Kind::Programs | Kind::Itcases => "class",
        Kind::Scripts => "dialect",
    };
    let name = text(case, member).unwrap_or("other");
    match text(case, "mode") {
        Some(mode) => format!("{mode} {name}"),
        None => name.to_string(),
    }
}
