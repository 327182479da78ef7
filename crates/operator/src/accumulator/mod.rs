//! How aggregate calls accumulate: over columns, with the groups' states side by side.
//!
//! A group is a slot, a small number. [`Accumulators`] holds the calls of one aggregation; each call keeps one state a slot in a vector and
//! is dispatched once a batch, not once a row: first the rows' slots are resolved, then each call runs over (slots, argument columns).
//!
//! Two ways to run: [`Accumulators::update`] changes states only; [`Accumulators::scan`] also records each row's result before and after it, from
//! which a changelog with one change set a row is made.
//!
//! * `columnar`: the loops, generic over what one function does with one state.
//! * `set`: the calls of an aggregation together: filters, row counts, partial and whole states.
//! * `distinct`: which rows bring a value that is new among its group's.
//! * the other files: one family of functions each.

mod average;
mod bitmap;
mod collection;
mod columnar;
mod count;
mod distinct;
mod ends;
mod extreme;
mod json;
mod lag;
mod moments;
mod ordered;
mod percentile;
mod set;
mod single;
mod sum;
mod text;

use arrow_array::types::{
    Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalYearMonthType, Time32MillisecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{ArrayRef, ArrowPrimitiveType};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType as ArrowType, TimeUnit};
use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction;
use flott_state::DecodeError;

pub(crate) use self::set::Accumulators;
use crate::interface::OperatorError;

/// What a call sees of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// Each row's group.
    pub(crate) slots: &'a [u32],
    /// Argument columns, each as long as `slots`.
    pub(crate) arguments: &'a [ArrayRef],
    /// Rows that count; `None` = all.
    pub(crate) selected: Option<&'a [bool]>,
    /// Codes of row kinds; `None` = all `+I`.
    pub(crate) kinds: Option<&'a [u8]>,
}

/// Which results a scan records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trail {
    /// For row i the result before it at 2 i and after it at 2 i + 1.
    BeforeAndAfter,
    /// For row i the result after it at i.
    After,
}

/// Whether the row kind of this code takes from the table: `-U` is 1, `-D` is 3.
pub(crate) fn is_retraction(code: u8) -> bool {
    code & 1 == 1
}

/// One call's states, by slot.
pub(crate) trait Accumulator {
    /// Makes room for so many slots; new ones are empty.
    fn resize(&mut self, slots: usize);

    /// Empties a slot.
    fn clear(&mut self, slot: u32);

    /// Adds rows, takes retracted ones away.
    fn update(&mut self, rows: &Rows<'_>) -> Result<(), OperatorError>;

    /// Like `update`; gives each row's group's result as `trail` says.
    fn scan(&mut self, rows: &Rows<'_>, trail: Trail) -> Result<ArrayRef, OperatorError>;

    /// Results of slots.
    fn values(&self, slots: &[u32]) -> Result<ArrayRef, OperatorError>;

    /// Appends a slot's state.
    fn encode(&self, slot: u32, out: &mut Vec<u8>);

    /// Merges an encoded state into a slot; into an empty one this restores it.
    fn merge(&mut self, slot: u32, bytes: &mut &[u8]) -> Result<(), DecodeError>;

    /// Merges the states of slots into those of others, in order; the former stay as they are.
    fn combine(&mut self, from: &[u32], to: &[u32]) -> Result<(), DecodeError>;
}

/// The accumulator of a call, without its filter and distinctness.
///
/// # Errors
/// The function is not supported for these arguments.
pub(crate) fn accumulator(call: &AggregateCall, retracts: bool) -> Result<Box<dyn Accumulator>, OperatorError> {
    use AggregateFunction as F;
    match call.function {
        F::Count | F::ApproxCountDistinct => Ok(count::build(call)),
        F::Sum | F::Sum0 => sum::build(call),
        F::Avg => average::build(call),
        F::Min | F::Max if retracts => ordered::build(call),
        F::Min | F::Max => extreme::build(call),
        F::FirstValue | F::LastValue => ends::build(call, retracts),
        F::ListAgg => text::build(call),
        F::StddevPop | F::StddevSamp | F::VarPop | F::VarSamp => moments::build(call),
        F::Collect | F::ArrayAgg => collection::build(call),
        F::SingleValue => single::build(call),
        F::Lag(rows) => lag::build(call, rows),
        F::Percentile => percentile::build(call),
        F::JsonObjectAgg | F::JsonObjectAggAbsent | F::JsonArrayAgg | F::JsonArrayAggAbsent => json::build(call),
        F::BitmapBuild
        | F::BitmapBuildCardinality
        | F::BitmapAnd
        | F::BitmapAndCardinality
        | F::BitmapOr
        | F::BitmapOrCardinality
        | F::BitmapXor
        | F::BitmapXorCardinality => bitmap::build(call, retracts),
    }
}

/// The refusal of a call.
fn not_supported(call: &AggregateCall) -> OperatorError {
    let given: Vec<String> = call.argument_types.iter().map(|data_type| data_type.kind.to_string()).collect();
    OperatorError::Failed(format!("not supported: aggregate {:?}({})", call.function, given.join(", ")))
}

/// Rows where no argument is NULL; `None` if that are all.
fn valid_rows(arguments: &[ArrayRef]) -> Option<NullBuffer> {
    let nulls = arguments.iter().map(|column| column.logical_nulls());
    nulls.fold(None, |all, one| NullBuffer::union(all.as_ref(), one.as_ref())).filter(|nulls| nulls.null_count() > 0)
}

/// A function that is made once for each Arrow type of fixed width.
trait ForPrimitive {
    fn make<T: ArrowPrimitiveType>(self) -> Box<dyn Accumulator>
    where
        T::Native: columnar::Native;
}

/// Calls `maker` with the Arrow type of this column type; `None` if it is none of fixed width.
fn for_primitive(arrow: &ArrowType, maker: impl ForPrimitive) -> Option<Box<dyn Accumulator>> {
    Some(match arrow {
        ArrowType::Int8 => maker.make::<Int8Type>(),
        ArrowType::Int16 => maker.make::<Int16Type>(),
        ArrowType::Int32 => maker.make::<Int32Type>(),
        ArrowType::Int64 => maker.make::<Int64Type>(),
        ArrowType::Float32 => maker.make::<Float32Type>(),
        ArrowType::Float64 => maker.make::<Float64Type>(),
        ArrowType::Date32 => maker.make::<Date32Type>(),
        ArrowType::Time32(_) => maker.make::<Time32MillisecondType>(),
        ArrowType::Timestamp(TimeUnit::Millisecond, _) => maker.make::<TimestampMillisecondType>(),
        ArrowType::Timestamp(TimeUnit::Microsecond, _) => maker.make::<TimestampMicrosecondType>(),
        ArrowType::Timestamp(TimeUnit::Nanosecond, _) => maker.make::<TimestampNanosecondType>(),
        ArrowType::Interval(_) => maker.make::<IntervalYearMonthType>(),
        ArrowType::Duration(_) => maker.make::<DurationMillisecondType>(),
        ArrowType::Decimal128(_, _) => maker.make::<Decimal128Type>(),
        _ => return None,
    })
}
