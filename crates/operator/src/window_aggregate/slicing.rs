//! Windows made of slices: TUMBLE, HOP, CUMULATE, attached windows; in one phase, or the global one of two.
//!
//! A row is accumulated once, in its slice. When a window is over, its slices are merged: HOP merges them anew for each window, CUMULATE
//! into its first slice. A slice goes away with the last window it is part of.

use std::collections::BTreeSet;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as ArrowType;
use flott_job::spec::{AggregatePhase, WindowAggregateSpec};
use flott_job::window::{Window, WindowTime};
use flott_record::limits::BATCH_ROWS_MAX;
use flott_record::{Batch, KeyRows};
use flott_state::{KeyedTable, SnapshotReader, SnapshotWriter};

use super::result::ResultRows;
use super::slices::{Slices, slice_ends};
use super::{key_columns, key_types, refuse_retractions};
use crate::accumulator::Accumulators;
use crate::interface::{Context, Forwarding, Operator, OperatorError, Setup, Step};
use crate::window_progress::Progress;
use crate::window_time::{Slicing, WindowClock, rowtimes, start_of_window};

/// A window whose rows are being emitted.
struct Firing {
    window_end: i64,
    table: KeyedTable<u32>,
    /// Groups before this one have been emitted.
    cursor: usize,
    /// Where the table belongs afterwards; `None` if its groups go away.
    put_back: Option<i64>,
}

/// The operator; see the module's text.
pub(super) struct SlicingWindowAggregate {
    window: Window,
    slicing: Slicing,
    /// Positions of the keys in the input.
    keys: Vec<usize>,
    phase: AggregatePhase,
    event_time: bool,
    input_retracts: bool,
    slices: Slices,
    results: ResultRows,
    /// Ends of windows that have data and are not over.
    pending: BTreeSet<i64>,
    firing: Option<Firing>,
    progress: Progress,
    key_rows: KeyRows,
    ends: Vec<i64>,
    slots: Vec<u32>,
}

impl SlicingWindowAggregate {
    pub(super) fn new(spec: &WindowAggregateSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let clock = WindowClock::new(&spec.window.time, setup)?;
        let accumulators = Accumulators::new(&spec.calls, spec.input_retracts, spec.input_retracts)?;
        let event_time = match spec.window.time {
            WindowTime::Rowtime { .. } => true,
            WindowTime::Proctime => false,
            WindowTime::Attached { rowtime, .. } => rowtime,
        };
        // The local phase has put the keys in front.
        let global = spec.phase == AggregatePhase::Global;
        let keys = if global { (0..spec.keys.len()).collect() } else { spec.keys.clone() };
        Ok(SlicingWindowAggregate {
            window: spec.window,
            slicing: Slicing::new(&spec.window)?,
            keys,
            phase: spec.phase,
            event_time,
            input_retracts: spec.input_retracts,
            slices: Slices::new(accumulators),
            results: ResultRows::new(key_types(spec)?, &spec.properties, clock),
            pending: BTreeSet::new(),
            firing: None,
            progress: Progress::new(setup.key_groups(), setup.max_parallelism),
            key_rows: KeyRows::default(),
            ends: Vec::new(),
            slots: Vec::new(),
        })
    }

    fn clock(&self) -> &WindowClock {
        &self.results.clock
    }

    /// Puts the end of each row's slice into `ends`.
    fn find_ends(&mut self, batch: &Batch, context: &Context<'_>) -> Result<(), OperatorError> {
        let given = match self.window.time {
            _ if self.phase == AggregatePhase::Global => Some(self.keys.len()),
            WindowTime::Attached { end, .. } => Some(end),
            WindowTime::Rowtime { .. } | WindowTime::Proctime => None,
        };
        if let Some(column) = given {
            let column = batch.column(column);
            if column.null_count() > 0 {
                return Err(OperatorError::Failed("a row has no window".to_string()));
            }
            self.ends.clear();
            self.ends.extend_from_slice(crate::window_time::milliseconds(column)?.values());
            return Ok(());
        }
        match self.window.time {
            WindowTime::Rowtime { column, .. } => {
                let times = rowtimes(self.clock(), batch.column(column))?;
                slice_ends(&self.slicing, times.values(), &mut self.ends);
            }
            _ => {
                let (_, end_ms) = self.slicing.slice_of(self.clock().to_window_ms(context.now_ms));
                self.ends.clear();
                self.ends.resize(batch.num_rows(), end_ms);
            }
        }
        Ok(())
    }

