//! What a format says of itself, as data, and what it makes: decoders and encoders.

use std::collections::BTreeMap;

use arrow_schema::ArrowError;
use flott_record::{Batch, ChangelogMode, Schema};
use thiserror::Error;

/// One option of a format.
#[derive(Clone, Copy, Debug)]
pub struct FormatOption {
    /// Key in the WITH clause, with the format's name: `csv.field-delimiter`.
    pub key: &'static str,
    /// Default as text, if there is one.
    pub default: Option<&'static str>,
    /// One line for users.
    pub description: &'static str,
}

/// A record that could not be read, with its place in the input.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{line}:{column}: {reason} (record: {})", shown(record))]
pub struct RowError {
    /// Line of the fault, from 1.
    pub line: u64,
    /// Character of the line where the fault is, from 1.
    pub column: u64,
    /// What is wrong.
    pub reason: String,
    /// The whole record as it stands in the input, bytes that aren't UTF-8 replaced.
    pub record: String,
}

/// A record, cut where it would fill the screen.
fn shown(record: &str) -> String {
    let limit = crate::limits::SHOWN_RECORD_BYTES;
    match record.char_indices().find(|(at, _)| *at >= limit) {
        Some((at, _)) => format!("{}…", &record[..at]),
        None => record.to_string(),
    }
}

/// Why a format cannot do what it is asked for.
#[derive(Debug, Error)]
pub enum FormatError {
    /// A table's option or type that the format cannot serve.
    #[error("{0}")]
    Table(String),
    /// A bad record, where the policy is to fail.
    #[error(transparent)]
    Row(#[from] RowError),
    /// Arrow refused the arrays.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// What is done about bad records.
pub trait RowErrors {
    /// A record could not be read. `Ok` = go on without it.
    ///
    /// # Errors
    /// The error itself, if the policy is to fail.
    fn row_error(&mut self, error: RowError) -> Result<(), RowError>;
}

/// The policy to fail at the first bad record.
pub struct FailAtRowError;

impl RowErrors for FailAtRowError {
    fn row_error(&mut self, error: RowError) -> Result<(), RowError> {
        Err(error)
    }
}

/// A place in the input, between two records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Bytes before it.
    pub offset_bytes: u64,
    /// Its line, from 1.
    pub line: u64,
}

impl Position {
    /// The start of the input.
    pub const START: Position = Position { offset_bytes: 0, line: 1 };
}

/// What a decoder or encoder is made for.
#[derive(Clone, Debug)]
pub struct FormatSetup<'a> {
    /// The table's options.
    pub options: &'a BTreeMap<String, String>,
    /// The table's columns that are in the bytes, in order.
    pub schema: &'a Schema,
    /// `table.local-time-zone`.
    pub time_zone: &'a str,
}

/// What stopped a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// The batch is full.
    Full,
    /// The bytes pushed so far are used up.
    NeedsBytes,
    /// The input has ended and all of it is decoded.
    Finished,
}

/// Makes batches of bytes. `push` and `fill` in turn, `take` when the batch is to go on.
pub trait Decoder {
    /// Adds bytes at the end of the input.
    fn push(&mut self, bytes: &[u8]);

    /// No more bytes will come.
    fn end_input(&mut self);

    /// Decodes records into the batch until it has `rows_max` rows or the bytes are used up.
    ///
    /// # Errors
    /// A bad record, if `errors` wants to fail.
    fn fill(&mut self, rows_max: usize, errors: &mut dyn RowErrors) -> Result<Filled, FormatError>;

    /// Rows of the batch so far.
    fn rows(&self) -> usize;

    /// The batch; an empty one begins.
    ///
    /// # Errors
    /// If Arrow refuses the arrays.
    fn take(&mut self) -> Result<Batch, FormatError>;

    /// The place after the last record of the last batch taken: a decoder that starts there goes on without gap or repetition.
    fn position(&self) -> Position;
}

/// Makes bytes of batches.
pub trait Encoder {
    /// Appends the rows of a batch to `out`, in order, each a complete record.
    ///
    /// # Errors
    /// If a value cannot be written.
    fn encode(&mut self, batch: &Batch, out: &mut Vec<u8>) -> Result<(), FormatError>;
}

/// A format.
pub trait Format: Send + Sync {
    /// The value of the option `format`.
    fn identifier(&self) -> &'static str;

    /// All options.
    fn options(&self) -> &'static [FormatOption];

    /// Kinds of rows that the format can carry.
    fn changelog_mode(&self) -> ChangelogMode;

    /// Checks options and types, without making anything.
    ///
    /// # Errors
    /// A wrong option, or a type that the format cannot carry.
    fn check(&self, setup: &FormatSetup<'_>) -> Result<(), FormatError>;

    /// A decoder of the columns at `projection` (positions in the schema), in that order, that starts at `start`.
    ///
    /// # Errors
    /// As [`Format::check`].
    fn decoder(
        &self,
        setup: &FormatSetup<'_>,
        projection: &[usize],
        start: Position,
    ) -> Result<Box<dyn Decoder>, FormatError>;

    /// An encoder of all columns.
    ///
    /// # Errors
    /// As [`Format::check`].
    fn encoder(&self, setup: &FormatSetup<'_>) -> Result<Box<dyn Encoder>, FormatError>;
}
