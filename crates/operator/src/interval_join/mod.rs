//! An interval join: rows whose times are within bounds of each other. INNER, LEFT, RIGHT or FULL over append-only rows.
//!
//! Emits   each pair as soon as its second row comes, `+I`; a row of an outer side that has no partner once none can come any more, padded with NULLs.
//! Time    the watermark, or the clock. Watermarks are sent on later by as much as rows may lie behind them, as in Flink.
//! Late    rows behind the watermark join what is still kept; they are kept only as long as partners can come.
//! State   `sides`: key to the rows of both sides by time; a row goes away when time has passed its last possible partner.

mod sides;

use std::collections::VecDeque;

use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_select::take::take;
use flott_evaluation::Evaluator;
use flott_job::interval_join::IntervalJoinSpec;
use flott_job::spec::JoinKind;
use flott_record::value_array::null_array;
use flott_record::{Batch, KeyRows, MAX_WATERMARK, Schema};
use flott_state::{KeyedTable, RowEncoder, SnapshotReader, SnapshotWriter, Timers};

use self::sides::{Place, Sides};
use crate::chunks::{in_chunks, keys_of};
use crate::deduplicate::times_ms;
use crate::interface::{Context, Forwarding, Operator, OperatorError, Setup, Step};
use crate::limits::{OUTPUT_ROWS_PER_STEP_MAX, ROWS_PER_CHUNK};

/// The operator; see the module's text.
pub struct IntervalJoin {
    spec: IntervalJoinSpec,
    condition: Option<Evaluator>,
    encoders: [RowEncoder; 2],
    sides: KeyedTable<Sides>,
    /// When rows of keys go away.
    ends: Timers,
    arrived: u64,
    /// Rows without a partner that are still to be emitted: whether each is a left one, and the row.
    alone: VecDeque<(bool, Vec<u8>)>,
}

/// Arrived rows of one side.
struct Arrivals<'a> {
    is_left: bool,
    batch: &'a Batch,
    keys: KeyRows,
    times: Vec<i64>,
    matchable: Option<NullBuffer>,
}

/// Pairs of arrived and stored rows.
#[derive(Default)]
struct Pairs {
    arrived: Vec<u32>,
    places: Vec<Place>,
    stored: Vec<Vec<u8>>,
}

impl IntervalJoin {
    /// Compiles the condition.
    ///
    /// # Errors
    /// SEMI and ANTI joins; a condition that is not supported.
    pub fn new(spec: &IntervalJoinSpec, setup: &Setup) -> Result<Self, OperatorError> {
        if matches!(spec.join.kind, JoinKind::Semi | JoinKind::Anti) {
            return Err(OperatorError::Failed(format!("not supported: an interval join of kind {:?}", spec.join.kind)));
        }
        let condition = spec.join.condition.as_ref().map(|condition| Evaluator::new(condition, &setup.session));
        Ok(IntervalJoin {
            condition: condition.transpose()?,
            encoders: [RowEncoder::new(&spec.join.left), RowEncoder::new(&spec.join.right)],
            sides: KeyedTable::new(),
            ends: Timers::new(),
            arrived: 0,
            alone: VecDeque::new(),
            spec: spec.clone(),
        })
    }

    fn is_outer(&self, is_left: bool) -> bool {
        match self.spec.join.kind {
            JoinKind::Full => true,
            JoinKind::Left => is_left,
            JoinKind::Right => !is_left,
            JoinKind::Inner | JoinKind::Semi | JoinKind::Anti => false,
        }
    }

    /// The times of partners of a row, both inclusive.
    fn partners_ms(&self, is_left: bool, time_ms: i64) -> (i64, i64) {
        let (lower, upper) = (self.spec.lower_ms, self.spec.upper_ms);
        if is_left {
            (time_ms.saturating_sub(upper), time_ms.saturating_sub(lower))
        } else {
            (time_ms.saturating_add(lower), time_ms.saturating_add(upper))
        }
    }

    /// How far time has come.
    fn passed_ms(&self, context: &Context<'_>) -> i64 {
        if self.spec.rowtimes.is_some() { context.watermark_ms } else { context.now_ms.saturating_sub(1) }
    }

