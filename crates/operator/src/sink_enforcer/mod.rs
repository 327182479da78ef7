//! What a sink's column constraints do to rows before they are written: NOT NULL and the lengths of CHAR, VARCHAR, BINARY and VARBINARY.
//!
//! What lies inside of columns is checked where `table.exec.sink.nested-constraint-enforcer` asks for it. Lengths of text count characters.

mod nested;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, StringArray};
use flott_job::spec::{LengthEnforcer, NotNullEnforcer, SinkSpec};
use flott_record::data_type::LENGTH_MAX;
use flott_record::{Batch, Field, TypeKind};

use self::nested::Part;
use crate::interface::{Counts, OperatorError};

/// The length of text or bytes that a type allows.
struct Length {
    /// Characters or bytes.
    length: usize,
    /// CHAR and BINARY have exactly this length.
    is_fixed: bool,
    is_text: bool,
    /// The type as messages name it.
    kind: TypeKind,
}

/// Checks the rows of one sink.
pub struct SinkEnforcer {
    not_null: NotNullEnforcer,
    length: LengthEnforcer,
    fields: Vec<Field>,
    not_null_columns: Vec<usize>,
    lengths: Vec<(usize, Length)>,
    /// Columns with constraints inside.
    nested: Vec<(usize, Part)>,
}

impl SinkEnforcer {
    /// The constraints of a sink's physical columns.
    pub fn new(spec: &SinkSpec) -> Self {
        let fields = spec.table.schema.fields.clone();
        let not_null = |(column, field): (usize, &Field)| (!field.data_type.nullable).then_some(column);
        let length = |(column, field): (usize, &Field)| Some((column, Length::of(&field.data_type.kind)?));
        let nested = |(column, field): (usize, &Field)| Some((column, Part::below_column(field, spec.nested)?));
        let ignores_lengths = spec.length == LengthEnforcer::Ignore;
        SinkEnforcer {
            not_null: spec.not_null,
            length: spec.length,
            not_null_columns: fields.iter().enumerate().filter_map(not_null).collect(),
            lengths: if ignores_lengths { Vec::new() } else { fields.iter().enumerate().filter_map(length).collect() },
            nested: fields.iter().enumerate().filter_map(nested).collect(),
            fields,
        }
    }

    /// The rows as they are written.
    ///
    /// # Errors
    /// A row violates a constraint whose enforcer is ERROR; the message is Flink's.
    pub fn enforce(&self, batch: &Batch, counts: &mut Counts) -> Result<Batch, OperatorError> {
        let mut kept = self.without_nulls(batch, counts)?;
        if !self.nested.is_empty() {
            kept = self.without_nested_nulls(&kept, counts)?;
        }
        if self.length == LengthEnforcer::Ignore || self.lengths.is_empty() && self.nested.is_empty() {
            return Ok(kept);
        }
        let mut columns = kept.columns().to_vec();
        for (column, length) in &self.lengths {
            let array = &columns[*column];
            let name = &self.fields[*column].name;
            if length.is_text && array.as_string_opt::<i32>().is_some() {
                columns[*column] = self.fit_text(name, length, array.as_string())?;
            } else if array.as_binary_opt::<i32>().is_some() {
                columns[*column] = self.fit_bytes(name, length, array.as_binary())?;
            }
        }
        for (column, part) in &self.nested {
            let array = &columns[*column];
            if self.length == LengthEnforcer::TrimPad {
                columns[*column] = part.fitted(array);
            } else if let Some(wrong) = (0..array.len()).find_map(|row| part.wrong_length(array, row)) {
                let path = format!("{}{}", self.fields[*column].name, wrong.path);
                return Err(wrong_length(&path, wrong.length, wrong.is));
            }
        }
        Ok(kept.with_columns(columns))
    }

