//! What a connector is told of a table: its columns, keys and options.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::schema::Schema;

/// A table as its connector sees it: physical and metadata columns only, options as text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableSpec {
    /// Fully qualified name, for messages: `default_catalog.default_database.orders`.
    pub name: String,
    /// Physical columns, in declared order; the format's schema.
    pub schema: Schema,
    /// Metadata columns that follow the physical ones in a source's batches: column name in the table and key at the connector.
    pub metadata: Vec<MetadataColumn>,
    /// `WITH ('key' = 'value')`, hints merged in.
    pub options: BTreeMap<String, String>,
    /// PARTITIONED BY, names of physical columns.
    pub partition_keys: Vec<String>,
    /// PRIMARY KEY, positions of physical columns; empty if there is none.
    pub primary_key: Vec<usize>,
}

/// A METADATA column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetadataColumn {
    /// Name and type in the table.
    pub field: crate::schema::Field,
    /// Key at the connector (`METADATA FROM 'key'`), else the column's name.
    pub key: String,
    /// VIRTUAL: read only, no part of a sink's rows.
    pub is_virtual: bool,
}
