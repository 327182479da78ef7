//! Cells of a result as text, the way `CAST(x AS STRING)` writes them.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use flott_evaluation::{Evaluator, Instant, Session};
use flott_expression::Expression;
use flott_record::{Batch, Schema, TypeKind, Value};

/// What stands for NULL in a table.
pub const NULL_TEXT: &str = "<NULL>";

/// Turns the batches of one result into rows of text.
pub struct CellWriter {
    columns: Vec<Evaluator>,
}

impl CellWriter {
    /// A writer for these columns.
    ///
    /// # Errors
    /// If a type has no text form.
    pub fn new(schema: &Schema, session: &Session) -> Result<Self, String> {
        let column = |(index, field): (usize, &flott_record::Field)| {
            let input = Expression::column(index, field.data_type.clone());
            let text = input.cast_to(&TypeKind::string().nullable());
            Evaluator::new(&text, session).map_err(|error| format!("column '{}': {error}", field.name))
        };
        let columns: Result<Vec<Evaluator>, String> = schema.fields.iter().enumerate().map(column).collect();
        Ok(CellWriter { columns: columns? })
    }

    /// The rows of a batch.
    ///
    /// # Errors
    /// If a value cannot be written.
    pub fn rows(&mut self, batch: &Batch, now_ms: i64) -> Result<Vec<Vec<String>>, String> {
        let instant = Instant { now_ms, watermark_ms: i64::MIN };
        let texts: Result<Vec<ArrayRef>, String> = self
            .columns
            .iter_mut()
            .map(|column| column.evaluate(batch, instant).map_err(|error| error.to_string()))
            .collect();
        let texts = texts?;
        let cell = |column: &ArrayRef, row: usize| {
            if column.is_null(row) { NULL_TEXT.to_string() } else { column.as_string::<i32>().value(row).to_string() }
        };
        Ok((0..batch.num_rows()).map(|row| texts.iter().map(|column| cell(column, row)).collect()).collect())
    }
}

/// The text of one value of a metadata result.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Null => NULL_TEXT.to_string(),
        Value::Boolean(value) => value.to_string().to_ascii_uppercase(),
        other => other.to_string(),
    }
}
