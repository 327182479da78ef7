//! A transactional sink that remembers the order of its commits, takes its time, and can be told to be wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use flott_connector::{
    Capabilities, Committable, Committer, Connector, ConnectorError, ConnectorOption, Sink, SinkWriter, Source,
    WriterSetup,
};
use flott_environment::{Clock, Environment, Waker};
use flott_record::value_array::rows_of_batch;
use flott_record::{Batch, ChangelogMode, RowKind, Schema, TableSpec, Value};

use super::operators::link;

pub const IDENTIFIER: &str = "journal";

/// A row: its kind, its cells. A cell that is no BIGINT is told by a number made from its text.
pub type Row = (RowKind, Vec<i64>);

#[derive(Default)]
struct Books {
    /// Pieces that were written and are neither committed nor removed.
    written: BTreeMap<String, Vec<Row>>,
    committed: BTreeSet<String>,
    /// Committed rows, in the order of their commits.
    history: Vec<Row>,
}

/// The sink of all runs of one job.
#[derive(Clone)]
pub struct Journal {
    books: Arc<Mutex<Books>>,
    /// Milliseconds that a write takes.
    pub pace_ms: i64,
    /// A mutant: rows are visible before their checkpoint is complete.
    pub commits_at_once: bool,
}

impl Journal {
    pub fn new(pace_ms: i64) -> Self {
        Journal { books: Arc::default(), pace_ms, commits_at_once: false }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("no panic")
    }

    /// Committed rows in order.
    pub fn history(&self) -> Vec<Row> {
        self.books().history.clone()
    }

    /// What the changelog comes to, sorted.
    ///
    /// # Errors
    /// If a row is taken back that is not there.
    pub fn table(&self) -> Result<Vec<Vec<i64>>, String> {
        let mut counts: BTreeMap<Vec<i64>, i64> = BTreeMap::new();
        for (kind, row) in self.history() {
            *counts.entry(row).or_default() += match kind {
                RowKind::Insert | RowKind::UpdateAfter => 1,
                RowKind::UpdateBefore | RowKind::Delete => -1,
            };
        }
        if let Some((row, count)) = counts.iter().find(|(_, count)| **count < 0) {
            return Err(format!("{row:?} is there {count} times"));
        }
        Ok(counts.into_iter().flat_map(|(row, count)| std::iter::repeat_n(row, count as usize)).collect())
    }

    /// Pieces that nobody committed or removed.
    pub fn left_behind(&self) -> usize {
        self.books().written.len()
    }

    pub fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.clone())
    }
}

impl Connector for Journal {
    fn identifier(&self) -> &str {
        IDENTIFIER
    }

    fn options(&self) -> &[ConnectorOption] {
        &[]
    }

    fn capabilities(&self, _: &TableSpec) -> Result<Capabilities, ConnectorError> {
        Ok(Capabilities {
            source: None,
            sink: Some(ChangelogMode::ALL),
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

impl Sink for Journal {
    fn writer(&self, setup: &WriterSetup) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        Ok(Box::new(Writer {
            journal: self.clone(),
            name: format!("{}-{:04}", setup.run_id, setup.subtask),
            pieces: 0,
            rows: Vec::new(),
            prepared: Vec::new(),
            schema: setup.input.clone(),
            clock: setup.environment.clock().clone(),
            busy_until_ms: 0,
            waker: None,
        }))
    }

    fn committer(&self, _: &Environment) -> Option<Box<dyn Committer>> {
        Some(Box::new(self.clone()))
    }
}

impl Committer for Journal {
    fn commit(&mut self, committables: &[Committable]) -> Result<(), ConnectorError> {
        let mut books = self.books();
        for committable in committables {
            let name = String::from_utf8(committable.state.clone()).expect("a name");
            if books.committed.insert(name.clone()) {
                let rows = books.written.remove(&name).unwrap_or_default();
                books.history.extend(rows);
            }
        }
        Ok(())
    }

    fn discard(&mut self, committables: &[Committable]) -> Result<(), ConnectorError> {
        let mut books = self.books();
        for committable in committables {
            let name = String::from_utf8(committable.state.clone()).expect("a name");
            books.written.remove(&name);
        }
        Ok(())
    }
}

struct Writer {
    journal: Journal,
    name: String,
    pieces: usize,
    rows: Vec<Row>,
    prepared: Vec<String>,
    schema: Schema,
    clock: Clock,
    busy_until_ms: i64,
    waker: Option<Waker>,
}

impl SinkWriter for Writer {
    fn is_ready(&mut self, waker: &Waker) -> bool {
        let is_ready = self.clock.now_ms() >= self.busy_until_ms;
        self.waker = (!is_ready).then(|| waker.clone());
        is_ready
    }

    fn write(&mut self, batch: &Batch) -> Result<(), ConnectorError> {
        let number = |value: Value| match value {
            Value::BigInt(number) => number,
            other => format!("{other:?}").bytes().fold(0, |hash, byte| link(hash, i64::from(byte))),
        };
        let rows = rows_of_batch(&self.schema, batch).into_iter();
        let rows = rows.map(|(kind, row)| (kind, row.into_iter().map(number).collect()));
        if self.journal.commits_at_once {
            self.journal.books().history.extend(rows);
        } else {
            self.rows.extend(rows);
        }
        self.busy_until_ms = self.clock.now_ms() + self.journal.pace_ms;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ConnectorError> {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        Ok(())
    }

    fn wake_at_ms(&self) -> Option<i64> {
        self.waker.as_ref().map(|_| self.busy_until_ms)
    }

    fn prepare_commit(&mut self, _: bool) -> Result<Vec<Committable>, ConnectorError> {
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        let name = format!("{}-{:06}", self.name, self.pieces);
        self.pieces += 1;
        self.journal.books().written.insert(name.clone(), std::mem::take(&mut self.rows));
        self.prepared.push(name.clone());
        Ok(vec![Committable { state: name.into_bytes() }])
    }

    fn abort(&mut self) -> Result<(), ConnectorError> {
        let mut books = self.journal.books();
        self.prepared.iter().for_each(|name| drop(books.written.remove(name)));
        Ok(())
    }

    fn bytes_written(&self) -> u64 {
        0
    }
}
