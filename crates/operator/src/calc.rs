//! Projection and filter in one.
//!
//! Emits   for each row for which the condition is true its projection, with the row's kind and event time.
//! State   none.

use arrow_array::ArrayRef;
use flott_evaluation::{Evaluator, Session};
use flott_expression::Expression;
use flott_job::spec::CalcSpec;
use flott_record::Batch;
use flott_state::{SnapshotReader, SnapshotWriter};

use crate::interface::{Context, Forwarding, Operator, OperatorError, Setup, Step};

/// How one output column is made.
enum Projection {
    /// A column of the input as it is.
    Column(usize),
    /// Something computed.
    Computed(Evaluator),
}

impl Projection {
    fn new(expression: &Expression, session: &Session) -> Result<Self, OperatorError> {
        match expression {
            Expression::Column { index, .. } => Ok(Projection::Column(*index)),
            computed => Ok(Projection::Computed(Evaluator::new(computed, session)?)),
        }
    }
}

/// The operator; see the module's text.
pub struct Calc {
    condition: Option<Evaluator>,
    projection: Vec<Projection>,
}

impl Calc {
    /// Compiles the expressions.
    ///
    /// # Errors
    /// An expression is not supported.
    pub fn new(spec: &CalcSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let condition = match &spec.condition {
            Some(condition) => Some(Evaluator::new(condition, &setup.session)?),
            None => None,
        };
        let projection: Result<_, OperatorError> =
            spec.projection.iter().map(|expression| Projection::new(expression, &setup.session)).collect();
        Ok(Calc { condition, projection: projection? })
    }
}

impl Operator for Calc {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let instant = context.instant();
        let filtered;
        let rows = match &mut self.condition {
            Some(condition) => {
                filtered = batch.filter(&condition.evaluate_predicate(batch, instant)?)?;
                &filtered
            }
            None => batch,
        };
        if rows.is_empty() {
            return Ok(Step::Done);
        }
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.projection.len());
        for projection in &mut self.projection {
            columns.push(match projection {
                Projection::Column(index) => rows.column(*index).clone(),
                Projection::Computed(evaluator) => evaluator.evaluate(rows, instant)?,
            });
        }
        context.emit(rows.with_columns(columns));
        Ok(Step::Done)
    }

    fn on_watermark(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn on_processing_time(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    fn end_input(&mut self, _input: usize, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn prepare_barrier(&mut self, _context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn forwarding(&self) -> Forwarding {
        Forwarding::Loop
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
    use flott_record::{Field, RowKind, Schema, TypeKind, Value};

    use super::*;
    use crate::build;
    use crate::harness::{Compare, Event, Script, check_cuts, check_recovery, texts};

    #[test]
    fn rows_that_pass_keep_their_kind() {
        let input = Schema::new(vec![
            Field::new("a", TypeKind::BigInt.nullable()),
            Field::new("keep", TypeKind::Boolean.nullable()),
        ]);
        let row = |kind, a, keep| (kind, vec![Value::BigInt(a), keep]);
        let rows = vec![
            row(RowKind::Insert, 1, Value::Boolean(true)),
            row(RowKind::Insert, 2, Value::Boolean(false)),
            row(RowKind::Insert, 3, Value::Null),
            row(RowKind::UpdateBefore, 1, Value::Boolean(true)),
            row(RowKind::UpdateAfter, 4, Value::Boolean(true)),
        ];
        let script = Script::new(vec![input], vec![Event::rows(0, rows)]).ended();
        let spec = OperatorSpec::Calc(CalcSpec {
            projection: vec![
                Expression::column(0, TypeKind::BigInt.nullable()),
                Expression::column(0, TypeKind::BigInt.nullable()),
            ],
            condition: Some(Expression::column(1, TypeKind::Boolean.nullable())),
        });
        let output = Schema::new(vec![
            Field::new("a", TypeKind::BigInt.nullable()),
            Field::new("b", TypeKind::BigInt.nullable()),
        ]);
        let make = |setup: &Setup| build(&spec, setup);
        let seen = check_cuts(&make, &script, &output);
        assert_eq!(texts(&seen), ["+I[1, 1]", "-U[1, 1]", "+U[4, 4]", "W max"]);
        check_recovery(&make, &script, &output, &[vec![0]], Compare::Rows);
    }
}
