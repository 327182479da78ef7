//! Timestamps out of arrays of any unit.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType};
use arrow_schema::{DataType, TimeUnit};

/// A timestamp in its array's own unit, which is that of its precision.
#[inline]
pub fn timestamp_at(column: &dyn Array, row: usize) -> i64 {
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Millisecond, _) => column.as_primitive::<TimestampMillisecondType>().value(row),
        DataType::Timestamp(TimeUnit::Microsecond, _) => column.as_primitive::<TimestampMicrosecondType>().value(row),
        _ => column.as_primitive::<TimestampNanosecondType>().value(row),
    }
}
