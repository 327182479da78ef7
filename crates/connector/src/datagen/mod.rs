//! `'connector' = 'datagen'`: rows of random values and sequences, at a rate.
//!
//! A row's values follow from the source's seed and the row's number alone, so that a restored job makes the rows that the failed one would
//! have made.

mod draw;
mod field;
mod generate;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use flott_configuration::suggestion::did_you_mean;
use flott_record::{ChangelogMode, Schema, TableSpec};

use crate::contract::{Capabilities, Connector, ConnectorError, ConnectorOption};
use crate::options::TableOptions;
use crate::sink::Sink;
use crate::source::Source;
use field::{FieldReader, Generated};
use source::{DatagenSource, Settings};

/// The connector.
pub struct DatagenConnector;

const fn option(key: &'static str, default: Option<&'static str>, description: &'static str) -> ConnectorOption {
    ConnectorOption { key, required: false, default, description }
}

const OPTIONS: &[ConnectorOption] = &[
    option("rows-per-second", Some("10000"), "Rows per second of all readers together."),
    option("number-of-rows", None, "Rows in all; without it, and without sequences, the source doesn't end."),
    option(
        "fields.*",
        None,
        "fields.<column>.kind (random or sequence), min, max, max-past, length, var-len, null-rate, start, end; \
         fields.<column>.<field>, .element, .key and .value for nested types.",
    ),
];

fn settings(table: &TableSpec) -> Result<Settings, ConnectorError> {
    let options = TableOptions::of(table);
    options.check("datagen", &[OPTIONS])?;
    if let Some(column) = table.metadata.first() {
        return Err(ConnectorError::new(format!("the datagen connector has no metadata '{}'", column.key)));
    }
    let mut reader = FieldReader::new(options);
    let fields: Vec<Generated> = table
        .schema
        .fields
        .iter()
        .map(|field| reader.read(&format!("fields.{}", field.name), &field.data_type))
        .collect::<Result<_, _>>()?;
    check_field_options(table, reader.known())?;
    let given = options.get::<i64>("number-of-rows")?;
    if given.is_some_and(|rows| rows < 0) {
        return Err(options.invalid(
            "number-of-rows",
            options.text("number-of-rows").unwrap_or_default(),
            "a number from 0",
        ));
    }
    let sequences = fields.iter().filter_map(Generated::rows);
    Ok(Settings {
        rows: sequences.chain(given.map(|rows| rows as u64)).min(),
        rows_per_second: options.number("rows-per-second", 10_000, 1, i64::from(i32::MAX))? as u64,
        fields,
    })
}

/// Refuses options of fields that nothing reads.
fn check_field_options(table: &TableSpec, known: &BTreeSet<String>) -> Result<(), ConnectorError> {
    let given = table.options.keys().filter(|key| key.starts_with("fields."));
    match given.into_iter().find(|key| !known.contains(key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let hint = did_you_mean(key, known.iter().map(String::as_str));
            let table = &table.name;
            Err(ConnectorError::new(format!("unknown option '{key}' of connector 'datagen' in table {table}{hint}")))
        }
    }
}

impl Connector for DatagenConnector {
    fn identifier(&self) -> &str {
        "datagen"
    }

    fn options(&self) -> &[ConnectorOption] {
        OPTIONS
    }

    fn capabilities(&self, table: &TableSpec) -> Result<Capabilities, ConnectorError> {
        let settings = settings(table)?;
        Ok(Capabilities {
            source: Some(ChangelogMode::INSERT_ONLY),
            sink: None,
            bounded: settings.rows.is_some(),
            projection_push_down: true,
            metadata: Schema::default(),
            source_parallelism_max: None,
        })
    }

    fn source(&self, table: &TableSpec) -> Result<Box<dyn Source>, ConnectorError> {
        Ok(Box::new(DatagenSource::new(settings(table)?)))
    }

    fn sink(&self, table: &TableSpec) -> Result<Box<dyn Sink>, ConnectorError> {
        Err(ConnectorError::new(format!(
            "table {} of connector 'datagen' cannot be written: it is a source",
            table.name
        )))
    }
}
