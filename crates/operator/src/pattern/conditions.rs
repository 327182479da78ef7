//! DEFINE: which rows a variable may stand for.
//!
//! What a condition says of the current row alone is evaluated for all rows of a frame at once; the rest, which looks at the rows matched so far, row by
//! row, and only for rows that pass the first part.

use std::sync::Arc;

use arrow_array::BooleanArray;
use flott_evaluation::{Evaluator, Session};
use flott_expression::Expression;
use flott_job::pattern::{MatchSpec, PatternExpression};

use super::frame::{Frame, Moment, Place};
use super::machine::Conditions;
use super::path::Path;
use super::slots::Formula;
use crate::interface::OperatorError;

/// One variable's condition, in two parts that both must hold.
#[derive(Default)]
struct Definition {
    /// Of the current row alone.
    row: Option<RowCondition>,
    /// Of the rows matched so far too.
    rest: Option<Formula>,
}

struct RowCondition {
    evaluator: Evaluator,
    /// For all rows of the frame; `None` if one of them fails, which only matters when it is asked for.
    all: Option<BooleanArray>,
}

/// The conditions of all variables.
pub(crate) struct Definitions {
    definitions: Vec<Definition>,
}

impl Definitions {
    /// Compiles the conditions.
    ///
    /// # Errors
    /// Something in them is not supported.
    pub(crate) fn new(spec: &MatchSpec, names: &Arc<[String]>, session: &Session) -> Result<Self, OperatorError> {
        let mut definitions = Vec::with_capacity(spec.variables.len());
        for variable in &spec.variables {
            let definition = match &variable.definition {
                Some(condition) => Definition::new(condition, spec.input.len(), names, session)?,
                None => Definition::default(),
            };
            definitions.push(definition);
        }
        Ok(Definitions { definitions })
    }

    /// Whether no condition looks at other rows of the match.
    pub(crate) fn are_of_rows_alone(&self) -> bool {
        self.definitions.iter().all(|definition| definition.rest.is_none())
    }

    /// Gets ready for the rows of another frame.
    pub(crate) fn prepare(&mut self, frame: &Frame) {
        for definition in &mut self.definitions {
            if let Some(row) = &mut definition.row {
                row.all = row.evaluator.evaluate_predicate(&frame.batch, frame.instant).ok();
            }
            if let Some(rest) = &mut definition.rest {
                rest.prepare(frame);
            }
        }
    }

    /// The conditions for rows of one partition.
    pub(crate) fn of<'a>(&'a mut self, frame: &'a Frame, place: Place) -> PartitionConditions<'a> {
        PartitionConditions { definitions: &mut self.definitions, frame, place }
    }
}

impl Definition {
    fn new(
        condition: &PatternExpression,
        width: usize,
        names: &Arc<[String]>,
        session: &Session,
    ) -> Result<Self, OperatorError> {
        let mut of_row = Vec::new();
        let mut of_match = Vec::new();
        for part in condition.expression.clone().conjuncts() {
            let mut looks_back = false;
            part.visit_columns(&mut |column| looks_back |= column >= width);
            if looks_back { of_match.push(part) } else { of_row.push(part) }
        }
        let mut definition = Definition::default();
        if let Some(expression) = Expression::conjunction(of_row) {
            definition.row = Some(RowCondition { evaluator: Evaluator::new(&expression, session)?, all: None });
        }
        if let Some(expression) = Expression::conjunction(of_match) {
            let rest = PatternExpression { expression, slots: condition.slots.clone() };
            definition.rest = Some(Formula::new(&rest, width, names, session)?);
        }
        Ok(definition)
    }
}

impl RowCondition {
    fn holds(&mut self, frame: &Frame, row: u32) -> Result<bool, OperatorError> {
        match &self.all {
            Some(all) => Ok(all.value(row as usize)),
            None => {
                let one = frame.batch.slice(row as usize, 1);
                Ok(self.evaluator.evaluate_predicate(&one, frame.instant)?.value(0))
            }
        }
    }
}

/// The conditions for rows of one partition.
pub(crate) struct PartitionConditions<'a> {
    definitions: &'a mut [Definition],
    frame: &'a Frame,
    place: Place,
}

impl Conditions for PartitionConditions<'_> {
    fn holds(&mut self, variable: usize, path: &Path) -> Result<bool, OperatorError> {
        let Some(row) = self.place.index(path.end()) else {
            return Err(OperatorError::Failed("a row to be matched is not at hand".to_string()));
        };
        let definition = &mut self.definitions[variable];
        if let Some(condition) = &mut definition.row
            && !condition.holds(self.frame, row)?
        {
            return Ok(false);
        }
        let Some(rest) = &mut definition.rest else { return Ok(true) };
        let path = path.with(variable);
        let moment = Moment { path: &path, running: &path, place: self.place, number: 0, time_ms: 0 };
        rest.holds(self.frame, row, &moment)
    }
}
