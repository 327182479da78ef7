//! Cutting a batch anywhere never changes a result.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, Int32Array, StringArray};
use flott_evaluation::{Evaluator, Instant};
use flott_expression::Expression;
use flott_record::{Batch, TypeKind};
use proptest::prelude::*;

use crate::tree::{call, cast, double, int, session, text, try_cast};

fn expressions() -> Vec<Expression> {
    let number = || Expression::column(0, TypeKind::Int.nullable());
    let word = || Expression::column(1, TypeKind::string().nullable());
    let ratio = || Expression::column(2, TypeKind::Double.nullable());
    let parsed = || try_cast(word(), TypeKind::Int);
    vec![
        call("*", vec![call("+", vec![number(), int(7)]), parsed()]),
        call("AND", vec![call(">", vec![number(), int(0)]), call("LIKE", vec![word(), text("1%")])]),
        Expression::Case {
            branches: vec![
                (call("<>", vec![number(), int(0)]), call("/", vec![int(100), number()])),
                (call("<", vec![ratio(), double(0.5)]), int(1)),
            ],
            otherwise: Box::new(number()),
            data_type: TypeKind::Int.nullable(),
        },
        cast(call("ROW", vec![number(), word(), call("ARRAY", vec![ratio(), ratio()])]), TypeKind::string()),
        call("ITEM", vec![call("MAP", vec![text("k"), number(), text("1"), parsed()]), word()]),
        call("COALESCE", vec![parsed(), number(), int(3)]),
        call("GREATEST", vec![number(), parsed()]),
        cast(ratio(), TypeKind::Decimal { precision: 12, scale: 3 }),
        call("IN", vec![word(), text("1"), text("12"), text("x")]),
        call("IN", std::iter::once(number()).chain((0..12).map(|value| int(value * 2))).collect()),
        call("IN", std::iter::once(word()).chain((0..12).map(|value| text(&value.to_string()))).collect()),
        cast(cast(number(), TypeKind::Char(4)), TypeKind::Varbinary(2)),
    ]
}

proptest! {
    #[test]
    fn a_slice_of_the_result_is_the_result_of_the_slice(
        rows in prop::collection::vec(
            (prop::option::of(-5i32..5), prop::option::of("[0-9x]{0,3}"), prop::option::of(-1.0f64..1.0)), 1..40),
        cut in 0usize..40,
    ) {
        let cut = cut.min(rows.len());
        let numbers: ArrayRef = Arc::new(rows.iter().map(|row| row.0).collect::<Int32Array>());
        let words: ArrayRef = Arc::new(rows.iter().map(|row| row.1.clone()).collect::<StringArray>());
        let ratios: ArrayRef = Arc::new(rows.iter().map(|row| row.2).collect::<Float64Array>());
        let batch = Batch::new(vec![numbers, words, ratios], rows.len());
        let now = Instant { now_ms: 0, watermark_ms: i64::MIN };
        for expression in expressions() {
            let mut evaluator = Evaluator::new(&expression, &session()).expect("compiles");
            let whole = evaluator.evaluate(&batch, now).expect("no row fails");
            prop_assert_eq!(whole.data_type(), &expression.data_type().to_arrow());
            for (start, length) in [(0, cut), (cut, rows.len() - cut)] {
                let part = evaluator.evaluate(&batch.slice(start, length), now).expect("no row fails");
                prop_assert_eq!(part.to_data(), whole.slice(start, length).to_data(), "{}", expression);
            }
        }
    }
}
