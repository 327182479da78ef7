//! Projection and filter in one.
//!
//! Emits   for each row for which the condition is true its projection, with the row's kind and event time.
//! State   none.

use arrow_array::ArrayRef;
use flott_evaluation::{Evaluator, Instant, Session};
use flott_expression::Expression;
use flott_job::spec::CalcSpec;
use flott_record::Batch;
use flott_state::{SnapshotReader, SnapshotWriter};

use crate::interface::{Context, Forwarding, Operator, OperatorError, Setup, Step};

/// How one column is made.
enum Projection {
    /// A column as it is.
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

    fn evaluate(&mut self, batch: &Batch, instant: Instant) -> Result<ArrayRef, OperatorError> {
        match self {
            Projection::Column(index) => Ok(batch.column(*index).clone()),
            Projection::Computed(evaluator) => Ok(evaluator.evaluate(batch, instant)?),
        }
    }
}

/// The operator; see the module's text.
///
/// Columns, and fields of ROW columns, that the projection reads are cut out before rows are filtered: cutting out copies nothing,
/// and what nobody reads is not copied by the filter either.
pub struct Calc {
    condition: Option<Evaluator>,
    reads: Vec<Projection>,
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
        let mut reads = Vec::new();
        let rewritten: Vec<Expression> =
            spec.projection.iter().map(|expression| over_reads(expression.clone(), &mut reads)).collect();
        let compile = |expression: &Expression| Projection::new(expression, &setup.session);
        let reads: Result<Vec<Projection>, OperatorError> = reads.iter().map(compile).collect();
        let projection: Result<Vec<Projection>, OperatorError> = rewritten.iter().map(compile).collect();
        Ok(Calc { condition, reads: reads?, projection: projection? })
    }
}

/// The expression over what it reads, which is added to `reads`.
fn over_reads(expression: Expression, reads: &mut Vec<Expression>) -> Expression {
    if is_read(&expression) {
        let index = reads.iter().position(|known| *known == expression).unwrap_or(reads.len());
        let data_type = expression.data_type().clone();
        if index == reads.len() {
            reads.push(expression);
        }
        return Expression::column(index, data_type);
    }
    match expression {
        Expression::Call { function, arguments, data_type, written } => {
            let arguments = arguments.into_iter().map(|argument| over_reads(argument, reads)).collect();
            Expression::Call { function, arguments, data_type, written }
        }
        Expression::Cast { input, data_type, mode, written } => {
            Expression::Cast { input: Box::new(over_reads(*input, reads)), data_type, mode, written }
        }
        Expression::Case { branches, otherwise, data_type } => {
            let branches =
                branches.into_iter().map(|(when, then)| (over_reads(when, reads), over_reads(then, reads))).collect();
            Expression::Case { branches, otherwise: Box::new(over_reads(*otherwise, reads)), data_type }
        }
        leaf => leaf,
    }
}

/// A column, or a field of a ROW that is read.
fn is_read(expression: &Expression) -> bool {
    match expression {
        Expression::Column { .. } => true,
        Expression::Call { function, arguments, .. } => function == "FIELD" && is_read(&arguments[0]),
        _ => false,
    }
}

impl Operator for Calc {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let instant = context.instant();
        let keep = match &mut self.condition {
            Some(condition) => Some(condition.evaluate_predicate(batch, instant)?),
            None => None,
        };
        if keep.as_ref().is_some_and(|keep| keep.true_count() == 0) {
            return Ok(Step::Done);
        }
        let reads: Result<Vec<ArrayRef>, OperatorError> =
            self.reads.iter_mut().map(|read| read.evaluate(batch, instant)).collect();
        let mut rows = batch.with_columns(reads?);
        if let Some(keep) = keep {
            rows = rows.filter(&keep)?;
        }
        let columns: Result<Vec<ArrayRef>, OperatorError> =
            self.projection.iter_mut().map(|projection| projection.evaluate(&rows, instant)).collect();
        context.emit(rows.with_columns(columns?));
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
