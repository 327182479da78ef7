//! Comparison, logic and conditional functions.

use flott_evaluation::{CompileError, Evaluator};
use flott_record::TypeKind;

use crate::tree::{answer, boolean, call, cast, decimal, double, int, null, session, text};

#[test]
fn unknown_is_neither_true_nor_false() {
    let unknown = || null(TypeKind::Boolean);
    assert_eq!(answer(call("AND", vec![unknown(), boolean(false)])), "BOOLEAN | false");
    assert_eq!(answer(call("OR", vec![unknown(), boolean(false)])), "BOOLEAN | null");
    assert_eq!(answer(call("NOT", vec![unknown()])), "BOOLEAN | null");
    assert_eq!(answer(call("IS NOT TRUE", vec![unknown()])), "BOOLEAN NOT NULL | true");
    assert_eq!(answer(call("=", vec![null(TypeKind::Int), null(TypeKind::Int)])), "BOOLEAN | null");
    let same = call("IS NOT DISTINCT FROM", vec![null(TypeKind::Null), null(TypeKind::Null)]);
    assert_eq!(answer(same), "BOOLEAN NOT NULL | true");
    assert_eq!(answer(call("IN", vec![int(4), int(1), int(2), null(TypeKind::Null)])), "BOOLEAN | null");
    assert_eq!(answer(call("IN", vec![int(2), int(1), int(2), null(TypeKind::Null)])), "BOOLEAN | true");
    let distinct = call("IS DISTINCT FROM", vec![int(1), null(TypeKind::Int)]);
    assert_eq!(answer(distinct), "BOOLEAN NOT NULL | true");
}

#[test]
fn a_long_list_answers_like_a_short_one() {
    use arrow_array::cast::AsArray;
    use arrow_array::{ArrayRef, Int32Array};
    use flott_evaluation::Instant;
    use flott_expression::Expression;
    use flott_record::Batch;
    let column = Expression::column(0, TypeKind::Int.nullable());
    let numbers: ArrayRef = std::sync::Arc::new(Int32Array::from(vec![Some(2), Some(3), None]));
    let batch = Batch::new(vec![numbers], 3);
    let now = Instant { now_ms: 0, watermark_ms: i64::MIN };
    for (count, null_in_list) in [(2, false), (20, false), (2, true), (20, true)] {
        let mut arguments = vec![column.clone()];
        arguments.extend((0..count).map(|value| int(value * 2 + 2)));
        arguments.extend(null_in_list.then(|| null(TypeKind::Null)));
        let mut evaluator = Evaluator::new(&call("IN", arguments), &session()).expect("compiles");
        let truth = evaluator.evaluate(&batch, now).expect("no row fails");
        let truth: Vec<Option<bool>> = truth.as_boolean().iter().collect();
        let absent = if null_in_list { None } else { Some(false) };
        assert_eq!(truth, [Some(true), absent, None], "{count} {null_in_list}");
    }
}

#[test]
fn texts_compare_without_padding_and_as_dates_beside_dates() {
    assert_eq!(answer(call("=", vec![text("a"), text("a ")])), "BOOLEAN NOT NULL | false");
    assert_eq!(answer(call("=", vec![cast(text("a"), TypeKind::Char(3)), text("a")])), "BOOLEAN NOT NULL | false");
    let date = cast(text("2024-01-01"), TypeKind::Date);
    assert_eq!(answer(call("=", vec![date.clone(), text("2024-01-01")])), "BOOLEAN NOT NULL | true");
    let wrong = call("=", vec![date, text("invalid")]);
    match Evaluator::new(&wrong, &session()) {
        Err(CompileError::WrongConstant(message)) => {
            assert_eq!(message, "Error when casting CHAR(7) NOT NULL to DATE");
        }
        other => panic!("compiled: {}", other.is_ok()),
    }
}

#[test]
fn numbers_compare_as_in_java() {
    assert_eq!(answer(call("=", vec![double(f64::NAN), double(f64::NAN)])), "BOOLEAN NOT NULL | false");
    assert_eq!(answer(call("=", vec![double(-0.0), double(0.0)])), "BOOLEAN NOT NULL | true");
    assert_eq!(answer(call(">", vec![double(f64::NAN), double(1.0)])), "BOOLEAN NOT NULL | false");
    assert_eq!(answer(call("=", vec![int(1), decimal(10, 2, 1)])), "BOOLEAN NOT NULL | true");
}

#[test]
fn nested_values_compare_by_value() {
    let map = |first: (&str, i32), second: (&str, i32)| {
        call("MAP", vec![text(first.0), int(first.1), text(second.0), int(second.1)])
    };
    let equal = call("=", vec![map(("a", 1), ("b", 2)), map(("b", 2), ("a", 1))]);
    assert_eq!(answer(equal), "BOOLEAN NOT NULL | true");
    let arrays = call("=", vec![call("ARRAY", vec![int(1)]), call("ARRAY", vec![decimal(10, 2, 1)])]);
    assert_eq!(answer(arrays), "BOOLEAN NOT NULL | true");
    let rows = call("<>", vec![call("ROW", vec![int(1), text("a")]), call("ROW", vec![int(1), text("b")])]);
    assert_eq!(answer(rows), "BOOLEAN NOT NULL | true");
}

#[test]
fn conditional_functions_pick_their_value() {
    let answers = [
        (call("NULLIF", vec![int(1), int(1)]), "INT | null"),
        (call("NULLIF", vec![int(7), double(7.5)]), "INT | 7"),
        (call("COALESCE", vec![null(TypeKind::Null), int(1), decimal(25, 2, 1)]), "DECIMAL(11, 1) NOT NULL | 1.0"),
        (call("IF", vec![boolean(true), int(1), decimal(25, 2, 1)]), "DECIMAL(11, 1) NOT NULL | 1.0"),
        (call("IFNULL", vec![null(TypeKind::Int), int(5)]), "INT NOT NULL | 5"),
        (call("GREATEST", vec![int(1), decimal(25, 2, 1)]), "DECIMAL(11, 1) NOT NULL | 2.5"),
        (call("GREATEST", vec![null(TypeKind::Int), int(1)]), "INT | null"),
        (call("LEAST", vec![text("a"), text("b")]), "CHAR(1) NOT NULL | a"),
        (call("TYPEOF", vec![decimal(15, 2, 1)]), "STRING | DECIMAL(2, 1) NOT NULL"),
        (call("LIKE", vec![text("a_b"), text("a#_b"), text("#")]), "BOOLEAN NOT NULL | true"),
        (call("SIMILAR TO", vec![text("foo"), text("(foo|bar)")]), "BOOLEAN NOT NULL | true"),
    ];
    for (expression, expected) in answers {
        assert_eq!(answer(expression), expected);
    }
}
