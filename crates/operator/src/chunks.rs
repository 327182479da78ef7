//! How keyed operators walk a batch: some rows at a time, so that little is encoded again after a yield.

use arrow_array::ArrayRef;
use flott_record::{Batch, KeyRows};

use crate::interface::{Context, OperatorError, Step};
use crate::limits::ROWS_PER_CHUNK;

/// Calls `work` with one piece of the batch after the other. It emits, and gives how many of the piece's rows it has done (at least 1).
/// Yields as soon as the call has emitted enough.
pub(crate) fn in_chunks(
    batch: &Batch,
    context: &mut Context<'_>,
    mut work: impl FnMut(&Batch, &mut Context<'_>) -> Result<usize, OperatorError>,
) -> Result<Step, OperatorError> {
    let mut done = 0;
    while done < batch.num_rows() {
        let chunk = batch.slice(done, ROWS_PER_CHUNK.min(batch.num_rows() - done));
        let rows = work(&chunk, context)?;
        assert!((1..=chunk.num_rows()).contains(&rows), "each step does a row at least");
        done += rows;
        if context.is_full() && done < batch.num_rows() {
            return Ok(Step::Yield { consumed_rows: done });
        }
    }
    Ok(Step::Done)
}

/// The canonical keys of a batch's rows in these columns.
pub(crate) fn keys_of(batch: &Batch, columns: &[usize]) -> KeyRows {
    let columns: Vec<ArrayRef> = columns.iter().map(|column| batch.column(*column).clone()).collect();
    KeyRows::encode(&columns, batch.num_rows())
}
