//! CAST and TRY_CAST.

use flott_record::{Field, TypeKind, Value};

use crate::tree::{answer, boolean, call, cast, decimal, double, int, literal, null, text, try_cast};

fn string(expression: flott_expression::Expression) -> String {
    answer(cast(expression, TypeKind::string())).replace("STRING NOT NULL | ", "")
}

fn value(expression: flott_expression::Expression) -> String {
    let answer = answer(expression);
    answer.split_once(" | ").map_or(answer.clone(), |(_, value)| value.to_string())
}

#[test]
fn texts_become_numbers_or_fail() {
    assert_eq!(value(cast(text("abc"), TypeKind::Int)), "ERROR For input string: 'abc'. Invalid character found.");
    assert_eq!(value(try_cast(text("abc"), TypeKind::Int)), "null");
    assert_eq!(value(cast(text(" 12 "), TypeKind::Int)), "12");
    assert_eq!(value(cast(text("12.7"), TypeKind::Int)), "12");
    assert_eq!(value(cast(text("300"), TypeKind::TinyInt)), "ERROR For input string: '300'. Overflow.");
    assert_eq!(value(cast(text("yes"), TypeKind::Boolean)), "true");
    assert_eq!(value(cast(text("maybe"), TypeKind::Boolean)), "ERROR Cannot parse 'maybe' as BOOLEAN.");
    let narrow = TypeKind::Decimal { precision: 8, scale: 4 };
    assert_eq!(value(cast(text("12345.6789"), narrow)), "ERROR For input string: '12345.6789'. Overflow.");
}

#[test]
fn numbers_narrow_as_in_java() {
    assert_eq!(value(cast(decimal(-127, 3, 1), TypeKind::Int)), "-12");
    assert_eq!(value(cast(int(300), TypeKind::TinyInt)), "44");
    assert_eq!(value(cast(double(1e20), TypeKind::BigInt)), "9223372036854775807");
    assert_eq!(value(cast(double(123_456.789), TypeKind::SmallInt)), "-7616");
    assert_eq!(value(cast(int(12_345), TypeKind::Decimal { precision: 8, scale: 4 })), "null");
    assert_eq!(value(cast(double(3.123456), TypeKind::Decimal { precision: 8, scale: 4 })), "3.1235");
    assert_eq!(value(cast(boolean(true), TypeKind::Decimal { precision: 5, scale: 3 })), "1.000");
    assert_eq!(value(cast(int(2), TypeKind::Boolean)), "true");
    let wide = decimal(3_276_913_443_134_870, 20, 3);
    assert_eq!(value(cast(wide, TypeKind::Int)), "-146603714");
}

#[test]
fn everything_has_a_text() {
    assert_eq!(string(double(1e10)), "1.0E10");
    assert_eq!(string(boolean(true)), "TRUE");
    assert_eq!(string(decimal(10_000, 10, 2)), "100.00");
    assert_eq!(string(literal(TypeKind::Binary(2), Value::Bytes(vec![0x61, 0x62]))), "ab");
    assert_eq!(string(call("ARRAY", vec![int(1), null(TypeKind::Int)])), "[1, NULL]");
    assert_eq!(string(call("MAP", vec![text("a"), int(1)])), "{a=1}");
    assert_eq!(string(call("ROW", vec![int(1), text("a"), null(TypeKind::Int)])), "(1, a, NULL)");
    assert_eq!(string(literal(TypeKind::IntervalYearMonth, Value::IntervalYearMonth(14))), "+1-02");
    assert_eq!(string(cast(text("12:34:56.120"), TypeKind::Time(3))), "12:34:56.12");
    assert_eq!(string(cast(text("12:34:56"), TypeKind::Time(3))), "12:34:56.0");
    assert_eq!(string(literal(TypeKind::TimestampLtz(3), Value::TimestampLtz(1_000, 3))), "1969-12-31 19:00:01.000");
}

#[test]
fn texts_have_their_length() {
    assert_eq!(value(cast(text("ab"), TypeKind::Char(5))), "ab   ");
    assert_eq!(value(cast(text("abcdef"), TypeKind::Varchar(3))), "abc");
    assert_eq!(value(cast(boolean(true), TypeKind::Char(6))), "TRUE  ");
    assert_eq!(value(cast(text("ab"), TypeKind::Binary(4))), "[97, 98, 0, 0]");
}

#[test]
fn times_follow_the_zone_of_the_session() {
    let stamp = cast(text("2024-03-10 02:30:00"), TypeKind::Timestamp(3));
    assert_eq!(value(cast(stamp, TypeKind::TimestampLtz(3))), "2024-03-10T07:30:00Z");
    let instant = literal(TypeKind::TimestampLtz(3), Value::TimestampLtz(1_000, 3));
    assert_eq!(value(cast(instant.clone(), TypeKind::Timestamp(3))), "1969-12-31T19:00:01");
    assert_eq!(value(cast(instant, TypeKind::Date)), "1969-12-31");
    let nine = cast(text("2021-09-27 12:34:56.123456789"), TypeKind::Timestamp(9));
    assert_eq!(value(cast(nine.clone(), TypeKind::Timestamp(4))), "2021-09-27T12:34:56.123400");
    assert_eq!(value(cast(nine, TypeKind::Time(0))), "12:34:56");
    assert!(value(cast(text("25:00:00"), TypeKind::Time(0))).starts_with("ERROR Invalid time format: '25:00:00'."));
    assert_eq!(value(cast(text("2024-02-30 00:00:00"), TypeKind::Timestamp(3))), "2024-02-29T00:00");
}

#[test]
fn nested_values_convert_part_by_part() {
    let row = call("ROW", vec![int(12), int(42), null(TypeKind::Int)]);
    let target = TypeKind::Row(vec![
        Field::new("s", TypeKind::string().not_null()),
        Field::new("b", TypeKind::Boolean.nullable()),
        Field::new("i", TypeKind::BigInt.nullable()),
    ]);
    assert_eq!(value(cast(row, target)), "+I[12, true, null]");
    let texts = call("ARRAY", vec![text("1"), text("x")]);
    let numbers = TypeKind::Array(Box::new(TypeKind::Int.nullable()));
    assert_eq!(value(try_cast(texts.clone(), numbers.clone())), "null");
    assert_eq!(value(cast(texts, numbers)), "ERROR For input string: 'x'. Invalid character found.");
}
