//! Which target gets which row.

use arrow_array::{ArrayRef, UInt32Array};
use arrow_buffer::ScalarBuffer;
use arrow_schema::ArrowError;
use flott_record::key::{key_group, subtask_of_key_group};
use flott_record::{Batch, KeyRows};

/// How an output deals its rows out among its targets.
pub enum Partitioner {
    /// Everything to the only target there is for this subtask (forward, singleton).
    One,
    /// By the key group of some columns.
    Hash(HashPartitioner),
    /// Batch by batch, in turn.
    Rebalance {
        /// The target of the next batch.
        next: usize,
    },
    /// Everything to every target.
    Broadcast,
}

/// Splits batches by key group; keeps its memory from batch to batch.
pub struct HashPartitioner {
    columns: Vec<usize>,
    /// Key group to target.
    target_of_group: Vec<u32>,
    targets: usize,
    keys: KeyRows,
    key_columns: Vec<ArrayRef>,
    /// Target of each row.
    target_of_row: Vec<u32>,
    /// Where the next row of a target goes in the permutation.
    positions: Vec<usize>,
}

impl HashPartitioner {
    /// A partitioner for `targets` subtasks of a job with `max_parallelism` key groups.
    pub fn new(columns: Vec<usize>, targets: u32, max_parallelism: u32) -> Self {
        let owner = |group| subtask_of_key_group(group, targets, max_parallelism);
        HashPartitioner {
            columns,
            target_of_group: (0..max_parallelism).map(owner).collect(),
            targets: targets as usize,
            keys: KeyRows::default(),
            key_columns: Vec::new(),
            target_of_row: Vec::new(),
            positions: Vec::new(),
        }
    }

    /// Gives each target its rows, in their order: one gather for the whole batch, of which each target gets a slice.
    ///
    /// # Errors
    /// If Arrow cannot gather a column.
    pub fn split(&mut self, batch: Batch, give: &mut impl FnMut(usize, Batch)) -> Result<(), ArrowError> {
        if self.targets == 1 {
            give(0, batch);
            return Ok(());
        }
        self.assign(&batch);
        if let Some(only) = self.single_target() {
            give(only, batch);
            return Ok(());
        }
        let mut permutation = vec![0u32; batch.num_rows()];
        for (row, target) in self.target_of_row.iter().enumerate() {
            let position = &mut self.positions[*target as usize];
            permutation[*position] = row as u32;
            *position += 1;
        }
        let gathered = batch.take(&UInt32Array::new(ScalarBuffer::from(permutation), None))?;
        // Each position has moved to the end of its target's rows.
        let mut start = 0;
        for (target, end) in self.positions.iter().enumerate() {
            if *end > start {
                give(target, gathered.slice(start, *end - start));
            }
            start = *end;
        }
        Ok(())
    }

    /// Fills `target_of_row`, and `positions` with each target's first position.
    fn assign(&mut self, batch: &Batch) {
        self.key_columns.extend(self.columns.iter().map(|column| batch.column(*column).clone()));
        self.keys.encode_into(&self.key_columns, batch.num_rows());
        self.key_columns.clear();
        self.target_of_row.clear();
        self.positions.clear();
        self.positions.resize(self.targets, 0);
        let (groups, hashes) = (&self.target_of_group, self.keys.hashes());
        let max_parallelism = groups.len() as u32;
        // A mask is many times as fast as a division, and the usual numbers of key groups are powers of two.
        if max_parallelism.is_power_of_two() {
            let mask = max_parallelism - 1;
            self.target_of_row.extend(hashes.iter().map(|hash| groups[(hash & mask) as usize]));
        } else {
            self.target_of_row.extend(hashes.iter().map(|hash| groups[key_group(*hash, max_parallelism) as usize]));
        }
        for target in &self.target_of_row {
            self.positions[*target as usize] += 1;
        }
        let mut start = 0;
        for position in &mut self.positions {
            start += std::mem::replace(position, start);
        }
    }

    /// The target of all rows, if there is one.
    fn single_target(&self) -> Option<usize> {
        let first = *self.target_of_row.first()?;
        let alone = self.target_of_row.iter().all(|target| *target == first);
        alone.then_some(first as usize)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::Int64Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use flott_record::RowKind;
    use proptest::prelude::*;

    use super::*;

    fn split(values: &[i64], targets: u32, max_parallelism: u32) -> Vec<(usize, Batch)> {
        let kinds: Vec<RowKind> = values.iter().map(|value| RowKind::ALL[(value & 3) as usize]).collect();
        let column: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
        let batch = Batch::new(vec![column], values.len()).with_row_kinds(&kinds);
        let mut pieces = Vec::new();
        let mut partitioner = HashPartitioner::new(vec![0], targets, max_parallelism);
        partitioner.split(batch, &mut |target, piece| pieces.push((target, piece))).expect("integers can be gathered");
        pieces
    }

    proptest! {
        #[test]
        fn rows_go_to_the_owner_of_their_key_group_in_order(
            values in proptest::collection::vec(-50i64..50, 1..200),
            targets in 1u32..6,
            max_parallelism in prop_oneof![Just(128u32), Just(100), Just(6)],
        ) {
            let mut expected = vec![Vec::new(); targets as usize];
            let keys = KeyRows::encode(&[Arc::new(Int64Array::from(values.clone())) as ArrayRef], values.len());
            for (row, value) in values.iter().enumerate() {
                let target = subtask_of_key_group(key_group(keys.hash(row), max_parallelism), targets, max_parallelism);
                expected[target as usize].push((*value, RowKind::ALL[(value & 3) as usize]));
            }
            let mut actual = vec![Vec::new(); targets as usize];
            for (target, piece) in split(&values, targets, max_parallelism) {
                prop_assert!(!piece.is_empty() && actual[target].is_empty());
                let column = piece.column(0).as_primitive::<Int64Type>();
                actual[target] = (0..piece.num_rows()).map(|row| (column.value(row), piece.kind(row))).collect();
            }
            prop_assert_eq!(actual, expected);
        }
    }
}
