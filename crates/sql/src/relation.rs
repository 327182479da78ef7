//! The relational algebra between binder and physical planner.
//!
//! A tree of immutable nodes; shared sub-trees are shared `Arc`s. Every node knows its output columns. Expressions in a node see its
//! input's columns by position (a join's: left columns, then right ones).

use std::sync::Arc;

use flott_expression::{AggregateCall, Expression};
use flott_job::over::{FrameBound, OverCall};
use flott_job::pattern::MatchSpec;
use flott_job::spec::{JoinKind, RankKind, SortColumn};
use flott_job::versioned_join::LookupRetry;
use flott_job::window::{WindowKind, WindowTime};
use flott_record::{DataType, Field, RowKind, Schema, Value};

use crate::catalog::ResolvedTable;

/// Whether a column drives event time or stands for the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeAttribute {
    /// Event time, with a watermark.
    Rowtime,
    /// Processing time.
    Proctime,
}

/// An output column of a relation.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Name; need not be unique.
    pub name: String,
    /// Type.
    pub data_type: DataType,
    /// Whether it is a time attribute.
    pub time: Option<TimeAttribute>,
}

impl Column {
    /// An ordinary column.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Column { name: name.into(), data_type, time: None }
    }

    /// The same column as a time attribute, or not.
    pub fn with_time(mut self, time: Option<TimeAttribute>) -> Self {
        self.time = time;
        self
    }
}

/// A relation: what it is and what comes out.
#[derive(Clone, Debug)]
pub struct Relation {
    /// The operation.
    pub kind: RelationKind,
    /// Output columns.
    pub columns: Vec<Column>,
}

/// A shared relation.
pub type RelationRef = Arc<Relation>;

/// One OVER window and its calls.
#[derive(Clone, Debug, PartialEq)]
pub struct OverWindow {
    /// PARTITION BY.
    pub partition: Vec<usize>,
    /// ORDER BY.
    pub order: Vec<SortColumn>,
    /// Where frames start.
    pub start: FrameBound,
    /// Where frames end.
    pub end: FrameBound,
    /// How many milliseconds before the current row's time a frame of RANGE starts, where it starts at such a time.
    pub range_ms: Option<i64>,
}

impl OverWindow {
    /// Positions of the columns that the window reads.
    pub(crate) fn columns(&self) -> Vec<usize> {
        let mut columns = self.partition.clone();
        columns.extend(self.order.iter().map(|sort| sort.column));
        for bound in [self.start, self.end] {
            if let FrameBound::Value { order, bound } = bound {
                columns.extend([order, bound]);
            }
        }
        columns
    }

    /// The same window over columns at other positions.
    pub(crate) fn with_columns(&self, place: impl Fn(usize) -> usize) -> OverWindow {
        let of_bound = |bound: FrameBound| match bound {
            FrameBound::Value { order, bound } => FrameBound::Value { order: place(order), bound: place(bound) },
            other => other,
        };
        OverWindow {
            partition: self.partition.iter().map(|column| place(*column)).collect(),
            order: self.order.iter().map(|sort| SortColumn { column: place(sort.column), ..*sort }).collect(),
            start: of_bound(self.start),
            end: of_bound(self.end),
            range_ms: self.range_ms,
        }
    }

    /// Whether frames are counted in rows.
    pub(crate) fn counts_rows(&self) -> bool {
        matches!(self.start, FrameBound::Row(_)) || matches!(self.end, FrameBound::Row(_))
    }
}

