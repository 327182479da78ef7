//! Developer commands: `cargo xtask tidy`, `cargo xtask conformance`, `cargo xtask bench`.
//!
//! They run on a developer's machine, outside the engine, and so may use the disk directly.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

mod bench;
mod conformance;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy|conformance|bench";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("tidy") => tidy::run(),
        Some("bench") => bench::run(arguments),
        Some("conformance") => conformance::run(arguments),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
