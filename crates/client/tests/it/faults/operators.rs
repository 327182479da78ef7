//! Keyed operators whose results show what went wrong: a hash chain, the two sides of a bank, alarms.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMillisecondType};
use arrow_array::{ArrayRef, Int64Array};
use flott_client::CustomOperators;
use flott_operator::{Context, Operator, OperatorError, Step};
use flott_record::{Batch, KeyRows};
use flott_state::{KeyedTable, SnapshotReader, SnapshotWriter, Timers};

pub const CHAIN: &str = "chain";
pub const DEBIT: &str = "debit";
pub const CREDIT: &str = "credit";
pub const ALARM: &str = "alarm";
pub const PASS: &str = "pass";

/// An alarm rings so long after its row.
pub const ALARM_MS: i64 = 35;

/// Rows after which the operators yield: the rest of a batch is often in flight.
const ROWS_PER_CALL: usize = 4;

/// The test operators; `loses_a_timer` makes alarms wrong.
pub fn operators(loses_a_timer: bool) -> CustomOperators {
    let mut operators = crate::window_sum::operators();
    operators.register(CHAIN, |_| Ok(Box::new(Chain(KeyedTable::new()))));
    operators.register(DEBIT, |_| Ok(Box::new(Account { balances: KeyedTable::new(), is_debit: true })));
    operators.register(CREDIT, |_| Ok(Box::new(Account { balances: KeyedTable::new(), is_debit: false })));
    operators.register(PASS, |_| Ok(Box::new(Pass)));
    operators.register(ALARM, move |_| Ok(Box::new(Alarm { timers: Timers::new(), loses_a_timer })));
    operators
}

/// The next hash of a chain.
pub fn link(hash: i64, value: i64) -> i64 {
    (hash ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64).rotate_left(23)
}

fn bigints(batch: &Batch, column: usize) -> &[i64] {
    batch.column(column).as_primitive::<Int64Type>().values()
}

fn emit(context: &mut Context<'_>, columns: [Vec<i64>; 3]) {
    let rows = columns[0].len();
    let columns = columns.map(|column| Arc::new(Int64Array::from(column)) as ArrayRef);
    context.emit(Batch::new(columns.to_vec(), rows));
}

fn yield_after(rows: usize, batch: &Batch) -> Step {
    if rows == batch.num_rows() { Step::Done } else { Step::Yield { consumed_rows: rows } }
}

/// `k, v` to `k, v, h` with h = link(h before, v) of the key.
struct Chain(KeyedTable<i64>);

impl Operator for Chain {
    fn on_batch(&mut self, _: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let rows = batch.num_rows().min(ROWS_PER_CALL);
        let keys = KeyRows::encode(&batch.columns()[..1], batch.num_rows());
        let mut out = [Vec::new(), Vec::new(), Vec::new()];
        for row in 0..rows {
            let (hash, _) = self.0.get_or_insert_with(keys.hash(row), keys.key(row), || 0);
            *hash = link(*hash, bigints(batch, 1)[row]);
            out[0].push(bigints(batch, 0)[row]);
            out[1].push(bigints(batch, 1)[row]);
            out[2].push(*hash);
        }
        emit(context, out);
        Ok(yield_after(rows, batch))
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        Ok(self.0.snapshot("hash", writer)?)
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.0 = KeyedTable::restore("hash", reader)?;
        Ok(())
    }
}

/// One side of a transfer of `v` from account `k` to account `v % 11`. The debit side takes it and passes `account, v, balance` on; the credit
/// side does the same with what it gets.
struct Account {
    balances: KeyedTable<i64>,
    is_debit: bool,
}

impl Operator for Account {
    fn on_batch(&mut self, _: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let rows = batch.num_rows().min(ROWS_PER_CALL);
        let keys = KeyRows::encode(&batch.columns()[..1], batch.num_rows());
        let mut out = [Vec::new(), Vec::new(), Vec::new()];
        for row in 0..rows {
            let (account, amount) = (bigints(batch, 0)[row], bigints(batch, 1)[row]);
            let (balance, _) = self.balances.get_or_insert_with(keys.hash(row), keys.key(row), || 0);
            *balance += if self.is_debit { -amount } else { amount };
            out[0].push(if self.is_debit { amount % 11 } else { account });
            out[1].push(amount);
            out[2].push(*balance);
        }
        emit(context, out);
        Ok(yield_after(rows, batch))
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        Ok(self.balances.snapshot("balances", writer)?)
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.balances = KeyedTable::restore("balances", reader)?;
        Ok(())
    }
}

/// `k, v` to `k, v, 0`, a few rows a call.
struct Pass;

impl Operator for Pass {
    fn on_batch(&mut self, _: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let rows = batch.num_rows().min(ROWS_PER_CALL);
        emit(context, [bigints(batch, 0)[..rows].to_vec(), bigints(batch, 1)[..rows].to_vec(), vec![0; rows]]);
        Ok(yield_after(rows, batch))
    }

    fn snapshot(&mut self, _: &mut SnapshotWriter) -> Result<(), OperatorError> {
        Ok(())
    }

    fn restore(&mut self, _: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(())
    }
}

/// `k, v, t` sets an alarm of k at t + [`ALARM_MS`], which gives `time, watermark reached it (1 or 0), 0`.
struct Alarm {
    timers: Timers,
    loses_a_timer: bool,
}

impl Operator for Alarm {
    fn on_batch(&mut self, _: usize, batch: &Batch, _: &mut Context<'_>) -> Result<Step, OperatorError> {
        let rows = batch.num_rows().min(ROWS_PER_CALL);
        let keys = KeyRows::encode(&batch.columns()[..1], batch.num_rows());
        let times = batch.column(2).as_primitive::<TimestampMillisecondType>();
        for row in 0..rows {
            self.timers.set(times.value(row) + ALARM_MS, keys.hash(row), keys.key(row));
        }
        Ok(yield_after(rows, batch))
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let mut out = [Vec::new(), Vec::new(), Vec::new()];
        while let Some((time_ms, _, _)) = self.timers.pop_due(context.watermark_ms) {
            out[0].push(time_ms);
            out[1].push(i64::from(context.watermark_ms >= time_ms));
            out[2].push(0);
            if out[0].len() == ROWS_PER_CALL {
                emit(context, out);
                return Ok(Step::Yield { consumed_rows: 0 });
            }
        }
        emit(context, out);
        Ok(Step::Done)
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.timers.snapshot("alarms", writer);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.timers = Timers::restore("alarms", reader)?;
        if self.loses_a_timer {
            self.timers.pop_due(i64::MAX);
        }
        Ok(())
    }
}
