//! A sink that keeps every row it is given.

use flott_connector::{Committable, Committer, ConnectorError, Sink, SinkWriter, WriterSetup};
use flott_environment::Environment;
use flott_record::value_array::rows_of_batch;
use flott_record::{Batch, Schema};

use super::Stage;
use crate::compare::with_bitmaps_as_text;

pub(super) struct ValuesSink {
    stage: Stage,
    table: String,
    columns: Vec<usize>,
}

impl ValuesSink {
    pub(super) fn new(stage: Stage, table: String, columns: Vec<usize>) -> Self {
        ValuesSink { stage, table, columns }
    }
}

impl Sink for ValuesSink {
    fn writer(&self, setup: &WriterSetup) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let fields = self.columns.iter().filter_map(|column| setup.input.fields.get(*column).cloned());
        Ok(Box::new(ValuesWriter {
            stage: self.stage.clone(),
            table: self.table.clone(),
            columns: self.columns.clone(),
            schema: Schema::new(fields.collect()),
        }))
    }

    fn committer(&self, _: &Environment) -> Option<Box<dyn Committer>> {
        None
    }
}

struct ValuesWriter {
    stage: Stage,
    table: String,
    columns: Vec<usize>,
    schema: Schema,
}

impl SinkWriter for ValuesWriter {
    fn write(&mut self, batch: &Batch) -> Result<(), ConnectorError> {
        let rows = rows_of_batch(&self.schema, &batch.project(&self.columns));
        self.stage.record(&self.table, with_bitmaps_as_text(&self.schema, rows));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    fn prepare_commit(&mut self, _: bool) -> Result<Vec<Committable>, ConnectorError> {
        Ok(Vec::new())
    }

    fn abort(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn bytes_written(&self) -> u64 {
        0
    }
}
