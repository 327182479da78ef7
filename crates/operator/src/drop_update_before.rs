//! Drops `-U` rows, for a consumer that updates by key.
//!
//! State   none.

use arrow_array::BooleanArray;
use flott_record::{Batch, RowKind};
use flott_state::{SnapshotReader, SnapshotWriter};

use crate::interface::{Context, Operator, OperatorError, Step};

/// The operator; see the module's text.
pub struct DropUpdateBefore;

impl Operator for DropUpdateBefore {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let kept = match batch.kinds() {
            Some(kinds) => {
                let keep: Vec<bool> = kinds.iter().map(|kind| *kind != RowKind::UpdateBefore as u8).collect();
                batch.filter(&BooleanArray::from(keep))?
            }
            None => batch.clone(),
        };
        context.emit(kept);
        Ok(Step::Done)
    }

    fn snapshot(&mut self, _writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        Ok(())
    }

    fn restore(&mut self, _reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(())
    }
}
