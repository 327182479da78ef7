//! The executable: `flott sql`.

mod sql;

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
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Sql(arguments) => sql::run(&arguments),
    }
}
