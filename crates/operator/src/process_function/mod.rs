//! Typed process functions over keyed streams: the DataStream API's own operator, on the same operator, state and timer interfaces as SQL.
//!
//! Emits   what the function collects, with the event time of the record or timer that it was collected for.
//! State   the function's states and timers; both move together by key group.
//! Timers  of event time fire when the watermark has reached them, of processing time by the clock; at most one for each key and time, by
//!         time and then by key. At the end of input all timers of event time fire, none of processing time.

mod cells;
mod record;

use arrow_array::{Array, ArrayRef, Int64Array};
use arrow_schema::DataType as ArrowType;
use flott_record::value_array::value_at;
use flott_record::{Batch, DataType, KeyRows, Value};
use flott_state::{DiskBackend, SnapshotReader, SnapshotWriter, Timers};

pub use self::cells::{
    AggregateFunction, AggregatingState, BroadcastState, ListState, MapState, OperatorListState, Redistribution,
    ReducingState, Refresh, States, Ttl, ValueState,
};
pub use self::record::{Key, Record, decode_payload, encode_payload, payload_field};
use crate::interface::{Context, Forwarding, Operator, OperatorError, Setup, Step};
use crate::key_decoder::KeyDecoder;
use crate::limits::OUTPUT_ROWS_PER_STEP_MAX;

const EVENT_TIMERS: &str = "timers.event";
const PROCESSING_TIMERS: &str = "timers.processing";

/// Which clock a timer follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeDomain {
    /// The watermark.
    EventTime,
    /// The wall clock.
    ProcessingTime,
}

/// A function over the records of each key.
///
/// One instance serves all keys of a subtask; what belongs to a key is in its states. Results must depend on nothing else.
pub trait KeyedProcessFunction {
    /// The key, as the key columns hold it.
    type Key: Key;
    /// Records that come.
    type Input: Record;
    /// Records that go.
    type Output: Record;

    /// Declares states; called once, before anything else.
    fn open(&mut self, states: &mut States);

    /// A record has come.
    ///
    /// # Errors
    /// Fails the job.
    fn process(
        &mut self,
        input: Self::Input,
        context: &mut ProcessContext<'_, Self::Key, Self::Output>,
    ) -> Result<(), OperatorError>;

    /// A timer of the current key fires, at `context.timestamp_ms()`.
    ///
    /// # Errors
    /// Fails the job.
    fn on_timer(
        &mut self,
        domain: TimeDomain,
        context: &mut ProcessContext<'_, Self::Key, Self::Output>,
    ) -> Result<(), OperatorError>;
}

/// What a function sees and does during one call.
pub struct ProcessContext<'a, K, O> {
    /// States of the current key, to be passed to their handles.
    pub states: &'a mut States,
    key: K,
    timestamp_ms: Option<i64>,
    watermark_ms: i64,
    now_ms: i64,
    timers: &'a mut TimerSet,
    collected: &'a mut Collected<O>,
    side: &'a mut Vec<(&'static str, Batch)>,
}

impl<K, O> ProcessContext<'_, K, O> {
    /// The current key.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Event time of the record, or the time of the timer; milliseconds since the epoch.
    pub fn timestamp_ms(&self) -> Option<i64> {
        self.timestamp_ms
    }

    /// The operator's watermark.
    pub fn watermark_ms(&self) -> i64 {
        self.watermark_ms
    }

    /// The wall clock at the beginning of the step.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Emits a record.
    pub fn collect(&mut self, record: O) {
        self.collected.records.push(record);
        self.collected.times.push(self.timestamp_ms);
    }

    /// Emits a record to a side output.
    ///
    /// # Errors
    /// The record cannot be written as columns.
    pub fn collect_side<S: Record>(&mut self, tag: &'static str, record: S) -> Result<(), OperatorError> {
        self.side.push((tag, S::to_batch(vec![record])?));
        Ok(())
    }

    /// Sets a timer of the current key; setting it twice keeps one.
    pub fn set_timer(&mut self, domain: TimeDomain, time_ms: i64) {
        let (hash, key) = self.states.key();
        self.timers.of(domain).set(time_ms, hash, key);
    }

    /// Removes a timer of the current key.
    pub fn remove_timer(&mut self, domain: TimeDomain, time_ms: i64) {
        let (hash, key) = self.states.key();
        self.timers.of(domain).remove(time_ms, hash, key);
    }
}

#[derive(Default)]
struct TimerSet {
    event: Timers,
    processing: Timers,
}

impl TimerSet {
    fn of(&mut self, domain: TimeDomain) -> &mut Timers {
        match domain {
            TimeDomain::EventTime => &mut self.event,
            TimeDomain::ProcessingTime => &mut self.processing,
        }
    }
}

/// Records collected in a step, with their event times.
struct Collected<O> {
    records: Vec<O>,
    times: Vec<Option<i64>>,
}

impl<O: Record> Collected<O> {
    fn new() -> Self {
        Collected { records: Vec::new(), times: Vec::new() }
    }

    fn emit(self, context: &mut Context<'_>) -> Result<(), OperatorError> {
        if self.records.is_empty() {
            return Ok(());
        }
        let batch = O::to_batch(self.records)?;
        let timed = self.times.iter().any(Option::is_some).then(|| Int64Array::from(self.times));
        context.emit(batch.with_event_time(timed));
        Ok(())
    }
}

