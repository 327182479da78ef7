//! Expressions over matched rows: what conditions and measures take from rows other than the current one becomes a column.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringArray, TimestampMillisecondArray, UInt32Array, new_null_array};
use arrow_schema::{DataType as ArrowType, TimeUnit};
use flott_evaluation::{Evaluator, Session};
use flott_expression::Expression;
use flott_job::pattern::{PatternExpression, RowPosition, RowSet, Slot};
use flott_record::{Batch, DataType};

use super::frame::{Frame, Moment, RowValue};
use super::path::Path;
use crate::accumulator::Accumulators;
use crate::interface::OperatorError;

/// A slot, ready to be read.
enum Source {
    Row { position: RowPosition, value: RowValue, null: ArrayRef },
    Classifier { position: RowPosition, names: Arc<[String]> },
    Aggregate { rows: RowSet, arguments: Vec<RowValue>, accumulators: Box<Accumulators> },
    MatchNumber,
    MatchTime(DataType),
}

/// An expression over the current row and slots.
pub(crate) struct Formula {
    evaluator: Evaluator,
    /// Columns of the input that it reads.
    inputs: Vec<usize>,
    sources: Vec<Source>,
}

impl Formula {
    /// Compiles an expression over `width` input columns and slots.
    ///
    /// # Errors
    /// Something in it is not supported.
    pub(crate) fn new(
        formula: &PatternExpression,
        width: usize,
        names: &Arc<[String]>,
        session: &Session,
    ) -> Result<Self, OperatorError> {
        let mut used = std::collections::BTreeSet::new();
        formula.expression.visit_columns(&mut |column| {
            used.insert(column);
        });
        let used: Vec<usize> = used.into_iter().collect();
        let place = |column: usize| used.iter().position(|used| *used == column).unwrap_or(0);
        let evaluator = Evaluator::new(&formula.expression.clone().remap_columns(&place), session)?;
        let inputs: Vec<usize> = used.iter().copied().filter(|column| *column < width).collect();
        let mut sources = Vec::new();
        for slot in used.iter().filter_map(|column| column.checked_sub(width)) {
            sources.push(Source::new(&formula.slots[slot], names, session)?);
        }
        Ok(Formula { evaluator, inputs, sources })
    }

    /// Gets ready for the rows of another frame.
    pub(crate) fn prepare(&mut self, frame: &Frame) {
        for source in &mut self.sources {
            match source {
                Source::Row { value, .. } => value.prepare(frame),
                Source::Aggregate { arguments, .. } => {
                    arguments.iter_mut().for_each(|argument| argument.prepare(frame));
                }
                Source::Classifier { .. } | Source::MatchNumber | Source::MatchTime(_) => {}
            }
        }
    }

    /// Whether the condition holds for the row with which the moment's path ends.
    pub(crate) fn holds(&mut self, frame: &Frame, row: u32, moment: &Moment<'_>) -> Result<bool, OperatorError> {
        let mut columns = Vec::with_capacity(self.inputs.len() + self.sources.len());
        columns.extend(self.inputs.iter().map(|input| frame.batch.column(*input).slice(row as usize, 1)));
        for source in &mut self.sources {
            columns.push(source.one(frame, moment)?);
        }
        Ok(self.evaluator.evaluate_predicate(&Batch::new(columns, 1), frame.instant)?.value(0))
    }

    /// Values for moments; the expression reads slots only.
    pub(crate) fn values(&mut self, frame: &Frame, moments: &[Moment<'_>]) -> Result<ArrayRef, OperatorError> {
        debug_assert!(self.inputs.is_empty(), "measures read rows through slots");
        let mut columns = Vec::with_capacity(self.sources.len());
        for source in &mut self.sources {
            columns.push(source.column(frame, moments)?);
        }
        Ok(self.evaluator.evaluate(&Batch::new(columns, moments.len()), frame.instant)?)
    }
}

fn rows_of<'a>(moment: &Moment<'a>, rows: &RowSet) -> &'a Path {
    if rows.running { moment.running } else { moment.path }
}

