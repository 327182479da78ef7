//! The first or last row of each key, by arrival or by row time.
//!
//! Emits   first by arrival: the row at once. Last: `+I`, then `-U` (if wanted) and `+U` for each row that replaces it; a row of the same time replaces, an older one
//!         does not. First by row time: `+I` when the watermark passes the row's time, so never an update. In batch mode the kept
//!         rows at the end of input.
//! Late    for the first row by row time, rows at or before the watermark are dropped and counted.
//! State   `rows`: key to the kept row (first by arrival: to nothing), until it has not been written for the TTL; `timers`: times of first rows that
//!         are still to be emitted.

use std::collections::VecDeque;

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_schema::{DataType as ArrowType, TimeUnit};
use flott_job::spec::DeduplicateSpec;
use flott_record::{Batch, RowKind};
use flott_state::schema::MapRow;
use flott_state::{
    DecodeError, DiskBackend, HoldsRows, KeyedTable, RowEncoder, RowSchema, RowsCodec, SnapshotReader, SnapshotWriter,
    StateError, StateValue, Timers,
};

use crate::chunks::{in_chunks, keys_of};
use crate::expiry::{Expiry, Stamped};
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::row_output::RowOutput;

/// A kept row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// Its row time, milliseconds since the epoch; 0 by arrival.
    pub(crate) time_ms: i64,
    /// Its bytes; empty where only its presence matters.
    pub(crate) row: Vec<u8>,
}

impl StateValue for Kept {
    fn encode(&self, out: &mut Vec<u8>) {
        self.time_ms.encode(out);
        self.row.encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(Kept { time_ms: i64::decode(bytes)?, row: Vec::decode(bytes)? })
    }
}

impl HoldsRows for Kept {
    fn map_rows(&mut self, map: MapRow<'_>) -> Result<(), StateError> {
        if self.row.is_empty() { Ok(()) } else { self.row.map_rows(map) }
    }
}

/// Which row is kept, and what is said of it when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    FirstByArrival,
    LastByArrival,
    FirstByTime,
    LastByTime,
    /// Nothing before the end of input.
    Batch,
}

/// The operator; see the module's text.
pub struct Deduplicate {
    spec: DeduplicateSpec,
    mode: Mode,
    rows: KeyedTable<Stamped<Kept>>,
    timers: Timers,
    expiry: Expiry,
    encoder: RowEncoder,
    schema: RowSchema,
    /// At the end of input in batch mode: keys that are still to be emitted.
    ending: Option<VecDeque<(u32, Vec<u8>)>>,
}

/// Row times in milliseconds.
///
/// # Errors
/// The column is no timestamp, or a time is NULL.
pub(crate) fn times_ms(column: &ArrayRef) -> Result<Vec<i64>, OperatorError> {
    if column.null_count() > 0 {
        return Err(OperatorError::Failed("a row's time is NULL".to_string()));
    }
    match column.data_type() {
        ArrowType::Timestamp(TimeUnit::Millisecond, _) => {
            Ok(column.as_primitive::<TimestampMillisecondType>().values().to_vec())
        }
        ArrowType::Timestamp(TimeUnit::Microsecond, _) => {
            let values = column.as_primitive::<TimestampMicrosecondType>().values();
            Ok(values.iter().map(|value| value.div_euclid(1_000)).collect())
        }
        ArrowType::Timestamp(TimeUnit::Nanosecond, _) => {
            let values = column.as_primitive::<TimestampNanosecondType>().values();
            Ok(values.iter().map(|value| value.div_euclid(1_000_000)).collect())
        }
        other => Err(OperatorError::Failed(format!("a row's time lies as {other}, which is no timestamp"))),
    }
}

/// Whether a row of this time is kept instead of the one of the other time.
pub(crate) fn replaces(keep_last: bool, time_ms: i64, kept_ms: i64) -> bool {
    if keep_last { time_ms >= kept_ms } else { time_ms < kept_ms }
}

