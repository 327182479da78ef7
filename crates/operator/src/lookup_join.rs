//! A lookup join: each row with the rows of an outside table that have its key now. INNER or LEFT.
//!
//! Emits   for each row, in order of arrival, one row for each found one that fulfils the condition, with the row's kind; LEFT pads rows without any.
//!         A row without a match that is to be looked up again comes later, out of order, when it is found or given up.
//! State   `found`: key of a row to what was found for it, where results are remembered; gone with the row's retraction or after the TTL.
//!         `missing`: rows that are looked up again later.

use std::collections::{BTreeMap, VecDeque};

use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow_select::take::take;
use flott_evaluation::Evaluator;
use flott_job::versioned_join::{LookupJoinSpec, LookupRetry};
use flott_record::Batch;
use flott_record::value_array::null_array;
use flott_state::{DecodeError, KeyedTable, RowEncoder, SnapshotReader, SnapshotWriter, StateValue};

use crate::chunks::{in_chunks, keys_of};
use crate::expiry::{Expiry, Stamped};
use crate::interface::{Context, Operator, OperatorError, Setup, Step};

/// Finds rows by key; who makes the operator knows where they are.
pub trait LookupTable {
    /// The rows of keys without NULLs, those of a key together and keys in order, and for each row the number of its key.
    ///
    /// # Errors
    /// Fails the job.
    fn find(&mut self, keys: &[ArrayRef], count: usize) -> Result<(Batch, Vec<u32>), OperatorError>;
}

/// What was found for a batch.
struct Matches {
    /// Right columns.
    right: Vec<ArrayRef>,
    /// For each row the numbers of its right rows.
    of_row: Vec<Vec<u32>>,
}

/// The rows that were found for a row, encoded.
#[derive(Debug, Default)]
struct Remembered(VecDeque<Vec<u8>>);

impl StateValue for Remembered {
    fn encode(&self, out: &mut Vec<u8>) {
        flott_state::encoding::write_length(out, self.0.len() as u64);
        self.0.iter().for_each(|row| row.encode(out));
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let count = flott_state::encoding::read_length(bytes)?;
        let rows: Result<VecDeque<Vec<u8>>, DecodeError> = (0..count).map(|_| Vec::decode(bytes)).collect();
        Ok(Remembered(rows?))
    }
}

/// The operator; see the module's text.
pub struct LookupJoin {
    table: Box<dyn LookupTable>,
    keys: Vec<Evaluator>,
    before: Option<Evaluator>,
    filter: Option<Evaluator>,
    /// Right columns over the fetched ones; `None` = these as they are.
    projection: Option<Vec<Evaluator>>,
    condition: Option<Evaluator>,
    outer: bool,
    retry: Option<LookupRetry>,
    remembered_by: Option<Vec<usize>>,
    found: KeyedTable<Stamped<Remembered>>,
    expiry: Expiry,
    /// Rows to look up again, by when, in order: attempts that are left, the row.
    missing: BTreeMap<(i64, u64), (u32, Vec<u8>)>,
    next_missing: u64,
    input: RowEncoder,
    right: RowEncoder,
    spec: LookupJoinSpec,
}

impl LookupJoin {
    /// Compiles the expressions.
    ///
    /// # Errors
    /// An expression that is not supported.
    pub fn new(spec: &LookupJoinSpec, table: Box<dyn LookupTable>, setup: &Setup) -> Result<Self, OperatorError> {
        let compiled = |expression: &Option<flott_expression::Expression>| {
            expression.as_ref().map(|expression| Evaluator::new(expression, &setup.session)).transpose()
        };
        let keys: Result<Vec<Evaluator>, _> =
            spec.keys.iter().map(|(_, value)| Evaluator::new(value, &setup.session)).collect();
        let projection = match &spec.calc {
            Some(calc) => {
                let columns: Result<Vec<Evaluator>, _> =
                    calc.projection.iter().map(|column| Evaluator::new(column, &setup.session)).collect();
                Some(columns?)
            }
            None => None,
        };
        Ok(LookupJoin {
            table,
            keys: keys?,
            before: compiled(&spec.before)?,
            filter: compiled(&spec.calc.as_ref().and_then(|calc| calc.condition.clone()))?,
            projection,
            condition: compiled(&spec.condition)?,
            outer: spec.outer,
            retry: spec.retry,
            remembered_by: spec.remembered_by.clone(),
            found: KeyedTable::new(),
            expiry: Expiry::new(spec.state_ttl_ms),
            missing: BTreeMap::new(),
            next_missing: 0,
            input: RowEncoder::new(&spec.input),
            right: RowEncoder::new(&spec.right),
            spec: spec.clone(),
        })
    }

