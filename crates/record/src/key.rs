//! The canonical encoding of keys, their hash and their key group.
//!
//! The encoding orders bytes as SQL orders values (NULL first), treats -0.0 as 0.0 and all NaNs as one, and does not depend on
//! how Arrow lays values out. **It is state layout**: the golden vectors in the tests never change.
//!
//! ```text
//! null            00
//! value           01 payload
//! integers        two's complement, sign bit flipped, big endian, in their own width
//! FLOAT, DOUBLE   IEEE bits; negative: all flipped, else sign bit flipped; big endian
//! DECIMAL         unscaled as 128-bit integer
//! BOOLEAN         00 or 01
//! DATE, TIME      as 32-bit integer;   intervals: as 32-bit months, 64-bit milliseconds
//! TIMESTAMP(p)    milliseconds as 64-bit integer, then for p > 3 nanoseconds of the millisecond as 32-bit integer
//! strings, bytes  the bytes with 00 written 00 ff, ended by 00 01
//! ROW             its fields, each as a key of its own
//! ARRAY           02 element … 00;   MAP and MULTISET the same over (key, value), ordered by the key's encoding
//! ```
//!
//! `key_group = (murmur3_32(encoding) & 0x7fffffff) % max_parallelism`, and a key group belongs to the subtask
//! `key_group * parallelism / max_parallelism`, as in Flink. (MurmurHash3 x86_32, seed 0, by Austin Appleby.)

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalYearMonthType, Time32MillisecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType as ArrowType, TimeUnit};

const NULL: u8 = 0;
const VALUE: u8 = 1;
const ELEMENT: u8 = 2;
const END: u8 = 0;

/// The encoded keys of a batch's rows and their hashes. Reused from batch to batch, so that encoding allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct KeyRows {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    hashes: Vec<u32>,
}

impl KeyRows {
    /// The encoded keys of rows with these key columns; no column at all gives every row the empty key.
    pub fn encode(columns: &[ArrayRef], rows: usize) -> Self {
        let mut keys = KeyRows::default();
        keys.encode_into(columns, rows);
        keys
    }

    /// Replaces the content by the keys of these columns, keeping the memory.
    pub fn encode_into(&mut self, columns: &[ArrayRef], rows: usize) {
        self.bytes.clear();
        self.ends.clear();
        self.hashes.clear();
        if let [only] = columns
            && encode_fixed_column(only, rows, &mut self.bytes, &mut self.ends)
        {
            // one column of fixed width: no dispatch per row
        } else {
            let encoders: Vec<Cell<'_>> = columns.iter().map(|column| Cell::of(column)).collect();
            for row in 0..rows {
                encoders.iter().for_each(|encoder| encoder.encode(row, &mut self.bytes));
                self.ends.push(self.bytes.len() as u32);
            }
        }
        assert_eq!(self.ends.len(), rows, "each row has a key");
        let mut start = 0;
        for end in &self.ends {
            self.hashes.push(murmur3_32(&self.bytes[start..*end as usize]));
            start = *end as usize;
        }
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A row's encoded key.
    pub fn key(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.bytes[start..self.ends[row] as usize]
    }

    /// A row's hash.
    pub fn hash(&self, row: usize) -> u32 {
        self.hashes[row]
    }

    /// Whether two rows have the same key. (Nothing is compared where there is no key: comparing no bytes at no address is slow on some CPUs.)
    pub fn is_same(&self, row: usize, other: usize) -> bool {
        let (key, other_key) = (self.key(row), self.key(other));
        self.hashes[row] == self.hashes[other] && key.len() == other_key.len() && (key.is_empty() || key == other_key)
    }

    /// All hashes.
    pub fn hashes(&self) -> &[u32] {
        &self.hashes
    }
}

/// Encodes one non-null-free column of fixed width; false if the column is of another kind.
fn encode_fixed_column(column: &ArrayRef, rows: usize, bytes: &mut Vec<u8>, ends: &mut Vec<u32>) -> bool {
    let values = match column.data_type() {
        ArrowType::Int64 => column.as_primitive::<Int64Type>().values(),
        ArrowType::Timestamp(TimeUnit::Millisecond, _) => column.as_primitive::<TimestampMillisecondType>().values(),
        _ => return false,
    };
    if column.null_count() > 0 {
        return false;
    }
    bytes.reserve(rows * 9);
    for value in &values[..rows] {
        bytes.push(VALUE);
        bytes.extend_from_slice(&(*value as u64 ^ (1 << 63)).to_be_bytes());
        ends.push(bytes.len() as u32);
    }
    true
}

/// How to encode one cell of a column.
struct Cell<'a> {
    column: &'a dyn Array,
    write: fn(&dyn Array, usize, &mut Vec<u8>),
}

macro_rules! integer {
    ($arrow:ty, $unsigned:ty) => {
        |array, row, out| {
            let value = array.as_primitive::<$arrow>().value(row);
            let flipped = (value as $unsigned) ^ (1 << (<$unsigned>::BITS - 1));
            out.extend_from_slice(&flipped.to_be_bytes());
        }
    };
}

