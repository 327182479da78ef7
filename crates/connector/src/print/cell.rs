//! One cell as Java's `Row.toString` writes it, appended to a line without allocating for the usual types.

use std::fmt::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use flott_record::value_array::value_at;
use flott_record::{DataType, TypeKind};

/// Appends the text of a cell.
pub fn write_cell(out: &mut String, column: &ArrayRef, row: usize, data_type: &DataType) {
    if column.is_null(row) {
        out.push_str("null");
        return;
    }
    // Writing to a String cannot fail.
    let _infallible = match &data_type.kind {
        TypeKind::Char(_) | TypeKind::Varchar(_) => out.write_str(column.as_string::<i32>().value(row)),
        TypeKind::TinyInt => write!(out, "{}", column.as_primitive::<Int8Type>().value(row)),
        TypeKind::SmallInt => write!(out, "{}", column.as_primitive::<Int16Type>().value(row)),
        TypeKind::Int => write!(out, "{}", column.as_primitive::<Int32Type>().value(row)),
        TypeKind::BigInt => write!(out, "{}", column.as_primitive::<Int64Type>().value(row)),
        TypeKind::Boolean => write!(out, "{}", column.as_boolean().value(row)),
        _ => write!(out, "{}", value_at(column, row, data_type)),
    };
}
