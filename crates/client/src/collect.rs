//! Brings a query's results to the client: a sink that writes into a bounded queue, read by the caller.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flott_connector::{
    Capabilities, Committable, Committer, Connector, ConnectorError, ConnectorOption, Sink, SinkWriter, Source,
    WriterSetup,
};
use flott_environment::{Environment, Waker};
use flott_record::{Batch, ChangelogMode, Schema, TableSpec};

use crate::limits::COLLECT_BYTES_MAX;

/// The value of the option `connector` of a table whose rows go to the client.
pub const IDENTIFIER: &str = "collect";

#[derive(Default)]
struct Queue {
    batches: VecDeque<(Batch, usize)>,
    bytes: usize,
    /// Connector, sinks and writers that exist; none any more means that nothing follows.
    producers: usize,
    reader_is_gone: bool,
    /// Writers that wait for room, by subtask.
    blocked: BTreeMap<u32, Waker>,
    reader: Option<Waker>,
}

#[derive(Clone, Default)]
struct Shared {
    queue: Arc<Mutex<Queue>>,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_reader(&self) {
        let reader = self.queue().reader.take();
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

/// Counts as a producer while it lives.
struct Producer {
    shared: Shared,
}

impl Producer {
    fn new(shared: &Shared) -> Self {
        shared.queue().producers += 1;
        Producer { shared: shared.clone() }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        let is_last = {
            let mut queue = self.shared.queue();
            queue.producers -= 1;
            queue.producers == 0
        };
        if is_last {
            self.shared.wake_reader();
        }
    }
}

/// A connector for one run of one query, and the receiver of its results.
pub fn collector(environment: &Environment) -> (Arc<dyn Connector>, CollectReceiver) {
    let shared = Shared::default();
    let connector = CollectConnector { producer: Producer::new(&shared) };
    (Arc::new(connector), CollectReceiver { shared, environment: environment.clone() })
}

/// Receives the results of a query. The job is held back while the receiver doesn't read; dropping it lets the job run on without results.
pub struct CollectReceiver {
    shared: Shared,
    environment: Environment,
}

impl CollectReceiver {
    /// The next rows; waits for them. `None` when nothing follows: the job has ended, one way or the other (ask its handle), or was
    /// refused. Whoever keeps the connector keeps this waiting.
    pub fn next_batch(&mut self) -> Option<Batch> {
        self.next_within_ms(None)
    }

    /// As [`CollectReceiver::next_batch`], but waits so many milliseconds at the most.
    pub fn next_within_ms(&mut self, timeout_ms: Option<u64>) -> Option<Batch> {
        if let Some(batch) = self.try_next() {
            return Some(batch);
        }
        let waiter = self.environment.waiter();
        let waker = waiter.waker();
        let mut is_over = || {
            let mut queue = self.shared.queue();
            // A wake takes the waker away, so each look leaves it anew.
            queue.reader = Some(waker.clone());
            !queue.batches.is_empty() || queue.producers == 0
        };
        // In simulation waiting fails where nothing can happen any more: then nothing follows.
        let _came = waiter.wait_until(&mut is_over, timeout_ms);
        self.try_next()
    }

    /// The next rows, if some wait.
    pub fn try_next(&mut self) -> Option<Batch> {
        let (batch, blocked) = {
            let mut queue = self.shared.queue();
            let (batch, bytes) = queue.batches.pop_front()?;
            queue.bytes -= bytes;
            (batch, std::mem::take(&mut queue.blocked))
        };
        blocked.values().for_each(Waker::wake);
        Some(batch)
    }

    /// Whether nothing follows.
    pub fn is_ended(&self) -> bool {
        let queue = self.shared.queue();
        queue.batches.is_empty() && queue.producers == 0
    }

    /// Wakes `waker` once, when rows come or nothing follows any more; for those who wait for several things.
    pub fn wake_at_next(&self, waker: Waker) {
        let is_due = {
            let mut queue = self.shared.queue();
            queue.reader = Some(waker);
            !queue.batches.is_empty() || queue.producers == 0
        };
        if is_due {
            self.shared.wake_reader();
        }
    }
}

impl Iterator for CollectReceiver {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        self.next_batch()
    }
}

impl Drop for CollectReceiver {
    fn drop(&mut self) {
        let blocked = {
            let mut queue = self.shared.queue();
            queue.reader_is_gone = true;
            queue.batches.clear();
            queue.bytes = 0;
            std::mem::take(&mut queue.blocked)
        };
        blocked.values().for_each(Waker::wake);
    }
}

struct CollectConnector {
    producer: Producer,
}

impl Connector for CollectConnector {
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

    fn source(&self, table: &TableSpec) -> Result<Box<dyn Source>, ConnectorError> {
        Err(ConnectorError::new(format!("table {} takes results to the client and cannot be read", table.name)))
    }

    fn sink(&self, _: &TableSpec) -> Result<Box<dyn Sink>, ConnectorError> {
        Ok(Box::new(CollectSink { producer: Producer::new(&self.producer.shared) }))
    }
}

struct CollectSink {
    producer: Producer,
}

impl Sink for CollectSink {
    fn writer(&self, setup: &WriterSetup) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let producer = Producer::new(&self.producer.shared);
        Ok(Box::new(CollectWriter { producer, subtask: setup.subtask, written: 0 }))
    }

    fn committer(&self, _: &Environment) -> Option<Box<dyn Committer>> {
        None
    }
}

struct CollectWriter {
    producer: Producer,
    subtask: u32,
    written: u64,
}

impl SinkWriter for CollectWriter {
    fn is_ready(&mut self, waker: &Waker) -> bool {
        let mut queue = self.producer.shared.queue();
        let is_ready = queue.bytes < COLLECT_BYTES_MAX || queue.reader_is_gone;
        if !is_ready {
            queue.blocked.insert(self.subtask, waker.clone());
        }
        is_ready
    }

    fn write(&mut self, batch: &Batch) -> Result<(), ConnectorError> {
        let bytes = batch.memory_bytes();
        self.written += bytes as u64;
        {
            let mut queue = self.producer.shared.queue();
            if queue.reader_is_gone {
                return Ok(());
            }
            queue.bytes += bytes;
            queue.batches.push_back((batch.clone(), bytes));
        }
        self.producer.shared.wake_reader();
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
        self.written
    }
}
