//! Rows kept in state as compact bytes: encoded and decoded column by column, so that neither direction does work per cell and type.
//!
//! ```text
//! row     nulls  fixed values  ends  variable values
//! nulls   one bit a column, 1 = NULL, lowest bit first, padded to whole bytes
//! fixed   integers, floats, decimals, times: little endian in their Arrow width; BOOLEAN one byte; zeros where NULL
//! ends    for each column of variable width where its value ends, 32-bit little endian, counted from the first value's start
//! strings, bytes   as they are;   ROW      its fields as a row
//! ARRAY, MAP       LEB128 count, then each element as LEB128 length and a row of one (MAP: two) columns
//! ```
//!
//! Equal values give equal bytes (but for the order of a MAP's entries), so rows are compared as bytes. The layout is part of
//! snapshots and versioned with them ([`crate::limits::SNAPSHOT_VERSION`]).

mod decode;
mod encode;

use arrow_array::ArrayRef;
use arrow_schema::{DataType as ArrowType, IntervalUnit, TimeUnit};
use flott_record::{Batch, Schema};

use crate::encoding::DecodeError;

/// Where a column lies in a row.
#[derive(Clone, Debug)]
enum Place {
    /// At a fixed offset from the row's start.
    Fixed { offset: usize },
    /// The n-th value of variable width.
    Variable { index: usize },
    /// Nowhere: the column is always NULL.
    Nowhere,
}

#[derive(Clone, Debug)]
struct Column {
    arrow: ArrowType,
    place: Place,
    /// Layout of a ROW's fields or of an element's columns.
    nested: Option<Layout>,
}

/// How the columns of a schema lie in a row.
#[derive(Clone, Debug)]
struct Layout {
    columns: Vec<Column>,
    /// Bytes up to the end of the fixed values; the ends of variable values follow.
    fixed_end: usize,
    /// Number of columns of variable width.
    variable: usize,
}

impl Layout {
    fn new(types: impl ExactSizeIterator<Item = ArrowType>) -> Self {
        let mut layout = Layout { columns: Vec::new(), fixed_end: types.len().div_ceil(8), variable: 0 };
        for arrow in types {
            let place = match fixed_width(&arrow) {
                Some(0) => Place::Nowhere,
                Some(width) => {
                    layout.fixed_end += width;
                    Place::Fixed { offset: layout.fixed_end - width }
                }
                None => {
                    layout.variable += 1;
                    Place::Variable { index: layout.variable - 1 }
                }
            };
            let nested = nested_layout(&arrow);
            layout.columns.push(Column { arrow, place, nested });
        }
        layout
    }

    /// Bytes before the first variable value.
    fn head_bytes(&self) -> usize {
        self.fixed_end + 4 * self.variable
    }

    /// A row of NULLs.
    fn null_row(&self) -> Vec<u8> {
        let mut row = vec![0; self.head_bytes()];
        for column in 0..self.columns.len() {
            row[column / 8] |= 1 << (column % 8);
        }
        row
    }
}

fn nested_layout(arrow: &ArrowType) -> Option<Layout> {
    match arrow {
        ArrowType::List(item) => Some(Layout::new([item.data_type().clone()].into_iter())),
        ArrowType::Struct(fields) => Some(Layout::new(fields.iter().map(|field| field.data_type().clone()))),
        ArrowType::Map(entries, _) => nested_layout(entries.data_type()),
        _ => None,
    }
}

/// Bytes of a value of fixed width; `None` if the width varies.
fn fixed_width(arrow: &ArrowType) -> Option<usize> {
    match arrow {
        ArrowType::Null => Some(0),
        ArrowType::Boolean | ArrowType::Int8 => Some(1),
        ArrowType::Int16 => Some(2),
        ArrowType::Int32 | ArrowType::Float32 | ArrowType::Date32 => Some(4),
        ArrowType::Time32(TimeUnit::Millisecond) | ArrowType::Interval(IntervalUnit::YearMonth) => Some(4),
        ArrowType::Int64 | ArrowType::Float64 | ArrowType::Timestamp(_, None) => Some(8),
        ArrowType::Duration(TimeUnit::Millisecond) => Some(8),
        ArrowType::Decimal128(_, _) => Some(16),
        ArrowType::Utf8 | ArrowType::Binary => None,
        ArrowType::List(_) | ArrowType::Struct(_) | ArrowType::Map(_, _) => None,
        other => unreachable!("no logical type lies as {other}"),
    }
}

/// The encoded rows of a batch, one after the other.
#[derive(Clone, Debug, Default)]
pub struct EncodedRows {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl EncodedRows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One row's bytes.
    pub fn row(&self, row: usize) -> &[u8] {
        &self.bytes[self.start(row)..self.ends[row]]
    }

