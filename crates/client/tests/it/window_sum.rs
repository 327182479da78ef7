//! A keyed operator for tests, on the interfaces that every operator uses: `k, v, t` to `k, window end, sum of v` in event-time windows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMillisecondType};
use arrow_array::{ArrayRef, Int64Array};
use flott_client::CustomOperators;
use flott_operator::{Context, Forwarding, Operator, OperatorError, Step};
use flott_record::{Batch, KeyRows};
use flott_state::{DecodeError, KeyedTable, SnapshotReader, SnapshotWriter, StateValue, Timers};

pub const WINDOW_MS: i64 = 100;
pub const NAME: &str = "window-sum";

pub fn operators() -> CustomOperators {
    let mut operators = CustomOperators::new();
    operators.register(NAME, |_| Ok(Box::new(WindowSum { sums: KeyedTable::new(), timers: Timers::new() })));
    operators.register("fails", |setup| {
        Ok(Box::new(Fails {
            is_second: setup.subtask == 1 || setup.parallelism == 1,
            panics: false,
            above: 1_000,
            left: None,
        }))
    });
    operators.register("panics", |_| Ok(Box::new(Fails { is_second: true, panics: true, above: 1_000, left: None })));
    operators
}

/// What all windows of numbered rows sum up to.
pub fn expected(rows: i64) -> Vec<Vec<i64>> {
    let mut sums = std::collections::BTreeMap::new();
    for number in 0..rows {
        let end = (number / WINDOW_MS + 1) * WINDOW_MS;
        *sums.entry((number % crate::numbered::KEYS, end)).or_insert(0) += number;
    }
    sums.into_iter().map(|((key, end), sum)| vec![key, end, sum]).collect()
}

struct WindowSum {
    /// By canonical key.
    sums: KeyedTable<Windows>,
    timers: Timers,
}

/// The open windows of one key.
#[derive(Default)]
struct Windows {
    key: i64,
    /// Window end to sum.
    sums: BTreeMap<i64, i64>,
}

impl StateValue for Windows {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.key, self.sums.len() as u64).encode(out);
        self.sums.iter().for_each(|(end_ms, sum)| (*end_ms, *sum).encode(out));
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let (key, count) = <(i64, u64)>::decode(bytes)?;
        let sums: Result<BTreeMap<i64, i64>, DecodeError> = (0..count).map(|_| <(i64, i64)>::decode(bytes)).collect();
        Ok(Windows { key, sums: sums? })
    }
}

impl Operator for WindowSum {
    fn on_batch(&mut self, _: usize, batch: &Batch, _: &mut Context<'_>) -> Result<Step, OperatorError> {
        let rows = KeyRows::encode(&batch.columns()[..1], batch.num_rows());
        let (keys, values) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_primitive::<Int64Type>());
        let times = batch.column(2).as_primitive::<TimestampMillisecondType>();
        for row in 0..batch.num_rows() {
            let end_ms = (times.value(row).div_euclid(WINDOW_MS) + 1) * WINDOW_MS;
            let (windows, _) = self.sums.get_or_insert_with(rows.hash(row), rows.key(row), Windows::default);
            windows.key = keys.value(row);
            let sum = windows.sums.entry(end_ms).or_insert_with(|| {
                self.timers.set(end_ms - 1, rows.hash(row), rows.key(row));
                0
            });
            *sum += values.value(row);
        }
        Ok(Step::Done)
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let mut columns = [Vec::new(), Vec::new(), Vec::new()];
        let mut is_done = false;
        // Few at a time, so that tests see yields.
        for _ in 0..5 {
            let Some((time_ms, hash, key)) = self.timers.pop_due(context.watermark_ms) else {
                is_done = true;
                break;
            };
            let end_ms = time_ms + 1;
            let windows = self.sums.get_mut(hash, &key).ok_or_else(|| OperatorError::Failed("no key".to_string()))?;
            let sum = windows.sums.remove(&end_ms).ok_or_else(|| OperatorError::Failed("no sum".to_string()))?;
            for (column, value) in columns.iter_mut().zip([windows.key, end_ms, sum]) {
                column.push(value);
            }
            if windows.sums.is_empty() {
                self.sums.remove(hash, &key);
            }
        }
        let rows = columns[0].len();
        let columns = columns.map(|column| Arc::new(Int64Array::from(column)) as ArrayRef);
        context.emit(Batch::new(columns.to_vec(), rows));
        Ok(if is_done { Step::Done } else { Step::Yield { consumed_rows: 0 } })
    }

    fn on_processing_time(&mut self, _: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    fn end_input(&mut self, _: usize, _: &mut Context<'_>) -> Result<Step, OperatorError> {
        if self.timers.is_empty() { Ok(Step::Done) } else { Err(OperatorError::Failed("windows are open".to_string())) }
    }

    fn prepare_barrier(&mut self, _: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.sums.snapshot("sums", writer)?;
        self.timers.snapshot("timers", writer);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.sums = KeyedTable::restore("sums", reader)?;
        self.timers = Timers::restore("timers", reader)?;
        Ok(())
    }
}

/// Passes rows on until one subtask fails, or panics.
struct Fails {
    is_second: bool,
    panics: bool,
    /// Values above this one fail.
    above: i64,
    /// Failures that are left over all attempts, if they are counted.
    left: Option<Arc<AtomicU32>>,
}

impl Fails {
    fn fails(&self, value: i64) -> bool {
        let takes = |left: &Arc<AtomicU32>| left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
        value > self.above && self.left.as_ref().is_none_or(takes)
    }
}

/// The operators, and `stumbles`: one that fails so many times at a value above the given one.
pub fn stumbling(times: u32, above: i64) -> (CustomOperators, Arc<AtomicU32>) {
    let (mut operators, left) = (operators(), Arc::new(AtomicU32::new(times)));
    let shared = left.clone();
    operators.register("stumbles", move |_| {
        Ok(Box::new(Fails { is_second: true, panics: false, above, left: Some(shared.clone()) }))
    });
    (operators, left)
}

impl Operator for Fails {
    fn on_batch(&mut self, _: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let values = batch.column(1).as_primitive::<Int64Type>();
        if self.is_second && values.values().iter().any(|value| self.fails(*value)) {
            assert!(!self.panics, "a thousand is too much");
            return Err(OperatorError::Failed("a value above 1000".to_string()));
        }
        context.emit(batch.clone());
        Ok(Step::Done)
    }

    fn on_watermark(&mut self, _: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn on_processing_time(&mut self, _: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    fn end_input(&mut self, _: usize, _: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn prepare_barrier(&mut self, _: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
    }

    fn snapshot(&mut self, _: &mut SnapshotWriter) -> Result<(), OperatorError> {
        Ok(())
    }

    fn restore(&mut self, _: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(())
    }
}
