//! Batches to bytes, quoted as Jackson quotes.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalYearMonthType, Time32MillisecondType,
};
use arrow_array::{Array, ArrayRef};
use flott_record::{Batch, Schema, TypeKind};

use super::Settings;
use crate::base64_text;
use crate::contract::{Encoder, FormatError};
use crate::number::{DecimalForm, write_decimal, write_double, write_float, write_long};
use crate::temporal::{TimestampForm, write_date, write_time, write_timestamp};
use crate::timestamp_cell::timestamp_at;

/// Texts of more characters than this are quoted without being looked at, as Jackson does.
const UNQUOTED_CHARS_MAX: usize = 24;

/// Encodes CSV.
pub struct CsvEncoder {
    settings: Settings,
    schema: Schema,
    /// Bytes below this one make a text quoted.
    safe_from: u8,
    decimal_form: DecimalForm,
    scratch: Vec<u8>,
}

impl CsvEncoder {
    /// An encoder of these columns.
    pub fn new(settings: Settings, schema: &Schema) -> Self {
        let safe_from = settings.delimiter.max(settings.quote.unwrap_or(0)).max(b'\n') + 1;
        let decimal_form = if settings.scientific { DecimalForm::Stripped } else { DecimalForm::StrippedPlain };
        CsvEncoder { safe_from, decimal_form, schema: schema.clone(), settings, scratch: Vec::new() }
    }

    fn write_cell(&mut self, out: &mut Vec<u8>, column: &ArrayRef, row: usize, kind: &TypeKind) {
        if column.is_null(row) {
            out.extend_from_slice(self.settings.null_literal.as_deref().unwrap_or_default());
            return;
        }
        match kind {
            TypeKind::Char(_) | TypeKind::Varchar(_) => {
                self.write_quoted(out, column.as_string::<i32>().value(row).as_bytes());
            }
            _ if is_plain(kind) => self.write_plain(out, column, row, kind),
            _ => {
                let mut text = std::mem::take(&mut self.scratch);
                text.clear();
                self.write_plain(&mut text, column, row, kind);
                self.write_quoted(out, &text);
                self.scratch = text;
            }
        }
    }

    /// A text, in quotes if it needs them.
    fn write_quoted(&self, out: &mut Vec<u8>, text: &[u8]) {
        let Some(quote) = self.settings.quote.filter(|quote| self.needs_quotes(text, *quote)) else {
            out.extend_from_slice(text);
            return;
        };
        out.push(quote);
        for byte in text {
            if *byte == quote {
                out.push(quote);
            } else if Some(*byte) == self.settings.escape {
                out.push(*byte);
            }
            out.push(*byte);
        }
        out.push(quote);
    }

    fn needs_quotes(&self, text: &[u8], quote: u8) -> bool {
        if text.len() > UNQUOTED_CHARS_MAX && utf16_units(text) > UNQUOTED_CHARS_MAX {
            return true;
        }
        let escape = self.settings.escape.unwrap_or(b'\\');
        text.iter().any(|byte| *byte < self.safe_from || *byte == quote || *byte == escape)
    }

    /// A value that isn't NULL, without quotes.
    fn write_plain(&self, out: &mut Vec<u8>, column: &dyn Array, row: usize, kind: &TypeKind) {
        match kind {
            TypeKind::Char(_) | TypeKind::Varchar(_) => {
                out.extend_from_slice(column.as_string::<i32>().value(row).as_bytes());
            }
            TypeKind::Boolean => out.extend_from_slice(if column.as_boolean().value(row) { b"true" } else { b"false" }),
            TypeKind::TinyInt => write_long(out, column.as_primitive::<Int8Type>().value(row).into()),
            TypeKind::SmallInt => write_long(out, column.as_primitive::<Int16Type>().value(row).into()),
            TypeKind::Int => write_long(out, column.as_primitive::<Int32Type>().value(row).into()),
            TypeKind::BigInt => write_long(out, column.as_primitive::<Int64Type>().value(row)),
            TypeKind::IntervalYearMonth => {
                write_long(out, column.as_primitive::<IntervalYearMonthType>().value(row).into());
            }
            TypeKind::IntervalDayTime => write_long(out, column.as_primitive::<DurationMillisecondType>().value(row)),
            TypeKind::Float => write_float(out, column.as_primitive::<Float32Type>().value(row)),
            TypeKind::Double => write_double(out, column.as_primitive::<Float64Type>().value(row)),
            TypeKind::Decimal { scale, .. } => {
                write_decimal(out, column.as_primitive::<Decimal128Type>().value(row), *scale, self.decimal_form);
            }
            TypeKind::Date => write_date(out, column.as_primitive::<Date32Type>().value(row).into()),
            TypeKind::Time(_) => write_time(out, column.as_primitive::<Time32MillisecondType>().value(row).into(), 0),
            TypeKind::Timestamp(p) => write_timestamp(out, timestamp_at(column, row), *p, TimestampForm::Sql, false),
            TypeKind::TimestampLtz(p) => write_timestamp(out, timestamp_at(column, row), *p, TimestampForm::Sql, true),
            TypeKind::Binary(_) | TypeKind::Varbinary(_) => {
                base64_text::encode(column.as_binary::<i32>().value(row), out);
            }
            TypeKind::Array(element) => {
                let items = column.as_list::<i32>().value(row);
                let cells = (0..items.len()).map(|item| (&items, item, &element.kind));
                self.write_parts(out, cells);
            }
            TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
                let row_columns = column.as_struct();
                let cells = fields.iter().zip(row_columns.columns());
                self.write_parts(out, cells.map(|(field, cells)| (cells, row, &field.data_type.kind)));
            }
            // `has_form` refused the others when the encoder was made.
            TypeKind::Map(..) | TypeKind::Multiset(_) | TypeKind::Variant | TypeKind::Bitmap | TypeKind::Null => {}
        }
    }

    fn write_parts<'a>(&self, out: &mut Vec<u8>, cells: impl Iterator<Item = (&'a ArrayRef, usize, &'a TypeKind)>) {
        for (index, (column, row, kind)) in cells.enumerate() {
            if index > 0 {
                out.extend_from_slice(&self.settings.element_delimiter);
            }
            if column.is_null(row) {
                out.extend_from_slice(self.settings.null_literal.as_deref().unwrap_or_default());
            } else {
                self.write_plain(out, column, row, kind);
            }
        }
    }
}

/// Whether the text of a type never needs quotes, or is never given any, as Jackson writes it as a number or boolean.
fn is_plain(kind: &TypeKind) -> bool {
    kind.is_numeric() || matches!(kind, TypeKind::Boolean) || kind.is_interval()
}

/// Characters as Java counts them.
fn utf16_units(text: &[u8]) -> usize {
    text.iter().map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(*byte >= 0xF0)).sum()
}

impl Encoder for CsvEncoder {
    fn encode(&mut self, batch: &Batch, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let schema = std::mem::take(&mut self.schema);
        for row in 0..batch.num_rows() {
            for (index, (column, field)) in batch.columns().iter().zip(&schema.fields).enumerate() {
                if index > 0 {
                    out.push(self.settings.delimiter);
                }
                self.write_cell(out, column, row, &field.data_type.kind);
            }
            out.push(b'\n');
        }
        self.schema = schema;
        Ok(())
    }
}
