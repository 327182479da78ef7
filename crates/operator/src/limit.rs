//! The first rows, whichever they are; on one subtask.
//!
//! Emits   rows `offset..offset + fetch` in order of arrival, at once.
//! State   `seen`: how many rows have arrived, in a list of one entry.

use flott_job::spec::LimitSpec;
use flott_record::Batch;
use flott_state::{SnapshotReader, SnapshotWriter, StateValue};

use crate::interface::{Context, Operator, OperatorError, Setup, Step};

/// The operator; see the module's text.
pub struct Limit {
    name: String,
    offset: u64,
    end: u64,
    seen: u64,
}

impl Limit {
    /// An operator that has seen nothing.
    pub fn new(spec: &LimitSpec, setup: &Setup) -> Self {
        let end = spec.offset.saturating_add(spec.fetch);
        Limit { name: setup.name.clone(), offset: spec.offset, end, seen: 0 }
    }
}

impl Operator for Limit {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if batch.kinds().is_some() {
            let message = format!("not supported: LIMIT over rows other than +I ({})", self.name);
            return Err(OperatorError::Failed(message));
        }
        let rows = batch.num_rows() as u64;
        let skipped = self.offset.saturating_sub(self.seen).min(rows);
        let end = self.end.saturating_sub(self.seen).min(rows);
        if skipped < end {
            context.emit(batch.slice(skipped as usize, (end - skipped) as usize));
        }
        self.seen = self.seen.saturating_add(rows);
        Ok(Step::Done)
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        let mut entry = Vec::new();
        self.seen.encode(&mut entry);
        writer.list("seen", entry);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        for mut entry in reader.list("seen") {
            self.seen = self.seen.saturating_add(u64::decode(&mut entry)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flott_record::{Field, Schema, TypeKind, Value};

    use super::*;
    use crate::build::build;
    use crate::harness::{Event, Script, check_cuts, row_texts};

    #[test]
    fn some_rows_are_skipped_and_some_pass() {
        let schema = Schema::new(vec![Field::new("id", TypeKind::Int.nullable())]);
        let rows = (1..30).map(|id| vec![Value::Int(id)]).collect();
        let script = Script::new(vec![schema.clone()], vec![Event::inserts(0, rows)]).ended();
        let spec = flott_job::OperatorSpec::Limit(LimitSpec { offset: 9, fetch: 3 });
        let make = |setup: &Setup| build(&spec, setup);
        assert_eq!(row_texts(&check_cuts(&make, &script, &schema)), ["+I[10]", "+I[11]", "+I[12]"]);
    }
}
