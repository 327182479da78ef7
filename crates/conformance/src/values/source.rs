//! The rows of a table, one batch a row: one split, whose position is the number of rows read.
//!
//! After each row the source lets others go on, so that sources of one job take turns, row by row, as Flink's threads nearly do.

use std::sync::Arc;

use flott_connector::{Boundedness, ConnectorError, Enumerator, Poll, ReaderSetup, Source, SourceReader, Split};
use flott_environment::{Clock, Environment};
use flott_record::value_array::batch_from_rows;
use flott_record::{Batch, Schema};

use super::{Recorded, Stage};
use crate::limits::SOURCE_BATCH_ROWS;

const SPLIT: &str = "rows";

pub(super) struct ValuesSource {
    rows: Arc<Vec<Recorded>>,
    endless: bool,
    stage: Stage,
}

impl ValuesSource {
    pub(super) fn new(rows: Vec<Recorded>, endless: bool, stage: &Stage) -> Self {
        ValuesSource { rows: Arc::new(rows), endless, stage: stage.clone() }
    }
}

impl Source for ValuesSource {
    fn boundedness(&self) -> Boundedness {
        if self.endless { Boundedness::Unbounded } else { Boundedness::Bounded }
    }

    fn enumerator(&self, _: &Environment, _: u32) -> Result<Box<dyn Enumerator>, ConnectorError> {
        Ok(Box::new(OneSplit { given: false }))
    }

    fn reader(&self, setup: &ReaderSetup) -> Result<Box<dyn SourceReader>, ConnectorError> {
        Ok(Box::new(ValuesReader {
            rows: self.rows.clone(),
            endless: self.endless,
            projection: setup.projection.clone(),
            output: setup.output.clone(),
            position: None,
            stage: self.stage.clone(),
            told: false,
            clock: setup.environment.clock().clone(),
            gave_row: false,
        }))
    }
}

struct OneSplit {
    given: bool,
}

impl Enumerator for OneSplit {
    fn discover(&mut self, _: i64) -> Result<Vec<Split>, ConnectorError> {
        if std::mem::replace(&mut self.given, true) {
            return Ok(Vec::new());
        }
        Ok(vec![Split { id: SPLIT.to_string(), state: 0_u64.to_le_bytes().to_vec() }])
    }

    fn next_discovery_ms(&self) -> Option<i64> {
        None
    }

    fn snapshot(&self) -> Vec<u8> {
        vec![u8::from(self.given)]
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), ConnectorError> {
        self.given = snapshot == [1];
        Ok(())
    }
}

struct ValuesReader {
    rows: Arc<Vec<Recorded>>,
    endless: bool,
    projection: Vec<usize>,
    output: Schema,
    position: Option<usize>,
    stage: Stage,
    /// Whether the stage knows that all rows are given.
    told: bool,
    clock: Clock,
    /// Whether the last poll gave a row: the next one gives way.
    gave_row: bool,
}

impl ValuesReader {
    fn batch(&self, start: usize) -> Result<Batch, ConnectorError> {
        let end = (start + SOURCE_BATCH_ROWS).min(self.rows.len());
        let project = |(kind, cells): &Recorded| {
            let cells = self.projection.iter().map(|column| cells[*column].clone()).collect();
            (*kind, cells)
        };
        let rows: Vec<Recorded> = self.rows[start..end].iter().map(project).collect();
        batch_from_rows(&self.output, &rows).map_err(|error| ConnectorError::new(error.to_string()))
    }
}

impl SourceReader for ValuesReader {
    fn add_split(&mut self, split: Split) -> Result<(), ConnectorError> {
        let bytes: [u8; 8] =
            split.state.as_slice().try_into().map_err(|_| ConnectorError::new("a position of 8 bytes was expected"))?;
        self.position = Some(u64::from_le_bytes(bytes) as usize);
        Ok(())
    }

    fn poll(&mut self) -> Result<Poll, ConnectorError> {
        let Some(position) = self.position else { return Ok(Poll::NeedsSplit) };
        if std::mem::replace(&mut self.gave_row, false) {
            return Ok(Poll::Pending { wake_at_ms: Some(self.clock.now_ms()) });
        }
        if position < self.rows.len() {
            let batch = self.batch(position)?;
            self.position = Some(position + batch.num_rows());
            self.gave_row = true;
            return Ok(Poll::Batch(batch));
        }
        if self.endless {
            if !std::mem::replace(&mut self.told, true) {
                self.stage.reader_came_to_end();
            }
            return Ok(Poll::Pending { wake_at_ms: None });
        }
        self.position = None;
        Ok(Poll::NeedsSplit)
    }

    fn snapshot(&self) -> Vec<Split> {
        let split = |position: usize| Split { id: SPLIT.to_string(), state: (position as u64).to_le_bytes().to_vec() };
        self.position.map(split).into_iter().collect()
    }

    fn progress(&self) -> Option<(u64, u64)> {
        self.position.map(|position| (position as u64, self.rows.len() as u64))
    }

    fn rows_skipped(&self) -> u64 {
        0
    }

    fn take_dead_letters(&mut self) -> Option<Batch> {
        None
    }
}
