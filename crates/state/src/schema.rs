//! The schema of rows in state, stored with each snapshot, and how rows of an older schema become rows of a newer one.
//!
//! ```text
//! may change        a nullable column is added (NULL in old rows) or dropped; columns move; NOT NULL becomes nullable;
//!                   TINYINT -> SMALLINT -> INT -> BIGINT, FLOAT -> DOUBLE, integers up to INT -> DOUBLE, longer VARCHAR and VARBINARY,
//!                   DECIMAL with more digits on either side
//! must not change   anything else, and the types of columns that keys, orders or identities are made of
//! ```
//!
//! Columns are known by their names; of several with one name the first is the first.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float32Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int16Array, Int32Array, Int64Array, new_null_array};
use flott_record::{Field, Schema, TypeKind};
use serde::{Deserialize, Serialize};

use crate::encoding::{DecodeError, StateValue};
use crate::error::StateError;
use crate::limits::SCHEMA_VERSION;
use crate::row::RowEncoder;
use crate::table::ValueCodec;

/// The schema of a state's rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowSchema {
    rows: Schema,
    /// Columns that something else than rows is made of: keys, orders, identities. Ascending.
    fixed: Vec<usize>,
}

impl RowSchema {
    /// Rows of a schema; `fixed` are the columns of keys, orders and identities.
    pub fn new<'a>(rows: &Schema, fixed: impl IntoIterator<Item = &'a usize>) -> Self {
        let mut fixed: Vec<usize> = fixed.into_iter().copied().collect();
        fixed.sort_unstable();
        fixed.dedup();
        RowSchema { rows: rows.clone(), fixed }
    }

    /// The columns of the rows.
    pub fn rows(&self) -> &Schema {
        &self.rows
    }

    /// The schema as bytes, with its version in front.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![SCHEMA_VERSION];
        out.extend(serde_json::to_vec(self).expect("a schema has no keys that are no text"));
        out
    }

    /// The schema of bytes.
    ///
    /// # Errors
    /// If the bytes are no schema of a known version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.split_first() {
            Some((&SCHEMA_VERSION, text)) => {
                serde_json::from_slice(text).map_err(|error| DecodeError(format!("the schema of a state: {error}")))
            }
            Some((version, _)) => {
                Err(DecodeError(format!("a state's schema of version {version}; this build reads {SCHEMA_VERSION}")))
            }
            None => Err(DecodeError("a state has no schema".to_string())),
        }
    }

    /// How rows of an older schema become rows of this one; `None` if they are.
    ///
    /// # Errors
    /// If they cannot; the text shows both schemas side by side.
    pub fn migration_from(&self, older: &RowSchema, state: &str) -> Result<Option<RowMigration>, StateError> {
        if self == older {
            return Ok(None);
        }
        let refused = |reason: String| {
            let text =
                format!("state {state} cannot be read as the job has it now: {reason}\n{}", side_by_side(older, self));
            StateError::Incompatible(text)
        };
        let columns: Result<Vec<Source>, String> =
            (0..self.rows.len()).map(|column| self.source_of(column, older)).collect();
        let columns = columns.map_err(refused)?;
        for (index, field) in older.rows.fields.iter().enumerate() {
            let is_taken = columns.iter().any(|source| matches!(source, Source::Column(from, _) if *from == index));
            if !is_taken && (!field.data_type.nullable || older.fixed.contains(&index)) {
                let kind = if field.data_type.nullable { "part of a key" } else { "NOT NULL" };
                return Err(refused(format!("column {} is gone, but was {kind}", field.name)));
            }
        }
        let (decoder, encoder) = (RowEncoder::new(&older.rows), RowEncoder::new(&self.rows));
        Ok(Some(RowMigration { decoder, encoder, columns, schema: self.rows.clone() }))
    }

    fn source_of(&self, column: usize, older: &RowSchema) -> Result<Source, String> {
        let field = &self.rows.fields[column];
        let occurrence = occurrence(&self.rows, column);
        let from = (0..older.rows.len()).find(|from| {
            older.rows.fields[*from].name == field.name && self::occurrence(&older.rows, *from) == occurrence
        });
        let Some(from) = from else {
            return match field.data_type.nullable && !self.fixed.contains(&column) {
                true => Ok(Source::Null),
                false => Err(format!("column {} is new, but not nullable or part of a key", field.name)),
            };
        };
        let before = &older.rows.fields[from];
        let is_fixed = self.fixed.contains(&column);
        if is_fixed != older.fixed.contains(&from) {
            return Err(format!("column {} is a part of keys in one schema only", field.name));
        }
        if before.data_type.nullable && !field.data_type.nullable {
            return Err(format!("column {} was nullable", field.name));
        }
        let (old, new) = (&before.data_type.kind, &field.data_type.kind);
        match Widening::of(old, new) {
            Some(Widening::Same) => Ok(Source::Column(from, Widening::Same)),
            Some(widening) if !is_fixed => Ok(Source::Column(from, widening)),
            Some(_) => Err(format!("column {} is part of a key and was {}", field.name, before.data_type)),
            None => Err(format!(
                "column {} was {}, which is not widened to {}",
                field.name, before.data_type, field.data_type
            )),
        }
    }
}