/// Where the row of a position lies.
fn index_of(moment: &Moment<'_>, position: &RowPosition) -> Option<u32> {
    let row = rows_of(moment, &position.rows).row(position)?;
    moment.place.index(row.checked_sub(u64::from(position.rows_before))?)
}

impl Source {
    fn new(slot: &Slot, names: &Arc<[String]>, session: &Session) -> Result<Self, OperatorError> {
        let compile = |expression: &Expression| Evaluator::new(expression, session).map(RowValue::new);
        Ok(match slot {
            Slot::Row { position, value, data_type } => Source::Row {
                position: position.clone(),
                value: compile(value)?,
                null: new_null_array(&data_type.to_arrow(), 1),
            },
            Slot::Classifier(position) => Source::Classifier { position: position.clone(), names: names.clone() },
            Slot::Aggregate { rows, arguments, call } => Source::Aggregate {
                rows: rows.clone(),
                arguments: arguments.iter().map(compile).collect::<Result<_, _>>()?,
                accumulators: Box::new(Accumulators::new(std::slice::from_ref(call), false, false)?),
            },
            Slot::MatchNumber => Source::MatchNumber,
            Slot::MatchTime(data_type) => Source::MatchTime(data_type.clone()),
        })
    }

    fn one(&mut self, frame: &Frame, moment: &Moment<'_>) -> Result<ArrayRef, OperatorError> {
        match self {
            Source::Row { position, value, null } => match index_of(moment, position) {
                Some(row) => value.one(frame, row),
                None => Ok(null.clone()),
            },
            other => other.column(frame, std::slice::from_ref(moment)),
        }
    }

    fn column(&mut self, frame: &Frame, moments: &[Moment<'_>]) -> Result<ArrayRef, OperatorError> {
        match self {
            Source::Row { position, value, .. } => {
                let rows: UInt32Array = moments.iter().map(|moment| index_of(moment, position)).collect();
                value.take(frame, &rows)
            }
            Source::Classifier { position, names } => {
                let name = |moment: &Moment<'_>| {
                    let path = rows_of(moment, &position.rows);
                    let variable =
                        path.variable_of(path.row(position)?.checked_sub(u64::from(position.rows_before))?)?;
                    names.get(variable).map(String::as_str)
                };
                Ok(Arc::new(moments.iter().map(name).collect::<StringArray>()))
            }
            Source::Aggregate { rows, arguments, accumulators } => {
                aggregate(frame, moments, rows, arguments, accumulators)
            }
            Source::MatchNumber => {
                Ok(Arc::new(moments.iter().map(|moment| moment.number as i64).collect::<Int64Array>()))
            }
            Source::MatchTime(data_type) => {
                if data_type.to_arrow() != ArrowType::Timestamp(TimeUnit::Millisecond, None) {
                    return Err(OperatorError::Failed(format!("MATCH_ROWTIME of type {data_type}")));
                }
                Ok(Arc::new(TimestampMillisecondArray::from_iter_values(moments.iter().map(|moment| moment.time_ms))))
            }
        }
    }
}

/// One aggregate over the rows of each moment.
fn aggregate(
    frame: &Frame,
    moments: &[Moment<'_>],
    rows: &RowSet,
    arguments: &mut [RowValue],
    accumulators: &mut Accumulators,
) -> Result<ArrayRef, OperatorError> {
    let groups: Vec<u32> = moments.iter().map(|_| accumulators.allocate()).collect();
    let (mut slots, mut indices) = (Vec::new(), Vec::new());
    for (moment, group) in moments.iter().zip(&groups) {
        for range in rows_of(moment, rows).ranges(rows) {
            indices.extend(moment.place.indices(range));
            slots.resize(indices.len(), *group);
        }
    }
    let indices = UInt32Array::from(indices);
    let columns = arguments.iter_mut().map(|argument| argument.take(frame, &indices));
    let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
    accumulators.update(&slots, &columns, None)?;
    let values = accumulators.values(&groups)?;
    groups.iter().for_each(|group| accumulators.release(*group));
    values.into_iter().next().ok_or_else(|| OperatorError::Failed("an aggregate without a result".to_string()))
}