    fn join(&mut self, is_left: bool, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let arrivals = self.arrivals(is_left, batch, context)?;
        let pairs = self.pairs(&arrivals);
        let stored = {
            let rows: Vec<&[u8]> = pairs.stored.iter().map(Vec::as_slice).collect();
            self.encoders[usize::from(is_left)].decode(&rows)?
        };
        let (joined, holds) = self.tested(&arrivals, &pairs, stored, context)?;
        let mut has_partner = vec![false; batch.num_rows()];
        for (pair, arrived) in pairs.arrived.iter().enumerate() {
            if holds.as_ref().is_none_or(|holds| holds.is_valid(pair) && holds.value(pair)) {
                has_partner[*arrived as usize] = true;
                self.mark(&arrivals, *arrived as usize, pairs.places[pair]);
            }
        }
        context.emit(match &holds {
            Some(holds) => joined.filter(holds)?,
            None => joined,
        });
        self.store(&arrivals, &has_partner, context);
        self.emit_alone(context, false)?;
        Ok(batch.num_rows())
    }

    fn arrivals<'a>(
        &self,
        is_left: bool,
        batch: &'a Batch,
        context: &Context<'_>,
    ) -> Result<Arrivals<'a>, OperatorError> {
        let join = &self.spec.join;
        let columns = if is_left { &join.left_keys } else { &join.right_keys };
        let times = match self.spec.rowtimes {
            Some((left, right)) => times_ms(batch.column(if is_left { left } else { right }))?,
            None => vec![context.now_ms; batch.num_rows()],
        };
        let filtered = columns.iter().zip(&join.filter_nulls).filter(|(_, filter)| **filter);
        let matchable = filtered
            .map(|(column, _)| batch.column(*column).logical_nulls())
            .fold(None, |all: Option<NullBuffer>, one| NullBuffer::union(all.as_ref(), one.as_ref()));
        Ok(Arrivals { is_left, batch, keys: keys_of(batch, columns), times, matchable })
    }

    /// All stored rows of the other side that are in time.
    fn pairs(&self, arrivals: &Arrivals<'_>) -> Pairs {
        let mut pairs = Pairs::default();
        for (row, time_ms) in arrivals.times.iter().enumerate() {
            if arrivals.matchable.as_ref().is_some_and(|matchable| matchable.is_null(row)) {
                continue;
            }
            let Some(sides) = self.sides.get(arrivals.keys.hash(row), arrivals.keys.key(row)) else { continue };
            let (from_ms, to_ms) = self.partners_ms(arrivals.is_left, *time_ms);
            for (place, bytes) in sides.within(!arrivals.is_left, from_ms, to_ms) {
                pairs.arrived.push(row as u32);
                pairs.places.push(place);
                pairs.stored.push(bytes.to_vec());
            }
        }
        pairs
    }

    /// The pairs as rows, and which of them fulfil the condition (`None` = all).
    fn tested(
        &mut self,
        arrivals: &Arrivals<'_>,
        pairs: &Pairs,
        stored: Vec<ArrayRef>,
        context: &Context<'_>,
    ) -> Result<(Batch, Option<BooleanArray>), OperatorError> {
        let rows = UInt32Array::from(pairs.arrived.clone());
        let arrived: Result<Vec<ArrayRef>, _> =
            arrivals.batch.columns().iter().map(|column| take(column, &rows, None)).collect();
        let (mut columns, right) = if arrivals.is_left { (arrived?, stored) } else { (stored, arrived?) };
        columns.extend(right);
        let joined = Batch::new(columns, pairs.arrived.len());
        let holds = match &mut self.condition {
            Some(condition) if !joined.is_empty() => Some(condition.evaluate_predicate(&joined, context.instant())?),
            _ => None,
        };
        Ok((joined, holds))
    }

    /// Notes that a stored row has a partner.
    fn mark(&mut self, arrivals: &Arrivals<'_>, row: usize, place: Place) {
        if self.is_outer(!arrivals.is_left)
            && let Some(sides) = self.sides.get_mut(arrivals.keys.hash(row), arrivals.keys.key(row))
        {
            sides.mark(!arrivals.is_left, place);
        }
    }

    /// Keeps rows as long as partners can come.
    fn store(&mut self, arrivals: &Arrivals<'_>, has_partner: &[bool], context: &Context<'_>) {
        let encoded = self.encoders[usize::from(!arrivals.is_left)].encode(arrivals.batch);
        let passed_ms = self.passed_ms(context);
        let is_outer = self.is_outer(arrivals.is_left);
        for (row, time_ms) in arrivals.times.iter().enumerate() {
            let (_, last_ms) = self.partners_ms(arrivals.is_left, *time_ms);
            let matchable = arrivals.matchable.as_ref().is_none_or(|matchable| matchable.is_valid(row));
            if last_ms > passed_ms && (matchable || is_outer) {
                let (hash, key) = (arrivals.keys.hash(row), arrivals.keys.key(row));
                let (sides, _) = self.sides.get_or_insert_with(hash, key, Sides::default);
                let place = (*time_ms, self.arrived);
                self.arrived += 1;
                sides.insert(arrivals.is_left, place, has_partner[row], encoded.row(row).to_vec());
                self.ends.set(last_ms.saturating_add(1), hash, key);
            } else if is_outer && !has_partner[row] {
                self.alone.push_back((arrivals.is_left, encoded.row(row).to_vec()));
            }
        }
    }

    /// Takes rows away for which no partner can come any more.
    fn expire(&mut self, context: &Context<'_>) {
        let passed_ms = self.passed_ms(context);
        while self.alone.len() < OUTPUT_ROWS_PER_STEP_MAX {
            let Some((_, hash, key)) = self.ends.pop_due(passed_ms) else { return };
            let Some(sides) = self.sides.get_mut(hash, &key) else { continue };
            for is_left in [true, false] {
                let (lower, upper) = (self.spec.lower_ms, self.spec.upper_ms);
                // A row's last partner has this time at most, which has passed.
                let until_ms = if is_left { passed_ms.saturating_add(lower) } else { passed_ms.saturating_sub(upper) };
                let gone = sides.remove_before(is_left, until_ms);
                let outer = match self.spec.join.kind {
                    JoinKind::Full => true,
                    JoinKind::Left => is_left,
                    JoinKind::Right => !is_left,
                    _ => false,
                };
                self.alone.extend(gone.filter(|(matched, _)| outer && !matched).map(|(_, row)| (is_left, row)));
            }
            if sides.is_empty() {
                self.sides.remove(hash, &key);
            }
        }
    }

    /// Emits rows without a partner, padded; false if enough is emitted before that is done.
    fn emit_alone(&mut self, context: &mut Context<'_>, limited: bool) -> Result<bool, OperatorError> {
        while let Some((is_left, _)) = self.alone.front().cloned() {
            if limited && context.is_full() {
                return Ok(false);
            }
            let same = self.alone.iter().take(ROWS_PER_CHUNK).take_while(|(left, _)| *left == is_left).count();
            let rows: Vec<(bool, Vec<u8>)> = self.alone.drain(..same).collect();
            let bytes: Vec<&[u8]> = rows.iter().map(|(_, row)| row.as_slice()).collect();
            let present = self.encoders[usize::from(!is_left)].decode(&bytes)?;
            let absent = |schema: &Schema| -> Vec<ArrayRef> {
                schema.fields.iter().map(|field| null_array(&field.data_type, rows.len())).collect()
            };
            let columns = if is_left {
                [present, absent(&self.spec.join.right)].concat()
            } else {
                [absent(&self.spec.join.left), present].concat()
            };
            context.emit(Batch::new(columns, rows.len()));
        }
        Ok(true)
    }

    /// Emits what time has left without a partner.
    fn pass(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        loop {
            if !self.emit_alone(context, true)? {
                return Ok(Step::Yield { consumed_rows: 0 });
            }
            self.expire(context);
            if self.alone.is_empty() {
                return Ok(Step::Done);
            }
        }
    }
}

