//! `cargo xtask bench nexmark`: runs Nexmark's queries with the release binary, each in a process of its own, and measures.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::{Value as Json, json};

const USAGE: &str = "usage: cargo xtask bench nexmark [--queries q0,q1,generator] [--parallelism N] [--events N] [--tps N] [--mini-batch]
                         [--repeat N] [-D KEY=VALUE]... [--queries-dir FOLDER] [--json FILE]
Queries are FOLDER/ddl.sql + FOLDER/<query>.sql (default: ../shared/bench/nexmark/queries); `generator` makes all events and keeps
none. Figures are those of the whole process: start, planning, run. With --repeat each query has so many entries.";

/// What `generator` runs after the DDL: every column of every event is made, no row goes on.
const GENERATOR: &str = "CREATE TABLE sink (event_type INT) WITH ('connector' = 'blackhole');
INSERT INTO sink SELECT event_type FROM nexmark WHERE event_type < 0;";

/// What the public benchmark sets for mini-batch.
const MINI_BATCH: [&str; 3] = [
    "table.exec.mini-batch.enabled=true",
    "table.exec.mini-batch.allow-latency=2 s",
    "table.exec.mini-batch.size=50000",
];

/// Rows of the table that q13 joins with.
const SIDE_ROWS: u32 = 10_000;

struct Arguments {
    queries: Vec<String>,
    parallelism: u32,
    events: u64,
    events_per_second: u64,
    mini_batch: bool,
    repeat: u32,
    define: Vec<String>,
    folder: PathBuf,
    json: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    match parse(arguments).and_then(|arguments| execute(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    if arguments.next().as_deref() != Some("nexmark") {
        return Err("the only benchmark is nexmark".to_string());
    }
    let mut parsed = Arguments {
        queries: vec!["q0".to_string()],
        parallelism: 1,
        events: 1_000_000,
        events_per_second: 100_000,
        mini_batch: false,
        repeat: 1,
        define: Vec::new(),
        folder: crate::tidy::root().join("../shared/bench/nexmark/queries"),
        json: None,
    };
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
        match name.as_str() {
            "--queries" => parsed.queries = value()?.split(',').map(str::to_string).collect(),
            "--parallelism" => parsed.parallelism = number(&value()?)?,
            "--events" => parsed.events = number(&value()?)?,
            "--tps" => parsed.events_per_second = number(&value()?)?,
            "--repeat" => parsed.repeat = number(&value()?)?,
            "--mini-batch" => parsed.mini_batch = true,
            "-D" => parsed.define.push(value()?),
            "--queries-dir" => parsed.folder = value()?.into(),
            "--json" => parsed.json = Some(value()?.into()),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok(parsed)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn execute(arguments: &Arguments) -> Result<(), String> {
    let binary = build()?;
    let work = binary.with_file_name("bench-nexmark");
    let mut entries = Vec::new();
    for query in &arguments.queries {
        for _ in 0..arguments.repeat {
            let entry = measure(arguments, &binary, &work, query)?;
            println!("{entry}");
            entries.push(entry);
        }
    }
    std::fs::remove_dir_all(&work).map_err(|error| failure(&work, &error))?;
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&json!({"queries": entries})).map_err(|error| error.to_string())?;
        std::fs::write(path, text + "\n").map_err(|error| failure(path, &error))?;
    }
    Ok(())
}

fn failure(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// Builds the release binary and gives its path, as cargo says it.
fn build() -> Result<PathBuf, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let arguments = ["build", "--release", "--package", "flott", "--bin", "flott", "--message-format", "json"];
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(crate::tidy::root())
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        return Err("the release binary cannot be built".to_string());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let executable = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    executable.ok_or_else(|| "cargo names no executable".to_string())
}

/// Runs one query and gives its entry.
fn measure(arguments: &Arguments, binary: &Path, work: &Path, query: &str) -> Result<Json, String> {
    let output = work.join("out");
    if output.exists() {
        std::fs::remove_dir_all(&output).map_err(|error| failure(&output, &error))?;
    }
    std::fs::create_dir_all(&output).map_err(|error| failure(&output, &error))?;
    let (script, side, usage) = (work.join("query.sql"), work.join("side.csv"), work.join("usage.json"));
    let rows: String = (0..SIDE_ROWS).map(|row| format!("{row},{row}\n")).collect();
    std::fs::write(&side, rows).map_err(|error| failure(&side, &error))?;
    let text = text(arguments, query)?
        .replace("${SIDE_FILE}", &side.display().to_string())
        .replace("${OUT_DIR}", &output.display().to_string());
    std::fs::write(&script, text).map_err(|error| failure(&script, &error))?;
    let mut command = Command::new(binary);
    command.arg("sql").arg("-f").arg(&script).arg("--usage-json").arg(&usage);
    command.args(["-D", &format!("parallelism.default={}", arguments.parallelism)]);
    command.args(["-D", "table.local-time-zone=UTC"]);
    let mini_batch = MINI_BATCH.iter().filter(|_| arguments.mini_batch).map(|option| option.to_string());
    for option in mini_batch.chain(arguments.define.iter().cloned()) {
        command.args(["-D", &option]);
    }
    let ended = command.output().map_err(|error| failure(binary, &error))?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        return Err(format!("{query}: flott ended with {}: {said}", ended.status));
    }
    let used = std::fs::read_to_string(&usage).map_err(|error| failure(&usage, &error))?;
    let used: Json = serde_json::from_str(&used).map_err(|error| format!("{}: {error}", usage.display()))?;
    let (wall_s, cpu_s, peak_rss_mib) = (&used["wall_s"], &used["cpu_s"], &used["peak_rss_mib"]);
    Ok(json!({
        "query": query, "events": arguments.events, "wall_s": wall_s, "cpu_s": cpu_s, "peak_rss_mib": peak_rss_mib
    }))
}

fn text(arguments: &Arguments, query: &str) -> Result<String, String> {
    let read = |name: String| {
        let path = arguments.folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| failure(&path, &error))
    };
    let query = match query {
        "generator" => GENERATOR.to_string(),
        query => read(format!("{query}.sql"))?,
    };
    let ddl = read("ddl.sql".to_string())?;
    let ddl = ddl.replace("${EVENTS_NUM}", &arguments.events.to_string());
    Ok(ddl.replace("${TPS}", &arguments.events_per_second.to_string()) + &query)
}