/// The operator of a function.
pub struct KeyedProcess<F: KeyedProcessFunction> {
    function: F,
    key_columns: Vec<usize>,
    key_types: Vec<DataType>,
    decoder: KeyDecoder,
    states: States,
    timers: TimerSet,
    key_rows: KeyRows,
}

impl<F: KeyedProcessFunction> KeyedProcess<F> {
    /// The operator of a function over a stream that is partitioned by these columns of the input record.
    pub fn new(mut function: F, key_columns: Vec<usize>, _setup: &Setup) -> Self {
        let schema = F::Input::schema();
        let key_types: Vec<DataType> = key_columns.iter().map(|index| schema.data_type(*index).clone()).collect();
        let arrow: Vec<ArrowType> = key_types.iter().map(DataType::to_arrow).collect();
        let mut states = States::default();
        function.open(&mut states);
        KeyedProcess {
            function,
            key_columns,
            key_types,
            decoder: KeyDecoder::new(arrow),
            states,
            timers: TimerSet::default(),
            key_rows: KeyRows::default(),
        }
    }

    fn typed_key(&self, columns: &[ArrayRef], row: usize) -> Result<F::Key, OperatorError> {
        let values: Vec<Value> =
            columns.iter().zip(&self.key_types).map(|(column, data_type)| value_at(column, row, data_type)).collect();
        F::Key::from_values(&values)
            .ok_or_else(|| OperatorError::Failed(format!("the key {values:?} is not of the function's key type")))
    }

    /// Fires the timers that are due, as far as the step's limit goes.
    fn fire(&mut self, domain: TimeDomain, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let until_ms = match domain {
            TimeDomain::EventTime => context.watermark_ms,
            TimeDomain::ProcessingTime => context.now_ms,
        };
        self.states.set_now(context.now_ms);
        let mut collected = Collected::new();
        let mut side = Vec::new();
        let mut step = Step::Done;
        while let Some((time_ms, hash, key)) = self.timers.of(domain).pop_due(until_ms) {
            let columns = self.decoder.decode([key.as_slice()].into_iter())?;
            let typed = self.typed_key(&columns, 0)?;
            self.states.set_key(hash, &key);
            self.states.prefetch_current()?;
            let mut call = ProcessContext {
                states: &mut self.states,
                key: typed,
                timestamp_ms: Some(time_ms),
                watermark_ms: context.watermark_ms,
                now_ms: context.now_ms,
                timers: &mut self.timers,
                collected: &mut collected,
                side: &mut side,
            };
            self.function.on_timer(domain, &mut call)?;
            if context.output.rows + collected.records.len() >= OUTPUT_ROWS_PER_STEP_MAX {
                step = Step::Yield { consumed_rows: 0 };
                break;
            }
        }
        collected.emit(context)?;
        side.into_iter().for_each(|(tag, batch)| context.emit_side(tag, batch));
        Ok(step)
    }
}

impl<F: KeyedProcessFunction> Operator for KeyedProcess<F> {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let columns: Vec<ArrayRef> = self.key_columns.iter().map(|index| batch.column(*index).clone()).collect();
        self.key_rows.encode_into(&columns, batch.num_rows());
        self.states.set_now(context.now_ms);
        self.states.sweep(batch.num_rows());
        self.states.prefetch(&self.key_rows)?;
        let mut collected = Collected::new();
        let mut side = Vec::new();
        let mut step = Step::Done;
        for (row, input) in F::Input::from_batch(batch)?.into_iter().enumerate() {
            let key = self.typed_key(&columns, row)?;
            self.states.set_key(self.key_rows.hash(row), self.key_rows.key(row));
            let time = batch.event_time().filter(|times| times.is_valid(row)).map(|times| times.value(row));
            let mut call = ProcessContext {
                states: &mut self.states,
                key,
                timestamp_ms: time,
                watermark_ms: context.watermark_ms,
                now_ms: context.now_ms,
                timers: &mut self.timers,
                collected: &mut collected,
                side: &mut side,
            };
            self.function.process(input, &mut call)?;
            if context.output.rows + collected.records.len() >= OUTPUT_ROWS_PER_STEP_MAX && row + 1 < batch.num_rows() {
                step = Step::Yield { consumed_rows: row + 1 };
                break;
            }
        }
        collected.emit(context)?;
        side.into_iter().for_each(|(tag, batch)| context.emit_side(tag, batch));
        Ok(step)
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.fire(TimeDomain::EventTime, context)
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.fire(TimeDomain::ProcessingTime, context)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        self.timers.processing.next_ms()
    }

    fn end_input(&mut self, _input: usize, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn prepare_barrier(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
    }

    fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), OperatorError> {
        Ok(self.states.use_disk(backend)?)
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.states.snapshot(writer)?;
        self.timers.event.snapshot(EVENT_TIMERS, writer);
        self.timers.processing.snapshot(PROCESSING_TIMERS, writer);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.states.restore(reader)?;
        self.timers.event = Timers::restore(EVENT_TIMERS, reader)?;
        self.timers.processing = Timers::restore(PROCESSING_TIMERS, reader)?;
        Ok(())
    }
}

#[cfg(test)]
mod state_tests;
#[cfg(test)]
mod tests;
