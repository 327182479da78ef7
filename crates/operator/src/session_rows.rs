//! SESSION as a table function: each row with the bounds of its session, once the session is over.
//!
//! Emits   when time passes a session's end: sessions by their end, then by key; within one rows as they came, with their kinds, then `window_start`,
//!         `window_end`, `window_time`. Windows of processing time that are open at the end of input are never emitted.
//! Late    rows whose session would be over already are dropped and counted.
//! State   `sessions`: key to sessions with their rows; gone when the session is emitted. `progress`: the watermark.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, TimestampMillisecondArray};
use flott_job::spec::SessionRowsSpec;
use flott_job::window::WindowTime;
use flott_record::{Batch, MIN_WATERMARK};
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, KeyedTable, RowEncoder, SnapshotReader, SnapshotWriter, StateValue};

use crate::chunks::{in_chunks, keys_of};
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::limits::OUTPUT_ROWS_PER_STEP_MAX;
use crate::window_time::{WindowClock, rowtimes};

/// A session that is not over, in window time, with its rows and their kinds.
#[derive(Debug)]
struct Session {
    start: i64,
    end: i64,
    rows: Vec<(u8, Vec<u8>)>,
}

/// A key's sessions by start; they neither overlap nor touch.
#[derive(Debug, Default)]
struct Sessions(Vec<Session>);

impl Sessions {
    /// Adds a row; gives the end of its session where that is new.
    fn add(&mut self, start: i64, end: i64, row: (u8, Vec<u8>)) -> Option<i64> {
        let first = self.0.partition_point(|session| session.end < start);
        let past = first + self.0[first..].iter().take_while(|session| session.start <= end).count();
        if first == past {
            self.0.insert(first, Session { start, end, rows: vec![row] });
            return Some(end);
        }
        let absorbed: Vec<Session> = self.0.drain(first + 1..past).collect();
        let session = &mut self.0[first];
        let former_end = session.end;
        session.start = session.start.min(start);
        session.end = absorbed.iter().map(|session| session.end).fold(session.end.max(end), i64::max);
        absorbed.into_iter().for_each(|other| session.rows.extend(other.rows));
        session.rows.push(row);
        (session.end != former_end).then_some(session.end)
    }

    /// Whether a row of this time would belong to a session that is there.
    fn touches(&self, start: i64, end: i64) -> bool {
        let first = self.0.partition_point(|session| session.end < start);
        self.0.get(first).is_some_and(|session| session.start <= end)
    }
}

impl StateValue for Sessions {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.0.len() as u64);
        for session in &self.0 {
            (session.start, session.end).encode(out);
            write_length(out, session.rows.len() as u64);
            for (kind, row) in &session.rows {
                i64::from(*kind).encode(out);
                row.encode(out);
            }
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut sessions = Sessions::default();
        for _ in 0..read_length(bytes)? {
            let (start, end) = <(i64, i64)>::decode(bytes)?;
            let count = read_length(bytes)?;
            let row = |bytes: &mut &[u8]| Ok((i64::decode(bytes)? as u8, Vec::decode(bytes)?));
            let rows: Result<_, DecodeError> = (0..count).map(|_| row(bytes)).collect();
            sessions.0.push(Session { start, end, rows: rows? });
        }
        Ok(sessions)
    }
}

/// The operator; see the module's text.
pub struct SessionRows {
    spec: SessionRowsSpec,
    clock: WindowClock,
    encoder: RowEncoder,
    sessions: KeyedTable<Sessions>,
    /// Ends of sessions, with their keys; of a session that has grown since, one is stale.
    ends: BTreeSet<(i64, Vec<u8>, u32)>,
    progress_ms: i64,
}

impl SessionRows {
    /// Lays out the state.
    ///
    /// # Errors
    /// The time zone is not known; rows that have been assigned to windows before.
    pub fn new(spec: &SessionRowsSpec, setup: &Setup) -> Result<Self, OperatorError> {
        if matches!(spec.time, WindowTime::Attached { .. }) {
            return Err(OperatorError::Failed("not supported: windows of windowed rows".to_string()));
        }
        Ok(SessionRows {
            clock: WindowClock::new(&spec.time, setup)?,
            encoder: RowEncoder::new(&spec.input),
            sessions: KeyedTable::new(),
            ends: BTreeSet::new(),
            progress_ms: MIN_WATERMARK,
            spec: spec.clone(),
        })
    }

    fn event_time(&self) -> bool {
        self.spec.time != WindowTime::Proctime
    }

    fn is_over(&self, end: i64, now_ms: i64) -> bool {
        if self.event_time() {
            self.clock.is_over(end, self.progress_ms)
        } else {
            now_ms > self.clock.last_instant_ms(end)
        }
    }

