//! CASE: the first branch whose condition is true gives a row its value.
//!
//! Branches that cannot fail see all rows, and the values are picked at the end; a branch that may fail sees only the rows that
//! reach it.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::BooleanBuffer;
use arrow_select::interleave::interleave;
use flott_expression::Expression;

use crate::evaluator::{CompileError, EvaluationError, Session};
use crate::logic::truth_of;
use crate::node::{Input, Node, uncut, used_columns};

/// A compiled CASE.
pub(crate) struct Choice {
    branches: Vec<Branch>,
    otherwise: Box<Part>,
    /// For each row the branch and the position in its values; kept from batch to batch.
    picks: Vec<(usize, usize)>,
}

struct Branch {
    condition: Part,
    then: Part,
}

struct Part {
    node: Node,
    guarded: bool,
    used: Vec<usize>,
}

impl Part {
    fn compile(expression: &Expression, session: &Session) -> Result<Self, CompileError> {
        let node = Node::compile(expression, session)?;
        Ok(Part { guarded: node.can_fail(), node, used: used_columns(expression) })
    }

    /// Values for the rows in `keep`, dense if the part is guarded, else for all rows (or one row, of a literal).
    fn evaluate(&mut self, input: &Input<'_>, keep: &BooleanArray) -> Result<Values, EvaluationError> {
        if let Node::Literal(constant) = &self.node {
            return Ok(Values { array: constant.once(), layout: Layout::Single });
        }
        if !self.guarded || keep.true_count() == input.frame.rows {
            return Ok(Values { array: self.node.evaluate(input)?, layout: Layout::Full });
        }
        let cut = input.filter(keep, &self.used)?;
        let array = self.node.evaluate(&cut).map_err(|error| uncut(error, keep))?;
        Ok(Values { array, layout: Layout::Dense })
    }
}

/// How the rows of a part's values correspond to those of the input.
#[derive(Clone, Copy, PartialEq)]
enum Layout {
    /// One for each row of the input.
    Full,
    /// One for each row that was kept.
    Dense,
    /// One for all rows.
    Single,
}

struct Values {
    array: ArrayRef,
    layout: Layout,
}

impl Values {
    /// The rows among `keep` where the condition is true.
    fn true_rows(&self, keep: &BooleanArray) -> BooleanBuffer {
        let truth = truth_of(&self.array);
        let is_true = match truth.nulls() {
            Some(nulls) => truth.values() & nulls.inner(),
            None => truth.values().clone(),
        };
        match self.layout {
            Layout::Full => &is_true & keep.values(),
            Layout::Single if is_true.value(0) => keep.values().clone(),
            Layout::Single => BooleanBuffer::new_unset(keep.len()),
            Layout::Dense => {
                let mut rows = arrow_buffer::BooleanBufferBuilder::new(keep.len());
                rows.append_n(keep.len(), false);
                for (index, row) in keep.values().set_indices().enumerate() {
                    rows.set_bit(row, is_true.value(index));
                }
                rows.finish()
            }
        }
    }
}

impl Choice {
    /// Compiles conditions and results.
    pub(crate) fn compile(
        branches: &[(Expression, Expression)],
        otherwise: &Expression,
        session: &Session,
    ) -> Result<Self, CompileError> {
        let branch = |(when, then): &(Expression, Expression)| {
            Ok(Branch { condition: Part::compile(when, session)?, then: Part::compile(then, session)? })
        };
        let branches: Result<Vec<Branch>, CompileError> = branches.iter().map(branch).collect();
        Ok(Choice { branches: branches?, otherwise: Box::new(Part::compile(otherwise, session)?), picks: Vec::new() })
    }

    /// Whether some condition or result may fail.
    pub(crate) fn can_fail(&self) -> bool {
        self.otherwise.guarded || self.branches.iter().any(|branch| branch.condition.guarded || branch.then.guarded)
    }

    /// The value of each row.
    pub(crate) fn evaluate(&mut self, input: &Input<'_>) -> Result<ArrayRef, EvaluationError> {
        let rows = input.frame.rows;
        let mut remaining = BooleanArray::new(BooleanBuffer::new_set(rows), None);
        let mut results: Vec<ArrayRef> = Vec::with_capacity(self.branches.len() + 1);
        self.picks.clear();
        self.picks.resize(rows, (0, 0));
        for branch in &mut self.branches {
            if remaining.true_count() == 0 && rows > 0 {
                break;
            }
            let chosen = branch.condition.evaluate(input, &remaining)?.true_rows(&remaining);
            let chosen = BooleanArray::new(chosen, None);
            if chosen.true_count() == 0 && rows > 0 {
                continue;
            }
            let values = branch.then.evaluate(input, &chosen)?;
            if chosen.true_count() == rows && values.layout != Layout::Single {
                return Ok(values.array);
            }
            remaining = BooleanArray::new(remaining.values() & &!chosen.values(), None);
            pick(&mut self.picks, results.len(), values.layout, chosen.values());
            results.push(values.array);
        }
        if remaining.true_count() > 0 || results.is_empty() {
            let values = self.otherwise.evaluate(input, &remaining)?;
            pick(&mut self.picks, results.len(), values.layout, remaining.values());
            results.push(values.array);
        }
        gather(&results, &self.picks)
    }
}

fn pick(picks: &mut [(usize, usize)], branch: usize, layout: Layout, chosen: &BooleanBuffer) {
    for (index, row) in chosen.set_indices().enumerate() {
        let position = match layout {
            Layout::Full => row,
            Layout::Dense => index,
            Layout::Single => 0,
        };
        picks[row] = (branch, position);
    }
}

/// The picked values; untyped NULLs take the type of the others.
fn gather(results: &[ArrayRef], picks: &[(usize, usize)]) -> Result<ArrayRef, EvaluationError> {
    let typed = results.iter().map(|array| array.data_type()).find(|kind| !kind.is_null());
    let Some(typed) = typed else {
        return Ok(Arc::new(arrow_array::NullArray::new(picks.len())));
    };
    let typed_nulls = |array: &ArrayRef| match array.data_type().is_null() {
        true => arrow_array::new_null_array(typed, array.len()),
        false => Arc::clone(array),
    };
    let arrays: Vec<ArrayRef> = results.iter().map(typed_nulls).collect();
    let parts: Vec<&dyn Array> = arrays.iter().map(|array| array.as_ref()).collect();
    Ok(interleave(&parts, picks)?)
}
