//! `'connector' = 'values'`: the rows of a case as a source, and a sink that keeps what it is given.
//!
//! A table's rows are found by its option `data-id`. `changelog-mode` says which kinds of rows the source has;
//! `sink-changelog-mode-enforced` which the sink takes, by default inserts alone where `sink-insert-only` says so, else upserts if it has a primary
//! key, everything if not. Whatever else Flink's
//! connector of this name understands is accepted and means nothing here.

mod sink;
mod source;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flott_connector::options::TableOptions;
use flott_connector::{
    Capabilities, Connector, ConnectorError, ConnectorOption, LoadedTable, Lookup, LookupSetup, Sink, Source,
};
use flott_record::value_array::batch_from_rows;
use flott_record::{ChangelogMode, Field, RowKind, Schema, TableSpec, Value};
use serde_json::Value as Json;

use crate::{case, cell};

/// The connector's name.
pub const IDENTIFIER: &str = "values";

/// Rows of one table.
#[derive(Clone, Debug, Default)]
pub struct TableData {
    /// `{"op", "row"}` each.
    pub rows: Vec<Json>,
    /// The source stays open after its last row.
    pub endless: bool,
    /// Rows at the beginning that a lookup does not find: those of a run before this one.
    pub rows_before: usize,
}

/// A row that a sink was given.
pub type Recorded = (RowKind, Vec<Value>);

/// Everything that the tables of one case share.
#[derive(Clone, Default)]
pub struct Stage {
    data: Arc<Mutex<BTreeMap<String, TableData>>>,
    written: Arc<Mutex<BTreeMap<String, Vec<Recorded>>>>,
    readers_at_end: Arc<AtomicUsize>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    /// Puts rows under a `data-id`.
    pub fn put(&self, id: &str, data: TableData) {
        locked(&self.data).insert(id.to_string(), data);
    }

    /// What the sink of a table (last part of its name) was given, in order.
    pub fn written(&self, table: &str) -> Vec<Recorded> {
        locked(&self.written).get(table).cloned().unwrap_or_else(Vec::new)
    }

    /// Forgets how many readers have come to the end.
    pub fn begin_reading(&self) {
        self.readers_at_end.store(0, Ordering::Release);
    }

    /// Number of endless readers that have given all their rows.
    pub fn readers_at_end(&self) -> usize {
        self.readers_at_end.load(Ordering::Acquire)
    }

    fn reader_came_to_end(&self) {
        self.readers_at_end.fetch_add(1, Ordering::AcqRel);
    }

    fn rows(&self, id: &str) -> Option<TableData> {
        locked(&self.data).get(id).cloned()
    }

    fn record(&self, table: &str, rows: Vec<Recorded>) {
        let mut written = locked(&self.written);
        match written.get_mut(table) {
            Some(known) => known.extend(rows),
            None => {
                written.insert(table.to_string(), rows);
            }
        }
    }
}

/// The connector over one stage.
pub struct ValuesConnector {
    stage: Stage,
}

impl ValuesConnector {
    /// Tables that find their rows on this stage and record there.
    pub fn new(stage: &Stage) -> Self {
        ValuesConnector { stage: stage.clone() }
    }

    /// The rows of a table, and whether its source stays open behind them.
    fn changes(&self, table: &TableSpec) -> Result<(Vec<Recorded>, bool), ConnectorError> {
        let options = TableOptions::of(table);
        let id = options.text("data-id").unwrap_or("");
        let data = self.stage.rows(id);
        if data.is_none() && options.text("failing-source") == Some("true") {
            // The words of Flink's connector.
            return Err(ConnectorError::new("testing elements of values source shouldn't be empty."));
        }
        let data = data.ok_or_else(|| ConnectorError::new(format!("table {} has no rows under '{id}'", table.name)))?;
        let mut fields = table.schema.fields.clone();
        fields.extend(table.metadata.iter().map(|column| column.field.clone()));
        let listed = metadata(options.text("readable-metadata").unwrap_or(""))?;
        let mut rows = Vec::with_capacity(data.rows.len());
        for row in &data.rows {
            let kind = case::text(row, "op").and_then(RowKind::from_short);
            let kind = kind.ok_or_else(|| ConnectorError::new(format!("row without a kind: {row}")))?;
            let cells = in_schema_order(case::list(row, "row"), table, &listed);
            let cells = cell::row(&cells, &fields).map_err(ConnectorError::new)?;
            rows.push((kind, cells));
        }
        Ok((rows, data.endless))
    }
}

/// `I,UA,UB,D`
fn changelog_mode(text: &str) -> Result<ChangelogMode, ConnectorError> {
    let mut mode = ChangelogMode::INSERT_ONLY;
    for kind in text.split(',').map(str::trim) {
        match kind {
            "I" => {}
            "UB" => mode.update_before = true,
            "UA" => mode.update_after = true,
            "D" => mode.delete = true,
            other => return Err(ConnectorError::new(format!("'{other}' is no kind of row"))),
        }
    }
    Ok(mode)
}