/// The operations.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum RelationKind {
    /// A table's physical and metadata columns of these positions, as the connector gives them.
    Scan {
        table: Arc<ResolvedTable>,
        projection: Vec<usize>,
    },
    /// Constant rows.
    Values {
        rows: Vec<Vec<Value>>,
    },
    /// Watermarks for a rowtime column.
    Watermark {
        input: RelationRef,
        rowtime: usize,
        expression: Expression,
        table: Arc<ResolvedTable>,
    },
    Project {
        input: RelationRef,
        expressions: Vec<Expression>,
    },
    Filter {
        input: RelationRef,
        condition: Expression,
    },
    /// Output: the keys, then the calls. With `sets`, keys not in a row's set are NULL.
    Aggregate {
        input: RelationRef,
        keys: Vec<usize>,
        calls: Vec<AggregateCall>,
    },
    /// Output: the input, then window_start, window_end, window_time.
    Window {
        input: RelationRef,
        kind: WindowKind,
        time: WindowTime,
        partition: Vec<usize>,
    },
    /// An aggregate by window. Output: keys, calls, window_start, window_end, window_time.
    WindowAggregate {
        input: RelationRef,
        kind: WindowKind,
        time: WindowTime,
        keys: Vec<usize>,
        calls: Vec<AggregateCall>,
    },
    Join {
        left: RelationRef,
        right: RelationRef,
        kind: JoinKind,
        condition: Expression,
    },
    /// A join of rows of the same windows; positions of window_start and window_end on either side (right ones count from 0).
    WindowJoin {
        left: RelationRef,
        right: RelationRef,
        kind: JoinKind,
        condition: Expression,
        left_window: (usize, usize),
        right_window: (usize, usize),
    },
    Union {
        inputs: Vec<RelationRef>,
    },
    /// ORDER BY and LIMIT.
    Sort {
        input: RelationRef,
        order: Vec<SortColumn>,
        offset: u64,
        fetch: Option<u64>,
    },
    /// Output: the input, then one column a call.
    Over {
        input: RelationRef,
        window: OverWindow,
        calls: Vec<OverCall>,
    },
    /// Rows of rank `start..=end`; output: the input, then the rank if wanted.
    Rank {
        input: RelationRef,
        kind: RankKind,
        partition: Vec<usize>,
        order: Vec<SortColumn>,
        start: i64,
        end: i64,
        output_rank: bool,
    },
    /// First or last row of each key by time.
    Deduplicate {
        input: RelationRef,
        keys: Vec<usize>,
        order: usize,
        keep_last: bool,
    },
    /// Each row once for each projection.
    Expand {
        input: RelationRef,
        projections: Vec<Vec<Expression>>,
    },
    Unnest {
        input: RelationRef,
        collection: Expression,
        flatten: bool,
        ordinality: bool,
        outer: bool,
    },
    /// TO_CHANGELOG. Output: the code of the row's kind, the input.
    ToChangelog {
        input: RelationRef,
        codes: [Option<String>; 4],
    },
    /// FROM_CHANGELOG. Output: the input without the column of the code.
    FromChangelog {
        input: RelationRef,
        code: usize,
        kinds: Vec<(String, RowKind)>,
    },
    /// Each left row with the version of the right table at the left row's time; positions of the rowtime columns on either side.
    TemporalJoin {
        left: RelationRef,
        right: RelationRef,
        kind: JoinKind,
        condition: Expression,
        left_time: usize,
        right_time: usize,
    },
    /// Each left row with what is found for it in an outside table. The right relation is no input: it says what is made of a row
    /// that is found.
    LookupJoin {
        left: RelationRef,
        right: RelationRef,
        kind: JoinKind,
        condition: Expression,
        retry: Option<LookupRetry>,
    },
    /// MATCH_RECOGNIZE.
    Match {
        input: RelationRef,
        spec: Box<MatchSpec>,
    },
    /// A table whose rows are kept for this long in the state of the operator that reads it (the hint STATE_TTL).
    Hinted {
        input: RelationRef,
        state_ttl_ms: i64,
    },
    /// Keeps the last row of each key of an upsert source.
    Normalize {
        input: RelationRef,
        keys: Vec<usize>,
    },
}

impl Relation {
    /// A shared relation.
    pub fn new(kind: RelationKind, columns: Vec<Column>) -> RelationRef {
        Arc::new(Relation { kind, columns })
    }

    /// The output columns as a schema.
    pub fn schema(&self) -> Schema {
        Schema::new(self.columns.iter().map(|column| Field::new(&column.name, column.data_type.clone())).collect())
    }

    /// Expressions that give each column unchanged.
    pub fn identity(&self) -> Vec<Expression> {
        let column = |(index, column): (usize, &Column)| Expression::column(index, column.data_type.clone());
        self.columns.iter().enumerate().map(column).collect()
    }

    /// The inputs, left to right.
    pub fn inputs(&self) -> Vec<&RelationRef> {
        use RelationKind as K;
        match &self.kind {
            K::Scan { .. } | K::Values { .. } => Vec::new(),
            K::Watermark { input, .. }
            | K::Project { input, .. }
            | K::Filter { input, .. }
            | K::Aggregate { input, .. }
            | K::Window { input, .. }
            | K::WindowAggregate { input, .. }
            | K::Sort { input, .. }
            | K::Over { input, .. }
            | K::Rank { input, .. }
            | K::Deduplicate { input, .. }
            | K::Expand { input, .. }
            | K::Unnest { input, .. }
            | K::ToChangelog { input, .. }
            | K::FromChangelog { input, .. }
            | K::LookupJoin { left: input, .. }
            | K::Hinted { input, .. }
            | K::Match { input, .. }
            | K::Normalize { input, .. } => vec![input],
            K::Join { left, right, .. } | K::WindowJoin { left, right, .. } | K::TemporalJoin { left, right, .. } => {
                vec![left, right]
            }
            K::Union { inputs } => inputs.iter().collect(),
        }
    }

    /// The same operation over other inputs, whose columns have the same types.
    pub fn with_inputs(&self, inputs: Vec<RelationRef>) -> RelationRef {
        use RelationKind as K;
        let mut kind = self.kind.clone();
        let mut next = inputs.into_iter();
        match &mut kind {
            K::Scan { .. } | K::Values { .. } => {}
            K::Watermark { input, .. }
            | K::Project { input, .. }
            | K::Filter { input, .. }
            | K::Aggregate { input, .. }
            | K::Window { input, .. }
            | K::WindowAggregate { input, .. }
            | K::Sort { input, .. }
            | K::Over { input, .. }
            | K::Rank { input, .. }
            | K::Deduplicate { input, .. }
            | K::Expand { input, .. }
            | K::Unnest { input, .. }
            | K::ToChangelog { input, .. }
            | K::FromChangelog { input, .. }
            | K::LookupJoin { left: input, .. }
            | K::Hinted { input, .. }
            | K::Match { input, .. }
            | K::Normalize { input, .. } => replace(input, &mut next),
            K::Join { left, right, .. } | K::WindowJoin { left, right, .. } | K::TemporalJoin { left, right, .. } => {
                replace(left, &mut next);
                replace(right, &mut next);
            }
            K::Union { inputs } => inputs.iter_mut().for_each(|input| replace(input, &mut next)),
        }
        Relation::new(kind, self.columns.clone())
    }
}

fn replace(slot: &mut RelationRef, next: &mut impl Iterator<Item = RelationRef>) {
    if let Some(input) = next.next() {
        *slot = input;
    }
}
