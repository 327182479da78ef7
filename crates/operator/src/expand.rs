//! Each row once for each projection: GROUPING SETS, distinct aggregates.
//!
//! Emits   for each row its projections one after the other, with the row's kind.
//! State   none.

use arrow_array::{Array, ArrayRef};
use arrow_select::interleave::interleave;
use flott_evaluation::Evaluator;
use flott_job::spec::ExpandSpec;
use flott_record::Batch;
use flott_state::{SnapshotReader, SnapshotWriter};

use crate::chunks::in_chunks;
use crate::interface::{Context, Operator, OperatorError, Setup, Step};

/// The operator; see the module's text.
pub struct Expand {
    projections: Vec<Vec<Evaluator>>,
}

impl Expand {
    /// Compiles the projections.
    ///
    /// # Errors
    /// An expression is not supported.
    pub fn new(spec: &ExpandSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let compile = |projection: &Vec<_>| -> Result<Vec<Evaluator>, OperatorError> {
            projection.iter().map(|expression| Ok(Evaluator::new(expression, &setup.session)?)).collect()
        };
        let projections: Result<_, OperatorError> = spec.projections.iter().map(compile).collect();
        Ok(Expand { projections: projections? })
    }

    fn expand(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let (rows, times) = (batch.num_rows(), self.projections.len());
        let instant = context.instant();
        let mut columns: Vec<Vec<ArrayRef>> = Vec::with_capacity(times);
        for projection in &mut self.projections {
            let evaluated: Result<_, _> =
                projection.iter_mut().map(|evaluator| evaluator.evaluate(batch, instant)).collect();
            columns.push(evaluated?);
        }
        let order: Vec<(usize, usize)> =
            (0..rows).flat_map(|row| (0..times).map(move |projection| (projection, row))).collect();
        let width = columns.first().map_or(0, Vec::len);
        let mixed: Result<Vec<ArrayRef>, _> = (0..width)
            .map(|column| {
                let parts: Vec<&dyn Array> = columns.iter().map(|projection| projection[column].as_ref()).collect();
                interleave(&parts, &order)
            })
            .collect();
        let mut expanded = Batch::new(mixed?, rows * times);
        if let Some(kinds) = batch.kinds() {
            expanded = expanded.with_kinds(order.iter().map(|(_, row)| kinds[*row]).collect());
        }
        context.emit(expanded);
        Ok(rows)
    }
}

impl Operator for Expand {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        in_chunks(batch, context, |chunk, context| self.expand(chunk, context))
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
    use flott_expression::Expression;
    use flott_record::{Field, RowKind, Schema, TypeKind, Value};

    use super::*;
    use crate::build::build;
    use crate::harness::{Event, Script, check_cuts, row_texts};

    #[test]
    fn a_row_is_repeated_for_each_projection() {
        let int = || TypeKind::Int.nullable();
        let schema = Schema::new(vec![Field::new("a", int()), Field::new("set", int())]);
        let projection = |value: Expression, set| vec![value, Expression::literal(Value::Int(set), int())];
        let spec = ExpandSpec {
            projections: vec![
                projection(Expression::column(0, int()), 0),
                projection(Expression::literal(Value::Null, int()), 1),
            ],
        };
        let rows =
            [(RowKind::Insert, 7), (RowKind::Delete, 8)].map(|(kind, a)| (kind, vec![Value::Int(a), Value::Null]));
        let script = Script::new(vec![schema.clone()], vec![Event::rows(0, rows.to_vec())]).ended();
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::Expand(spec.clone()), setup);
        let wanted = ["+I[7, 0]", "+I[null, 1]", "-D[8, 0]", "-D[null, 1]"];
        assert_eq!(row_texts(&check_cuts(&make, &script, &schema)), wanted);
    }
}