/// `ts:TIMESTAMP(3),name:STRING`
fn metadata(text: &str) -> Result<Schema, ConnectorError> {
    let mut fields = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, type_name) =
            entry.split_once(':').ok_or_else(|| ConnectorError::new(format!("'{entry}' lacks a type")))?;
        let data_type = cell::data_type(type_name).map_err(ConnectorError::new)?;
        fields.push(Field::new(name, data_type));
    }
    Ok(Schema::new(fields))
}

/// A row's cells in the order of the table's columns: where a row has all the metadata that the connector lists, they stand in that order.
fn in_schema_order(cells: &[Json], table: &TableSpec, listed: &Schema) -> Vec<Json> {
    let physical = table.schema.len();
    if cells.len() != physical + listed.len() {
        return cells.to_vec();
    }
    let place = |key: &str| listed.fields.iter().position(|field| field.name == key);
    let metadata = table.metadata.iter().filter_map(|column| cells.get(physical + place(&column.key)?));
    cells[..physical].iter().chain(metadata).cloned().collect()
}

/// Positions of a sink's columns in the order in which Flink's connector is given them: metadata as the connector lists it.
fn columns(table: &TableSpec) -> Result<Vec<usize>, ConnectorError> {
    let listed = metadata(TableOptions::of(table).text("writable-metadata").unwrap_or(""))?;
    let physical = table.schema.len();
    let written: Vec<&str> =
        table.metadata.iter().filter(|column| !column.is_virtual).map(|column| column.key.as_str()).collect();
    let mut columns: Vec<usize> = (0..physical).collect();
    let listed = listed.fields.iter().filter_map(|field| written.iter().position(|key| *key == field.name));
    columns.extend(listed.map(|position| physical + position));
    Ok(columns)
}

impl Connector for ValuesConnector {
    fn identifier(&self) -> &str {
        IDENTIFIER
    }

    fn options(&self) -> &[ConnectorOption] {
        &[]
    }

    fn capabilities(&self, table: &TableSpec) -> Result<Capabilities, ConnectorError> {
        let options = TableOptions::of(table);
        let sink = match options.text("sink-changelog-mode-enforced") {
            Some(text) => changelog_mode(text)?,
            None if options.text("sink-insert-only") == Some("true") => ChangelogMode::INSERT_ONLY,
            None if table.primary_key.is_empty() => ChangelogMode::ALL,
            None => ChangelogMode::UPSERT,
        };
        let id = options.text("data-id").unwrap_or("");
        Ok(Capabilities {
            source: Some(changelog_mode(options.text("changelog-mode").unwrap_or("I"))?),
            sink: Some(sink),
            bounded: !self.stage.rows(id).is_some_and(|data| data.endless),
            projection_push_down: true,
            metadata: metadata(options.text("readable-metadata").unwrap_or(""))?,
            source_parallelism_max: Some(1),
        })
    }

    fn source(&self, table: &TableSpec) -> Result<Box<dyn Source>, ConnectorError> {
        let (rows, endless) = self.changes(table)?;
        Ok(Box::new(source::ValuesSource::new(rows, endless, &self.stage)))
    }

    fn check_overwrite(&self, _table: &TableSpec, _batch_mode: bool) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn source_deletes_by_key(&self, table: &TableSpec) -> bool {
        TableOptions::of(table).text("source.produces-delete-by-key") == Some("true")
    }

    fn sink_takes_deletes_by_key(&self, table: &TableSpec) -> bool {
        TableOptions::of(table).text("sink.supports-delete-by-key") == Some("true")
    }

    fn lookup(&self, table: &TableSpec, setup: &LookupSetup) -> Result<Option<Box<dyn Lookup>>, ConnectorError> {
        let cells = |row: &[Value]| setup.projection.iter().map(|column| row[*column].clone()).collect();
        let id = TableOptions::of(table).text("data-id").unwrap_or("").to_string();
        let rows_before = self.stage.rows(&id).map_or(0, |data| data.rows_before);
        let changes: Vec<Recorded> = self.changes(table)?.0.into_iter().skip(rows_before).collect();
        let table_rows = crate::engine::materialize(&changes, &table.primary_key);
        let rows: Vec<Recorded> = table_rows.iter().map(|row| (RowKind::Insert, cells(row))).collect();
        let batch = batch_from_rows(&setup.output, &rows).map_err(|error| ConnectorError::new(error.to_string()))?;
        Ok(Some(Box::new(LoadedTable::new(&[batch], &setup.keys, &setup.output)?)))
    }

    fn sink(&self, table: &TableSpec) -> Result<Box<dyn Sink>, ConnectorError> {
        let name = table.name.rsplit('.').next().unwrap_or(&table.name);
        Ok(Box::new(sink::ValuesSink::new(self.stage.clone(), name.to_string(), columns(table)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_in_any_order() {
        let mode = changelog_mode("I, UA,D").expect("known kinds");
        assert_eq!(mode, ChangelogMode::UPSERT);
        assert!(changelog_mode("X").is_err());
    }
}
