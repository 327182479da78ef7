//! The compiled tree.
//!
//! A node gives one array for an input. AND, OR and CASE evaluate a child only on rows that reach it, if the child may fail: the input
//! is cut to those rows, so that functions never need to know.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow_select::filter::FilterBuilder;
use arrow_select::take::take;
use flott_expression::{Expression, Written};
use flott_record::value_array::array_from_values;
use flott_record::{Batch, DataType, Value};

use crate::cast;
use crate::choice::Choice;
use crate::evaluator::{CompileError, EvaluationError, Instant, Session};
use crate::functions::{self, CallSite, Frame, ScalarFunction};
use crate::logic::Logic;

/// The rows over which a tree is evaluated.
pub(crate) struct Input<'a> {
    columns: Cow<'a, [ArrayRef]>,
    pub(crate) frame: Frame,
}

impl<'a> Input<'a> {
    /// All rows of a batch.
    pub(crate) fn of_batch(batch: &'a Batch, instant: Instant) -> Self {
        Input { columns: Cow::Borrowed(batch.columns()), frame: Frame { rows: batch.num_rows(), instant } }
    }

    /// The rows where `keep` is true. Only the columns in `used` are cut; no other may be read.
    pub(crate) fn filter(&self, keep: &BooleanArray, used: &[usize]) -> Result<Input<'static>, EvaluationError> {
        let mut builder = FilterBuilder::new(keep);
        if used.len() > 1 {
            builder = builder.optimize();
        }
        let predicate = builder.build();
        let mut columns = self.columns.to_vec();
        for index in used {
            columns[*index] = predicate.filter(&columns[*index])?;
        }
        let frame = Frame { rows: predicate.count(), instant: self.frame.instant };
        Ok(Input { columns: Cow::Owned(columns), frame })
    }
}

/// A node of the compiled tree.
pub(crate) enum Node {
    /// A column of the input.
    Column(usize),
    /// The same value for each row.
    Literal(Constant),
    /// A function or cast over its arguments.
    Call {
        /// What computes it.
        function: Box<dyn ScalarFunction>,
        /// Its arguments.
        arguments: Vec<Node>,
        /// How the statement has it, if it may fail.
        written: Option<Box<str>>,
    },
    /// AND or OR.
    Logic(Logic),
    /// CASE.
    Choice(Choice),
}

impl Node {
    /// Compiles a tree.
    pub(crate) fn compile(expression: &Expression, session: &Session) -> Result<Node, CompileError> {
        match expression {
            Expression::Column { index, .. } => Ok(Node::Column(*index)),
            Expression::Literal { value, data_type } => Ok(Node::Literal(Constant::new(value, data_type)?)),
            Expression::Call { function, arguments, .. } if function == "AND" || function == "OR" => {
                Ok(Node::Logic(Logic::compile(function == "AND", arguments, session)?))
            }
            Expression::Call { function, arguments, data_type, written } => {
                Ok(call(function, arguments, data_type, session)?.named(written))
            }
            Expression::Cast { input, data_type, mode, written } => {
                let function = cast::compile(input.data_type(), data_type, *mode, session)?;
                let arguments = vec![Node::compile(input, session)?];
                Ok(match function {
                    Some(function) => Node::Call { function, arguments, written: None }.named(written),
                    None => arguments.into_iter().next().unwrap_or(Node::Column(0)),
                })
            }
            Expression::Case { branches, otherwise, .. } => {
                Ok(Node::Choice(Choice::compile(branches, otherwise, session)?))
            }
        }
    }

    /// The node with the text that errors name it by.
    fn named(mut self, text: &Written) -> Node {
        if let Node::Call { function, written, .. } = &mut self
            && function.can_fail()
        {
            *written = text.text().map(Box::from);
        }
        self
    }

