//! Batches to bytes: one object a line.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalYearMonthType, Time32MillisecondType,
};
use arrow_array::{Array, ArrayRef};
use flott_record::{Batch, Field, Schema, TypeKind};

use super::text::write_string;
use super::{NullKey, Settings};
use crate::base64_text;
use crate::contract::{Encoder, FormatError};
use crate::number::{DecimalForm, write_decimal, write_double, write_float, write_long};
use crate::temporal::{write_date, write_time, write_timestamp};
use crate::timestamp_cell::timestamp_at;

/// Encodes JSON.
pub struct JsonEncoder {
    settings: Settings,
    fields: Vec<Field>,
}

impl JsonEncoder {
    /// An encoder of these columns.
    pub fn new(settings: Settings, schema: &Schema) -> Self {
        JsonEncoder { settings, fields: schema.fields.clone() }
    }

    fn write_object(
        &self,
        out: &mut Vec<u8>,
        fields: &[Field],
        columns: &[ArrayRef],
        row: usize,
    ) -> Result<(), FormatError> {
        out.push(b'{');
        let mut first = true;
        for (field, column) in fields.iter().zip(columns) {
            if self.settings.ignore_null_fields && column.is_null(row) {
                continue;
            }
            if !first {
                out.push(b',');
            }
            first = false;
            write_string(out, field.name.as_bytes());
            out.push(b':');
            self.write_value(out, column, row, &field.data_type.kind)?;
        }
        out.push(b'}');
        Ok(())
    }

    fn write_value(
        &self,
        out: &mut Vec<u8>,
        column: &dyn Array,
        row: usize,
        kind: &TypeKind,
    ) -> Result<(), FormatError> {
        if column.is_null(row) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        match kind {
            TypeKind::Char(_) | TypeKind::Varchar(_) => {
                write_string(out, column.as_string::<i32>().value(row).as_bytes());
            }
            TypeKind::Array(element) => {
                let items = column.as_list::<i32>().value(row);
                out.push(b'[');
                for item in 0..items.len() {
                    if item > 0 {
                        out.push(b',');
                    }
                    self.write_value(out, &items, item, &element.kind)?;
                }
                out.push(b']');
            }
            TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
                self.write_object(out, fields, column.as_struct().columns(), row)?
            }
            TypeKind::Map(_, value) => self.write_map(out, column, row, &value.kind)?,
            TypeKind::Multiset(_) => self.write_map(out, column, row, &TypeKind::Int)?,
            _ if is_quoted(kind) => {
                out.push(b'"');
                self.write_scalar(out, column, row, kind);
                out.push(b'"');
            }
            _ => self.write_scalar(out, column, row, kind),
        }
        Ok(())
    }

    fn write_map(
        &self,
        out: &mut Vec<u8>,
        column: &dyn Array,
        row: usize,
        value: &TypeKind,
    ) -> Result<(), FormatError> {
        let entries = column.as_map().value(row);
        let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1));
        out.push(b'{');
        let mut first = true;
        for entry in 0..entries.len() {
            let key = match (keys.is_null(entry), self.settings.null_key) {
                (false, _) => keys.value(entry),
                (true, NullKey::Literal) => &self.settings.null_key_literal,
                (true, NullKey::Drop) => continue,
                (true, NullKey::Fail) => {
                    return Err(FormatError::Table(
                        "JSON format doesn't support NULL as a key of a map; set 'json.map-null-key.mode' to DROP or \
                         LITERAL to leave it out or replace it"
                            .into(),
                    ));
                }
            };
            if !first {
                out.push(b',');
            }
            first = false;
            write_string(out, key.as_bytes());
            out.push(b':');
            self.write_value(out, values, entry, value)?;
        }
        out.push(b'}');
        Ok(())
    }

    /// A value that isn't nested, without quotes.
    fn write_scalar(&self, out: &mut Vec<u8>, column: &dyn Array, row: usize, kind: &TypeKind) {
        let form = self.settings.timestamp_form;
        match kind {
            TypeKind::Boolean => out.extend_from_slice(if column.as_boolean().value(row) { b"true" } else { b"false" }),
            TypeKind::TinyInt => write_long(out, column.as_primitive::<Int8Type>().value(row).into()),
            TypeKind::SmallInt => write_long(out, column.as_primitive::<Int16Type>().value(row).into()),
            TypeKind::Int => write_long(out, column.as_primitive::<Int32Type>().value(row).into()),
            TypeKind::BigInt => write_long(out, column.as_primitive::<Int64Type>().value(row)),
            TypeKind::IntervalYearMonth => {
                write_long(out, column.as_primitive::<IntervalYearMonthType>().value(row).into());
            }
            TypeKind::IntervalDayTime => write_long(out, column.as_primitive::<DurationMillisecondType>().value(row)),
            TypeKind::Float => {
                let value = column.as_primitive::<Float32Type>().value(row);
                write_finite(out, value.is_finite(), |out| write_float(out, value));
            }
            TypeKind::Double => {
                let value = column.as_primitive::<Float64Type>().value(row);
                write_finite(out, value.is_finite(), |out| write_double(out, value));
            }
            TypeKind::Decimal { scale, .. } => {
                let form = if self.settings.plain_decimals { DecimalForm::Plain } else { DecimalForm::Stripped };
                write_decimal(out, column.as_primitive::<Decimal128Type>().value(row), *scale, form);
            }
            TypeKind::Date => write_date(out, column.as_primitive::<Date32Type>().value(row).into()),
            TypeKind::Time(_) => write_time(out, column.as_primitive::<Time32MillisecondType>().value(row).into(), 0),
            TypeKind::Timestamp(p) => write_timestamp(out, timestamp_at(column, row), *p, form, false),
            TypeKind::TimestampLtz(p) => write_timestamp(out, timestamp_at(column, row), *p, form, true),
            TypeKind::Binary(_) | TypeKind::Varbinary(_) => {
                base64_text::encode(column.as_binary::<i32>().value(row), out);
            }
            // Nested types have their own writers; `check_type` refused the others when the encoder was made.
            _ => {}
        }
    }
}

fn is_quoted(kind: &TypeKind) -> bool {
    kind.is_datetime() || kind.is_binary()
}

/// Numbers that JSON doesn't have are strings.
fn write_finite(out: &mut Vec<u8>, finite: bool, write: impl FnOnce(&mut Vec<u8>)) {
    if finite {
        write(out);
        return;
    }
    out.push(b'"');
    write(out);
    out.push(b'"');
}

impl Encoder for JsonEncoder {
    fn encode(&mut self, batch: &Batch, out: &mut Vec<u8>) -> Result<(), FormatError> {
        for row in 0..batch.num_rows() {
            self.write_object(out, &self.fields, batch.columns(), row)?;
            out.push(b'\n');
        }
        Ok(())
    }
}