impl<'a> Cell<'a> {
    fn of(column: &'a dyn Array) -> Self {
        let write: fn(&dyn Array, usize, &mut Vec<u8>) = match column.data_type() {
            ArrowType::Int8 => integer!(Int8Type, u8),
            ArrowType::Int16 => integer!(Int16Type, u16),
            ArrowType::Int32 => integer!(Int32Type, u32),
            ArrowType::Int64 => integer!(Int64Type, u64),
            ArrowType::Date32 => integer!(Date32Type, u32),
            ArrowType::Time32(_) => integer!(Time32MillisecondType, u32),
            ArrowType::Interval(_) => integer!(IntervalYearMonthType, u32),
            ArrowType::Duration(_) => integer!(DurationMillisecondType, u64),
            ArrowType::Decimal128(_, _) => integer!(Decimal128Type, u128),
            ArrowType::Timestamp(TimeUnit::Millisecond, _) => integer!(TimestampMillisecondType, u64),
            ArrowType::Timestamp(TimeUnit::Microsecond, _) => |array, row, out| {
                encode_fine_timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row), 1_000, out);
            },
            ArrowType::Timestamp(_, _) => |array, row, out| {
                encode_fine_timestamp(array.as_primitive::<TimestampNanosecondType>().value(row), 1_000_000, out);
            },
            ArrowType::Boolean => |array, row, out| out.push(u8::from(array.as_boolean().value(row))),
            ArrowType::Float32 => |array, row, out| encode_float(array.as_primitive::<Float32Type>().value(row), out),
            ArrowType::Float64 => |array, row, out| encode_double(array.as_primitive::<Float64Type>().value(row), out),
            ArrowType::Utf8 => |array, row, out| encode_bytes(array.as_string::<i32>().value(row).as_bytes(), out),
            ArrowType::Binary => |array, row, out| encode_bytes(array.as_binary::<i32>().value(row), out),
            ArrowType::Struct(_) => encode_struct,
            ArrowType::List(_) => encode_list,
            ArrowType::Map(_, _) => encode_map,
            ArrowType::Null => |_, _, _| {},
            other => unreachable!("no logical type lies as {other}"),
        };
        Cell { column, write }
    }

    fn encode(&self, row: usize, out: &mut Vec<u8>) {
        if self.column.is_null(row) || matches!(self.column.data_type(), ArrowType::Null) {
            out.push(NULL);
        } else {
            out.push(VALUE);
            (self.write)(self.column, row, out);
        }
    }
}

fn encode_fine_timestamp(value: i64, units_per_ms: i64, out: &mut Vec<u8>) {
    let millis = value.div_euclid(units_per_ms);
    let nanos = (value.rem_euclid(units_per_ms) * (1_000_000 / units_per_ms)) as u32;
    out.extend_from_slice(&(millis as u64 ^ (1 << 63)).to_be_bytes());
    out.extend_from_slice(&(nanos ^ (1 << 31)).to_be_bytes());
}

fn encode_float(value: f32, out: &mut Vec<u8>) {
    let value = if value.is_nan() { f32::NAN } else { value + 0.0 };
    let bits = value.to_bits();
    let ordered = if bits >> 31 == 1 { !bits } else { bits ^ (1 << 31) };
    out.extend_from_slice(&ordered.to_be_bytes());
}

fn encode_double(value: f64, out: &mut Vec<u8>) {
    let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
    let bits = value.to_bits();
    let ordered = if bits >> 63 == 1 { !bits } else { bits ^ (1 << 63) };
    out.extend_from_slice(&ordered.to_be_bytes());
}

fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.contains(&0) {
        out.extend_from_slice(bytes);
    } else {
        for byte in bytes {
            out.push(*byte);
            if *byte == 0 {
                out.push(0xff);
            }
        }
    }
    out.extend_from_slice(&[0, 1]);
}

fn encode_struct(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    array.as_struct().columns().iter().for_each(|column| Cell::of(column).encode(row, out));
}

fn encode_list(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    let items = array.as_list::<i32>().value(row);
    let cell = Cell::of(&items);
    for item in 0..items.len() {
        out.push(ELEMENT);
        cell.encode(item, out);
    }
    out.push(END);
}

fn encode_map(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    let entries = array.as_map().value(row);
    let (keys, values) = (Cell::of(entries.column(0)), Cell::of(entries.column(1)));
    let mut encoded: Vec<Vec<u8>> = (0..entries.len())
        .map(|entry| {
            let mut bytes = Vec::new();
            keys.encode(entry, &mut bytes);
            values.encode(entry, &mut bytes);
            bytes
        })
        .collect();
    encoded.sort();
    for entry in encoded {
        out.push(ELEMENT);
        out.extend_from_slice(&entry);
    }
    out.push(END);
}

