//! Bytes to batches and back: each format's options, types and changelog mode as data.
//!
//! A [`Format`] makes a [`Decoder`], which takes bytes in pieces of any size and gives batches with the exact place of what comes next, and
//! an [`Encoder`]. Both work on columns: no value of a row is allocated on its own. What cannot be read is given to [`RowErrors`] with
//! line, column and text.
//!
//! Architecture invariant: formats do no I/O and know no connector, plan or thread.

mod base64_text;
mod column;
pub mod contract;
mod csv;
mod input;
mod json;
pub mod limits;
mod number;
mod option_text;
mod temporal;
mod timestamp_cell;

pub use contract::{
    Decoder, Encoder, FailAtRowError, Filled, Format, FormatError, FormatOption, FormatSetup, Position, RowError,
    RowErrors,
};
pub use csv::CsvFormat;
use flott_configuration::suggestion::did_you_mean;
pub use json::JsonFormat;

/// Formats of Flink that are known and not there yet.
const NOT_SUPPORTED: &[&str] = &[
    "avro",
    "avro-confluent",
    "canal-json",
    "debezium-avro-confluent",
    "debezium-json",
    "maxwell-json",
    "ogg-json",
    "orc",
    "parquet",
    "protobuf",
    "raw",
];

/// All formats.
pub const FORMATS: &[&dyn Format] = &[&CsvFormat, &JsonFormat];

/// The format of a name.
///
/// # Errors
/// If there is none, with those that there are and the nearest name.
pub fn format(identifier: &str) -> Result<&'static dyn Format, FormatError> {
    if let Some(found) = FORMATS.iter().find(|format| format.identifier() == identifier) {
        return Ok(*found);
    }
    if NOT_SUPPORTED.contains(&identifier) {
        return Err(FormatError::Table(format!("not supported: format {identifier}")));
    }
    let known: Vec<&str> = FORMATS.iter().map(|format| format.identifier()).collect();
    let hint = did_you_mean(identifier, known.iter().copied());
    Err(FormatError::Table(format!("unknown format '{identifier}'{hint}; available formats: {}", known.join(", "))))
}
