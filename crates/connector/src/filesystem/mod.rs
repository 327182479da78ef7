//! `'connector' = 'filesystem'`: tables in files of a format, on the local disk; sinks in object stores as well.
//!
//! A source reads a file, a folder with all below it, or what a pattern matches; each file is a split. A sink writes part files under hidden
//! names, or as uploads that are not completed, and lets them be seen when they are committed: no reader ever sees half a file, or one whose
//! checkpoint is not complete. Part files end with each checkpoint, and at a size or time.

mod committable;
mod committer;
mod compaction;
mod enumerator;
mod file_input;
mod options;
mod part;
mod partition;
mod partition_commit;
mod partition_time;
mod path;
mod patient;
mod pattern;
mod reader;
mod row_policy;
mod sink;
#[cfg(test)]
mod sink_tests;
mod source;
mod split;
mod target;
#[cfg(test)]
mod tests;
mod upload;

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

    fn check_overwrite(&self, _table: &TableSpec, batch_mode: bool) -> Result<(), ConnectorError> {
        Err(ConnectorError::new(if batch_mode {
            "not supported: INSERT OVERWRITE"
        } else {
            "Streaming mode not support overwrite."
        }))
    }

    fn sink(&self, table: &TableSpec) -> Result<Box<dyn Sink>, ConnectorError> {
        let settings = Settings::read(table)?;
        Ok(Box::new(sink::FileSink::new(settings)?))
    }
}