impl Deduplicate {
    /// Lays out the state.
    pub fn new(spec: &DeduplicateSpec, setup: &Setup) -> Self {
        let mode = match (setup.batch_mode, spec.rowtime, spec.keep_last) {
            (true, _, _) => Mode::Batch,
            (_, None, false) => Mode::FirstByArrival,
            (_, None, true) => Mode::LastByArrival,
            (_, Some(_), false) => Mode::FirstByTime,
            (_, Some(_), true) => Mode::LastByTime,
        };
        Deduplicate {
            mode,
            rows: KeyedTable::new(),
            timers: Timers::new(),
            expiry: Expiry::new(spec.state_ttl_ms),
            encoder: RowEncoder::new(&spec.input),
            schema: RowSchema::new(&spec.input, &spec.keys),
            spec: spec.clone(),
            ending: None,
        }
    }

    /// Passes the first row of each key.
    fn first_by_arrival(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.spec.keys);
        self.rows.prefetch(&keys)?;
        let mut passes = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let fresh = || Stamped { written_ms: context.now_ms, value: Kept::default() };
            let (kept, is_new) = self.rows.get_or_insert_with(keys.hash(row), keys.key(row), fresh);
            let expired = !self.expiry.is_live(kept.written_ms, context.now_ms);
            if expired {
                kept.written_ms = context.now_ms;
            }
            passes.push(is_new || expired);
        }
        context.emit(batch.filter(&BooleanArray::from(passes))?);
        Ok(batch.num_rows())
    }

    /// Keeps and updates the last row of each key; gives how many rows were done.
    fn last(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.spec.keys);
        self.rows.prefetch(&keys)?;
        let rows = self.encoder.encode(batch);
        let times = self.spec.rowtime.map(|column| times_ms(batch.column(column))).transpose()?;
        let mut out = RowOutput::default();
        let mut done = 0;
        while done < batch.num_rows() && !out.is_full(context) {
            let row = done;
            done += 1;
            let time_ms = times.as_ref().map_or(0, |times| times[row]);
            let fresh = || Stamped { written_ms: context.now_ms, value: Kept { time_ms, row: rows.row(row).to_vec() } };
            let (kept, is_new) = self.rows.get_or_insert_with(keys.hash(row), keys.key(row), fresh);
            if is_new || !self.expiry.is_live(kept.written_ms, context.now_ms) {
                *kept = fresh();
                out.push(self.first_kind(), rows.row(row));
            } else if replaces(true, time_ms, kept.value.time_ms) {
                let unchanged = times.is_none() && kept.value.row == rows.row(row) && !self.expiry.is_enabled();
                if !unchanged || !(self.spec.emit_update_before || self.spec.emit_insert) {
                    if self.spec.emit_update_before {
                        out.push(RowKind::UpdateBefore, &kept.value.row);
                    }
                    out.push(RowKind::UpdateAfter, rows.row(row));
                }
                *kept = fresh();
            }
        }
        out.emit(&self.encoder, context)?;
        Ok(done)
    }

    /// The kind of a key's first row.
    fn first_kind(&self) -> RowKind {
        if self.spec.emit_insert || self.spec.emit_update_before { RowKind::Insert } else { RowKind::UpdateAfter }
    }

    /// Remembers the earliest row of each key until the watermark passes it. Once emitted it stays, without bytes, to keep later ones out.
    fn first_by_time(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.spec.keys);
        self.rows.prefetch(&keys)?;
        let rows = self.encoder.encode(batch);
        let times = self.times(batch)?;
        for (row, time_ms) in times.into_iter().enumerate() {
            if time_ms <= context.watermark_ms {
                context.counts.late_rows_dropped += 1;
                continue;
            }
            let (hash, key) = (keys.hash(row), keys.key(row));
            let fresh = || Stamped { written_ms: context.now_ms, value: Kept { time_ms, row: rows.row(row).to_vec() } };
            let (kept, is_new) = self.rows.get_or_insert_with(hash, key, fresh);
            let expired = !self.expiry.is_live(kept.written_ms, context.now_ms);
            if !is_new && !expired && !replaces(false, time_ms, kept.value.time_ms) {
                continue;
            }
            if !is_new {
                self.timers.remove(kept.value.time_ms, hash, key);
                *kept = fresh();
            }
            self.timers.set(time_ms, hash, key);
        }
        Ok(batch.num_rows())
    }

    /// Keeps the row of each key for the end of input.
    fn keep(&mut self, batch: &Batch) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.spec.keys);
        self.rows.prefetch(&keys)?;
        let rows = self.encoder.encode(batch);
        let times = if self.spec.rowtime.is_some() { self.times(batch)? } else { vec![0; batch.num_rows()] };
        for (row, time_ms) in times.into_iter().enumerate() {
            let fresh = || Stamped { written_ms: 0, value: Kept { time_ms, row: rows.row(row).to_vec() } };
            let (kept, is_new) = self.rows.get_or_insert_with(keys.hash(row), keys.key(row), fresh);
            if !is_new && replaces(self.spec.keep_last, time_ms, kept.value.time_ms) {
                *kept = fresh();
            }
        }
        Ok(batch.num_rows())
    }

    fn times(&self, batch: &Batch) -> Result<Vec<i64>, OperatorError> {
        let column = self.spec.rowtime.ok_or_else(|| OperatorError::Failed("no row time to order by".to_string()))?;
        times_ms(batch.column(column))
    }
}