/// How many columns of the same name are before this one.
fn occurrence(schema: &Schema, column: usize) -> usize {
    schema.fields[..column].iter().filter(|field| field.name == schema.fields[column].name).count()
}

/// Two schemas as a table of text.
fn side_by_side(stored: &RowSchema, wanted: &RowSchema) -> String {
    let lines = |schema: &RowSchema| -> Vec<String> {
        let line = |(index, field): (usize, &Field)| {
            let mark = if schema.fixed.contains(&index) { " (key)" } else { "" };
            format!("{} {}{mark}", field.name, field.data_type)
        };
        schema.rows.fields.iter().enumerate().map(line).collect()
    };
    let (stored, wanted) = (lines(stored), lines(wanted));
    let width = stored.iter().map(|line| line.chars().count()).max().unwrap_or(0).max("in the snapshot".len());
    let mut text = format!("  {:width$} | {}", "in the snapshot", "in the job");
    for index in 0..stored.len().max(wanted.len()) {
        let cell = |lines: &[String]| lines.get(index).cloned().unwrap_or_default();
        text.push_str(&format!("\n  {:width$} | {}", cell(&stored), cell(&wanted)));
    }
    text
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Widening {
    Same,
    Integer,
    IntegerToDouble,
    FloatToDouble,
    /// By this many digits after the point.
    Decimal(u8),
}

impl Widening {
    fn of(from: &TypeKind, to: &TypeKind) -> Option<Widening> {
        use TypeKind::{BigInt, Decimal, Double, Float, Int, SmallInt, TinyInt, Varbinary, Varchar};
        match (from, to) {
            _ if from == to => Some(Widening::Same),
            (TinyInt, SmallInt | Int | BigInt) | (SmallInt, Int | BigInt) | (Int, BigInt) => Some(Widening::Integer),
            (TinyInt | SmallInt | Int, Double) => Some(Widening::IntegerToDouble),
            (Float, Double) => Some(Widening::FloatToDouble),
            (Varchar(short), Varchar(long)) | (Varbinary(short), Varbinary(long)) if short <= long => {
                Some(Widening::Same)
            }
            (Decimal { precision, scale }, Decimal { precision: wide, scale: fine })
                if fine >= scale && wide - fine >= precision - scale =>
            {
                Some(Widening::Decimal(fine - scale))
            }
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Null,
    Column(usize, Widening),
}

/// Makes rows of a schema of rows of an older one.
#[derive(Clone, Debug)]
pub struct RowMigration {
    decoder: RowEncoder,
    encoder: RowEncoder,
    columns: Vec<Source>,
    schema: Schema,
}

impl RowMigration {
    /// The new bytes of a row.
    ///
    /// # Errors
    /// If the bytes are no row of the older schema.
    pub fn row(&self, row: &[u8]) -> Result<Vec<u8>, StateError> {
        let old = self.decoder.decode(&[row])?;
        let columns: Result<Vec<ArrayRef>, StateError> = self
            .columns
            .iter()
            .zip(&self.schema.fields)
            .map(|(source, field)| match source {
                Source::Null => Ok(new_null_array(&field.data_type.to_arrow(), 1)),
                Source::Column(from, widening) => widen(&old[*from], *widening, &field.data_type.kind),
            })
            .collect();
        Ok(self.encoder.encode_columns(&columns?, 1).row(0).to_vec())
    }
}

fn integers(array: &ArrayRef) -> Vec<Option<i64>> {
    macro_rules! all {
        ($arrow:ty) => {
            array.as_primitive::<$arrow>().iter().map(|value| value.map(i64::from)).collect()
        };
    }
    match array.data_type() {
        arrow_schema::DataType::Int8 => all!(Int8Type),
        arrow_schema::DataType::Int16 => all!(Int16Type),
        arrow_schema::DataType::Int32 => all!(Int32Type),
        _ => all!(Int64Type),
    }
}

fn widen(array: &ArrayRef, widening: Widening, to: &TypeKind) -> Result<ArrayRef, StateError> {
    Ok(match (widening, to) {
        (Widening::Same, _) => array.clone(),
        (Widening::Integer, TypeKind::SmallInt) => {
            Arc::new(Int16Array::from_iter(integers(array).into_iter().map(|value| value.map(|value| value as i16))))
        }
        (Widening::Integer, TypeKind::Int) => {
            Arc::new(Int32Array::from_iter(integers(array).into_iter().map(|value| value.map(|value| value as i32))))
        }
        (Widening::Integer, _) => Arc::new(Int64Array::from(integers(array))),
        (Widening::IntegerToDouble, _) => {
            Arc::new(Float64Array::from_iter(integers(array).into_iter().map(|value| value.map(|value| value as f64))))
        }
        (Widening::FloatToDouble, _) => {
            let floats = array.as_primitive::<Float32Type>().iter();
            Arc::new(Float64Array::from_iter(floats.map(|value| value.map(f64::from))))
        }
        (Widening::Decimal(digits), kind) => {
            let factor = 10i128.pow(u32::from(digits));
            let wide = array.as_primitive::<Decimal128Type>().unary::<_, Decimal128Type>(|value| value * factor);
            Arc::new(wide.with_data_type(kind.clone().nullable().to_arrow()))
        }
    })
}

/// A value of state that has rows in it.
pub trait HoldsRows {
    /// Replaces each row by what `map` makes of it.
    ///
    /// # Errors
    /// What `map` fails with.
    fn map_rows(&mut self, map: MapRow<'_>) -> Result<(), StateError>;
}

/// Makes a row of another.
pub type MapRow<'a> = &'a mut dyn FnMut(&[u8]) -> Result<Vec<u8>, StateError>;

/// A row alone.
impl HoldsRows for Vec<u8> {
    fn map_rows(&mut self, map: MapRow<'_>) -> Result<(), StateError> {
        *self = map(self)?;
        Ok(())
    }
}

/// Encodes values that hold rows, and brings those of older snapshots to the schema.
#[derive(Clone, Copy, Debug)]
pub struct RowsCodec<'a>(pub &'a RowSchema);

impl<V: StateValue + HoldsRows> ValueCodec<V> for RowsCodec<'_> {
    fn encode(&self, value: &V, out: &mut Vec<u8>) {
        value.encode(out);
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<V, StateError> {
        crate::encoding::decode_all(bytes)
    }

    fn evict(&mut self, _value: V) {}

    fn schema(&self) -> Option<&RowSchema> {
        Some(self.0)
    }

    fn migrate(&self, value: &mut V, migration: &RowMigration) -> Result<(), StateError> {
        value.map_rows(&mut |row| migration.row(row))
    }
}

#[cfg(test)]
mod tests;
