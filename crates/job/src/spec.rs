//! Operator specs: everything an operator needs to know, as data.
//!
//! Unless said otherwise positions count the input's columns, a join's residual condition sees left columns then right ones, and an
//! operator's output has its key columns first.

use flott_expression::{AggregateCall, Expression};
use flott_record::{ChangelogMode, DataType, Schema, TableSpec, Value};
use serde::{Deserialize, Serialize};

use crate::changelog_function::{FromChangelogSpec, ToChangelogSpec};
use crate::graph::MiniBatch;
use crate::interval_join::IntervalJoinSpec;
use crate::over::{SortedOverSpec, UpdatingOverSpec};
use crate::pattern::MatchSpec;
use crate::versioned_join::{LookupJoinSpec, TemporalJoinSpec};
use crate::window::{Window, WindowProperty, WindowTime};

/// What an operator computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum OperatorSpec {
    Source(SourceSpec),
    Values(ValuesSpec),
    Watermark(WatermarkSpec),
    Calc(CalcSpec),
    GroupAggregate(GroupAggregateSpec),
    LocalGroupAggregate(LocalGroupAggregateSpec),
    WindowTableFunction(WindowTableFunctionSpec),
    SessionRows(SessionRowsSpec),
    WindowAggregate(WindowAggregateSpec),
    Join(JoinSpec),
    WindowJoin(WindowJoinSpec),
    Rank(RankSpec),
    Deduplicate(DeduplicateSpec),
    Sort(SortSpec),
    Limit(LimitSpec),
    Expand(ExpandSpec),
    OverAggregate(OverAggregateSpec),
    SortedOver(SortedOverSpec),
    UpdatingOver(UpdatingOverSpec),
    Unnest(UnnestSpec),
    ToChangelog(ToChangelogSpec),
    FromChangelog(FromChangelogSpec),
    TemporalJoin(TemporalJoinSpec),
    IntervalJoin(IntervalJoinSpec),
    LookupJoin(Box<LookupJoinSpec>),
    Match(Box<MatchSpec>),
    ChangelogNormalize(ChangelogNormalizeSpec),
    DropUpdateBefore(DropUpdateBeforeSpec),
    SinkMaterialize(SinkMaterializeSpec),
    Sink(SinkSpec),
    /// An operator of the DataStream API, found by this name among those registered with the cluster that runs the job.
    Custom(String),
}

impl OperatorSpec {
    /// Whether the operator has no input.
    pub fn is_source(&self) -> bool {
        matches!(self, OperatorSpec::Source(_) | OperatorSpec::Values(_))
    }
}

/// Reads a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceSpec {
    /// The table; its options name the connector.
    pub table: TableSpec,
    /// Which of the physical columns followed by the metadata columns are read, in order. A batch of the source has exactly these.
    pub projection: Vec<usize>,
    /// Stops after this many rows per subtask, if a LIMIT was pushed down.
    pub limit: Option<u64>,
}

/// Emits constant rows, on one subtask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValuesSpec {
    /// Columns.
    pub schema: Schema,
    /// Rows of constants.
    pub rows: Vec<Vec<Value>>,
}

/// Makes watermarks from a column. Emits one as soon as it has advanced by more than `interval_ms` of event time since the last (each row's
/// if the interval is 0), between rows, and by the clock each `interval_ms`; at the end of input `MAX_WATERMARK`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatermarkSpec {
    /// Position of the rowtime column, TIMESTAMP or TIMESTAMP_LTZ of precision 3 or less.
    pub rowtime: usize,
    /// The WATERMARK expression over the input; NULL and a smaller value are ignored.
    pub expression: Expression,
    /// `pipeline.auto-watermark-interval`.
    pub interval_ms: i64,
    /// `table.exec.source.idle-timeout` or `scan.watermark.idle-timeout`; 0 = never idle.
    pub idle_timeout_ms: i64,
}

/// Projection and filter in one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalcSpec {
    /// Output columns, over the input.
    pub projection: Vec<Expression>,
    /// Rows for which this is not true are dropped first.
    pub condition: Option<Expression>,
}