    /// Looks up the wanted rows of a batch.
    fn look_up(&mut self, batch: &Batch, wanted: &[bool], context: &Context<'_>) -> Result<Matches, OperatorError> {
        let rows = batch.num_rows();
        let mut asked = wanted.to_vec();
        if let Some(before) = &mut self.before {
            let holds = before.evaluate_predicate(batch, context.instant())?;
            asked.iter_mut().enumerate().for_each(|(row, asked)| *asked &= holds.is_valid(row) && holds.value(row));
        }
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &mut self.keys {
            let values = key.evaluate(batch, context.instant())?;
            asked.iter_mut().enumerate().for_each(|(row, asked)| *asked &= values.is_valid(row));
            keys.push(values);
        }
        let asked_rows: Vec<u32> = (0..rows as u32).filter(|row| asked[*row as usize]).collect();
        let mut of_row: Vec<Vec<u32>> = vec![Vec::new(); rows];
        let positions = UInt32Array::from(asked_rows.clone());
        let keys: Result<Vec<ArrayRef>, _> = keys.iter().map(|key| take(key, &positions, None)).collect();
        let (fetched, of_key) = self.table.find(&keys?, asked_rows.len())?;
        let mut left: Vec<u32> = of_key.iter().map(|key| asked_rows[*key as usize]).collect();
        let mut right = fetched;
        if let Some(filter) = &mut self.filter {
            let holds = filter.evaluate_predicate(&right, context.instant())?;
            left = filtered(&left, &holds);
            right = right.filter(&holds)?;
        }
        if let Some(projection) = &mut self.projection {
            let columns: Result<Vec<ArrayRef>, _> =
                projection.iter_mut().map(|column| column.evaluate(&right, context.instant())).collect();
            right = Batch::new(columns?, left.len());
        }
        if let Some(condition) = &mut self.condition {
            let positions = UInt32Array::from(left.clone());
            let mut columns =
                batch.columns().iter().map(|column| take(column, &positions, None)).collect::<Result<Vec<_>, _>>()?;
            columns.extend(right.columns().iter().cloned());
            let holds = condition.evaluate_predicate(&Batch::new(columns, left.len()), context.instant())?;
            left = filtered(&left, &holds);
            right = right.filter(&holds)?;
        }
        left.iter().enumerate().for_each(|(at, row)| of_row[*row as usize].push(at as u32));
        Ok(Matches { right: right.columns().to_vec(), of_row })
    }

    fn join(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let remembers = self.remembered_by.is_some();
        let wanted: Vec<bool> = (0..batch.num_rows()).map(|row| !remembers || batch.kind(row).is_addition()).collect();
        let mut matches = self.look_up(batch, &wanted, context)?;
        if let Some(key) = self.remembered_by.clone() {
            self.remember(batch, &key, &mut matches, context)?;
        }
        let mut kept = vec![true; batch.num_rows()];
        if let Some(retry) = self.retry.filter(|retry| retry.attempts_max > 1 && batch.kinds().is_none()) {
            let encoded = self.input.encode(batch);
            for row in (0..batch.num_rows()).filter(|row| matches.of_row[*row].is_empty()) {
                self.put_aside(encoded.row(row), retry.attempts_max - 1, context.now_ms + retry.delay_ms);
                kept[row] = false;
            }
        }
        self.emit(batch, &matches, &kept, context)?;
        Ok(batch.num_rows())
    }

    /// Keeps what was found for rows that come, and finds it again for rows that go.
    fn remember(
        &mut self,
        batch: &Batch,
        key: &[usize],
        matches: &mut Matches,
        context: &Context<'_>,
    ) -> Result<(), OperatorError> {
        let all: Vec<usize> = (0..batch.columns().len()).collect();
        let keys = keys_of(batch, if key.is_empty() { &all } else { key });
        let count =
            matches.right.first().map_or_else(|| matches.of_row.iter().map(Vec::len).sum(), |column| column.len());
        let encoded = self.right.encode_columns(&matches.right, count);
        let mut recalled: Vec<Vec<u8>> = Vec::new();
        for row in 0..batch.num_rows() {
            let (hash, key) = (keys.hash(row), keys.key(row));
            if batch.kind(row).is_addition() {
                let found = matches.of_row[row].iter().map(|at| encoded.row(*at as usize).to_vec()).collect();
                let value = Stamped { written_ms: context.now_ms, value: Remembered(found) };
                self.found.remove(hash, key);
                self.found.get_or_insert_with(hash, key, || value);
            } else if let Some(known) = self.found.remove(hash, key)
                && self.expiry.is_live(known.written_ms, context.now_ms)
            {
                let first = count + recalled.len();
                matches.of_row[row] = (first..first + known.value.0.len()).map(|at| at as u32).collect();
                recalled.extend(known.value.0);
            }
        }
        if recalled.is_empty() {
            return Ok(());
        }
        let rows: Vec<&[u8]> = recalled.iter().map(Vec::as_slice).collect();
        let decoded = self.right.decode(&rows)?;
        for (column, more) in matches.right.iter_mut().zip(decoded) {
            *column = arrow_select::concat::concat(&[column.as_ref(), more.as_ref()])?;
        }
        Ok(())
    }

