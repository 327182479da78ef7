//! Typed records as they lie in batches.

use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as ArrowType;
use flott_record::data_type::LENGTH_MAX;
use flott_record::{Batch, Field, Schema, TypeKind, Value};
use flott_state::{DecodeError, StateValue};

use crate::interface::OperatorError;

/// A type whose values are the rows of a stream. Between chains rows travel as columns; inside a function they are values.
///
/// A record either spreads over columns, which SQL can then read, or lies in one column of bytes ([`encode_payload`]) beside the columns
/// that the stream is keyed by.
pub trait Record: Sized {
    /// The columns.
    fn schema() -> Schema;

    /// The rows of a batch with this schema.
    ///
    /// # Errors
    /// Columns that are not of the schema.
    fn from_batch(batch: &Batch) -> Result<Vec<Self>, OperatorError>;

    /// A batch of these rows.
    ///
    /// # Errors
    /// A row that its columns cannot hold.
    fn to_batch(rows: Vec<Self>) -> Result<Batch, OperatorError>;
}

/// The field of a column of encoded values.
pub fn payload_field(name: &str) -> Field {
    Field::new(name, TypeKind::Varbinary(LENGTH_MAX).not_null())
}

/// A column of encoded values.
pub fn encode_payload<'a, V: StateValue + 'a>(values: impl Iterator<Item = &'a V>) -> ArrayRef {
    let mut builder = BinaryBuilder::new();
    let mut bytes = Vec::new();
    for value in values {
        bytes.clear();
        value.encode(&mut bytes);
        builder.append_value(&bytes);
    }
    Arc::new(builder.finish())
}

/// The values of such a column.
///
/// # Errors
/// The column holds something else.
pub fn decode_payload<V: StateValue>(column: &ArrayRef) -> Result<Vec<V>, OperatorError> {
    if *column.data_type() != ArrowType::Binary {
        return Err(OperatorError::Failed(format!("a column of encoded values is {}", column.data_type())));
    }
    let payloads = column.as_binary::<i32>();
    let decode = |row: usize| {
        let mut bytes = payloads.value(row);
        let value = V::decode(&mut bytes)?;
        if bytes.is_empty() { Ok(value) } else { Err(DecodeError(format!("{} bytes too many", bytes.len())).into()) }
    };
    (0..payloads.len()).map(decode).collect()
}

/// A key as a function sees it.
pub trait Key: Sized {
    /// The key of the key columns' values; `None` if they are of other types.
    fn from_values(values: &[Value]) -> Option<Self>;
}

impl Key for i64 {
    fn from_values(values: &[Value]) -> Option<Self> {
        match values {
            [Value::BigInt(value)] => Some(*value),
            [Value::Int(value)] => Some(i64::from(*value)),
            _ => None,
        }
    }
}

impl Key for String {
    fn from_values(values: &[Value]) -> Option<Self> {
        match values {
            [Value::String(value)] => Some(value.clone()),
            _ => None,
        }
    }
}

/// Any key, untyped.
impl Key for Vec<Value> {
    fn from_values(values: &[Value]) -> Option<Self> {
        Some(values.to_vec())
    }
}
