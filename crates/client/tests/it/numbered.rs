//! A source of numbered rows for tests: `k BIGINT, v BIGINT, t TIMESTAMP(3)`, in splits of consecutive numbers, at a given pace.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, TimestampMillisecondArray};
use flott_connector::{
    Boundedness, Capabilities, Connector, ConnectorError, ConnectorOption, Enumerator, Poll, ReaderSetup, Sink, Source,
    SourceReader, Split,
};
use flott_environment::{Clock, Environment};
use flott_record::{Batch, ChangelogMode, DataType, Field, Schema, TableSpec, TypeKind};

pub const KEYS: i64 = 7;

/// How many rows, in how many splits, how fast.
#[derive(Clone, Copy, Debug)]
pub struct Numbered {
    pub rows_per_split: i64,
    pub splits: i64,
    pub rows_per_batch: i64,
    /// Milliseconds between batches of a reader; 0 = none.
    pub pace_ms: i64,
    /// The row (number within its split) at which a reader fails.
    pub fails_at: Option<i64>,
    /// Whether more splits might come for ever.
    pub is_endless: bool,
}

impl Default for Numbered {
    fn default() -> Self {
        Numbered { rows_per_split: 100, splits: 1, rows_per_batch: 10, pace_ms: 0, fails_at: None, is_endless: false }
    }
}

impl Numbered {
    pub fn schema() -> Schema {
        let bigint = DataType { kind: TypeKind::BigInt, nullable: false };
        let time = DataType { kind: TypeKind::Timestamp(3), nullable: false };
        Schema::new(vec![Field::new("k", bigint.clone()), Field::new("v", bigint), Field::new("t", time)])
    }

    pub fn connector(self) -> Arc<dyn Connector> {
        Arc::new(NumberedConnector { numbered: self, at_once: false })
    }

    /// A source that finds all splits at once: no reader is idle while it waits for one, so that time does not pass without it.
    pub fn connector_at_once(self) -> Arc<dyn Connector> {
        Arc::new(NumberedConnector { numbered: self, at_once: true })
    }
}

#[derive(Clone, Copy)]
struct NumberedConnector {
    numbered: Numbered,
    at_once: bool,
}

impl Connector for NumberedConnector {
    fn identifier(&self) -> &str {
        "numbered"
    }

    fn options(&self) -> &[ConnectorOption] {
        &[]
    }

    fn capabilities(&self, _: &TableSpec) -> Result<Capabilities, ConnectorError> {
        Ok(Capabilities {
            source: Some(ChangelogMode::INSERT_ONLY),
            sink: None,
            bounded: true,
            projection_push_down: false,
            metadata: Schema::default(),
            source_parallelism_max: None,
        })
    }

    fn source(&self, _: &TableSpec) -> Result<Box<dyn Source>, ConnectorError> {
        Ok(Box::new(NumberedSource(*self)))
    }

    fn sink(&self, _: &TableSpec) -> Result<Box<dyn Sink>, ConnectorError> {
        Err(ConnectorError::new("no sink"))
    }
}

struct NumberedSource(NumberedConnector);

impl Source for NumberedSource {
    fn boundedness(&self) -> Boundedness {
        Boundedness::Bounded
    }

    fn enumerator(&self, _: &Environment, _: u32) -> Result<Box<dyn Enumerator>, ConnectorError> {
        Ok(Box::new(Dealer { numbered: self.0.numbered, at_once: self.0.at_once, dealt: 0, next_ms: Some(0) }))
    }

    fn reader(&self, setup: &ReaderSetup) -> Result<Box<dyn SourceReader>, ConnectorError> {
        let clock = setup.environment.clock().clone();
        Ok(Box::new(Reader { numbered: self.0.numbered, splits: VecDeque::new(), clock, next_at_ms: 0, read: 0 }))
    }
}

struct Dealer {
    numbered: Numbered,
    at_once: bool,
    dealt: i64,
    next_ms: Option<i64>,
}

fn encode(split: i64, position: i64) -> Split {
    let state = [split.to_le_bytes(), position.to_le_bytes()].concat();
    Split { id: split.to_string(), state }
}

fn number(bytes: &[u8]) -> i64 {
    i64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}

impl Enumerator for Dealer {
    /// One split a call, so that dealing takes several calls; or all.
    fn discover(&mut self, now_ms: i64) -> Result<Vec<Split>, ConnectorError> {
        if self.at_once {
            self.next_ms = None;
            let first = std::mem::replace(&mut self.dealt, self.numbered.splits);
            return Ok((first..self.numbered.splits).map(|split| encode(split, 0)).collect());
        }
        self.dealt = (self.dealt + 1).min(self.numbered.splits + 1);
        self.next_ms = match self.dealt >= self.numbered.splits {
            false => Some(0),
            true => self.numbered.is_endless.then_some(now_ms + 10_000),
        };
        Ok(vec![encode(self.dealt - 1, 0)].into_iter().filter(|_| self.dealt <= self.numbered.splits).collect())
    }

    fn next_discovery_ms(&self) -> Option<i64> {
        self.next_ms
    }

    fn snapshot(&self) -> Vec<u8> {
        self.dealt.to_le_bytes().to_vec()
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), ConnectorError> {
        self.dealt = number(snapshot);
        Ok(())
    }
}

struct Reader {
    numbered: Numbered,
    splits: VecDeque<(i64, i64)>,
    clock: Clock,
    next_at_ms: i64,
    read: u64,
}

impl SourceReader for Reader {
    fn add_split(&mut self, split: Split) -> Result<(), ConnectorError> {
        self.splits.push_back((number(&split.state[..8]), number(&split.state[8..])));
        Ok(())
    }

    fn poll(&mut self) -> Result<Poll, ConnectorError> {
        let Some((split, position)) = self.splits.front_mut() else { return Ok(Poll::NeedsSplit) };
        let now_ms = self.clock.now_ms();
        if now_ms < self.next_at_ms {
            return Ok(Poll::Pending { wake_at_ms: Some(self.next_at_ms) });
        }
        let rows = self.numbered.rows_per_batch.min(self.numbered.rows_per_split - *position);
        if let Some(fails_at) = self.numbered.fails_at
            && (*position..*position + rows).contains(&fails_at)
        {
            return Err(ConnectorError::new(format!("split {split}: row {fails_at} cannot be read")));
        }
        // Splits follow each other in time, and are dealt out in that order: no reader ever goes back.
        let first = *split * self.numbered.rows_per_split + *position;
        let numbers: Vec<i64> = (first..first + rows).collect();
        *position += rows;
        if *position == self.numbered.rows_per_split {
            self.splits.pop_front();
        }
        self.next_at_ms = now_ms + self.numbered.pace_ms;
        if rows == 0 {
            return Ok(Poll::Pending { wake_at_ms: Some(now_ms) });
        }
        self.read += rows as u64;
        let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers.iter().map(|number| number % KEYS)));
        let times: ArrayRef = Arc::new(TimestampMillisecondArray::from(numbers.clone()));
        Ok(Poll::Batch(Batch::new(vec![keys, Arc::new(Int64Array::from(numbers)), times], rows as usize)))
    }

    fn snapshot(&self) -> Vec<Split> {
        self.splits.iter().map(|(split, position)| encode(*split, *position)).collect()
    }

    fn progress(&self) -> Option<(u64, u64)> {
        Some((self.read, (self.numbered.rows_per_split * self.numbered.splits) as u64))
    }

    fn rows_skipped(&self) -> u64 {
        0
    }

    fn take_dead_letters(&mut self) -> Option<Batch> {
        None
    }
}
