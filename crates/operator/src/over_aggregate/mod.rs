//! OVER aggregates: each row with the aggregates of its frame appended; frames end at the current row.
//!
//! Emits   `+I` rows. By row time when the watermark passes a row's time, in order of time; by arrival at once (RANGE with a bound: when the clock has left the
//!         row's millisecond, whose rows are peers).
//! Late    dropped and counted, as in Flink: with a bounded frame rows at or before the last emitted time of their partition, with an unbounded
//!         one rows at or before the watermark.
//! State   `partitions`: accumulators, the rows in the frame if it has a bound, the last emitted time; gone when the frame is over (RANGE) or not
//!         written for the TTL. `waiting`: rows whose time has not come.
//! Speed   the additions and retractions of many rows are gathered first and accumulated by columns.

mod partition;

use arrow_array::{ArrayRef, UInt32Array};
use arrow_select::take::take;
use flott_job::spec::{FrameStart, OverAggregateSpec};
use flott_record::{Batch, RowKind};
use flott_state::{KeyedTable, RowEncoder, SnapshotReader, SnapshotWriter};

use self::partition::{Partition, PartitionCodec, Peers, Waiting};
use crate::accumulator::Accumulators;
use crate::chunks::{in_chunks, keys_of};
use crate::deduplicate::times_ms;
use crate::expiry::Expiry;
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::limits::{EXPIRY_SWEEP_KEYS_MIN, ROWS_PER_CHUNK};

/// When rows are emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timing {
    /// When the watermark passes this column.
    RowTime(usize),
    /// At once.
    Arrival,
    /// When the clock has left the millisecond in which they arrived.
    Clock,
}

/// The operator; see the module's text.
pub struct OverAggregate {
    spec: OverAggregateSpec,
    timing: Timing,
    accumulators: Accumulators,
    partitions: KeyedTable<Partition>,
    waiting: Waiting,
    expiry: Expiry,
    cursor: usize,
    encoder: RowEncoder,
}

/// What happens to the accumulators, in order, and which rows are emitted of it.
#[derive(Default)]
struct Events {
    rows: Vec<Vec<u8>>,
    slots: Vec<u32>,
    kinds: Vec<u8>,
    /// For each emitted row its own event and the one after which its aggregates are read.
    emitted: Vec<(u32, u32)>,
}

impl Events {
    fn push(&mut self, kind: RowKind, slot: u32, row: Vec<u8>) -> u32 {
        self.rows.push(row);
        self.slots.push(slot);
        self.kinds.push(kind as u8);
        (self.rows.len() - 1) as u32
    }
}

impl OverAggregate {
    /// Builds the accumulators and lays out the state.
    ///
    /// # Errors
    /// A call or a frame that is not supported.
    pub fn new(spec: &OverAggregateSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let fits = match spec.start {
            FrameStart::Unbounded => true,
            FrameStart::Rows(_) => spec.rows,
            FrameStart::RangeMs(_) => !spec.rows,
        };
        if !fits {
            let message = format!("not supported: a frame of {:?} (rows: {}) ({})", spec.start, spec.rows, setup.name);
            return Err(OperatorError::Failed(message));
        }
        let timing = match (spec.rowtime, spec.start) {
            (Some(column), _) => Timing::RowTime(column),
            (None, FrameStart::RangeMs(_)) => Timing::Clock,
            (None, _) => Timing::Arrival,
        };
        let retracts = spec.start != FrameStart::Unbounded;
        Ok(OverAggregate {
            timing,
            accumulators: Accumulators::new(&spec.calls, retracts, false)?,
            partitions: KeyedTable::new(),
            waiting: Waiting::default(),
            expiry: Expiry::new(spec.state_ttl_ms),
            cursor: 0,
            encoder: RowEncoder::new(&spec.input),
            spec: spec.clone(),
        })
    }

