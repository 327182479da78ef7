//! Joins with a table as of a time: a version of a changing table, or a row looked up outside, as data.

use flott_expression::Expression;
use flott_record::{Schema, TableSpec};
use serde::{Deserialize, Serialize};

use crate::spec::{CalcSpec, JoinSpec};

/// An event-time temporal join: each left row with the version of the right table that was valid at the left row's time. Emits at the
/// watermark. The kind is INNER or LEFT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemporalJoinSpec {
    /// Keys, condition and kind as in a regular join; one right row at a time has a key.
    pub join: JoinSpec,
    /// Position of the rowtime column on the left.
    pub left_time: usize,
    /// Position of the rowtime column on the right.
    pub right_time: usize,
}

/// A lookup join: each row with the rows of an outside table that have its key now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookupJoinSpec {
    /// The table; its options name the connector.
    pub table: TableSpec,
    /// Which of its physical columns followed by the metadata columns are fetched.
    pub projection: Vec<usize>,
    /// What is looked up: positions among the fetched columns, and values over the input's columns of equal types.
    pub keys: Vec<(usize, Expression)>,
    /// Computed columns and filters over the fetched columns; `None` = these as they are.
    pub calc: Option<CalcSpec>,
    /// Whether rows without a match are kept, padded with NULLs.
    pub outer: bool,
    /// Residual condition over the input's columns, then the right ones.
    pub condition: Option<Expression>,
    /// Input rows for which this is not true are not looked up.
    pub before: Option<Expression>,
    /// How often a row without a match is looked up, and how long after each other, milliseconds.
    pub retry: Option<LookupRetry>,
    /// Key by which results are remembered until their row is retracted; `None` = retracted rows are looked up again.
    pub remembered_by: Option<Vec<usize>>,
    /// Types of the input's columns.
    pub input: Schema,
    /// Types of the fetched columns.
    pub fetched: Schema,
    /// Types of the right columns of the output.
    pub right: Schema,
    /// Time after which remembered results go away, milliseconds; 0 = never.
    pub state_ttl_ms: i64,
}

/// `LOOKUP('retry-predicate'='lookup_miss', …)`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupRetry {
    /// Lookups in all.
    pub attempts_max: u32,
    /// Time between two, milliseconds.
    pub delay_ms: i64,
}
