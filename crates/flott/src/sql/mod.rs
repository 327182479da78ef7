//! `flott sql`: scripts, single statements, the shell.
//!
//! Exit codes: 0 all statements succeeded, 1 one failed, 2 the command line or configuration is wrong, 130 interrupted.

mod cells;
mod output;
mod progress;
mod script;
mod tableau;

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use flott_client::sql::SqlClient;
use flott_configuration::Configuration;
use flott_environment::Environment;

use self::script::{Script, ScriptEnd};

const EXIT_FAILED: u8 = 1;
const EXIT_USAGE: u8 = 2;
const EXIT_INTERRUPTED: u8 = 130;

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
}

/// Runs the command.
pub fn run(arguments: &SqlArguments) -> ExitCode {
    let environment = Environment::real();
    let started_ns = environment.clock().monotonic_ns();
    let code = match prepare(arguments, &environment) {
        Ok((mut client, scripts)) => run_scripts(&mut client, &scripts, &environment),
        Err(message) => {
            eprintln!("error: {message}");
            EXIT_USAGE
        }
    };
    if let Some(path) = &arguments.usage_json {
        let wall_s = (environment.clock().monotonic_ns() - started_ns) as f64 / 1e9;
        if let Err(error) = write_usage(&environment, path, wall_s) {
            eprintln!("error: {error}");
            return ExitCode::from(EXIT_USAGE);
        }
    }
    ExitCode::from(code)
}

fn prepare(arguments: &SqlArguments, environment: &Environment) -> Result<(SqlClient, Vec<Script>), String> {
    let disk = environment.disk();
    let read = |path: &String| disk.read_to_string(Path::new(path)).map_err(|error| error.to_string());
    let mut configuration = match &arguments.config {
        Some(path) => Configuration::from_yaml(&read(path)?, path).map_err(|error| error.to_string())?,
        None => Configuration::new(),
    };
    for assignment in &arguments.define {
        configuration.set_assignment(assignment).map_err(|error| error.to_string())?;
    }
    let client = SqlClient::new(environment, configuration, flott_connector::standard());
    let client = client.map_err(|error| error.message)?;
    let mut scripts = Vec::new();
    for path in arguments.init.iter().chain(&arguments.file) {
        scripts.push(Script { name: path.clone(), text: read(path)? });
    }
    if let Some(text) = &arguments.execute {
        scripts.push(Script { name: "-e".to_string(), text: text.clone() });
    }
    if arguments.file.is_none() && arguments.execute.is_none() {
        return Err("give a script with -f or statements with -e (see flott sql --help)".to_string());
    }
    Ok((client, scripts))
}

fn run_scripts(client: &mut SqlClient, scripts: &[Script], environment: &Environment) -> u8 {
    for script in scripts {
        match script.run(client, environment) {
            ScriptEnd::Succeeded => {}
            ScriptEnd::Quit => break,
            ScriptEnd::Failed => return EXIT_FAILED,
            ScriptEnd::Interrupted => return EXIT_INTERRUPTED,
        }
    }
    0
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
