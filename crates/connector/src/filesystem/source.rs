//! A table in files as a source.

use flott_environment::Environment;
use flott_record::value_array::array_from_values;
use flott_record::{DataType, Field, TypeKind, Value};

use arrow_array::ArrayRef;

use super::enumerator::FileEnumerator;
use super::options::{RowErrorPolicy, Settings};
use super::partition::{parse_value, value_in_path};
use super::reader::FileReader;
use super::split::FileSplit;
use super::target::Location;
use crate::contract::ConnectorError;
use crate::source::{Boundedness, Enumerator, ReaderSetup, Source, SourceReader};

/// The metadata of each row: about its file.
pub fn metadata_columns() -> Vec<Field> {
    vec![
        Field::new("file.path", TypeKind::string().not_null()),
        Field::new("file.name", TypeKind::string().not_null()),
        Field::new("file.size", TypeKind::BigInt.not_null()),
        Field::new("file.modification-time", TypeKind::TimestampLtz(3).not_null()),
    ]
}

/// Where a column of a batch comes from.
#[derive(Clone, Debug)]
pub enum ColumnOrigin {
    /// The column at this position of what the decoder gives.
    File(usize),
    /// The same value in each row of a file: a partition key.
    Partition(Field),
    /// The same value in each row of a file: metadata of this key.
    Metadata(String, DataType),
}

/// A table in files.
pub struct FileSource {
    settings: Settings,
}

impl FileSource {
    /// A source of a table.
    ///
    /// # Errors
    /// If the table has metadata that files don't have, or keeps bad records among its files.
    pub fn new(settings: Settings) -> Result<Self, ConnectorError> {
        if let Location::Store(uri) = &settings.location {
            return Err(ConnectorError::new(format!(
                "not supported: reading files of an object store (option 'path' = '{uri}')"
            )));
        }
        for column in &settings.table.metadata {
            check_metadata(&column.key, &column.field.data_type)?;
        }
        if let RowErrorPolicy::DeadLetter(folder) = &settings.row_errors
            && folder == &settings.path
        {
            return Err(ConnectorError::new("'scan.row-error.dead-letter.path' must be another folder than 'path'"));
        }
        Ok(FileSource { settings })
    }
}

fn check_metadata(key: &str, data_type: &DataType) -> Result<(), ConnectorError> {
    let known = metadata_columns();
    let Some(field) = known.iter().find(|field| field.name == key) else {
        let names: Vec<&str> = known.iter().map(|field| field.name.as_str()).collect();
        return Err(ConnectorError::new(format!(
            "the filesystem connector has no metadata '{key}'; there are {}",
            names.join(", ")
        )));
    };
    if field.data_type.to_arrow() == data_type.to_arrow() {
        return Ok(());
    }
    Err(ConnectorError::new(format!("metadata '{key}' has the type {}, not {data_type}", field.data_type)))
}

/// What the decoder reads, and where each column of a batch comes from.
pub fn column_origins(
    settings: &Settings,
    projection: &[usize],
) -> Result<(Vec<usize>, Vec<ColumnOrigin>), ConnectorError> {
    let mut decoded = Vec::new();
    let mut origins = Vec::with_capacity(projection.len());
    let physical = settings.table.schema.len();
    for position in projection {
        if let Some(column) = settings.file_columns.iter().position(|column| column == position) {
            origins.push(ColumnOrigin::File(decoded.len()));
            decoded.push(column);
        } else if let Some(field) = settings.table.schema.fields.get(*position) {
            origins.push(ColumnOrigin::Partition(field.clone()));
        } else if let Some(column) = settings.table.metadata.get(*position - physical) {
            origins.push(ColumnOrigin::Metadata(column.key.clone(), column.field.data_type.clone()));
        } else {
            let table = &settings.table.name;
            return Err(ConnectorError::new(format!("table {table} has no column at position {position}")));
        }
    }
    Ok((decoded, origins))
}

/// The value that a file gives to each of its rows, as an array of one; `None` for columns of the file itself.
///
/// # Errors
/// If the file's path lacks a partition key, or its value doesn't fit the column.
pub fn file_constant(
    origin: &ColumnOrigin,
    split: &FileSplit,
    default_partition: &str,
) -> Result<Option<ArrayRef>, ConnectorError> {
    match origin {
        ColumnOrigin::File(_) => Ok(None),
        ColumnOrigin::Partition(field) => {
            let text = value_in_path(&split.path, &field.name).ok_or_else(|| {
                ConnectorError::new(format!(
                    "{}: no folder of the path names the partition key '{}'",
                    split.path, field.name
                ))
            })?;
            let text = (text != default_partition).then_some(text);
            parse_value(field, text.as_deref(), &split.path).map(Some)
        }
        ColumnOrigin::Metadata(key, data_type) => {
            let name = split.path.rsplit('/').next().unwrap_or_default();
            let value = match key.as_str() {
                "file.path" => Value::String(split.path.clone()),
                "file.name" => Value::String(name.to_string()),
                "file.size" => Value::BigInt(split.len_bytes as i64),
                _ => Value::TimestampLtz(split.modified_ms, 3),
            };
            let array = array_from_values(data_type, &[value]);
            array.map(Some).map_err(|error| ConnectorError::new(error.to_string()))
        }
    }
}

impl Source for FileSource {
    fn boundedness(&self) -> Boundedness {
        match self.settings.monitor_interval_ms {
            Some(_) => Boundedness::Unbounded,
            None => Boundedness::Bounded,
        }
    }

    fn enumerator(&self, environment: &Environment, _parallelism: u32) -> Result<Box<dyn Enumerator>, ConnectorError> {
        let excluded = match &self.settings.row_errors {
            RowErrorPolicy::DeadLetter(folder) => Some(folder.clone()),
            RowErrorPolicy::Fail | RowErrorPolicy::Skip => None,
        };
        let (disk, path) = (environment.disk().clone(), self.settings.path.clone());
        Ok(Box::new(FileEnumerator::new(disk, path, excluded, self.settings.monitor_interval_ms)?))
    }

    fn reader(&self, setup: &ReaderSetup) -> Result<Box<dyn SourceReader>, ConnectorError> {
        Ok(Box::new(FileReader::new(self.settings.clone(), setup)?))
    }
}
