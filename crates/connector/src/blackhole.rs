//! `'connector' = 'blackhole'`: takes every row and keeps none.

use flott_environment::Environment;
use flott_record::{Batch, ChangelogMode, Schema, TableSpec};

use crate::contract::{Capabilities, Connector, ConnectorError, ConnectorOption};
use crate::options::TableOptions;
use crate::sink::{Committable, Committer, Sink, SinkWriter, WriterSetup};
use crate::source::Source;

/// The connector.
pub struct BlackholeConnector;

impl Connector for BlackholeConnector {
    fn identifier(&self) -> &str {
        "blackhole"
    }

    fn options(&self) -> &[ConnectorOption] {
        &[]
    }

    fn capabilities(&self, table: &TableSpec) -> Result<Capabilities, ConnectorError> {
        TableOptions::of(table).check("blackhole", &[])?;
        Ok(Capabilities {
            source: None,
            // As in Flink: nobody needs to make -U for rows that nobody keeps.
            sink: Some(ChangelogMode::UPSERT),
            bounded: false,
            projection_push_down: false,
            metadata: Schema::default(),
            source_parallelism_max: None,
        })
    }

    fn source(&self, table: &TableSpec) -> Result<Box<dyn Source>, ConnectorError> {
        Err(ConnectorError::new(format!("table {} of connector 'blackhole' cannot be read: it is a sink", table.name)))
    }

    fn sink(&self, table: &TableSpec) -> Result<Box<dyn Sink>, ConnectorError> {
        TableOptions::of(table).check("blackhole", &[])?;
        Ok(Box::new(Blackhole))
    }
}

struct Blackhole;

impl Sink for Blackhole {
    fn writer(&self, _setup: &WriterSetup) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        Ok(Box::new(Blackhole))
    }

    fn committer(&self, _environment: &Environment) -> Option<Box<dyn Committer>> {
        None
    }
}

impl SinkWriter for Blackhole {
    fn write(&mut self, _batch: &Batch) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    fn prepare_commit(&mut self, _end_of_input: bool) -> Result<Vec<Committable>, ConnectorError> {
        Ok(Vec::new())
    }

    fn abort(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn bytes_written(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_every_kind_of_row_and_no_option() {
        let mut table = TableSpec { name: "t".into(), ..TableSpec::default() };
        let capabilities = BlackholeConnector.capabilities(&table).expect("no options");
        assert_eq!(capabilities.sink, Some(ChangelogMode::UPSERT));
        assert!(BlackholeConnector.source(&table).is_err());
        table.options.insert("path".into(), "x".into());
        assert!(BlackholeConnector.sink(&table).is_err());
    }
}
