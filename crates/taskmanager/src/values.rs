//! The source of constant rows: one split, so that one subtask reads all of it.

use flott_connector::{Boundedness, ConnectorError, Enumerator, Poll, ReaderSetup, Source, SourceReader, Split};
use flott_environment::Environment;
use flott_job::spec::ValuesSpec;
use flott_record::value_array::batch_from_rows;
use flott_record::{Batch, RowKind};

use crate::limits::VALUES_BATCH_ROWS;

/// A source of the rows of a spec.
pub(crate) struct ValuesSource {
    batch: Batch,
}

impl ValuesSource {
    pub(crate) fn new(spec: &ValuesSpec) -> Result<Self, ConnectorError> {
        let rows: Vec<_> = spec.rows.iter().map(|row| (RowKind::Insert, row.clone())).collect();
        let batch = batch_from_rows(&spec.schema, &rows).map_err(|error| ConnectorError::new(error.to_string()))?;
        Ok(ValuesSource { batch })
    }
}

impl Source for ValuesSource {
    fn boundedness(&self) -> Boundedness {
        Boundedness::Bounded
    }

    fn enumerator(&self, _: &Environment, _: u32) -> Result<Box<dyn Enumerator>, ConnectorError> {
        Ok(Box::new(ValuesEnumerator { is_dealt: false }))
    }

    fn reader(&self, _: &ReaderSetup) -> Result<Box<dyn SourceReader>, ConnectorError> {
        Ok(Box::new(ValuesReader { batch: self.batch.clone(), position: None }))
    }
}

struct ValuesEnumerator {
    is_dealt: bool,
}

impl Enumerator for ValuesEnumerator {
    fn discover(&mut self, _: i64) -> Result<Vec<Split>, ConnectorError> {
        let split = || Split { id: "values".to_string(), state: 0u64.to_le_bytes().to_vec() };
        let is_dealt = std::mem::replace(&mut self.is_dealt, true);
        Ok((!is_dealt).then(split).into_iter().collect())
    }

    fn next_discovery_ms(&self) -> Option<i64> {
        None
    }

    fn snapshot(&self) -> Vec<u8> {
        vec![u8::from(self.is_dealt)]
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), ConnectorError> {
        self.is_dealt = snapshot == [1];
        Ok(())
    }
}

struct ValuesReader {
    batch: Batch,
    /// The next row, while the split is here.
    position: Option<usize>,
}

impl SourceReader for ValuesReader {
    fn add_split(&mut self, split: Split) -> Result<(), ConnectorError> {
        let state = split.state.as_slice().try_into();
        let state = state.map_err(|_| ConnectorError::new("the position of a VALUES source has not 8 bytes"))?;
        self.position = Some(u64::from_le_bytes(state) as usize);
        Ok(())
    }

    fn poll(&mut self) -> Result<Poll, ConnectorError> {
        let Some(position) = self.position else { return Ok(Poll::NeedsSplit) };
        let rows = self.batch.num_rows().saturating_sub(position).min(VALUES_BATCH_ROWS);
        if rows == 0 {
            self.position = None;
            return Ok(Poll::NeedsSplit);
        }
        self.position = Some(position + rows);
        Ok(Poll::Batch(self.batch.slice(position, rows)))
    }

    fn snapshot(&self) -> Vec<Split> {
        let split = |position| Split { id: "values".to_string(), state: (position as u64).to_le_bytes().to_vec() };
        self.position.map(split).into_iter().collect()
    }

    fn progress(&self) -> Option<(u64, u64)> {
        None
    }

    fn rows_skipped(&self) -> u64 {
        0
    }

    fn take_dead_letters(&mut self) -> Option<Batch> {
        None
    }
}
