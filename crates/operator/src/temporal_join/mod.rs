//! An event-time temporal join: each left row with the version of the right table at the left row's time. INNER or LEFT.
//!
//! Emits   when the watermark passes the left row's time, in order of time, then of arrival, with the left row's kind; LEFT pads rows for which there is no
//!         version, or one that is deleted or does not fulfil the condition.
//! Late    left rows behind the watermark are joined with the oldest versions that are left, at the next watermark, as in Flink.
//! State   `waiting`: left rows whose time has not come; `versions`: key to right rows by time, of which those go away that a later version at or before
//!         the watermark replaces; all of a key goes away when it was not touched for the TTL.

mod versions;

use std::collections::BTreeMap;

use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_select::take::take;
use flott_evaluation::Evaluator;
use flott_job::spec::JoinKind;
use flott_job::versioned_join::TemporalJoinSpec;
use flott_record::value_array::null_array;
use flott_record::{Batch, RowKind};
use flott_state::encoding::{read_length, read_ordered_time, take as take_bytes, write_length, write_ordered_time};
use flott_state::{KeyedTable, RowEncoder, SnapshotReader, SnapshotWriter, StateValue, Timers};

use self::versions::Versions;
use crate::chunks::{in_chunks, keys_of};
use crate::deduplicate::times_ms;
use crate::expiry::{Expiry, Stamped};
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::limits::ROWS_PER_CHUNK;

/// A left row that waits.
struct Waiting {
    hash: u32,
    key: Vec<u8>,
    kind: u8,
    /// Whether its key can equal any.
    matchable: bool,
    row: Vec<u8>,
}

/// The operator; see the module's text.
pub struct TemporalJoin {
    spec: TemporalJoinSpec,
    condition: Option<Evaluator>,
    left: RowEncoder,
    right: RowEncoder,
    /// By time and arrival.
    waiting: BTreeMap<(i64, u64), Waiting>,
    arrived: u64,
    versions: KeyedTable<Stamped<Versions>>,
    /// When versions of a key can be replaced.
    replaced: Timers,
    expiry: Expiry,
}

impl TemporalJoin {
    /// Compiles the condition.
    ///
    /// # Errors
    /// Another kind than INNER and LEFT; a condition that is not supported.
    pub fn new(spec: &TemporalJoinSpec, setup: &Setup) -> Result<Self, OperatorError> {
        if !matches!(spec.join.kind, JoinKind::Inner | JoinKind::Left) {
            return Err(OperatorError::Failed(format!("not supported: a temporal join of kind {:?}", spec.join.kind)));
        }
        let condition = spec.join.condition.as_ref().map(|condition| Evaluator::new(condition, &setup.session));
        Ok(TemporalJoin {
            condition: condition.transpose()?,
            left: RowEncoder::new(&spec.join.left),
            right: RowEncoder::new(&spec.join.right),
            waiting: BTreeMap::new(),
            arrived: 0,
            versions: KeyedTable::new(),
            replaced: Timers::new(),
            expiry: Expiry::new(spec.join.right_ttl_ms),
            spec: spec.clone(),
        })
    }

