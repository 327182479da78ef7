//! OVER windows as data: frames, calls, and the specs of the operators that compute them.

use flott_expression::AggregateCall;
use flott_record::{DataType, Schema};
use serde::{Deserialize, Serialize};

use crate::spec::{RankKind, SortColumn};

/// One end of the frame of a row, among the rows of its partition in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FrameBound {
    /// The first row of the partition.
    UnboundedPreceding,
    /// So many rows after the current one, before it if negative (ROWS).
    Row(i64),
    /// The first or the last of the rows that the order does not tell from the current one (RANGE).
    Peers,
    /// The rows up to or from a value of the order (RANGE).
    Value {
        /// Position of the column that orders, in the type of the bound.
        order: usize,
        /// Position of the column with the bound, computed for each row; where it is NULL the rows with NULL are the frame's.
        bound: usize,
    },
    /// The last row of the partition.
    UnboundedFollowing,
}

/// How far away the row is that LAG and LEAD read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Distance {
    /// So many rows.
    Rows(i64),
    /// As many as this column says.
    Column(usize),
}

/// What is computed for each row over its partition or frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OverCall {
    /// ROW_NUMBER, RANK, DENSE_RANK
    Rank(RankKind),
    /// PERCENT_RANK: (rank - 1) / (rows - 1)
    PercentRank,
    /// CUME_DIST: rows up to the last peer / rows
    CumeDist,
    /// NTILE: number of the row's part, of as many about equal parts as the column says.
    Ntile {
        /// Position of the column with the number of parts.
        parts: usize,
    },
    /// LAG and LEAD: the value of another row of the partition.
    Shifted {
        /// Position of the column that is read.
        value: usize,
        /// How far away the row is, behind the current one.
        distance: Distance,
        /// Whether the row is before the current one instead (LAG).
        before: bool,
        /// Position of the column with the value where there is no such row; NULL without.
        default: Option<usize>,
    },
    /// An aggregate of the frame.
    Aggregate(AggregateCall),
}

impl OverCall {
    /// Positions of the columns that the call reads.
    pub fn columns(&self) -> Vec<usize> {
        match self {
            OverCall::Rank(_) | OverCall::PercentRank | OverCall::CumeDist => Vec::new(),
            OverCall::Ntile { parts } => vec![*parts],
            OverCall::Shifted { value, distance, default, .. } => {
                let mut columns = vec![*value];
                columns.extend(default);
                if let Distance::Column(distance) = distance {
                    columns.push(*distance);
                }
                columns
            }
            OverCall::Aggregate(call) => call.arguments.iter().copied().chain(call.filter).collect(),
        }
    }

    /// The same call over columns at other positions.
    pub fn with_columns(&self, place: impl Fn(usize) -> usize) -> OverCall {
        match self {
            OverCall::Rank(_) | OverCall::PercentRank | OverCall::CumeDist => self.clone(),
            OverCall::Ntile { parts } => OverCall::Ntile { parts: place(*parts) },
            OverCall::Shifted { value, distance, before, default } => OverCall::Shifted {
                value: place(*value),
                distance: match distance {
                    Distance::Rows(rows) => Distance::Rows(*rows),
                    Distance::Column(column) => Distance::Column(place(*column)),
                },
                before: *before,
                default: default.map(&place),
            },
            OverCall::Aggregate(call) => OverCall::Aggregate(AggregateCall {
                arguments: call.arguments.iter().map(|column| place(*column)).collect(),
                filter: call.filter.map(&place),
                ..call.clone()
            }),
        }
    }
}

/// OVER calls over bounded input: partitions are sorted at its end, each row is emitted with its results appended. Batch mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SortedOverSpec {
    /// PARTITION BY.
    pub partition: Vec<usize>,
    /// ORDER BY.
    pub order: Vec<SortColumn>,
    /// First row of frames.
    pub start: FrameBound,
    /// Last row of frames.
    pub end: FrameBound,
    /// What is computed.
    pub calls: Vec<OverCall>,
    /// Types of the results.
    pub results: Vec<DataType>,
    /// Types of the input's columns.
    pub input: Schema,
}

/// OVER aggregates of a changelog ordered by something other than time; frames begin with the partition and end at the current row. A
/// row that comes or goes updates those behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdatingOverSpec {
    /// PARTITION BY.
    pub partition: Vec<usize>,
    /// ORDER BY.
    pub order: Vec<SortColumn>,
    /// ROWS (else RANGE: rows with equal order are peers).
    pub rows: bool,
    /// What is computed.
    pub calls: Vec<AggregateCall>,
    /// Time after which an unchanged partition goes away, milliseconds; 0 = never.
    pub state_ttl_ms: i64,
    /// Types of the input's columns.
    pub input: Schema,
}
