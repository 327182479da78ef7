//! The source: splits of interleaved blocks of events, and the reader that makes them.
//!
//! Split `i` of `P` has the blocks `b` of consecutive events with `b % P == i`. A restored job keeps the splits that it had, at whatever
//! parallelism; a reader with several of them makes the events in order of time.

use flott_environment::{Clock, Environment};
use flott_record::Batch;

use super::generator::{Generator, Shape};
use crate::contract::ConnectorError;
use crate::encoding::{Decoder, Encoder};
use crate::generated::FixedEnumerator;
use crate::limits::PACE_STEP_MS;
use crate::source::{Boundedness, Enumerator, Poll, ReaderSetup, Source, SourceReader, Split};

const VERSION: u8 = 1;

/// How the events are dealt out.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What events are made of.
    pub shape: Shape,
    /// Events in all; `u64::MAX` = without end.
    pub events: u64,
    /// Events of a block.
    pub block_events: u64,
    /// Whether an event waits until its event time has passed since the start.
    pub paced: bool,
    /// Whether the source goes on, silently, after the last event.
    pub keep_alive: bool,
    /// For each column of the table, its position among the standard columns.
    pub columns: Vec<usize>,
}

/// `'connector' = 'nexmark'` as a source.
pub struct NexmarkSource {
    settings: Settings,
}

impl NexmarkSource {
    /// A source with these settings.
    pub fn new(settings: Settings) -> Self {
        NexmarkSource { settings }
    }
}

impl Source for NexmarkSource {
    fn boundedness(&self) -> Boundedness {
        if self.settings.events == u64::MAX || self.settings.keep_alive {
            Boundedness::Unbounded
        } else {
            Boundedness::Bounded
        }
    }

    fn enumerator(&self, _environment: &Environment, parallelism: u32) -> Result<Box<dyn Enumerator>, ConnectorError> {
        let count = u64::from(parallelism.max(1));
        let splits = (0..count).map(|index| Part { index, count, done: 0 }.to_split()).collect();
        Ok(Box::new(FixedEnumerator::new(splits)))
    }

    fn reader(&self, setup: &ReaderSetup) -> Result<Box<dyn SourceReader>, ConnectorError> {
        let columns =
            setup.projection.iter().map(|position| {
                self.settings.columns.get(*position).copied().ok_or_else(|| {
                    ConnectorError::new(format!("the nexmark source has no column at position {position}"))
                })
            });
        Ok(Box::new(NexmarkReader {
            generator: Generator::new(self.settings.shape.clone()),
            projection: columns.collect::<Result<_, _>>()?,
            batch_rows_max: setup.batch_rows_max.max(1),
            clock: setup.environment.clock().clone(),
            start: None,
            parts: Vec::new(),
            finished_events: 0,
            settings: self.settings.clone(),
        }))
    }
}

/// One of several interleaved parts of the events, with its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    index: u64,
    count: u64,
    /// Events of this part that were made.
    done: u64,
}

impl Part {
    fn to_split(self) -> Split {
        let state = Encoder::new(VERSION).number(self.index).number(self.count).number(self.done).finish();
        Split { id: format!("{}/{}", self.index, self.count), state }
    }

    fn from_split(split: &Split) -> Result<Self, ConnectorError> {
        let mut decoder = Decoder::new("the position of a nexmark split", VERSION, &split.state)?;
        let part = Part { index: decoder.number()?, count: decoder.number()?, done: decoder.number()? };
        if part.index < part.count {
            Ok(part)
        } else {
            Err(ConnectorError::new(format!("nexmark split {} does not exist", split.id)))
        }
    }

    /// Number of the next event and the end of its block.
    fn next(&self, block_events: u64) -> (u64, u64) {
        let block = (self.done / block_events).saturating_mul(self.count).saturating_add(self.index);
        let start = block.saturating_mul(block_events);
        (start.saturating_add(self.done % block_events), start.saturating_add(block_events))
    }

    /// Events that the part has of `events` in all.
    fn events(&self, events: u64, block_events: u64) -> u64 {
        let round = block_events * self.count;
        let rest = (events % round).saturating_sub(self.index * block_events);
        events / round * block_events + rest.min(block_events)
    }
}

/// When pacing began: this wall clock stands for this event time.
#[derive(Clone, Copy)]
struct Start {
    wall_ms: i64,
    event_ms: i64,
}

struct NexmarkReader {
    settings: Settings,
    generator: Generator,
    projection: Vec<usize>,
    batch_rows_max: usize,
    clock: Clock,
    start: Option<Start>,
    parts: Vec<Part>,
    finished_events: u64,
}