    fn without_nested_nulls(&self, batch: &Batch, counts: &mut Counts) -> Result<Batch, OperatorError> {
        let mut keep = vec![true; batch.num_rows()];
        for (row, keep) in keep.iter_mut().enumerate() {
            let path = |(column, part): &(usize, Part)| {
                Some(format!("{}{}", self.fields[*column].name, part.null_path(batch.column(*column), row)?))
            };
            let Some(path) = self.nested.iter().find_map(path) else { continue };
            if self.not_null == NotNullEnforcer::Error {
                return Err(null_in(&path));
            }
            counts.dropped_rows += 1;
            *keep = false;
        }
        if keep.iter().all(|keep| *keep) { Ok(batch.clone()) } else { Ok(batch.filter(&BooleanArray::from(keep))?) }
    }

    fn without_nulls(&self, batch: &Batch, counts: &mut Counts) -> Result<Batch, OperatorError> {
        let has_nulls = |column: &&usize| batch.column(**column).logical_null_count() > 0;
        let violated: Vec<usize> = self.not_null_columns.iter().filter(has_nulls).copied().collect();
        let Some(first) = violated.first() else { return Ok(batch.clone()) };
        if self.not_null == NotNullEnforcer::Error {
            return Err(null_in(&self.fields[*first].name));
        }
        let nulls: Vec<_> = violated.iter().filter_map(|column| batch.column(*column).logical_nulls()).collect();
        let keep: BooleanArray =
            (0..batch.num_rows()).map(|row| Some(nulls.iter().all(|nulls| nulls.is_valid(row)))).collect();
        counts.dropped_rows += (batch.num_rows() - keep.true_count()) as u64;
        Ok(batch.filter(&keep)?)
    }

    fn fit_text(&self, name: &str, length: &Length, column: &StringArray) -> Result<ArrayRef, OperatorError> {
        let Some(wrong) = column.iter().flatten().find(|text| !length.fits(characters(text))) else {
            return Ok(Arc::new(column.clone()));
        };
        if self.length == LengthEnforcer::Error {
            return Err(wrong_length(name, length, characters(wrong)));
        }
        let fitted: StringArray = column.iter().map(|text| text.map(|text| length.fitted_text(text))).collect();
        Ok(Arc::new(fitted))
    }

    fn fit_bytes(&self, name: &str, length: &Length, column: &BinaryArray) -> Result<ArrayRef, OperatorError> {
        let Some(wrong) = column.iter().flatten().find(|bytes| !length.fits(bytes.len())) else {
            return Ok(Arc::new(column.clone()));
        };
        if self.length == LengthEnforcer::Error {
            return Err(wrong_length(name, length, wrong.len()));
        }
        let fitted: BinaryArray = column.iter().map(|bytes| bytes.map(|bytes| length.fitted_bytes(bytes))).collect();
        Ok(Arc::new(fitted))
    }
}

fn null_in(path: &str) -> OperatorError {
    OperatorError::Failed(format!(
        "Column '{path}' is NOT NULL, however, a null value is being written into it. You can set job configuration \
         'table.exec.sink.not-null-enforcer'='DROP' to suppress this exception and drop such records silently."
    ))
}

fn wrong_length(path: &str, length: &Length, is: usize) -> OperatorError {
    OperatorError::Failed(format!(
        "Column '{path}' is {}, however, a string of length {is} is being written into it. You can set job configuration \
         'table.exec.sink.type-length-enforcer' to control this behaviour.",
        length.kind
    ))
}

