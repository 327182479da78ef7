//! Which rows of a sorted partition are in the frame of each of its rows.
//!
//! The bounds of frames never go back from one row to the next, unless the bound of a RANGE is no constant or wraps.

use arrow_array::ArrayRef;
use flott_job::over::{FrameBound, SortedOverSpec};
use flott_job::spec::SortColumn;
use flott_record::Batch;

use super::ranks::Peers;
use crate::sort_key::SortKeys;

/// The frames of all rows of a partition.
pub(super) struct Frames {
    /// For each row the first one of its frame and the one behind the last; empty where the former is not less.
    ranges: Vec<(usize, usize)>,
}

impl Frames {
    pub(super) fn new(spec: &SortedOverSpec, columns: &[ArrayRef], peers: &Peers) -> Self {
        let rows = peers.rows();
        let starts = bounds(spec, spec.start, columns, peers, false);
        let ends = bounds(spec, spec.end, columns, peers, true);
        let range = |(start, end): (usize, usize)| (start.min(rows), end.max(start).min(rows));
        Frames { ranges: starts.into_iter().zip(ends).map(range).collect() }
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// First row of a row's frame and the row behind it.
    pub(super) fn range(&self, row: usize) -> (usize, usize) {
        self.ranges[row]
    }

    /// The number of rows in all frames together.
    pub(super) fn total_rows(&self) -> usize {
        self.ranges.iter().map(|(start, end)| end - start).sum()
    }

    /// Whether both bounds only move forward.
    pub(super) fn slide_forward(&self) -> bool {
        self.ranges.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1)
    }
}

/// For each row where its frame begins or, if `end`, the row behind it.
fn bounds(spec: &SortedOverSpec, bound: FrameBound, columns: &[ArrayRef], peers: &Peers, end: bool) -> Vec<usize> {
    let rows = peers.rows();
    let moved = |row: usize, offset: i64| {
        let moved = (row as i64).saturating_add(offset).saturating_add(i64::from(end));
        usize::try_from(moved).unwrap_or(0).min(rows)
    };
    match bound {
        FrameBound::UnboundedPreceding => vec![0; rows],
        FrameBound::UnboundedFollowing => vec![rows; rows],
        FrameBound::Row(offset) => (0..rows).map(|row| moved(row, offset)).collect(),
        FrameBound::Peers if end => (0..rows).map(|row| peers.end(row)).collect(),
        FrameBound::Peers => (0..rows).map(|row| peers.start(row)).collect(),
        FrameBound::Value { order, bound } => value_bounds(spec, [&columns[order], &columns[bound]], peers, end),
    }
}

/// Bounds by value: values and bounds compare as the order does; a NULL's frame is that of its peers.
fn value_bounds(spec: &SortedOverSpec, columns: [&ArrayRef; 2], peers: &Peers, end: bool) -> Vec<usize> {
    let rows = peers.rows();
    let direction =
        spec.order.first().copied().unwrap_or(SortColumn { column: 0, descending: false, nulls_first: true });
    let keys = |column: &ArrayRef| {
        let batch = Batch::new(vec![column.clone()], rows);
        SortKeys::encode(&batch, &[SortColumn { column: 0, ..direction }])
    };
    let (values, wanted) = (keys(columns[0]), keys(columns[1]));
    let bound = |row: usize| {
        let wanted = wanted.key(row);
        partition_point(rows, |candidate| {
            let value = values.key(candidate);
            if end { value <= wanted } else { value < wanted }
        })
    };
    let of_null = |row: usize| if end { peers.end(row) } else { peers.start(row) };
    (0..rows).map(|row| if columns[0].is_null(row) { of_null(row) } else { bound(row) }).collect()
}

/// The first position for which `before` no longer holds.
fn partition_point(rows: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, rows);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