    fn store(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.spec.partition);
        let rows = self.encoder.encode(batch);
        let times = match self.spec.time {
            WindowTime::Rowtime { column, .. } => rowtimes(&self.clock, batch.column(column))?.values().to_vec(),
            _ => vec![self.clock.to_window_ms(context.now_ms); batch.num_rows()],
        };
        for (row, start) in times.into_iter().enumerate() {
            let end = start.saturating_add(self.spec.gap_ms);
            let (hash, key) = (keys.hash(row), keys.key(row));
            let touches = self.sessions.get(hash, key).is_some_and(|sessions| sessions.touches(start, end));
            if !touches && self.is_over(end, context.now_ms) {
                context.counts.late_rows_dropped += 1;
                continue;
            }
            let (sessions, _) = self.sessions.get_or_insert_with(hash, key, Sessions::default);
            if let Some(end) = sessions.add(start, end, (batch.kind(row) as u8, rows.row(row).to_vec())) {
                self.ends.insert((end, key.to_vec(), hash));
            }
        }
        Ok(batch.num_rows())
    }

    /// Emits sessions that are over, until enough is emitted.
    fn fire(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let mut over: Vec<Session> = Vec::new();
        let mut rows = context.output.rows;
        while let Some((end, _, _)) = self.ends.first() {
            if !self.is_over(*end, context.now_ms) {
                break;
            }
            if rows >= OUTPUT_ROWS_PER_STEP_MAX {
                self.emit(&over, context)?;
                return Ok(Step::Yield { consumed_rows: 0 });
            }
            let Some((end, key, hash)) = self.ends.pop_first() else { break };
            let Some(sessions) = self.sessions.get_mut(hash, &key) else { continue };
            if let Some(at) = sessions.0.iter().position(|session| session.end == end) {
                let session = sessions.0.remove(at);
                rows += session.rows.len();
                over.push(session);
            }
            if sessions.0.is_empty() {
                self.sessions.remove(hash, &key);
            }
        }
        self.emit(&over, context)?;
        Ok(Step::Done)
    }

    fn emit(&self, over: &[Session], context: &mut Context<'_>) -> Result<(), OperatorError> {
        let (mut rows, mut kinds): (Vec<&[u8]>, Vec<u8>) = Default::default();
        let (mut starts, mut ends): (Vec<i64>, Vec<i64>) = Default::default();
        for session in over {
            for (kind, row) in &session.rows {
                rows.push(row);
                kinds.push(*kind);
                starts.push(session.start);
                ends.push(session.end);
            }
        }
        let last = ends.iter().map(|end| self.clock.to_instant_ms(end - 1));
        let last: ArrayRef = Arc::new(TimestampMillisecondArray::from_iter_values(last));
        let mut columns = self.encoder.decode(&rows)?;
        columns.push(Arc::new(TimestampMillisecondArray::from(starts)));
        columns.push(Arc::new(TimestampMillisecondArray::from(ends)));
        columns.push(last);
        let all_inserts = kinds.iter().all(|kind| *kind == 0);
        let batch = Batch::new(columns, rows.len());
        context.emit(if all_inserts { batch } else { batch.with_kinds(kinds.into()) });
        Ok(())
    }

    /// Rows with a time; the others are in no session.
    fn with_times(&self, batch: &Batch, context: &mut Context<'_>) -> Result<Batch, OperatorError> {
        let WindowTime::Rowtime { column, .. } = self.spec.time else { return Ok(batch.clone()) };
        let times = batch.column(column);
        if times.null_count() == 0 {
            return Ok(batch.clone());
        }
        context.counts.dropped_rows += times.null_count() as u64;
        let kept: Vec<bool> = (0..batch.num_rows()).map(|row| times.is_valid(row)).collect();
        Ok(batch.filter(&kept.into())?)
    }
}

