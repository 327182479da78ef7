//! Makes a full changelog of an upsert one: the last row of each key is kept, so that its former content can be taken back.
//!
//! Emits   `+I` for a key's first row, then `-U` (if wanted) and `+U`; `-D` with the kept row when the key is deleted. A row that repeats
//!         the kept one is dropped, unless state expires. A row that fails the filter counts as a deletion.
//! State   `rows`: key to its last row, until it is deleted or has not been written for the TTL.

use arrow_array::BooleanArray;
use flott_evaluation::Evaluator;
use flott_job::spec::ChangelogNormalizeSpec;
use flott_record::{Batch, KeyRows, RowKind};
use flott_state::{
    DiskBackend, EncodedRows, KeyedTable, RowEncoder, RowSchema, RowsCodec, SnapshotReader, SnapshotWriter,
};

use crate::chunks::{in_chunks, keys_of};
use crate::expiry::{Expiry, Stamped};
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::row_output::RowOutput;

/// The operator; see the module's text.
pub struct ChangelogNormalize {
    keys: Vec<usize>,
    emit_update_before: bool,
    condition: Option<Evaluator>,
    rows: KeyedTable<Stamped<Vec<u8>>>,
    expiry: Expiry,
    encoder: RowEncoder,
    schema: RowSchema,
}

impl ChangelogNormalize {
    /// Compiles the filter and lays out the state.
    ///
    /// # Errors
    /// The filter is not supported.
    pub fn new(spec: &ChangelogNormalizeSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let condition = match &spec.condition {
            Some(condition) => Some(Evaluator::new(condition, &setup.session)?),
            None => None,
        };
        Ok(ChangelogNormalize {
            keys: spec.keys.clone(),
            emit_update_before: spec.emit_update_before,
            condition,
            rows: KeyedTable::new(),
            expiry: Expiry::new(spec.state_ttl_ms),
            encoder: RowEncoder::new(&spec.input),
            schema: RowSchema::new(&spec.input, &spec.keys),
        })
    }

    fn apply(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.keys);
        self.rows.prefetch(&keys)?;
        let rows = self.encoder.encode(batch);
        let passes = self.passes(batch, context)?;
        let mut out = RowOutput::default();
        let mut done = 0;
        while done < batch.num_rows() && !out.is_full(context) {
            let passes = passes.as_ref().is_none_or(|passes| passes.value(done));
            if batch.kind(done).is_addition() && passes {
                self.upsert(&keys, &rows, done, context.now_ms, &mut out);
            } else {
                self.delete(&keys, done, context.now_ms, &mut out);
            }
            done += 1;
        }
        out.emit(&self.encoder, context)?;
        Ok(done)
    }

    /// Which additions pass the filter. Rows that delete may hold nothing but the key, so the filter never sees them.
    fn passes(&mut self, batch: &Batch, context: &Context<'_>) -> Result<Option<BooleanArray>, OperatorError> {
        let Some(condition) = &mut self.condition else { return Ok(None) };
        let additions: BooleanArray = (0..batch.num_rows()).map(|row| Some(batch.kind(row).is_addition())).collect();
        let tested = condition.evaluate_predicate(&batch.filter(&additions)?, context.instant())?;
        let mut next = 0;
        let mut passes = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let is_addition = additions.value(row);
            passes.push(is_addition && tested.value(next));
            next += usize::from(is_addition);
        }
        Ok(Some(BooleanArray::from(passes)))
    }

    fn upsert(&mut self, keys: &KeyRows, rows: &EncodedRows, row: usize, now_ms: i64, out: &mut RowOutput) {
        let new = rows.row(row);
        let fresh = || Stamped { written_ms: now_ms, value: new.to_vec() };
        let (kept, is_new) = self.rows.get_or_insert_with(keys.hash(row), keys.key(row), fresh);
        if is_new || !self.expiry.is_live(kept.written_ms, now_ms) {
            out.push(RowKind::Insert, new);
        } else if kept.value == new && !self.expiry.is_enabled() {
            return;
        } else {
            if self.emit_update_before {
                out.push(RowKind::UpdateBefore, &kept.value);
            }
            out.push(RowKind::UpdateAfter, new);
        }
        kept.written_ms = now_ms;
        kept.value.clear();
        kept.value.extend_from_slice(new);
    }

    fn delete(&mut self, keys: &KeyRows, row: usize, now_ms: i64, out: &mut RowOutput) {
        if let Some(kept) = self.rows.remove(keys.hash(row), keys.key(row))
            && self.expiry.is_live(kept.written_ms, now_ms)
        {
            out.push(RowKind::Delete, &kept.value);
        }
    }
}

impl Operator for ChangelogNormalize {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.expiry.sweep(&mut self.rows, batch.num_rows(), context.now_ms);
        in_chunks(batch, context, |chunk, context| self.apply(chunk, context))
    }

    fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), OperatorError> {
        Ok(self.rows.use_disk(backend)?)
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.rows.snapshot_with("rows", writer, &RowsCodec(&self.schema))?;
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.rows.restore_with("rows", reader, &mut RowsCodec(&self.schema))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flott_expression::Expression;
    use flott_record::{Field, Schema, TypeKind, Value};

    use super::*;
    use crate::build::build;
    use crate::harness::{Compare, Event, Script, check_cuts, check_recovery, row_texts};

    fn input() -> Schema {
        Schema::new(vec![Field::new("k", TypeKind::Int.nullable()), Field::new("v", TypeKind::Int.nullable())])
    }

    fn seen(condition: Option<Expression>, emit_update_before: bool, rows: &[(&str, i32, Option<i32>)]) -> Vec<String> {
        let spec =
            ChangelogNormalizeSpec { keys: vec![0], emit_update_before, condition, state_ttl_ms: 0, input: input() };
        let value = |value: Option<i32>| value.map_or(Value::Null, Value::Int);
        let row = |(kind, key, v): &(&str, i32, Option<i32>)| {
            (RowKind::from_short(kind).expect("a row kind"), vec![Value::Int(*key), value(*v)])
        };
        let script = Script::new(vec![input()], vec![Event::rows(0, rows.iter().map(row).collect())]).ended();
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::ChangelogNormalize(spec.clone()), setup);
        let seen = check_cuts(&make, &script, &input());
        check_recovery(&make, &script, &input(), &[vec![0]], Compare::Rows);
        row_texts(&seen)
    }

    const ROWS: [(&str, i32, Option<i32>); 7] = [
        ("+U", 1, Some(10)),
        ("+U", 1, Some(10)),
        ("+I", 2, Some(20)),
        ("+U", 1, Some(11)),
        ("-D", 1, None),
        ("-D", 1, None),
        ("+I", 1, Some(12)),
    ];

    #[test]
    fn upserts_become_a_full_changelog() {
        let wanted = ["+I[1, 10]", "+I[2, 20]", "-U[1, 10]", "+U[1, 11]", "-D[1, 11]", "+I[1, 12]"];
        assert_eq!(seen(None, true, &ROWS), wanted);
        let wanted = ["+I[1, 10]", "+I[2, 20]", "+U[1, 11]", "-D[1, 11]", "+I[1, 12]"];
        assert_eq!(seen(None, false, &ROWS), wanted);
    }

    #[test]
    fn a_row_that_fails_the_filter_deletes() {
        let column = Expression::column(1, TypeKind::Int.nullable());
        let limit = Expression::literal(Value::Int(11), TypeKind::Int.not_null());
        let less = Expression::call("<", vec![column, limit], TypeKind::Boolean.nullable());
        assert_eq!(seen(Some(less), true, &ROWS), ["+I[1, 10]", "-D[1, 10]"]);
    }
}