    fn start(&self, row: usize) -> usize {
        if row == 0 { 0 } else { self.ends[row - 1] }
    }
}

/// Encodes rows of one schema to bytes and back.
#[derive(Clone, Debug)]
pub struct RowEncoder {
    layout: Layout,
}

impl RowEncoder {
    /// An encoder of rows with these columns.
    pub fn new(schema: &Schema) -> Self {
        RowEncoder { layout: Layout::new(schema.fields.iter().map(|field| field.data_type.to_arrow())) }
    }

    /// The rows of a batch as bytes; kinds are not part of a row.
    pub fn encode(&self, batch: &Batch) -> EncodedRows {
        self.encode_columns(batch.columns(), batch.num_rows())
    }

    /// Rows as bytes.
    ///
    /// # Panics
    /// If the columns are not of the encoder's types: a fault of the caller, never of data.
    pub fn encode_columns(&self, columns: &[ArrayRef], rows: usize) -> EncodedRows {
        encode::encode(&self.layout, columns, rows)
    }

    /// The columns of encoded rows.
    ///
    /// # Errors
    /// If the bytes are no rows of this encoder's schema: a damaged or foreign snapshot.
    pub fn decode(&self, rows: &[&[u8]]) -> Result<Vec<ArrayRef>, DecodeError> {
        decode::decode(&self.layout, rows)
    }
}

#[cfg(test)]
mod tests {
    use flott_record::value_array::{batch_from_rows, rows_of_batch};
    use flott_record::{DataType, Field, RowKind, TypeKind, Value};
    use proptest::prelude::*;
    use proptest::strategy::Union;

    use super::*;

    fn leaf(kind: TypeKind, values: impl Strategy<Value = Value> + 'static) -> (DataType, BoxedStrategy<Value>) {
        (kind.nullable(), prop_oneof![1 => Just(Value::Null), 3 => values].boxed())
    }

    fn leaves() -> Vec<(DataType, BoxedStrategy<Value>)> {
        vec![
            leaf(TypeKind::Boolean, any::<bool>().prop_map(Value::Boolean)),
            leaf(TypeKind::TinyInt, any::<i8>().prop_map(Value::TinyInt)),
            leaf(TypeKind::SmallInt, any::<i16>().prop_map(Value::SmallInt)),
            leaf(TypeKind::Int, any::<i32>().prop_map(Value::Int)),
            leaf(TypeKind::BigInt, any::<i64>().prop_map(Value::BigInt)),
            leaf(TypeKind::Float, (-1e9f32..1e9).prop_map(Value::Float)),
            leaf(TypeKind::Double, (-1e9f64..1e9).prop_map(Value::Double)),
            leaf(
                TypeKind::Decimal { precision: 38, scale: 4 },
                any::<i64>().prop_map(|unscaled| Value::Decimal(i128::from(unscaled) * 1_000_003, 4)),
            ),
            leaf(TypeKind::Date, any::<i32>().prop_map(Value::Date)),
            leaf(TypeKind::Time(3), (0..86_400_000i32).prop_map(Value::Time)),
            leaf(TypeKind::Timestamp(3), any::<i64>().prop_map(|value| Value::Timestamp(value, 3))),
            leaf(TypeKind::TimestampLtz(6), any::<i64>().prop_map(|value| Value::TimestampLtz(value, 6))),
            leaf(TypeKind::Timestamp(9), any::<i64>().prop_map(|value| Value::Timestamp(value, 9))),
            leaf(TypeKind::IntervalYearMonth, any::<i32>().prop_map(Value::IntervalYearMonth)),
            leaf(TypeKind::IntervalDayTime, any::<i64>().prop_map(Value::IntervalDayTime)),
            leaf(TypeKind::string(), ".{0,12}".prop_map(Value::String)),
            leaf(TypeKind::Varbinary(9), any::<Vec<u8>>().prop_map(Value::Bytes)),
            (TypeKind::Null.nullable(), Just(Value::Null).boxed()),
        ]
    }

    fn nested((inner, values): (DataType, BoxedStrategy<Value>)) -> BoxedStrategy<(DataType, BoxedStrategy<Value>)> {
        let array = TypeKind::Array(Box::new(inner.clone()));
        let items = proptest::collection::vec(values.clone(), 0..4).prop_map(Value::Array);
        let map = TypeKind::Map(Box::new(TypeKind::Int.not_null()), Box::new(inner.clone()));
        let entry = (any::<i32>().prop_map(Value::Int), values.clone());
        let entries = proptest::collection::vec(entry, 0..4).prop_map(Value::Map);
        let fields = vec![Field::new("a", inner), Field::new("b", TypeKind::string().nullable())];
        let row = (values, ".{0,5}".prop_map(Value::String)).prop_map(|(a, b)| Value::Row(vec![a, b]));
        prop_oneof![Just(leaf(array, items)), Just(leaf(map, entries)), Just(leaf(TypeKind::Row(fields), row)),].boxed()
    }

