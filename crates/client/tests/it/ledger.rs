//! A transactional sink for tests: rows become visible when they are committed, and only once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use flott_connector::{
    Capabilities, Committable, Committer, Connector, ConnectorError, ConnectorOption, Sink, SinkWriter, Source,
    WriterSetup,
};
use flott_environment::Environment;
use flott_record::{Batch, ChangelogMode, Schema, TableSpec};

type Rows = Vec<Vec<i64>>;

/// What is visible, and what was written and not yet committed or removed.
#[derive(Default)]
struct Books {
    committed: BTreeMap<String, Rows>,
    written: BTreeMap<String, Rows>,
    refuses: bool,
}

#[derive(Clone, Default)]
pub struct Ledger {
    books: Arc<Mutex<Books>>,
}

impl Ledger {
    /// All committed rows, sorted.
    pub fn rows(&self) -> Rows {
        let mut rows: Rows = self.books.lock().expect("no panic").committed.values().flatten().cloned().collect();
        rows.sort();
        rows
    }

    /// Number of pieces that were written and neither committed nor removed.
    pub fn left_behind(&self) -> usize {
        self.books.lock().expect("no panic").written.len()
    }

    /// Lets commits fail.
    pub fn refuse(&self) {
        self.books.lock().expect("no panic").refuses = true;
    }

    pub fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.clone())
    }
}

impl Connector for Ledger {
    fn identifier(&self) -> &str {
        "ledger"
    }

    fn options(&self) -> &[ConnectorOption] {
        &[]
    }

    fn capabilities(&self, _: &TableSpec) -> Result<Capabilities, ConnectorError> {
        Ok(Capabilities {
            source: None,
            sink: Some(ChangelogMode::INSERT_ONLY),
            bounded: false,
            projection_push_down: false,
            metadata: Schema::default(),
            source_parallelism_max: None,
        })
    }

    fn source(&self, _: &TableSpec) -> Result<Box<dyn Source>, ConnectorError> {
        Err(ConnectorError::new("no source"))
    }

    fn sink(&self, _: &TableSpec) -> Result<Box<dyn Sink>, ConnectorError> {
        Ok(Box::new(self.clone()))
    }
}

impl Sink for Ledger {
    fn writer(&self, setup: &WriterSetup) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let name = format!("{}-{}", setup.run_id, setup.subtask);
        Ok(Box::new(Writer { ledger: self.clone(), name, pieces: 0, rows: Vec::new() }))
    }

    fn committer(&self, _: &Environment) -> Option<Box<dyn Committer>> {
        Some(Box::new(self.clone()))
    }
}

impl Committer for Ledger {
    fn commit(&mut self, committables: &[Committable]) -> Result<(), ConnectorError> {
        let mut books = self.books.lock().expect("no panic");
        if books.refuses {
            return Err(ConnectorError::new("the ledger is closed"));
        }
        for committable in committables {
            let name = String::from_utf8(committable.state.clone()).expect("a name");
            // Committed before: nothing is left to do.
            if let Some(rows) = books.written.remove(&name) {
                books.committed.insert(name, rows);
            }
        }
        Ok(())
    }

    fn discard(&mut self, committables: &[Committable]) -> Result<(), ConnectorError> {
        let mut books = self.books.lock().expect("no panic");
        for committable in committables {
            books.written.remove(std::str::from_utf8(&committable.state).expect("a name"));
        }
        Ok(())
    }
}

struct Writer {
    ledger: Ledger,
    name: String,
    pieces: usize,
    rows: Rows,
}

impl SinkWriter for Writer {
    fn write(&mut self, batch: &Batch) -> Result<(), ConnectorError> {
        let cell = |column: usize, row: usize| batch.column(column).as_primitive::<Int64Type>().value(row);
        self.rows.extend((0..batch.num_rows()).map(|row| (0..3).map(|column| cell(column, row)).collect()));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    fn prepare_commit(&mut self, _: bool) -> Result<Vec<Committable>, ConnectorError> {
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        let name = format!("{}-{}", self.name, self.pieces);
        self.pieces += 1;
        self.ledger.books.lock().expect("no panic").written.insert(name.clone(), std::mem::take(&mut self.rows));
        Ok(vec![Committable { state: name.into_bytes() }])
    }

    fn abort(&mut self) -> Result<(), ConnectorError> {
        // What was handed over may be part of a checkpoint: it is the committer's affair.
        self.rows.clear();
        Ok(())
    }

    fn bytes_written(&self) -> u64 {
        0
    }
}
