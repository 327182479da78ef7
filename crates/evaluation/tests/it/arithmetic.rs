//! Operators over numbers, dates and intervals.

use flott_record::{TypeKind, Value};

use crate::tree::{answer, bigint, call, cast, decimal, double, int, literal};

#[test]
fn integers_wrap_and_divide_towards_zero() {
    assert_eq!(answer(call("/", vec![int(1), int(2)])), "INT NOT NULL | 0");
    assert_eq!(answer(call("MOD", vec![int(-5), int(3)])), "INT NOT NULL | -2");
    assert_eq!(answer(call("+", vec![int(i32::MAX), int(1)])), "INT NOT NULL | -2147483648");
    assert_eq!(answer(call("+", vec![bigint(i64::MAX), int(1)])), "BIGINT NOT NULL | -9223372036854775808");
    assert_eq!(answer(call("%", vec![bigint(10), int(7)])), "INT NOT NULL | 3");
    assert_eq!(answer(call("/", vec![int(i32::MIN), int(-1)])), "INT NOT NULL | -2147483648");
    assert_eq!(answer(call("-", vec![int(i32::MIN)])), "INT NOT NULL | -2147483648");
}

#[test]
fn division_by_zero_is_an_error() {
    assert_eq!(answer(call("/", vec![int(1), int(0)])), "ERROR Division by zero");
    assert_eq!(answer(call("%", vec![int(1), int(0)])), "ERROR / by zero");
    assert_eq!(answer(call("/", vec![decimal(10, 2, 1), int(0)])), "ERROR Division by zero");
    assert_eq!(answer(call("/", vec![double(1.0), int(0)])), "ERROR Division by zero");
}

#[test]
fn decimals_have_the_digits_of_flink() {
    let answers = [
        (call("/", vec![int(7), decimal(20, 2, 1)]), "DECIMAL(17, 6) NOT NULL | 3.500000"),
        (
            call("/", vec![cast(int(1), TypeKind::Decimal { precision: 10, scale: 2 }), int(3)]),
            "DECIMAL(21, 13) NOT NULL | 0.3333333333333",
        ),
        (call("+", vec![decimal(11, 2, 1), decimal(222, 3, 2)]), "DECIMAL(4, 2) NOT NULL | 3.32"),
        (call("*", vec![decimal(11, 2, 1), decimal(222, 3, 2)]), "DECIMAL(6, 3) NOT NULL | 2.442"),
        (call("*", vec![decimal(12_345, 10, 3), int(7)]), "DECIMAL(21, 3) NOT NULL | 86.415"),
        (call("/", vec![decimal(12_345, 10, 3), int(7)]), "DECIMAL(21, 14) NOT NULL | 1.76357142857143"),
        (call("%", vec![decimal(12_345, 10, 3), int(7)]), "DECIMAL(10, 3) NOT NULL | 5.345"),
    ];
    for (expression, expected) in answers {
        assert_eq!(answer(expression), expected);
    }
    let wide = |value| cast(int(value), TypeKind::Decimal { precision: 38, scale: 10 });
    assert_eq!(answer(call("*", vec![wide(10), wide(3)])), "DECIMAL(38, 6) NOT NULL | 30.000000");
    let fine = |value, scale| cast(int(value), TypeKind::Decimal { precision: 38, scale });
    assert_eq!(answer(call("+", vec![fine(1, 20), fine(1, 5)])), "DECIMAL(38, 6) NOT NULL | 2.000000");
    assert_eq!(answer(call("/", vec![fine(1, 20), int(3)])), "DECIMAL(38, 20) NOT NULL | 0.33333333333333333333");
    let big = decimal(i128::from(i64::MAX) * 1_000_000_000, 38, 0);
    let square = call("*", vec![big.clone(), big]);
    assert_eq!(answer(square), "DECIMAL(38, 0) NOT NULL | null");
}

#[test]
fn doubles_win_over_decimals() {
    assert_eq!(answer(call("+", vec![decimal(12_345, 10, 3), double(2.5)])), "DOUBLE NOT NULL | 14.845");
    let float = literal(TypeKind::Float, Value::Float(1.5));
    assert_eq!(answer(call("/", vec![int(7), float])), "FLOAT NOT NULL | 4.6666665");
}

#[test]
fn dates_move_by_intervals() {
    let date = |text: &str| cast(crate::tree::text(text), TypeKind::Date);
    let month = |count| literal(TypeKind::IntervalYearMonth, Value::IntervalYearMonth(count));
    let millis = |count| literal(TypeKind::IntervalDayTime, Value::IntervalDayTime(count));
    let hours = |count: i64| millis(count * 3_600_000);
    assert_eq!(answer(call("+", vec![date("2024-01-31"), month(1)])), "DATE NOT NULL | 2024-02-29");
    assert_eq!(answer(call("+", vec![date("2024-01-31"), hours(25)])), "DATE NOT NULL | 2024-02-01");
    assert_eq!(answer(call("-", vec![date("2024-01-31"), hours(1)])), "DATE NOT NULL | 2024-01-31");
    assert_eq!(answer(call("+", vec![hours(24), date("2024-01-01")])), "DATE NOT NULL | 2024-01-02");
    let time = cast(crate::tree::text("12:34:56"), TypeKind::Time(0));
    assert_eq!(answer(call("-", vec![time, hours(13)])), "TIME(0) NOT NULL | 23:34:56");
    let stamp = cast(crate::tree::text("2024-01-01 00:00:00"), TypeKind::Timestamp(0));
    let moved = call("+", vec![stamp, millis(93_784_500)]);
    assert_eq!(answer(moved), "TIMESTAMP(0) NOT NULL | 2024-01-02T02:03:04");
    assert_eq!(answer(call("*", vec![int(3), month(1)])), "INTERVAL MONTH NOT NULL | P3M");
    let sum = call("+", vec![hours(24), hours(1)]);
    assert_eq!(answer(cast(sum, TypeKind::string())), "STRING NOT NULL | +1 01:00:00.000");
}
