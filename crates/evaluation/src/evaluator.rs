//! The interface of evaluation: session, instant, evaluator, errors.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use flott_expression::Expression;
use flott_record::{Batch, Value};
use thiserror::Error;

use crate::node::{Input, Node};
use crate::seeds::Seeds;

/// What expressions need to know of the session that planned them.
#[derive(Clone, Debug)]
pub struct Session {
    /// `table.local-time-zone`: an IANA name (`Europe/Berlin`) or an offset (`+02:00`).
    pub time_zone: String,
    /// Batch mode: CURRENT_TIMESTAMP and its like are fixed at the query's start; in streaming mode they are read per batch.
    pub batch_mode: bool,
    /// When the query began, milliseconds since the epoch.
    pub query_start_ms: i64,
    /// Where random numbers begin that no seed is given for.
    pub seeds: Seeds,
}

/// The moment at which a batch is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Instant {
    /// Wall clock, milliseconds since the epoch.
    pub now_ms: i64,
    /// The operator's current watermark, for CURRENT_WATERMARK; `i64::MIN` if there is none yet.
    pub watermark_ms: i64,
}

/// A tree that cannot be run: found when the job is compiled, never while it runs.
#[derive(Debug, Error)]
pub enum CompileError {
    /// The catalogue types the function, but nothing here computes it (for these arguments).
    #[error("not supported: {0}")]
    NotSupported(String),
    /// A constant argument is refused (a broken regular expression or date pattern, an unknown zone).
    #[error("{0}")]
    WrongConstant(String),
}

/// A row that fails: division by zero, text that is no number.
#[derive(Debug, Error)]
#[error("{message}{}", within(expression))]
pub struct EvaluationError {
    /// What is wrong, with the value.
    pub message: String,
    /// The first row of the batch that fails, if known.
    pub row: Option<usize>,
    /// The innermost expression that fails, as the statement has it.
    pub expression: Option<String>,
}

fn within(expression: &Option<String>) -> String {
    expression.as_ref().map_or_else(String::new, |text| format!(" (in: {text})"))
}

impl From<arrow_schema::ArrowError> for EvaluationError {
    fn from(error: arrow_schema::ArrowError) -> Self {
        EvaluationError { message: error.to_string(), row: None, expression: None }
    }
}

/// A compiled expression. It keeps scratch space and parsed constants, hence `&mut`; one evaluator serves one subtask.
pub struct Evaluator {
    root: Node,
}

impl Evaluator {
    /// Compiles an expression.
    ///
    /// # Errors
    /// A function or cast that is not supported, or a constant that is refused.
    pub fn new(expression: &Expression, session: &Session) -> Result<Self, CompileError> {
        Ok(Evaluator { root: Node::compile(expression, session)? })
    }

    /// One value for each row of the batch.
    ///
    /// # Errors
    /// The first row that fails.
    pub fn evaluate(&mut self, batch: &Batch, instant: Instant) -> Result<ArrayRef, EvaluationError> {
        self.root.evaluate(&Input::of_batch(batch, instant))
    }

    /// The rows for which a BOOLEAN expression is true; NULL and false are false.
    ///
    /// # Errors
    /// The first row that fails.
    pub fn evaluate_predicate(&mut self, batch: &Batch, instant: Instant) -> Result<BooleanArray, EvaluationError> {
        let array = self.evaluate(batch, instant)?;
        let Some(truth) = array.as_boolean_opt() else {
            // An untyped NULL is never true.
            return Ok(BooleanArray::new(arrow_buffer::BooleanBuffer::new_unset(array.len()), None));
        };
        Ok(match truth.nulls() {
            Some(nulls) if nulls.null_count() > 0 => BooleanArray::new(truth.values() & nulls.inner(), None),
            _ => truth.clone(),
        })
    }
}

/// The value of an expression without columns.
///
/// # Errors
/// As in [`Evaluator::new`] and [`Evaluator::evaluate`], as text.
pub fn evaluate_constant(expression: &Expression, session: &Session) -> Result<Value, String> {
    let mut evaluator = Evaluator::new(expression, session).map_err(|error| error.to_string())?;
    let instant = Instant { now_ms: session.query_start_ms, watermark_ms: i64::MIN };
    let array = evaluator.evaluate(&Batch::new(Vec::new(), 1), instant).map_err(|error| error.message)?;
    Ok(flott_record::value_array::value_at(&array, 0, expression.data_type()))
}
