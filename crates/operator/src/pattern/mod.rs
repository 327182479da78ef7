//! MATCH_RECOGNIZE: rows of a partition that follow a pattern.
//!
//! Emits   a match when it is complete and no attempt that began earlier is open: by row time at the watermark, partition by partition; by
//!         processing time at once (with further ORDER BY columns when the clock has left the rows' millisecond); in batch mode at the end of input.
//! Late    (by row time) rows at or before the watermark are dropped and counted.
//! State   `partitions`: key to the rows that wait, the rows that open attempts may need, and the attempts. Each row lies there once, however many partial
//!         matches it is part of. A row goes away when no attempt that began at or before it is open: WITHIN bounds that by time; without it an attempt
//!         stays open as long as rows follow the pattern. MATCH_NUMBER and PREV keep something of each key for ever.
//!
//! * `automaton`, `path`, `machine`: the pattern alone, over numbered rows.
//! * `frame`, `slots`, `conditions`, `measures`: expressions over rows, as columns.
//! * `partition`: the state of a key.

mod automaton;
mod conditions;
mod frame;
mod machine;
mod measures;
mod partition;
mod path;
mod slots;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow_array::ArrayRef;
use flott_job::pattern::{MatchSpec, Slot};
use flott_record::Batch;
use flott_state::{KeyedTable, RowEncoder, SnapshotReader, SnapshotWriter, Timers};

use self::conditions::Definitions;
use self::frame::{Frame, Place};
use self::machine::{Machine, Match};
use self::measures::{Found, Measures};
use self::partition::Partition;
use crate::chunks::{in_chunks, keys_of};
use crate::deduplicate::times_ms;
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::limits::ROWS_PER_CHUNK;
use crate::sort_key::SortKeys;

/// When rows are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timing {
    /// When the watermark has passed this column.
    RowTime(usize),
    /// On arrival.
    Arrival,
    /// When the clock has left the millisecond of their arrival.
    Clock,
    /// At the end of input, in the order of this time column if there is one.
    AtEnd(Option<usize>),
}

/// The operator; see the module's text.
pub struct MatchRecognize {
    name: String,
    spec: MatchSpec,
    timing: Timing,
    machine: Machine,
    definitions: Definitions,
    measures: Measures,
    encoder: RowEncoder,
    partitions: KeyedTable<Partition>,
    timers: Timers,
    /// Rows before an attempt that PREV may ask for.
    rows_before: u64,
    /// Whether matches are numbered.
    numbers: bool,
}

/// A partition that is being worked on.
struct Active {
    hash: u32,
    key: Vec<u8>,
    /// Where its rows lie in the frame.
    place: Place,
    /// Number of rows that were looked at before.
    kept: usize,
    /// Time and arrival of the rows that are due, which lie behind these.
    due: Vec<(i64, u64)>,
    /// Whether no other row is due.
    is_last: bool,
    /// Whether its rows are wanted in the frame.
    is_shown: bool,
}

impl MatchRecognize {
    /// An operator without rows.
    ///
    /// # Errors
    /// An expression or the pattern is not supported.
    pub fn new(spec: &MatchSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let names: Arc<[String]> = spec.variables.iter().map(|variable| variable.name.clone()).collect();
        let definitions = Definitions::new(spec, &names, &setup.session)?;
        let machine = Machine::new(
            &spec.pattern,
            spec.preference,
            spec.skip,
            spec.within_ms,
            names.to_vec(),
            definitions.are_of_rows_alone(),
        )?;
        let slots = || spec.expressions().flat_map(|expression| &expression.slots);
        Ok(MatchRecognize {
            name: setup.name.clone(),
            timing: match spec.rowtime {
                rowtime if setup.batch_mode => Timing::AtEnd(rowtime),
                Some(rowtime) => Timing::RowTime(rowtime),
                None if spec.order.len() > 1 => Timing::Clock,
                None => Timing::Arrival,
            },
            machine,
            measures: Measures::new(spec, &names, &setup.session)?,
            definitions,
            encoder: RowEncoder::new(&spec.input),
            partitions: KeyedTable::new(),
            timers: Timers::new(),
            rows_before: slots().map(rows_before).max().unwrap_or(0),
            numbers: slots().any(|slot| matches!(slot, Slot::MatchNumber)),
            spec: spec.clone(),
        })
    }

