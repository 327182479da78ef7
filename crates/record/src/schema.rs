//! Named columns.

use serde::{Deserialize, Serialize};

use crate::data_type::DataType;

/// A column's or row field's name and type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Field {
    /// Case-sensitive, as in Flink.
    pub name: String,
    /// The type, with nullability.
    pub data_type: DataType,
}

impl Field {
    /// A field of this name and type.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Field { name: name.into(), data_type }
    }
}

/// The columns of a batch, in order. Names need not be unique (a join's output may repeat them).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Schema {
    /// The columns.
    pub fields: Vec<Field>,
}

impl Schema {
    /// A schema of these columns.
    pub fn new(fields: Vec<Field>) -> Self {
        Schema { fields }
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The first column of this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The type of a column.
    pub fn data_type(&self, index: usize) -> &DataType {
        &self.fields[index].data_type
    }
}