    /// One value for each row of the input.
    pub(crate) fn evaluate(&mut self, input: &Input<'_>) -> Result<ArrayRef, EvaluationError> {
        match self {
            Node::Column(index) => Ok(input.columns[*index].clone()),
            Node::Literal(constant) => constant.repeated(input.frame.rows),
            Node::Call { function, arguments, written } => {
                let constant = |argument: &Node| matches!(argument, Node::Literal(_));
                let scalars = function.takes_scalars() && !arguments.iter().all(constant);
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(match argument {
                        Node::Literal(constant) if scalars => constant.once(),
                        other => other.evaluate(input).map_err(|error| in_expression(error, written))?,
                    });
                }
                function.call(&values, &input.frame).map_err(|error| in_expression(error, written))
            }
            Node::Logic(logic) => logic.evaluate(input),
            Node::Choice(choice) => choice.evaluate(input),
        }
    }

    /// Whether some row may fail, so that the node must not see rows which do not reach it.
    pub(crate) fn can_fail(&self) -> bool {
        match self {
            Node::Column(_) | Node::Literal(_) => false,
            Node::Call { function, arguments, .. } => function.can_fail() || arguments.iter().any(Node::can_fail),
            Node::Logic(logic) => logic.can_fail(),
            Node::Choice(choice) => choice.can_fail(),
        }
    }
}

fn call(
    function: &str,
    arguments: &[Expression],
    data_type: &DataType,
    session: &Session,
) -> Result<Node, CompileError> {
    if let ("IF", [condition, then, otherwise]) = (function, arguments) {
        let branches = [(condition.clone(), then.clone())];
        return Ok(Node::Choice(Choice::compile(&branches, otherwise, session)?));
    }
    let site = CallSite {
        name: function.to_string(),
        argument_types: arguments.iter().map(|argument| argument.data_type().clone()).collect(),
        data_type: data_type.clone(),
        literals: arguments.iter().map(literal_of).collect(),
        session: session.clone(),
    };
    let function = functions::compile(&site)?;
    let arguments: Result<Vec<Node>, CompileError> =
        arguments.iter().map(|argument| Node::compile(argument, session)).collect();
    Ok(Node::Call { function, arguments: arguments?, written: None })
}

/// The failure of an expression; one that is further in was named already.
fn in_expression(mut error: EvaluationError, written: &Option<Box<str>>) -> EvaluationError {
    if error.expression.is_none() {
        error.expression = written.as_deref().map(str::to_string);
    }
    error
}

fn literal_of(expression: &Expression) -> Option<Value> {
    match expression {
        Expression::Literal { value, .. } => Some(value.clone()),
        _ => None,
    }
}

/// The columns that a tree reads, each once.
pub(crate) fn used_columns(expression: &Expression) -> Vec<usize> {
    let mut used = Vec::new();
    expression.visit_columns(&mut |index| used.push(index));
    used.sort_unstable();
    used.dedup();
    used
}

/// Where in the uncut input a failure lies, given which rows were kept.
pub(crate) fn uncut(error: EvaluationError, keep: &BooleanArray) -> EvaluationError {
    let row = error.row.and_then(|row| keep.values().set_indices().nth(row));
    EvaluationError { row, ..error }
}

/// A literal, repeated as often as a batch has rows; the longest repetition is kept.
pub(crate) struct Constant {
    once: ArrayRef,
    repeated: ArrayRef,
}

impl Constant {
    fn new(value: &Value, data_type: &DataType) -> Result<Self, CompileError> {
        let once = array_from_values(data_type, std::slice::from_ref(value))
            .map_err(|error| CompileError::WrongConstant(error.to_string()))?;
        Ok(Constant { repeated: Arc::clone(&once), once })
    }

    /// The value as an array of one row.
    pub(crate) fn once(&self) -> ArrayRef {
        Arc::clone(&self.once)
    }

    fn repeated(&mut self, rows: usize) -> Result<ArrayRef, EvaluationError> {
        if self.repeated.len() < rows {
            self.repeated = take(&self.once, &UInt32Array::from(vec![0; rows]), None)?;
        }
        Ok(if self.repeated.len() == rows { Arc::clone(&self.repeated) } else { self.repeated.slice(0, rows) })
    }
}