fn characters(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

impl Length {
    /// The length of a type that has one; STRING and BYTES have none.
    fn of(kind: &TypeKind) -> Option<Length> {
        let (length, is_fixed, is_text) = match kind {
            TypeKind::Char(length) => (*length, true, true),
            TypeKind::Varchar(length) => (*length, false, true),
            TypeKind::Binary(length) => (*length, true, false),
            TypeKind::Varbinary(length) => (*length, false, false),
            _ => return None,
        };
        (length < LENGTH_MAX).then(|| Length { length: length as usize, is_fixed, is_text, kind: kind.clone() })
    }

    fn fits(&self, length: usize) -> bool {
        length == self.length || length < self.length && !self.is_fixed
    }

    fn of_cell(&self, array: &dyn Array, row: usize) -> usize {
        if self.is_text {
            characters(array.as_string::<i32>().value(row))
        } else {
            array.as_binary::<i32>().value(row).len()
        }
    }

    fn fitted_text(&self, text: &str) -> String {
        let mut fitted: String = text.chars().take(self.length).collect();
        if self.is_fixed {
            fitted.extend(std::iter::repeat_n(' ', self.length.saturating_sub(characters(text))));
        }
        fitted
    }

    fn fitted_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut fitted = bytes[..bytes.len().min(self.length)].to_vec();
        if self.is_fixed {
            fitted.resize(self.length, 0);
        }
        fitted
    }
}

#[cfg(test)]
mod tests {
    use flott_job::spec::NestedEnforcer;
    use flott_record::value_array::{batch_from_rows, rows_of_batch};
    use flott_record::{ChangelogMode, RowKind, Schema, TableSpec, Value};

    use super::*;

    fn enforcer(not_null: NotNullEnforcer, length: LengthEnforcer) -> SinkEnforcer {
        let schema = Schema::new(vec![
            Field::new("a", TypeKind::Char(3).not_null()),
            Field::new("b", TypeKind::Varchar(2).nullable()),
            Field::new("c", TypeKind::Binary(2).nullable()),
        ]);
        let table = TableSpec { name: "t".to_string(), schema, ..TableSpec::default() };
        of_table(table, not_null, length, NestedEnforcer::Ignore)
    }

    fn of_table(
        table: TableSpec,
        not_null: NotNullEnforcer,
        length: LengthEnforcer,
        nested: NestedEnforcer,
    ) -> SinkEnforcer {
        let input = table.schema.clone();
        SinkEnforcer::new(&SinkSpec { table, changelog_mode: ChangelogMode::ALL, not_null, length, nested, input })
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

    #[test]
    fn what_lies_inside_of_columns_is_checked_if_wanted() {
        let text = TypeKind::Varchar(2).not_null();
        let item = TypeKind::Row(vec![Field::new("t", text)]).not_null();
        let inner = TypeKind::Row(vec![Field::new("list", TypeKind::Array(Box::new(item)).nullable())]).nullable();
        let schema = Schema::new(vec![Field::new("a", inner)]);
        let table = TableSpec { name: "t".to_string(), schema, ..TableSpec::default() };
        let row = |text: Value| {
            let item = Value::Row(vec![text]);
            (
                RowKind::Insert,
                vec![Value::Row(vec![Value::Array(vec![Value::Row(vec![Value::String("x".into())]), item])])],
            )
        };
        let (null, long) = (row(Value::Null), row(Value::String("long".into())));
        let with = |not_null, nested| of_table(table.clone(), not_null, LengthEnforcer::Error, nested);
        let all = with(NotNullEnforcer::Error, NestedEnforcer::RowsAndCollections);
        let (written, _) = enforce(&all, std::slice::from_ref(&null));
        assert!(written.expect_err("NULL").starts_with("Column 'a.list[1].t' is NOT NULL, however"));
        let (written, _) = enforce(&all, std::slice::from_ref(&long));
        assert!(
            written.expect_err("long").starts_with("Column 'a.list[1].t' is VARCHAR(2), however, a string of length 4")
        );
        let (written, dropped) =
            enforce(&with(NotNullEnforcer::Drop, NestedEnforcer::RowsAndCollections), std::slice::from_ref(&null));
        assert_eq!((written, dropped), (Ok(Vec::new()), 1));
        let (written, _) = enforce(&with(NotNullEnforcer::Error, NestedEnforcer::Rows), &[null, long]);
        assert_eq!(written.map(|rows| rows.len()), Ok(2), "collections are left alone");
    }
}
