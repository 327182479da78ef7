//! The source: splits of interleaved rows, made at a rate.

use flott_environment::{Clock, Environment};
use flott_record::Batch;

use super::field::Generated;
use super::generate::{Moment, generate};
use crate::contract::ConnectorError;
use crate::encoding::{Decoder, Encoder};
use crate::generated::FixedEnumerator;
use crate::limits::PACE_STEP_MS;
use crate::source::{Boundedness, Enumerator, Poll, ReaderSetup, Source, SourceReader, Split};

const VERSION: u8 = 1;

/// What is made, and how fast.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Rows in all; `None` = without end.
    pub rows: Option<u64>,
    /// Rows per second of all splits together.
    pub rows_per_second: u64,
    /// The columns.
    pub fields: Vec<Generated>,
}

/// `'connector' = 'datagen'` as a source.
pub struct DatagenSource {
    settings: Settings,
}

impl DatagenSource {
    /// A source with these settings.
    pub fn new(settings: Settings) -> Self {
        DatagenSource { settings }
    }
}

impl Source for DatagenSource {
    fn boundedness(&self) -> Boundedness {
        if self.settings.rows.is_some() { Boundedness::Bounded } else { Boundedness::Unbounded }
    }

    fn enumerator(&self, environment: &Environment, parallelism: u32) -> Result<Box<dyn Enumerator>, ConnectorError> {
        let (count, seed) = (u64::from(parallelism.max(1)), environment.random_seed());
        let splits = (0..count).map(|index| Part { index, count, done: 0, seed }.to_split()).collect();
        Ok(Box::new(FixedEnumerator::new(splits)))
    }

    fn reader(&self, setup: &ReaderSetup) -> Result<Box<dyn SourceReader>, ConnectorError> {
        if let Some(position) = setup.projection.iter().find(|position| **position >= self.settings.fields.len()) {
            return Err(ConnectorError::new(format!("the datagen source has no column at position {position}")));
        }
        Ok(Box::new(DatagenReader {
            settings: self.settings.clone(),
            projection: setup.projection.clone(),
            batch_rows_max: setup.batch_rows_max.max(1),
            clock: setup.environment.clock().clone(),
            parts: Vec::new(),
            next_part: 0,
            rows: Vec::new(),
        }))
    }
}

/// Row `index`, `index + count`, … with how many of them were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    index: u64,
    count: u64,
    done: u64,
    seed: u64,
}

impl Part {
    fn to_split(self) -> Split {
        let encoder = Encoder::new(VERSION).number(self.index).number(self.count).number(self.done).number(self.seed);
        Split { id: format!("{}/{}", self.index, self.count), state: encoder.finish() }
    }

    fn from_split(split: &Split) -> Result<Self, ConnectorError> {
        let mut decoder = Decoder::new("the position of a datagen split", VERSION, &split.state)?;
        let part = Part {
            index: decoder.number()?,
            count: decoder.number()?,
            done: decoder.number()?,
            seed: decoder.number()?,
        };
        if part.index < part.count {
            Ok(part)
        } else {
            Err(ConnectorError::new(format!("datagen split {} does not exist", split.id)))
        }
    }

    /// Rows of the part if there are `rows` in all.
    fn rows(&self, rows: u64) -> u64 {
        rows / self.count + u64::from(rows % self.count > self.index)
    }
}

/// A part in a reader: pacing begins anew with each reader.
struct Paced {
    part: Part,
    /// Wall clock when the first row was asked for, and rows done then.
    start: Option<(i64, u64)>,
}

impl Paced {
    /// Rows that may be made until now.
    fn due_rows(&mut self, now_ms: i64, rows_per_second: u64) -> u64 {
        let (start_ms, done) = *self.start.get_or_insert((now_ms, self.part.done));
        let elapsed_ms = now_ms.saturating_sub(start_ms).max(0) as u128;
        // The first row is due at once.
        let due = elapsed_ms * u128::from(rows_per_second) / (1_000 * u128::from(self.part.count)) + 1;
        let ahead = self.part.done - done;
        u64::try_from(due).unwrap_or(u64::MAX).saturating_sub(ahead)
    }
}

struct DatagenReader {
    settings: Settings,
    projection: Vec<usize>,
    batch_rows_max: usize,
    clock: Clock,
    parts: Vec<Paced>,
    /// The part whose turn it is.
    next_part: usize,
    /// Numbers of the rows of the batch being made; kept for its memory.
    rows: Vec<u64>,
}

impl DatagenReader {
    fn make(&mut self, part: Part, count: u64) -> Result<Batch, ConnectorError> {
        let moment = Moment { now_ms: self.clock.now_ms(), seed: part.seed };
        self.rows.clear();
        self.rows.extend((part.done..part.done + count).map(|done| part.index + done * part.count));
        let column =
            |position: &usize| generate(&self.settings.fields[*position], *position as u64, &self.rows, moment);
        let columns = self.projection.iter().map(column).collect::<Result<_, _>>()?;
        Ok(Batch::new(columns, self.rows.len()))
    }

    fn remaining(&self, part: &Part) -> u64 {
        self.settings.rows.map_or(u64::MAX, |rows| part.rows(rows).saturating_sub(part.done))
    }
}

impl SourceReader for DatagenReader {
    fn add_split(&mut self, split: Split) -> Result<(), ConnectorError> {
        self.parts.push(Paced { part: Part::from_split(&split)?, start: None });
        Ok(())
    }

    fn poll(&mut self) -> Result<Poll, ConnectorError> {
        let now_ms = self.clock.now_ms();
        let mut unfinished = false;
        for turn in 0..self.parts.len() {
            let index = (self.next_part + turn) % self.parts.len();
            let remaining = self.remaining(&self.parts[index].part);
            unfinished |= remaining > 0;
            let due = self.parts[index].due_rows(now_ms, self.settings.rows_per_second);
            let count = due.min(remaining).min(self.batch_rows_max as u64);
            if count > 0 {
                let batch = self.make(self.parts[index].part, count)?;
                self.parts[index].part.done += count;
                self.next_part = index + 1;
                return Ok(Poll::Batch(batch));
            }
        }
        if unfinished {
            let most_parts = self.parts.iter().map(|paced| paced.part.count).max().unwrap_or(1);
            let row_ms = (1_000 * most_parts).div_ceil(self.settings.rows_per_second) as i64;
            let wake_at_ms = now_ms.saturating_add(row_ms.max(PACE_STEP_MS));
            return Ok(Poll::Pending { wake_at_ms: Some(wake_at_ms) });
        }
        Ok(Poll::NeedsSplit)
    }

    fn snapshot(&self) -> Vec<Split> {
        self.parts.iter().map(|paced| paced.part.to_split()).collect()
    }

    fn progress(&self) -> Option<(u64, u64)> {
        let rows = self.settings.rows?;
        let done = self.parts.iter().map(|paced| paced.part.done).sum();
        Some((done, self.parts.iter().map(|paced| paced.part.rows(rows)).sum()))
    }

    fn rows_skipped(&self) -> u64 {
        0
    }

    fn take_dead_letters(&mut self) -> Option<Batch> {
        None
    }
}