    fn put_aside(&mut self, row: &[u8], attempts: u32, due_ms: i64) {
        self.missing.insert((due_ms, self.next_missing), (attempts, row.to_vec()));
        self.next_missing += 1;
    }

    fn emit(
        &self,
        batch: &Batch,
        matches: &Matches,
        kept: &[bool],
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (row, found) in matches.of_row.iter().enumerate().filter(|(row, _)| kept[*row]) {
            if found.is_empty() && self.outer {
                left.push(row as u32);
                right.push(None);
            }
            left.extend(found.iter().map(|_| row as u32));
            right.extend(found.iter().map(|at| Some(*at)));
        }
        let left_rows = batch.take(&UInt32Array::from(left))?;
        let right_rows: UInt32Array = right.iter().copied().collect();
        let mut columns = left_rows.columns().to_vec();
        for (column, field) in matches.right.iter().zip(&self.spec.right.fields) {
            let padded = column.is_empty();
            columns.push(if padded {
                null_array(&field.data_type, right_rows.len())
            } else {
                take(column, &right_rows, None)?
            });
        }
        context.emit(left_rows.with_columns(columns));
        Ok(())
    }

    /// Looks up rows again that were not found; `last` gives them up at once.
    fn again(&mut self, until_ms: i64, last: bool, context: &mut Context<'_>) -> Result<(), OperatorError> {
        let (mut attempts, mut rows) = (Vec::new(), Vec::new());
        while let Some(first) = self.missing.first_entry().filter(|first| first.key().0 <= until_ms) {
            let (left, row) = first.remove();
            attempts.push(if last { 1 } else { left });
            rows.push(row);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let bytes: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
        let batch = Batch::new(self.input.decode(&bytes)?, rows.len());
        let matches = self.look_up(&batch, &vec![true; rows.len()], context)?;
        let delay_ms = self.retry.map_or(0, |retry| retry.delay_ms);
        let mut kept = vec![true; rows.len()];
        for (row, left) in attempts.into_iter().enumerate() {
            if matches.of_row[row].is_empty() && left > 1 {
                self.put_aside(&rows[row], left - 1, context.now_ms + delay_ms);
                kept[row] = false;
            }
        }
        self.emit(&batch, &matches, &kept, context)
    }
}

fn filtered(rows: &[u32], kept: &BooleanArray) -> Vec<u32> {
    let keep = |(at, row): (usize, &u32)| (kept.is_valid(at) && kept.value(at)).then_some(*row);
    rows.iter().enumerate().filter_map(keep).collect()
}

impl Operator for LookupJoin {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.expiry.sweep(&mut self.found, batch.num_rows(), context.now_ms);
        in_chunks(batch, context, |chunk, context| self.join(chunk, context))
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.again(context.now_ms, false, context)?;
        Ok(Step::Done)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        self.missing.first_key_value().map(|((due_ms, _), _)| *due_ms)
    }

    fn end_input(&mut self, _input: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.again(i64::MAX, true, context)?;
        Ok(Step::Done)
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.found.snapshot("found", writer)?;
        for ((due_ms, _), (attempts, row)) in &self.missing {
            let mut entry = Vec::new();
            due_ms.encode(&mut entry);
            i64::from(*attempts).encode(&mut entry);
            row.encode(&mut entry);
            writer.list("missing", entry);
        }
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.found = KeyedTable::restore("found", reader)?;
        for mut entry in reader.list("missing") {
            let due_ms = i64::decode(&mut entry)?;
            let attempts = i64::decode(&mut entry)?;
            let row = Vec::decode(&mut entry)?;
            self.put_aside(&row, attempts.clamp(1, i64::from(u32::MAX)) as u32, due_ms);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