/// An updating aggregation. Output: keys, then one column a call.
///
/// With `mini_batch` unset one change set a row: `+I` for a key's first row, then `-U` (if `emit_update_before`) and `+U`, `-D`
/// when the key's last row is retracted; nothing if the result is unchanged and state does not expire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupAggregateSpec {
    /// Positions of the keys; empty for a global aggregate.
    pub keys: Vec<usize>,
    /// What is computed.
    pub calls: Vec<AggregateCall>,
    /// Whether the input is the output of a [`LocalGroupAggregateSpec`] with the same keys and calls.
    pub merges_partials: bool,
    /// Whether the input retracts (else retraction state is not kept).
    pub input_retracts: bool,
    /// Whether `-U` is wanted.
    pub emit_update_before: bool,
    /// Bundling; `None` = each row at once.
    pub mini_batch: Option<MiniBatch>,
    /// Time after which a key's unchanged state goes away, milliseconds; 0 = never.
    pub state_ttl_ms: i64,
    /// Types of the input's columns.
    pub input: Schema,
}

/// First phase of a two-phase aggregation: per bundle and key one row of partial accumulators. Output: keys, then one BYTES column with
/// the encoded accumulators of all calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalGroupAggregateSpec {
    /// Positions of the keys.
    pub keys: Vec<usize>,
    /// What is computed.
    pub calls: Vec<AggregateCall>,
    /// Whether the input retracts.
    pub input_retracts: bool,
    /// Bundling.
    pub mini_batch: MiniBatch,
    /// Types of the input's columns.
    pub input: Schema,
}

/// Adds `window_start`, `window_end`, `window_time` to each row, one output row for each window it is in. Never drops late rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowTableFunctionSpec {
    /// The window.
    pub window: Window,
}

/// Adds `window_start`, `window_end`, `window_time` to each row of a session once this is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRowsSpec {
    /// The rows' time; never attached.
    pub time: WindowTime,
    /// Sessions end after this long without a row, milliseconds.
    pub gap_ms: i64,
    /// Sessions of these columns are apart.
    pub partition: Vec<usize>,
    /// Types of the input's columns.
    pub input: Schema,
}

/// Which part of a window aggregation an operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AggregatePhase {
    /// All of it.
    Single,
    /// Per batch and key and slice one row of partial accumulators: keys, slice end (TIMESTAMP(3)), one BYTES column.
    Local,
    /// Merges such rows.
    Global,
}

/// A window aggregation by slices; emits at the watermark, insert-only. Output: keys, one column a call, then the properties.
/// Late rows (all of their windows have fired) are dropped and counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowAggregateSpec {
    /// The window; its `time` counts the columns of the raw input, also in the global phase, whose input has keys, slice end, accumulators.
    pub window: Window,
    /// Positions of the keys in the raw input (without window columns).
    pub keys: Vec<usize>,
    /// What is computed.
    pub calls: Vec<AggregateCall>,
    /// Window columns of the output.
    pub properties: Vec<WindowProperty>,
    /// Which phase.
    pub phase: AggregatePhase,
    /// Whether the input retracts.
    pub input_retracts: bool,
    /// Types of the raw input's columns.
    pub input: Schema,
}

/// SQL's joins. SEMI and ANTI give left columns only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    Semi,
    Anti,
}

/// What is known of one side of a regular join, which decides the state's layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinSideKey {
    /// The join key contains a unique key: at most one row a join key.
    JoinKeyContainsUniqueKey,
    /// There is a unique key: rows are found by it.
    HasUniqueKey(Vec<usize>),
    /// Nothing is unique: rows are counted.
    NoUniqueKey,
}

/// A regular join: both sides in state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JoinSpec {
    /// Which join.
    pub kind: JoinKind,
    /// Positions of the equal columns on the left.
    pub left_keys: Vec<usize>,
    /// Positions of the equal columns on the right, types equal to the left ones'.
    pub right_keys: Vec<usize>,
    /// For each key pair whether NULL equals nothing (`=`); false for IS NOT DISTINCT FROM.
    pub filter_nulls: Vec<bool>,
    /// Residual condition over left then right columns.
    pub condition: Option<Expression>,
    /// Types of the left columns.
    pub left: Schema,
    /// Types of the right columns.
    pub right: Schema,
    /// Layout of the left state.
    pub left_side: JoinSideKey,
    /// Layout of the right state.
    pub right_side: JoinSideKey,
    /// Time after which unchanged left state goes away, milliseconds; 0 = never.
    pub left_ttl_ms: i64,
    /// Likewise right.
    pub right_ttl_ms: i64,
}