    /// Rows whose time is not known to have come wait for it.
    fn wait(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.spec.partition);
        let rows = self.encoder.encode(batch);
        let times = match self.timing {
            Timing::RowTime(column) => times_ms(batch.column(column))?,
            Timing::Arrival | Timing::Clock => vec![context.now_ms; batch.num_rows()],
        };
        for (row, time_ms) in times.into_iter().enumerate() {
            let (hash, key) = (keys.hash(row), keys.key(row));
            if self.is_late(hash, key, time_ms, context.watermark_ms) {
                context.counts.late_rows_dropped += 1;
            } else {
                self.waiting.push(time_ms, hash, key, rows.row(row));
            }
        }
        Ok(batch.num_rows())
    }

    fn is_late(&self, hash: u32, key: &[u8], time_ms: i64, watermark_ms: i64) -> bool {
        if !matches!(self.timing, Timing::RowTime(_)) {
            return false;
        }
        if self.spec.start == FrameStart::Unbounded {
            return time_ms <= watermark_ms;
        }
        let partition = self.partitions.get(hash, key);
        partition.is_some_and(|partition| time_ms <= partition.last_ms && !is_over(&self.spec, partition, watermark_ms))
    }

    /// Rows that are emitted at once, one after the other.
    fn arrive(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.spec.partition);
        let rows = self.encoder.encode(batch);
        let mut events = Events::default();
        for row in 0..batch.num_rows() {
            let peers = Peers {
                time_ms: context.now_ms,
                hash: keys.hash(row),
                key: keys.key(row).to_vec(),
                rows: vec![rows.row(row).to_vec()],
            };
            self.apply(peers, &mut events, context.now_ms);
        }
        self.emit(&events, context)?;
        Ok(batch.num_rows())
    }

    /// Emits the rows whose time is `until_ms` or before.
    fn emit_due(&mut self, until_ms: i64, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        loop {
            let mut events = Events::default();
            while events.rows.len() < ROWS_PER_CHUNK {
                let Some(peers) = self.waiting.pop_due(until_ms) else { break };
                self.apply(peers, &mut events, context.now_ms);
            }
            if events.rows.is_empty() {
                return Ok(Step::Done);
            }
            self.emit(&events, context)?;
            if context.is_full() && self.waiting.first_ms().is_some_and(|first_ms| first_ms <= until_ms) {
                return Ok(Step::Yield { consumed_rows: 0 });
            }
        }
    }

    /// What peers do to their partition.
    fn apply(&mut self, peers: Peers, events: &mut Events, now_ms: i64) {
        let accumulators = &mut self.accumulators;
        let fresh = || Partition::new(accumulators.allocate(), now_ms);
        let (partition, _) = self.partitions.get_or_insert_with(peers.hash, &peers.key, fresh);
        if !self.expiry.is_live(partition.written_ms, now_ms) {
            self.accumulators.release(partition.slot);
            *partition = Partition::new(self.accumulators.allocate(), now_ms);
        }
        partition.written_ms = now_ms;
        partition.last_ms = partition.last_ms.max(peers.time_ms);
        let first = events.emitted.len();
        for row in peers.rows {
            retract_old(self.spec.start, partition, peers.time_ms, events);
            if self.spec.start != FrameStart::Unbounded {
                partition.frame.push_back((peers.time_ms, row.clone()));
            }
            let event = events.push(RowKind::Insert, partition.slot, row);
            events.emitted.push((event, event));
        }
        if !self.spec.rows
            && let Some((last, _)) = events.emitted.last().copied()
        {
            events.emitted[first..].iter_mut().for_each(|(_, read_after)| *read_after = last);
        }
    }

    /// Accumulates the events and emits their rows.
    fn emit(&mut self, events: &Events, context: &mut Context<'_>) -> Result<(), OperatorError> {
        let rows: Vec<&[u8]> = events.rows.iter().map(Vec::as_slice).collect();
        let columns = self.encoder.decode(&rows)?;
        let results = self.accumulators.scan(&events.slots, &columns, Some(&events.kinds))?;
        let own = UInt32Array::from_iter_values(events.emitted.iter().map(|(own, _)| *own));
        let after = UInt32Array::from_iter_values(events.emitted.iter().map(|(_, after)| 2 * after + 1));
        let columns = columns.iter().map(|column| take(column, &own, None));
        let emitted: Result<Vec<ArrayRef>, _> =
            columns.chain(results.iter().map(|result| take(result, &after, None))).collect();
        context.emit(Batch::new(emitted?, own.values().len()));
        Ok(())
    }

    /// Forgets partitions whose frames are over or that have expired, some at a time.
    fn sweep(&mut self, rows: usize, context: &Context<'_>) {
        let (spec, expiry, accumulators) = (&self.spec, &self.expiry, &mut self.accumulators);
        let by_row_time = matches!(self.timing, Timing::RowTime(_));
        self.partitions.sweep(&mut self.cursor, EXPIRY_SWEEP_KEYS_MIN + rows, |partition| {
            let over = by_row_time && is_over(spec, partition, context.watermark_ms);
            let keep = !over && expiry.is_live(partition.written_ms, context.now_ms);
            if !keep {
                accumulators.release(partition.slot);
            }
            keep
        });
    }
}

