//! Runs the executable as its users do: output, messages, exit codes, and what is left on the disk.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test starts the executable and looks at its files from outside"
)]

mod bad_files;
mod bad_sinks;
mod bad_statements;
mod command_line;
mod documentation;
mod folder;
mod queries;
mod recovery;
mod row_errors;
mod row_patterns;
mod subqueries;
mod versioned_tables;
