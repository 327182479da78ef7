//! `cargo xtask conformance`: runs a folder of Flink's own tests, given as data, and counts.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flott_conformance::expectation::{self, Expectation};
use flott_conformance::{Kind, Report, Selection};
use flott_environment::Environment;

const USAGE: &str = "usage: cargo xtask conformance [--data FOLDER] [--json FILE] [--kind programs|functions|itcases|scripts] [--only PART OF ID]
                         [--expected FILE] [--update] [--list]
Runs the cases of FOLDER (default: ../shared/conformance). --expected: fails if an id listed in FILE does not pass. --update: adds
what passes now to FILE (default: conformance/expected.txt). --list: prints each case that does not pass.";

#[derive(Default)]
struct Arguments {
    data: Option<PathBuf>,
    json: Option<PathBuf>,
    expected: Option<PathBuf>,
    update: bool,
    list: bool,
    selection: Selection,
}

/// Runs the command.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let done = parse(arguments).and_then(|arguments| execute(&arguments));
    match done {
        Ok(code) => code,
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut parsed = Arguments::default();
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
        match name.as_str() {
            "--data" => parsed.data = Some(value()?.into()),
            "--json" => parsed.json = Some(value()?.into()),
            "--expected" => parsed.expected = Some(value()?.into()),
            "--only" => parsed.selection.only = Some(value()?),
            "--kind" => {
                let kind = value()?;
                parsed.selection.kind = Some(Kind::of_name(&kind).ok_or_else(|| format!("{kind} is no kind of case"))?);
            }
            "--update" => parsed.update = true,
            "--list" => parsed.list = true,
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok(parsed)
}

fn execute(arguments: &Arguments) -> Result<ExitCode, String> {
    let root = crate::tidy::root();
    let data = arguments.data.clone().unwrap_or_else(|| root.join("../shared/conformance"));
    let report = flott_conformance::run(&Environment::real(), &data, &arguments.selection)?;
    print!("{}", report.to_text());
    if arguments.list {
        report.failures().for_each(|(id, why)| println!("{id}: {}", why.replace('\n', " ")));
    }
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&report.to_json()).map_err(|error| error.to_string())?;
        write(path, &(text + "\n"))?;
    }
    if arguments.update {
        update(&arguments.expected.clone().unwrap_or_else(|| root.join("conformance/expected.txt")), &report)?;
        return Ok(ExitCode::SUCCESS);
    }
    match &arguments.expected {
        Some(path) => check(path, &report),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Adds what passes now; takes nothing away.
fn update(path: &Path, report: &Report) -> Result<(), String> {
    let mut expected = if path.exists() { read(path)? } else { Expectation::default() };
    let added = expected.add(report);
    println!("{}: {added} ids added", path.display());
    write(path, &expected.to_text())
}

fn check(path: &Path, report: &Report) -> Result<ExitCode, String> {
    let broken = expectation::broken(&read(path)?, report);
    broken.iter().for_each(|(id, why)| println!("no longer passes: {id}: {why}"));
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &Path) -> Result<Expectation, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Expectation::of_text(&text))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}
