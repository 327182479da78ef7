//! The executable: `flott sql`.

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
enum Command {}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {}
}