impl NexmarkReader {
    /// The part whose next event is the earliest, and that event.
    fn earliest(&self) -> Option<(usize, u64)> {
        let next = |part: &Part| part.next(self.settings.block_events).0;
        let parts = self.parts.iter().enumerate().map(|(index, part)| (index, next(part)));
        parts.filter(|(_, event)| *event < self.settings.events).min_by_key(|(_, event)| *event)
    }

    /// Event time up to which events may be made now; none if there is no pacing.
    fn paced_until_ms(&mut self, first: u64) -> Option<i64> {
        if !self.settings.paced {
            return None;
        }
        let now_ms = self.clock.now_ms();
        let resumed = self.parts.iter().any(|part| part.done > 0);
        let event_ms = if resumed { self.generator.time_ms(first) } else { self.settings.shape.base_time_ms };
        let start = *self.start.get_or_insert(Start { wall_ms: now_ms, event_ms });
        Some(start.event_ms.saturating_add(now_ms.saturating_sub(start.wall_ms)))
    }

    /// Makes events of a part until the batch is full, another part is due, or time has not come.
    fn make(&mut self, index: usize, until_ms: Option<i64>) {
        let alone = self.parts.len() == 1;
        let part = &mut self.parts[index];
        while self.generator.rows() < self.batch_rows_max {
            let (first, block_end) = part.next(self.settings.block_events);
            let room = (self.batch_rows_max - self.generator.rows()) as u64;
            let end = block_end.min(self.settings.events).min(first.saturating_add(room));
            let mut event = first;
            while event < end && until_ms.is_none_or(|until_ms| self.generator.time_ms(event) <= until_ms) {
                self.generator.push(event);
                event += 1;
            }
            part.done += event.saturating_sub(first);
            if event < block_end || !alone {
                break;
            }
        }
    }

    fn nothing_left(&mut self) -> Poll {
        if self.settings.keep_alive && !self.parts.is_empty() {
            return Poll::Pending { wake_at_ms: None };
        }
        self.finished_events += self.parts.drain(..).map(|part| part.done).sum::<u64>();
        Poll::NeedsSplit
    }
}

impl SourceReader for NexmarkReader {
    fn add_split(&mut self, split: Split) -> Result<(), ConnectorError> {
        self.parts.push(Part::from_split(&split)?);
        Ok(())
    }

    fn poll(&mut self) -> Result<Poll, ConnectorError> {
        let Some((index, first)) = self.earliest() else { return Ok(self.nothing_left()) };
        let until_ms = self.paced_until_ms(first);
        self.make(index, until_ms);
        let rows = self.generator.rows();
        if rows == 0 {
            let wait_ms = self.generator.time_ms(first).saturating_sub(until_ms.unwrap_or(i64::MAX));
            let wake_at_ms = self.clock.now_ms().saturating_add(wait_ms.max(PACE_STEP_MS));
            return Ok(Poll::Pending { wake_at_ms: Some(wake_at_ms) });
        }
        // Every column of every event is made, whatever is read of it.
        let all = self.generator.finish().map_err(|error| ConnectorError::new(error.to_string()))?;
        let columns = self.projection.iter().map(|column| all[*column].clone()).collect();
        Ok(Poll::Batch(Batch::new(columns, rows)))
    }

    fn snapshot(&self) -> Vec<Split> {
        self.parts.iter().map(|part| part.to_split()).collect()
    }

    fn progress(&self) -> Option<(u64, u64)> {
        if self.settings.events == u64::MAX {
            return None;
        }
        let total = |part: &Part| part.events(self.settings.events, self.settings.block_events);
        let done: u64 = self.parts.iter().map(|part| part.done).sum();
        let all: u64 = self.parts.iter().map(total).sum();
        Some((self.finished_events + done, self.finished_events + all))
    }

    fn rows_skipped(&self) -> u64 {
        0
    }

    fn take_dead_letters(&mut self) -> Option<Batch> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_all_events_once() {
        for (events, block, count) in [(10_007u64, 100u64, 3u64), (50, 100, 4), (1_000, 1, 7), (0, 10, 2)] {
            let mut seen = vec![0; events as usize];
            for index in 0..count {
                let mut part = Part { index, count, done: 0 };
                while part.next(block).0 < events {
                    seen[part.next(block).0 as usize] += 1;
                    part.done += 1;
                }
                assert_eq!(part.done, part.events(events, block));
            }
            assert!(seen.iter().all(|times| *times == 1));
        }
    }
}
