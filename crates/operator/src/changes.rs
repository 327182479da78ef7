//! Which results differ: compares rows of result columns in pairs.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalYearMonthType, Time32MillisecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType};
use arrow_schema::{DataType as ArrowType, TimeUnit};
use flott_record::KeyRows;

/// Sets `changed[i]` where the two rows `pair(i)` of the column differ; NULL equals NULL.
pub(crate) fn mark_changed(column: &ArrayRef, changed: &mut [bool], pair: impl Fn(usize) -> (usize, usize)) {
    match column.data_type() {
        ArrowType::Int8 => numbers::<Int8Type>(column, changed, pair),
        ArrowType::Int16 => numbers::<Int16Type>(column, changed, pair),
        ArrowType::Int32 => numbers::<Int32Type>(column, changed, pair),
        ArrowType::Int64 => numbers::<Int64Type>(column, changed, pair),
        ArrowType::Float32 => numbers::<Float32Type>(column, changed, pair),
        ArrowType::Float64 => numbers::<Float64Type>(column, changed, pair),
        ArrowType::Date32 => numbers::<Date32Type>(column, changed, pair),
        ArrowType::Time32(_) => numbers::<Time32MillisecondType>(column, changed, pair),
        ArrowType::Interval(_) => numbers::<IntervalYearMonthType>(column, changed, pair),
        ArrowType::Duration(_) => numbers::<DurationMillisecondType>(column, changed, pair),
        ArrowType::Decimal128(_, _) => numbers::<Decimal128Type>(column, changed, pair),
        ArrowType::Timestamp(TimeUnit::Millisecond, _) => numbers::<TimestampMillisecondType>(column, changed, pair),
        ArrowType::Timestamp(TimeUnit::Microsecond, _) => numbers::<TimestampMicrosecondType>(column, changed, pair),
        ArrowType::Timestamp(_, _) => numbers::<TimestampNanosecondType>(column, changed, pair),
        ArrowType::Utf8 => {
            let texts = column.as_string::<i32>();
            mark(column, changed, pair, |a, b| texts.value(a) != texts.value(b));
        }
        _ => {
            let keys = KeyRows::encode(std::slice::from_ref(column), column.len());
            mark(column, changed, pair, |a, b| keys.key(a) != keys.key(b));
        }
    }
}

fn numbers<T: ArrowPrimitiveType>(column: &ArrayRef, changed: &mut [bool], pair: impl Fn(usize) -> (usize, usize)) {
    let values = column.as_primitive::<T>().values();
    mark(column, changed, pair, |a, b| values[a] != values[b]);
}

fn mark(
    column: &ArrayRef,
    changed: &mut [bool],
    pair: impl Fn(usize) -> (usize, usize),
    differ: impl Fn(usize, usize) -> bool,
) {
    match column.nulls() {
        None => {
            for (row, changed) in changed.iter_mut().enumerate() {
                let (a, b) = pair(row);
                *changed |= differ(a, b);
            }
        }
        Some(nulls) => {
            for (row, changed) in changed.iter_mut().enumerate() {
                let (a, b) = pair(row);
                *changed |= match (nulls.is_valid(a), nulls.is_valid(b)) {
                    (true, true) => differ(a, b),
                    (a, b) => a != b,
                };
            }
        }
    }
}
