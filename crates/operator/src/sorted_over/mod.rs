//! OVER calls over bounded input: each row with its results appended.
//!
//! Emits   `+I` rows at the end of input: partitions by their encoding, within a partition rows in their order, equal ones as they arrived.
//! State   `rows`: partition to its rows with their sort keys, all of them until the end.
//! Speed   a partition is decoded, ranked and aggregated by columns.

mod aggregates;
mod frames;
mod ranks;

use std::collections::VecDeque;

use arrow_array::ArrayRef;
use flott_expression::AggregateCall;
use flott_job::over::{OverCall, SortedOverSpec};
use flott_record::limits::BATCH_ROWS_MAX;
use flott_record::{Batch, RowKind};
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, KeyedTable, RowEncoder, SnapshotReader, SnapshotWriter, StateValue};

use self::aggregates::FrameAggregates;
use self::frames::Frames;
use self::ranks::Peers;
use crate::chunks::{in_chunks, keys_of};
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::sort_key::SortKeys;

/// A row behind its sort key.
type SortedRow = (Vec<u8>, Vec<u8>);

/// The rows of a partition in order of arrival.
#[derive(Debug, Default)]
struct PartitionRows(Vec<SortedRow>);

impl StateValue for PartitionRows {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.0.len() as u64);
        for (sort, row) in &self.0 {
            sort.encode(out);
            row.encode(out);
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let count = read_length(bytes)?;
        let rows: Result<Vec<SortedRow>, DecodeError> =
            (0..count).map(|_| Ok((Vec::decode(bytes)?, Vec::decode(bytes)?))).collect();
        Ok(PartitionRows(rows?))
    }
}

/// The operator; see the module's text.
pub struct SortedOver {
    spec: SortedOverSpec,
    encoder: RowEncoder,
    aggregates: FrameAggregates,
    rows: KeyedTable<PartitionRows>,
    /// Partitions that are still to be emitted, once the input has ended.
    ending: Option<VecDeque<(u32, Vec<u8>)>>,
    /// Results of a partition that are still to be emitted.
    ready: VecDeque<Batch>,
}

impl SortedOver {
    /// Builds the accumulators.
    ///
    /// # Errors
    /// An aggregate that is not supported.
    pub fn new(spec: &SortedOverSpec, _setup: &Setup) -> Result<Self, OperatorError> {
        let aggregate = |call: &OverCall| match call {
            OverCall::Aggregate(call) => Some(call.clone()),
            _ => None,
        };
        let calls: Vec<AggregateCall> = spec.calls.iter().filter_map(aggregate).collect();
        Ok(SortedOver {
            aggregates: FrameAggregates::new(&calls, spec.start)?,
            encoder: RowEncoder::new(&spec.input),
            rows: KeyedTable::new(),
            ending: None,
            ready: VecDeque::new(),
            spec: spec.clone(),
        })
    }

    fn store(&mut self, batch: &Batch) -> usize {
        let keys = keys_of(batch, &self.spec.partition);
        let sorts = SortKeys::encode(batch, &self.spec.order);
        let rows = self.encoder.encode(batch);
        for row in 0..batch.num_rows() {
            let (partition, _) = self.rows.get_or_insert_with(keys.hash(row), keys.key(row), PartitionRows::default);
            partition.0.push((sorts.key(row).to_vec(), rows.row(row).to_vec()));
        }
        batch.num_rows()
    }

    /// Sorts a partition and computes its results.
    fn finish(&mut self, mut rows: Vec<SortedRow>) -> Result<(), OperatorError> {
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let encoded: Vec<&[u8]> = rows.iter().map(|(_, row)| row.as_slice()).collect();
        let columns = self.encoder.decode(&encoded)?;
        let peers = Peers::new(rows.iter().map(|(sort, _)| sort.as_slice()));
        let frames = Frames::new(&self.spec, &columns, &peers);
        let mut aggregated = self.aggregates.evaluate(&frames, &columns)?.into_iter();
        let mut results: Vec<ArrayRef> = columns.clone();
        for (call, data_type) in self.spec.calls.iter().zip(&self.spec.results) {
            let result = match call {
                OverCall::Aggregate(_) => {
                    aggregated.next().ok_or_else(|| OperatorError::Failed("an aggregate has no result".to_string()))?
                }
                _ => ranks::evaluate(call, &peers, &columns, data_type)?,
            };
            results.push(result);
        }
        let all = Batch::new(results, rows.len());
        let starts = (0..rows.len()).step_by(BATCH_ROWS_MAX);
        self.ready.extend(starts.map(|start| all.slice(start, BATCH_ROWS_MAX.min(rows.len() - start))));
        Ok(())
    }

    /// Emits what is ready; false if enough is emitted before that is done.
    fn drain(&mut self, context: &mut Context<'_>) -> bool {
        while !context.is_full() {
            let Some(batch) = self.ready.pop_front() else { return true };
            context.emit(batch);
        }
        self.ready.is_empty()
    }
}

impl Operator for SortedOver {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let inserts = batch.kinds().is_none_or(|kinds| kinds.iter().all(|kind| *kind == RowKind::Insert as u8));
        if !inserts {
            return Err(OperatorError::Failed("not supported: OVER over rows other than +I in batch mode".to_string()));
        }
        in_chunks(batch, context, |chunk, _| Ok(self.store(chunk)))
    }

    fn end_input(&mut self, _input: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let mut ending = self.ending.take().unwrap_or_else(|| {
            let mut keys: Vec<_> = self.rows.iter().map(|(hash, key, _)| (hash, key.to_vec())).collect();
            keys.sort_unstable_by(|a, b| a.1.cmp(&b.1));
            keys.into()
        });
        while self.drain(context) {
            let Some((hash, key)) = ending.pop_front() else { return Ok(Step::Done) };
            if let Some(rows) = self.rows.remove(hash, &key) {
                self.finish(rows.0)?;
            }
        }
        let done = ending.is_empty() && self.ready.is_empty();
        self.ending = Some(ending);
        Ok(if done { Step::Done } else { Step::Yield { consumed_rows: 0 } })
    }

    fn prepare_barrier(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let done = self.drain(context);
        Ok(if done { Step::Done } else { Step::Yield { consumed_rows: 0 } })
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        assert!(self.ready.is_empty(), "results are emitted before a barrier");
        self.rows.snapshot("rows", writer)?;
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.rows = KeyedTable::restore("rows", reader)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
