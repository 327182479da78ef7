//! Top-N of each partition: the rows whose rank is in `start..=end`.
//!
//! Emits   for each arrived row its changes of the Top-N, as Flink does (see [`emission`]). In batch mode and by RANK and DENSE_RANK (batch mode only) the final
//!         rows, at the end of input.
//! State   `bounded` (inputs that only insert or improve): partition to its best rows; `full`: partition to all rows. A partition goes away when it is empty
//!         or has not been written for the TTL.

mod bounded;
mod emission;
mod full;
mod window;

use std::collections::VecDeque;

use flott_job::spec::{RankKind, RankSpec, RankStrategy};
use flott_record::{Batch, KeyRows, RowKind};
use flott_state::{
    DiskBackend, EncodedRows, KeyedTable, RowEncoder, RowSchema, RowsCodec, SnapshotReader, SnapshotWriter,
};

pub use self::window::WindowRank;

use self::bounded::{Arrived, BoundedRows};
use self::emission::{Emission, is_top_one};
use self::full::FullRows;
use crate::chunks::{in_chunks, keys_of};
use crate::expiry::{Expiry, Stamped};
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::row_output::RowOutput;
use crate::sort_key::SortKeys;

/// How rows of all partitions are kept.
enum Partitions {
    Bounded(KeyedTable<Stamped<BoundedRows>>),
    Full(KeyedTable<Stamped<FullRows>>),
}

/// A piece of a batch, encoded.
struct Arrivals {
    keys: KeyRows,
    sorts: SortKeys,
    ids: KeyRows,
    rows: EncodedRows,
}

/// The operator; see the module's text.
pub struct Rank {
    spec: RankSpec,
    emission: Emission,
    /// Nothing is emitted before the end of input.
    at_end: bool,
    partitions: Partitions,
    expiry: Expiry,
    encoder: RowEncoder,
    schema: RowSchema,
    /// At the end of input: keys of the partitions that are still to be emitted.
    ending: Option<VecDeque<(u32, Vec<u8>)>>,
}

impl Rank {
    /// Lays out the state.
    ///
    /// # Errors
    /// RANK and DENSE_RANK in streaming mode, as in Flink.
    pub fn new(spec: &RankSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let ties = spec.kind != RankKind::RowNumber;
        if ties && !setup.batch_mode {
            let name = if spec.kind == RankKind::Rank { "RANK()" } else { "DENSE_RANK()" };
            return Err(OperatorError::Failed(format!("not supported: {name} on a streaming table")));
        }
        let partitions = if ties || spec.strategy == RankStrategy::Retract {
            Partitions::Full(KeyedTable::new())
        } else {
            Partitions::Bounded(KeyedTable::new())
        };
        Ok(Rank {
            emission: Emission::new(spec),
            at_end: setup.batch_mode,
            partitions,
            expiry: Expiry::new(spec.state_ttl_ms),
            encoder: RowEncoder::new(&spec.input),
            schema: row_schema(spec),
            spec: spec.clone(),
            ending: None,
        })
    }

    fn arrivals(&self, batch: &Batch) -> Arrivals {
        let ids = match &self.spec.strategy {
            RankStrategy::UpdateFast(columns) => keys_of(batch, columns),
            RankStrategy::AppendFast | RankStrategy::Retract => KeyRows::default(),
        };
        Arrivals {
            keys: keys_of(batch, &self.spec.partition),
            sorts: SortKeys::encode(batch, &self.spec.order),
            ids,
            rows: self.encoder.encode(batch),
        }
    }

