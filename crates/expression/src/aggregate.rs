//! Aggregate calls as data.

use flott_record::DataType;
use serde::{Deserialize, Serialize};

use crate::catalogue::SignatureError;
use crate::tree::Expression;

/// The aggregate functions that the engine accumulates. AVG, STDDEV and the like are kinds of their own, since their
/// accumulators and results differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum AggregateFunction {
    /// COUNT(*): rows; COUNT(x): rows where x is not NULL.
    Count,
    Sum,
    /// Flink's `$SUM0`: 0 instead of NULL over nothing.
    Sum0,
    Avg,
    Min,
    Max,
    FirstValue,
    LastValue,
    ListAgg,
    StddevPop,
    StddevSamp,
    VarPop,
    VarSamp,
    Collect,
    ArrayAgg,
    /// SINGLE_VALUE: the only row of a scalar sub-query; more than one row is an error.
    SingleValue,
    ApproxCountDistinct,
    Percentile,
    /// JSON_OBJECTAGG over a key and a value's JSON text; a NULL value is JSON's null.
    JsonObjectAgg,
    /// The same without the keys whose value is NULL.
    JsonObjectAggAbsent,
    /// JSON_ARRAYAGG over values' JSON text; NULL is JSON's null.
    JsonArrayAgg,
    /// The same without NULLs.
    JsonArrayAggAbsent,
    BitmapBuild,
    BitmapBuildCardinality,
    BitmapAnd,
    BitmapAndCardinality,
    BitmapOr,
    BitmapOrCardinality,
    BitmapXor,
    BitmapXorCardinality,
    /// LAG over the rows so far: the value so many rows back; a second argument stands for a row that is not there.
    Lag(u32),
}

impl AggregateFunction {
    /// The function's SQL name.
    pub fn sql_name(self) -> &'static str {
        use AggregateFunction as F;
        match self {
            F::Count => "COUNT",
            F::Sum => "SUM",
            F::Sum0 => "$SUM0",
            F::Avg => "AVG",
            F::Min => "MIN",
            F::Max => "MAX",
            F::FirstValue => "FIRST_VALUE",
            F::LastValue => "LAST_VALUE",
            F::ListAgg => "LISTAGG",
            F::StddevPop => "STDDEV_POP",
            F::StddevSamp => "STDDEV_SAMP",
            F::VarPop => "VAR_POP",
            F::VarSamp => "VAR_SAMP",
            F::Collect => "COLLECT",
            F::ArrayAgg => "ARRAY_AGG",
            F::SingleValue => "SINGLE_VALUE",
            F::ApproxCountDistinct => "APPROX_COUNT_DISTINCT",
            F::Percentile => "PERCENTILE",
            F::JsonObjectAgg => "JSON_OBJECTAGG_NULL_ON_NULL",
            F::JsonObjectAggAbsent => "JSON_OBJECTAGG_ABSENT_ON_NULL",
            F::JsonArrayAgg => "JSON_ARRAYAGG_NULL_ON_NULL",
            F::JsonArrayAggAbsent => "JSON_ARRAYAGG_ABSENT_ON_NULL",
            F::BitmapBuild => "BITMAP_BUILD_AGG",
            F::BitmapBuildCardinality => "BITMAP_BUILD_CARDINALITY_AGG",
            F::BitmapAnd => "BITMAP_AND_AGG",
            F::BitmapAndCardinality => "BITMAP_AND_CARDINALITY_AGG",
            F::BitmapOr => "BITMAP_OR_AGG",
            F::BitmapOrCardinality => "BITMAP_OR_CARDINALITY_AGG",
            F::BitmapXor => "BITMAP_XOR_AGG",
            F::BitmapXorCardinality => "BITMAP_XOR_CARDINALITY_AGG",
            F::Lag(_) => "LAG",
        }
    }

    /// Whether Flink's own type inference refuses wrong arguments, in its words, and not Calcite's.
    pub fn is_inferred(self) -> bool {
        use AggregateFunction as F;
        matches!(
            self,
            F::Percentile
                | F::BitmapBuild
                | F::BitmapBuildCardinality
                | F::BitmapAnd
                | F::BitmapAndCardinality
                | F::BitmapOr
                | F::BitmapOrCardinality
                | F::BitmapXor
                | F::BitmapXorCardinality
        )
    }
}

/// One call in an aggregation, over columns of its input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AggregateCall {
    /// What is computed.
    pub function: AggregateFunction,
    /// Positions of the argument columns; empty for COUNT(*).
    pub arguments: Vec<usize>,
    /// Types of the arguments.
    pub argument_types: Vec<DataType>,
    /// Whether only distinct arguments count.
    pub distinct: bool,
    /// Position of a BOOLEAN column; rows where it is not true do not count.
    pub filter: Option<usize>,
    /// Type of the result.
    pub data_type: DataType,
    /// Name of the output column.
    pub name: String,
}

/// The function of a SQL name (`STDDEV` is `STDDEV_SAMP`, `VARIANCE` is `VAR_SAMP`); `None` if it is no aggregate. JSON_OBJECTAGG and
/// JSON_ARRAYAGG have a syntax of their own and are not found by name.
pub fn aggregate_of_name(name: &str) -> Option<AggregateFunction> {
    use AggregateFunction as F;
    let function = match name.to_ascii_uppercase().as_str() {
        "COUNT" => F::Count,
        "SUM" => F::Sum,
        "$SUM0" => F::Sum0,
        "AVG" => F::Avg,
        "MIN" => F::Min,
        "MAX" => F::Max,
        "FIRST_VALUE" => F::FirstValue,
        "LAST_VALUE" => F::LastValue,
        "LISTAGG" => F::ListAgg,
        "STDDEV_POP" => F::StddevPop,
        "STDDEV_SAMP" | "STDDEV" => F::StddevSamp,
        "VAR_POP" => F::VarPop,
        "VAR_SAMP" | "VARIANCE" => F::VarSamp,
        "COLLECT" => F::Collect,
        "ARRAY_AGG" => F::ArrayAgg,
        "SINGLE_VALUE" => F::SingleValue,
        "APPROX_COUNT_DISTINCT" => F::ApproxCountDistinct,
        "PERCENTILE" => F::Percentile,
        "BITMAP_BUILD_AGG" => F::BitmapBuild,
        "BITMAP_BUILD_CARDINALITY_AGG" => F::BitmapBuildCardinality,
        "BITMAP_AND_AGG" => F::BitmapAnd,
        "BITMAP_AND_CARDINALITY_AGG" => F::BitmapAndCardinality,
        "BITMAP_OR_AGG" => F::BitmapOr,
        "BITMAP_OR_CARDINALITY_AGG" => F::BitmapOrCardinality,
        "BITMAP_XOR_AGG" => F::BitmapXor,
        "BITMAP_XOR_CARDINALITY_AGG" => F::BitmapXorCardinality,
        _ => return None,
    };
    Some(function)
}

/// Result type of an aggregate over argument types, by Flink's rules: SUM and AVG keep integer types, `SUM(DECIMAL(p, s))` is
/// `DECIMAL(38, s)`, `AVG(DECIMAL(p, s))` is `DECIMAL(38, max(6, s))`; all but COUNT are NULL over no row when `grouped` is
/// false or an argument may be NULL.
pub fn aggregate_type(
    function: AggregateFunction,
    arguments: &[&Expression],
    grouped: bool,
) -> Result<DataType, SignatureError> {
    crate::catalogue::aggregate_return_type(function, arguments, grouped)
}