    /// Stores rows; gives the partitions that have got one, in order, each once.
    fn store(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<Vec<(u32, Vec<u8>)>, OperatorError> {
        let keys = keys_of(batch, &self.spec.partition);
        let rows = self.encoder.encode(batch);
        let sorts = SortKeys::encode(batch, &self.spec.order);
        let times = match self.timing {
            Timing::RowTime(column) | Timing::AtEnd(Some(column)) => times_ms(batch.column(column))?,
            Timing::Arrival | Timing::Clock => vec![context.now_ms; batch.num_rows()],
            Timing::AtEnd(None) => vec![0; batch.num_rows()],
        };
        let mut touched = Vec::new();
        for (row, time_ms) in times.into_iter().enumerate() {
            if matches!(self.timing, Timing::RowTime(_)) && time_ms <= context.watermark_ms {
                context.counts.late_rows_dropped += 1;
                continue;
            }
            let (hash, key) = (keys.hash(row), keys.key(row));
            let (partition, _) = self.partitions.get_or_insert_with(hash, key, Partition::default);
            match self.timing {
                Timing::Arrival => {
                    if partition.waiting.is_empty() {
                        touched.push((hash, key.to_vec()));
                    }
                    partition.arrived = row as u64;
                    partition.wait(time_ms, &(row as u64).to_be_bytes(), rows.row(row));
                }
                _ => {
                    partition.wait(time_ms, sorts.key(row), rows.row(row));
                    set_timer(&mut self.timers, partition, hash, key, time_ms);
                }
            }
        }
        Ok(touched)
    }

    /// Rows of a batch that are looked at on arrival; matches come in the order of the rows that made them certain.
    fn on_arrival(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let touched = self.store(batch, context)?;
        self.work(touched, i64::MAX, context.now_ms, context)?;
        Ok(batch.num_rows())
    }

    /// Looks at all rows that are due, and at attempts whose time is over.
    fn work_until(&mut self, until_ms: i64, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        loop {
            let mut rows = 0;
            let mut due = Vec::new();
            while rows < ROWS_PER_CHUNK
                && let Some((_, hash, key)) = self.timers.pop_due(until_ms)
            {
                let Some(partition) = self.partitions.get_mut(hash, &key) else { continue };
                partition.timer_ms = None;
                rows += 1 + partition.rows.len() + partition.waiting.len().min(ROWS_PER_CHUNK);
                due.push((hash, key));
            }
            if due.is_empty() {
                return Ok(Step::Done);
            }
            self.work(due, until_ms, until_ms, context)?;
            if context.is_full() {
                return Ok(Step::Yield { consumed_rows: 0 });
            }
        }
    }

    /// Works on partitions: rows due until `until_ms`, attempts over at `now_ms`.
    fn work(
        &mut self,
        due: Vec<(u32, Vec<u8>)>,
        until_ms: i64,
        now_ms: i64,
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        let mut active = self.activate(due, until_ms);
        let looks_back = !self.definitions.are_of_rows_alone();
        let frame = self.frame(&mut active, |partition| if looks_back { partition.kept } else { 0 }, context)?;
        self.definitions.prepare(&frame);
        let mut matches: Vec<(u64, Found)> = Vec::new();
        for (number, partition) in active.iter().enumerate() {
            self.advance(&frame, partition, number, now_ms, &mut matches)?;
        }
        if self.timing == Timing::Arrival {
            matches.sort_by_key(|(arrival, _)| *arrival);
        }
        let matches: Vec<Found> = matches.into_iter().map(|(_, found)| found).collect();
        self.emit(frame, looks_back, &mut active, &matches, context)?;
        active.iter().for_each(|partition| self.tidy_up(partition));
        Ok(())
    }

    /// Emits matches; their rows may be others than those that were looked at.
    fn emit(
        &mut self,
        frame: Frame,
        is_whole: bool,
        active: &mut [Active],
        matches: &[Found],
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        if matches.is_empty() {
            return Ok(());
        }
        let mut frame = frame;
        if !is_whole {
            let mut has_match = vec![false; active.len()];
            matches.iter().for_each(|found| has_match[found.partition] = true);
            for (partition, has_match) in active.iter_mut().zip(has_match) {
                partition.is_shown = has_match;
            }
            frame = self.frame(active, |partition| partition.kept, context)?;
        }
        let places: Vec<Place> = active.iter().map(|partition| partition.place).collect();
        self.measures.emit(&frame, &places, matches, context)
    }

    /// Moves rows that are due to those that were looked at.
    fn activate(&mut self, due: Vec<(u32, Vec<u8>)>, until_ms: i64) -> Vec<Active> {
        let mut active = Vec::with_capacity(due.len());
        for (hash, key) in due {
            let Some(partition) = self.partitions.get_mut(hash, &key) else { continue };
            let kept = partition.rows.len();
            let mut rows = Vec::new();
            while rows.len() < ROWS_PER_CHUNK
                && let Some(first) = partition.waiting.first_entry().filter(|first| first.key().0 <= until_ms)
            {
                let ((time_ms, _, arrival), row) = first.remove_entry();
                rows.push((time_ms, arrival));
                partition.rows.push_back(row);
            }
            let place = Place { first: partition.first, start: 0, len: 0 };
            let is_last = partition.waiting.first_key_value().is_none_or(|((time_ms, ..), _)| *time_ms > until_ms);
            active.push(Active { hash, key, place, kept, due: rows, is_last, is_shown: true });
        }
        active
    }

    /// Rows of partitions as columns: those that are due, and of the kept ones before them so many as asked for.
    fn frame(
        &self,
        active: &mut [Active],
        kept: impl Fn(&Active) -> usize,
        context: &Context<'_>,
    ) -> Result<Frame, OperatorError> {
        let mut rows: Vec<&[u8]> = Vec::new();
        for shown in active.iter_mut() {
            let Some(partition) = self.partitions.get(shown.hash, &shown.key).filter(|_| shown.is_shown) else {
                shown.place.len = 0;
                continue;
            };
            let skipped = shown.kept - kept(shown);
            let len = partition.rows.len() - skipped;
            shown.place = Place { first: partition.first + skipped as u64, start: rows.len(), len };
            rows.extend(partition.rows.iter().skip(skipped).map(Vec::as_slice));
        }
        let columns: Vec<ArrayRef> = self.encoder.decode(&rows)?;
        Ok(Frame { batch: Batch::new(columns, rows.len()), instant: context.instant() })
    }

    fn advance(
        &mut self,
        frame: &Frame,
        active: &Active,
        number: usize,
        now_ms: i64,
        matches: &mut Vec<(u64, Found)>,
    ) -> Result<(), OperatorError> {
        let Some(partition) = self.partitions.get_mut(active.hash, &active.key) else { return Ok(()) };
        let attempts = &mut partition.attempts;
        let mut conditions = self.definitions.of(frame, active.place);
        let mut found: Vec<Match> = Vec::new();
        let first_due = partition.first + active.kept as u64;
        let mut take = |found: &mut Vec<Match>, arrival: u64| {
            matches.extend(found.drain(..).map(|found| (arrival, Found { found, partition: number })));
        };
        for (row, (time_ms, arrival)) in (first_due..).zip(&active.due) {
            self.machine.advance_time(attempts, *time_ms, &mut found)?;
            self.machine.advance(attempts, row, *time_ms, &mut conditions, &mut found)?;
            take(&mut found, *arrival);
        }
        if active.is_last {
            self.machine.advance_time(attempts, now_ms, &mut found)?;
            if now_ms == i64::MAX {
                let last_ms = active.due.last().map(|(time_ms, _)| *time_ms);
                let last_ms = last_ms.or(attempts.first_ms()).unwrap_or(now_ms);
                self.machine.finish(attempts, last_ms, &mut found)?;
            }
            take(&mut found, u64::MAX);
        }
        Ok(())
    }

    /// Forgets what is not needed any more and sets the partition's next timer.
    fn tidy_up(&mut self, active: &Active) {
        let Some(partition) = self.partitions.get_mut(active.hash, &active.key) else { return };
        partition.forget(self.rows_before);
        if partition.is_empty() && !self.numbers {
            self.partitions.remove(active.hash, &active.key);
            return;
        }
        let next_ms = partition.waiting.first_key_value().map(|((time_ms, ..), _)| *time_ms);
        let over_ms = self.machine.over_ms(&partition.attempts);
        if let Some(time_ms) = next_ms.into_iter().chain(over_ms).min() {
            set_timer(&mut self.timers, partition, active.hash, &active.key, time_ms);
        }
    }

    /// At the end of input every partition is worked on, also those without a timer.
    fn finish(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        for (hash, key, partition) in self.partitions.iter_mut() {
            if !partition.attempts.is_idle() {
                let time_ms = partition.attempts.first_ms().unwrap_or(i64::MAX);
                set_timer(&mut self.timers, partition, hash, key, time_ms);
            }
        }
        self.work_until(i64::MAX, context)
    }
}

fn rows_before(slot: &Slot) -> u64 {
    match slot {
        Slot::Row { position, .. } | Slot::Classifier(position) => u64::from(position.rows_before),
        Slot::Aggregate { .. } | Slot::MatchNumber | Slot::MatchTime(_) => 0,
    }
}

/// Makes the partition's timer fire at this time at the latest.
fn set_timer(timers: &mut Timers, partition: &mut Partition, hash: u32, key: &[u8], time_ms: i64) {
    if let Some(set_ms) = partition.timer_ms {
        if set_ms <= time_ms {
            return;
        }
        timers.remove(set_ms, hash, key);
    }
    partition.timer_ms = Some(time_ms);
    timers.set(time_ms, hash, key);
}

impl Operator for MatchRecognize {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if batch.kinds().is_some() {
            let message = format!("not supported: MATCH_RECOGNIZE over rows other than +I ({})", self.name);
            return Err(OperatorError::Failed(message));
        }
        in_chunks(batch, context, |chunk, context| match self.timing {
            Timing::Arrival => self.on_arrival(chunk, context),
            _ => self.store(chunk, context).map(|_| chunk.num_rows()),
        })
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        match self.timing {
            Timing::RowTime(_) if context.watermark_ms == i64::MAX => self.finish(context),
            Timing::RowTime(_) => self.work_until(context.watermark_ms, context),
            Timing::Arrival | Timing::Clock | Timing::AtEnd(_) => Ok(Step::Done),
        }
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        match self.timing {
            Timing::Arrival => self.work_until(context.now_ms, context),
            Timing::Clock => self.work_until(context.now_ms.saturating_sub(1), context),
            Timing::RowTime(_) | Timing::AtEnd(_) => Ok(Step::Done),
        }
    }

    fn wake_at_ms(&self) -> Option<i64> {
        match self.timing {
            Timing::Arrival => self.timers.next_ms(),
            Timing::Clock => self.timers.next_ms().map(|time_ms| time_ms.saturating_add(1)),
            Timing::RowTime(_) | Timing::AtEnd(_) => None,
        }
    }

    fn end_input(&mut self, _input: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        match self.timing {
            Timing::RowTime(_) => Ok(Step::Done),
            Timing::Arrival | Timing::Clock | Timing::AtEnd(_) => self.finish(context),
        }
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.partitions.snapshot("partitions", writer)?;
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.partitions = KeyedTable::restore("partitions", reader)?;
        for (hash, key, partition) in self.partitions.iter_mut() {
            self.machine.check(&partition.attempts)?;
            let next_ms = partition.waiting.first_key_value().map(|((time_ms, ..), _)| *time_ms);
            let over_ms = self.machine.over_ms(&partition.attempts);
            if let Some(time_ms) = next_ms.into_iter().chain(over_ms).min() {
                set_timer(&mut self.timers, partition, hash, key, time_ms);
            }
        }
        Ok(())
    }
}