    /// Applies rows until enough is emitted; gives how many.
    fn apply(&mut self, batch: &Batch, out: &mut RowOutput, context: &Context<'_>) -> Result<usize, OperatorError> {
        let arrivals = self.arrivals(batch);
        match &mut self.partitions {
            Partitions::Bounded(table) => table.prefetch(&arrivals.keys)?,
            Partitions::Full(table) => table.prefetch(&arrivals.keys)?,
        }
        for row in 0..batch.num_rows() {
            let kind = batch.kind(row);
            match &mut self.partitions {
                Partitions::Bounded(_) => self.apply_bounded(&arrivals, row, kind, out, context.now_ms)?,
                Partitions::Full(_) => self.apply_full(&arrivals, row, kind, out, context.now_ms),
            }
            if out.is_full(context) {
                return Ok(row + 1);
            }
        }
        Ok(batch.num_rows())
    }

    fn apply_bounded(
        &mut self,
        arrivals: &Arrivals,
        row: usize,
        kind: RowKind,
        out: &mut RowOutput,
        now_ms: i64,
    ) -> Result<(), OperatorError> {
        let Partitions::Bounded(table) = &mut self.partitions else { return Ok(()) };
        let updates = matches!(self.spec.strategy, RankStrategy::UpdateFast(_));
        match kind {
            RowKind::UpdateBefore if updates => return Ok(()),
            RowKind::UpdateBefore | RowKind::Delete => {
                return Err(OperatorError::Failed(format!("a Top-N over an input that does not retract got {kind}")));
            }
            RowKind::Insert | RowKind::UpdateAfter => {}
        }
        let partition = partition_of(table, &self.expiry, arrivals, row, now_ms);
        let id = if updates { arrivals.ids.key(row) } else { &[] };
        let arrived = Arrived { sort: arrivals.sorts.key(row), id, row: arrivals.rows.row(row) };
        if updates && !is_top_one(&self.spec) {
            let mut unseen = RowOutput::default();
            partition.upsert(arrived, &self.emission, if self.at_end { &mut unseen } else { out });
        } else if self.at_end {
            partition.insert_silently(arrived, self.emission.end);
        } else {
            partition.insert(arrived, &self.emission, out);
        }
        Ok(())
    }

    fn apply_full(&mut self, arrivals: &Arrivals, row: usize, kind: RowKind, out: &mut RowOutput, now_ms: i64) {
        let Partitions::Full(table) = &mut self.partitions else { return };
        let (sort, bytes) = (arrivals.sorts.key(row), arrivals.rows.row(row));
        let partition = partition_of(table, &self.expiry, arrivals, row, now_ms);
        let mut unseen = RowOutput::default();
        let out = if self.at_end { &mut unseen } else { out };
        if kind.is_retraction() {
            partition.remove(sort, bytes, &self.emission, out);
            if partition.is_empty() {
                table.remove(arrivals.keys.hash(row), arrivals.keys.key(row));
            }
        } else if self.at_end {
            partition.push(sort, bytes);
        } else {
            partition.insert(sort, bytes, &self.emission, out);
        }
    }

    /// Keys of all partitions in an order that depends on nothing else.
    fn partition_keys(&self) -> VecDeque<(u32, Vec<u8>)> {
        let mut keys: Vec<(u32, Vec<u8>)> = match &self.partitions {
            Partitions::Bounded(table) => table.iter().map(|(hash, key, _)| (hash, key.to_vec())).collect(),
            Partitions::Full(table) => table.iter().map(|(hash, key, _)| (hash, key.to_vec())).collect(),
        };
        keys.sort_unstable_by(|a, b| a.1.cmp(&b.1));
        keys.into()
    }

    /// Emits the final rows of a partition.
    fn emit_final(&self, hash: u32, key: &[u8], out: &mut RowOutput) {
        match &self.partitions {
            Partitions::Bounded(table) => {
                for (index, row) in table.get(hash, key).iter().flat_map(|partition| partition.value.rows()).enumerate()
                {
                    self.emission.push(out, RowKind::Insert, row, index + 1);
                }
            }
            Partitions::Full(table) => {
                let Some(partition) = table.get(hash, key) else { return };
                let ranks = Ranks::new(self.spec.kind, partition.value.rows());
                for (rank, row) in ranks.take_while(|(rank, _)| *rank <= self.emission.end) {
                    self.emission.push(out, RowKind::Insert, row, rank);
                }
            }
        }
    }
}

