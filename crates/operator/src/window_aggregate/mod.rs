//! Window aggregations: one result a key and window, emitted when the watermark (or the clock) has passed the window; insert-only.
//!
//! Windows  TUMBLE, HOP, CUMULATE by slices, also attached ones whose bounds rows bring along; SESSION by merging.
//! Emits    keys, results, window columns; by window end, within a window by arrival of the keys. A window without rows is not emitted.
//!          CUMULATE emits a key with each step after its first row. Windows of processing time that are open at the end of input are not emitted.
//! Late     rows all of whose windows have been emitted are dropped and counted.
//! State    a group a slice and key, removed with the last window of the slice; a session a key and gap, removed when emitted. The greatest
//!          watermark is kept, so that rows which were late before a restore are late after it.
//! Phases   Local accumulates by key and slice and sends partial states when a slice is over, and at barriers; Global merges them.

mod local;
mod result;
mod session;
mod slices;
mod slicing;

use arrow_array::ArrayRef;
use arrow_schema::DataType as ArrowType;
use flott_job::spec::{AggregatePhase, WindowAggregateSpec};
use flott_job::window::WindowKind;
use flott_record::Batch;

use self::local::LocalWindowAggregate;
use self::session::SessionWindowAggregate;
use self::slicing::SlicingWindowAggregate;
use crate::interface::{Operator, OperatorError, Setup};

/// Builds the operator of a window aggregation.
///
/// # Errors
/// A call, or this phase of this window, is not supported.
pub fn build(spec: &WindowAggregateSpec, setup: &Setup) -> Result<Box<dyn Operator>, OperatorError> {
    match (spec.window.kind, spec.phase) {
        (WindowKind::Session { gap_ms }, AggregatePhase::Single) => {
            Ok(Box::new(SessionWindowAggregate::new(spec, gap_ms, setup)?))
        }
        (WindowKind::Session { .. }, _) => {
            Err(OperatorError::Failed("not supported: SESSION windows in two phases".to_string()))
        }
        (_, AggregatePhase::Local) => Ok(Box::new(LocalWindowAggregate::new(spec, setup)?)),
        (_, AggregatePhase::Single | AggregatePhase::Global) => Ok(Box::new(SlicingWindowAggregate::new(spec, setup)?)),
    }
}

/// Types of the keys.
fn key_types(spec: &WindowAggregateSpec) -> Result<Vec<ArrowType>, OperatorError> {
    let arrow = |index: &usize| {
        let field = spec.input.fields.get(*index);
        field
            .map(|field| field.data_type.to_arrow())
            .ok_or_else(|| OperatorError::Failed(format!("key column {index} is not in the aggregate's input")))
    };
    spec.keys.iter().map(arrow).collect()
}

/// The key columns of a batch.
fn key_columns(batch: &Batch, keys: &[usize]) -> Vec<ArrayRef> {
    keys.iter().map(|index| batch.column(*index).clone()).collect()
}

/// Refuses a batch with retractions, which the plan has ruled out.
fn refuse_retractions(batch: &Batch) -> Result<(), OperatorError> {
    if batch.kinds().is_some_and(|kinds| kinds.iter().any(|kind| kind & 1 == 1)) {
        let message = "a retraction has come to an aggregate whose plan says that its input does not retract";
        return Err(OperatorError::Failed(message.to_string()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
