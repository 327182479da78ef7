//! What depends on a row's place in its partition alone: ranks and values of other rows.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, UInt32Array};
use arrow_select::interleave::interleave;
use flott_job::over::{Distance, OverCall};
use flott_job::spec::RankKind;
use flott_record::DataType;
use flott_record::value_array::null_array;

use crate::interface::OperatorError;

/// Which rows of a sorted partition the order does not tell apart.
pub(super) struct Peers {
    /// For each row the number of its group of peers, from 0.
    group: Vec<usize>,
    /// Where each group begins; at the end the number of rows.
    starts: Vec<usize>,
}

impl Peers {
    pub(super) fn new<'a>(sorted: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut peers = Peers { group: Vec::new(), starts: Vec::new() };
        let mut last: Option<&[u8]> = None;
        for sort in sorted {
            if last != Some(sort) {
                peers.starts.push(peers.group.len());
            }
            peers.group.push(peers.starts.len() - 1);
            last = Some(sort);
        }
        peers.starts.push(peers.group.len());
        peers
    }

    /// Number of rows of the partition.
    pub(super) fn rows(&self) -> usize {
        self.group.len()
    }

    /// First row of the row's peers.
    pub(super) fn start(&self, row: usize) -> usize {
        self.starts[self.group[row]]
    }

    /// The row behind its last peer.
    pub(super) fn end(&self, row: usize) -> usize {
        self.starts[self.group[row] + 1]
    }
}

/// The results of a call that is no aggregate.
pub(super) fn evaluate(
    call: &OverCall,
    peers: &Peers,
    columns: &[ArrayRef],
    data_type: &DataType,
) -> Result<ArrayRef, OperatorError> {
    let rows = peers.rows();
    let integers = |of_row: &dyn Fn(usize) -> usize| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values((0..rows).map(|row| of_row(row) as i64)))
    };
    let floats =
        |of_row: &dyn Fn(usize) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values((0..rows).map(of_row))) };
    Ok(match call {
        OverCall::Rank(RankKind::RowNumber) => integers(&|row| row + 1),
        OverCall::Rank(RankKind::Rank) => integers(&|row| peers.start(row) + 1),
        OverCall::Rank(RankKind::DenseRank) => integers(&|row| peers.group[row] + 1),
        OverCall::PercentRank if rows == 1 => floats(&|_| 0.0),
        OverCall::PercentRank => floats(&|row| peers.start(row) as f64 / (rows - 1) as f64),
        OverCall::CumeDist => floats(&|row| peers.end(row) as f64 / rows as f64),
        OverCall::Ntile { parts } => ntile(columns[*parts].as_primitive(), rows)?,
        OverCall::Shifted { value, distance, before, default } => {
            let sources = shifted_rows(*distance, *before, columns, rows);
            let default = match default {
                Some(default) => columns[*default].clone(),
                None => null_array(data_type, rows),
            };
            let indices: Vec<(usize, usize)> =
                sources.into_iter().enumerate().map(|(row, source)| source.map_or((1, row), |at| (0, at))).collect();
            interleave(&[columns[*value].as_ref(), default.as_ref()], &indices)?
        }
        OverCall::Aggregate(_) => {
            return Err(OperatorError::Failed("an aggregate is evaluated over its frames".to_string()));
        }
    })
}

/// The first parts have one row more than the last ones where they cannot be equal.
fn ntile(parts: &Int64Array, rows: usize) -> Result<ArrayRef, OperatorError> {
    let number = |row: usize| -> Result<i64, OperatorError> {
        let parts = if parts.is_null(row) { 0 } else { parts.value(row) };
        if parts <= 0 {
            return Err(OperatorError::Failed("The 'n' for ntile must be greater than 0".to_string()));
        }
        let (row, rows) = (row as i64, rows as i64);
        let (size, larger) = (rows / parts, rows % parts);
        let in_larger = larger * (size + 1);
        Ok(if row < in_larger { row / (size + 1) + 1 } else { larger + (row - in_larger) / size.max(1) + 1 })
    };
    let numbers: Result<Int64Array, OperatorError> = (0..rows).map(|row| number(row).map(Some)).collect();
    Ok(Arc::new(numbers?))
}

/// The row whose value each row takes; `None` where there is no such row.
fn shifted_rows(distance: Distance, before: bool, columns: &[ArrayRef], rows: usize) -> Vec<Option<usize>> {
    let distances = match distance {
        Distance::Rows(_) => None,
        Distance::Column(column) => Some(columns[column].as_primitive::<Int64Type>()),
    };
    let source = |row: usize| {
        let distance = match (distance, distances) {
            (Distance::Rows(fixed), _) => fixed,
            (_, Some(distances)) if distances.is_valid(row) => distances.value(row),
            _ => return None,
        };
        let distance = if before { distance.checked_neg()? } else { distance };
        let wanted = (row as i64).checked_add(distance)?;
        usize::try_from(wanted).ok().filter(|wanted| *wanted < rows)
    };
    (0..rows).map(source).collect()
}

/// Positions as indices of Arrow.
pub(super) fn indices(positions: impl Iterator<Item = usize>) -> UInt32Array {
    UInt32Array::from_iter_values(positions.map(|position| position as u32))
}
