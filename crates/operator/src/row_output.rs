//! Rows that an operator emits from its state: collected as bytes, decoded by columns.

use std::sync::Arc;

use arrow_array::Int64Array;
use flott_record::limits::BATCH_ROWS_MAX;
use flott_record::{Batch, RowKind};
use flott_state::RowEncoder;

use crate::interface::{Context, OperatorError};
use crate::limits::OUTPUT_ROWS_PER_STEP_MAX;

/// Encoded rows with their kinds, in the order in which they are emitted.
#[derive(Debug, Default)]
pub(crate) struct RowOutput {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    kinds: Vec<u8>,
    ranks: Vec<i64>,
}

impl RowOutput {
    /// Adds a row.
    pub(crate) fn push(&mut self, kind: RowKind, row: &[u8]) {
        self.bytes.extend_from_slice(row);
        self.ends.push(self.bytes.len());
        self.kinds.push(kind as u8);
    }

    /// Adds a row with its rank, which becomes a BIGINT column after the row's. All rows have one or none has.
    pub(crate) fn push_ranked(&mut self, kind: RowKind, row: &[u8], rank: i64) {
        self.push(kind, row);
        self.ranks.push(rank);
    }

    /// Whether so much waits to be emitted that the operator should yield at the next row boundary.
    pub(crate) fn is_full(&self, context: &Context<'_>) -> bool {
        context.output.rows + self.kinds.len() >= OUTPUT_ROWS_PER_STEP_MAX
    }

    /// Emits all rows and forgets them.
    pub(crate) fn emit(&mut self, encoder: &RowEncoder, context: &mut Context<'_>) -> Result<(), OperatorError> {
        let mut rows = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for end in &self.ends {
            rows.push(&self.bytes[start..*end]);
            start = *end;
        }
        for (index, part) in rows.chunks(BATCH_ROWS_MAX).enumerate() {
            let range = index * BATCH_ROWS_MAX..index * BATCH_ROWS_MAX + part.len();
            let mut columns = encoder.decode(part)?;
            if !self.ranks.is_empty() {
                columns.push(Arc::new(Int64Array::from(self.ranks[range.clone()].to_vec())));
            }
            context.emit(Batch::new(columns, part.len()).with_kinds(self.kinds[range].to_vec().into()));
        }
        self.bytes.clear();
        self.ends.clear();
        self.kinds.clear();
        self.ranks.clear();
        Ok(())
    }
}
