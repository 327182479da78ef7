//! Runs Flink's own table tests, given as data: one JSON object a line in `programs.jsonl`, `functions.jsonl`, `itcases.jsonl` and
//! `scripts.jsonl` of one folder.
//!
//! No case is known by its id: what a record says is set up, run and compared. [`values`] is the connector that holds the rows of a case.
//! For development only.

mod case;
mod cell;
mod compare;
mod engine;
pub mod expectation;
mod functions;
mod itcases;
mod java_source;
mod java_text;
pub mod limits;
mod programs;
pub mod report;
mod run;
mod scripts;
pub mod values;

pub use case::{Kind, Outcome};
pub use report::Report;
pub use run::{Selection, run};
