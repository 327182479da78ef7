//! The executable: `flott sql`, `flott state`, `flott savepoint`.

mod sql;
mod state;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A stateful stream processor that speaks Flink SQL, in one binary.
#[derive(Parser)]
#[command(name = "flott", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs SQL statements: a script, statements given here, or an interactive shell.
    Sql(sql::SqlArguments),
    /// Looks into checkpoints and savepoints.
    #[command(subcommand)]
    State(state::StateCommand),
    /// Manages savepoints.
    #[command(subcommand)]
    Savepoint(state::SavepointCommand),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Sql(arguments) => sql::run(&arguments),
        Command::State(command) => state::run_state(&command),
        Command::Savepoint(command) => state::run_savepoint(&command),
    }
}
