//! The scalar functions on bitmaps. A bitmap lies as bytes in the portable format of Roaring bitmaps
//! (<https://github.com/RoaringBitmap/RoaringFormatSpec>).

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder};
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, cast::AsArray};
use roaring::RoaringBitmap;

use super::constants::{ByteStrings, Column, build_bytes, build_numbers, build_texts, scalars, valid_rows};
use super::mapping::{failed, is_valid};
use super::{CallSite, Frame, ScalarFunction};
use crate::evaluator::{CompileError, EvaluationError};

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    let function = match call.name.as_str() {
        "BITMAP_AND" => combination(|left, right| left & right),
        "BITMAP_OR" => combination(|left, right| left | right),
        "BITMAP_XOR" => combination(|left, right| left ^ right),
        "BITMAP_ANDNOT" => combination(|left, right| left - right),
        "BITMAP_BUILD" => scalars(build),
        // The format is checked, and made canonical.
        "BITMAP_FROM_BYTES" => scalars(to_bytes),
        "BITMAP_TO_BYTES" => scalars(to_bytes),
        "BITMAP_CARDINALITY" => scalars(cardinality),
        "BITMAP_TO_ARRAY" => scalars(to_array),
        "BITMAP_TO_STRING" => scalars(to_string),
        _ => return None,
    };
    Some(Ok(function))
}

fn read(bytes: &[u8], row: usize) -> Result<RoaringBitmap, EvaluationError> {
    RoaringBitmap::deserialize_from(bytes).map_err(|_| failed(row, "Failed to deserialize bitmap from bytes."))
}

fn write(bitmap: &RoaringBitmap, out: &mut Vec<u8>, row: usize) -> Result<bool, EvaluationError> {
    bitmap.serialize_into(out).map_err(|error| failed(row, error.to_string()))?;
    Ok(true)
}

fn combination(combine: fn(RoaringBitmap, RoaringBitmap) -> RoaringBitmap) -> Box<dyn ScalarFunction> {
    scalars(move |arguments, frame| {
        let (left, right) = (ByteStrings::of(&arguments[0]), ByteStrings::of(&arguments[1]));
        build_bytes(arguments, frame.rows, |row, out| {
            write(&combine(read(left.at(row), row)?, read(right.at(row), row)?), out, row)
        })
    })
}

/// The bits of each INT are an unsigned number; NULLs are left out.
fn build(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let lists = arguments[0].as_list::<i32>();
    let members = lists.values().as_primitive::<Int32Type>();
    build_bytes(arguments, frame.rows, |row, out| {
        let row_in_list = if lists.len() == 1 { 0 } else { row };
        let offsets = lists.value_offsets();
        let places = offsets[row_in_list] as usize..offsets[row_in_list + 1] as usize;
        let present = places.filter(|place| members.is_valid(*place));
        let bitmap: RoaringBitmap = present.map(|place| members.value(place) as u32).collect();
        write(&bitmap, out, row)
    })
}

fn to_bytes(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let bytes = ByteStrings::of(&arguments[0]);
    build_bytes(arguments, frame.rows, |row, out| write(&read(bytes.at(row), row)?, out, row))
}

fn cardinality(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let bytes = ByteStrings::of(&arguments[0]);
    build_numbers::<Int64Type>(arguments, frame.rows, |row| Ok(Some(read(bytes.at(row), row)?.len() as i64)))
}

/// In order of the unsigned numbers, each as an INT of the same bits.
fn to_array(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let bytes = ByteStrings::of(&arguments[0]);
    let valid = valid_rows(arguments, frame.rows);
    let mut lists = ListBuilder::new(Int32Builder::new());
    for row in 0..frame.rows {
        let present = is_valid(&valid, row);
        if present {
            read(bytes.at(row), row)?.iter().for_each(|member| lists.values().append_value(member as i32));
        }
        lists.append(present);
    }
    Ok(Arc::new(lists.finish()))
}

/// `{1,2,4294967295}`
fn to_string(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let bytes = ByteStrings::of(&arguments[0]);
    build_texts(arguments, frame.rows, |row, out| {
        out.push('{');
        for (i, member) in read(bytes.at(row), row)?.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            // Writing to a String cannot fail.
            let _infallible = write!(out, "{comma}{member}");
        }
        out.push('}');
        Ok(true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_flink() {
        let bitmap: RoaringBitmap = [1, 2, 3, 100_000].into_iter().collect();
        let mut bytes = Vec::new();
        write(&bitmap, &mut bytes, 0).expect("written");
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "3a300000020000000000020001000000180000001e000000010002000300a086");
        assert_eq!(read(&bytes, 0).expect("a bitmap"), bitmap);
        assert_eq!(read(b"invalid", 0).expect_err("no bitmap").message, "Failed to deserialize bitmap from bytes.");
    }
}