    /// Turns the ends of slices into those of the slices where rows are accumulated and notes their windows. Gives the rows that are late for all
    /// their windows, as a mask, if there are any.
    fn find_targets(&mut self) -> Option<Vec<bool>> {
        let mut late: Option<Vec<bool>> = None;
        let mut row = 0;
        let rows = self.ends.len();
        while row < rows {
            let slice_end = self.ends[row];
            let run = self.ends[row..].iter().take_while(|end| **end == slice_end).count();
            match self.target(slice_end) {
                Some(target) => self.ends[row..row + run].fill(target),
                None => late.get_or_insert_with(|| vec![false; rows])[row..row + run].fill(true),
            }
            row += run;
        }
        late
    }

    /// The slice where rows of a slice are accumulated; `None` if all its windows are over.
    fn target(&mut self, slice_end: i64) -> Option<i64> {
        let over = |end: i64, this: &Self| this.event_time && this.clock().is_over(end, this.progress.ms());
        if !over(slice_end, self) {
            if !self.slices.tables.contains_key(&slice_end) {
                self.pending.insert(slice_end);
            }
            return Some(slice_end);
        }
        if over(self.slicing.last_window_end(slice_end), self) {
            return None;
        }
        let target = self.slicing.first_slice_end(slice_end);
        let next = self.first_open_window(slice_end);
        self.pending.insert(next);
        Some(target)
    }

    /// End of the first window of a slice that is not over.
    fn first_open_window(&self, slice_end: i64) -> i64 {
        let step_ms = self.slicing.step_ms();
        let mut window_end = slice_end;
        while step_ms > 0 && self.event_time && self.clock().is_over(window_end, self.progress.ms()) {
            window_end += step_ms;
        }
        window_end
    }

    fn accumulate(&mut self, batch: &Batch) -> Result<(), OperatorError> {
        let columns = key_columns(batch, &self.keys);
        self.key_rows.encode_into(&columns, batch.num_rows());
        self.slices.resolve(&self.key_rows, &self.ends, &mut self.slots);
        let accumulators = &mut self.slices.accumulators;
        if self.phase == AggregatePhase::Global {
            let partials = partial_column(batch, self.keys.len() + 1)?.as_binary::<i32>();
            return accumulators.merge_partials(&self.slots, (0..partials.len()).map(|row| partials.value(row)));
        }
        accumulators.count(&self.slots, batch.kinds());
        accumulators.update(&self.slots, batch.columns(), batch.kinds())
    }

    /// Whether a window is over.
    fn is_due(&self, window_end: i64, context: &Context<'_>) -> bool {
        if self.event_time {
            self.clock().is_over(window_end, self.progress.ms())
        } else {
            context.now_ms > self.clock().last_instant_ms(window_end)
        }
    }

    /// Emits the windows that are over, in order, as far as the call's limit goes.
    fn fire(&mut self, context: &mut Context<'_>, limited: bool) -> Result<Step, OperatorError> {
        loop {
            while let Some(mut firing) = self.firing.take() {
                self.emit_some(&mut firing, context)?;
                if firing.cursor < firing.table.len() {
                    self.firing = Some(firing);
                } else {
                    self.close(firing);
                }
                if limited && context.is_full() {
                    let more = self.firing.is_some() || self.next_due(context).is_some();
                    return Ok(if more { Step::Yield { consumed_rows: 0 } } else { Step::Done });
                }
            }
            let Some(window_end) = self.next_due(context) else { return Ok(Step::Done) };
            self.pending.remove(&window_end);
            self.open(window_end)?;
        }
    }

    fn next_due(&self, context: &Context<'_>) -> Option<i64> {
        self.pending.first().copied().filter(|window_end| self.is_due(*window_end, context))
    }

    /// Puts a window's groups together.
    fn open(&mut self, window_end: i64) -> Result<(), OperatorError> {
        let mut firing = Firing { window_end, table: KeyedTable::new(), cursor: 0, put_back: None };
        match self.slicing {
            Slicing::Unshared { .. } => {
                firing.table = self.slices.tables.remove(&window_end).unwrap_or_default();
            }
            Slicing::Hop { slice_ms, size_ms, .. } => {
                let first = window_end - size_ms + slice_ms;
                let ends: Vec<i64> = self.slices.tables.range(first..=window_end).map(|(end, _)| *end).collect();
                for slice_end in ends {
                    self.slices.merge_into(slice_end, &mut firing.table)?;
                }
            }
            Slicing::Cumulate { .. } => {
                let first = self.slicing.first_slice_end(window_end);
                firing.table = self.slices.tables.remove(&first).unwrap_or_default();
                if window_end != first {
                    self.slices.merge_into(window_end, &mut firing.table)?;
                    self.slices.drop_slice(window_end);
                }
                if window_end != self.slicing.last_window_end(window_end) {
                    firing.put_back = Some(first);
                }
            }
        }
        self.firing = Some(firing);
        Ok(())
    }