/// MurmurHash3 x86_32 with seed 0.
pub fn murmur3_32(bytes: &[u8]) -> u32 {
    const C1: u32 = 0xcc9e_2d51;
    const C2: u32 = 0x1b87_3593;
    let mut hash = 0u32;
    let (blocks, tail) = bytes.as_chunks::<4>();
    for block in blocks {
        let k = u32::from_le_bytes(*block).wrapping_mul(C1).rotate_left(15).wrapping_mul(C2);
        hash = (hash ^ k).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let mut k = 0u32;
    for (i, byte) in tail.iter().enumerate() {
        k |= u32::from(*byte) << (8 * i);
    }
    hash ^= k.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2);
    hash ^= bytes.len() as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// The key group of a hash.
pub fn key_group(hash: u32, max_parallelism: u32) -> u32 {
    (hash & 0x7fff_ffff) % max_parallelism
}

/// The subtask to which a key group belongs.
pub fn subtask_of_key_group(key_group: u32, parallelism: u32, max_parallelism: u32) -> u32 {
    debug_assert!(parallelism <= max_parallelism && key_group < max_parallelism);
    key_group * parallelism / max_parallelism
}

/// The key groups of a subtask: `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyGroupRange {
    /// First key group.
    pub start: u32,
    /// One past the last key group.
    pub end: u32,
}

impl KeyGroupRange {
    /// The key groups for which [`subtask_of_key_group`] gives this subtask.
    pub fn of_subtask(subtask: u32, parallelism: u32, max_parallelism: u32) -> Self {
        assert!(subtask < parallelism && parallelism <= max_parallelism, "no more subtasks than key groups");
        let start = (subtask * max_parallelism).div_ceil(parallelism);
        let end = ((subtask + 1) * max_parallelism).div_ceil(parallelism);
        KeyGroupRange { start, end }
    }

    /// Whether a key group is in the range.
    pub fn contains(&self, key_group: u32) -> bool {
        (self.start..self.end).contains(&key_group)
    }
}

/// `pipeline.max-parallelism` of a job that does not set it: 1.5 times the parallelism, rounded up to a power of two, between
/// 128 and 32768 (Flink's `KeyGroupRangeAssignment.computeDefaultMaxParallelism`).
pub fn default_max_parallelism(parallelism: u32) -> u32 {
    let wanted = (parallelism + parallelism / 2).next_power_of_two();
    wanted.clamp(crate::limits::KEY_GROUPS_DEFAULT, crate::limits::KEY_GROUPS_MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Float64Array, Int64Array, StringArray};
    use proptest::prelude::*;

    use super::*;

    fn encode(column: ArrayRef) -> Vec<Vec<u8>> {
        let keys = KeyRows::encode(std::slice::from_ref(&column), column.len());
        (0..keys.len()).map(|row| keys.key(row).to_vec()).collect()
    }

    /// State layout: these vectors never change.
    #[test]
    fn golden_vectors() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(-1), None]));
        let keys = encode(column.clone());
        assert_eq!(keys[0], [1, 0x80, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(keys[1], [1, 0x7f, 255, 255, 255, 255, 255, 255, 255]);
        assert_eq!(keys[2], [0]);
        let text: ArrayRef = Arc::new(StringArray::from(vec!["ab", "a\0b", ""]));
        assert_eq!(encode(text), [vec![1, 97, 98, 0, 1], vec![1, 97, 0, 255, 98, 0, 1], vec![1, 0, 1]]);
        let keys = KeyRows::encode(&[column], 3);
        assert_eq!(keys.hashes(), [2_998_985_705, 2_755_017_297, 1_364_076_727]);
    }

    #[test]
    fn murmur3_of_the_reference_vectors() {
        assert_eq!(murmur3_32(b""), 0);
        assert_eq!(murmur3_32(b"test"), 0xba6b_d213);
        assert_eq!(murmur3_32(b"Hello, world!"), 0xc036_3e43);
        assert_eq!(murmur3_32(b"The quick brown fox jumps over the lazy dog"), 0x2e4f_f723);
    }

    #[test]
    fn zeros_and_nans_are_one_key_each() {
        let column: ArrayRef = Arc::new(Float64Array::from(vec![0.0, -0.0, f64::NAN, -f64::NAN]));
        let keys = encode(column);
        assert_eq!(keys[0], keys[1]);
        assert_eq!(keys[2], keys[3]);
    }

    proptest! {
        #[test]
        fn bytes_order_as_numbers_do(mut values: Vec<Option<i64>>) {
            values.sort();
            let keys = encode(Arc::new(Int64Array::from(values)));
            prop_assert!(keys.is_sorted());
        }

        #[test]
        fn bytes_order_as_strings_do(mut values: Vec<Option<String>>) {
            values.sort();
            let keys = encode(Arc::new(StringArray::from(values)));
            prop_assert!(keys.is_sorted());
        }

        #[test]
        fn each_key_group_has_one_subtask(parallelism in 1u32..200, max in 200u32..2000) {
            for subtask in 0..parallelism {
                let range = KeyGroupRange::of_subtask(subtask, parallelism, max);
                for group in range.start..range.end {
                    prop_assert_eq!(subtask_of_key_group(group, parallelism, max), subtask);
                }
            }
            prop_assert_eq!(KeyGroupRange::of_subtask(parallelism - 1, parallelism, max).end, max);
        }
    }
}
