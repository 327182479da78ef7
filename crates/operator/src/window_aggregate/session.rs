//! SESSION windows: a key's rows that follow each other within the gap; rows that close a gap merge sessions.
//!
//! Each session has one timer, set to its end as it was then; when it fires and the session has grown meanwhile, it is set anew. So a row costs no
//! timer. A stale timer, of a session that was merged away, finds nothing that is due and is dropped.

use std::collections::BTreeSet;

use flott_job::spec::WindowAggregateSpec;
use flott_job::window::WindowTime;
use flott_record::key::murmur3_32;
use flott_record::limits::BATCH_ROWS_MAX;
use flott_record::{Batch, KeyRows, MIN_WATERMARK};
use flott_state::encoding::{read_ordered_time, write_ordered_time};
use flott_state::{KeyedTable, SnapshotReader, SnapshotWriter, StateValue};

use super::result::ResultRows;
use super::{key_columns, key_types, refuse_retractions};
use crate::accumulator::Accumulators;
use crate::interface::{Context, Forwarding, Operator, OperatorError, Setup, Step};
use crate::window_time::{WindowClock, rowtimes};

const STATE: &str = "sessions";
const PROGRESS: &str = "progress";

/// A session that is not over, in window time.
#[derive(Clone, Copy, Debug)]
struct Session {
    start: i64,
    end: i64,
    slot: u32,
}

/// Whose session a slot is.
#[derive(Clone, Debug)]
struct Owner {
    hash: u32,
    key: Box<[u8]>,
}

/// The operator; see the module's text.
pub(super) struct SessionWindowAggregate {
    gap_ms: i64,
    time: WindowTime,
    keys: Vec<usize>,
    input_retracts: bool,
    /// Each key's sessions by start; they neither overlap nor touch.
    sessions: KeyedTable<Vec<Session>>,
    /// By slot.
    owners: Vec<Option<Owner>>,
    accumulators: Accumulators,
    results: ResultRows,
    timers: BTreeSet<(i64, u32)>,
    progress_ms: i64,
    key_rows: KeyRows,
    slots: Vec<u32>,
}

impl SessionWindowAggregate {
    pub(super) fn new(spec: &WindowAggregateSpec, gap_ms: i64, setup: &Setup) -> Result<Self, OperatorError> {
        if matches!(spec.window.time, WindowTime::Attached { .. }) {
            return Err(OperatorError::Failed("not supported: aggregation of attached SESSION windows".to_string()));
        }
        let clock = WindowClock::new(&spec.window.time, setup)?;
        Ok(SessionWindowAggregate {
            gap_ms,
            time: spec.window.time,
            keys: spec.keys.clone(),
            input_retracts: spec.input_retracts,
            sessions: KeyedTable::new(),
            owners: Vec::new(),
            accumulators: Accumulators::new(&spec.calls, spec.input_retracts, spec.input_retracts)?,
            results: ResultRows::new(key_types(spec)?, &spec.properties, clock),
            timers: BTreeSet::new(),
            progress_ms: MIN_WATERMARK,
            key_rows: KeyRows::default(),
            slots: Vec::new(),
        })
    }

    fn event_time(&self) -> bool {
        self.time != WindowTime::Proctime
    }

    fn is_over(&self, end: i64, context: &Context<'_>) -> bool {
        if self.event_time() {
            self.results.clock.is_over(end, self.progress_ms)
        } else {
            context.now_ms > self.results.clock.last_instant_ms(end)
        }
    }

    /// Finds the session of a row, making, growing or merging sessions; `None` if it is late. Sessions to be merged away are pushed to
    /// `merged` as (from, to).
    fn place(&mut self, row: usize, time_ms: i64, merged: &mut Vec<(u32, u32)>, context: &Context<'_>) -> Option<u32> {
        let (hash, key) = (self.key_rows.hash(row), self.key_rows.key(row));
        let (start, end) = (time_ms, time_ms.saturating_add(self.gap_ms));
        if let Some(sessions) = self.sessions.get_mut(hash, key) {
            let first = sessions.partition_point(|session| session.end < start);
            let past = first + sessions[first..].iter().take_while(|session| session.start <= end).count();
            if first < past {
                let absorbed: Vec<Session> = sessions.drain(first + 1..past).collect();
                let session = &mut sessions[first];
                session.start = session.start.min(start);
                session.end = absorbed.iter().map(|session| session.end).fold(session.end.max(end), i64::max);
                for other in absorbed {
                    merged.push((other.slot, session.slot));
                    self.owners[other.slot as usize] = None;
                }
                return Some(session.slot);
            }
        }
        if self.is_over(end, context) {
            return None;
        }
        let slot = self.accumulators.allocate();
        self.insert(hash, Box::from(self.key_rows.key(row)), Session { start, end, slot });
        Some(slot)
    }

    fn insert(&mut self, hash: u32, key: Box<[u8]>, session: Session) {
        let (sessions, _) = self.sessions.get_or_insert_with(hash, &key, Vec::new);
        let place = sessions.partition_point(|other| other.start < session.start);
        sessions.insert(place, session);
        let slot = session.slot as usize;
        if slot >= self.owners.len() {
            self.owners.resize(slot + 1, None);
        }
        self.owners[slot] = Some(Owner { hash, key });
        self.timers.insert((session.end, session.slot));
    }