    fn emit_some(&mut self, firing: &mut Firing, context: &mut Context<'_>) -> Result<(), OperatorError> {
        let bounds = (start_of_window(&self.window.kind, firing.window_end), firing.window_end);
        let groups = || firing.table.iter().skip(firing.cursor).take(BATCH_ROWS_MAX);
        // Key groups that were ahead when they were restored have had this window.
        let mut had = Vec::new();
        if self.event_time && self.progress.is_uneven() {
            let clock = self.clock();
            had.extend(groups().map(|(hash, ..)| clock.is_over(firing.window_end, self.progress.of_hash_ms(hash))));
        }
        let groups = groups().enumerate().filter(|(index, _)| had.get(*index) != Some(&true)).map(|(_, group)| group);
        let groups = groups.map(|(_, key, slot)| (key, *slot, bounds));
        self.results.emit(&mut self.slices.accumulators, groups, context)?;
        firing.cursor = (firing.cursor + BATCH_ROWS_MAX).min(firing.table.len());
        Ok(())
    }

    /// Removes what no later window needs, and notes the next window of what is left.
    fn close(&mut self, firing: Firing) {
        let window_end = firing.window_end;
        match firing.put_back {
            Some(first) => {
                if !firing.table.is_empty() {
                    self.slices.tables.insert(first, firing.table);
                    self.pending.insert(window_end + self.slicing.step_ms());
                }
            }
            None => self.slices.release(&firing.table),
        }
        if let Slicing::Hop { slice_ms, size_ms, .. } = self.slicing {
            self.slices.drop_slice(window_end - size_ms + slice_ms);
            let next = window_end + slice_ms;
            if self.slices.tables.range(next - size_ms + slice_ms..=next).next().is_some() {
                self.pending.insert(next);
            }
        }
    }
}

/// The column of partial accumulators.
fn partial_column(batch: &Batch, column: usize) -> Result<&ArrayRef, OperatorError> {
    let column = batch.column(column);
    if *column.data_type() == ArrowType::Binary {
        Ok(column)
    } else {
        Err(OperatorError::Failed("partial aggregates are not in the column after the slice's end".to_string()))
    }
}

impl Operator for SlicingWindowAggregate {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if !self.input_retracts {
            refuse_retractions(batch)?;
        }
        self.find_ends(batch, context)?;
        match self.find_targets() {
            None => self.accumulate(batch)?,
            Some(late) => {
                let dropped = late.iter().filter(|late| **late).count();
                context.counts.late_rows_dropped += dropped as u64;
                let mut row = 0;
                self.ends.retain(|_| {
                    row += 1;
                    !late[row - 1]
                });
                let kept: Vec<bool> = late.iter().map(|late| !late).collect();
                self.accumulate(&batch.filter(&kept.into())?)?;
            }
        }
        Ok(Step::Done)
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.progress.advance(context.watermark_ms);
        if self.event_time { self.fire(context, true) } else { Ok(Step::Done) }
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if self.event_time { Ok(Step::Done) } else { self.fire(context, true) }
    }

    fn wake_at_ms(&self) -> Option<i64> {
        let window_end = self.pending.first().filter(|_| !self.event_time)?;
        Some(self.clock().last_instant_ms(*window_end).saturating_add(1))
    }

    fn end_input(&mut self, _input: usize, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn prepare_barrier(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if self.firing.is_some() { self.fire(context, false) } else { Ok(Step::Done) }
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        assert!(self.firing.is_none(), "a window is emitted as a whole before the barrier");
        self.slices.snapshot(writer)?;
        self.progress.snapshot(writer);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.progress.restore(reader)?;
        self.slices.restore(reader)?;
        let ends: Vec<i64> = self.slices.tables.keys().copied().collect();
        for slice_end in ends {
            let window_end = self.first_open_window(slice_end);
            self.pending.insert(window_end);
        }
        Ok(())
    }
}
