//! `'connector' = 'filesystem'`: tables in files of a format, on the local disk.
//!
//! A source reads a file, a folder with all below it, or what a pattern matches; each file is a split. A sink writes part files under hidden
//! names and gives them their names when they are committed, so that no reader ever sees half a file.

mod committer;
mod enumerator;
mod file_input;
mod options;
mod partition;
mod path;
mod pattern;
mod reader;
mod row_policy;
mod sink;
mod source;
mod split;
#[cfg(test)]
mod tests;

use flott_record::{Schema, TableSpec};

use crate::contract::{Capabilities, Connector, ConnectorError, ConnectorOption};
use crate::sink::Sink;
use crate::source::Source;
use options::{OPTIONS, Settings};
use source::metadata_columns;

/// The connector.
pub struct FilesystemConnector;

impl Connector for FilesystemConnector {
    fn identifier(&self) -> &str {
        "filesystem"
    }

    fn options(&self) -> &[ConnectorOption] {
        OPTIONS
    }

    fn capabilities(&self, table: &TableSpec) -> Result<Capabilities, ConnectorError> {
        let settings = Settings::read(table)?;
        Ok(Capabilities {
            source: Some(settings.format.changelog_mode()),
            sink: Some(settings.format.changelog_mode()),
            bounded: settings.monitor_interval_ms.is_none(),
            projection_push_down: true,
            metadata: Schema::new(metadata_columns()),
            source_parallelism_max: None,
        })
    }

    fn source(&self, table: &TableSpec) -> Result<Box<dyn Source>, ConnectorError> {
        Ok(Box::new(source::FileSource::new(Settings::read(table)?)?))
    }

    fn sink(&self, table: &TableSpec) -> Result<Box<dyn Sink>, ConnectorError> {
        let settings = Settings::read(table)?;
        settings.refuse_sink_options()?;
        Ok(Box::new(sink::FileSink::new(settings)))
    }
}
