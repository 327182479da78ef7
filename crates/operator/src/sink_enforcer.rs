//! What a sink's column constraints do to rows before they are written: NOT NULL and the lengths of CHAR, VARCHAR, BINARY and VARBINARY.
//!
//! Top-level columns are checked, as with Flink's default `table.exec.sink.nested-constraint-enforcer = IGNORE`. Lengths of text count characters.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, StringArray};
use flott_job::spec::{LengthEnforcer, NotNullEnforcer, SinkSpec};
use flott_record::data_type::LENGTH_MAX;
use flott_record::{Batch, Field, TypeKind};

use crate::interface::{Counts, OperatorError};

/// The length of a column.
struct Length {
    column: usize,
    /// Characters or bytes.
    length: usize,
    /// CHAR and BINARY have exactly this length.
    is_fixed: bool,
    is_text: bool,
}

/// Checks the rows of one sink.
pub struct SinkEnforcer {
    not_null: NotNullEnforcer,
    length: LengthEnforcer,
    fields: Vec<Field>,
    not_null_columns: Vec<usize>,
    lengths: Vec<Length>,
}

impl SinkEnforcer {
    /// The constraints of a sink's physical columns.
    pub fn new(spec: &SinkSpec) -> Self {
        let fields = spec.table.schema.fields.clone();
        let not_null = |(column, field): (usize, &Field)| (!field.data_type.nullable).then_some(column);
        let length = |(column, field): (usize, &Field)| {
            let (length, is_fixed, is_text) = match field.data_type.kind {
                TypeKind::Char(length) => (length, true, true),
                TypeKind::Varchar(length) => (length, false, true),
                TypeKind::Binary(length) => (length, true, false),
                TypeKind::Varbinary(length) => (length, false, false),
                _ => return None,
            };
            (length < LENGTH_MAX).then_some(Length { column, length: length as usize, is_fixed, is_text })
        };
        let ignores_lengths = spec.length == LengthEnforcer::Ignore;
        SinkEnforcer {
            not_null: spec.not_null,
            length: spec.length,
            not_null_columns: fields.iter().enumerate().filter_map(not_null).collect(),
            lengths: if ignores_lengths { Vec::new() } else { fields.iter().enumerate().filter_map(length).collect() },
            fields,
        }
    }

    /// The rows as they are written.
    ///
    /// # Errors
    /// A row violates a constraint whose enforcer is ERROR; the message is Flink's.
    pub fn enforce(&self, batch: &Batch, counts: &mut Counts) -> Result<Batch, OperatorError> {
        let kept = self.without_nulls(batch, counts)?;
        if self.lengths.is_empty() {
            return Ok(kept);
        }
        let mut columns = kept.columns().to_vec();
        for length in &self.lengths {
            let column = &columns[length.column];
            if length.is_text && column.as_string_opt::<i32>().is_some() {
                columns[length.column] = self.fit_text(length, column.as_string())?;
            } else if column.as_binary_opt::<i32>().is_some() {
                columns[length.column] = self.fit_bytes(length, column.as_binary())?;
            }
        }
        Ok(kept.with_columns(columns))
    }

    fn without_nulls(&self, batch: &Batch, counts: &mut Counts) -> Result<Batch, OperatorError> {
        let has_nulls = |column: &&usize| batch.column(**column).logical_null_count() > 0;
        let violated: Vec<usize> = self.not_null_columns.iter().filter(has_nulls).copied().collect();
        let Some(first) = violated.first() else { return Ok(batch.clone()) };
        if self.not_null == NotNullEnforcer::Error {
            return Err(OperatorError::Failed(format!(
                "Column '{}' is NOT NULL, however, a null value is being written into it. You can set job configuration \
                 'table.exec.sink.not-null-enforcer'='DROP' to suppress this exception and drop such records silently.",
                self.fields[*first].name
            )));
        }
        let nulls: Vec<_> = violated.iter().filter_map(|column| batch.column(*column).logical_nulls()).collect();
        let keep: BooleanArray =
            (0..batch.num_rows()).map(|row| Some(nulls.iter().all(|nulls| nulls.is_valid(row)))).collect();
        counts.dropped_rows += (batch.num_rows() - keep.true_count()) as u64;
        Ok(batch.filter(&keep)?)
    }

    fn fit_text(&self, length: &Length, column: &StringArray) -> Result<ArrayRef, OperatorError> {
        let characters = |text: &str| if text.is_ascii() { text.len() } else { text.chars().count() };
        if column.iter().flatten().all(|text| length.fits(characters(text))) {
            return Ok(Arc::new(column.clone()));
        }
        let fit = |text: &str| -> Result<String, OperatorError> {
            let is = characters(text);
            if !length.fits(is) && self.length == LengthEnforcer::Error {
                return Err(self.wrong_length(length, is));
            }
            let mut fitted: String = text.chars().take(length.length).collect();
            if length.is_fixed {
                fitted.extend(std::iter::repeat_n(' ', length.length.saturating_sub(is)));
            }
            Ok(fitted)
        };
        let fitted: Result<StringArray, OperatorError> = column.iter().map(|text| text.map(fit).transpose()).collect();
        Ok(Arc::new(fitted?))
    }