/// Rows, and what partitions, sort keys and identities are made of.
fn row_schema(spec: &RankSpec) -> RowSchema {
    let ids: &[usize] = match &spec.strategy {
        RankStrategy::UpdateFast(columns) => columns,
        RankStrategy::AppendFast | RankStrategy::Retract => &[],
    };
    let order = spec.order.iter().map(|sort| &sort.column);
    RowSchema::new(&spec.input, spec.partition.iter().chain(order).chain(ids))
}

/// The partition of a row, written now; what expired in it is gone.
fn partition_of<'t, V: Default>(
    table: &'t mut KeyedTable<Stamped<V>>,
    expiry: &Expiry,
    arrivals: &Arrivals,
    row: usize,
    now_ms: i64,
) -> &'t mut V {
    let (hash, key) = (arrivals.keys.hash(row), arrivals.keys.key(row));
    let fresh = || Stamped { written_ms: now_ms, value: V::default() };
    let (partition, _) = table.get_or_insert_with(hash, key, fresh);
    if !expiry.is_live(partition.written_ms, now_ms) {
        *partition = fresh();
    }
    partition.written_ms = now_ms;
    &mut partition.value
}

/// Rows with their ranks, ties and all.
struct Ranks<'a, I> {
    kind: RankKind,
    rows: I,
    last_sort: Option<&'a [u8]>,
    seen: usize,
    rank: usize,
}

impl<'a, I: Iterator<Item = (&'a [u8], &'a [u8])>> Ranks<'a, I> {
    fn new(kind: RankKind, rows: I) -> Self {
        Ranks { kind, rows, last_sort: None, seen: 0, rank: 0 }
    }
}

impl<'a, I: Iterator<Item = (&'a [u8], &'a [u8])>> Iterator for Ranks<'a, I> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (sort, row) = self.rows.next()?;
        self.seen += 1;
        let tied = self.last_sort == Some(sort);
        self.rank = match self.kind {
            RankKind::RowNumber => self.seen,
            _ if tied => self.rank,
            RankKind::Rank => self.seen,
            RankKind::DenseRank => self.rank + 1,
        };
        self.last_sort = Some(sort);
        Some((self.rank, row))
    }
}

impl Operator for Rank {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        match &mut self.partitions {
            Partitions::Bounded(table) => self.expiry.sweep(table, batch.num_rows(), context.now_ms),
            Partitions::Full(table) => self.expiry.sweep(table, batch.num_rows(), context.now_ms),
        }
        let mut out = RowOutput::default();
        in_chunks(batch, context, |chunk, context| {
            let rows = self.apply(chunk, &mut out, context)?;
            out.emit(&self.encoder, context)?;
            Ok(rows)
        })
    }

    fn end_input(&mut self, _input: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if !self.at_end {
            return Ok(Step::Done);
        }
        let mut left = match self.ending.take() {
            Some(left) => left,
            None => self.partition_keys(),
        };
        let mut out = RowOutput::default();
        while let Some((hash, key)) = left.pop_front() {
            self.emit_final(hash, &key, &mut out);
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
        if self.at_end {
            return Ok(());
        }
        match &mut self.partitions {
            Partitions::Bounded(table) => table.use_disk(backend)?,
            Partitions::Full(table) => table.use_disk(backend)?,
        }
        Ok(())
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        match &mut self.partitions {
            Partitions::Bounded(table) => table.snapshot_with("bounded", writer, &RowsCodec(&self.schema))?,
            Partitions::Full(table) => table.snapshot_with("full", writer, &RowsCodec(&self.schema))?,
        }
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        match &mut self.partitions {
            Partitions::Bounded(table) => table.restore_with("bounded", reader, &mut RowsCodec(&self.schema))?,
            Partitions::Full(table) => table.restore_with("full", reader, &mut RowsCodec(&self.schema))?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
