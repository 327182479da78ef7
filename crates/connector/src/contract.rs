//! What a connector says of itself, as data, and what it makes.

use flott_record::{ChangelogMode, Schema, TableSpec};
use thiserror::Error;

use crate::lookup::{Lookup, LookupSetup};
use crate::sink::Sink;
use crate::source::Source;

/// Something that went wrong in a connector, with the place: path and line, option and value.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct ConnectorError {
    /// What failed, where, and what to do.
    pub message: String,
}

impl ConnectorError {
    /// An error with this text.
    pub fn new(message: impl Into<String>) -> Self {
        ConnectorError { message: message.into() }
    }
}

/// One option of a connector or format.
#[derive(Clone, Copy, Debug)]
pub struct ConnectorOption {
    /// Key in the WITH clause. A key that ends in `.*` stands for all keys with that prefix.
    pub key: &'static str,
    /// Whether a table cannot do without it.
    pub required: bool,
    /// Default as text, if there is one.
    pub default: Option<&'static str>,
    /// One line for users.
    pub description: &'static str,
}

/// What the planner may ask of a connector for a certain table.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// Kinds of rows that a source of this table emits; `None` if the connector is no source.
    pub source: Option<ChangelogMode>,
    /// Kinds of rows that a sink of this table takes at the most; `None` if the connector is no sink. A sink with a primary key that takes
    /// upserts says so by leaving out `update_before`.
    pub sink: Option<ChangelogMode>,
    /// Whether the source ends.
    pub bounded: bool,
    /// Whether the source reads only the columns that are asked for.
    pub projection_push_down: bool,
    /// Metadata columns that can be read: key and type.
    pub metadata: Schema,
    /// Greatest useful parallelism of the source, if limited (1 for most tests' tables).
    pub source_parallelism_max: Option<u32>,
}

/// A connector.
pub trait Connector: Send + Sync {
    /// The value of the option `connector`.
    fn identifier(&self) -> &str;

    /// All options that a table may have, the format's excepted.
    fn options(&self) -> &[ConnectorOption];

    /// Checks a table's options and says what the connector can do with it. Touches nothing outside.
    ///
    /// # Errors
    /// A missing, unknown or wrong option, with the nearest known name.
    fn capabilities(&self, table: &TableSpec) -> Result<Capabilities, ConnectorError>;

    /// Makes a source.
    ///
    /// # Errors
    /// If the table cannot be read.
    fn source(&self, table: &TableSpec) -> Result<Box<dyn Source>, ConnectorError>;

    /// Makes a sink.
    ///
    /// # Errors
    /// If the table cannot be written.
    fn sink(&self, table: &TableSpec) -> Result<Box<dyn Sink>, ConnectorError>;

    /// Whether `INSERT OVERWRITE` can write a table.
    ///
    /// # Errors
    /// If not, with the reason.
    fn check_overwrite(&self, table: &TableSpec, _batch_mode: bool) -> Result<(), ConnectorError> {
        Err(ConnectorError::new(format!(
            "INSERT OVERWRITE requires that the underlying DynamicTableSink of table '{}' implements the SupportsOverwrite interface.",
            table.name
        )))
    }

    /// Whether `-D` rows of a source may have NULL in all columns but the primary key.
    fn source_deletes_by_key(&self, _table: &TableSpec) -> bool {
        false
    }

    /// Whether a sink needs no more than the primary key of `-D` rows.
    fn sink_takes_deletes_by_key(&self, _table: &TableSpec) -> bool {
        false
    }

    /// Makes a lookup for one subtask, on its thread; `None` if the connector has none, and a bounded table is read as a whole instead.
    ///
    /// # Errors
    /// If the table cannot be asked.
    fn lookup(&self, _table: &TableSpec, _setup: &LookupSetup) -> Result<Option<Box<dyn Lookup>>, ConnectorError> {
        Ok(None)
    }
}
