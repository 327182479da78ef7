//! A table as the catalog keeps it.

use std::collections::BTreeMap;

use flott_record::{DataType, Field, MetadataColumn, Schema, TableSpec};
use flott_syntax::ast;

/// A column of a table's definition.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    /// Name.
    pub name: String,
    /// Type; of a computed column the type of its expression.
    pub data_type: DataType,
    /// Where its values come from.
    pub kind: TableColumnKind,
    /// COMMENT.
    pub comment: Option<String>,
}

/// Where a column's values come from.
#[derive(Clone, Debug, PartialEq)]
pub enum TableColumnKind {
    /// The format.
    Physical,
    /// The connector's metadata.
    Metadata {
        /// Key at the connector, if it is not the column's name.
        key: Option<String>,
        /// VIRTUAL: not part of a sink's rows.
        is_virtual: bool,
    },
    /// An expression over the other columns, with names resolved in the table itself.
    Computed(ast::Expression),
}

/// A table's definition, complete: LIKE merged, types resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedTable {
    /// catalog, database, table
    pub path: [String; 3],
    /// Columns in declared order.
    pub columns: Vec<TableColumn>,
    /// `WATERMARK FOR column AS expression`.
    pub watermark: Option<(String, ast::Expression)>,
    /// Names of the PRIMARY KEY's columns.
    pub primary_key: Vec<String>,
    /// Name of the PRIMARY KEY constraint; `None` without one.
    pub primary_key_name: Option<String>,
    /// PARTITIONED BY.
    pub partition_keys: Vec<String>,
    /// DISTRIBUTED …, as text for SHOW CREATE TABLE.
    pub distribution: Option<String>,
    /// COMMENT.
    pub comment: Option<String>,
    /// WITH.
    pub options: BTreeMap<String, String>,
    /// CREATE TEMPORARY TABLE.
    pub temporary: bool,
}

impl ResolvedTable {
    /// `catalog.database.table`
    pub fn full_name(&self) -> String {
        self.path.join(".")
    }

    /// What the connector is told: physical columns, metadata columns, keys, options with `hints` merged in.
    pub fn spec(&self, hints: &BTreeMap<String, String>) -> TableSpec {
        let mut spec = TableSpec { name: self.full_name(), ..TableSpec::default() };
        let mut physical = Vec::new();
        for column in &self.columns {
            let field = Field::new(&column.name, column.data_type.clone());
            match &column.kind {
                TableColumnKind::Physical => physical.push(field),
                TableColumnKind::Metadata { key, is_virtual } => {
                    let key = key.clone().unwrap_or_else(|| column.name.clone());
                    spec.metadata.push(MetadataColumn { field, key, is_virtual: *is_virtual });
                }
                TableColumnKind::Computed(_) => {}
            }
        }
        spec.schema = Schema::new(physical);
        spec.primary_key = self.primary_key.iter().filter_map(|name| spec.schema.index_of(name)).collect();
        spec.partition_keys.clone_from(&self.partition_keys);
        spec.options = self.options.iter().chain(hints).map(|(key, value)| (key.clone(), value.clone())).collect();
        spec
    }
}
