//! `flott state inspect` and `flott savepoint dispose`.
//!
//! Exit codes: 0 done, 1 what is stored cannot be read, is not there or is not to be deleted, 2 the command line is wrong.

mod report;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use flott_checkpoint::store::{Located, SnapshotPath, SnapshotReader, StoreOpener, dispose};
use flott_environment::Environment;
use flott_objectstore::Opener;

use crate::sql::notice::notice;
use crate::sql::read_configuration;

const EXIT_FAILED: u8 = 1;
const EXIT_USAGE: u8 = 2;

/// Commands of `flott state`.
#[derive(Subcommand)]
pub enum StateCommand {
    /// Shows what a checkpoint or savepoint consists of: operators, their states, sizes, key groups.
    Inspect(PathArguments),
}

/// Commands of `flott savepoint`.
#[derive(Subcommand)]
pub enum SavepointCommand {
    /// Deletes a savepoint.
    Dispose(PathArguments),
}

/// Where something is stored, and how the place is reached.
#[derive(Args)]
pub struct PathArguments {
    /// The folder of a checkpoint or savepoint, its `_metadata`, or the folder of a job (its newest checkpoint).
    path: String,
    /// Set an option of the store, for example -D s3.endpoint=http://localhost:8333.
    #[arg(short = 'D', value_name = "KEY=VALUE")]
    define: Vec<String>,
    /// Read options from this file in the form of Flink's config.yaml.
    #[arg(long = "config", value_name = "FILE")]
    config: Option<String>,
}

/// Runs a command of `flott state`.
pub fn run_state(command: &StateCommand) -> ExitCode {
    let StateCommand::Inspect(arguments) = command;
    with_snapshot(arguments, |located, reader| {
        let checked = reader.resolve(&located.metadata).map_err(|fault| fault.to_string());
        let text = report::report(located);
        std::io::stdout().lock().write_all(text.as_bytes()).map_err(|error| error.to_string())?;
        checked
    })
}

/// Runs a command of `flott savepoint`.
pub fn run_savepoint(command: &SavepointCommand) -> ExitCode {
    let SavepointCommand::Dispose(arguments) = command;
    with_snapshot(arguments, |located, _| {
        let count = dispose(located).map_err(|fault| fault.to_string())?;
        notice(format!("[INFO] Savepoint {} is disposed of: {count} objects are deleted.", arguments.path));
        Ok(())
    })
}

fn with_snapshot(
    arguments: &PathArguments,
    work: impl FnOnce(&Located, &SnapshotReader) -> Result<(), String>,
) -> ExitCode {
    let environment = Environment::real();
    let configuration = match read_configuration(&environment, arguments.config.as_deref(), &arguments.define) {
        Ok(configuration) => configuration,
        Err(message) => {
            notice(format!("error: {message}"));
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let environment = environment.with_store_opener(Arc::new(Opener::new(configuration)));
    let open: StoreOpener =
        Arc::new(move |place| environment.open_protected_store(place).map_err(|error| error.to_string()));
    let found = SnapshotPath::new(&arguments.path).find(&open).map_err(|fault| fault.to_string());
    match found.and_then(|(located, reader)| work(&located, &reader)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            notice(format!("error: {message}"));
            ExitCode::from(EXIT_FAILED)
        }
    }
}