impl Operator for Deduplicate {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if batch.kinds().is_some() {
            return Err(OperatorError::Failed("a deduplication got rows other than +I".to_string()));
        }
        self.expiry.sweep(&mut self.rows, batch.num_rows(), context.now_ms);
        in_chunks(batch, context, |chunk, context| match self.mode {
            Mode::FirstByArrival => self.first_by_arrival(chunk, context),
            Mode::LastByArrival | Mode::LastByTime => self.last(chunk, context),
            Mode::FirstByTime => self.first_by_time(chunk, context),
            Mode::Batch => self.keep(chunk),
        })
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let mut out = RowOutput::default();
        let mut step = Step::Done;
        while let Some((time_ms, hash, key)) = self.timers.pop_due(context.watermark_ms) {
            self.rows.prefetch_key(hash, &key)?;
            let kept = self.rows.get_mut(hash, &key);
            if let Some(kept) = kept.filter(|kept| kept.value.time_ms == time_ms && !kept.value.row.is_empty()) {
                out.push(RowKind::Insert, &kept.value.row);
                kept.value.row = Vec::new();
            }
            if out.is_full(context) {
                step = Step::Yield { consumed_rows: 0 };
                break;
            }
        }
        out.emit(&self.encoder, context)?;
        Ok(step)
    }

    fn end_input(&mut self, _input: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if self.mode != Mode::Batch {
            return Ok(Step::Done);
        }
        let mut left = self.ending.take().unwrap_or_else(|| {
            let mut keys: Vec<_> = self.rows.iter().map(|(hash, key, _)| (hash, key.to_vec())).collect();
            keys.sort_unstable_by(|a, b| a.1.cmp(&b.1));
            keys.into()
        });
        let mut out = RowOutput::default();
        while let Some((hash, key)) = left.pop_front() {
            if let Some(kept) = self.rows.get(hash, &key) {
                out.push(RowKind::Insert, &kept.value.row);
            }
            if out.is_full(context) {
                break;
            }
        }
        out.emit(&self.encoder, context)?;
        let step = if left.is_empty() { Step::Done } else { Step::Yield { consumed_rows: 0 } };
        self.ending = Some(left);
        Ok(step)
    }

    fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), OperatorError> {
        match self.mode {
            Mode::Batch => Ok(()),
            _ => Ok(self.rows.use_disk(backend)?),
        }
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.rows.snapshot_with("rows", writer, &RowsCodec(&self.schema))?;
        self.timers.snapshot("timers", writer);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.rows.restore_with("rows", reader, &mut RowsCodec(&self.schema))?;
        self.timers = Timers::restore("timers", reader)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flott_record::{Field, Schema, TypeKind, Value};

    use super::*;
    use crate::build::build;
    use crate::harness::{Compare, Event, Lcg, Row, Script, check_cuts, check_recovery, row_texts, run};

    fn input() -> Schema {
        Schema::new(vec![
            Field::new("id", TypeKind::Int.nullable()),
            Field::new("k", TypeKind::string().nullable()),
            Field::new("ts", TypeKind::Timestamp(3).nullable()),
        ])
    }

    fn spec(rowtime: Option<usize>, keep_last: bool) -> DeduplicateSpec {
        DeduplicateSpec {
            keys: vec![1],
            keep_last,
            rowtime,
            emit_update_before: true,
            emit_insert: true,
            window_end: None,
            window_local: false,
            state_ttl_ms: 0,
            input: input(),
        }
    }

    fn row(id: i32, key: &str, time_ms: i64) -> Row {
        (RowKind::Insert, vec![Value::Int(id), Value::String(key.into()), Value::Timestamp(time_ms, 3)])
    }

    fn seen(spec: &DeduplicateSpec, script: &Script) -> Vec<String> {
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::Deduplicate(spec.clone()), setup);
        let seen = check_cuts(&make, script, &script.inputs[0]);
        if !script.batch_mode {
            check_recovery(&make, script, &script.inputs[0], &[vec![1]], Compare::Rows);
        }
        row_texts(&seen).iter().map(|text| text.split(", 1970").next().unwrap_or(text).to_string()).collect()
    }

    /// Rows with the watermark (two seconds behind) after each, as Flink 2.3.0 ran them.
    fn events() -> Vec<Event> {
        let rows = [
            (1, "a", 1),
            (2, "b", 4),
            (3, "a", 12),
            (4, "c", 3),
            (5, "b", 26),
            (6, "d", 11),
            (7, "a", 41),
            (8, "a", 41),
            (9, "d", 50),
        ];
        let mut watermark = i64::MIN;
        let mut events = Vec::new();
        for (id, key, seconds) in rows {
            events.push(Event::rows(0, vec![row(id, key, seconds * 1_000)]));
            if (seconds - 2) * 1_000 > watermark {
                watermark = (seconds - 2) * 1_000;
                events.push(Event::Watermark(watermark));
            }
        }
        events
    }

    /// Flink 2.3.0: rows at or behind the watermark are dropped even where they are their key's first.
    #[test]
    fn the_first_row_by_time_waits_for_the_watermark() {
        let script = Script::new(vec![input()], events()).ended();
        let spec = spec(Some(2), false);
        assert_eq!(seen(&spec, &script), ["+I[1, a", "+I[2, b", "+I[9, d"]);
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::Deduplicate(spec.clone()), setup);
        assert_eq!(run(&make, &script, &input()).expect("runs").counts.late_rows_dropped, 2);
    }

    #[test]
    fn the_last_row_by_time_updates() {
        let script = Script::new(vec![input()], events()).ended();
        let wanted = [
            "+I[1, a", "+I[2, b", "-U[1, a", "+U[3, a", "+I[4, c", "-U[2, b", "+U[5, b", "+I[6, d", "-U[3, a",
            "+U[7, a", "-U[7, a", "+U[8, a", "-U[6, d", "+U[9, d",
        ];
        assert_eq!(seen(&spec(Some(2), true), &script), wanted);
    }

    #[test]
    fn by_arrival_the_first_row_passes_and_the_last_updates() {
        let rows = vec![row(1, "a", 0), row(1, "a", 0), row(2, "a", 0), row(3, "b", 0)];
        let script = Script::new(vec![input()], vec![Event::rows(0, rows)]).ended();
        assert_eq!(seen(&spec(None, false), &script), ["+I[1, a", "+I[3, b"]);
        let mut last = spec(None, true);
        assert_eq!(seen(&last, &script), ["+I[1, a", "-U[1, a", "+U[2, a", "+I[3, b"]);
        last.emit_update_before = false;
        assert_eq!(seen(&last, &script), ["+I[1, a", "+U[2, a", "+I[3, b"]);
        last.emit_insert = false;
        assert_eq!(seen(&last, &script), ["+U[1, a", "+U[1, a", "+U[2, a", "+U[3, b"]);
    }

    #[test]
    fn batch_mode_emits_what_is_kept() {
        let script = Script::new(vec![input()], events()).ended().in_batch_mode();
        assert_eq!(seen(&spec(Some(2), false), &script), ["+I[1, a", "+I[2, b", "+I[4, c", "+I[6, d"]);
        assert_eq!(seen(&spec(Some(2), true), &script), ["+I[8, a", "+I[5, b", "+I[4, c", "+I[9, d"]);
    }

    #[test]
    fn a_forgotten_key_starts_again() {
        let mut spec = spec(None, false);
        spec.state_ttl_ms = 10;
        let at = |now_ms, id| vec![Event::Clock(now_ms), Event::rows(0, vec![row(id, "a", 0)])];
        let script = Script::new(vec![input()], [at(0, 1), at(9, 2), at(10, 3)].concat());
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::Deduplicate(spec.clone()), setup);
        assert_eq!(check_cuts(&make, &script, &input()).len(), 2);
    }

    #[test]
    fn windows_of_the_session_zone_end_with_its_clock() {
        let mut fields = input().fields;
        fields.push(Field::new("window_end", TypeKind::Timestamp(3).not_null()));
        let schema = Schema::new(fields);
        let mut spec = spec(Some(2), true);
        (spec.window_end, spec.window_local, spec.input) = (Some(3), true, schema.clone());
        let (kind, mut cells) = row(1, "a", 5);
        cells.push(Value::Timestamp(8 * 3_600_000 + 10, 3));
        let events = vec![Event::rows(0, vec![(kind, cells)]), Event::Watermark(8)];
        let wait = Script::new(vec![schema.clone()], events.clone()).in_zone("Asia/Shanghai");
        assert!(seen(&spec, &wait).is_empty());
        let over = Script::new(vec![schema], [events, vec![Event::Watermark(9)]].concat()).in_zone("Asia/Shanghai");
        assert_eq!(seen(&spec, &over), ["+I[1, a"]);
    }

    #[test]
    fn within_windows_the_kept_row_comes_at_the_end() {
        let mut fields = input().fields;
        fields.push(Field::new("window_end", TypeKind::Timestamp(3).not_null()));
        let schema = Schema::new(fields);
        let mut random = Lcg(3);
        let mut wanted = std::collections::BTreeMap::new();
        let mut rows = Vec::new();
        for id in 0..80 {
            let (key, time_ms) = (["a", "b", "c"][random.below(3) as usize], random.below(40) as i64);
            let end_ms = time_ms / 10 * 10 + 10;
            let (kind, mut cells) = row(id, key, time_ms);
            cells.push(Value::Timestamp(end_ms, 3));
            rows.push((kind, cells));
            let kept = wanted.entry((end_ms, key)).or_insert((time_ms, id));
            if time_ms >= kept.0 {
                *kept = (time_ms, id);
            }
        }
        let mut spec = spec(Some(2), true);
        (spec.window_end, spec.input) = (Some(3), schema.clone());
        let script = Script::new(vec![schema], vec![Event::rows(0, rows), Event::Watermark(15)]).ended();
        let wanted: Vec<String> = wanted.iter().map(|((_, key), (_, id))| format!("+I[{id}, {key}")).collect();
        assert_eq!(seen(&spec, &script), wanted);
    }
}