impl Operator for IntervalJoin {
    fn on_batch(&mut self, input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if batch.kinds().is_some_and(|kinds| kinds.iter().any(|kind| *kind != 0)) {
            return Err(OperatorError::Failed("an interval join got rows other than +I".to_string()));
        }
        in_chunks(batch, context, |chunk, context| self.join(input == 0, chunk, context))
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if self.spec.rowtimes.is_some() && self.pass(context)? != Step::Done {
            return Ok(Step::Yield { consumed_rows: 0 });
        }
        let behind_ms = self.spec.upper_ms.max(self.spec.lower_ms.saturating_neg()).max(0);
        let delayed_ms = match context.watermark_ms {
            MAX_WATERMARK => MAX_WATERMARK,
            watermark_ms => watermark_ms.saturating_sub(behind_ms),
        };
        context.emit_watermark(delayed_ms);
        Ok(Step::Done)
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if self.spec.rowtimes.is_some() { Ok(Step::Done) } else { self.pass(context) }
    }

    fn wake_at_ms(&self) -> Option<i64> {
        self.ends.next_ms().filter(|_| self.spec.rowtimes.is_none()).map(|end_ms| end_ms.saturating_add(1))
    }

    fn prepare_barrier(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let done = self.emit_alone(context, true)?;
        Ok(if done { Step::Done } else { Step::Yield { consumed_rows: 0 } })
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Operator
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        assert!(self.alone.is_empty(), "results are emitted before a barrier");
        self.sides.snapshot("sides", writer)?;
        self.ends.snapshot("ends", writer);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.sides = KeyedTable::restore("sides", reader)?;
        self.ends = Timers::restore("ends", reader)?;
        self.arrived = self.sides.iter().map(|(_, _, sides)| sides.arrived()).max().unwrap_or(0);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