    fn fit_bytes(&self, length: &Length, column: &BinaryArray) -> Result<ArrayRef, OperatorError> {
        if column.iter().flatten().all(|bytes| length.fits(bytes.len())) {
            return Ok(Arc::new(column.clone()));
        }
        let fit = |bytes: &[u8]| -> Result<Vec<u8>, OperatorError> {
            if !length.fits(bytes.len()) && self.length == LengthEnforcer::Error {
                return Err(self.wrong_length(length, bytes.len()));
            }
            let mut fitted = bytes[..bytes.len().min(length.length)].to_vec();
            if length.is_fixed {
                fitted.resize(length.length, 0);
            }
            Ok(fitted)
        };
        let fitted: Result<BinaryArray, OperatorError> =
            column.iter().map(|bytes| bytes.map(fit).transpose()).collect();
        Ok(Arc::new(fitted?))
    }

    fn wrong_length(&self, length: &Length, is: usize) -> OperatorError {
        let field = &self.fields[length.column];
        OperatorError::Failed(format!(
            "Column '{}' is {}, however, a string of length {is} is being written into it. You can set job configuration \
             'table.exec.sink.type-length-enforcer' to control this behaviour.",
            field.name, field.data_type.kind
        ))
    }
}

impl Length {
    fn fits(&self, length: usize) -> bool {
        length == self.length || length < self.length && !self.is_fixed
    }
}

#[cfg(test)]
mod tests {
    use flott_record::value_array::{batch_from_rows, rows_of_batch};
    use flott_record::{ChangelogMode, RowKind, Schema, TableSpec, Value};

    use super::*;

    fn enforcer(not_null: NotNullEnforcer, length: LengthEnforcer) -> SinkEnforcer {
        let schema = Schema::new(vec![
            Field::new("a", TypeKind::Char(3).not_null()),
            Field::new("b", TypeKind::Varchar(2).nullable()),
            Field::new("c", TypeKind::Binary(2).nullable()),
        ]);
        let table = TableSpec { name: "t".to_string(), schema: schema.clone(), ..TableSpec::default() };
        SinkEnforcer::new(&SinkSpec { table, changelog_mode: ChangelogMode::ALL, not_null, length, input: schema })
    }

    fn row(a: Option<&str>, b: &str, c: &[u8]) -> (RowKind, Vec<Value>) {
        let text = |text: &str| Value::String(text.to_string());
        (RowKind::Insert, vec![a.map_or(Value::Null, text), text(b), Value::Bytes(c.to_vec())])
    }

    fn enforce(enforcer: &SinkEnforcer, rows: &[(RowKind, Vec<Value>)]) -> (Result<Vec<String>, String>, u64) {
        let schema = Schema::new(enforcer.fields.clone());
        let mut counts = Counts::default();
        let batch = batch_from_rows(&schema, rows).expect("of their types");
        let written = enforcer.enforce(&batch, &mut counts).map_err(|error| error.to_string());
        let texts = written.map(|batch| {
            let rows = rows_of_batch(&schema, &batch).into_iter();
            rows.map(|(_, cells)| cells.iter().map(Value::to_string).collect::<Vec<_>>().join("|")).collect()
        });
        (texts, counts.dropped_rows)
    }

    #[test]
    fn null_fails_or_is_dropped() {
        let rows = [row(None, "x", &[1, 2]), row(Some("abc"), "y", &[1, 2])];
        let (written, _) = enforce(&enforcer(NotNullEnforcer::Error, LengthEnforcer::Ignore), &rows);
        assert!(written.expect_err("NULL is refused").starts_with("Column 'a' is NOT NULL, however"));
        let (written, dropped) = enforce(&enforcer(NotNullEnforcer::Drop, LengthEnforcer::Ignore), &rows);
        assert_eq!((written, dropped), (Ok(vec!["abc|y|[1, 2]".to_string()]), 1));
    }

    #[test]
    fn lengths_are_ignored_trimmed_and_padded_or_refused() {
        let rows = [row(Some("ä"), "xyz", &[1, 2, 3]), row(Some("abcd"), "x", &[1])];
        let (written, _) = enforce(&enforcer(NotNullEnforcer::Error, LengthEnforcer::Ignore), &rows);
        assert_eq!(written.expect("ignored")[0], "ä|xyz|[1, 2, 3]");
        let (written, _) = enforce(&enforcer(NotNullEnforcer::Error, LengthEnforcer::TrimPad), &rows);
        assert_eq!(written.expect("fitted"), ["ä  |xy|[1, 2]", "abc|x|[1, 0]"]);
        let (written, _) = enforce(&enforcer(NotNullEnforcer::Error, LengthEnforcer::Error), &rows);
        let wanted = "Column 'a' is CHAR(3), however, a string of length 1 is being written into it. You can set job \
                      configuration 'table.exec.sink.type-length-enforcer' to control this behaviour.";
        assert_eq!(written.expect_err("too short"), wanted);
    }
}
