//! TO_CHANGELOG and FROM_CHANGELOG: between kinds of rows and a column that names them.
//!
//! State   none.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, StringArray};
use flott_job::changelog_function::{FromChangelogSpec, ToChangelogSpec};
use flott_record::{Batch, RowKind};
use flott_state::{SnapshotReader, SnapshotWriter};

use crate::interface::{Context, Operator, OperatorError, Step};

/// TO_CHANGELOG; see the module's text.
pub struct ToChangelog {
    spec: ToChangelogSpec,
}

impl ToChangelog {
    /// The operator of a spec.
    pub fn new(spec: &ToChangelogSpec) -> Self {
        ToChangelog { spec: spec.clone() }
    }

    fn code(&self, batch: &Batch, row: usize) -> Option<&str> {
        self.spec.codes[batch.kind(row) as usize].as_deref()
    }
}

impl Operator for ToChangelog {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let named = |row: usize| self.code(batch, row).is_some();
        let kept: BooleanArray = (0..batch.num_rows()).map(|row| Some(named(row))).collect();
        let kept = batch.filter(&kept)?;
        let codes: StringArray = (0..kept.num_rows()).map(|row| self.code(&kept, row)).collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(codes)];
        columns.extend(kept.columns().iter().cloned());
        context.emit(Batch::new(columns, kept.num_rows()));
        Ok(Step::Done)
    }

    fn snapshot(&mut self, _writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        Ok(())
    }

    fn restore(&mut self, _reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(())
    }
}

/// FROM_CHANGELOG; see the module's text.
pub struct FromChangelog {
    spec: FromChangelogSpec,
}

impl FromChangelog {
    /// The operator of a spec.
    pub fn new(spec: &FromChangelogSpec) -> Self {
        FromChangelog { spec: spec.clone() }
    }

    fn kind(&self, codes: &StringArray, row: usize) -> Option<RowKind> {
        if codes.is_null(row) {
            return None;
        }
        let code = codes.value(row);
        self.spec.kinds.iter().find(|(known, _)| known == code).map(|(_, kind)| *kind)
    }
}

impl Operator for FromChangelog {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if batch.kinds().is_some_and(|kinds| kinds.iter().any(|kind| *kind != RowKind::Insert as u8)) {
            return Err(OperatorError::Failed("FROM_CHANGELOG takes rows of kind +I only".to_string()));
        }
        let codes: &StringArray = batch.column(self.spec.code).as_string();
        let kinds: Vec<Option<RowKind>> = (0..batch.num_rows()).map(|row| self.kind(codes, row)).collect();
        let known: BooleanArray = kinds.iter().map(|kind| Some(kind.is_some())).collect();
        let kinds: Vec<RowKind> = kinds.into_iter().flatten().collect();
        let others: Vec<usize> = (0..batch.columns().len()).filter(|column| *column != self.spec.code).collect();
        context.emit(batch.filter(&known)?.project(&others).with_row_kinds(&kinds));
        Ok(Step::Done)
    }

    fn snapshot(&mut self, _writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        Ok(())
    }

    fn restore(&mut self, _reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flott_job::OperatorSpec;
    use flott_record::{Field, Schema, TypeKind, Value};

    use super::*;
    use crate::build::build;
    use crate::harness::{Compare, Event, Row, Script, check_cuts, check_recovery, row_texts};
    use crate::interface::Setup;

    fn schemas() -> (Schema, Schema) {
        let id = Field::new("id", TypeKind::Int.nullable());
        let op = Field::new("op", TypeKind::string().nullable());
        (Schema::new(vec![id.clone()]), Schema::new(vec![op, id]))
    }

    fn rows() -> Vec<Row> {
        let row = |kind: &str, id| (RowKind::from_short(kind).expect("a kind"), vec![Value::Int(id)]);
        vec![row("+I", 1), row("-U", 1), row("+U", 2), row("-D", 2)]
    }

    fn seen(spec: &OperatorSpec, input: &Schema, output: &Schema, rows: Vec<Row>) -> Vec<String> {
        let script = Script::new(vec![input.clone()], vec![Event::rows(0, rows)]).ended();
        let make = |setup: &Setup| build(spec, setup);
        let seen = check_cuts(&make, &script, output);
        check_recovery(&make, &script, output, &[vec![0]], Compare::Rows);
        row_texts(&seen)
    }

    #[test]
    fn kinds_become_codes_and_codes_kinds() {
        let (plain, coded) = schemas();
        let codes = ["c", "", "u", "d"].map(|code| (!code.is_empty()).then(|| code.to_string()));
        let to = OperatorSpec::ToChangelog(ToChangelogSpec { codes });
        assert_eq!(seen(&to, &plain, &coded, rows()), ["+I[c, 1]", "+I[u, 2]", "+I[d, 2]"]);
        let kinds = vec![("c".to_string(), RowKind::Insert), ("d".to_string(), RowKind::Delete)];
        let from = OperatorSpec::FromChangelog(FromChangelogSpec { code: 0, kinds });
        let row = |code: Value, id| (RowKind::Insert, vec![code, Value::Int(id)]);
        let text = |code: &str| Value::String(code.into());
        let given = vec![row(text("c"), 1), row(text("?"), 2), row(Value::Null, 3), row(text("d"), 1)];
        assert_eq!(seen(&from, &coded, &plain, given), ["+I[1]", "-D[1]"]);
    }
}