impl Operator for SessionRows {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let batch = self.with_times(batch, context)?;
        in_chunks(&batch, context, |chunk, context| self.store(chunk, context))
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.progress_ms = self.progress_ms.max(context.watermark_ms);
        if self.event_time() { self.fire(context) } else { Ok(Step::Done) }
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if self.event_time() { Ok(Step::Done) } else { self.fire(context) }
    }

    fn wake_at_ms(&self) -> Option<i64> {
        let (end, _, _) = self.ends.first().filter(|_| !self.event_time())?;
        Some(self.clock.last_instant_ms(*end).saturating_add(1))
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.sessions.snapshot("sessions", writer)?;
        let mut entry = Vec::new();
        self.progress_ms.encode(&mut entry);
        writer.union("progress", entry);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        let progress: Result<Vec<i64>, _> = reader.union("progress").map(|mut bytes| i64::decode(&mut bytes)).collect();
        self.progress_ms = progress?.into_iter().min().unwrap_or(MIN_WATERMARK);
        self.sessions = KeyedTable::restore("sessions", reader)?;
        for (hash, key, sessions) in self.sessions.iter() {
            self.ends.extend(sessions.0.iter().map(|session| (session.end, key.to_vec(), hash)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flott_job::OperatorSpec;
    use flott_record::{Field, RowKind, Schema, TypeKind, Value};

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

    fn output() -> Schema {
        let mut fields = input().fields;
        let bound = |name| Field::new(name, TypeKind::Timestamp(3).not_null());
        fields.extend(["window_start", "window_end", "window_time"].map(bound));
        Schema::new(fields)
    }

    fn spec(time: WindowTime) -> OperatorSpec {
        OperatorSpec::SessionRows(SessionRowsSpec { time, gap_ms: 5, partition: vec![1], input: input() })
    }

    fn row(id: i32, key: &str, time_ms: i64) -> Row {
        (RowKind::Insert, vec![Value::Int(id), Value::String(key.into()), Value::Timestamp(time_ms, 3)])
    }

    /// `id start end` of each row.
    fn seen(spec: &OperatorSpec, events: Vec<Event>) -> Vec<String> {
        let script = Script::new(vec![input()], events).ended();
        let make = |setup: &Setup| build(spec, setup);
        let seen = check_cuts(&make, &script, &output());
        check_recovery(&make, &script, &output(), &[vec![1]], Compare::Rows);
        let short = |text: &String| {
            let cells: Vec<&str> = text[3..text.len() - 1].split(", ").collect();
            let ms = |cell: &str| {
                cell.rsplit_once(':').map_or(0.0, |(_, second)| second.parse::<f64>().unwrap_or(0.0) * 1e3)
            };
            format!("{} {} {}", cells[0], ms(cells[3]).round(), ms(cells[4]).round())
        };
        row_texts(&seen).iter().map(short).collect()
    }

    #[test]
    fn rows_come_when_their_session_is_over() {
        let time = WindowTime::Rowtime { column: 2, local: false };
        let events = vec![
            Event::rows(0, vec![row(1, "a", 1), row(2, "a", 10), row(3, "b", 3), row(4, "a", 5)]),
            Event::Watermark(8),
            Event::rows(0, vec![row(5, "a", 2), row(6, "b", 2), row(7, "b", 20)]),
            Event::Watermark(14),
        ];
        assert_eq!(seen(&spec(time), events.clone()), ["3 3 8", "1 1 15", "2 1 15", "4 1 15", "5 1 15", "7 20 25"]);
        let script = Script::new(vec![input()], events).ended();
        let time = spec(WindowTime::Rowtime { column: 2, local: false });
        let make = |setup: &Setup| build(&time, setup);
        assert_eq!(run(&make, &script, &output()).expect("runs").counts.late_rows_dropped, 1);
    }

    #[test]
    fn the_clock_ends_sessions_of_processing_time() {
        let at = |now_ms, id| vec![Event::Clock(now_ms), Event::rows(0, vec![row(id, "a", 0)])];
        let events = [at(100, 1), at(103, 2), vec![Event::Clock(109)], at(110, 3)].concat();
        let script = Script::new(vec![input()], events);
        let proctime = spec(WindowTime::Proctime);
        let make = |setup: &Setup| build(&proctime, setup);
        assert_eq!(row_texts(&check_cuts(&make, &script, &output())).len(), 2);
    }

    #[test]
    fn each_row_is_in_the_session_of_its_neighbours() {
        let mut random = Lcg(5);
        let rows: Vec<(i32, usize, i64)> =
            (0..80).map(|id| (id, random.below(3) as usize, random.below(300) as i64)).collect();
        let events = rows.iter().map(|(id, key, time)| Event::rows(0, vec![row(*id, ["a", "b", "c"][*key], *time)]));
        let mut got = seen(&spec(WindowTime::Rowtime { column: 2, local: false }), events.collect());
        let mut wanted = Vec::new();
        for (id, key, time) in &rows {
            let mut times: Vec<i64> = rows.iter().filter(|row| row.1 == *key).map(|row| row.2).collect();
            times.sort_unstable();
            let (mut start, mut end) = (*time, time + 5);
            times.iter().rev().filter(|other| **other <= *time).for_each(|other| {
                if other + 5 >= start {
                    start = *other;
                }
            });
            times.iter().filter(|other| **other >= *time).for_each(|other| {
                if *other <= end {
                    end = other + 5;
                }
            });
            wanted.push(format!("{id} {start} {end}"));
        }
        got.sort();
        wanted.sort();
        assert_eq!(got, wanted);
    }
}