    fn store_left(&mut self, batch: &Batch) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.spec.join.left_keys);
        let rows = self.left.encode(batch);
        let filtered = self.spec.join.left_keys.iter().zip(&self.spec.join.filter_nulls).filter(|(_, filter)| **filter);
        let matchable = filtered
            .map(|(column, _)| batch.column(*column).logical_nulls())
            .fold(None, |all: Option<NullBuffer>, one| NullBuffer::union(all.as_ref(), one.as_ref()));
        for (row, time_ms) in times_ms(batch.column(self.spec.left_time))?.into_iter().enumerate() {
            let waiting = Waiting {
                hash: keys.hash(row),
                key: keys.key(row).to_vec(),
                kind: batch.kind(row) as u8,
                matchable: matchable.as_ref().is_none_or(|nulls| nulls.is_valid(row)),
                row: rows.row(row).to_vec(),
            };
            self.waiting.insert((time_ms, self.arrived), waiting);
            self.arrived += 1;
        }
        Ok(batch.num_rows())
    }

    fn store_right(&mut self, batch: &Batch, context: &Context<'_>) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.spec.join.right_keys);
        let rows = self.right.encode(batch);
        for (row, time_ms) in times_ms(batch.column(self.spec.right_time))?.into_iter().enumerate() {
            let kind = batch.kind(row);
            // The new content of an updated row is a version of its own.
            if kind == RowKind::UpdateBefore {
                continue;
            }
            let fresh = || Stamped { written_ms: context.now_ms, value: Versions::default() };
            let (hash, key) = (keys.hash(row), keys.key(row));
            let (stamped, _) = self.versions.get_or_insert_with(hash, key, fresh);
            if !self.expiry.is_live(stamped.written_ms, context.now_ms) {
                stamped.value = Versions::default();
            }
            stamped.written_ms = context.now_ms;
            stamped.value.put(time_ms, kind.is_addition().then(|| rows.row(row).to_vec()));
            self.replaced.set(time_ms, hash, key);
        }
        Ok(batch.num_rows())
    }

    /// Joins some left rows whose time has come; false if there are none.
    fn join_some(&mut self, context: &mut Context<'_>) -> Result<bool, OperatorError> {
        let mut due = Vec::new();
        while due.len() < ROWS_PER_CHUNK {
            let Some(first) = self.waiting.first_entry().filter(|first| first.key().0 <= context.watermark_ms) else {
                break;
            };
            due.push(first.remove_entry());
        }
        if due.is_empty() {
            return Ok(false);
        }
        let left_rows: Vec<&[u8]> = due.iter().map(|(_, waiting)| waiting.row.as_slice()).collect();
        let left = self.left.decode(&left_rows)?;
        let (mut right_rows, mut matches): (Vec<Vec<u8>>, Vec<Option<u32>>) = Default::default();
        for ((time_ms, _), waiting) in &due {
            let stamped = self.versions.get_mut(waiting.hash, &waiting.key).filter(|_| waiting.matchable);
            let live = stamped.filter(|stamped| self.expiry.is_live(stamped.written_ms, context.now_ms));
            matches.push(live.and_then(|stamped| {
                stamped.written_ms = context.now_ms;
                right_rows.push(stamped.value.at(*time_ms)?.to_vec());
                Some((right_rows.len() - 1) as u32)
            }));
        }
        let right_rows: Vec<&[u8]> = right_rows.iter().map(Vec::as_slice).collect();
        let right = self.right.decode(&right_rows)?;
        self.test(&left, &right, &mut matches, context)?;
        let kinds: Vec<u8> = due.iter().map(|(_, waiting)| waiting.kind).collect();
        self.emit(&left, &right, &matches, &kinds, context)?;
        Ok(true)
    }

    /// Takes matches away that do not fulfil the condition.
    fn test(
        &mut self,
        left: &[ArrayRef],
        right: &[ArrayRef],
        matches: &mut [Option<u32>],
        context: &Context<'_>,
    ) -> Result<(), OperatorError> {
        let Some(condition) = &mut self.condition else { return Ok(()) };
        let matched: Vec<usize> = (0..matches.len()).filter(|row| matches[*row].is_some()).collect();
        if matched.is_empty() {
            return Ok(());
        }
        let rows = UInt32Array::from_iter_values(matched.iter().map(|row| *row as u32));
        let of_left: Result<Vec<ArrayRef>, _> = left.iter().map(|column| take(column, &rows, None)).collect();
        let mut columns = of_left?;
        // Right rows are in the order of the left rows that they match.
        columns.extend(right.iter().cloned());
        let holds = condition.evaluate_predicate(&Batch::new(columns, matched.len()), context.instant())?;
        for (at, row) in matched.into_iter().enumerate() {
            if !(holds.is_valid(at) && holds.value(at)) {
                matches[row] = None;
            }
        }
        Ok(())
    }

    fn emit(
        &self,
        left: &[ArrayRef],
        right: &[ArrayRef],
        matches: &[Option<u32>],
        kinds: &[u8],
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        let keeps_all = self.spec.join.kind == JoinKind::Left;
        let kept: Vec<usize> = (0..matches.len()).filter(|row| keeps_all || matches[*row].is_some()).collect();
        let left_rows = UInt32Array::from_iter_values(kept.iter().map(|row| *row as u32));
        let right_rows: UInt32Array = kept.iter().map(|row| matches[*row]).collect();
        let of_left: Result<Vec<ArrayRef>, _> = left.iter().map(|column| take(column, &left_rows, None)).collect();
        let mut columns = of_left?;
        for (column, field) in right.iter().zip(&self.spec.join.right.fields) {
            columns.push(if column.is_empty() {
                null_array(&field.data_type, kept.len())
            } else {
                take(column, &right_rows, None)?
            });
        }
        let kinds: Vec<u8> = kept.iter().map(|row| kinds[*row]).collect();
        context.emit(Batch::new(columns, kept.len()).with_kinds(kinds.into()));
        Ok(())
    }

    /// Forgets versions that later ones replace for all times to come.
    fn forget(&mut self, context: &Context<'_>) {
        while let Some((_, hash, key)) = self.replaced.pop_due(context.watermark_ms) {
            if let Some(stamped) = self.versions.get_mut(hash, &key)
                && stamped.value.forget_before(context.watermark_ms)
            {
                self.versions.remove(hash, &key);
            }
        }
    }
}

