//! What a row does not reach is not evaluated for it.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Int32Array};
use flott_evaluation::{EvaluationError, Evaluator, Instant};
use flott_expression::Expression;
use flott_record::{Batch, TypeKind};

use crate::tree::{boolean, call, int, session};

const NOW: Instant = Instant { now_ms: 0, watermark_ms: i64::MIN };

fn columns() -> (Expression, Expression) {
    (Expression::column(0, TypeKind::Int.nullable()), Expression::column(1, TypeKind::Int.nullable()))
}

fn batch() -> Batch {
    let dividends: ArrayRef = Arc::new(Int32Array::from(vec![Some(10), Some(7), None, Some(9)]));
    let divisors: ArrayRef = Arc::new(Int32Array::from(vec![Some(2), Some(0), Some(0), Some(3)]));
    Batch::new(vec![dividends, divisors], 4)
}

fn evaluate(expression: &Expression) -> Result<ArrayRef, EvaluationError> {
    Evaluator::new(expression, &session()).expect("compiles").evaluate(&batch(), NOW)
}

#[test]
fn case_guards_a_division() {
    let (a, b) = columns();
    let case = Expression::Case {
        branches: vec![(call("<>", vec![b.clone(), int(0)]), call("/", vec![a, b]))],
        otherwise: Box::new(int(-1)),
        data_type: TypeKind::Int.nullable(),
    };
    let values = evaluate(&case).expect("no row divides by zero");
    let expected = Int32Array::from(vec![5, -1, -1, 3]);
    assert_eq!(values.as_primitive::<Int32Type>(), &expected);
}

#[test]
fn and_guards_a_division_but_the_order_counts() {
    let (a, b) = columns();
    let ratio = call(">", vec![call("/", vec![a, b.clone()]), int(3)]);
    let guarded = call("AND", vec![call("<>", vec![b.clone(), int(0)]), ratio.clone()]);
    let mut evaluator = Evaluator::new(&guarded, &session()).expect("compiles");
    let truth = evaluator.evaluate_predicate(&batch(), NOW).expect("no row divides by zero");
    assert_eq!(truth.iter().map(|value| value == Some(true)).collect::<Vec<bool>>(), [true, false, false, false]);
    let error = evaluate(&call("AND", vec![ratio, call("<>", vec![b, int(0)])])).expect_err("divides by zero");
    assert_eq!((error.message.as_str(), error.row), ("/ by zero", Some(1)));
}

#[test]
fn a_failure_names_the_row_of_the_batch() {
    let (a, b) = columns();
    let case = Expression::Case {
        branches: vec![(call("=", vec![a.clone(), int(10)]), int(0))],
        otherwise: Box::new(call("/", vec![int(1), b])),
        data_type: TypeKind::Int.nullable(),
    };
    assert_eq!(evaluate(&case).expect_err("divides by zero").row, Some(1));
    let known = call("OR", vec![boolean(true), call("=", vec![a, int(1)])]);
    assert_eq!(evaluate(&known).expect("a truth").len(), 4);
}
