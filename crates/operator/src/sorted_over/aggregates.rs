//! Aggregates of frames: rows come into an accumulator and leave it as the frame moves, or each frame is accumulated anew.

use arrow_array::ArrayRef;
use arrow_select::concat::concat;
use arrow_select::take::take;
use flott_expression::AggregateCall;
use flott_job::over::FrameBound;
use flott_record::RowKind;

use super::frames::Frames;
use super::ranks::indices;
use crate::accumulator::Accumulators;
use crate::interface::OperatorError;
use crate::limits::{OVER_FRAME_ROWS_ANEW, ROWS_PER_CHUNK};

/// The aggregates of a window.
pub(super) struct FrameAggregates {
    calls: usize,
    accumulators: Accumulators,
}

/// What happens to accumulators, in order, and after which event each row's results are read.
#[derive(Default)]
struct Events {
    rows: Vec<usize>,
    slots: Vec<u32>,
    kinds: Vec<u8>,
    /// For each row the number of events before its results are read, 0 where no event has been.
    read_after: Vec<usize>,
}

impl Events {
    fn push(&mut self, kind: RowKind, slot: u32, row: usize) {
        self.rows.push(row);
        self.slots.push(slot);
        self.kinds.push(kind as u8);
    }
}

impl FrameAggregates {
    /// # Errors
    /// A call that is not supported.
    pub(super) fn new(calls: &[AggregateCall], start: FrameBound) -> Result<Self, OperatorError> {
        let retracts = start != FrameBound::UnboundedPreceding;
        Ok(FrameAggregates { calls: calls.len(), accumulators: Accumulators::new(calls, retracts, false)? })
    }

    /// Each call's results for the rows of a partition.
    pub(super) fn evaluate(&mut self, frames: &Frames, columns: &[ArrayRef]) -> Result<Vec<ArrayRef>, OperatorError> {
        if self.calls == 0 {
            return Ok(Vec::new());
        }
        // Sums of floats depend on how they came about: short frames are accumulated anew, as Flink does.
        let shares_start = (0..frames.len()).all(|row| frames.range(row).0 == 0);
        let short = !shares_start && frames.total_rows() <= OVER_FRAME_ROWS_ANEW * frames.len();
        if short || !frames.slide_forward() {
            return self.anew(frames, columns);
        }
        self.sliding(frames, columns)
    }

    /// One accumulator for all frames.
    fn sliding(&mut self, frames: &Frames, columns: &[ArrayRef]) -> Result<Vec<ArrayRef>, OperatorError> {
        let slot = self.accumulators.allocate();
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); self.calls];
        let (mut start, mut end, mut row) = (0, 0, 0);
        while row < frames.len() {
            let before = self.accumulators.values(&[slot])?;
            let mut events = Events::default();
            while row < frames.len() && (events.rows.len() < ROWS_PER_CHUNK || events.read_after.is_empty()) {
                let (first, behind) = frames.range(row);
                // A frame that jumps over rows never has them in it.
                (end..behind).for_each(|row| events.push(RowKind::Insert, slot, row));
                end = end.max(behind);
                (start..first.min(end)).for_each(|row| events.push(RowKind::Delete, slot, row));
                start = start.max(first.min(end));
                events.read_after.push(events.rows.len());
                row += 1;
            }
            self.apply(&events, &before, columns, &mut parts)?;
        }
        self.accumulators.release(slot);
        joined(&parts)
    }

    /// A fresh accumulator for each frame.
    fn anew(&mut self, frames: &Frames, columns: &[ArrayRef]) -> Result<Vec<ArrayRef>, OperatorError> {
        let empty = self.accumulators.allocate();
        let before = self.accumulators.values(&[empty])?;
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); self.calls];
        let mut row = 0;
        while row < frames.len() {
            let (mut events, mut slots) = (Events::default(), Vec::new());
            while row < frames.len() && events.rows.len() < ROWS_PER_CHUNK && slots.len() < ROWS_PER_CHUNK {
                let slot = self.accumulators.allocate();
                slots.push(slot);
                let (first, behind) = frames.range(row);
                (first..behind).for_each(|row| events.push(RowKind::Insert, slot, row));
                events.read_after.push(if first < behind { events.rows.len() } else { 0 });
                row += 1;
            }
            self.apply(&events, &before, columns, &mut parts)?;
            slots.into_iter().for_each(|slot| self.accumulators.release(slot));
        }
        self.accumulators.release(empty);
        joined(&parts)
    }

    /// Runs the events and adds the results that are read; `before` are those before the first event.
    fn apply(
        &mut self,
        events: &Events,
        before: &[ArrayRef],
        columns: &[ArrayRef],
        parts: &mut [Vec<ArrayRef>],
    ) -> Result<(), OperatorError> {
        let rows = indices(events.rows.iter().copied());
        let taken: Result<Vec<ArrayRef>, _> = columns.iter().map(|column| take(column, &rows, None)).collect();
        let after = self.accumulators.scan_after(&events.slots, &taken?, Some(&events.kinds))?;
        let read = indices(events.read_after.iter().copied());
        for ((part, before), after) in parts.iter_mut().zip(before).zip(&after) {
            let all = concat(&[before.as_ref(), after.as_ref()])?;
            part.push(take(&all, &read, None)?);
        }
        Ok(())
    }
}

fn joined(parts: &[Vec<ArrayRef>]) -> Result<Vec<ArrayRef>, OperatorError> {
    let join = |parts: &Vec<ArrayRef>| {
        let parts: Vec<&dyn arrow_array::Array> = parts.iter().map(AsRef::as_ref).collect();
        concat(&parts)
    };
    Ok(parts.iter().map(join).collect::<Result<Vec<ArrayRef>, _>>()?)
}