/// A join of rows in the same window; emits at the watermark, insert-only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowJoinSpec {
    /// Keys, condition and kind as in a regular join (window columns are not among the keys).
    pub join: JoinSpec,
    /// Position of `window_end` on the left.
    pub left_window_end: usize,
    /// Position of `window_end` on the right.
    pub right_window_end: usize,
    /// `window_start` likewise.
    pub left_window_start: usize,
    /// `window_start` likewise.
    pub right_window_start: usize,
    /// Whether the windows are of event time.
    pub rowtime: bool,
    /// Whether the windows follow the session time zone.
    pub local: bool,
}

/// One column of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SortColumn {
    /// Position.
    pub column: usize,
    /// DESC
    pub descending: bool,
    /// NULLS FIRST; Flink's default is first for ASC, last for DESC.
    pub nulls_first: bool,
}

/// How a Top-N keeps its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RankStrategy {
    /// The input only inserts.
    AppendFast,
    /// The input updates by this key and only ever improves its rank.
    UpdateFast(Vec<usize>),
    /// Anything goes.
    Retract,
}

/// Which ranking function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum RankKind {
    RowNumber,
    Rank,
    DenseRank,
}

/// Top-N per partition: rows whose rank is in `start..=end`. Output: the input, then the rank if `output_rank`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankSpec {
    /// Which function.
    pub kind: RankKind,
    /// PARTITION BY.
    pub partition: Vec<usize>,
    /// ORDER BY.
    pub order: Vec<SortColumn>,
    /// First rank that is wanted, from 1.
    pub start: i64,
    /// Last rank that is wanted.
    pub end: i64,
    /// Whether the rank is a column of the output (BIGINT).
    pub output_rank: bool,
    /// How rows are kept.
    pub strategy: RankStrategy,
    /// Whether `-U` is wanted.
    pub emit_update_before: bool,
    /// For a Top-N within windows: the position of `window_end`; results are emitted at the watermark, insert-only.
    pub window_end: Option<usize>,
    /// Whether these windows follow the session time zone.
    pub window_local: bool,
    /// Time after which unchanged state goes away, milliseconds; 0 = never.
    pub state_ttl_ms: i64,
    /// Types of the input's columns.
    pub input: Schema,
}

/// First or last row of each key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeduplicateSpec {
    /// Positions of the key.
    pub keys: Vec<usize>,
    /// Keep the last row instead of the first.
    pub keep_last: bool,
    /// Position of the rowtime column; `None` = by arrival.
    pub rowtime: Option<usize>,
    /// Whether `-U` is wanted.
    pub emit_update_before: bool,
    /// Whether first rows of a key are `+I` (else `+U` where the consumer takes both alike).
    pub emit_insert: bool,
    /// For deduplication within windows: position of `window_end`.
    pub window_end: Option<usize>,
    /// Whether these windows follow the session time zone.
    pub window_local: bool,
    /// Time after which unchanged state goes away, milliseconds; 0 = never.
    pub state_ttl_ms: i64,
    /// Types of the input's columns.
    pub input: Schema,
}

/// Sorts bounded input at its end (batch mode), or by an ascending rowtime at each watermark (streaming); on one subtask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SortSpec {
    /// ORDER BY.
    pub order: Vec<SortColumn>,
    /// Position of the rowtime column that leads the order, in streaming mode; `None` = by the clock, or at the end of input.
    pub rowtime: Option<usize>,
    /// Whether rows wait for the end of input, also in streaming mode.
    pub at_end: bool,
    /// Rows to skip.
    pub offset: u64,
    /// Rows to emit after these.
    pub fetch: Option<u64>,
    /// Types of the input's columns.
    pub input: Schema,
}

/// The first rows, whichever they are; on one subtask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitSpec {
    /// Rows to skip.
    pub offset: u64,
    /// Rows to emit after these.
    pub fetch: u64,
}