    /// A column's type and values: a leaf, or up to two levels of nesting.
    fn column() -> BoxedStrategy<(DataType, BoxedStrategy<Value>)> {
        let leaf = Union::new(leaves().into_iter().map(|leaf| Just(leaf).boxed())).boxed();
        let once = leaf.clone().prop_flat_map(nested).boxed();
        let twice = once.clone().prop_flat_map(nested).boxed();
        prop_oneof![3 => leaf, 1 => once, 1 => twice].boxed()
    }

    fn rows() -> BoxedStrategy<(Schema, Vec<Vec<Value>>)> {
        proptest::collection::vec(column(), 0..12)
            .prop_flat_map(|columns| {
                let fields = columns.iter().map(|(data_type, _)| Field::new("x", data_type.clone())).collect();
                let cells: Vec<BoxedStrategy<Value>> = columns.into_iter().map(|(_, values)| values).collect();
                (Just(Schema::new(fields)), proptest::collection::vec(cells, 0..10))
            })
            .boxed()
    }

    fn batch((schema, rows): &(Schema, Vec<Vec<Value>>)) -> Batch {
        let rows: Vec<_> = rows.iter().map(|cells| (RowKind::Insert, cells.clone())).collect();
        batch_from_rows(schema, &rows).expect("values are of their types")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// Rows come back as they were, also from the middle of a batch and in another order.
        #[test]
        fn rows_survive_encoding(given in rows(), skip in 0usize..3) {
            let whole = batch(&given);
            let skip = skip.min(whole.num_rows());
            let part = whole.slice(skip, whole.num_rows() - skip);
            let encoder = RowEncoder::new(&given.0);
            let encoded = encoder.encode(&part);
            prop_assert_eq!(encoded.len(), part.num_rows());
            let picked: Vec<&[u8]> = (0..encoded.len()).rev().map(|row| encoded.row(row)).collect();
            let decoded = Batch::new(encoder.decode(&picked).expect("just encoded"), picked.len());
            let mut back = rows_of_batch(&given.0, &decoded);
            back.reverse();
            prop_assert_eq!(back, rows_of_batch(&given.0, &part));
            for (column, field) in decoded.columns().iter().zip(&given.0.fields) {
                prop_assert_eq!(column.data_type(), &field.data_type.to_arrow());
            }
        }

        /// Damaged bytes are an error or other values, never a panic.
        #[test]
        fn damaged_rows_do_not_panic(given in rows(), at: u16, byte: u8, cut: u8) {
            let encoder = RowEncoder::new(&given.0);
            let encoded = encoder.encode(&batch(&given));
            for row in 0..encoded.len() {
                let mut bytes = encoded.row(row).to_vec();
                if !bytes.is_empty() {
                    let length = bytes.len();
                    bytes[usize::from(at) % length] = byte;
                    let _ = encoder.decode(&[&bytes]);
                    bytes.truncate(usize::from(cut) % length);
                    let _ = encoder.decode(&[&bytes]);
                }
            }
        }
    }

    #[test]
    fn a_short_row_and_text_that_is_no_utf_8_are_refused() {
        let schema = Schema::new(vec![Field::new("s", TypeKind::string().nullable())]);
        let encoder = RowEncoder::new(&schema);
        assert!(encoder.decode(&[&[0]]).is_err());
        assert!(encoder.decode(&[&[0, 1, 0, 0, 0, 0xff]]).is_err());
        assert!(encoder.decode(&[&[0, 2, 0, 0, 0, b'a']]).is_err());
        assert!(encoder.decode(&[&[0, 1, 0, 0, 0, b'a']]).is_ok());
    }

    /// State layout: this vector never changes.
    #[test]
    fn golden_vector() {
        let schema = Schema::new(vec![
            Field::new("a", TypeKind::Int.nullable()),
            Field::new("b", TypeKind::string().nullable()),
            Field::new("c", TypeKind::Boolean.nullable()),
        ]);
        let row = vec![Value::Null, Value::String("xy".into()), Value::Boolean(true)];
        let encoded = RowEncoder::new(&schema).encode(&batch(&(schema, vec![row])));
        assert_eq!(encoded.row(0), [0b001, 0, 0, 0, 0, 1, 2, 0, 0, 0, b'x', b'y']);
    }
}