    fn add(&mut self, batch: &Batch, times: &[i64], context: &mut Context<'_>) -> Result<(), OperatorError> {
        self.slots.clear();
        let mut merged = Vec::new();
        let mut kept: Vec<u32> = Vec::new();
        for (row, time_ms) in times.iter().enumerate() {
            let slot = self.place(row, *time_ms, &mut merged, context);
            if !merged.is_empty() {
                // What came before the merge belongs to the sessions as they were.
                self.update(batch, &mut kept)?;
                self.merge(&mut merged)?;
            }
            match slot {
                Some(slot) => {
                    self.slots.push(slot);
                    kept.push(row as u32);
                }
                None => context.counts.late_rows_dropped += 1,
            }
        }
        self.update(batch, &mut kept)
    }

    /// Accumulates the rows placed so far.
    fn update(&mut self, batch: &Batch, kept: &mut Vec<u32>) -> Result<(), OperatorError> {
        if kept.is_empty() {
            return Ok(());
        }
        let taken;
        let rows = if kept.len() == batch.num_rows() {
            batch
        } else {
            taken = batch.take(&std::mem::take(kept).into())?;
            &taken
        };
        kept.clear();
        self.accumulators.count(&self.slots, rows.kinds());
        self.accumulators.update(&self.slots, rows.columns(), rows.kinds())?;
        self.slots.clear();
        Ok(())
    }

    fn merge(&mut self, merged: &mut Vec<(u32, u32)>) -> Result<(), OperatorError> {
        let (from, to): (Vec<u32>, Vec<u32>) = merged.drain(..).unzip();
        self.accumulators.combine(&from, &to)?;
        from.into_iter().for_each(|slot| self.accumulators.release(slot));
        Ok(())
    }

    /// Emits the sessions that are over, as far as the call's limit goes.
    fn fire(&mut self, context: &mut Context<'_>, limited: bool) -> Result<Step, OperatorError> {
        loop {
            let mut over: Vec<(Owner, Session)> = Vec::new();
            while over.len() < BATCH_ROWS_MAX
                && let Some((end, slot)) = self.timers.first().copied()
                && self.is_over(end, context)
            {
                self.timers.pop_first();
                if let Some(found) = self.take_due(slot, context) {
                    over.push(found);
                }
            }
            let more = over.len() == BATCH_ROWS_MAX;
            let rows = over.iter().map(|(owner, session)| (&*owner.key, session.slot, (session.start, session.end)));
            self.results.emit(&mut self.accumulators, rows, context)?;
            over.iter().for_each(|(_, session)| self.accumulators.release(session.slot));
            if !more {
                return Ok(Step::Done);
            }
            if limited && context.is_full() {
                return Ok(Step::Yield { consumed_rows: 0 });
            }
        }
    }

    /// Takes a slot's session if it is over; sets its timer anew if it has grown.
    fn take_due(&mut self, slot: u32, context: &Context<'_>) -> Option<(Owner, Session)> {
        let owner = self.owners[slot as usize].take()?;
        let sessions = self.sessions.get_mut(owner.hash, &owner.key)?;
        let place = sessions.iter().position(|session| session.slot == slot)?;
        let session = sessions[place];
        if !self.is_over(session.end, context) {
            self.timers.insert((session.end, slot));
            self.owners[slot as usize] = Some(owner);
            return None;
        }
        let sessions = self.sessions.get_mut(owner.hash, &owner.key)?;
        sessions.remove(place);
        if sessions.is_empty() {
            self.sessions.remove(owner.hash, &owner.key);
        }
        Some((owner, session))
    }
}

impl Operator for SessionWindowAggregate {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if !self.input_retracts {
            refuse_retractions(batch)?;
        }
        self.key_rows.encode_into(&key_columns(batch, &self.keys), batch.num_rows());
        if let WindowTime::Rowtime { column, .. } = self.time {
            let times = rowtimes(&self.results.clock, batch.column(column))?;
            self.add(batch, times.values(), context)?;
        } else {
            let now_ms = self.results.clock.to_window_ms(context.now_ms);
            self.add(batch, &vec![now_ms; batch.num_rows()], context)?;
        }
        Ok(Step::Done)
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.progress_ms = self.progress_ms.max(context.watermark_ms);
        if self.event_time() { self.fire(context, true) } else { Ok(Step::Done) }
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if self.event_time() { Ok(Step::Done) } else { self.fire(context, true) }
    }

    fn wake_at_ms(&self) -> Option<i64> {
        let (end, _) = self.timers.first().filter(|_| !self.event_time())?;
        Some(self.results.clock.last_instant_ms(*end).saturating_add(1))
    }

    fn end_input(&mut self, _input: usize, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn prepare_barrier(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.accumulators.make_room();
        let mut part = writer.state(STATE);
        for (hash, key, sessions) in self.sessions.iter() {
            for session in sessions {
                let write_key = |out: &mut Vec<u8>| {
                    write_ordered_time(out, session.start);
                    out.extend_from_slice(key);
                };
                part.put(hash, write_key, |out| {
                    session.end.encode(out);
                    self.accumulators.encode_state(session.slot, out);
                });
            }
        }
        let mut entry = Vec::new();
        self.progress_ms.encode(&mut entry);
        writer.union(PROGRESS, entry);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        let progress: Result<Vec<i64>, _> = reader.union(PROGRESS).map(|mut bytes| i64::decode(&mut bytes)).collect();
        self.progress_ms = progress?.into_iter().min().unwrap_or(MIN_WATERMARK);
        reader.keyed(STATE, |entry| {
            let (mut key, mut state) = (entry.key, entry.value);
            let start = read_ordered_time(&mut key)?;
            let end = i64::decode(&mut state)?;
            let slot = self.accumulators.allocate();
            self.accumulators.restore_state(slot, &mut state)?;
            self.insert(murmur3_32(key), key.into(), Session { start, end, slot });
            Ok(())
        })
    }
}