/// Each row once for each projection (GROUPING SETS, distinct aggregates).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpandSpec {
    /// All have the same types.
    pub projections: Vec<Vec<Expression>>,
}

/// One bound of an OVER frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrameStart {
    /// UNBOUNDED PRECEDING
    Unbounded,
    /// So many rows before the current one.
    Rows(u64),
    /// So many milliseconds before the current row's time.
    RangeMs(i64),
}

/// OVER aggregates; each row with its aggregates appended. One window for all calls; frames end at the current row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverAggregateSpec {
    /// PARTITION BY.
    pub partition: Vec<usize>,
    /// Position of the rowtime column; `None` = by arrival (processing time).
    pub rowtime: Option<usize>,
    /// ROWS (else RANGE: rows of the same time are peers).
    pub rows: bool,
    /// Where frames start.
    pub start: FrameStart,
    /// What is computed.
    pub calls: Vec<AggregateCall>,
    /// Time after which unchanged state goes away, milliseconds; 0 = never.
    pub state_ttl_ms: i64,
    /// Types of the input's columns.
    pub input: Schema,
}

/// `CROSS JOIN UNNEST(collection)`, `LEFT JOIN UNNEST(collection) ON TRUE`: the input's columns, then the element's (a ROW's fields each;
/// a MAP gives key and value; a MULTISET repeats elements), then the ordinality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnnestSpec {
    /// The collection, over the input.
    pub collection: Expression,
    /// Whether a ROW element becomes one column a field.
    pub flatten: bool,
    /// WITH ORDINALITY: a 1-based INT column at the end.
    pub ordinality: bool,
    /// LEFT JOIN: rows with an empty collection are kept, padded with NULLs.
    pub outer: bool,
    /// Types of the added columns.
    pub element: Vec<DataType>,
}

/// Makes a full changelog of an upsert one: keeps the last row of each key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangelogNormalizeSpec {
    /// Positions of the unique key.
    pub keys: Vec<usize>,
    /// Whether `-U` is wanted.
    pub emit_update_before: bool,
    /// A filter that was pushed into the operator.
    pub condition: Option<Expression>,
    /// Time after which unchanged state goes away, milliseconds; 0 = never.
    pub state_ttl_ms: i64,
    /// Types of the input's columns.
    pub input: Schema,
}

/// Drops `-U` rows, for a consumer that updates by key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DropUpdateBeforeSpec {}

/// Makes upserts by the sink's key of a changelog whose upsert key is another (Flink's SinkUpsertMaterializer).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SinkMaterializeSpec {
    /// Positions of the sink's primary key.
    pub keys: Vec<usize>,
    /// Positions of the input's upsert key; empty if it has none (then whole rows are compared).
    pub upsert_key: Vec<usize>,
    /// Time after which unchanged state goes away, milliseconds; 0 = never.
    pub state_ttl_ms: i64,
    /// Types of the input's columns.
    pub input: Schema,
}

/// What happens to NULL in a NOT NULL column of a sink (`table.exec.sink.not-null-enforcer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotNullEnforcer {
    /// The job fails.
    Error,
    /// The row is dropped and counted.
    Drop,
}

/// What happens to text or bytes longer (or, for CHAR and BINARY, shorter) than a sink's column
/// (`table.exec.sink.type-length-enforcer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LengthEnforcer {
    /// Nothing.
    Ignore,
    /// Cut or padded.
    TrimPad,
    /// The job fails.
    Error,
}

/// Whether a sink's constraints hold inside of its columns as well (`table.exec.sink.nested-constraint-enforcer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NestedEnforcer {
    /// No.
    Ignore,
    /// In fields of rows.
    Rows,
    /// In rows, elements of arrays and multisets, keys and values of maps.
    RowsAndCollections,
}

/// Writes a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SinkSpec {
    /// The table; its options name the connector. The input has the physical columns, then the persisted metadata columns.
    pub table: TableSpec,
    /// Kinds that arrive.
    pub changelog_mode: ChangelogMode,
    /// NOT NULL columns' enforcer.
    pub not_null: NotNullEnforcer,
    /// Lengths' enforcer.
    pub length: LengthEnforcer,
    /// Where the enforcers look.
    pub nested: NestedEnforcer,
    /// Types of the input's columns.
    pub input: Schema,
}