impl TemporalJoin {
    /// Adds a row of a snapshot to those that wait. Rows of a key come in the order in which they had arrived.
    fn restore_waiting(&mut self, mut key: &[u8], mut value: &[u8]) -> Result<(), OperatorError> {
        let time_ms = read_ordered_time(&mut key)?;
        let input = &mut value;
        let mut hash = [0; 4];
        hash.copy_from_slice(take_bytes(input, 4)?);
        let kind = take_bytes(input, 1)?[0];
        let matchable = bool::decode(input)?;
        let length = read_length(input)? as usize;
        let key = take_bytes(input, length)?.to_vec();
        let row = Vec::decode(input)?;
        let hash = u32::from_le_bytes(hash);
        self.waiting.insert((time_ms, self.arrived), Waiting { hash, key, kind, matchable, row });
        self.arrived += 1;
        Ok(())
    }
}

impl Operator for TemporalJoin {
    fn on_batch(&mut self, input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.expiry.sweep(&mut self.versions, batch.num_rows(), context.now_ms);
        in_chunks(batch, context, |chunk, context| match input {
            0 => self.store_left(chunk),
            _ => self.store_right(chunk, context),
        })
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        while self.join_some(context)? {
            let more = self.waiting.first_key_value().is_some_and(|((time_ms, _), _)| *time_ms <= context.watermark_ms);
            if more && context.is_full() {
                return Ok(Step::Yield { consumed_rows: 0 });
            }
        }
        self.forget(context);
        Ok(Step::Done)
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        let mut part = writer.state("waiting");
        for ((time_ms, position), waiting) in &self.waiting {
            let write_key = |out: &mut Vec<u8>| {
                write_ordered_time(out, *time_ms);
                out.extend_from_slice(&position.to_be_bytes());
            };
            part.put(waiting.hash, write_key, |out| {
                out.extend_from_slice(&waiting.hash.to_le_bytes());
                out.push(waiting.kind);
                waiting.matchable.encode(out);
                write_length(out, waiting.key.len() as u64);
                out.extend_from_slice(&waiting.key);
                waiting.row.encode(out);
            });
        }
        self.versions.snapshot("versions", writer)?;
        self.replaced.snapshot("replaced", writer);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        reader.keyed("waiting", |entry| self.restore_waiting(entry.key, entry.value))?;
        self.versions = KeyedTable::restore("versions", reader)?;
        self.replaced = Timers::restore("replaced", reader)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
