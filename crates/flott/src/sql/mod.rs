//! `flott sql`: scripts, single statements, the shell.
//!
//! Exit codes: 0 all statements succeeded (or the shell was left), 1 one failed or could not be parsed, 2 the command line, the
//! configuration or a file named there is wrong, 130 interrupted, 141 nobody reads standard output any more.

mod cells;
mod command;
mod console;
mod metrics_log;
pub(crate) mod notice;
mod options;
mod output;
mod progress;
mod script;
mod shell;
mod tableau;

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use flott_client::sql::SqlClient;
use flott_configuration::Configuration;
use flott_environment::Environment;
use flott_objectstore::Opener;

use self::console::Console;
use self::metrics_log::MetricsLog;
use self::notice::notice;
use self::script::{Script, ScriptEnd};

const EXIT_FAILED: u8 = 1;
const EXIT_USAGE: u8 = 2;
const EXIT_INTERRUPTED: u8 = 130;
/// As shells report a process that SIGPIPE ended (128 + 13).
const EXIT_OUTPUT_CLOSED: u8 = 141;

/// Arguments of `flott sql`.
#[derive(Args)]
pub struct SqlArguments {
    /// Run the statements of this file, then end.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<String>,
    /// Run these statements, then end.
    #[arg(short = 'e', long = "execute", value_name = "SQL", conflicts_with = "file")]
    execute: Option<String>,
    /// Run the statements of this file first (definitions and settings).
    #[arg(short = 'i', long = "init", value_name = "FILE")]
    init: Option<String>,
    /// Set an option, for example -D parallelism.default=4; stands above the configuration file, below SET.
    #[arg(short = 'D', value_name = "KEY=VALUE")]
    define: Vec<String>,
    /// Read options from this file in the form of Flink's config.yaml.
    #[arg(long = "config", value_name = "FILE")]
    config: Option<String>,
    /// At the end write wall time, CPU time and peak memory of this process as JSON to this file.
    #[arg(long = "usage-json", value_name = "FILE")]
    usage_json: Option<String>,
    /// While jobs run and at their end write all their metrics, under Flink's names, as JSON to this file.
    #[arg(long = "metrics-json", value_name = "FILE")]
    metrics_json: Option<String>,
}

/// Runs the command.
pub fn run(arguments: &SqlArguments) -> ExitCode {
    let environment = Environment::real();
    let started_ns = environment.clock().monotonic_ns();
    let code = match prepare(arguments, &environment) {
        Ok(mut prepared) => prepared.run(),
        Err(message) => {
            notice(format!("error: {message}"));
            EXIT_USAGE
        }
    };
    if let Some(path) = &arguments.usage_json {
        let wall_s = (environment.clock().monotonic_ns() - started_ns) as f64 / 1e9;
        if let Err(error) = write_usage(&environment, path, wall_s) {
            notice(format!("error: {error}"));
            return ExitCode::from(EXIT_USAGE);
        }
    }
    ExitCode::from(code)
}

/// A session, and what is to be run in it.
struct Prepared {
    console: Console,
    scripts: Vec<Script>,
    /// Whether the shell follows the scripts.
    is_interactive: bool,
}

fn prepare(arguments: &SqlArguments, environment: &Environment) -> Result<Prepared, String> {
    let disk = environment.disk();
    let read = |path: &String| disk.read_to_string(Path::new(path)).map_err(|error| error.to_string());
    let configuration = read_configuration(environment, arguments.config.as_deref(), &arguments.define)?;
    // Stores of tables and checkpoints are opened with what is configured for the process.
    let environment = &environment.with_store_opener(Arc::new(Opener::new(configuration.clone())));
    let client = SqlClient::new(environment, configuration, flott_connector::standard());
    let client = client.map_err(|error| error.message)?;
    // A value that doesn't fit is told now, not with the first query.
    client.session.settings().map_err(|error| error.message)?;
    let mut scripts = Vec::new();
    for path in arguments.init.iter().chain(&arguments.file) {
        scripts.push(Script { name: path.clone(), text: read(path)? });
    }
    if let Some(text) = &arguments.execute {
        scripts.push(Script { name: "-e".to_string(), text: text.clone() });
    }
    let is_open = arguments.file.is_none() && arguments.execute.is_none();
    let is_interactive = is_open && std::io::stdin().is_terminal();
    if is_open && !is_interactive {
        scripts.push(Script { name: "stdin".to_string(), text: read_stdin()? });
    }
    let metrics = MetricsLog::new(arguments.metrics_json.as_deref(), environment);
    metrics.begin()?;
    let console = Console { client, environment: environment.clone(), metrics };
    Ok(Prepared { console, scripts, is_interactive })
}

/// The options of a file and of the command line.
pub(crate) fn read_configuration(
    environment: &Environment,
    file: Option<&str>,
    assignments: &[String],
) -> Result<Configuration, String> {
    let mut configuration = match file {
        Some(path) => {
            let text = environment.disk().read_to_string(Path::new(path)).map_err(|error| error.to_string())?;
            Configuration::from_yaml(&text, path).map_err(|error| error.to_string())?
        }
        None => Configuration::new(),
    };
    options::define(&mut configuration, assignments)?;
    Ok(configuration)
}

fn read_stdin() -> Result<String, String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().read_to_string(&mut text);
    read.map_err(|error| format!("cannot read the statements from standard input: {error}"))?;
    Ok(text)
}

impl Prepared {
    fn run(&mut self) -> u8 {
        for script in &self.scripts {
            match script.run(&mut self.console) {
                ScriptEnd::Succeeded => {}
                ScriptEnd::Quit => return exit_code(self.wait_for_jobs()),
                end => return exit_code(end),
            }
        }
        match self.is_interactive {
            true => exit_code(shell::run(&mut self.console)),
            false => exit_code(self.wait_for_jobs()),
        }
    }

    /// Jobs that statements did not wait for end with this process, so it waits for them.
    fn wait_for_jobs(&mut self) -> ScriptEnd {
        let mut end = ScriptEnd::Succeeded;
        for job in self.console.client.running_jobs() {
            end = script::wait_at_end(&job, &mut self.console, end);
        }
        end
    }
}

fn exit_code(end: ScriptEnd) -> u8 {
    match end {
        ScriptEnd::Succeeded | ScriptEnd::Quit => 0,
        ScriptEnd::Failed => EXIT_FAILED,
        ScriptEnd::Interrupted => EXIT_INTERRUPTED,
        ScriptEnd::OutputClosed => EXIT_OUTPUT_CLOSED,
    }
}

fn write_usage(environment: &Environment, path: &str, wall_s: f64) -> Result<(), String> {
    let usage = environment.usage();
    let text = format!(
        "{{\"wall_s\": {wall_s:.3}, \"cpu_s\": {:.3}, \"peak_rss_mib\": {:.1}}}\n",
        usage.cpu_time_ms as f64 / 1e3,
        usage.peak_resident_bytes as f64 / 1_048_576.0
    );
    environment.disk().write(Path::new(path), text.as_bytes()).map_err(|error| error.to_string())
}
