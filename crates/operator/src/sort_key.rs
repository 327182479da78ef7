//! Rows' sort keys as bytes that order as ORDER BY does.
//!
//! Each column's canonical encoding orders ascending with NULL first; DESC flips its bits, NULLS FIRST or LAST sets its marker. No column's encoding is a
//! prefix of another's, so that columns can lie one after the other.

use flott_job::spec::SortColumn;
use flott_record::{Batch, KeyRows};

const NULL_FIRST: u8 = 0;
const VALUE: u8 = 1;
const NULL_LAST: u8 = 2;

/// The sort keys of a batch's rows.
#[derive(Debug, Default)]
pub(crate) struct SortKeys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl SortKeys {
    /// The keys of all rows.
    pub(crate) fn encode(batch: &Batch, order: &[SortColumn]) -> Self {
        let columns: Vec<KeyRows> = order
            .iter()
            .map(|sort| KeyRows::encode(std::slice::from_ref(batch.column(sort.column)), batch.num_rows()))
            .collect();
        let mut keys = SortKeys::default();
        for row in 0..batch.num_rows() {
            for (column, sort) in columns.iter().zip(order) {
                append(column.key(row), sort, &mut keys.bytes);
            }
            keys.ends.push(keys.bytes.len());
        }
        keys
    }

    /// One row's key.
    pub(crate) fn key(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }
}

/// Appends one column's part; `encoded` begins with whether it is NULL.
fn append(encoded: &[u8], sort: &SortColumn, out: &mut Vec<u8>) {
    if encoded[0] == 0 {
        out.push(if sort.nulls_first { NULL_FIRST } else { NULL_LAST });
        return;
    }
    out.push(VALUE);
    if sort.descending {
        out.extend(encoded[1..].iter().map(|byte| !byte));
    } else {
        out.extend_from_slice(&encoded[1..]);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int32Array, StringArray};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_order_as_order_by_does(rows: Vec<(Option<String>, Option<i32>)>, first: (bool, bool), second: (bool, bool)) {
            let texts: ArrayRef = Arc::new(rows.iter().map(|row| row.0.clone()).collect::<StringArray>());
            let numbers: ArrayRef = Arc::new(rows.iter().map(|row| row.1).collect::<Int32Array>());
            let batch = Batch::new(vec![texts, numbers], rows.len());
            let column = |column, (descending, nulls_first)| SortColumn { column, descending, nulls_first };
            let keys = SortKeys::encode(&batch, &[column(0, first), column(1, second)]);
            let mut by_bytes: Vec<usize> = (0..rows.len()).collect();
            by_bytes.sort_by(|a, b| keys.key(*a).cmp(keys.key(*b)));
            let mut by_values: Vec<usize> = (0..rows.len()).collect();
            by_values.sort_by(|a, b| {
                compare(&rows[*a].0, &rows[*b].0, first).then_with(|| compare(&rows[*a].1, &rows[*b].1, second))
            });
            prop_assert_eq!(by_bytes, by_values);
        }
    }

    fn compare<T: Ord>(a: &Option<T>, b: &Option<T>, (descending, nulls_first): (bool, bool)) -> std::cmp::Ordering {
        match (a, b) {
            (Some(a), Some(b)) if descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (None, None) => std::cmp::Ordering::Equal,
            (None, _) => {
                if nulls_first {
                    std::cmp::Ordering::Less
                } else {
                    std::cmp::Ordering::Greater
                }
            }
            (_, None) => {
                if nulls_first {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Less
                }
            }
        }
    }
}
