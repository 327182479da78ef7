//! The contract of lookups: rows of an outside table by key, for lookup joins.

use std::collections::BTreeMap;

use arrow_array::{ArrayRef, UInt32Array};
use flott_environment::Environment;
use flott_record::{Batch, KeyRows, Schema};

use crate::contract::ConnectorError;

/// What a lookup is told when it is made.
#[derive(Clone)]
pub struct LookupSetup {
    /// Clock and disk.
    pub environment: Environment,
    /// Positions (physical columns, then metadata columns) that found rows have, in order.
    pub projection: Vec<usize>,
    /// Columns of found rows.
    pub output: Schema,
    /// Positions of the key among the columns of found rows.
    pub keys: Vec<usize>,
    /// `table.local-time-zone`, for formats.
    pub time_zone: String,
}

/// Rows that were found.
pub struct Found {
    /// The rows, those of a key together, keys in the order in which they were asked for.
    pub rows: Batch,
    /// For each row the number of the key that it has.
    pub of_key: Vec<u32>,
}

/// Finds rows by key, on its subtask's thread.
pub trait Lookup {
    /// The rows of keys; the columns of `keys` are those of [`LookupSetup::keys`], without NULLs, each of `count` rows.
    ///
    /// # Errors
    /// Fails the job.
    fn lookup(&mut self, keys: &[ArrayRef], count: usize) -> Result<Found, ConnectorError>;
}

/// A lookup in rows that are all in memory.
pub struct LoadedTable {
    rows: Batch,
    /// Encoded key to the positions of its rows.
    index: BTreeMap<Vec<u8>, Vec<u32>>,
}

impl LoadedTable {
    /// The rows of a table, with the positions of the key.
    ///
    /// # Errors
    /// Rows whose columns do not fit together.
    pub fn new(batches: &[Batch], keys: &[usize], schema: &Schema) -> Result<Self, ConnectorError> {
        let rows = match batches {
            [] => {
                let empty = schema.fields.iter().map(|field| arrow_array::new_empty_array(&field.data_type.to_arrow()));
                Batch::new(empty.collect(), 0)
            }
            batches => Batch::concat(batches).map_err(|error| ConnectorError::new(error.to_string()))?,
        };
        let columns: Vec<ArrayRef> = keys.iter().map(|key| rows.column(*key).clone()).collect();
        let encoded = KeyRows::encode(&columns, rows.num_rows());
        let mut index: BTreeMap<Vec<u8>, Vec<u32>> = BTreeMap::new();
        for row in 0..rows.num_rows() {
            index.entry(encoded.key(row).to_vec()).or_default().push(row as u32);
        }
        Ok(LoadedTable { rows, index })
    }
}

impl Lookup for LoadedTable {
    fn lookup(&mut self, keys: &[ArrayRef], count: usize) -> Result<Found, ConnectorError> {
        let encoded = KeyRows::encode(keys, count);
        let (mut positions, mut of_key) = (Vec::new(), Vec::new());
        for key in 0..count {
            if let Some(rows) = self.index.get(encoded.key(key)) {
                positions.extend_from_slice(rows);
                of_key.extend(std::iter::repeat_n(key as u32, rows.len()));
            }
        }
        let rows = self.rows.take(&UInt32Array::from(positions));
        Ok(Found { rows: rows.map_err(|error| ConnectorError::new(error.to_string()))?, of_key })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Int32Array, StringArray};
    use flott_record::{Field, TypeKind};

    use super::*;

    #[test]
    fn rows_come_by_key_in_the_order_of_the_keys() {
        let schema = Schema::new(vec![
            Field::new("id", TypeKind::Int.nullable()),
            Field::new("name", TypeKind::string().nullable()),
        ]);
        let ids: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 1]));
        let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
        let rows = Batch::new(vec![ids, names.clone()], 3);
        let mut table = LoadedTable::new(&[rows], &[0], &schema).expect("loads");
        let wanted: ArrayRef = Arc::new(Int32Array::from(vec![2, 9, 1]));
        let found = table.lookup(std::slice::from_ref(&wanted), 3).expect("finds");
        assert_eq!(found.of_key, [0, 2, 2]);
        assert_eq!(found.rows.column(1).as_ref(), &StringArray::from(vec!["b", "a", "c"]));
        let mut empty = LoadedTable::new(&[], &[0], &schema).expect("loads");
        assert!(empty.lookup(&[wanted], 3).expect("finds").rows.is_empty());
    }
}
