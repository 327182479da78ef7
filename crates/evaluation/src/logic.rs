//! AND and OR, with three values and short circuit.

use std::sync::Arc;

use arrow_arith::boolean::{and_kleene, or_kleene};
use arrow_array::builder::BooleanBufferBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use flott_expression::Expression;

use crate::evaluator::{CompileError, EvaluationError, Session};
use crate::node::{Input, Node, uncut, used_columns};

/// A conjunction or disjunction of any number of parts.
pub(crate) struct Logic {
    /// AND, else OR.
    conjunction: bool,
    parts: Vec<Part>,
}

struct Part {
    node: Node,
    /// Whether rows that are decided already must not reach it.
    guarded: bool,
    used: Vec<usize>,
}

impl Logic {
    /// Compiles the parts of an AND (`conjunction`) or OR.
    pub(crate) fn compile(
        conjunction: bool,
        arguments: &[Expression],
        session: &Session,
    ) -> Result<Self, CompileError> {
        let part = |(index, argument): (usize, &Expression)| {
            let node = Node::compile(argument, session)?;
            let guarded = index > 0 && node.can_fail();
            Ok(Part { node, guarded, used: used_columns(argument) })
        };
        let parts: Result<Vec<Part>, CompileError> = arguments.iter().enumerate().map(part).collect();
        Ok(Logic { conjunction, parts: parts? })
    }

    /// Whether some part may fail.
    pub(crate) fn can_fail(&self) -> bool {
        self.parts.iter().any(|part| part.node.can_fail())
    }

    /// The truth of each row.
    pub(crate) fn evaluate(&mut self, input: &Input<'_>) -> Result<ArrayRef, EvaluationError> {
        let rows = input.frame.rows;
        let mut truth: Option<BooleanArray> = None;
        for part in &mut self.parts {
            let next = match &truth {
                None => truth_of(&part.node.evaluate(input)?),
                Some(known) => {
                    let open = open_rows(known, self.conjunction);
                    match open.true_count() {
                        0 => break,
                        _ if !part.guarded => truth_of(&part.node.evaluate(input)?),
                        count if count == rows => truth_of(&part.node.evaluate(input)?),
                        _ => {
                            let cut = input.filter(&open, &part.used)?;
                            let values = part.node.evaluate(&cut).map_err(|error| uncut(error, &open))?;
                            scatter(&truth_of(&values), &open, self.conjunction)
                        }
                    }
                }
            };
            truth = Some(match truth {
                None => next,
                Some(known) if self.conjunction => and_kleene(&known, &next)?,
                Some(known) => or_kleene(&known, &next)?,
            });
        }
        Ok(Arc::new(truth.unwrap_or_else(|| constant(rows, self.conjunction))))
    }
}

fn constant(rows: usize, value: bool) -> BooleanArray {
    BooleanArray::new(if value { BooleanBuffer::new_set(rows) } else { BooleanBuffer::new_unset(rows) }, None)
}

/// A BOOLEAN array; an untyped NULL is unknown for each row.
pub(crate) fn truth_of(array: &ArrayRef) -> BooleanArray {
    array.as_boolean_opt().cloned().unwrap_or_else(|| {
        BooleanArray::new(BooleanBuffer::new_unset(array.len()), Some(NullBuffer::new_null(array.len())))
    })
}

/// The rows which the next part can still change: not false for AND, not true for OR.
fn open_rows(known: &BooleanArray, conjunction: bool) -> BooleanArray {
    let undecided = if conjunction { known.values().clone() } else { !known.values() };
    let open = match known.nulls() {
        Some(nulls) => &undecided | &!nulls.inner(),
        None => undecided,
    };
    BooleanArray::new(open, None)
}

/// Lays the truth of the open rows out over all rows; the others get the value that changes nothing.
fn scatter(values: &BooleanArray, open: &BooleanArray, neutral: bool) -> BooleanArray {
    let rows = open.len();
    let mut truth = BooleanBufferBuilder::new(rows);
    truth.append_n(rows, neutral);
    let mut valid = BooleanBufferBuilder::new(rows);
    valid.append_n(rows, true);
    for (index, row) in open.values().set_indices().enumerate() {
        truth.set_bit(row, values.value(index));
        valid.set_bit(row, values.is_valid(index));
    }
    let nulls = NullBuffer::new(valid.finish());
    BooleanArray::new(truth.finish(), (nulls.null_count() > 0).then_some(nulls))
}