/// Whether the partition is forgotten, one and a half times the frame's range after its last row, as in Flink: late rows begin it anew.
fn is_over(spec: &OverAggregateSpec, partition: &Partition, watermark_ms: i64) -> bool {
    match spec.start {
        FrameStart::RangeMs(range_ms) => {
            partition.last_ms.saturating_add(range_ms.saturating_add(range_ms / 2)) < watermark_ms
        }
        FrameStart::Unbounded | FrameStart::Rows(_) => false,
    }
}

/// Retracts the rows that are not in the frame of a row that comes now.
fn retract_old(start: FrameStart, partition: &mut Partition, time_ms: i64, events: &mut Events) {
    let is_old = |frame: &std::collections::VecDeque<partition::TimedRow>| match start {
        FrameStart::Unbounded => false,
        FrameStart::Rows(preceding) => frame.len() as u64 > preceding,
        FrameStart::RangeMs(range_ms) => {
            frame.front().is_some_and(|(first_ms, _)| *first_ms < time_ms.saturating_sub(range_ms))
        }
    };
    while is_old(&partition.frame) {
        let Some((_, row)) = partition.frame.pop_front() else { return };
        events.push(RowKind::Delete, partition.slot, row);
    }
}

impl Operator for OverAggregate {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if batch.kinds().is_some() {
            return Err(OperatorError::Failed("not supported: OVER over rows other than +I".to_string()));
        }
        if self.timing == Timing::Arrival {
            self.sweep(batch.num_rows(), context);
        }
        in_chunks(batch, context, |chunk, context| match self.timing {
            Timing::Arrival => self.arrive(chunk, context),
            Timing::RowTime(_) | Timing::Clock => self.wait(chunk, context),
        })
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if !matches!(self.timing, Timing::RowTime(_)) {
            return Ok(Step::Done);
        }
        let step = self.emit_due(context.watermark_ms, context)?;
        if step == Step::Done {
            self.sweep(0, context);
        }
        Ok(step)
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let step = self.emit_due(context.now_ms.saturating_sub(1), context)?;
        self.sweep(0, context);
        Ok(step)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        if self.timing != Timing::Clock {
            return None;
        }
        self.waiting.first_ms().map(|first_ms| first_ms.saturating_add(1))
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.waiting.snapshot("waiting", writer);
        self.accumulators.make_room();
        Ok(self.partitions.snapshot_with("partitions", writer, &PartitionCodec(&mut self.accumulators))?)
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.waiting = Waiting::restore("waiting", reader)?;
        Ok(self.partitions.restore_with("partitions", reader, &mut PartitionCodec(&mut self.accumulators))?)
    }
}

#[cfg(test)]
mod tests;
